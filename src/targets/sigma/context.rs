//! What all parts of the emitter share: the plan, and what is to be said about it.

use crate::diagnostics::{Code, Diagnostic, Span as Place};
use crate::plan::{Expr, ExprKind, Plan, RelationId, RuleInfo, Slot};
use crate::source::Catalog;
use crate::targets::ledger::{Cause, Difference, Note, State};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The plan, and what was found out about it so far.
pub(super) struct Context<'a> {
    pub(super) plan: &'a Plan,
    pub(super) catalog: &'a Catalog,
    refusals: RefCell<Vec<Diagnostic>>,
    notes: RefCell<Vec<Note>>,
    differences: RefCell<Vec<Difference>>,
    /// Columns that a condition or key reads.
    used: RefCell<BTreeSet<(RelationId, Slot)>>,
}

/// Where something is used, and the `let` it comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    pub(super) place: Place,
    pub(super) from: Option<Place>,
    /// What it is used as: `value`, `key`.
    pub(super) role: &'static str,
}

impl Site {
    pub(super) fn at(place: Place) -> Site {
        Site {
            place,
            from: None,
            role: "value",
        }
    }

    pub(super) fn key(place: Place) -> Site {
        Site {
            role: "key",
            ..Site::at(place)
        }
    }

    /// Nearer, as long as the place is in the same file: computed fields of a source stand in another.
    pub(super) fn near(self, place: Place) -> Site {
        if self.from.is_some() || place.file != self.place.file {
            self
        } else {
            Site { place, ..self }
        }
    }

    /// What the `let` at that place says.
    pub(super) fn inside(self, place: Place) -> Site {
        Site {
            from: self.from.or(Some(place)),
            ..self
        }
    }
}

/// Where an expression stands, without what follows its last operand.
pub(super) fn place_of(expr: &Expr) -> Place {
    let ends = match &expr.kind {
        ExprKind::Equal { left, right, .. } | ExprKind::Order { left, right, .. } => Some((&**left, &**right)),
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.first().zip(parts.last()),
        _ => None,
    };
    match ends {
        Some((first, last)) if first.span.file == last.span.file => place_of(first).to(place_of(last)),
        _ => expr.span,
    }
}

impl<'a> Context<'a> {
    pub(super) fn new(plan: &'a Plan, catalog: &'a Catalog) -> Context<'a> {
        Context {
            plan,
            catalog,
            refusals: RefCell::default(),
            notes: RefCell::default(),
            differences: RefCell::default(),
            used: RefCell::default(),
        }
    }

    /// Notes that this cannot be said; no rule will be given out. The help is followed by the way out that is always
    /// there.
    pub(super) fn refuse(&self, site: Site, what: &str, reason: &str, help: Option<String>) {
        self.report(refusal(site, what, reason).helps(help, &self.plan.rule));
    }

    /// As [`Context::refuse`], with a sentence on why Sigma cannot say it.
    pub(super) fn refuse_because(&self, site: Site, what: &str, reason: &str, why: &str, help: Option<String>) {
        self.report(refusal(site, what, reason).note(why).helps(help, &self.plan.rule));
    }

    /// A refusal with labels of its own.
    pub(super) fn report_with_way_out(&self, finding: Diagnostic) {
        self.report(finding.helps(None, &self.plan.rule));
    }

    /// A finding of any kind; each once.
    pub(super) fn report(&self, finding: Diagnostic) {
        let mut refusals = self.refusals.borrow_mut();
        let known = |old: &Diagnostic| old.primary == finding.primary && old.code == finding.code;
        if !refusals.iter().any(known) {
            refusals.push(finding);
        }
    }

    pub(super) fn note(&self, construct: &'static str, text: impl Into<String>, span: Place) {
        let note = Note {
            construct,
            text: text.into(),
            span,
        };
        let mut notes = self.notes.borrow_mut();
        let known = |old: &Note| old.construct == note.construct && old.text == note.text;
        if !notes.iter().any(known) {
            notes.push(note);
        }
    }

    pub(super) fn differs(&self, state: State, construct: &'static str, reason: String, span: Place, cause: Cause) {
        self.differences.borrow_mut().push(Difference {
            state,
            construct,
            reason,
            span,
            cause,
            example: None,
        });
    }

    /// Notes that a condition or key reads the column.
    pub(super) fn reads(&self, relation: RelationId, slot: Slot) {
        self.used.borrow_mut().insert((relation, slot));
    }

    pub(super) fn is_read(&self, relation: RelationId, slot: Slot) -> bool {
        self.used.borrow().contains(&(relation, slot))
    }

    /// For a plan whose relations do not fit together; those of checked rules do.
    pub(super) fn unfit(&self) -> Diagnostic {
        let what = "these relations do not fit together";
        refusal(Site::at(self.plan.alert.span), "this rule", what).helps(None, &self.plan.rule)
    }

    /// The findings in the order of the text.
    pub(super) fn findings(&self) -> Vec<Diagnostic> {
        let mut findings = self.refusals.take();
        findings.sort_by_key(|finding| {
            let place = finding.primary.span;
            (place.file, place.start, place.end, finding.code)
        });
        findings
    }

    pub(super) fn ledger(&self) -> (Vec<Difference>, Vec<Note>) {
        let mut notes = self.notes.take();
        notes.sort_by_key(|note| (note.span.file, note.span.start, note.span.end));
        (self.differences.take(), notes)
    }
}

/// A refusal without help.
pub(super) fn refusal(site: Site, what: &str, reason: &str) -> Diagnostic {
    let finding = Diagnostic::new(
        Code::SigmaRefused,
        site.place,
        format!("target `sigma` cannot express {what}"),
    )
    .label(reason);
    match site.from {
        Some(place) if place.file == site.place.file && place != site.place => finding.also(place, "computed here"),
        _ => finding,
    }
}

trait Helps {
    fn helps(self, help: Option<String>, rule: &RuleInfo) -> Self;
}

impl Helps for Diagnostic {
    fn helps(self, help: Option<String>, rule: &RuleInfo) -> Diagnostic {
        let finding = match help {
            Some(help) => self.help(help),
            None => self,
        };
        finding.help(way_out(rule))
    }
}

/// The promise that the rule can keep.
pub(super) fn way_out(rule: &RuleInfo) -> String {
    let promises = rule.targets.as_deref().unwrap_or_default();
    let (sigma, others): (Vec<_>, Vec<_>) = promises.iter().partition(|promise| promise.target == "sigma");
    let words: Vec<String> = others
        .iter()
        .map(|promise| match &promise.permit {
            Some(permit) => format!("{} {permit}", promise.target),
            None => promise.target.clone(),
        })
        .collect();
    match (sigma.is_empty(), words.is_empty()) {
        (true, _) => "leave `sigma` out".to_owned(),
        (false, true) => "leave `targets` out, so that the rule is built where it can be".to_owned(),
        (false, false) => format!("write `targets {}`", words.join(", ")),
    }
}

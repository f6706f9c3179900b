//! Every change to a plan at a place that the rule's own text wrote.

use super::edit::{Edit, Place, Root, StepPlace};
use super::expr::{beside, shown, without};
use super::proof;
use super::written::Text;
use super::{Empty, Mutant};
use crate::check::Checked;
use crate::diagnostics::{FileId, Sources, Span};
use crate::plan::{
    Column, ConstantValue, Expr, ExprKind, List, Literal, Origin, Plan, Relation, RelationId, Segment, Step, StepKind,
    Type,
};
use crate::resolve;
use crate::syntax::ast;
use std::collections::BTreeSet;

/// Looks for places and collects what can be changed there.
pub(super) struct Sites<'a> {
    pub(super) plan: &'a Plan,
    pub(super) rule: &'a ast::Rule,
    pub(super) text: Text<'a>,
    file: FileId,
    /// The set of rows that is looked at, or the alert; none for lists and values.
    of: Option<String>,
    seen: BTreeSet<(Span, String)>,
    mutants: Vec<Mutant>,
    /// Changes that are proved to change nothing.
    proved: Vec<Mutant>,
}

/// All changes to a rule in the order of its text, and those that are proved to change nothing.
pub(super) fn all(
    plan: &Plan,
    checked: &Checked<'_>,
    trees: &[(FileId, ast::File)],
    sources: &Sources,
) -> (Vec<Mutant>, Vec<Mutant>) {
    let mut sites = Sites {
        plan,
        rule: checked.ast,
        text: Text::of(checked.ast, trees, sources),
        file: checked.file,
        of: None,
        seen: BTreeSet::new(),
        mutants: Vec::new(),
        proved: Vec::new(),
    };
    for (number, declared) in checked.declared.iter().enumerate() {
        sites.declared(number, *declared);
    }
    for (id, relation) in plan.relations.iter().enumerate() {
        sites.of = Some(relation.name.clone());
        sites.operator(id, relation);
        sites.steps(Some(id), &relation.steps);
    }
    sites.of = Some("alert".to_owned());
    sites.steps(None, &plan.alert.steps);
    let Sites {
        mut mutants, proved, ..
    } = sites;
    mutants.sort_by_key(|mutant| (mutant.span.file != checked.file, mutant.span));
    number(&mut mutants);
    (mutants, proved)
}

/// Changes that are called the same are told apart by their order in the text.
fn number(mutants: &mut [Mutant]) {
    let mut seen: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for mutant in mutants {
        let count = seen.entry(mutant.what.clone()).or_default();
        *count += 1;
        if *count > 1 {
            mutant.what = format!("{} ({count})", mutant.what);
        }
    }
}

/// What helps where a bound is moved.
pub(super) const BOUND: &str = "add tests on both sides of the bound";

/// What helps where a condition or an item is changed.
pub(super) fn decides(text: &str) -> String {
    format!("add a test in which `{text}` alone decides")
}

impl<'a> Sites<'a> {
    /// Adds a change. Two that are called the same at one place are one.
    pub(super) fn change(&mut self, span: Span, what: String, help: impl Into<String>, edit: Edit) {
        self.change_unless(false, span, what, help, edit);
    }

    /// Adds a change; one that is proved to change nothing is no mutant.
    pub(super) fn change_unless(
        &mut self,
        proved: bool,
        span: Span,
        what: String,
        help: impl Into<String>,
        edit: Edit,
    ) {
        let what = match &self.of {
            Some(name) => format!("in `{name}`, {what}"),
            None => what,
        };
        if self.seen.insert((span, what.clone())) {
            let to = if proved { &mut self.proved } else { &mut self.mutants };
            to.push(Mutant {
                what,
                span,
                help: help.into(),
                empty: None,
                edit,
            });
        }
    }

    /// A list or value that the rule uses.
    fn declared(&mut self, number: usize, declared: resolve::Constant<'a>) {
        let uses = proof::uses(self.plan, number);
        let Some(constant) = self.plan.constants.get(number).filter(|_| uses.count > 0) else {
            return;
        };
        match (&constant.value, declared) {
            (ConstantValue::List(elements), resolve::Constant::List(list)) => {
                for (at, element) in elements.iter().enumerate() {
                    let rest = without(elements, at);
                    let proved = proof::listed(element, &rest, uses.fold);
                    // A deployment may give the list other items, which stand nowhere in it.
                    let written = list
                        .elements
                        .get(at)
                        .filter(|written| is_written(element, &written.kind));
                    let span = written.map_or(list.name.span, |written| written.span);
                    let what = format!("without `{}` in list `{}`", shown(element), constant.name);
                    let edit = Edit::Constant(number, ConstantValue::List(rest));
                    self.change_unless(proved, span, what, decides(&shown(element)), edit);
                }
            }
            (ConstantValue::Scalar(literal), resolve::Constant::Value(value)) => {
                for other in beside(literal) {
                    let what = format!("with `value {} = {}`", constant.name, shown(&other));
                    let edit = Edit::Constant(number, ConstantValue::Scalar(other));
                    self.change(value.value.span, what, BOUND, edit);
                }
            }
            _ => {}
        }
    }

    fn steps(&mut self, relation: Option<RelationId>, steps: &[Step]) {
        for (number, step) in steps.iter().enumerate() {
            let at = StepPlace { relation, step: number };
            let place = Place::of(Root::Step(at));
            let split = steps
                .iter()
                .filter(|other| other.span == step.span && matches!(other.kind, StepKind::Filter(_)))
                .count()
                > 1;
            match &step.kind {
                StepKind::Filter(condition) if self.wrote(condition) => {
                    self.filter(at, step, condition, split);
                    self.condition(&place, condition);
                }
                StepKind::Except { condition, .. } if self.wrote(condition) => {
                    let what = format!("without `{}`", self.text.snippet(step.span));
                    let empty = self.emptied(relation, condition);
                    let help = match &empty {
                        Some(Empty { list, .. }) => {
                            format!("`{list}` is empty: fill it in a test, with an event that this step removes")
                        }
                        None => "add a test with an event that this step removes".to_owned(),
                    };
                    self.change(step.span, what, help, Edit::Step(at, None));
                    if let Some(mutant) = self.mutants.last_mut() {
                        mutant.empty = empty;
                    }
                    self.condition(&place, condition);
                }
                StepKind::Extend { value, .. } if self.wrote(value) => self.root(&place, value),
                StepKind::Expand { slot, list } if self.wrote(list) => {
                    if list.ty == Type::Json {
                        let json = |kind| Expr {
                            kind,
                            ty: Type::Json,
                            span: list.span,
                        };
                        let first = json(ExprKind::Member {
                            base: Box::new(list.clone()),
                            path: vec![Segment::Index(0)],
                        });
                        // A single value is a list of one.
                        let first = json(ExprKind::Coalesce(vec![first, list.clone()]));
                        let what = format!("with only the first of `{}`", self.text.snippet(step.span));
                        let kind = StepKind::Extend {
                            slot: *slot,
                            value: first,
                        };
                        let help = "add a test in which the second element of the list decides";
                        self.change(step.span, what, help, Edit::Step(at, Some(kind)));
                    }
                    self.value(&place, list);
                }
                _ => {}
            }
        }
    }

    fn filter(&mut self, at: StepPlace, step: &Step, condition: &Expr, split: bool) {
        let place = Place::of(Root::Step(at));
        let (several, proved) = match &condition.kind {
            ExprKind::And(parts) => (true, proof::guards(self.plan, at.relation, parts)),
            _ => (false, proof::implied(self.plan, &place, condition, 0)),
        };
        // A step that stands around a lookup is two in the plan.
        let said = if split { condition.span } else { step.span };
        if !(several && split) {
            let what = format!("without `{}`", self.text.snippet(said));
            let help = decides(&self.text.snippet(condition.span));
            self.change_unless(proved, said, what, help, Edit::Step(at, None));
        }
    }

    /// A list that a condition asks for and that is empty.
    fn emptied(&self, relation: Option<RelationId>, condition: &Expr) -> Option<Empty> {
        let relation = relation.unwrap_or(self.plan.alert.input);
        let columns = self.plan.relations.get(relation).map_or(&[][..], |r| &r.columns);
        let mut found = None;
        condition.walk(&mut |expr| {
            let (ExprKind::In {
                list: List::Constant(index),
                value,
                ..
            }
            | ExprKind::InCidr {
                blocks: List::Constant(index),
                value,
            }
            | ExprKind::HasAny {
                list: List::Constant(index),
                value,
            }) = &expr.kind
            else {
                return;
            };
            let Some(constant) = self.plan.constants.get(*index) else {
                return;
            };
            if matches!(&constant.value, ConstantValue::List(elements) if elements.is_empty()) {
                found = Some(Empty {
                    list: constant.name.clone(),
                    field: field(columns, value),
                });
            }
        });
        found
    }

    /// A value, or a condition that is used as one.
    pub(super) fn root(&mut self, place: &Place, value: &Expr) {
        if value.is_test() {
            self.condition(place, value);
        } else {
            self.value(place, value);
        }
    }

    /// Whether an expression stands in the rule, and not in the table of its source.
    pub(super) fn wrote(&self, expr: &Expr) -> bool {
        expr.span.file == self.file
    }

    /// A set of rows as it was written.
    pub(super) fn written(&self, relation: &Relation) -> Option<&'a ast::Relation> {
        self.rule
            .relations
            .iter()
            .find(|written| written.name.name == relation.name)
    }
}

/// Whether a rule writes a literal so.
fn is_written(literal: &Literal, kind: &ast::LiteralKind) -> bool {
    match (literal, kind) {
        (Literal::Text(a), ast::LiteralKind::Text(b)) => a == b,
        (Literal::Int(a), ast::LiteralKind::Int(b)) => a == b,
        (Literal::Real(a), ast::LiteralKind::Real(b)) => a == b,
        (Literal::Bool(a), ast::LiteralKind::Bool(b)) => a == b,
        _ => false,
    }
}

/// The path of a value that is a field of the source, or stands below one.
fn field(columns: &[Column], value: &Expr) -> Option<Vec<Segment>> {
    match &value.kind {
        ExprKind::Column(slot) => {
            let column = columns.get(*slot)?;
            let words = column.name.split('.').map(|word| Segment::Name(word.to_owned()));
            matches!(column.origin, Origin::Field(_)).then(|| words.collect())
        }
        ExprKind::Convert(inner) => field(columns, inner),
        ExprKind::Member { base, path } => {
            let mut whole = field(columns, base)?;
            whole.extend(path.iter().cloned());
            Some(whole)
        }
        _ => None,
    }
}

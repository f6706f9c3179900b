//! Sigma: a detection rule for an alert on events, a correlation with its base rules for one on a group or a match, by
//! version 2.1 of the specification and in the style of the SigmaHQ repository.
//!
//! The text says what the plan says. What Sigma cannot say is refused, all of it at once; where a correlation finds
//! something else than the rule (its windows slide), the ledger says so.
//!
//! | file | what it does |
//! |---|---|
//! | `scope`, `field` | what columns stand for in the log |
//! | `condition`, `formula` | conditions as tests of fields |
//! | `text`, `pattern` | texts and regular expressions as values |
//! | `selection`, `detection` | the steps of a selection as sections and a condition |
//! | `group`, `threshold`, `matches`, `correlation` | correlations |
//! | `metadata`, `document` | the page |

mod condition;
mod context;
mod correlation;
mod detection;
mod document;
mod field;
mod formula;
mod group;
mod matches;
mod metadata;
mod pattern;
mod scope;
mod selection;
mod text;
mod threshold;

use crate::plan::{Operator, Origin, Plan, StepKind};
use crate::settings::Settings;
use crate::source::Catalog;
use crate::targets::ledger::{Answer, Text};
use context::{Context, Site};
use correlation::Document;
use scope::Scope;

/// The rule as a Sigma file: one document, or the base rules and then the correlation.
///
/// # Errors
/// Every place that Sigma cannot say, in the order of the text; missing metadata; a title that is too long.
pub fn emit(plan: &Plan, catalog: &Catalog, settings: &Settings) -> Answer {
    let ctx = Context::new(plan, catalog);
    ctx.constructs();
    let documents = ctx.documents();
    let metadata = ctx.metadata(settings);
    let findings = ctx.findings();
    let (Some(documents), Some(metadata), true) = (documents, metadata, findings.is_empty()) else {
        return Err(match findings.is_empty() {
            true => vec![ctx.unfit()],
            false => findings,
        });
    };
    ctx.left_out(documents.len() > 1);
    let text = document::text(&documents, &metadata).map_err(|error| vec![document::broken(plan, &error)])?;
    let (differences, notes) = ctx.ledger();
    Ok(Text {
        text,
        differences,
        notes,
    })
}

impl Context<'_> {
    fn documents(&self) -> Option<Vec<Document>> {
        let id = self.plan.alert.input;
        match self.relation(id)?.operator {
            Operator::Scan { .. } => {
                let detection = self.detection(id, self.steps(id), &[], &[])?;
                Some(vec![Document::Rule(self.selection(id, detection)?)])
            }
            Operator::Aggregate { .. } => self.group_alert(id),
            Operator::Join { .. } => self.match_alert(id),
            // Refused as constructs.
            Operator::History { .. } | Operator::AntiJoin { .. } => None,
        }
    }

    /// Refuses what Sigma has no construct for, wherever it stands.
    fn constructs(&self) {
        for (id, relation) in self.plan.relations.iter().enumerate() {
            match &relation.operator {
                // Also of selections that no document will have, so that everything is said at once.
                Operator::Scan { .. } => {
                    for demand in selection::demands(relation.steps.iter(), Scope::of(id)) {
                        self.formula(demand.expr, demand.scope, Site::at(demand.place));
                    }
                }
                Operator::Aggregate { .. } | Operator::Join { .. } => {}
                Operator::History { over, .. } => self.refuse_because(
                    Site::at(relation.span),
                    "`baseline`",
                    &format!("compares each window with the {over} before its end"),
                    "Sigma correlations count, sum or order events inside one time span; none looks at an earlier span",
                    None,
                ),
                Operator::AntiJoin { .. } => self.refuse_because(
                    Site::at(relation.span),
                    "`without`",
                    "asks for the absence of events",
                    "Sigma correlations join events that are there",
                    None,
                ),
            }
            for step in self.steps(id) {
                if matches!(step.kind, StepKind::Expand { .. }) {
                    let reason = "Sigma has no construct for one row per list element";
                    self.refuse(Site::at(step.span), "`each`", reason, None);
                }
            }
        }
    }

    /// Notes what the file does not carry.
    fn left_out(&self, correlation: bool) {
        let alert = &self.plan.alert;
        for (id, relation) in self.plan.relations.iter().enumerate() {
            for step in self.steps(id) {
                if let StepKind::Extend { slot, .. } = step.kind
                    && !self.is_read(id, slot)
                {
                    let name = relation.columns.get(slot).map_or("", |column| &column.name);
                    let text = format!("`{name}` is left out: a Sigma rule carries no columns");
                    self.note("let", text, step.span);
                }
            }
            for (slot, column) in relation.columns.iter().enumerate() {
                if matches!(column.origin, Origin::Computed(_)) && !self.is_read(id, slot) {
                    let text = format!(
                        "`{}` is left out: a correlation has the one number that it compares",
                        column.name
                    );
                    self.note("group", text, relation.span);
                }
            }
        }
        if correlation {
            let text = "a Sigma correlation says which groups alert, not which rows, columns, entities or texts";
            self.note("alert", text, alert.span);
        } else if !alert.columns.is_empty() || alert.title.is_some() || alert.message.is_some() {
            let text =
                "entities, shown columns, title and message of the alert are left out: a Sigma rule carries none";
            self.note("alert", text, alert.span);
        }
    }
}

#[cfg(test)]
mod tests;

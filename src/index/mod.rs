//! What a folder of rules holds, for people who choose among them: a page with a table for each tactic, and a layer for the
//! ATT&CK Navigator.

mod layer;
mod page;

pub use layer::layer;
pub use page::{MARK, page};

use crate::plan::{Operator, Plan, RelationId, Severity, StepKind, Technique};
use crate::source::Catalog;
use crate::syntax::ast::Link;
use crate::targets::ledger::{Entry, State};
use std::collections::BTreeSet;

/// A rule in the index.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its file below the folder of the index, with `/`.
    pub path: String,
    /// How bad.
    pub severity: Option<Severity>,
    /// ATT&CK, as the rule says.
    pub attack: Vec<Technique>,
    /// The sources that it reads, in order of their names.
    pub sources: Vec<String>,
    /// What it is made of: `event`, or `threshold`, `baseline`, `sequence`, `join`, `absence`.
    pub shapes: Vec<&'static str>,
    /// What the rule and Sentinel find, compared; see [`Reach`].
    pub sentinel: Reach,
    /// The same for Sigma.
    pub sigma: Reach,
}

/// How far a rule reaches a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// What the ledger says.
    pub state: State,
    /// Whether the rule promises the target.
    pub promised: bool,
}

impl Reach {
    fn of(entry: &Entry) -> Reach {
        Reach {
            state: entry.state,
            promised: entry.promised,
        }
    }
}

/// The row of a rule, from its plan and its entries in the ledger.
pub fn row(plan: &Plan, path: String, catalog: &Catalog, sentinel: &Entry, sigma: &Entry) -> Row {
    let mut sources = BTreeSet::new();
    for relation in &plan.relations {
        if let Operator::Scan { source } = relation.operator {
            sources.insert(catalog.get(source).name.clone());
        }
    }
    Row {
        name: plan.rule.name.clone(),
        title: plan.rule.title.clone(),
        path,
        severity: plan.rule.severity,
        attack: plan.rule.attack.clone(),
        sources: sources.into_iter().collect(),
        shapes: shapes(plan),
        sentinel: Reach::of(sentinel),
        sigma: Reach::of(sigma),
    }
}

/// What the alert's rows are made by, from their events on.
fn shapes(plan: &Plan) -> Vec<&'static str> {
    let looks_back = |step: &crate::plan::Step| matches!(step.kind, StepKind::Lookup { .. });
    let mut shapes = Vec::new();
    of_relation(plan, plan.alert.input, &mut shapes);
    if plan.alert.steps.iter().any(looks_back) {
        // A baseline is a group and its past: the second says the first.
        shapes.retain(|shape| *shape != "threshold");
        shapes.push("baseline");
    }
    if shapes.is_empty() {
        shapes.push("event");
    }
    shapes
}

fn of_relation(plan: &Plan, relation: RelationId, shapes: &mut Vec<&'static str>) {
    let mut push = |shape| {
        if !shapes.contains(&shape) {
            shapes.push(shape);
        }
    };
    let parts = match plan.relations.get(relation).map(|relation| &relation.operator) {
        None | Some(Operator::Scan { .. }) => Vec::new(),
        Some(Operator::Aggregate { inputs, .. }) => {
            // A group over several selections is their join on key and window.
            push(if inputs.len() > 1 { "join" } else { "threshold" });
            inputs.clone()
        }
        Some(Operator::History { group, .. }) => vec![*group],
        Some(Operator::Join { parts, link, .. }) => {
            push(match link {
                Link::Then => "sequence",
                Link::With => "join",
                Link::Without => "absence",
            });
            parts.clone()
        }
        Some(Operator::AntiJoin { left, right, .. }) => {
            push("absence");
            vec![*left, *right]
        }
    };
    for part in parts {
        of_relation(plan, part, shapes);
    }
}

#[cfg(test)]
mod tests;

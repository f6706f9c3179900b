//! A selection of events: its steps as a detection.

use super::context::{Context, Site, place_of};
use super::detection::{self, Conjunct};
use super::formula::Formula;
use super::scope::Scope;
use crate::check::facts;
use crate::diagnostics::Span as Place;
use crate::plan::{Expr, ExprKind, RelationId, Step, StepKind};
use crate::targets::yaml::Node;

/// A condition that rows must satisfy, before it is translated.
#[derive(Clone, Copy)]
pub(super) struct Demand<'a> {
    pub(super) expr: &'a Expr,
    pub(super) negated: bool,
    /// The reason of an `except`.
    pub(super) reason: Option<&'a str>,
    /// What the expression is read over.
    pub(super) scope: Scope,
    /// The step.
    pub(super) place: Place,
}

/// What steps demand, each step as one; the rest of what steps do is looked at elsewhere.
pub(super) fn demands<'a>(steps: impl Iterator<Item = &'a Step>, scope: Scope) -> Vec<Demand<'a>> {
    steps
        .filter_map(|step| match &step.kind {
            StepKind::Filter(expr) => Some((step, expr, None)),
            StepKind::Except { reason, condition } => Some((step, condition, Some(reason.as_str()))),
            StepKind::Extend { .. } | StepKind::Expand { .. } | StepKind::Lookup { .. } => None,
        })
        .map(|(step, expr, reason)| Demand {
            expr,
            negated: reason.is_some(),
            reason,
            scope,
            place: step.span,
        })
        .collect()
}

impl<'a> Demand<'a> {
    /// The parts that must all hold, where it has such.
    pub(super) fn split(self) -> Option<Vec<Demand<'a>>> {
        let part = |expr, negated| Demand { expr, negated, ..self };
        match (&self.expr.kind, self.negated) {
            (ExprKind::And(parts), false) | (ExprKind::Or(parts), true) => {
                Some(parts.iter().map(|expr| part(expr, self.negated)).collect())
            }
            (ExprKind::Not(inner), negated) => {
                let inner = part(inner, !negated);
                Some(inner.split().unwrap_or_else(|| vec![inner]))
            }
            _ => None,
        }
    }
}

impl<'a> Context<'a> {
    /// The detection of a selection: what its own steps and the further demands ask, and that the keys are there.
    pub(super) fn detection(
        &self,
        id: RelationId,
        own: impl Iterator<Item = &'a Step>,
        further: &[Demand<'a>],
        keys: &[(&'a Expr, String)],
    ) -> Option<Vec<(String, Node)>> {
        let scope = Scope::of(id);
        let own: Vec<&Step> = own.collect();
        let mut conjuncts = Vec::new();
        let mut whole = true;
        for demand in demands(own.iter().copied(), scope).iter().chain(further) {
            match self.conjunct(demand) {
                Some(conjunct) => conjuncts.push(conjunct),
                None => whole = false,
            }
        }
        let steps: Vec<Step> = own.into_iter().cloned().collect();
        let known = facts::after(facts::Facts::new(), &steps);
        for (key, field) in keys {
            if !facts::is_present(&known, key) {
                conjuncts.push(Conjunct {
                    formula: self.missing(field.clone(), Site::at(key.span)).negated(),
                    reason: None,
                });
            }
        }
        if !whole {
            return None;
        }
        let found = detection::detection(&conjuncts);
        if found.is_none() {
            let place = self.relation(id).map_or(self.plan.rule.span, |relation| relation.span);
            let help = format!(
                "ask something of its events: `where .. `, below `events {}`",
                self.name(id)
            );
            let reason = "no test is left, and a Sigma rule needs one";
            self.refuse(Site::at(place), "a selection of every event", reason, Some(help));
        }
        found
    }

    fn conjunct(&self, demand: &Demand<'a>) -> Option<Conjunct> {
        let formula = self.formula(demand.expr, demand.scope, Site::at(demand.place))?;
        let formula = if demand.negated { formula.negated() } else { formula };
        if formula == Formula::Known(false) {
            let reason = match demand.negated {
                true => "this removes every event",
                false => "no event satisfies this",
            };
            let help = "fill the list, or delete the rule".to_owned();
            self.refuse(
                Site::at(demand.place).near(place_of(demand.expr)),
                "a selection of no event",
                reason,
                Some(help),
            );
            return None;
        }
        Some(Conjunct {
            formula,
            reason: demand.reason.map(str::to_owned),
        })
    }
}

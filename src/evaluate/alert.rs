//! The projection: an alert out of the row that was found.

use super::state::Found;
use super::step::clock;
use super::{AlertRow, Compiled};
use crate::plan::{FIRST, LAST, Severity, TIME, Template, TemplatePart};
use crate::runtime::alert::{Alert, Entity, Technique, alert_id};
use crate::runtime::template::printed;
use crate::value::Value;
use std::sync::Arc;

/// The alert of a row. A rule without a severity has alerts of severity `medium`; one without a title takes the
/// rule's, and one without a message repeats its title.
pub(super) fn project(compiled: &Compiled<'_>, found: Found) -> AlertRow {
    let (plan, rule) = (compiled.plan, &compiled.plan.rule);
    let row = found.values;
    let columns: Vec<Value> = compiled.columns.iter().map(|c| c.value(&row).into_owned()).collect();
    let time = clock(&row, TIME);
    let named = plan
        .alert
        .keys
        .iter()
        .map(|slot| row.get(*slot).cloned().unwrap_or_default());
    let keys: Vec<Value> = named.chain(found.identity).collect();
    let title = match &plan.alert.title {
        Some(template) => render(template, &columns),
        None => rule.title.clone(),
    };
    let message = match &plan.alert.message {
        Some(template) => render(template, &columns),
        None => title.clone(),
    };
    let shown = plan.alert.columns.iter().zip(&columns);
    let shown = shown.filter(|(column, value)| column.shown && value.is_present());
    let entities = plan.alert.entities.iter().map(|entity| {
        let value = |index: usize| columns.get(index).cloned().unwrap_or_default();
        let identifiers = entity.identifiers.iter();
        Entity {
            kind: entity.kind.as_str().into(),
            identifiers: identifiers
                .map(|(name, index)| (name.as_str().into(), value(*index)))
                .collect(),
        }
    });
    let attack = rule.attack.iter().flat_map(|technique| {
        let id: Arc<str> = technique.id.as_str().into();
        technique.tactics.iter().map(move |tactic| Technique {
            technique: Arc::clone(&id),
            tactic: tactic.as_str().into(),
        })
    });
    let alert = Alert {
        rule: rule.name.as_str().into(),
        rule_id: rule.id.as_deref().map(Arc::from),
        alert_id: alert_id(rule.id.as_deref().unwrap_or(&rule.name), time, &keys),
        time,
        start: clock(&row, FIRST),
        end: clock(&row, LAST),
        severity: rule.severity.unwrap_or(Severity::Medium).word().into(),
        title,
        message,
        entities: entities.collect(),
        columns: shown
            .map(|(column, value)| (column.name.as_str().into(), value.clone()))
            .collect(),
        attack: attack.collect(),
        events: found.events,
        keys,
    };
    AlertRow { alert, row }
}

fn render(template: &Template, columns: &[Value]) -> String {
    let parts = template.parts.iter().map(|part| match part {
        TemplatePart::Literal(text) => text.clone(),
        TemplatePart::Column(index) => printed(columns.get(*index).unwrap_or(&Value::Missing)),
    });
    parts.collect()
}

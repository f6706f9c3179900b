//! A log on which a mutant and its rule differ, as a test.

use super::Mutant;
use super::edit::applied;
use crate::agreement::{Case, Generator, block, shrink};
use crate::compile::Compiled;
use crate::evaluate::{self, AlertRow, Asked};
use crate::plan::{ConstantValue, Literal, Plan};
use crate::source::Catalog;
use crate::testing::Tree;
use crate::value::Json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How many cases are tried for a rule.
const CASES: u64 = 400;
/// The same cases in every run.
const SEED: u64 = 1;
/// How many cases that alert are kept, for lists to be filled from.
const FILLED: usize = 30;
/// What such a list is filled with where a field is looked for in it.
const ENTRY: &str = "an entry";
/// No longer than this for all survivors of a rule.
const TIME: Duration = Duration::from_secs(20);

/// For each mutant a test that passes over the rule and fails over the mutant, where one is found. It says what the rule
/// does, which may not be what it should do.
pub fn show(compiled: &Compiled<'_>, catalog: &Catalog, mutants: &[Mutant]) -> Vec<Option<String>> {
    let mut found: Vec<Option<String>> = vec![None; mutants.len()];
    if mutants.is_empty() {
        return found;
    }
    let Some(generator) = Generator::new(compiled, catalog) else {
        return found;
    };
    let Ok(rule) = evaluate::Compiled::new(&compiled.plan, catalog) else {
        return found;
    };
    let plans: Vec<Plan> = mutants
        .iter()
        .map(|mutant| applied(&compiled.written.plan, &mutant.edit))
        .collect();
    let ready: Vec<_> = plans
        .iter()
        .map(|plan| evaluate::Compiled::new(plan, catalog).ok())
        .collect();
    let begin = Instant::now();
    let mut alerting = Vec::new();
    for number in 0..CASES {
        if found.iter().all(Option::is_some) || begin.elapsed() > TIME {
            break;
        }
        let case = writable(generator.case(SEED, number));
        let own = shown(&run(&rule, &case));
        for ((mutant, ready), found) in mutants.iter().zip(&ready).zip(&mut found) {
            let Some(changed) = ready.as_ref().filter(|_| found.is_none()) else {
                continue;
            };
            if shown(&run(changed, &case)) != own {
                let case = smallest(&case, &rule, changed);
                *found = Some(block(
                    &mutant.what,
                    compiled,
                    &compiled.plan,
                    catalog,
                    &case,
                    &run(&rule, &case),
                ));
            }
        }
        if !own.is_empty() && alerting.len() < FILLED {
            alerting.push(case);
        }
    }
    for ((mutant, plan), found) in mutants.iter().zip(&plans).zip(&mut found) {
        if found.is_none() {
            *found = filled(compiled, catalog, mutant, plan, &alerting);
        }
    }
    found
}

/// A test that fills the empty list which the mutant no longer asks for: with a text of its events, or one that is put
/// where the rule looks.
fn filled(
    compiled: &Compiled<'_>,
    catalog: &Catalog,
    mutant: &Mutant,
    changed: &Plan,
    alerting: &[Case],
) -> Option<String> {
    let empty = mutant.empty.as_ref()?;
    let mut tried: Vec<(Case, String)> = Vec::new();
    for case in alerting {
        if let Some(field) = &empty.field {
            let mut case = case.clone();
            for event in &mut case.events {
                let mut body = Tree::from_json(&event.body);
                body.put(field, Json::Text(ENTRY.into()));
                event.body = body.into_json();
            }
            tried.push((case, ENTRY.to_owned()));
        } else {
            let mut texts = BTreeSet::new();
            case.events.iter().for_each(|event| leaves(&event.body, &mut texts));
            tried.extend(texts.into_iter().map(|text| (case.clone(), text)));
        }
    }
    for (case, text) in tried {
        let own = with_item(&compiled.plan, &empty.list, &text);
        let changed = with_item(changed, &empty.list, &text);
        let (Ok(rule), Ok(other)) = (
            evaluate::Compiled::new(&own, catalog),
            evaluate::Compiled::new(&changed, catalog),
        ) else {
            continue;
        };
        if shown(&run(&rule, &case)) != shown(&run(&other, &case)) {
            let case = smallest(&case, &rule, &other);
            return Some(block(&mutant.what, compiled, &own, catalog, &case, &run(&rule, &case)));
        }
    }
    None
}

fn with_item(plan: &Plan, list: &str, text: &str) -> Plan {
    let mut plan = plan.clone();
    for constant in plan.constants.iter_mut().filter(|constant| constant.name == list) {
        constant.value = ConstantValue::List(vec![Literal::Text(text.to_owned())]);
    }
    plan
}

/// The texts in a record.
fn leaves(json: &Json, texts: &mut BTreeSet<String>) {
    match json {
        Json::Text(text) if !text.is_empty() => {
            texts.insert(text.to_string());
        }
        Json::Array(elements) => elements.iter().for_each(|element| leaves(element, texts)),
        Json::Object(members) => members.iter().for_each(|(_, value)| leaves(value, texts)),
        Json::Text(_) | Json::Null | Json::Bool(_) | Json::Int(_) | Json::Real(_) => {}
    }
}

fn smallest(case: &Case, rule: &evaluate::Compiled<'_>, changed: &evaluate::Compiled<'_>) -> Case {
    shrink(case, &mut |case| {
        can_write(case) && shown(&run(rule, case)) != shown(&run(changed, case))
    })
}

fn run(ready: &evaluate::Compiled<'_>, case: &Case) -> Vec<AlertRow> {
    let mut state = ready.state(Asked::Now(case.now), None);
    for event in &case.events {
        state.push(&event.as_event());
    }
    state.finish().alerts
}

/// What a test can say of alerts: how many there are, and what they show.
fn shown(alerts: &[AlertRow]) -> Vec<String> {
    let line = |row: &AlertRow| {
        let columns = row.alert.columns.iter();
        let columns: Vec<String> = columns
            .filter(|(_, value)| value.is_present())
            .map(|(name, value)| format!("{name}: {}", value.to_json().unwrap_or_default()))
            .collect();
        columns.join(", ")
    };
    let mut lines: Vec<String> = alerts.iter().map(line).collect();
    lines.sort();
    lines
}

/// The case without events that a test cannot hold.
fn writable(mut case: Case) -> Case {
    let now = case.now;
    case.events.retain(|event| event.time <= now && !counts(&event.body));
    case
}

fn can_write(case: &Case) -> bool {
    case.events
        .iter()
        .all(|event| event.time <= case.now && !counts(&event.body))
}

/// Whether a text holds what a test replaces by the number of a repetition.
fn counts(json: &Json) -> bool {
    match json {
        Json::Text(text) => text.contains("{n}"),
        Json::Array(elements) => elements.iter().any(counts),
        Json::Object(members) => members.iter().any(|(_, value)| counts(value)),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Real(_) => false,
    }
}

//! The Sigma side: the emitted rules and correlations, run over the events by an engine that somebody else wrote.
//!
//! What is compared is the whole log, in order of time: for a rule on events which of them it finds, for a correlation the
//! keys that alert.

use super::rows::{Cell, Row, difference};
use super::{Case, CaseEvent, Disagreement, Outcome, Subject};
use crate::evaluate::Asked;
use crate::plan::{Operator, Plan};
use crate::source::{Catalog, FIELDS, FieldType, SourceId};
use crate::targets::ledger::{Example, ExampleEvent, State};
use crate::value::{Time, Value};
use serde::Deserialize as _;
use serde_json::{Map, Value as Raw};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Why some logs say nothing about a correlation.
const OPEN_KEY: &str = "Sigma does not say how events group by a list or an object";
/// The same of what is counted.
const OPEN_VALUE: &str = "Sigma does not say how a list or an object is counted";

/// A text that the engine reads.
pub(super) struct SigmaSide {
    text: String,
    source: SourceId,
    /// The fields whose values a correlation counts.
    counted: Vec<String>,
}

impl SigmaSide {
    /// Why no text of the rule can be run, whatever it says.
    pub(super) fn not_for(plan: &Plan) -> Option<&'static str> {
        if cfg!(not(feature = "sigma-engine")) {
            Some("this build has no Sigma engine")
        } else if sources(plan).len() > 1 {
            Some("the engine does not tell the events of several sources apart")
        } else {
            None
        }
    }

    /// For a rule that is run: reads the text.
    ///
    /// # Errors
    /// Why the engine does not read it.
    pub(super) fn new(plan: &Plan, text: &str) -> Result<SigmaSide, String> {
        let source = sources(plan).into_iter().next().ok_or("the rule reads no source")?;
        detect(text, &[])?;
        Ok(SigmaSide {
            text: text.to_owned(),
            source,
            counted: counted(text),
        })
    }

    /// Compares the whole log of a case.
    pub(super) fn compare(&self, subject: &Subject<'_>, case: &Case, state: State) -> Outcome {
        let log = self.log(case);
        let Some(native) = self.native(subject, &log) else {
            return Outcome::Unsettled(OPEN_KEY.to_owned());
        };
        let text = match self.text(subject, &log) {
            Ok(rows) => rows,
            Err(why) => return Outcome::Unsettled(why),
        };
        let (only_native, only_text) = difference(native, text);
        let broken = match state {
            State::Exact => !(only_native.is_empty() && only_text.is_empty()),
            State::Wider => !only_native.is_empty(),
            State::Narrower => !only_text.is_empty(),
            State::Differs | State::Refused => false,
        };
        if broken {
            return Outcome::Disagree(Box::new(Disagreement {
                at: None,
                columns: self.columns(subject),
                native: only_native,
                text: only_text,
            }));
        }
        if only_native.is_empty() && only_text.is_empty() {
            Outcome::Agree
        } else {
            Outcome::AsStated
        }
    }

    /// Whether the ledger's example of a difference shows what it says: the keys of both sides, which are not the same.
    ///
    /// # Errors
    /// What it shows instead.
    pub(super) fn judge_example(&self, subject: &Subject<'_>, example: &Example) -> Result<(), String> {
        let event = |(n, event): (usize, &ExampleEvent)| CaseEvent {
            source: event.source,
            shape: FIELDS,
            time: event.time,
            body: event.body.clone(),
            id: Arc::from(n.to_string()),
        };
        let log = Case {
            events: example.events.iter().enumerate().map(event).collect(),
            now: Time(0),
        };
        let rows = |keys: &[Vec<String>]| -> BTreeSet<Row> {
            let row = |key: &Vec<String>| key.iter().map(|part| Cell::Text(part.as_str().into())).collect();
            keys.iter().map(row).collect()
        };
        let native: BTreeSet<Row> = self.native(subject, &log).ok_or(OPEN_KEY)?.into_iter().collect();
        let text: BTreeSet<Row> = self.text(subject, &log)?.into_iter().collect();
        if native == rows(&example.native) && text == rows(&example.target) && native != text {
            return Ok(());
        }
        Err(format!(
            "the ledger's example does not show the difference: the native run finds {} of the {} keys that it names, \
             the text {} of {}",
            native.len(),
            example.native.len(),
            text.len(),
            example.target.len()
        ))
    }

    /// The rule's own events in order of time, each called by its place. The engine knows no time before 1970.
    fn log(&self, case: &Case) -> Case {
        let own = case
            .events
            .iter()
            .filter(|event| event.source == self.source && event.time.0 >= 0);
        let mut log: Vec<_> = own.cloned().collect();
        log.sort_by_key(|event| event.time);
        for (n, event) in log.iter_mut().enumerate() {
            event.id = Arc::from(n.to_string());
        }
        Case {
            events: log,
            now: case.now,
        }
    }

    fn columns(&self, subject: &Subject<'_>) -> Vec<String> {
        if on_events(subject.plan()) {
            return vec!["event".to_owned()];
        }
        let keys = subject.plan().alert.keys.len();
        (1..=keys).map(|n| format!("key {n}")).collect()
    }

    /// None where a key is a list or an object.
    fn native(&self, subject: &Subject<'_>, log: &Case) -> Option<Vec<Row>> {
        let alerts = subject.native(log, Asked::Stream);
        // A list or an object that is read as text.
        let scalar = |value: &Value| value.as_text().is_none_or(|text| !text.starts_with(['[', '{']));
        if !on_events(subject.plan()) && !alerts.iter().all(|row| row.alert.keys.iter().all(scalar)) {
            return None;
        }
        let rows: BTreeSet<Row> = if on_events(subject.plan()) {
            let ids = alerts.iter().flat_map(|row| &row.alert.events);
            ids.map(|id| vec![Cell::Text(Arc::clone(id))]).collect()
        } else {
            // Behind the keys that the rule names stands what else tells alerts of one time apart.
            let named = subject.plan().alert.keys.len();
            let text = |value: &Value| value.as_text().map_or(Cell::Missing, |text| Cell::Text(text.into()));
            let row = |row: &crate::evaluate::AlertRow| row.alert.keys.iter().take(named).map(text).collect();
            alerts.iter().map(row).collect()
        };
        Some(rows.into_iter().collect())
    }

    fn text(&self, subject: &Subject<'_>, log: &Case) -> Result<Vec<Row>, String> {
        let events: Vec<(Time, Raw)> = log
            .events
            .iter()
            .map(|event| (event.time, raw(event, &subject.catalog)))
            .collect();
        let open = |(_, event): &(Time, Raw)| {
            let is_open = |name| field(event, name).is_some_and(|value| value.is_array() || value.is_object());
            self.counted.iter().any(|name| is_open(name.as_str()))
        };
        if events.iter().any(open) {
            return Err(OPEN_VALUE.to_owned());
        }
        let found = detect(&self.text, &events)?;
        let rows: BTreeSet<Row> = if on_events(subject.plan()) {
            let events = found.events.iter();
            events.map(|n| vec![Cell::Text(n.to_string().into())]).collect()
        } else {
            let cell = |part: &Option<String>| part.as_deref().map_or(Cell::Missing, |text| Cell::Text(text.into()));
            found.keys.iter().map(|key| key.iter().map(cell).collect()).collect()
        };
        Ok(rows.into_iter().collect())
    }
}

/// The fields that the correlations of a text count the values of.
fn counted(text: &str) -> Vec<String> {
    let documents = serde_yaml::Deserializer::from_str(text).filter_map(|document| Raw::deserialize(document).ok());
    let field = |document: Raw| {
        let correlation = document.get("correlation")?;
        let counts = correlation.get("type")?.as_str()? == "value_count";
        let field = correlation.pointer("/condition/field")?.as_str()?;
        counts.then(|| field.to_owned())
    };
    documents.filter_map(field).collect()
}

/// What stands in an event where a dotted name says.
fn field<'e>(event: &'e Raw, name: &str) -> Option<&'e Raw> {
    name.split('.').try_fold(event, |value, word| value.get(word))
}

/// What the engine finds.
struct Found {
    events: BTreeSet<usize>,
    keys: BTreeSet<Vec<Option<String>>>,
}

#[cfg(feature = "sigma-engine")]
fn detect(text: &str, events: &[(Time, Raw)]) -> Result<Found, String> {
    let found = super::engine::detect(text, events)?;
    Ok(Found {
        keys: found.keys(),
        events: found.events,
    })
}

#[cfg(not(feature = "sigma-engine"))]
fn detect(_: &str, _: &[(Time, Raw)]) -> Result<Found, String> {
    Err("this build has no Sigma engine".to_owned())
}

/// Whether a rule alerts on single events.
fn on_events(plan: &Plan) -> bool {
    let relation = plan.relations.get(plan.alert.input);
    relation.is_some_and(|relation| matches!(relation.operator, Operator::Scan { .. }))
}

/// The sources that a rule reads.
fn sources(plan: &Plan) -> BTreeSet<SourceId> {
    let source = |operator: &Operator| match operator {
        Operator::Scan { source } => Some(*source),
        Operator::Aggregate { .. } | Operator::History { .. } | Operator::Join { .. } | Operator::AntiJoin { .. } => {
            None
        }
    };
    plan.relations
        .iter()
        .filter_map(|relation| source(&relation.operator))
        .collect()
}

/// An event with the names that Sigma has for its fields. What is missing is absent, null or the empty text in turns.
fn raw(event: &CaseEvent, catalog: &Catalog) -> Raw {
    let source = catalog.get(event.source);
    let mut all = Map::new();
    let mut missing = Vec::new();
    for (id, field) in source.iter() {
        let Some(name) = &field.sigma else { continue };
        let value = if id == source.time {
            Raw::String(event.time.to_string())
        } else {
            match source.read(event.shape, id, &event.body).value {
                Value::Missing => {
                    missing.push((name, field.ty));
                    continue;
                }
                Value::Bool(b) if field.sigma_text => Raw::String(b.to_string()),
                Value::Json(json) => json.to_serde(),
                other => other.to_json().unwrap_or(Raw::Null),
            }
        };
        put(&mut all, name, value);
    }
    let mut turn = event.id.bytes().map(usize::from).sum::<usize>();
    for (name, ty) in missing {
        turn += 1;
        let value = match turn % 3 {
            0 => continue,
            1 if matches!(ty, FieldType::Text | FieldType::Json) => Raw::String(String::new()),
            _ => Raw::Null,
        };
        // Nothing is put above or below what is there.
        let begins = |key: &String| *key == *name || name.starts_with(&format!("{key}."));
        if !all.keys().any(begins) && !name.contains('.') {
            put(&mut all, name, value);
        }
    }
    Raw::Object(all)
}

/// Puts a value where a dotted name says; what stands there is joined by the members of an object.
fn put(members: &mut Map<String, Raw>, name: &str, value: Raw) {
    match name.split_once('.') {
        Some((first, rest)) => {
            let inner = members
                .entry(first.to_owned())
                .or_insert_with(|| Raw::Object(Map::new()));
            if !inner.is_object() {
                *inner = Raw::Object(Map::new());
            }
            if let Raw::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
        None => match (members.get_mut(name), value) {
            (Some(Raw::Object(there)), Raw::Object(more)) => there.extend(more),
            (_, value) => drop(members.insert(name.to_owned(), value)),
        },
    }
}

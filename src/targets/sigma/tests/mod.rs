//! Rules compiled from text: rows of the language's tables, constructs, quoting, and laws over random rules.

mod constructs;
mod laws;
mod reader;
mod refusals;
mod rows;
mod style;

use super::emit;
use crate::compile::{self, Files};
use crate::diagnostics::has_errors;
use crate::evaluate::{Asked, Compiled, Event};
use crate::plan::Plan;
use crate::settings::Settings;
use crate::source::{Catalog, FIELDS};
use crate::targets::ledger::{Answer, Text};
use crate::value::{Json, Time};
use std::path::Path;
use std::sync::{Arc, LazyLock};

const HEAD: &str = "id \"77c72306-d717-5ea8-8a51-6652639f226d\" severity low attack T1059 every 1h";

/// The built-in sources, read once.
fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::builtin().unwrap());
    &CATALOG
}

/// The plan of the one rule in a text.
fn plan(text: &str) -> Plan {
    let catalog = catalog();
    let mut files = Files::default();
    files.add(Path::new("rule.trip"), text.as_bytes());
    let world = files.world(catalog).unwrap();
    let mut findings = std::mem::take(&mut files.findings);
    let compiled = compile::compile(&files.trees, &world, &mut findings);
    assert!(!has_errors(&findings), "{text}\n{findings:#?}");
    compiled.into_iter().next().unwrap().plan
}

fn answer(text: &str) -> Answer {
    emit(&plan(text), catalog(), &Settings::default())
}

/// A rule with this body.
fn rule(body: &str) -> String {
    format!("rule some_rule \"Some rule\" {{ {HEAD} {body} }}")
}

fn emitted(text: &str) -> Text {
    answer(text).unwrap_or_else(|findings| panic!("{text}\n{findings:#?}"))
}

/// An alert on events of CloudTrail with these steps.
fn on_events(steps: &str) -> String {
    rule(&format!("events e = aws.cloudtrail {steps} alert e {{ }}"))
}

/// The lines below `key:` of every document, with single blanks; documents apart by ` --- `.
fn section(text: &str, key: &str) -> String {
    let documents = text.split("---\n").filter_map(|document| {
        let lines = document.lines().skip_while(|line| *line != format!("{key}:")).skip(1);
        let lines: Vec<&str> = lines.take_while(|line| line.starts_with(' ')).map(str::trim).collect();
        (!lines.is_empty()).then(|| lines.join(" "))
    });
    documents.collect::<Vec<_>>().join(" --- ")
}

/// The detection of these steps.
fn detection(steps: &str) -> String {
    section(&emitted(&on_events(steps)).text, "detection")
}

/// Which of the events (JSON, fields of CloudTrail) an alert on events takes.
fn native(plan: &Plan, events: &[String]) -> Vec<bool> {
    let source = catalog().find("aws.cloudtrail").unwrap();
    let compiled = Compiled::new(plan, catalog()).unwrap();
    let found = |text: &String| {
        let mut state = compiled.state(Asked::Stream, None);
        let body = Json::parse(text).unwrap();
        let id: Arc<str> = "1".into();
        state.push(&Event {
            source,
            shape: FIELDS,
            body: &body,
            time: Time::parse("2025-08-15T10:00:00Z").unwrap(),
            id: &id,
        });
        !state.finish().alerts.is_empty()
    };
    events.iter().map(found).collect()
}

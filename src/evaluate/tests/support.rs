//! Rules from text over a small source, and events for them.

use crate::diagnostics::{FileId, Sources, has_errors};
use crate::evaluate::{Asked, Compiled, Event, Outcome};
use crate::plan::{Plan, lower};
use crate::resolve::{World, resolve};
use crate::source::{Catalog, FIELDS, ShapeId, SourceId};
use crate::value::{Json, Span, Time};
use std::path::Path;
use std::sync::Arc;

/// The moment that times of tests count from: a full day.
pub(super) const ZERO: &str = "2025-08-15T00:00:00Z";

const SOURCE: &str = r#"
source: t.log
title: Events of tests
table: TestLog
delay: 5m
time: time_
id: id_
shapes:
  log: { has: [id_], paths: name }
table_has: [TimeGenerated, Id]
fields:
  - { name: time_, type: time, column: TimeGenerated, always: true, doc: "when" }
  - { name: id_, type: text, column: Id, always: true, doc: "which" }
  - { name: kind, type: text, column: Kind, doc: "what" }
  - { name: user, type: text, column: User, doc: "who" }
  - { name: name, type: text, column: Name, doc: "how it is called" }
  - { name: n, type: int, column: N, doc: "how many" }
  - { name: r, type: real, column: R, doc: "how much" }
  - { name: extra, type: json, column: Extra, doc: "more" }
"#;

/// The source of tests alone.
pub(super) fn small() -> Catalog {
    Catalog::from_text(Path::new("t.log.yaml"), SOURCE).unwrap()
}

/// The plans of all rules in a text.
pub(super) fn plans(catalog: &Catalog, text: &str) -> Vec<Plan> {
    let mut sources = Sources::default();
    let world = World::new(catalog, &mut sources).unwrap();
    let file: FileId = sources.add("rule.trip", text);
    let tree = crate::syntax::parse(file, text).unwrap_or_else(|findings| panic!("{findings:#?}"));
    let files = [(file, tree)];
    let mut findings = Vec::new();
    let program = resolve(&files, &world, &mut findings);
    let checked = crate::check::check(&program, &world, &mut findings);
    assert!(!has_errors(&findings), "{findings:#?}");
    checked.into_iter().map(|mut rule| lower(&mut rule).unwrap()).collect()
}

/// The plan of a rule over the small source.
pub(super) fn plan(text: &str) -> Plan {
    let text = format!("rule r \"A rule\" {{ {text} }}");
    plans(&small(), &text).remove(0)
}

/// An event of a test.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) source: SourceId,
    pub(super) shape: ShapeId,
    pub(super) time: Time,
    pub(super) id: Arc<str>,
    pub(super) body: Json,
}

/// An event of the small source, so long after [`ZERO`], with that id; the body is JSON without its braces.
pub(super) fn event(id: &str, after: Span, body: &str) -> Given {
    Given {
        source: SourceId(0),
        shape: FIELDS,
        time: at(after),
        id: id.into(),
        body: Json::parse(format!("{{{body}}}")).unwrap(),
    }
}

/// So long after [`ZERO`].
pub(super) fn at(after: Span) -> Time {
    Time::parse(ZERO).unwrap().plus(after)
}

/// One tick.
pub(super) const TICK: Span = Span(1);

pub(super) fn s(seconds: i64) -> Span {
    Span::seconds(seconds)
}
pub(super) fn m(minutes: i64) -> Span {
    Span::minutes(minutes)
}
pub(super) fn h(hours: i64) -> Span {
    Span::hours(hours)
}
pub(super) fn less(a: Span, b: Span) -> Span {
    Span(a.0 - b.0)
}
pub(super) fn more(a: Span, b: Span) -> Span {
    Span(a.0 + b.0)
}

/// What a plan over the given catalog finds in events, in the order in which they stand.
pub(super) fn outcome(
    catalog: &Catalog,
    plan: &Plan,
    asked: Asked,
    lateness: Option<Span>,
    events: &[Given],
) -> Outcome {
    let compiled = Compiled::new(plan, catalog).unwrap();
    let mut state = compiled.state(asked, lateness);
    events.iter().for_each(|event| state.push(&event.event()));
    state.finish()
}

impl Given {
    pub(super) fn event(&self) -> Event<'_> {
        Event {
            source: self.source,
            shape: self.shape,
            body: &self.body,
            time: self.time,
            id: &self.id,
        }
    }
}

/// All that a rule finds in events of the small source.
pub(super) fn found(rule: &str, events: &[Given]) -> Outcome {
    outcome(&small(), &plan(rule), Asked::Stream, None, events)
}

/// The alerts, a line each: time after [`ZERO`], shown columns, events.
pub(super) fn lines(outcome: &Outcome) -> Vec<String> {
    let zero = Time::parse(ZERO).unwrap();
    let line = |alert: &crate::runtime::alert::Alert| {
        let columns: Vec<String> = alert
            .columns
            .iter()
            .map(|(name, value)| format!("{name}={}", crate::runtime::template::printed(value)))
            .collect();
        format!(
            "{} {} [{}]",
            alert.time.since(zero),
            columns.join(" "),
            alert.events.join(" ")
        )
    };
    outcome.alerts.iter().map(|found| line(&found.alert)).collect()
}

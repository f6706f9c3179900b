//! The emitted KQL, read back and run by the interpreter, against the native run: the same rows, on the tests of every
//! rule, on logs, and on random events biased to what the rule looks at. `sigma` does the same with the emitted Sigma and
//! an engine that somebody else wrote.
//!
//! `TRIPLINE_CASES` and `TRIPLINE_SEED` set how many random event sets a rule gets, and which.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../docs/markdown.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod markdown;
mod random;
mod sigma;
mod subject;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use subject::{Subject, each_subject, number, read_events, rule_files, test_events};
use tripline::evaluate::{self, Asked};
use tripline::input::Event;
use tripline::kql::{self, Clock, Database, Value};
use tripline::source::Catalog;
use tripline::targets::kql::{Query, QueryColumn, emit};
use tripline::value::{self, Span, Time};

/// Where the emitted text turns on what no document says, so that the interpreter refuses it: the rule, and why.
const UNSETTLED: [(&str, &str); 1] = [("addresses", "is an IPv4 address is not documented")];

/// From 0001-01-01 to 1970-01-01.
const EPOCH: i64 = 621_355_968_000_000_000;

/// The full tables, as the language service knows them.
fn database(workspace: &Database, catalog: &Catalog, events: &[Event]) -> Database {
    kql::database(catalog, workspace.clone(), events)
}

/// A rule with everything that both sides need.
struct Pair<'p> {
    subject: &'p Subject<'p>,
    ready: evaluate::Compiled<'p>,
    query: Query,
    read: kql::Query,
    workspace: &'p Database,
}

/// What came of a comparison.
enum Verdict {
    /// So many rows on both sides.
    Agree(usize),
    /// One side does not take it.
    Refused(String),
    /// Rows of the native run, rows of the query.
    Differ(Vec<String>, Vec<String>),
}

impl Pair<'_> {
    fn compare(&self, events: &[Event], at: Time) -> Verdict {
        self.compare_with(&self.read, events, at)
    }

    /// The native run against this text.
    fn compare_with(&self, read: &kql::Query, events: &[Event], at: Time) -> Verdict {
        let mut state = self.ready.state(Asked::Now(at), None);
        for event in events {
            state.push(&evaluate::Event {
                source: event.source,
                shape: event.shape,
                body: &event.body,
                time: event.time.unwrap(),
                id: &event.id,
            });
        }
        let mut native = Vec::new();
        for row in state.finish().alerts {
            let cell = |column: &QueryColumn| match (column.output, column.name.as_str()) {
                (Some(index), _) => {
                    let expr = &self.subject.compiled.plan.alert.columns[index].value;
                    of_native(&self.ready.evaluate(expr, &row.row).unwrap())
                }
                (None, "TimeGenerated") => row.alert.time.0.to_string(),
                (None, "StartTime") => row.alert.start.0.to_string(),
                (None, "EndTime") => row.alert.end.0.to_string(),
                (None, other) => panic!("{}: what is the column {other}?", self.subject.name),
            };
            native.push(
                self.query
                    .columns
                    .iter()
                    .map(|c| format!("{}={}", c.name, cell(c)))
                    .collect::<Vec<_>>()
                    .join(" "),
            );
        }
        let database = database(self.workspace, self.subject.catalog, events);
        let clock = Clock::new(at.plus(self.query.delay).0, Some(self.query.period.0)).unwrap();
        let table = match kql::run(read, &database, clock) {
            Ok(table) => table,
            Err(error) => return Verdict::Refused(error.to_string()),
        };
        let mut found = Vec::new();
        for row in &table.rows {
            let cell = |column: &QueryColumn| {
                let index = table.column(&column.name);
                let index =
                    index.unwrap_or_else(|| panic!("{}: no column {} in the result", self.subject.name, column.name));
                of_kql(&row[index])
            };
            found.push(
                self.query
                    .columns
                    .iter()
                    .map(|c| format!("{}={}", c.name, cell(c)))
                    .collect::<Vec<_>>()
                    .join(" "),
            );
        }
        native.sort();
        found.sort();
        if native == found {
            Verdict::Agree(native.len())
        } else {
            Verdict::Differ(native, found)
        }
    }

    /// As few events as still differ.
    fn shrink(&self, mut events: Vec<Event>, at: Time) -> Vec<Event> {
        let mut index = 0;
        while index < events.len() {
            let mut fewer = events.clone();
            fewer.remove(index);
            if matches!(self.compare(&fewer, at), Verdict::Differ(..)) {
                events = fewer;
            } else {
                index += 1;
            }
        }
        events
    }

    fn describe(&self, events: Vec<Event>, at: Time, why: &str) -> String {
        let events = self.shrink(events, at);
        let Verdict::Differ(native, found) = self.compare(&events, at) else {
            panic!("it agrees now")
        };
        let mut out = format!("{} ({why}) at {at}\n  native:\n", self.subject.name);
        native.iter().for_each(|row| out.push_str(&format!("    {row}\n")));
        out.push_str("  kql:\n");
        found.iter().for_each(|row| out.push_str(&format!("    {row}\n")));
        out.push_str("  events:\n");
        for event in events {
            let body = event.body.to_serde();
            out.push_str(&format!(
                "    {} {} {body}\n",
                event.time.unwrap(),
                self.subject.catalog.get(event.source).name
            ));
        }
        out
    }
}

/// A cell of an alert: missing is nothing, sets are sorted.
fn of_native(value: &value::Value) -> String {
    match value {
        value::Value::Missing => "-".to_owned(),
        value::Value::Bool(b) => b.to_string(),
        value::Value::Int(n) => n.to_string(),
        value::Value::Real(n) => real(*n),
        value::Value::Text(text) => text.to_string(),
        value::Value::Time(time) => time.0.to_string(),
        value::Value::Json(json) => json.as_text().map_or("-".to_owned(), |text| text.to_string()),
        value::Value::Set(set) => list(set.iter().map(of_native).collect()),
    }
}

/// The same of a cell of a result.
fn of_kql(value: &Value) -> String {
    match value {
        value if value.is_empty() => "-".to_owned(),
        Value::Real(n) => real(*n),
        Value::Datetime(ticks) => (ticks - EPOCH).to_string(),
        Value::Timespan(ticks) => ticks.to_string(),
        Value::Array(elements) => list(elements.iter().map(of_kql).collect()),
        other => other.to_text().to_string(),
    }
}

fn list(mut elements: Vec<String>) -> String {
    elements.sort();
    format!("[{}]", elements.join(", "))
}

/// Sums and means are added in different orders on both sides.
fn real(n: f64) -> String {
    if n.fract() == 0.0 && n.abs() < 1e15 {
        format!("{n:.0}")
    } else {
        format!("{n:.9e}")
    }
}

/// Runs `with` for every rule that the emitter takes; gives the names of those that it refuses.
fn each_rule(mut with: impl FnMut(&Pair<'_>)) -> Vec<String> {
    let workspace = kql::workspace();
    let mut refused = Vec::new();
    each_subject(&rule_files(), |subject| {
        let Subject { name, catalog, .. } = subject;
        let query = match emit(&subject.compiled.plan, catalog) {
            Ok(query) => query,
            Err(reasons) => {
                refused.push(format!("{name}: {}", reasons[0].message));
                return;
            }
        };
        let read = kql::parse(&query.text).unwrap_or_else(|error| panic!("{name}: {error}\n{}", query.text));
        assert!(read.warnings().is_empty(), "{name}: {:?}", read.warnings());
        let clock = Clock::new(0, None).unwrap();
        kql::check(&read, &database(&workspace, catalog, &[]), clock)
            .unwrap_or_else(|error| panic!("{name}: {error}\n{}", query.text));
        let ready = evaluate::Compiled::new(&subject.compiled.plan, catalog).unwrap();
        assert_eq!(query.frequency, subject.frequency(), "{name}");
        // An alert on events has no clock to move.
        assert!([Span(0), subject.delay()].contains(&query.delay), "{name}");
        with(&Pair {
            subject,
            ready,
            query,
            read,
            workspace: &workspace,
        });
    });
    refused
}

/// What was found over all rules.
#[derive(Default)]
struct Tally {
    runs: usize,
    alerting: usize,
    refused: BTreeMap<String, usize>,
    disagreements: Vec<String>,
}

impl Tally {
    fn take(&mut self, pair: &Pair<'_>, events: &[Event], at: Time, why: &str) {
        self.runs += 1;
        match pair.compare(events, at) {
            Verdict::Agree(rows) => self.alerting += usize::from(rows > 0),
            Verdict::Refused(what) => {
                *self
                    .refused
                    .entry(format!("{}: {what}", pair.subject.name))
                    .or_default() += 1
            }
            Verdict::Differ(..) => self.disagreements.push(pair.describe(events.to_vec(), at, why)),
        }
    }

    fn finish(&self, what: &str) {
        println!(
            "{what}: {} runs, {} of them alert, {} refused, {} disagree",
            self.runs,
            self.alerting,
            self.refused.values().sum::<usize>(),
            self.disagreements.len()
        );
        let mut unknown = Vec::new();
        for (what, count) in &self.refused {
            println!("refused {count} times: {what}");
            if !UNSETTLED
                .iter()
                .any(|(rule, why)| what.starts_with(rule) && what.contains(why))
            {
                unknown.push(what);
            }
        }
        assert!(unknown.is_empty(), "refused by the interpreter: {unknown:#?}");
        assert!(self.disagreements.is_empty(), "{}", self.disagreements.join("\n"));
    }
}

#[test]
fn the_tests_of_every_rule_agree() {
    let mut tally = Tally::default();
    let refused = each_rule(|pair| {
        for test in &pair.subject.compiled.checked.tests {
            let events = test_events(test, pair.subject.catalog);
            tally.take(pair, &events, test.ast.now, &test.ast.name.value);
        }
    });
    println!("not emitted: {refused:#?}");
    tally.finish("tests of rules");
    assert!(tally.runs > 0 && tally.refused.is_empty());
}

/// Some instants of a log: where runs would end, and at, just before and just after events.
fn instants(events: &[Event], every: Span, most: usize) -> Vec<Time> {
    let mut all: Vec<Time> = Vec::new();
    for event in events {
        let time = event.time.unwrap();
        let end = time.bin(every).plus(every);
        all.extend([
            end,
            end.plus(every),
            time,
            time.plus(Span(1)),
            time.plus(Span::minutes(3)),
        ]);
    }
    all.sort();
    all.dedup();
    let step = all.len().div_ceil(most).max(1);
    all.into_iter().step_by(step).collect()
}

#[test]
fn logs_agree() {
    let catalog = Catalog::builtin().unwrap();
    let samples = read_events(Path::new("tests/samples"), &catalog);
    println!("{} events in the samples", samples.len());
    let mut tally = Tally::default();
    each_rule(|pair| {
        let every = pair.query.frequency;
        if let Some(events) = pair.subject.log() {
            for at in instants(&events, every, 60) {
                tally.take(pair, &events, at, "events.jsonl");
            }
        }
        // What both sides read of the samples: the period and the rule's own depth, with room to spare.
        for at in instants(&samples, every, 6) {
            let from = at.minus(pair.query.period).minus(Span::days(16));
            let seen = |event: &&Event| event.time.is_some_and(|t| t > from && t <= at.plus(Span::days(1)));
            let events: Vec<Event> = samples.iter().filter(seen).cloned().collect();
            tally.take(pair, &events, at, "samples");
        }
    });
    tally.finish("logs");
}

#[test]
fn random_events_agree() {
    let (cases, seed) = (number("TRIPLINE_CASES", 100), number("TRIPLINE_SEED", 1));
    let mut tally = Tally::default();
    each_rule(|pair| {
        let mut generator = random::Generator::new(pair.subject, seed).unwrap();
        let (before, found) = (tally.alerting, tally.disagreements.len());
        for _ in 0..cases {
            let (events, at) = generator.case();
            tally.take(pair, &events, at, "random");
            // One of a kind is enough to look at.
            if tally.disagreements.len() > found + 1 {
                break;
            }
        }
        println!("{}: {} of {cases} alert", pair.subject.name, tally.alerting - before);
    });
    tally.finish(&format!("random events, seed {seed}"));
}

/// Ways to break a text; every one must be noticed somewhere.
const BREAKS: [(&str, &str); 24] = [
    (" >= ", " > "),
    (" <= ", " < "),
    (" < ", " <= "),
    (" > ", " >= "),
    (" == ", " != "),
    (" == ", " =~ "),
    (" =~ ", " == "),
    (" in~ (", " in ("),
    (" in (", " !in ("),
    (" has ", " contains "),
    (" startswith ", " contains "),
    (" contains ", " startswith "),
    (" and ", " or "),
    (" or ", " and "),
    ("isnotempty(", "isempty("),
    ("kind=inner ", "kind=innerunique "),
    ("kind=leftanti ", "kind=leftsemi "),
    ("kind=leftouter ", "kind=inner "),
    ("count()", "dcount(TimeGenerated)"),
    ("min(", "max("),
    ("set_difference(", "set_union("),
    ("set_intersect(", "set_union("),
    ("make_set_if(", "make_list_if("),
    (" - ", " + "),
];

#[test]
fn a_broken_text_is_noticed() {
    let mut noticed = vec![(0, 0); BREAKS.len()];
    each_rule(|pair| {
        for ((from, to), (tried, caught)) in BREAKS.iter().zip(&mut noticed) {
            let broken = pair.query.text.replace(from, to);
            let Ok(read) = kql::parse(&broken) else { continue };
            if broken == pair.query.text {
                continue;
            }
            *tried += 1;
            let mut generator = random::Generator::new(pair.subject, 1).unwrap();
            let mut cases: Vec<(Vec<Event>, Time)> = Vec::new();
            for test in &pair.subject.compiled.checked.tests {
                cases.push((test_events(test, pair.subject.catalog), test.ast.now));
            }
            cases.extend((0..30).map(|_| generator.case()));
            let differs = |(events, at): &(Vec<Event>, Time)| {
                matches!(pair.compare_with(&read, events, *at), Verdict::Differ(..))
            };
            *caught += usize::from(cases.iter().any(differs));
        }
    });
    let mut unnoticed = Vec::new();
    for ((from, to), (tried, caught)) in BREAKS.iter().zip(noticed) {
        println!("`{from}` written `{to}`: {caught} of {tried} rules differ");
        if caught == 0 {
            unnoticed.push(from);
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
}

#[test]
fn the_original_texts_run_unmodified() {
    let Some(shared) = std::env::var_os("TRIPLINE_SHARED") else {
        println!("not run: TRIPLINE_SHARED is not set");
        return;
    };
    let catalog = Catalog::builtin().unwrap();
    let samples = read_events(Path::new("tests/samples"), &catalog);
    let database = database(&kql::workspace(), &catalog, &samples);
    let last = samples.iter().filter_map(|event| event.time).max().unwrap();
    let mut files: Vec<PathBuf> = std::fs::read_dir(Path::new(&shared).join("seed-queries"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 4);
    for file in files {
        let query =
            kql::parse(&std::fs::read_to_string(&file).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let clock = Clock::new(last.0, Some(Span::days(14).0)).unwrap();
        kql::check(&query, &database, clock).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let result = kql::run(&query, &database, clock);
        let warnings: Vec<String> = query.warnings().iter().map(ToString::to_string).collect();
        match result {
            Ok(table) => println!("{}: {} rows {warnings:?}", file.display(), table.rows.len()),
            Err(error) => println!("{}: refused: {error}", file.display()),
        }
    }
}

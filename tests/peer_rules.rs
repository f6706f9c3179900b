//! The verdicts of a peer's rule library on its own test events, beside those of our rules that say the same.
//!
//! `tests/peer/pairs.yaml` says which rules belong together, on how many events both agree, and why not on the others; it
//! must be exactly right, and name every rule of the peer. `TRIPLINE_SHARED` names the folder that has the events in
//! `data/peer-tests`; without it only the page is compared with the table. `UPDATE_DOCS=1` writes `tests/peer/README.md` anew.

#![cfg(feature = "cli")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

mod common;
#[path = "docs/markdown.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod markdown;

use markdown::{Part, files, read, refresh};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use tripline::compile::{Files, compile};
use tripline::diagnostics::Severity;
use tripline::evaluate::{Asked, Compiled, Event};
use tripline::source::{Catalog, FIELDS, SourceId};
use tripline::value::{Json, Time};

const TABLE: &str = "tests/peer/pairs.yaml";

/// `pairs.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// Why both sides may differ: a few words, and a sentence.
    reasons: BTreeMap<String, String>,
    pairs: Vec<Pair>,
    /// The peer's other rules: why there is no pair, and which they are.
    others: Vec<Others>,
}

/// A rule of the peer and ours that says the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    peer: String,
    ours: String,
    /// How often an event happens, for rules that count.
    #[serde(default = "once")]
    times: u32,
    /// Fields that are different each time: `-1`, `-2`, .. is put behind the text.
    #[serde(default)]
    each: Vec<String>,
    /// On how many of the events that are no mock-ups both sides agree.
    agree: usize,
    #[serde(default)]
    differences: Vec<Difference>,
}

/// An event on which the two differ.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Difference {
    /// Its number among the peer's tests of that rule, from 1.
    event: usize,
    /// What ours does; the peer's does the other.
    ours: Verdict,
    /// One of the reasons.
    reason: String,
    /// What it is in this event.
    because: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Alert,
    None,
}

/// Rules without a pair.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Others {
    because: String,
    rules: Vec<String>,
}

fn once() -> u32 {
    1
}

/// A test of the peer.
#[derive(Deserialize)]
struct Theirs {
    rule_id: String,
    expected: bool,
    mocked: bool,
    event: serde_json::Value,
}

impl Pair {
    fn name(&self) -> String {
        format!("{} / {}", self.peer, self.ours)
    }
}

fn table() -> Table {
    serde_yaml::from_str(&read(TABLE)).unwrap_or_else(|error| panic!("{TABLE}: {error}"))
}

/// The lines of a file of the peer's data; nothing where the folder is not named.
fn shared<T: for<'de> Deserialize<'de>>(file: &str) -> Option<Vec<T>> {
    let folder = std::env::var_os("TRIPLINE_SHARED").map(PathBuf::from);
    let Some(folder) = folder else {
        println!("not run: TRIPLINE_SHARED is not set");
        return None;
    };
    let path = folder.join("data/peer-tests").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// The event as it is the `n`th time.
fn nth(event: &serde_json::Value, each: &[String], n: u32) -> Json {
    let mut event = event.clone();
    for path in each {
        let pointer = format!("/{}", path.replace('.', "/"));
        let place = event.pointer_mut(&pointer);
        let Some(serde_json::Value::String(text)) = place else {
            continue; // It has no such text: nothing to tell the repetitions apart by.
        };
        write!(text, "-{n}").unwrap();
    }
    Json::parse(event.to_string().as_bytes()).unwrap()
}

/// Whether a rule alerts when an event happens so often, all at one time.
fn alerts(rule: &Compiled<'_>, source: SourceId, event: &serde_json::Value, each: &[String], times: u32) -> bool {
    let time = Time::parse("2025-08-15T10:00:00Z").unwrap();
    let mut state = rule.state(Asked::Stream, None);
    for n in 1..=times {
        state.push(&Event {
            source,
            shape: FIELDS, // A record of CloudTrail: its keys are the names of the fields.
            body: &nth(event, each, n),
            time,
            id: &Arc::from(format!("event {n}")),
        });
    }
    !state.finish().alerts.is_empty()
}

/// What is wrong with the line of a pair, and how it should read.
fn judge(pair: &Pair, rule: &Compiled<'_>, source: SourceId, tests: &[Theirs]) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut agree, mut differ) = (0, BTreeMap::new());
    let theirs = tests.iter().filter(|test| test.rule_id == pair.peer);
    for (event, test) in (1..).zip(theirs).filter(|(_, test)| !test.mocked) {
        let ours = alerts(rule, source, &test.event, &pair.each, pair.times);
        if ours == test.expected {
            agree += 1;
        } else {
            differ.insert(event, if ours { Verdict::Alert } else { Verdict::None });
        }
        if pair.times > 1 && alerts(rule, source, &test.event, &pair.each, pair.times - 1) {
            wrong.push(format!("event {event} alerts before it happened {} times", pair.times));
        }
    }
    if agree == 0 && differ.is_empty() {
        wrong.push("the peer has no event of that rule that is no mock-up".to_owned());
    }
    if agree != pair.agree {
        wrong.push(format!("agree: {agree} (and not {})", pair.agree));
    }
    let named: BTreeMap<usize, Verdict> = pair.differences.iter().map(|d| (d.event, d.ours)).collect();
    assert_eq!(named.len(), pair.differences.len(), "{}: an event twice", pair.name());
    for (event, ours) in &differ {
        if named.get(event) != Some(ours) {
            let word = if *ours == Verdict::Alert { "alert" } else { "none" };
            wrong.push(format!(
                "- {{ event: {event}, ours: {word}, reason: .., because: .. }} is not there"
            ));
        }
    }
    for (event, _) in named.iter().filter(|(event, _)| !differ.contains_key(event)) {
        wrong.push(format!("event {event} is no difference"));
    }
    wrong
}

#[test]
fn every_pair_is_as_the_table_says() {
    let Some(tests) = shared::<Theirs>("panther-cloudtrail-tests.ndjson") else {
        return;
    };
    let table = table();
    let catalog = Catalog::builtin().unwrap();
    let source = catalog.find("aws.cloudtrail").unwrap();
    let mut sources = Files::default();
    for path in files(&common::project().join("rules"), "trip") {
        sources.add(&path, &std::fs::read(&path).unwrap());
    }
    sources.link(&BTreeMap::new());
    let world = sources.world(&catalog).unwrap();
    let mut findings = Vec::new();
    let rules = compile(&sources.trees, &world, &mut findings);
    assert!(!findings.iter().any(|finding| finding.severity == Severity::Error));
    let mut wrong = String::new();
    for pair in &table.pairs {
        let Some(rule) = rules.iter().find(|rule| rule.plan.rule.name == pair.ours) else {
            writeln!(wrong, "{}: there is no rule `{}`", pair.name(), pair.ours).unwrap();
            continue;
        };
        let ready = Compiled::new(&rule.plan, &catalog).unwrap();
        for line in judge(pair, &ready, source, &tests) {
            writeln!(wrong, "{}: {line}", pair.name()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{TABLE}\n{wrong}");
}

#[test]
fn every_rule_of_the_peer_is_in_the_table() {
    #[derive(Deserialize)]
    struct Rule {
        rule_id: String,
    }
    let Some(index) = shared::<Rule>("panther-cloudtrail-rules-index.ndjson") else {
        return;
    };
    let table = table();
    let theirs: BTreeSet<String> = index.into_iter().map(|rule| rule.rule_id).collect();
    let paired: BTreeSet<String> = table.pairs.iter().map(|pair| pair.peer.clone()).collect();
    let mut others = BTreeSet::new();
    for rule in table.others.iter().flat_map(|others| &others.rules) {
        assert!(others.insert(rule.clone()), "{rule} stands twice among the others");
        assert!(!paired.contains(rule), "{rule} has a pair, and stands among the others");
    }
    let ours: BTreeSet<String> = paired.union(&others).cloned().collect();
    let lost: Vec<&String> = theirs.difference(&ours).collect();
    let unknown: Vec<&String> = ours.difference(&theirs).collect();
    assert!(
        lost.is_empty() && unknown.is_empty(),
        "{TABLE}: rules of the peer that are missing {lost:?}, that it does not have {unknown:?}"
    );
}

/// The page's tables, made of the table alone.
fn page(table: &Table) -> String {
    let total: usize = table.pairs.iter().map(|pair| pair.agree).sum();
    let differences: usize = table.pairs.iter().map(|pair| pair.differences.len()).sum();
    let rules: BTreeSet<&str> = table.pairs.iter().map(|pair| pair.peer.as_str()).collect();
    let ours: BTreeSet<&str> = table.pairs.iter().map(|pair| pair.ours.as_str()).collect();
    let mut out = format!(
        "{} pairs of {} rules of the peer and {} of ours; {total} verdicts agree, {differences} differ.\n",
        table.pairs.len(),
        rules.len(),
        ours.len()
    );
    out.push_str("\n| why they differ | verdicts | what it means |\n|---|---|---|\n");
    for (reason, means) in &table.reasons {
        let all = table.pairs.iter().flat_map(|pair| &pair.differences);
        let count = all.filter(|difference| difference.reason == *reason).count();
        writeln!(out, "| {reason} | {count} | {} |", means.trim()).unwrap();
    }
    out.push_str("\n| rule of the peer | ours | agree | differ |\n|---|---|---|---|\n");
    for pair in &table.pairs {
        let mut differ: Vec<String> = Vec::new();
        for difference in &pair.differences {
            let finds = if difference.ours == Verdict::Alert {
                "ours alerts"
            } else {
                "ours does not alert"
            };
            differ.push(format!(
                "event {}, {finds}: {}",
                difference.event,
                difference.because.trim()
            ));
        }
        let (peer, ours, agree) = (&pair.peer, &pair.ours, pair.agree);
        writeln!(out, "| {peer} | `{ours}` | {agree} | {} |", differ.join("; ")).unwrap();
    }
    out.push_str("\n| no pair | because |\n|---|---|\n");
    for others in &table.others {
        writeln!(out, "| {} | {} |", others.rules.join(", "), others.because.trim()).unwrap();
    }
    out
}

#[test]
fn the_page_says_what_the_table_says() {
    let table = table();
    for difference in table.pairs.iter().flat_map(|pair| &pair.differences) {
        assert!(
            table.reasons.contains_key(&difference.reason),
            "no reason `{}`",
            difference.reason
        );
    }
    for reason in table.reasons.keys() {
        let used = table
            .pairs
            .iter()
            .flat_map(|pair| &pair.differences)
            .any(|d| d.reason == *reason);
        assert!(used, "no difference has the reason `{reason}`");
    }
    let part = Part {
        document: "tests/peer/README.md",
        mark: "pairs".to_owned(),
        text: page(&table),
    };
    if let Some(stale) = refresh(part) {
        panic!("{stale}; UPDATE_DOCS=1 writes it");
    }
}

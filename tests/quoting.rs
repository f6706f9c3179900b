//! Whatever an author writes into a literal, a title, a message or a description comes out of every target as it was
//! written: read back by PyYAML (YAML 1.1), by JSON, by the KQL interpreter and by a Sigma engine that others wrote, and
//! still finding the event that holds it and no other. What a target cannot carry it refuses, with help.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

#[path = "common/oracles.rs"]
mod oracles;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use tripline::compile::{Files, compile};
use tripline::diagnostics::has_errors;
use tripline::input::{Event, Place};
use tripline::kql::{self, Clock};
use tripline::settings::Settings;
use tripline::source::{Catalog, FIELDS};
use tripline::targets::{self, Target};
use tripline::value::{Json, Span, Time};

const AWKWARD: &[&str] = &[
    "no",
    "On",
    "yes",
    "~",
    "null",
    "1e3",
    "0x1F",
    "12:30",
    "1_000",
    "2026-11-21",
    "123456789012",
    "-5",
    "<<",
    "=",
    ".inf",
    "'single'",
    "\"double\"",
    "it's",
    "a\\b",
    "\\",
    "a\\",
    "\\*",
    "a\\\\*b",
    "*",
    "a*b?",
    "*lead",
    "?",
    "%",
    "%%x:y%%",
    "${project.version}",
    "Jersey/${project.version}",
    "#",
    "a #b",
    "a: b",
    ": b",
    "- a",
    "@a",
    "`a`",
    "&a",
    "!a",
    "|",
    ">",
    "[x]",
    "[parameters('x')]",
    "[[x]]",
    "[x",
    "x]",
    "a,b",
    "a\tb",
    "a\nb",
    "line\r\nend",
    " lead",
    "trail ",
    "a  b",
    "caf\u{e9}",
    "\u{1f600}",
    "\u{85}",
    "\u{a0}x",
    "a\u{2028}b",
    "// no comment",
    "let x = 1;",
    "kind",
    "a|b",
    "(a)",
    "^a$",
    "a.b",
    "--- a",
    "...",
    "{% x %}",
    "{# x #}",
    "</query>",
    "\u{7f}",
    "a;b",
];
const TESTS: &[&str] = &["==", "=~", "in", "contains", "starts with", "ends with"];

/// A text as the language writes it.
fn literal(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn rule(test: &str, text: &str) -> String {
    let condition = match test {
        "in" => format!("userAgent in [{}, \"another\"]", literal(text)),
        test => format!("userAgent {test} {}", literal(text)),
    };
    // Braces are placeholders in titles and messages.
    let shown = text.replace('{', "{{").replace('}', "}}");
    format!(
        r#"rule quoted {title} {{
  id       "77c72306-d717-5ea8-8a51-6652639f226d"
  version  1.0.0
  severity low
  about    {about}
  falsepositive {about}
  events call = aws.cloudtrail where {condition}
  alert call {{
    title   {shown}
    message {shown}
    ip      sourceIPAddress
    show    eventID
  }}
}}
"#,
        title = literal(&format!("Title {text}")),
        about = literal(&format!("Identifies {text}")),
        shown = literal(&format!("Alert {shown}")),
    )
}

fn other_case(text: &str) -> String {
    let swap = |c: char| match c {
        'a'..='z' => c.to_ascii_uppercase(),
        'A'..='Z' => c.to_ascii_lowercase(),
        c => c,
    };
    text.chars().map(swap).collect()
}

/// Whether the rule takes the value; written a second time, from the words of the reference.
fn takes(test: &str, text: &str, value: &str) -> bool {
    let (folded, needle) = (value.to_ascii_lowercase(), text.to_ascii_lowercase());
    match test {
        "==" => value == text,
        "in" => value == text || value == "another",
        "=~" => folded == needle,
        "contains" => folded.contains(&needle),
        "starts with" => folded.starts_with(&needle),
        _ => folded.ends_with(&needle),
    }
}

/// What the targets made of one text.
struct Made {
    test: &'static str,
    text: String,
    texts: BTreeMap<Target, String>,
}

fn made(test: &'static str, text: &str) -> Made {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    files.add(Path::new("quoted.trip"), rule(test, text).as_bytes());
    let world = files.world(&catalog).unwrap();
    let mut findings = std::mem::take(&mut files.findings);
    let compiled = compile(&files.trees, &world, &mut findings);
    assert!(!has_errors(&findings), "{text:?} {test}: {findings:?}");
    let plan = &compiled.first().unwrap().plan;
    let mut texts = BTreeMap::new();
    for target in Target::ALL {
        match targets::emit(target, plan, &catalog, &Settings::default()) {
            Ok(text) => {
                texts.insert(target, text.text);
            }
            Err(refusals) => {
                assert!(!refusals.is_empty());
                assert!(
                    refusals.iter().all(|r| !r.help.is_empty()),
                    "{text:?} {test}: {refusals:?}"
                );
            }
        }
    }
    Made {
        test,
        text: text.to_owned(),
        texts,
    }
}

const NOON: &str = "2025-08-15T12:00:00Z";

/// The values that the query finds among these.
fn found_by_query(query: &str, values: &[String]) -> Vec<bool> {
    let catalog = Catalog::builtin().unwrap();
    let (source, _) = catalog.iter().find(|(_, s)| s.name == "aws.cloudtrail").unwrap();
    let noon = Time::parse(NOON).unwrap();
    let event = |(n, value): (usize, &String)| {
        let body = serde_json::json!({ "eventID": n.to_string(), "eventTime": NOON, "userAgent": value });
        Event {
            source,
            shape: FIELDS,
            body: Json::parse(body.to_string()).unwrap(),
            time: Some(noon),
            id: n.to_string().into(),
            place: Place::default(),
        }
    };
    let events: Vec<Event> = values.iter().enumerate().map(event).collect();
    let database = kql::database(&catalog, kql::Database::default(), &events);
    let clock = Clock::new(noon.plus(Span::minutes(5)).0, Some(Span::hours(1).0)).unwrap();
    let read = kql::parse(query).unwrap_or_else(|error| panic!("{error}\n{query}"));
    let table = kql::run(&read, &database, clock).unwrap_or_else(|error| panic!("{error}\n{query}"));
    let column = table.column("AwsEventId").unwrap();
    let ids: Vec<String> = table.rows.iter().map(|row| format!("{:?}", row[column])).collect();
    (0..values.len())
        .map(|n| ids.iter().any(|id| id.contains(&format!("\"{n}\""))))
        .collect()
}

/// A string of a template, as the resource manager reads it.
fn evaluated(text: &str) -> String {
    if text.starts_with('[') && text.ends_with(']') {
        let inner = text.strip_prefix('[').unwrap();
        assert!(inner.starts_with('['), "an expression: {text}");
        inner.to_owned()
    } else {
        text.to_owned()
    }
}

/// Text as descriptions and names carry it: on one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn judge(all: &[Made]) {
    let yaml: Vec<(&Made, Target, &String)> = all
        .iter()
        .flat_map(|made| made.texts.iter().map(move |(target, text)| (made, *target, text)))
        .filter(|(_, target, _)| matches!(target, Target::Sentinel | Target::Sigma))
        .collect();
    let read = oracles::yaml11(&yaml.iter().map(|(_, _, text)| text).collect::<Vec<_>>());
    for ((made, target, text), read) in yaml.iter().zip(read) {
        let documents = read.unwrap_or_else(|error| panic!("{:?}: {error}\n{text}", made.text));
        let [document] = documents.as_slice() else {
            panic!("{} documents\n{text}", documents.len());
        };
        assert!(text.is_ascii() && !text.contains('\t'), "{text}");
        match target {
            Target::Sentinel => {
                let query = document["query"].as_str().unwrap();
                assert_eq!(query, made.texts[&Target::Kql], "{:?}", made.text);
                let shown = format!("Alert {}", made.text);
                let details = &document["alertDetailsOverride"];
                assert_eq!(
                    details["alertDescriptionFormat"].as_str(),
                    Some(shown.as_str()),
                    "{text}"
                );
                assert_eq!(
                    details["alertDisplayNameFormat"].as_str(),
                    Some(shown.as_str()),
                    "{text}"
                );
                let name = document["name"].as_str().unwrap();
                let title = one_line(&format!("Title {}", made.text));
                assert_eq!(name.trim_end_matches('.'), title.trim_end_matches('.'), "{text}");
            }
            _ => {
                // Nothing was taken for something else than text.
                for key in ["title", "description", "id", "level", "status"] {
                    assert!(document[key].is_string(), "{key} of {text}");
                }
                assert!(document["falsepositives"][0].is_string(), "{text}");
            }
        }
    }
    for made in all {
        let values = [
            made.text.clone(),
            other_case(&made.text),
            format!("{}x", made.text),
            format!("x{}", made.text),
            made.text.replace('\\', "\\\\"),
            made.text.replace('*', "x"),
            made.text.replace('?', "x"),
            "another".to_owned(),
        ];
        let expected: Vec<bool> = values.iter().map(|v| takes(made.test, &made.text, v)).collect();
        if let Some(query) = made.texts.get(&Target::Kql) {
            assert_eq!(found_by_query(query, &values), expected, "{:?}\n{query}", made.text);
        }
        if let Some(text) = made.texts.get(&Target::Sigma) {
            let time = Time::parse(NOON).unwrap();
            let events: Vec<(Time, Value)> = values
                .iter()
                .map(|value| (time, serde_json::json!({ "userAgent": value })))
                .collect();
            let found =
                tripline::agreement::engine::detect(text, &events).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let found: Vec<bool> = (0..values.len()).map(|n| found.events.contains(&n)).collect();
            assert_eq!(found, expected, "{:?} {}\n{text}", made.text, made.test);
        }
        if let Some(text) = made.texts.get(&Target::Arm) {
            let template: Value = serde_json::from_str(text).unwrap();
            let properties = &template["resources"][0]["properties"];
            let of = |value: &Value| evaluated(value.as_str().unwrap());
            assert_eq!(of(&properties["query"]), made.texts[&Target::Kql]);
            let shown = format!("Alert {}", made.text);
            assert_eq!(of(&properties["alertDetailsOverride"]["alertDescriptionFormat"]), shown);
        }
    }
}

#[test]
fn awkward_texts_survive_every_target() {
    let mut all = Vec::new();
    for text in AWKWARD {
        for test in TESTS {
            all.push(made(test, text));
        }
    }
    judge(&all);
    for target in Target::ALL {
        let carried = all.iter().filter(|made| made.texts.contains_key(&target)).count();
        assert!(
            carried * 10 >= all.len() * 8,
            "{}: {carried} of {}",
            target.word(),
            all.len()
        );
    }
}

/// Texts of an awkward alphabet; one process reads all of their YAML.
#[test]
fn random_texts_survive_every_target() {
    let config = Config::default();
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let texts = "[-aZ9 '\"\\\\*?%$#:,.@`&!|>~=<^_()\\[\\]{}\u{e9}\u{3b1}\u{1f600}\n\t/]{1,12}";
    let strategy = (texts, 0..TESTS.len());
    let mut all = Vec::new();
    while all.len() < 400 {
        let (text, test) = strategy.new_tree(&mut runner).unwrap().current();
        if !text.trim().is_empty() {
            all.push(made(TESTS[test], &text));
        }
    }
    judge(&all);
}

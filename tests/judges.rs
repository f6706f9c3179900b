//! Other people's programs, and a checker of deployment templates, judge texts of our own: they pass what is right and
//! report what is wrong. The texts are those of `tests/oracles`; what Tripline writes is judged where it is written.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test"
)]

#[path = "common/oracles.rs"]
mod oracles;

use oracles::{arm, schemas, sigma, yaml11};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles").join(name)
}

fn files(of: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(of).unwrap().map(|e| e.unwrap().path()).collect();
    found.sort();
    found
}

#[test]
fn sigma_rules_without_fault_pass() {
    let report = sigma(&[folder("clean_sigma")], false);
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    let there = files(&folder("clean_sigma"));
    assert!(there.len() >= 10);
    for target in ["kusto", "splunk", "eql", "esql"] {
        let asked: Vec<&Path> = report
            .conversions
            .iter()
            .filter(|c| c.target == target)
            .map(|c| c.file.as_path())
            .collect();
        assert_eq!(asked, there, "{target}");
    }
}

/// Converters leave things out by name. What is new here was not known; what is gone can be said now.
#[test]
fn what_converters_refuse() {
    let report = sigma(&[folder("clean_sigma")], false);
    let refused: BTreeSet<(&str, &str)> = report
        .conversions
        .iter()
        .filter(|c| c.answer != "ok")
        .map(|c| (c.target.as_str(), c.answer.as_str()))
        .collect();
    let known = BTreeSet::from([
        ("eql", "aliases"),
        ("eql", "exists"),
        ("eql", "fieldref"),
        ("eql", "value_avg"),
        ("eql", "value_sum"),
        ("esql", "aliases"),
        ("esql", "cased"),
        ("esql", "temporal_ordered"),
        ("esql", "value_avg"),
        ("esql", "value_sum"),
        ("kusto", "cased"),
        ("kusto", "correlation"),
        ("splunk", "cased"),
        ("splunk", "temporal_ordered"),
        ("splunk", "value_avg"),
        ("splunk", "value_sum"),
    ]);
    assert_eq!(refused, known);
    let converted: BTreeSet<&str> = report
        .conversions
        .iter()
        .filter(|c| c.answer == "ok")
        .map(|c| c.target.as_str())
        .collect();
    assert_eq!(converted, BTreeSet::from(["eql", "esql", "kusto", "splunk"]));
}

/// Each broken rule says in its first line what must be found: `# expect: check DanglingDetectionIssue`.
#[test]
fn the_judges_of_sigma_are_awake() {
    let broken = files(&folder("awake_sigma"));
    assert!(broken.len() >= 40);
    let mut found: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    for finding in sigma(&broken, true).findings {
        let file = finding
            .file
            .clone()
            .unwrap_or_else(|| panic!("of no file: {finding:?}"));
        found
            .entry(file)
            .or_default()
            .insert(format!("{} {}", finding.judge, finding.finding));
    }
    let run = schemas().is_some();
    for file in broken {
        let text = std::fs::read_to_string(&file).unwrap();
        let expected = text.lines().next().unwrap().strip_prefix("# expect: ").unwrap();
        if !run && expected.starts_with("schema ") {
            eprintln!("not run: {}", file.display());
            continue;
        }
        let found = found.remove(&file).unwrap_or_default();
        assert!(found.contains(expected), "{}: found {found:?}", file.display());
    }
}

/// Judged together, two files of one id are seen.
#[test]
fn a_delivery_of_sigma_rules_is_judged_as_one() {
    let rule = std::fs::read_to_string(folder("clean_sigma/aws_trail_stopped.yml")).unwrap();
    let delivery = tempfile::tempdir().unwrap();
    std::fs::write(delivery.path().join("aws_first_of_one_id.yml"), &rule).unwrap();
    let other = rule.replace("Stopped by a Person", "Stopped by Somebody");
    std::fs::write(delivery.path().join("aws_second_of_one_id.yml"), other).unwrap();
    let found: Vec<String> = sigma(&[delivery.path().to_owned()], false)
        .findings
        .into_iter()
        .map(|f| f.finding)
        .collect();
    assert_eq!(found, ["IdentifierCollisionIssue", "IdentifierCollisionIssue"]);
}

#[test]
fn templates_without_fault_pass() {
    let found = arm(&[folder("clean_arm")]);
    assert!(found.is_empty(), "{found:#?}");
}

/// A change of the template that is clean, and what the judge must say to it.
struct Break {
    expect: &'static str,
    /// A JSON pointer below the first resource; from the root where it begins with `//`.
    at: &'static str,
    /// None takes the value away.
    put: Option<Value>,
}

fn breaks() -> Vec<Break> {
    let put = |expect, at, value| Break {
        expect,
        at,
        put: Some(value),
    };
    let take = |expect, at| Break { expect, at, put: None };
    vec![
        take("required", "//contentVersion"),
        take("required", "//$schema"),
        put(
            "const",
            "//$schema",
            json!("https://json-schema.org/draft/2020-12/schema"),
        ),
        put("pattern", "//contentVersion", json!("1.0.0")),
        put("minItems", "//resources", json!([])),
        put("additionalProperties", "//outcome", json!({})),
        put("parameter", "//parameters/location", json!({"type": "String"})),
        take("required", "//parameters/workspace"),
        take("required", "/type"),
        take("required", "/apiVersion"),
        take("required", "/name"),
        take("required", "/kind"),
        put("enum", "/type", json!("Microsoft.SecurityInsights/alertRules")),
        put("enum", "/kind", json!("scheduled")),
        put("enum", "/apiVersion", json!("2024-13-01")),
        put("additionalProperties", "/location", json!("westeurope")),
        put("pattern", "/name", json!("0d6f4c1e-6a0b-4a1c-9b57-2f5d8e6f1a01")),
        put(
            "pattern",
            "/name",
            json!("[concat(parameters('workspace'), '/Microsoft.SecurityInsights/refused_calls')]"),
        ),
        put(
            "pattern",
            "/name",
            json!(
                "[concat(parameters('workspace'), '/Microsoft.SecurityInsights/0d6f4c1e-6a0b-4a1c-9b57-2f5d8e6f1a01']"
            ),
        ),
        put(
            "expression",
            "/properties/displayName",
            json!("[urgent] many refused calls [log]"),
        ),
        put("expression", "/properties/displayName", json!("[concat('a', 'b'))]")),
        put("expression", "/properties/displayName", json!("[concat('a' 'b')]")),
        put("expression", "/properties/displayName", json!("[concat('it's')]")),
        put("expression", "/properties/displayName", json!("[uniqueString('a')]")),
        put("expression", "/properties/displayName", json!("[parameters('title')]")),
        put("anyOf", "/properties/enabled", json!("true")),
        take("required", "/properties/suppressionDuration"),
        take("required", "/properties/suppressionEnabled"),
        take("required", "/properties/triggerOperator"),
        take("required", "/properties/displayName"),
        put("additionalProperties", "/properties/queryFrequnecy", json!("PT1H")),
        put("enum", "/properties/severity", json!("medium")),
        put("enum", "/properties/triggerOperator", json!("Equals")),
        put("enum", "/properties/triggerOperator", json!("gt")),
        put("type", "/properties/triggerThreshold", json!("0")),
        put("maximum", "/properties/triggerThreshold", json!(10_001)),
        put("pattern", "/properties/queryFrequency", json!("1h")),
        put("pattern", "/properties/queryFrequency", json!("PT")),
        put("pattern", "/properties/queryPeriod", json!("P2W")),
        put("time", "/properties/queryPeriod", json!("PT30M")),
        put("time", "/properties/queryPeriod", json!("P14DT5M")),
        put("time", "/properties/queryFrequency", json!("PT1M")),
        put("time", "/properties/suppressionDuration", json!("P2D")),
        put("enum", "/properties/tactics/0", json!("Defense Evasion")),
        put("pattern", "/properties/techniques/0", json!("T1562.008")),
        put(
            "additionalProperties",
            "/properties/subTechniques",
            json!(["T1580.001"]),
        ),
        put("maxLength", "/properties/query", json!("x".repeat(10_001))),
        put("enum", "/properties/entityMappings/0/entityType", json!("Ip")),
        put(
            "pattern",
            "/properties/entityMappings/0/fieldMappings/0/columnName",
            json!("a b"),
        ),
        put(
            "additionalProperties",
            "/properties/entityMappings/0/fieldMappings/0/column",
            json!("a"),
        ),
        put(
            "maxLength",
            "/properties/customDetails/thisIsMuchTooLongForAKey",
            json!("calls"),
        ),
        put("pattern", "/properties/customDetails/1st", json!("calls")),
        put(
            "placeholder",
            "/properties/alertDetailsOverride/alertDisplayNameFormat",
            json!("{{a}} {{b}} {{c}} {{d}}"),
        ),
        put(
            "placeholder",
            "/properties/alertDetailsOverride/alertDisplayNameFormat",
            json!("{{ calls }}"),
        ),
        put(
            "additionalProperties",
            "/properties/alertDetailsOverride/alertSeverity",
            json!("High"),
        ),
        put(
            "enum",
            "/properties/eventGroupingSettings/aggregationKind",
            json!("alertPerResult"),
        ),
        take("required", "/properties/incidentConfiguration/createIncident"),
        take(
            "required",
            "/properties/incidentConfiguration/groupingConfiguration/lookbackDuration",
        ),
        put(
            "additionalProperties",
            "/properties/incidentConfiguration/groupingConfiguration/reopenClosedIncidents",
            json!(false),
        ),
        put(
            "time",
            "/properties/incidentConfiguration/groupingConfiguration/lookbackDuration",
            json!("P8D"),
        ),
        put(
            "reference",
            "/properties/incidentConfiguration/groupingConfiguration/groupByEntities",
            json!(["Host"]),
        ),
        put(
            "reference",
            "/properties/incidentConfiguration/groupingConfiguration/groupByCustomDetails",
            json!(["names"]),
        ),
        put(
            "anyOf",
            "/properties/incidentConfiguration/groupingConfiguration",
            json!({"enabled": true, "reopenClosedIncident": false, "lookbackDuration": "PT5H", "matchingMethod": "Selected"}),
        ),
        put("const", "//resources/1/apiVersion", json!("2025-09-01")),
        put(
            "additionalProperties",
            "//resources/1/properties/queryPeriod",
            json!("PT1H"),
        ),
        put("reference", "//resources/1/properties/techniques", json!(["T1580"])),
        put("const", "//resources/2/properties/category", json!("Hunting")),
        put("enum", "//resources/2/properties/tags/0/name", json!("Description")),
        put(
            "additionalProperties",
            "//resources/2/properties/severity",
            json!("Low"),
        ),
        put(
            "name",
            "//resources/1/name",
            json!(
                "[concat(parameters('workspace'), '/Microsoft.SecurityInsights/0d6f4c1e-6a0b-4a1c-9b57-2f5d8e6f1a01')]"
            ),
        ),
    ]
}

#[test]
fn the_judge_of_templates_is_awake() {
    let clean = std::fs::read_to_string(folder("clean_arm/rules.json")).unwrap();
    let delivery = tempfile::tempdir().unwrap();
    let mut expected: BTreeMap<PathBuf, (&str, String)> = BTreeMap::new();
    let mut write = |text: String, expect: &'static str, what: String| {
        let file = delivery.path().join(format!("{:03}.json", expected.len()));
        std::fs::write(&file, text).unwrap();
        expected.insert(file, (expect, what));
    };
    for Break { expect, at, put } in breaks() {
        let pointer = match at.strip_prefix('/') {
            Some(root) if root.starts_with('/') => root.to_owned(),
            _ => format!("/resources/0{at}"),
        };
        let mut template: Value = serde_json::from_str(&clean).unwrap();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let what = format!("{at}: {put:?}");
        match template.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = put.unwrap(),
            Value::Object(members) => match put {
                Some(value) => drop(members.insert(key.to_owned(), value)),
                None => drop(members.remove(key).unwrap()),
            },
            other => panic!("{what}: {other} has no members"),
        }
        write(serde_json::to_string(&template).unwrap(), expect, what);
    }
    write(clean.replacen('}', "", 1), "json", "a brace is missing".to_owned());
    write(
        clean.replacen(
            "\"severity\": \"Medium\",",
            "\"severity\": \"Medium\", \"severity\": \"Low\",",
            1,
        ),
        "json",
        "a key twice".to_owned(),
    );
    let mut found: BTreeMap<PathBuf, Vec<(String, String)>> = BTreeMap::new();
    for finding in arm(&[delivery.path().to_owned()]) {
        found
            .entry(finding.file.unwrap())
            .or_default()
            .push((finding.finding, finding.text));
    }
    for (file, (expect, what)) in expected {
        let found = found.remove(&file).unwrap_or_default();
        assert!(
            found.iter().any(|(finding, _)| finding == expect),
            "{what}\nexpected {expect}, found {found:#?}"
        );
    }
}

/// What a YAML 1.1 reader makes of words that look like text.
#[test]
fn a_yaml_1_1_reader_sees_its_own_types() {
    let flagged = |kind: &str, text: &str| json!({"!": kind, "text": text});
    let cases: Vec<(&str, Value)> = vec![
        ("no", json!(false)),
        ("'no'", json!("no")),
        ("on", json!(true)),
        ("y", json!("y")),
        ("12:30", json!(750)),
        ("1_000", json!(1000)),
        ("0123", json!(83)),
        ("0x1F", json!(31)),
        ("1e3", json!("1e3")),
        ("1.0e+3", json!(1000.0)),
        (".inf", flagged("float", "inf")),
        ("2026-11-21", flagged("date", "2026-11-21")),
        ("\"2026-11-21\"", json!("2026-11-21")),
        ("~", Value::Null),
        ("", Value::Null),
        ("!!binary aGk=", flagged("bytes", "6869")),
        ("{a: 1, a: 2}", json!({"!": "map", "pairs": [["a", 1], ["a", 2]]})),
        ("{1: x}", json!({"!": "map", "pairs": [[1, "x"]]})),
        ("{'!': x}", json!({"!": "map", "pairs": [["!", "x"]]})),
        ("{a: [1, {b: no}]}", json!({"a": [1, {"b": false}]})),
        ("|\n  a\n  ---\n  b\n", json!("a\n---\nb\n")),
        ("\"\\u0085 \\U0001F600\"", json!("\u{85} \u{1f600}")),
    ];
    let texts: Vec<String> = cases.iter().map(|(text, _)| format!("--- {text}")).collect();
    for (answer, (text, expected)) in yaml11(&texts).into_iter().zip(&cases) {
        assert_eq!(answer, Ok(vec![expected.clone()]), "{text}");
    }
    for (answer, broken) in yaml11(&["=", "<<", "[a", "a: b: c", "*a", "\tx: 1", "@a", "2026-13-45"])
        .into_iter()
        .zip(1..)
    {
        assert!(answer.is_err(), "{broken}: {answer:?}");
    }
    assert_eq!(
        yaml11(&["a\n--- b\n"])[0],
        Ok(vec![json!("a"), json!("b")]),
        "a stream of documents"
    );
}

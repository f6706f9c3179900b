//! What `tripline build` writes for every shipped rule and every case, judged by programs of others: `sigma check`, Sigma's
//! JSON schemas, a layout check and the converters of four backends; PyYAML; a checker of deployment templates; the
//! ledger's own schema.

#![cfg(feature = "cli")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

mod common;
#[path = "common/oracles.rs"]
mod oracles;

use common::tripline;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The texts of all rules and cases, built once.
fn built() -> &'static Path {
    static BUILT: OnceLock<tempfile::TempDir> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().to_str().unwrap();
            let said = tripline(["build", "rules", "tests/cases", "--target", "all", "--out", out]);
            assert_eq!(said.code, Some(0), "{}", said.stderr);
            folder
        })
        .path()
}

fn files(below: &str, end: &str) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(built().join(below)).sort_by_file_name();
    let paths = entries.into_iter().map(|entry| entry.unwrap().into_path());
    paths
        .filter(|path| path.extension().is_some_and(|e| e == end))
        .collect()
}

#[test]
fn sigma_rules_pass_the_checks_of_their_community() {
    let rules = files("sigma", "yml");
    assert!(rules.len() >= 25, "{} rules", rules.len());
    let report = oracles::sigma(&[built().join("sigma")], false);
    // Cases have short names, which the ledger notes; the shipped rules stand under `aws` and `azure`.
    let counts = |finding: &&oracles::Finding| {
        // It would have rules about the record 4688 of the Security log ask for the creation of a process by any sensor. Those
        // rules name fields of that record, and the source says which log they read.
        if finding.finding == "SpecificInsteadOfGenericLogsourceIssue" {
            return !finding
                .file
                .as_ref()
                .is_some_and(|file| file.starts_with(built().join("sigma/windows")));
        }
        let of_case = finding
            .file
            .as_ref()
            .is_some_and(|file| !file.starts_with(built().join("sigma/aws")));
        !(of_case && finding.finding == "FilenameLengthIssue")
    };
    let findings: Vec<_> = report.findings.iter().filter(counts).collect();
    assert!(findings.is_empty(), "{findings:#?}");
    // The smoke test of the converters ran, and each took what it can.
    for target in ["kusto", "splunk", "eql", "esql"] {
        let taken = report
            .conversions
            .iter()
            .filter(|c| c.target == target && c.answer == "ok")
            .count();
        assert!(taken > 0, "{target} took nothing");
    }
}

#[test]
fn templates_can_be_deployed() {
    assert!(files("arm", "json").len() >= 45);
    let findings = oracles::arm(&[built().join("arm")]);
    assert!(findings.is_empty(), "{findings:#?}");
}

/// Dates stand for themselves here.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) if members.contains_key("!") => members["text"].clone(),
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        Value::Array(elements) => elements.iter().map(plain).collect(),
        other => other.clone(),
    }
}

#[test]
fn readers_of_both_versions_of_yaml_see_the_same() {
    let mut paths = files("sentinel", "yaml");
    paths.extend(files("sigma", "yml"));
    let texts: Vec<String> = paths
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    for ((path, text), read) in paths.iter().zip(&texts).zip(oracles::yaml11(&texts)) {
        let old: Vec<Value> = read.unwrap().iter().map(plain).collect();
        let new: Vec<Value> = serde_yaml::Deserializer::from_str(text)
            .map(|document| serde::Deserialize::deserialize(document).unwrap())
            .collect();
        assert_eq!(old, new, "{}", path.display());
        assert!(
            text.is_ascii() && text.ends_with('\n') && !text.ends_with("\n\n"),
            "{}",
            path.display()
        );
    }
}

/// The order of keys in published rules.
#[test]
fn sentinel_rules_have_the_published_order() {
    const KEYS: [&str; 18] = [
        "id",
        "name",
        "description",
        "severity",
        "requiredDataConnectors",
        "queryFrequency",
        "queryPeriod",
        "triggerOperator",
        "triggerThreshold",
        "tactics",
        "relevantTechniques",
        "query",
        "entityMappings",
        "customDetails",
        "alertDetailsOverride",
        "eventGroupingSettings",
        "version",
        "kind",
    ];
    for path in files("sentinel", "yaml") {
        let text = std::fs::read_to_string(&path).unwrap();
        let keys: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        let places: Vec<usize> = keys
            .iter()
            .map(|key| {
                KEYS.iter()
                    .position(|k| k == key)
                    .unwrap_or_else(|| panic!("{key} in {}", path.display()))
            })
            .collect();
        assert!(places.is_sorted(), "{}: {keys:?}", path.display());
    }
}

/// Whether a file keeps the ledger's schema, by the validator of the Python judges.
fn keeps_schema(file: &Path) -> bool {
    let said = std::process::Command::new(common::project().join("target/oracles/bin/jsonschema"))
        .arg("--instance")
        .arg(file)
        .arg(common::project().join("docs/ledger.schema.json"))
        .output()
        .expect("the judges are not installed: run ./.ci/test");
    if !said.status.success() {
        println!("{}", String::from_utf8_lossy(&said.stderr));
    }
    said.status.success()
}

#[test]
fn the_ledger_keeps_its_schema() {
    let ledger = built().join("ledger.json");
    assert!(keeps_schema(&ledger));
    let mut broken: Value = serde_json::from_str(&std::fs::read_to_string(&ledger).unwrap()).unwrap();
    broken["targets"]["kql"][0]["state"] = "good".into();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.json");
    std::fs::write(&path, broken.to_string()).unwrap();
    assert!(!keeps_schema(&path));
}

/// Every difference that is built has an example, and every entry says what its state needs.
#[test]
fn differences_are_shown() {
    let ledger: Value = serde_json::from_str(&std::fs::read_to_string(built().join("ledger.json")).unwrap()).unwrap();
    let mut shown = 0;
    for record in ledger["targets"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|r| r.as_array().unwrap())
    {
        let (state, rule) = (record["state"].as_str().unwrap(), &record["rule"]);
        let (differences, refusals) = (
            record["differences"].as_array().unwrap(),
            record["refusals"].as_array().unwrap(),
        );
        match state {
            "exact" => assert!(differences.is_empty() && refusals.is_empty(), "{rule}"),
            "refused" => assert!(!refusals.is_empty() && record.get("file").is_none(), "{rule}"),
            _ => {
                assert!(!differences.is_empty(), "{rule}");
                for difference in differences {
                    let example = &difference["example"];
                    assert!(!example["events"].as_array().unwrap().is_empty(), "{rule}");
                    assert_ne!(example["native"], example["target"], "{rule}");
                    shown += 1;
                }
            }
        }
    }
    assert!(shown >= 5, "{shown} differences");
}

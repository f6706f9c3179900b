//! `tripline test --mutate` through the binary: which changes there are, what is said of those that no test notices, and
//! the list of equivalent ones.

#![cfg(feature = "cli")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod common;

use common::{Said, snapshot, tripline};
use serde_json::Value;
use std::path::Path;

fn mutate(path: &str) -> Said {
    tripline(["test", "--mutate", path])
}

fn as_json(path: &str) -> (Said, Value) {
    let said = tripline(["test", "--mutate", "--format", "json", path]);
    let report = serde_json::from_str(&said.stdout).unwrap();
    (said, report)
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().unwrap()
}

/// Every change to every construct: the rules have no tests, so all of them survive.
#[test]
fn every_change_that_there_is() {
    let (said, report) = as_json("tests/mutate/constructs.trip");
    assert_eq!(said.code, Some(1));
    let mut lines = String::new();
    for rule in list(&report, "rules") {
        lines.push_str(&format!("{}\n", rule["rule"].as_str().unwrap()));
        for mutant in list(rule, "survivors") {
            let at = |line: &str, column: &str| format!("{}:{}", mutant[line], mutant[column]);
            let (from, to) = (at("line", "column"), at("endLine", "endColumn"));
            lines.push_str(&format!("  {from} to {to} {}\n", mutant["mutant"].as_str().unwrap()));
        }
        for proved in list(rule, "proved") {
            lines.push_str(&format!("  proved: {}\n", proved.as_str().unwrap()));
        }
    }
    snapshot(Path::new("tests/mutate"), "constructs", &lines);
}

#[test]
fn survivors_are_shown_with_a_test() {
    let said = mutate("tests/mutate/report");
    assert_eq!(said.code, Some(1));
    snapshot(Path::new("tests/mutate/report"), "human", &said.page());
    let said = tripline(["test", "--mutate", "--format", "json", "tests/mutate/report"]);
    assert_eq!(said.code, Some(1));
    snapshot(Path::new("tests/mutate/report"), "json", &said.page());
    let said = tripline(["test", "--mutate", "--format", "junit", "tests/mutate/report"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""));
}

/// The tests that are printed pass over the rule, and notice the change that they were printed for.
#[test]
fn a_test_that_is_pasted_kills_its_mutant() {
    let (_, report) = as_json("tests/mutate/report");
    let rule = &list(&report, "rules")[0];
    let tests: Vec<&str> = list(rule, "survivors")
        .iter()
        .map(|mutant| mutant["test"].as_str().expect("each has a test"))
        .collect();
    assert_eq!(tests.len(), 5);
    let text = std::fs::read_to_string(common::project().join("tests/mutate/report/rule.trip")).unwrap();
    let (before, after) = text.split_once("  test \"two\"").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rule.trip");
    std::fs::write(&path, format!("{before}{}  test \"two\"{after}", tests.concat())).unwrap();
    let (_, report) = as_json(path.to_str().unwrap());
    let rule = &list(&report, "rules")[0];
    assert_eq!(list(rule, "survivors"), [] as [Value; 0]);
    assert_eq!(list(rule, "failing"), [] as [Value; 0]);
}

/// The list is read from the rule's folder and those above it, however the rule is named.
#[test]
fn listed_mutants_are_no_survivors() {
    for path in ["tests/mutate/fine/rules", "tests/mutate/fine/rules/aws/key.trip"] {
        let said = mutate(path);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{}", said.stdout);
        assert_eq!(
            said.stdout,
            "5 mutants of 1 rule: 4 killed, 0 survived, 1 listed as equivalent; 0 more proved to change nothing\n"
        );
    }
}

#[test]
fn a_list_says_what_is_so() {
    for name in ["mistakes", "unreadable", "many"] {
        let said = mutate(&format!("tests/mutate/{name}/rules"));
        assert_eq!(said.code, Some(1), "{name}");
        assert!(said.stderr.contains("error[X011]"), "{name}: {}", said.stderr);
        snapshot(&Path::new("tests/mutate").join(name), "said", &said.page());
    }
}

/// What has the name of a list and cannot be read is no list that is not there.
#[test]
fn a_folder_is_no_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rule.trip");
    std::fs::copy(common::project().join("tests/mutate/fine/rules/aws/key.trip"), &path).unwrap();
    std::fs::create_dir(folder.path().join("equivalent-mutants.yaml")).unwrap();
    let said = mutate(path.to_str().unwrap());
    assert_eq!(said.code, Some(2), "{}", said.page());
    assert!(said.stderr.contains("equivalent-mutants.yaml"), "{}", said.stderr);
}

/// The rule as it was written means what its lowered plan means: over both, the same tests pass.
#[test]
fn no_test_fails_over_a_rule_as_it_was_written() {
    for folder in ["rules", "tests/cases", "tests/meaning"] {
        let (_, report) = as_json(folder);
        for rule in list(&report, "rules") {
            assert_eq!(list(rule, "failing"), [] as [Value; 0], "{folder}: {}", rule["rule"]);
        }
    }
}

#[test]
fn options_that_do_not_go_together() {
    for other in ["--native", "--require-sigma"] {
        let said = tripline(["test", "--mutate", other, "tests/mutate/fine/rules"]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{other}");
    }
    let said = mutate("tests/errors/bad_index.trip");
    assert_eq!(said.code, Some(2), "there is no such file");
}

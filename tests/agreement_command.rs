//! `tripline test`, `verify` and `prove`, as a person calls them.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{snapshot, tripline};
use std::path::Path;

const SNAPSHOTS: &str = "tests/snapshots";

#[test]
fn the_shipped_rules_agree_with_every_text() {
    let said = tripline(["test", "--require-sigma"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    snapshot(Path::new(SNAPSHOTS), "test_matrix", &said.page());
}

#[test]
fn verify_says_what_it_looked_at_and_finds_nothing() {
    let rules = "rules/aws/signin";
    let arguments = ["verify", rules, "--cases", "40", "--seed", "3", "--require-sigma"];
    let said = tripline(arguments);
    assert_eq!(said.code, Some(0), "{}", said.page());
    snapshot(Path::new(SNAPSHOTS), "verify", &said.page());
    assert_eq!(said.stdout, tripline(arguments).stdout, "the seed decides");
    let other = tripline(["verify", rules, "--cases", "40", "--seed", "4"]);
    assert_ne!(said.stdout, other.stdout);
}

#[test]
fn verify_for_machines() {
    let said = tripline([
        "verify",
        "rules/azure/azure_cloudshell_usage.trip",
        "--cases",
        "100",
        "--format",
        "json",
    ]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&report["seed"], &report["cases"]), (&1.into(), &100.into()));
    let rule = &report["rules"][0];
    assert!(rule["alerting"].as_u64().unwrap() >= 20, "{rule}");
    assert_eq!(rule["targets"]["kql"]["says"], "agree");
    assert_eq!(rule["targets"]["kql"]["disagree"], 0);
    assert_eq!(rule["targets"]["sigma"]["says"], "refused");
}

#[test]
fn a_rule_that_nothing_is_known_of_is_not_verified() {
    let said = tripline(["verify", "tests/bad/never.trip", "--cases", "30"]);
    snapshot(Path::new(SNAPSHOTS), "verify_nothing", &said.page());
    assert_eq!(said.code, Some(1));
}

#[test]
fn a_proof_is_a_query_over_its_own_events() {
    for (name, arguments) in [
        ("prove", vec!["prove", "console_password_spray", "--test", "ten users"]),
        (
            "prove_file",
            vec![
                "prove",
                "rules/aws/cloudtrail/cloudtrail_stopped.trip",
                "--test",
                "a call that was refused",
            ],
        ),
        ("prove_without_a_test", vec!["prove", "cloudtrail_stopped"]),
        ("prove_of_no_rule", vec!["prove", "no_such_rule"]),
        (
            "prove_of_no_test",
            vec!["prove", "cloudtrail_stopped", "--test", "no such test"],
        ),
    ] {
        snapshot(Path::new(SNAPSHOTS), name, &tripline(arguments).page());
    }
}

/// The proof is what the command that runs KQL reads, at any clock.
#[test]
fn a_proof_finds_its_rows_anywhere() {
    let proof = tripline(["prove", "console_password_spray", "--test", "ten users"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proof.kql");
    std::fs::write(&file, &proof.stdout).unwrap();
    let said = tripline(["kql", file.to_str().unwrap(), "--format", "json"]);
    let table: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(table["rows"].as_array().unwrap().len(), 1, "{}", said.page());
}

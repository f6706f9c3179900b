//! Every case and every shipped rule, stage by stage, through the binary: the layout, the plan, the query, the alerts.
//!
//! The snapshots of a case stand in its folder, those of a rule in `tests/snapshots/rules`.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{Said, cases, folders, relative, rules, snapshot, tripline};
use std::path::{Path, PathBuf};

fn build(stage: &[&str], rule: &Path) -> Said {
    let mut args: Vec<PathBuf> = vec!["build".into(), rule.into()];
    args.extend(stage.iter().map(PathBuf::from));
    tripline(args)
}

/// The plan and the query of a rule (or why there is none), beside each other in a folder.
fn stages(folder: &Path, prefix: &str, rule: &Path) {
    let laid_out = tripline([Path::new("fmt"), Path::new("--check"), rule]);
    assert_eq!(laid_out.code, Some(0), "{}", laid_out.page());
    let plan = build(&["--emit", "plan"], rule);
    assert_eq!(plan.code, Some(0), "{}", plan.page());
    snapshot(folder, &format!("{prefix}plan"), &plan.page());
    let kql = build(&["--target", "kql", "--stdout"], rule);
    snapshot(folder, &format!("{prefix}kql"), &kql.page());
}

#[test]
fn every_stage_of_every_case() {
    let cases = cases();
    assert!(cases.len() >= 28, "cases are not there");
    for case in cases {
        stages(&case.folder, "", &case.rule());
        snapshot(&case.folder, "run", &tripline(case.run()).page());
    }
}

#[test]
fn every_stage_of_every_shipped_rule() {
    let mut names = Vec::new();
    for folder in folders("rules") {
        for rule in rules(relative(&folder).to_str().unwrap()) {
            let name = rule.file_stem().unwrap().to_str().unwrap().to_owned();
            stages(Path::new("tests/snapshots/rules"), &format!("{name}."), &rule);
            names.push(name);
        }
    }
    for seed in [
        "cloudshell_unseen_commands",
        "aws_cli_recon_burst",
        "ssm_output_to_foreign_bucket",
        "azure_cloudshell_usage",
    ] {
        assert!(names.iter().any(|name| name == seed), "{seed} is not there");
    }
}

/// The first comment of a case says what comes out; a case without it is none.
#[test]
fn every_case_says_what_must_come_out() {
    for case in cases() {
        let text = std::fs::read_to_string(common::project().join(case.rule())).unwrap();
        assert!(text.starts_with("# "), "{}", case.name);
        let (left, right) = (text.matches("\nrule ").count(), text.matches("\n  alert ").count());
        assert_eq!((left, right), (1, 1), "{} is about one rule", case.name);
    }
}

//! Every case and every shipped rule, stage by stage, through the binary: the layout, the plan, the query, the alerts.
//!
//! The snapshots of a case stand in its folder, those of a rule in `tests/snapshots/rules`.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{Said, cases, folders, relative, rules, snapshot, tripline};
use std::path::{Path, PathBuf};
use tripline::compile::{Files, compile};
use tripline::settings::Settings;
use tripline::source::Catalog;
use tripline::targets::ledger::State;
use tripline::targets::{self, Target, capability};

fn build(stage: &[&str], rule: &Path) -> Said {
    let mut args: Vec<PathBuf> = vec!["build".into(), rule.into()];
    args.extend(stage.iter().map(PathBuf::from));
    tripline(args)
}

/// The plan and the texts of a rule (or why there is none), beside each other in a folder.
fn stages(folder: &Path, prefix: &str, rule: &Path, targets: &[&str]) {
    let laid_out = tripline([Path::new("fmt"), Path::new("--check"), rule]);
    assert_eq!(laid_out.code, Some(0), "{}", laid_out.page());
    let plan = build(&["--emit", "plan"], rule);
    assert_eq!(plan.code, Some(0), "{}", plan.page());
    snapshot(folder, &format!("{prefix}plan"), &plan.page());
    for target in targets {
        let text = build(&["--target", target, "--stdout"], rule);
        snapshot(folder, &format!("{prefix}{target}"), &text.page());
    }
}

#[test]
fn every_stage_of_every_case() {
    let cases = cases();
    assert!(cases.len() >= 41, "cases are not there");
    for case in cases {
        // The template is Sentinel's rule in another dress; those of the shipped rules show it.
        stages(&case.folder, "", &case.rule(), &["kql", "sentinel", "sigma"]);
        snapshot(&case.folder, "run", &tripline(case.run()).page());
    }
}

#[test]
fn every_stage_of_every_shipped_rule() {
    let mut names = Vec::new();
    for folder in folders("rules") {
        for rule in rules(relative(&folder).to_str().unwrap()) {
            let name = rule.file_stem().unwrap().to_str().unwrap().to_owned();
            let targets = ["kql", "sentinel", "arm", "sigma"];
            stages(Path::new("tests/snapshots/rules"), &format!("{name}."), &rule, &targets);
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

/// What `tripline targets` says of a construct is what comes out for the case that shows it.
#[test]
fn every_capability_is_shown_by_its_case() {
    let catalog = Catalog::builtin().unwrap();
    for row in capability::ALL {
        let path = common::project().join("tests/cases").join(row.case).join("rule.trip");
        let mut files = Files::default();
        files.add(
            &path,
            &std::fs::read(&path).unwrap_or_else(|_| panic!("there is no case {}", row.case)),
        );
        let world = files.world(&catalog).unwrap();
        let compiled = compile(&files.trees, &world, &mut Vec::new());
        let plan = &compiled.first().unwrap().plan;
        for target in Target::ALL {
            let state = match targets::emit(target, plan, &catalog, &Settings::default()) {
                Ok(text) => text
                    .differences
                    .iter()
                    .fold(State::Exact, |state, d| state.and(d.state)),
                Err(_) => State::Refused,
            };
            assert_eq!(state, row.of(target).state, "{}: {}", row.case, target.word());
        }
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

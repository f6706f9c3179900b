//! Every case, stage by stage, through the binary: the layout, the plan, the texts, the alerts; and the texts of every
//! shipped rule.
//!
//! The snapshots of a case stand in its folder, the texts of the shipped rules in `dist`.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{Said, cases, snapshot, tripline};
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

/// What the shipped rules compile to stands in `dist`, for those who deploy it, and for review where it changes.
#[test]
fn texts_of_shipped_rules_are_up_to_date() {
    for args in [
        &["fmt", "--check", "rules"][..],
        &["build", "rules", "--target", "all", "--out", "dist", "--check"],
        &["index", "rules", "--check"],
    ] {
        let said = tripline(args);
        assert_eq!(
            said.code,
            Some(0),
            "`tripline build rules --target all --out dist --prune` and `tripline index` write what is new\n{}",
            said.page()
        );
    }
    // Everything that stands there is of a rule that there is.
    let ledger = std::fs::read_to_string(common::project().join("dist/ledger.json")).unwrap();
    let entries = walkdir::WalkDir::new(common::project().join("dist")).min_depth(1);
    for entry in entries.into_iter().map(Result::unwrap) {
        let name = entry.file_name().to_str().unwrap().to_owned();
        let known = ledger.contains(&format!("/{name}\"")) || name == "ledger.json";
        assert!(entry.file_type().is_dir() || known, "{}", entry.path().display());
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
        files.link(&Default::default());
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

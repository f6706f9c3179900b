//! What people are told about their mistakes: one file a mistake, and what `tripline check` says about it.
//!
//! `tests/errors/poor/` holds those whose message we know to be poor; its README says what would be better.

#![cfg(feature = "cli")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

mod common;

use common::{Said, folders, relative, rules, snapshot, tripline};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tripline::diagnostics::Code;

/// Codes that `check` cannot give on a file of rules, and where they are tested instead.
const ELSEWHERE: &[(Code, &str)] = &[
    (Code::SigmaRefused, "tests/errors_targets, src/targets/sigma/tests"),
    (Code::NotPermitted, BUILD),
    (Code::Denied, BUILD),
    (Code::TestFailed, "tests_that_fail, below"),
    (Code::Disagreement, "src/cli/agreement/tests.rs"),
    (Code::Survivor, "tests/mutate_command.rs"),
    (Code::BadEquivalent, "tests/mutate_command.rs"),
    (Code::QueryTooLong, "src/targets/kql/tests.rs"),
    (Code::FrequencyTooShort, SENTINEL),
    (Code::NrtUnfit, SENTINEL),
    (Code::TooManyEntities, SENTINEL),
    (Code::TooManyDetails, SENTINEL),
    (Code::BadDetailName, SENTINEL),
    (Code::BadOverride, SENTINEL),
    (Code::EntityUnfit, SENTINEL),
    (Code::TextTooLong, SENTINEL),
    (
        Code::BrokenText,
        "src/targets/sentinel/yaml.rs, src/targets/arm/json.rs",
    ),
    (Code::SettingsUnreadable, "tests/settings.rs"),
    (Code::UnknownSetting, "tests/settings.rs"),
    (Code::BadSetting, "tests/settings.rs"),
    (Code::UnfitSetting, "tests/settings.rs"),
    (Code::ValuesUnreadable, "tests/settings.rs, tests/values.rs"),
    (Code::UnknownValue, "tests/settings.rs, tests/values.rs"),
    (Code::BadDeploymentValue, "tests/settings.rs, tests/values.rs"),
    (Code::SourceUnreadable, SOURCES),
    (Code::UnknownSourceKey, SOURCES),
    (Code::MissingSourceKey, SOURCES),
    (Code::BadSourceValue, SOURCES),
    (Code::SourceNameTwice, SOURCES),
    (Code::UnfitSource, SOURCES),
    (Code::UnfitColumn, SOURCES),
    (Code::UnknownTable, SOURCES),
    (Code::KqlWrong, "tests/kql_command.rs"),
    (Code::KqlDoubtful, "tests/kql_command.rs"),
];

const BUILD: &str = "tests/build.rs, tests/errors_targets";
const SOURCES: &str = "tests/source_files.rs";
const SENTINEL: &str = "tests/errors_targets, src/targets/sentinel/tests/limits.rs";

fn check(path: &Path) -> Said {
    tripline([Path::new("check"), path])
}

/// The codes that stand in findings: `error[P001]`.
fn codes(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("error[").or_else(|| line.strip_prefix("warning[")))
        .filter_map(|rest| rest.split_once(']'))
        .map(|(code, _)| code.to_owned())
        .collect()
}

fn all() -> Vec<PathBuf> {
    let mut paths = rules("tests/errors");
    paths.extend(rules("tests/errors/poor"));
    paths
}

#[test]
fn every_mistake_is_explained() {
    for path in all() {
        let said = check(&path);
        let found = codes(&said.stderr);
        let poor = path.starts_with("tests/errors/poor");
        assert!(poor || !found.is_empty(), "nothing is said about {}", path.display());
        let error = said.stderr.lines().any(|line| line.starts_with("error["));
        assert_eq!(said.code, Some(i32::from(error)), "{}", path.display());
        assert_eq!(said.stdout, "", "findings for people go to standard error");
        let name = path.file_stem().unwrap().to_str().unwrap();
        snapshot(path.parent().unwrap(), name, &said.page());
    }
}

/// Rules that a target does not take: one file a mistake, built for Sigma where its name begins so, else for Sentinel.
fn of_targets() -> Vec<PathBuf> {
    let mut paths = rules("tests/errors_targets");
    for folder in folders("tests/errors_targets") {
        paths.extend(rules(relative(&folder).to_str().unwrap()));
    }
    paths
}

#[test]
fn every_mistake_of_a_target_is_explained() {
    for path in of_targets() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let target = if name.starts_with("sigma_") {
            "sigma"
        } else {
            "sentinel"
        };
        let said = tripline([
            Path::new("build"),
            &path,
            Path::new("--target"),
            Path::new(target),
            Path::new("--stdout"),
        ]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{}", path.display());
        assert!(
            codes(&said.stderr).iter().any(|code| code.starts_with(['T', 'S'])),
            "{}: {}",
            path.display(),
            said.stderr
        );
        snapshot(path.parent().unwrap(), name, &said.page());
    }
}

/// The list of poor messages names every one of them and no other.
#[test]
fn poor_messages_are_listed() {
    let readme = std::fs::read_to_string(common::project().join("tests/errors/poor/README.md")).unwrap();
    let listed: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    let there: Vec<String> = rules("tests/errors/poor")
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, there);
}

/// A snapshot without its file was left behind.
#[test]
fn every_snapshot_has_its_mistake() {
    let folders = [
        "tests/errors",
        "tests/errors/poor",
        "tests/errors_targets",
        "tests/errors_targets/nrt",
    ];
    for folder in folders {
        for entry in std::fs::read_dir(common::project().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "snap") {
                assert!(path.with_extension("trip").is_file(), "{}", path.display());
            }
        }
    }
}

/// What a finding of the compiler may not hold: words of the program's inside.
#[test]
fn messages_are_in_the_words_of_the_user() {
    let inside =
        regex::Regex::new(r"\b(Int|Real|Text|Bool|Some|None|Ok|Err|Span|FileId)\(|Rule::|::[a-z]|parameter '").unwrap();
    for path in rules("tests/errors").into_iter().chain(of_targets()) {
        let said = check(&path);
        for line in said.stderr.lines() {
            assert!(!inside.is_match(line), "{}: {line}", path.display());
            assert!(!line.contains("expected \n"), "{}: {line}", path.display());
        }
    }
}

#[test]
fn every_code_has_a_mistake() {
    let mut found = BTreeSet::new();
    for path in all() {
        // What is promised is tried only where nothing else is wrong.
        found.extend(codes(&check(&path).stderr));
    }
    for code in Code::ALL {
        let elsewhere = ELSEWHERE.iter().any(|(other, _)| other == code);
        let here = found.contains(code.as_str());
        assert!(
            here != elsewhere,
            "{} ({}): {}",
            code.as_str(),
            code.title(),
            if here {
                "is no exception any more"
            } else {
                "put a file that shows it into tests/errors"
            }
        );
    }
}

#[test]
fn findings_for_machines() {
    for name in ["several_mistakes", "unguarded_key"] {
        let path = format!("tests/errors/{name}.trip");
        let said = tripline(["check", path.as_str(), "--format", "json"]);
        let list: Vec<serde_json::Value> = serde_json::from_str(&said.stdout).unwrap();
        assert!(!list.is_empty());
        for finding in &list {
            for key in [
                "code",
                "severity",
                "message",
                "file",
                "line",
                "column",
                "endLine",
                "endColumn",
                "labels",
                "notes",
                "help",
            ] {
                assert!(finding.get(key).is_some(), "{name}: no {key} in {finding}");
            }
        }
        let text = serde_json::to_string_pretty(&list).unwrap();
        let folder = Path::new("tests/snapshots");
        snapshot(
            folder,
            &format!("{name}.json"),
            &format!("exit {}\n{text}", said.code.unwrap()),
        );
        assert_eq!(said.stderr, "");
    }
}

#[test]
fn warnings_can_be_denied() {
    let path = "tests/errors/unguarded_key.trip";
    assert_eq!(tripline(["check", path]).code, Some(0));
    assert_eq!(tripline(["check", path, "--deny", "warnings"]).code, Some(1));
}

#[test]
fn tests_that_fail() {
    let folder = Path::new("tests/snapshots");
    for format in ["human", "json", "junit"] {
        let said = tripline(["test", "tests/bad/tests_that_fail.trip", "--format", format]);
        assert_eq!(said.code, Some(1));
        snapshot(folder, &format!("tests_that_fail.{format}"), &said.page());
    }
}

/// One finding a mistake: what follows from an error is not reported beside it.
#[test]
fn one_mistake_is_one_finding() {
    let several = ["several_mistakes", "column_of_sentinel", "unused_constants"];
    for path in rules("tests/errors") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let said = check(&path);
        let count = said
            .stderr
            .lines()
            .filter(|line| line.starts_with("error[") || line.starts_with("warning["))
            .count();
        assert!(
            count == 1 || several.contains(&name),
            "{name}: {count} findings\n{}",
            said.stderr
        );
    }
}

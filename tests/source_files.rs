//! What people are told about mistakes in source files: one file a mistake, and what `tripline check` says about it; the same
//! in a `targets/sources` folder beside rules.

#![cfg(feature = "cli")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

mod common;

use common::{Said, project, snapshot, tripline};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tripline::diagnostics::Code;

const FOLDER: &str = "tests/source_files";

/// The codes of the findings, in order.
fn codes(said: &Said) -> Vec<String> {
    let lines = said.stderr.lines();
    lines
        .filter_map(|line| line.strip_prefix("error[").or_else(|| line.strip_prefix("warning[")))
        .filter_map(|rest| rest.split_once(']'))
        .map(|(code, _)| code.to_owned())
        .collect()
}

fn mistakes() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(project().join(FOLDER))
        .unwrap()
        .map(|entry| Path::new(FOLDER).join(entry.unwrap().file_name()))
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_mistake_is_explained() {
    let mut all = BTreeSet::new();
    for path in mistakes() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let said = tripline([Path::new("check"), &path]);
        let found = codes(&said);
        let expected = match name {
            "sound" => 0,
            "several" => 6,
            _ => 1,
        };
        assert_eq!(found.len(), expected, "{name}: {}", said.stderr);
        let error = said.stderr.lines().any(|line| line.starts_with("error["));
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (Some(i32::from(error)), ""),
            "{name}"
        );
        snapshot(Path::new(FOLDER), name, &said.page());
        all.extend(found);
    }
    for code in Code::ALL.iter().map(|code| code.as_str()) {
        if code.starts_with('L') {
            assert!(all.contains(code), "put a file that shows {code} into {FOLDER}");
        }
    }
}

#[test]
fn every_snapshot_has_its_mistake() {
    for entry in std::fs::read_dir(project().join(FOLDER)).unwrap() {
        let path = entry.unwrap().path();
        assert!(path.with_extension("yaml").is_file(), "{}", path.display());
    }
}

/// What a finding may not hold: words of the program's inside.
#[test]
fn messages_are_in_the_words_of_the_user() {
    let inside = regex::Regex::new(r"\b(Some|None|Ok|Err|Span|Plain|Text)\(|::[a-z]|\(checked\)").unwrap();
    for path in mistakes() {
        let said = tripline([Path::new("check"), &path]);
        for line in said.stderr.lines() {
            assert!(!inside.is_match(line), "{}: {line}", path.display());
        }
    }
}

#[test]
fn our_own_sources_are_sound() {
    let said = tripline(["check", "targets/sources", "--deny", "warnings"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(said.stderr, "8 source files: 0 errors, 0 warnings\n");
}

/// A folder with a rule, and source files beside it.
fn beside(sources: &[(&str, String)], tables: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (below, name, text) in sources
        .iter()
        .map(|(name, text)| ("targets/sources", *name, text.as_str()))
        .chain(tables.iter().map(|(name, text)| ("targets/tables", *name, *text)))
    {
        std::fs::create_dir_all(folder.path().join(below)).unwrap();
        std::fs::write(folder.path().join(below).join(name), text).unwrap();
    }
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let rule =
        "rule quick \"Quick\" {\n  severity low\n  events e = my.audit where quick\n  alert e { show account }\n}\n";
    std::fs::write(folder.path().join("rules/quick.trip"), rule).unwrap();
    folder
}

fn text(name: &str) -> String {
    std::fs::read_to_string(project().join(FOLDER).join(name)).unwrap()
}

#[test]
fn sources_beside_rules_are_checked_with_them() {
    let events = r#"{"event":{"what":"w","kind":"audit","time":"2025-01-01T00:00:00Z"}}"#;
    let own = text("table_unknown.yaml");
    let columns = "TimeGenerated: datetime\nId: string\nOperationName: string\nIdentity: string\nDurationMs: long\n";
    let mut pages = String::new();
    for (name, source, tables) in [
        ("sound", text("sound.yaml"), vec![]),
        ("a table that is not known", own.clone(), vec![]),
        (
            "a table of our own that lacks a column",
            own.clone(),
            vec![("MyTrail_CL.yaml", columns.to_owned())],
        ),
        (
            "a table of our own",
            own,
            vec![("MyTrail_CL.yaml", format!("{columns}AdditionalDetails: dynamic\n"))],
        ),
        ("several mistakes", text("several.yaml"), vec![]),
        ("a computed field", text("computed_no_expression.yaml"), vec![]),
        ("a type", text("computed_types.yaml"), vec![]),
    ] {
        let tables: Vec<(&str, &str)> = tables.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let folder = beside(&[("mine.yaml", source)], &tables);
        std::fs::write(folder.path().join("events.json"), events).unwrap();
        let path = folder.path().to_str().unwrap();
        let rules = format!("{path}/rules");
        for args in [
            vec!["check", rules.as_str()],
            vec!["run", rules.as_str(), "--input", &format!("{path}/events.json")],
        ] {
            let said = tripline(&args);
            pages.push_str(&format!(
                "== {name}: {}\n{}\n",
                args[0],
                said.page().replace(path, "<folder>")
            ));
        }
    }
    snapshot(Path::new("tests/snapshots"), "sources_beside_rules", &pages);
}

/// The name of a rule's set before a field leads back into the source.
#[test]
fn a_computed_field_cannot_come_back_to_itself_through_a_rule() {
    let again = text("sound.yaml").replace("before(who.name, \"@\")", "before(e.account, \"@\")");
    let folder = beside(&[("audit.yaml", again)], &[]);
    let said = tripline([
        Path::new("run"),
        &folder.path().join("rules"),
        Path::new("--input"),
        folder.path(),
    ]);
    assert_eq!(said.code, Some(1), "{}", said.page());
    assert_eq!(codes(&said), ["N002"], "{}", said.page());
}

/// What `source new --out targets` writes is checked by the name that it was given.
#[test]
fn a_folder_of_targets_is_checked_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let sources = folder.path().join("targets/sources");
    std::fs::create_dir_all(&sources).unwrap();
    std::fs::write(sources.join("audit.yaml"), text("computed_itself.yaml")).unwrap();
    for (from, path) in [("", "targets"), ("targets", "."), ("targets/sources", ".")] {
        let mut command = common::command(["check", path]);
        command.current_dir(folder.path().join(from));
        let said = common::finish(command);
        assert_eq!(
            (said.code, codes(&said)),
            (Some(1), vec!["L006".to_owned()]),
            "{from}: {}",
            said.page()
        );
    }
}

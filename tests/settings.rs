//! Deployment settings through the binary: what people are told about mistakes in a `tripline.toml`, one folder a mistake,
//! and which files are read for which rules.

#![cfg(feature = "cli")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

mod common;

use common::{Said, command, finish, folders, relative, snapshot, tripline};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tripline::diagnostics::Code;

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
    folders("tests/settings")
        .iter()
        .map(|folder| relative(folder))
        .collect()
}

#[test]
fn every_mistake_is_explained() {
    let mut all = BTreeSet::new();
    for folder in mistakes() {
        let name = folder.display();
        let said = tripline([Path::new("check"), &folder]);
        let found = codes(&said);
        let several = folder.ends_with("several");
        assert!(
            if several { found.len() > 3 } else { found.len() == 1 },
            "{name}: {found:?}"
        );
        assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{name}");
        // The rule beside them is right, and is compiled all the same.
        assert!(said.stderr.contains("1 rule that compile"), "{name}");
        snapshot(&folder, "check", &said.page());
        all.extend(found);
    }
    for code in Code::ALL
        .iter()
        .map(|code| code.as_str())
        .filter(|code| code.starts_with('S'))
    {
        assert!(all.contains(code), "put a folder that shows {code} into tests/settings");
    }
}

/// What a finding may not hold: words of the program's inside.
#[test]
fn messages_are_in_the_words_of_the_user() {
    let inside = regex::Regex::new(r"\b(Some|None|Ok|Err|Span|Integer|String|Table)\(|::[a-z]").unwrap();
    for folder in mistakes() {
        let said = tripline([Path::new("check"), &folder]);
        for line in said.stderr.lines() {
            assert!(!inside.is_match(line), "{}: {line}", folder.display());
        }
    }
}

#[test]
fn findings_for_machines() {
    let said = tripline(["check", "tests/settings/several", "--format", "json"]);
    let list: Vec<serde_json::Value> = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(said.code, Some(1));
    let first = list.first().unwrap();
    assert_eq!(first["file"], "tests/settings/several/tripline.toml");
    assert_eq!((&first["line"], &first["column"]), (&2.into(), &8.into()));
}

/// A folder of rules on disk, thrown away at the end.
struct Rules(tempfile::TempDir);

impl Rules {
    /// Files and what is in them; those that end in `.trip` hold a rule of that name.
    fn new(files: &[(&str, &str)]) -> Rules {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let text = match path.extension() {
                Some(end) if end == "trip" => rule(name),
                _ => (*text).to_owned(),
            };
            std::fs::write(&path, text).unwrap();
        }
        Rules(folder)
    }

    /// `tripline check`, started in a folder.
    fn check(&self, from: &str, paths: &[&str]) -> Said {
        let mut command = command(std::iter::once("check").chain(paths.iter().copied()));
        command.current_dir(self.0.path().join(from));
        finish(command)
    }
}

/// A rule that promises Sentinel, and reads 13 days back: with a delay of a day it is refused.
fn rule(name: &str) -> String {
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, name.as_bytes());
    format!(
        r#"rule {name} "Unseen calls" {{
  id      "{id}"
  version 1.0.0
  every   1h
  targets sentinel, native

  events call = aws.cloudtrail
    where userIdentity.userName is present

  group hour = call by user = userIdentity.userName per 1h {{
    names = set eventName
  }}

  baseline past = hour over 13d

  alert hour where not (names minus past.names is empty) {{
    account user
    show    names
  }}
}}
"#
    )
}

const LATE: &str = "[sentinel]\ndelay = \"1d\"\n";
const EARLY: &str = "[sentinel]\ndelay = \"10m\"\n";
const BROKEN: &str = "[sentinel\n";

/// The promise of a rule is tried with the delay that its settings give.
#[test]
fn a_promise_is_tried_with_the_settings_of_its_rule() {
    for (settings, refused) in [
        ("", false),
        (LATE, true),
        (EARLY, false),
        ("[source.\"aws.cloudtrail\"]\ndelay = \"1d\"\n", true),
        ("[source.\"azure.activity\"]\ndelay = \"1d\"\n", false),
        ("[rule.a.sentinel]\ndelay = \"1d\"\n", true),
        ("[rule.b.sentinel]\ndelay = \"1d\"\n", false),
    ] {
        let rules = Rules::new(&[("rules/a.trip", ""), ("rules/b.trip", ""), ("tripline.toml", settings)]);
        let said = rules.check("", &["rules/a.trip"]);
        let expected: &[&str] = if refused { &["T102"] } else { &[] };
        assert_eq!(codes(&said), expected, "{settings}\n{}", said.stderr);
    }
}

/// Files are looked for from the rule's folder to the one that holds `rules`, however the rule is named.
#[test]
fn a_rule_finds_its_settings_however_it_is_named() {
    let rules = Rules::new(&[
        ("work/rules/aws/a.trip", ""),
        ("work/rules/azure/b.trip", ""),
        ("work/rules/aws/tripline.toml", EARLY),
        ("work/rules/tripline.toml", LATE),
        ("work/tripline.toml", BROKEN),
        // Above the folder that holds `rules`: not ours.
        ("tripline.toml", BROKEN),
    ]);
    for (from, path, file, refused) in [
        ("", "work/rules/aws/a.trip", "work/tripline.toml", false),
        ("work", "rules/aws", "tripline.toml", false),
        ("work/rules", "aws/a.trip", "../tripline.toml", false),
        ("work/rules/aws", "a.trip", "../../tripline.toml", false),
        ("work/rules/aws", ".", "../../tripline.toml", false),
        ("work", "./rules", "./tripline.toml", true),
        ("work", "rules", "tripline.toml", true),
        ("work/rules/aws", "../azure", "../../tripline.toml", true),
    ] {
        let said = rules.check(from, &[path]);
        let mut expected = vec!["S001"];
        if refused {
            // Of `azure/b.trip`, for which no nearer file says anything.
            expected.insert(0, "T102");
        }
        let mut found = codes(&said);
        found.sort_by_key(|code| code != "T102");
        assert_eq!(found, expected, "{from}: {path}\n{}", said.stderr);
        let place = format!("--> {file}:1:10\n");
        assert!(said.stderr.contains(&place), "{from}: {path}\n{}", said.stderr);
    }
}

/// Where no folder is called `rules`, what the command names is the last folder.
#[test]
fn without_a_folder_of_rules_the_path_of_the_command_is_the_last() {
    let rules = Rules::new(&[
        ("ours/aws/a.trip", ""),
        ("ours/aws/tripline.toml", EARLY),
        ("ours/tripline.toml", BROKEN),
    ]);
    assert_eq!(codes(&rules.check("", &["ours"])), ["S001"]);
    assert_eq!(codes(&rules.check("", &["."])), ["S001"]);
    assert_eq!(rules.check("", &["ours/aws"]).code, Some(0));
    assert_eq!(rules.check("", &["ours/aws/a.trip"]).code, Some(0));
}

/// A section may be for a rule that the command does not name; the file beside `rules` is for rules in it and no others.
#[test]
fn a_section_is_for_any_rule_below() {
    let files = [
        ("rules/aws/a.trip", ""),
        ("rules/azure/b.trip", ""),
        ("drafts/c.trip", ""),
        ("tripline.toml", "[rule.a]\nsentinel.enabled = false\n[rule.b]\n"),
    ];
    let rules = Rules::new(&files);
    for path in ["rules", "rules/aws", "rules/azure/b.trip"] {
        assert_eq!(rules.check("", &[path]).code, Some(0), "{path}");
    }
    let mut elsewhere = files;
    elsewhere[3].1 = "[rule.c]\n[rule.d]\n";
    let said = Rules::new(&elsewhere).check("", &["rules/aws"]);
    assert_eq!(codes(&said), ["S004", "S004"], "{}", said.stderr);
    // A file in a folder of rules is for that folder alone.
    let mut nearer = files;
    nearer[3] = ("rules/aws/tripline.toml", "[rule.b]\n");
    assert_eq!(codes(&Rules::new(&nearer).check("", &["rules"])), ["S004"]);
}

/// A rule that cannot be read may be the one that a section is for.
#[test]
fn nothing_follows_from_a_rule_that_cannot_be_read() {
    let rules = Rules::new(&[
        ("rules/a.trip", ""),
        ("tripline.toml", "[rule.b]\nsentinel.enabled = false\n"),
    ]);
    std::fs::write(rules.0.path().join("rules/b.trip"), "rule b \"B\" {\n").unwrap();
    assert_eq!(rules.check("", &["rules/a.trip"]).code, Some(0));
    let said = rules.check("", &["rules"]);
    let found = codes(&said);
    let of_syntax = found.iter().all(|code| code.starts_with('P'));
    assert!(of_syntax && !found.is_empty(), "{}", said.stderr);
}

/// A mistake that many rules share is said once.
#[test]
fn rules_that_share_a_mistake_give_it_once() {
    let rules = Rules::new(&[
        ("rules/a.trip", ""),
        ("rules/b.trip", ""),
        ("tripline.toml", "[sentinel.incident]\nlookback = \"1d\"\n"),
    ]);
    assert_eq!(codes(&rules.check("", &["rules"])), ["S004"]);
}

/// What stands in the place of a settings file is not passed over.
#[test]
fn a_file_that_is_a_folder_is_misuse() {
    let rules = Rules::new(&[("rules/a.trip", "")]);
    std::fs::create_dir(rules.0.path().join("tripline.toml")).unwrap();
    let said = rules.check("", &["rules"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("tripline: tripline.toml: "), "{}", said.stderr);
}

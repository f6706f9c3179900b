//! `tripline index`: what it writes, and what it leaves alone.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod common;

use common::{Said, tripline};
use std::path::Path;

const RULE: &str = r#"rule one "One call" {
  id       "6d3a65bf-89df-5d8a-85c8-46f6a73cb73e"
  version  1.0.0
  severity low
  attack   T1580

  events call = aws.cloudtrail where eventName == "A"

  alert call { ip sourceIPAddress show eventName }
}
"#;

fn folder(rule: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("rules/aws")).unwrap();
    std::fs::write(folder.path().join("rules/aws/one.trip"), rule).unwrap();
    folder
}

fn index(folder: &Path, more: &[&str]) -> Said {
    let rules = folder.join("rules");
    tripline([&["index", rules.to_str().unwrap()], more].concat())
}

#[test]
fn a_page_and_a_layer_and_whether_they_are_stale() {
    let folder = folder(RULE);
    let stale = index(folder.path(), &["--check"]);
    assert_eq!(stale.code, Some(1), "{}", stale.page());
    assert!(stale.stdout.contains("+## Discovery"), "{}", stale.stdout);
    assert!(!folder.path().join("rules/README.md").exists());

    let said = index(folder.path(), &[]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    let page = std::fs::read_to_string(folder.path().join("rules/README.md")).unwrap();
    assert!(page.contains("| [one](aws/one.trip) | One call | low |"), "{page}");
    let layer = std::fs::read_to_string(folder.path().join("rules/attack-layer.json")).unwrap();
    assert!(layer.contains("\"techniqueID\": \"T1580\""), "{layer}");
    let fresh = index(folder.path(), &["--check"]);
    assert_eq!(fresh.code, Some(0), "{}", fresh.page());

    std::fs::write(folder.path().join("rules/aws/one.trip"), RULE.replace("low", "high")).unwrap();
    let stale = index(folder.path(), &["--check"]);
    assert_eq!(stale.code, Some(1));
    assert!(
        stale.stdout.contains("-| [one](aws/one.trip) | One call | low |"),
        "{}",
        stale.stdout
    );
    assert!(stale.stderr.contains("1 file not up to date"), "{}", stale.stderr);
}

#[test]
fn what_somebody_wrote_stays() {
    let folder = folder(RULE);
    let page = folder.path().join("rules/README.md");
    std::fs::write(&page, "# Our rules\n").unwrap();
    let said = index(folder.path(), &[]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("somebody wrote this page"), "{}", said.stderr);
    assert_eq!(std::fs::read_to_string(&page).unwrap(), "# Our rules\n");
    assert!(!folder.path().join("rules/attack-layer.json").exists());
}

#[test]
fn rules_with_mistakes_have_no_index() {
    let promises_too_much = RULE.replace(
        "alert call {",
        "group hour = call by account per 1h { n = count }\n  alert hour where n > 2 {",
    );
    let promises_too_much = promises_too_much.replace("T1580\n", "T1580\n  targets native, sigma\n");
    for rule in [RULE.replace("eventName ==", "eventname =="), promises_too_much] {
        let folder = folder(&rule);
        let said = index(folder.path(), &[]);
        assert_eq!(said.code, Some(1), "{}", said.stderr);
        assert!(said.stderr.contains("no index was written"), "{}", said.stderr);
        assert!(!folder.path().join("rules/README.md").exists());
    }
    let said = tripline(["index", "no/such/folder"]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("there is no such folder"), "{}", said.stderr);
}

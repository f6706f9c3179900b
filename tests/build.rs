//! `tripline build`: what is written where, what is left alone, and what `--check`, `--prune` and `--deny` say.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::Project;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

trait Built {
    fn ledger(&self) -> Value;
    fn files(&self, of: &str) -> BTreeMap<String, String>;
}

impl Built for Project {
    fn ledger(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.path("out/ledger.json")).unwrap()).unwrap()
    }

    /// Files below a folder with their texts.
    fn files(&self, of: &str) -> BTreeMap<String, String> {
        let root = self.path(of);
        let mut found = BTreeMap::new();
        for entry in walkdir::WalkDir::new(&root).into_iter().filter_map(Result::ok) {
            if entry.file_type().is_file() {
                let name = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read_to_string(entry.path()).unwrap());
            }
        }
        found
    }
}

fn names(files: &BTreeMap<String, String>) -> Vec<&str> {
    files.keys().map(String::as_str).collect()
}

/// A rule that every target says.
fn plain(name: &str) -> String {
    format!(
        r#"rule {name} "One call of {name}" {{
  id       "{}"
  version  1.0.0
  severity low
  attack   T1580

  events call = aws.cloudtrail where eventName == "{name}"

  alert call {{ ip sourceIPAddress show eventName }}
}}
"#,
        uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, name.as_bytes())
    )
}

/// A rule that counts; `targets` is a whole line.
fn counting(name: &str, targets: &str) -> String {
    plain(name)
        .replace(
            "  alert call { ip sourceIPAddress show eventName }",
            "  group hour = call by sourceIPAddress per 1h { n = count }\n\n  alert hour where n >= 3 { ip sourceIPAddress show n }",
        )
        .replace(
            &format!("eventName == \"{name}\""),
            &format!("eventName == \"{name}\" and sourceIPAddress is present"),
        )
        .replace("  attack   T1580\n", &format!("  attack   T1580\n{targets}"))
}

#[test]
fn a_file_a_rule_and_a_ledger() {
    let project = Project::new(&[
        ("rules/aws/one.trip", &plain("one")),
        (
            "rules/two.trip",
            &counting("two", "  targets native, sentinel, sigma wider\n"),
        ),
    ]);
    let said = project.run(&["build", "--target", "all", "--out", "out"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    assert_eq!(
        names(&project.files("out")),
        [
            "arm/aws/one.json",
            "arm/azuredeploy.json",
            "arm/two.json",
            "kql/aws/one.kql",
            "kql/two.kql",
            "ledger.json",
            "sentinel/aws/one.yaml",
            "sentinel/two.yaml",
            "sigma/aws/one.yml",
            "sigma/two.yml"
        ]
    );
    let ledger = project.ledger();
    for (target, states) in [
        ("kql", ["exact", "exact"]),
        ("sentinel", ["exact", "exact"]),
        ("arm", ["exact", "exact"]),
        ("sigma", ["exact", "wider"]),
    ] {
        let records = ledger["targets"][target].as_array().unwrap();
        let found: Vec<&str> = records.iter().map(|r| r["state"].as_str().unwrap()).collect();
        assert_eq!(found, states, "{target}");
        for record in records {
            let file = record["file"].as_str().unwrap();
            assert!(project.path("out").join(file).is_file(), "{file}");
        }
    }
    let example = &ledger["targets"]["sigma"][1]["differences"][0]["example"];
    assert_eq!(example["events"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&example["native"], &example["target"]),
        (&serde_json::json!([]), &serde_json::json!([["example"]]))
    );
    // Twice the same.
    let first = project.files("out");
    assert_eq!(project.run(&["build", "--target", "all", "--out", "out"]).code, Some(0));
    assert_eq!(project.files("out"), first);
}

#[test]
fn check_says_what_is_stale() {
    let project = Project::new(&[("rules/one.trip", &plain("one"))]);
    let build = ["build", "--target", "kql,sigma", "--out", "out"];
    let check = ["build", "--target", "kql,sigma", "--out", "out", "--check"];
    let missing = project.run(&check);
    assert_eq!(missing.code, Some(1));
    assert!(
        missing.stdout.contains("+++ out/kql/one.kql (built)"),
        "{}",
        missing.stdout
    );
    assert!(!project.path("out").exists(), "a check writes nothing");
    assert_eq!(project.run(&build).code, Some(0));
    let clean = project.run(&check);
    assert_eq!((clean.code, clean.stdout.as_str()), (Some(0), ""));

    project.write("rules/one.trip", &plain("one").replace("== \"one\"", "== \"another\""));
    let stale = project.run(&check);
    assert_eq!(stale.code, Some(1));
    assert!(
        stale.stdout.contains("-| where EventName == \"one\""),
        "{}",
        stale.stdout
    );
    assert!(
        stale.stdout.contains("+| where EventName == \"another\""),
        "{}",
        stale.stdout
    );
    let before = project.files("out");
    project.write("out/kql/one.kql", "by hand");
    assert_eq!(project.run(&check).code, Some(1));
    assert_eq!(project.files("out").len(), before.len());
}

#[test]
fn files_of_rules_that_are_gone() {
    let project = Project::new(&[("rules/one.trip", &plain("one")), ("rules/two.trip", &plain("two"))]);
    let build = ["build", "--target", "kql", "--out", "out"];
    assert_eq!(project.run(&build).code, Some(0));
    project.write("out/kql/mine.kql", "a file of somebody else's");
    std::fs::remove_file(project.path("rules/two.trip")).unwrap();

    let check = project.run(&["build", "--target", "kql", "--out", "out", "--check"]);
    assert_eq!(check.code, Some(1));
    assert!(
        check.stderr.contains("out/kql/two.kql: belongs to no rule any more"),
        "{}",
        check.stderr
    );
    // They are told until they are removed.
    for _ in 0..2 {
        let said = project.run(&build);
        assert_eq!(said.code, Some(0));
        assert!(said.stderr.contains("out/kql/two.kql"), "{}", said.stderr);
    }
    assert_eq!(project.ledger()["gone"], serde_json::json!(["kql/two.kql"]));
    let said = project.run(&["build", "--target", "kql", "--out", "out", "--prune"]);
    assert_eq!(said.code, Some(0));
    assert_eq!(
        names(&project.files("out")),
        ["kql/mine.kql", "kql/one.kql", "ledger.json"]
    );
    assert_eq!(project.ledger().get("gone"), None);
    let check = project.run(&["build", "--target", "kql", "--out", "out", "--check"]);
    assert_eq!(check.code, Some(0), "{}", check.page());
}

/// What is not named is not touched, in the folder and in the ledger.
#[test]
fn a_part_of_the_rules_and_of_the_targets() {
    let project = Project::new(&[("rules/a/one.trip", &plain("one")), ("rules/b/two.trip", &plain("two"))]);
    assert_eq!(
        project.run(&["build", "--target", "kql,sigma", "--out", "out"]).code,
        Some(0)
    );
    let (files, ledger) = (project.files("out"), project.ledger());
    let said = project.run(&["build", "rules/b", "--target", "kql", "--out", "out", "--prune"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    assert_eq!(project.files("out"), files);
    assert_eq!(project.ledger(), ledger);
    // The rule moves within what is named: its old file is nobody's.
    std::fs::create_dir_all(project.path("rules/b/c")).unwrap();
    std::fs::rename(project.path("rules/b/two.trip"), project.path("rules/b/c/two.trip")).unwrap();
    let said = project.run(&["build", "rules/b", "--target", "kql,sigma", "--out", "out", "--prune"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    assert_eq!(
        names(&project.files("out")),
        [
            "kql/a/one.kql",
            "kql/b/c/two.kql",
            "ledger.json",
            "sigma/a/one.yml",
            "sigma/b/c/two.yml"
        ]
    );
}

#[test]
fn a_target_with_an_error_is_left_as_it_was() {
    let project = Project::new(&[
        ("rules/one.trip", &plain("one")),
        ("rules/two.trip", &counting("two", "")),
    ]);
    assert_eq!(
        project.run(&["build", "--target", "kql,sigma", "--out", "out"]).code,
        Some(0)
    );
    let before = project.files("out");
    // A promise that Sigma keeps only in part, and a new rule beside it.
    project.write("rules/two.trip", &counting("two", "  targets native, sigma\n"));
    project.write("rules/three.trip", &plain("three"));
    let said = project.run(&["build", "--target", "kql,sigma", "--out", "out"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("error[T003]"), "{}", said.stderr);
    assert!(
        said.stderr.contains("sigma: nothing was written: 1 error"),
        "{}",
        said.stderr
    );
    let after = project.files("out");
    for (name, text) in after.iter().filter(|(name, _)| name.starts_with("sigma/")) {
        assert_eq!(before.get(name), Some(text), "{name}");
    }
    assert!(after.contains_key("kql/three.kql"), "the other target is whole");
    // A rule that does not compile stops every target.
    project.write("rules/four.trip", "rule four { }");
    let said = project.run(&["build", "--target", "kql,sigma", "--out", "out", "--prune"]);
    assert_eq!(said.code, Some(1));
    assert_eq!(project.files("out"), after);
}

#[test]
fn differences_can_be_denied() {
    let project = Project::new(&[
        ("rules/one.trip", &plain("one")),
        (
            "rules/two.trip",
            &counting("two", "  targets native, sentinel, sigma wider\n"),
        ),
    ]);
    let build = |deny: &str| project.run(&["build", "--target", "sigma", "--out", "out", "--deny", deny]);
    assert_eq!(build("narrower,differs").code, Some(0));
    let said = build("wider,narrower");
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("error[T004]"), "{}", said.stderr);
    project.write("rules/two.trip", &counting("two", ""));
    assert_eq!(build("wider").code, Some(0), "it is not built at all");
    let said = build("refused");
    assert_eq!(said.code, Some(1));
    assert!(
        said.stderr.contains("rules/two.trip:9:3") && said.stderr.contains("slide"),
        "{}",
        said.stderr
    );
}

/// Two folders of rules that go to one place share the template of the whole.
#[test]
fn a_template_for_all_folders_that_are_named() {
    let project = Project::new(&[("a/rules/one.trip", &plain("one")), ("b/two.trip", &plain("two"))]);
    let said = project.run(&["build", "a/rules", "b", "--target", "arm", "--out", "out"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    let files = project.files("out");
    assert_eq!(
        names(&files),
        ["arm/azuredeploy.json", "arm/one.json", "arm/two.json", "ledger.json"]
    );
    let whole: Value = serde_json::from_str(&files["arm/azuredeploy.json"]).unwrap();
    assert_eq!(whole["resources"].as_array().unwrap().len(), 2);
    // A rule named alone has its own template only.
    let said = project.run(&["build", "b/two.trip", "--target", "arm", "--out", "alone"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    assert_eq!(names(&project.files("alone")), ["arm/two.json", "ledger.json"]);
}

/// A template of a folder goes with the last rule of the folder, or it would deploy what is gone.
#[test]
fn a_template_goes_with_the_last_rule_of_its_folder() {
    let project = Project::new(&[("rules/a/one.trip", &plain("one")), ("rules/b/two.trip", &plain("two"))]);
    for path in ["rules/a", "rules/b"] {
        let said = project.run(&["build", path, "--target", "arm", "--out", "out"]);
        assert_eq!(said.code, Some(0), "{}", said.page());
    }
    std::fs::remove_dir_all(project.path("rules/b")).unwrap();
    let said = project.run(&["build", "--target", "arm", "--out", "out"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    assert!(
        said.stderr
            .contains("out/arm/b/azuredeploy.json: belongs to no rule any more"),
        "{}",
        said.stderr
    );
    assert_eq!(
        project
            .run(&["build", "--target", "arm", "--out", "out", "--prune"])
            .code,
        Some(0)
    );
    assert_eq!(
        names(&project.files("out")),
        [
            "arm/a/azuredeploy.json",
            "arm/a/one.json",
            "arm/azuredeploy.json",
            "ledger.json"
        ]
    );
}

/// However the rules are named, the ledger is the same, and holds no path of this machine.
#[test]
fn the_ledger_does_not_depend_on_how_rules_are_named() {
    let project = Project::new(&[("rules/one.trip", &plain("one")), ("rules/a/two.trip", &plain("two"))]);
    let whole = project.path("rules");
    let whole = whole.to_str().unwrap();
    assert_eq!(
        project.run(&["build", "rules", "--target", "kql", "--out", "out"]).code,
        Some(0)
    );
    let text = project.files("out")["ledger.json"].clone();
    assert!(!text.contains(project.path("").to_str().unwrap()) && text.contains("\"source\": \"rules/a/two.trip\""));
    for named in ["./rules", whole, "."] {
        let said = project.run(&["build", named, "--target", "kql", "--out", "out", "--check"]);
        assert_eq!(said.code, Some(0), "{named}: {}", said.page());
    }
    // And what is gone is seen from anywhere.
    std::fs::remove_file(project.path("rules/a/two.trip")).unwrap();
    let said = project.run(&["build", whole, "--target", "kql", "--out", "out", "--prune"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    assert_eq!(names(&project.files("out")), ["kql/one.kql", "ledger.json"]);
}

/// `[output] folder` puts texts elsewhere, and rules of one folder into one template.
#[test]
fn settings_choose_the_folder() {
    let project = Project::new(&[
        ("rules/one.trip", &plain("one")),
        ("rules/two.trip", &plain("two")),
        (
            "tripline.toml",
            "[rule.two]\noutput.folder = \"prod/eu\"\narm.workspace = \"soc-eu\"\n",
        ),
    ]);
    let said = project.run(&["build", "--target", "arm,kql", "--out", "out"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    assert_eq!(
        names(&project.files("out")),
        [
            "arm/azuredeploy.json",
            "arm/one.json",
            "arm/prod/eu/azuredeploy.json",
            "arm/prod/eu/two.json",
            "kql/one.kql",
            "kql/prod/eu/two.kql",
            "ledger.json"
        ]
    );
}

#[test]
fn a_ledger_that_is_none_is_not_written_over() {
    let project = Project::new(&[("rules/one.trip", &plain("one"))]);
    for text in ["no json", "{}", r#"{"version": 99, "targets": {}}"#] {
        project.write("out/ledger.json", text);
        let said = project.run(&["build", "--target", "kql", "--out", "out"]);
        assert_eq!(said.code, Some(2), "{}", said.page());
        assert!(
            said.stderr.contains("out/ledger.json: this is no ledger of ours"),
            "{}",
            said.stderr
        );
        assert_eq!(names(&project.files("out")), ["ledger.json"]);
    }
}

#[test]
fn a_folder_in_the_way_stops_everything() {
    let project = Project::new(&[("rules/one.trip", &plain("one")), ("rules/two.trip", &plain("two"))]);
    std::fs::create_dir_all(project.path("out/kql/two.kql")).unwrap();
    let said = project.run(&["build", "--target", "kql", "--out", "out"]);
    assert_eq!(said.code, Some(2), "{}", said.page());
    assert_eq!(names(&project.files("out")), Vec::<&str>::new());
}

/// Every target is told, in the table and in the machine's form.
#[test]
fn targets_are_listed() {
    let said = common::tripline(["targets"]);
    assert_eq!(said.code, Some(0));
    common::snapshot(Path::new("tests/snapshots"), "targets", &said.page());
    let said = common::tripline(["targets", "--format", "json"]);
    let rows: Vec<Value> = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(rows.len(), tripline::targets::capability::ALL.len());
    assert!(rows.iter().all(|row| row["targets"]["sigma"]["state"].is_string()));
}

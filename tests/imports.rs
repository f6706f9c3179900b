//! `use`: where the file is found, and files that hold lists alone.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod common;

use common::{Said, command, finish};
use std::path::Path;

const RULE: &str = r#"use lists.people

rule policy_read "A policy was read" {
  severity low

  events call = aws.cloudtrail
    where eventName == "GetPolicy"
    except "administrators" where userIdentity.userName in admins

  alert call {
    show userIdentity.userName
  }

  test "by an administrator" {
    now 2025-08-15T10:00Z
    -10m { eventName: "GetPolicy", userIdentity.userName: "alice" }
    -10m { eventName: "GetPolicy", userIdentity.userName: "eve" }
    expect { userIdentity.userName: "eve" }
  }
}
"#;
const LISTS: &str = "list admins = [\"alice\"]\nlist robots = []\n";

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn run(folder: &Path, args: &[&str]) -> Said {
    let mut command = command(args);
    command.current_dir(folder);
    finish(command)
}

#[test]
fn a_rule_finds_its_lists_however_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "rules/aws/iam/one.trip", RULE);
    write(root, "rules/lists/people.trip", LISTS);
    // Neither below `rules`, so neither is read.
    write(root, "lists/people.trip", "list admins = [\"eve\"]\n");
    write(root, "rules/aws/lists/other.trip", "list admins = [\"eve\"]\n");
    for (cwd, path) in [
        ("", "rules"),
        ("", "rules/aws/iam/one.trip"),
        ("rules/aws", "iam"),
        ("rules/aws/iam", "one.trip"),
        ("rules/aws/iam", "../iam/one.trip"),
        ("lists", "../rules/aws/iam"),
    ] {
        let said = run(&root.join(cwd), &["test", path, "--native"]);
        assert_eq!(said.code, Some(0), "{cwd}, {path}: {}", said.page());
        let said = run(&root.join(cwd), &["check", path, "--deny", "warnings"]);
        assert_eq!(said.code, Some(0), "{cwd}, {path}: {}", said.page());
    }
    // The nearest one counts.
    write(root, "rules/aws/lists/people.trip", "list admins = [\"eve\"]\n");
    let said = run(root, &["test", "rules/aws/iam/one.trip", "--native"]);
    assert_eq!(said.code, Some(1), "{}", said.page());
}

#[test]
fn without_a_rules_folder_the_named_path_is_the_last_to_be_looked_into() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "ours/aws/one.trip", RULE);
    write(root, "ours/lists/people.trip", LISTS);
    assert_eq!(run(root, &["check", "ours"]).code, Some(0));
    let said = run(root, &["check", "ours/aws"]);
    assert_eq!(said.code, Some(1), "{}", said.page());
    let tried = format!("tried {}", Path::new("ours/aws/lists/people.trip").display());
    assert!(
        said.stderr.contains("error[N015]") && said.stderr.contains(&tried),
        "{}",
        said.stderr
    );
}

#[test]
fn findings_stand_in_the_file_of_lists() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "rules/one.trip", RULE);
    write(root, "rules/two.trip", &RULE.replace("policy_read", "again"));
    write(
        root,
        "rules/lists/people.trip",
        "list admins = [\"alice\", \"alice\"]\nlist robots = [null]\n",
    );
    for path in ["rules", "rules/one.trip", "rules/lists", "rules/lists/people.trip"] {
        let said = run(root, &["check", path]);
        assert_eq!(said.code, Some(1), "{path}: {}", said.page());
        for place in ["people.trip:1:25", "people.trip:2:16"] {
            assert_eq!(said.stderr.matches(place).count(), 1, "{path}: {}", said.stderr);
        }
    }
}

#[test]
fn a_file_of_lists_may_stand_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "rules/lists/people.trip", LISTS);
    for args in [
        &["check", "rules", "--deny", "warnings"][..],
        &["fmt", "--check", "rules"],
        &["test", "rules/lists/people.trip"],
        &["build", "rules", "--target", "all", "--out", "out"],
    ] {
        let said = run(root, args);
        assert_eq!(said.code, Some(0), "{args:?}: {}", said.page());
    }
}

#[test]
fn a_file_cannot_use_itself() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "rules/lists/people.trip", &format!("use lists.people\n\n{LISTS}"));
    let said = run(root, &["check", "rules"]);
    assert_eq!(said.code, Some(1), "{}", said.page());
    assert!(
        said.stderr.starts_with("error[N016]: `lists.people` uses itself\n"),
        "{}",
        said.stderr
    );
    assert_eq!(said.stderr.matches("error[").count(), 1, "{}", said.stderr);
}

#[test]
fn what_has_the_name_and_is_no_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "rules/one.trip", RULE);
    std::fs::create_dir_all(root.join("rules/lists/people.trip")).unwrap();
    let said = run(root, &["check", "rules/one.trip"]);
    let tried = Path::new("rules")
        .join("lists")
        .join("people.trip")
        .display()
        .to_string();
    assert!(
        said.stderr.contains(&format!("tried {tried}: this is a folder\n")),
        "{}",
        said.stderr
    );
    #[cfg(unix)]
    {
        std::fs::remove_dir(root.join("rules/lists/people.trip")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("rules/lists/people.trip")).unwrap();
        let said = run(root, &["check", "rules/one.trip"]);
        assert!(
            said.stderr
                .contains(&format!("tried {tried}: this link leads to no file\n")),
            "{}",
            said.stderr
        );
    }
}

//! Values per deployment: `--values`, and `values` in `tripline.toml`.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod common;

use common::{Project, snapshot};
use std::path::Path;

const LISTS: &str = "list admins = []\nlist ports = [80]\n";
const ONE: &str = r#"use lists.people

value many = 2
value share = 0.5
value length = 1h
list names = ["GetPolicy"]

rule one "Policies were read" {
  severity low

  events call = aws.cloudtrail
    where eventName in names and actor is present
    except "administrators" where userIdentity.userName in admins

  group hour = call by actor per length {
    n   = count
    bad = count where errorCode is present
  }

  alert hour where n >= many and bad / n < share {
    show actor, n
  }

  test "two" {
    now 2025-08-15T10:00Z
    -50m repeat 2 every 1m { eventName: "GetPolicy", userIdentity.userName: "alice" }
    expect { actor: "alice", n: 2 }
  }
}
"#;
const TWO: &str = r#"list names = ["PutPolicy"]

rule two "A policy was written" {
  severity low

  events call = aws.cloudtrail
    where eventName in names

  alert call {
    show eventName
  }
}
"#;

fn project() -> Project {
    Project::new(&[
        ("rules/lists/people.trip", LISTS),
        ("rules/aws/one.trip", ONE),
        ("rules/aws/two.trip", TWO),
    ])
}

trait Queries {
    fn query(&self, args: &[&str]) -> String;
}

impl Queries for Project {
    /// The query of a rule.
    fn query(&self, args: &[&str]) -> String {
        let said = self.run(&[&["build", "--target", "kql", "--stdout"], args].concat());
        assert_eq!(said.code, Some(0), "{}", said.page());
        said.stdout
    }
}

const VALUES: &str = r#"# of the production workspace
admins:
  - alice
  - "bob"
many: 20
share: 1
length: 10m
one: { names: [GetPolicy, GetRole] }
two:
  names: [PutRole]
lists.people: {}
"#;

#[test]
fn values_stand_in_the_query() {
    let project = project();
    project.write("prod.yaml", VALUES);
    let own = project.query(&["rules/aws/one.trip"]);
    assert!(own.contains("let many = 2;") && !own.contains("admins"), "{own}");
    let text = project.query(&["rules/aws/one.trip", "--values", "prod.yaml"]);
    for line in [
        "let many = 20;",
        "let share = 1.0;",
        "let admins = dynamic([\"alice\", \"bob\"]);",
        "let names = dynamic([\"GetPolicy\", \"GetRole\"]);",
        "let window = 10m;",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    // The same, named by the settings, and a list that is emptied.
    project.write("tripline.toml", "values = \"prod.yaml\"\n");
    assert_eq!(project.query(&["rules/aws/one.trip"]), text);
    project.write("none.yaml", "two: { names: [] }\n");
    let two = project.query(&["rules/aws/two.trip", "--values", "none.yaml"]);
    assert!(two.contains("| where false"), "{two}");
    // The option goes before the settings, and the nearest settings before those above.
    project.write("test.yaml", "many: 3\n");
    assert!(
        project
            .query(&["rules/aws/one.trip", "--values", "test.yaml"])
            .contains("let many = 3;")
    );
    project.write("rules/aws/tripline.toml", "values = \"../../test.yaml\"\n");
    assert!(project.query(&["rules/aws/one.trip"]).contains("let many = 3;"));
}

/// A rule's tests say what it means without a deployment, unless somebody asks for one.
#[test]
fn tests_run_with_the_values_of_the_rules() {
    let project = project();
    project.write("prod.yaml", VALUES);
    project.write("tripline.toml", "values = \"prod.yaml\"\n");
    let said = project.run(&["test", "rules"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    let said = project.run(&["test", "rules", "--native", "--values", "prod.yaml"]);
    assert_eq!(said.code, Some(1), "{}", said.page());
    let said = project.run(&["prove", "rules/aws/one.trip"]);
    assert!(said.stdout.contains("let many = 2;"), "{}", said.page());
}

#[test]
fn a_run_and_verify_use_them() {
    let project = project();
    project.write("prod.yaml", "two:\n  names: [PutRole]\n");
    let event = |name: &str| {
        format!(
            "{{\"eventVersion\":\"1.08\",\"eventTime\":\"2025-08-15T09:30:00Z\",\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"{name}\",\"awsRegion\":\"us-east-1\",\"eventID\":\"{name}\",\"userIdentity\":{{\"type\":\"IAMUser\"}}}}\n"
        )
    };
    project.write("log.jsonl", &(event("PutPolicy") + &event("PutRole")));
    let run = |more: &[&str]| {
        let said = project.run(
            &[
                &[
                    "run",
                    "rules/aws/two.trip",
                    "--input",
                    "log.jsonl",
                    "--format",
                    "ndjson",
                ],
                more,
            ]
            .concat(),
        );
        let alerts = said.alerts();
        assert_eq!(alerts.len(), 1, "{}", said.page());
        alerts[0]["columns"]["eventName"].as_str().unwrap().to_owned()
    };
    assert_eq!(run(&[]), "PutPolicy");
    assert_eq!(run(&["--values", "prod.yaml"]), "PutRole");
    let said = project.run(&["verify", "rules", "--cases", "20", "--values", "prod.yaml"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
}

/// What people are told: one file of values a mistake.
#[test]
fn wrong_values_are_explained() {
    let mut page = String::new();
    for (what, text) in [
        ("a name that no file declares", "admin: [alice]\nthreshold: 3\n"),
        ("several files have it", "names: []\n"),
        (
            "no such file or rule",
            "lists.persons:\n  admins: []\nthree: { names: [] }\n",
        ),
        ("not declared there", "two:\n  many: 2\n"),
        ("a text for a number", "many: \"20\"\n"),
        ("a fraction for a whole number", "many: 2.5\n"),
        ("a list for a value", "many: [20]\n"),
        ("a value for a list", "admins: alice\n"),
        ("a number for a text", "one: { names: [GetPolicy, 5] }\n"),
        (
            "a number in a list that is empty in the rules",
            "admins: [111122223333]\n",
        ),
        ("a number behind a text", "admins: [alice, 007]\n"),
        ("no unit", "length: 10\n"),
        ("a length that is none", "length: soon\n"),
        ("a window that does not divide a day", "length: 7m\n"),
        ("nothing at all", "admins:\nmany: null\n"),
        ("twice", "many: 2\nadmins: []\nmany: 3\n"),
        ("a map too deep", "one:\n  names:\n    more: [a]\n"),
        ("no map", "- many\n"),
        ("no YAML", "many: [1\n"),
        (
            "twice, once below the file",
            "lists.people: { admins: [a] }\nadmins: [b]\n",
        ),
        ("an empty map for a list", "admins: {}\n"),
        ("an empty map for a value", "many: {}\n"),
        ("an empty map for nothing", "three: {}\n"),
        ("a map for a list", "admins: { alice: 1 }\n"),
        ("a file for a list", "lists.people: [alice]\n"),
        ("a rule for a list", "one:\n"),
        ("a list of a file that the rule uses", "one: { admins: [a] }\n"),
        ("another base", "many: 0x10\n"),
        ("marks between digits", "many: 1_000\n"),
        ("a power of ten", "many: 1e3\n"),
        ("too many digits", "many: 99999999999999999999\n"),
        ("no finite number", "share: .inf\n"),
        ("a word for a number", "many: twenty\n"),
        ("a tag", "admins: !!set [alice]\n"),
        ("a list that is emptied", "two: { names: [] }\n"),
        ("an element twice", "admins: [alice, alice]\n"),
        ("the empty text", "admins: [\"\"]\n"),
    ] {
        let project = project();
        project.write("prod.yaml", text);
        let said = project.run(&["check", "rules", "--values", "prod.yaml"]);
        let warns = ["an element twice", "a list that is emptied"].contains(&what);
        assert_eq!(said.code, Some(i32::from(!warns)), "{what}: {}", said.page());
        page.push_str(&format!("== {what}\n{}\n", said.stderr));
    }
    snapshot(Path::new("tests/values"), "mistakes", &page);
}

#[test]
fn what_is_meant_for_other_rules_is_no_mistake() {
    let project = project();
    project.write("prod.yaml", VALUES);
    for path in [
        "rules",
        "rules/aws",
        "rules/aws/one.trip",
        "rules/aws/two.trip",
        "rules/lists",
    ] {
        let said = project.run(&["check", path, "--values", "prod.yaml", "--deny", "warnings"]);
        assert_eq!(said.code, Some(0), "{path}: {}", said.page());
    }
    for nothing in ["", "# nothing yet\n", "---\n"] {
        project.write("prod.yaml", nothing);
        assert_eq!(project.run(&["check", "rules", "--values", "prod.yaml"]).code, Some(0));
    }
    // A file that is not there.
    let said = project.run(&["check", "rules", "--values", "none.yaml"]);
    assert!(
        said.code == Some(2) && said.stderr.contains("none.yaml"),
        "{}",
        said.page()
    );
    project.write("tripline.toml", "values = \"none.yaml\"\n");
    let said = project.run(&["check", "rules"]);
    assert!(
        said.code == Some(1) && said.stderr.contains("tripline.toml:1:10"),
        "{}",
        said.page()
    );
    project.write("tripline.toml", "values = 5\n");
    let said = project.run(&["check", "rules"]);
    assert!(
        said.code == Some(1) && said.stderr.contains("error[S003]"),
        "{}",
        said.page()
    );
}

const BLOCKS: &str = r#"list blocks = []

rule three "A role was written" {
  severity low

  events call = aws.cloudtrail
    where eventName == "PutRole"
    except "our networks" where sourceIPAddress in cidr blocks

  alert call {
    show eventName
  }

  test "inside of ours" {
    now 2025-08-15T10:00Z
    list blocks = ["192.0.2.0/24", "2001:db8::/32"]
    -1m { eventName: "PutRole", sourceIPAddress: "192.0.2.7" }
    -2m { eventName: "PutRole", sourceIPAddress: "2001:db8::7" }
    -3m { eventName: "PutRole", sourceIPAddress: "198.51.100.7" }
    expect { eventName: "PutRole" }
  }

  test "there is none of ours" {
    now 2025-08-15T10:00Z
    -1m { eventName: "PutRole", sourceIPAddress: "192.0.2.7" }
    expect { eventName: "PutRole" }
  }
}
"#;

/// Like any allow-list, one of address blocks may wait for its first entry.
#[test]
fn blocks_are_values_too() {
    let project = project();
    project.write("rules/three.trip", BLOCKS);
    let own = project.query(&["rules/three.trip"]);
    assert!(!own.contains("Excluded") && !own.contains("ip"), "{own}");
    project.write("prod.yaml", "blocks: [10.0.0.0/8, \"2001:db8::/32\"]\n");
    let filled = project.query(&["rules/three.trip", "--values", "prod.yaml"]);
    assert!(
        filled.contains("10.0.0.0/8") && filled.contains("2001:db8::/32"),
        "{filled}"
    );
    // Tests put blocks into it, and every text takes them.
    let said = project.run(&["test", "rules/three.trip"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    let said = project.run(&["verify", "rules/three.trip", "--cases", "100", "--values", "prod.yaml"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    project.write(
        "rules/wrong.trip",
        &BLOCKS
            .replace("rule three", "rule four")
            .replace("2001:db8::/32", "2001:db8::/200"),
    );
    let said = project.run(&["check", "rules/wrong.trip"]);
    assert!(
        said.code == Some(1) && said.stderr.contains("`2001:db8::/200` is no address block"),
        "{}",
        said.page()
    );
    std::fs::remove_file(project.path("rules/wrong.trip")).unwrap();
    project.write("prod.yaml", "blocks: [10.0.0.0/8, 10.0.0.300]\n");
    let said = project.run(&["check", "rules", "--values", "prod.yaml"]);
    assert_eq!(said.code, Some(1), "{}", said.page());
    assert!(
        said.stderr.contains("prod.yaml:1:22") && said.stderr.contains("`10.0.0.300` is no address block"),
        "{}",
        said.page()
    );
}

/// A list of the whole company's addresses: the time grows with it, not with its square.
#[test]
fn lists_may_be_long() {
    let project = project();
    let rule = TWO.replace(
        "severity low",
        "id \"93d79791-7acb-58f8-a7ee-1fb1ad975040\"\n  version 1.0.0",
    );
    project.write("rules/aws/two.trip", &rule);
    let items: Vec<String> = (0..20_000).map(|n| format!("  - item-{n}\n")).collect();
    project.write("prod.yaml", &format!("two:\n names:\n{}", items.concat()));
    let begin = std::time::Instant::now();
    let said = project.run(&[
        "build",
        "rules/aws/two.trip",
        "--target",
        "sigma",
        "--stdout",
        "--values",
        "prod.yaml",
    ]);
    assert!(said.stdout.contains("item-19999"), "{}", said.stderr);
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}

/// The nearest file of lists counts for a rule; a file of values names both by their whole paths.
#[test]
fn files_of_one_name_have_a_path_each() {
    let project = project();
    project.write("rules/aws/lists/people.trip", LISTS);
    project.write(
        "prod.yaml",
        "lists.people: { admins: [outer] }\naws.lists.people: { admins: [inner] }\n",
    );
    let text = project.query(&["rules/aws/one.trip", "--values", "prod.yaml"]);
    assert!(text.contains("inner") && !text.contains("outer"), "{text}");
    std::fs::remove_file(project.path("rules/aws/lists/people.trip")).unwrap();
    project.write("rules/azure/lists/people.trip", LISTS);
    project.write("prod.yaml", "lists.people: { admins: [outer] }\n");
    let text = project.query(&["rules/aws/one.trip", "--values", "prod.yaml"]);
    assert!(text.contains("outer"), "{text}");
}

/// A values file is no source file, though both are YAML.
#[test]
fn a_values_file_is_checked_with_its_rules() {
    let project = project();
    project.write("prod.yaml", VALUES);
    for args in [&["check", "prod.yaml"][..], &["check", "rules", "prod.yaml"]] {
        let said = project.run(args);
        assert_eq!(said.code, Some(1), "{}", said.page());
        assert!(
            said.stderr.contains("`tripline check rules --values prod.yaml`"),
            "{}",
            said.page()
        );
    }
    // One that says what it is is read as what it is.
    project.write("mine.yaml", "source: mine.log\n");
    let said = project.run(&["check", "mine.yaml"]);
    assert!(
        said.code == Some(1) && said.stderr.contains("error[L0"),
        "{}",
        said.page()
    );
}

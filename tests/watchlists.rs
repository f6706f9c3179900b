//! Where the items of watchlists come from.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod common;

use common::{Said, command, finish};

const RULE: &str = r#"list admins = watchlist "admins" column "Arn"

rule stopped "Logging stopped" {
  id       "0f6f1f0c-58dd-5c5e-8b19-4d5f0e6cf7a1"
  version  1.0.0
  severity low
  targets  native, sentinel

  events stop = aws.cloudtrail
    where eventName == "StopLogging"
    except "administrators" where userIdentity.arn in admins

  alert stop {
    show userIdentity.arn
  }

  test "an item" {
    now 2025-08-15T10:00Z
    list admins = ["alice"]
    -1m { eventName: "StopLogging", userIdentity.arn: "alice" }
    -1m { eventName: "StopLogging", userIdentity.arn: "Alice" }
    expect { userIdentity.arn: "Alice" }
  }

  test "nothing is in it where nothing is said" {
    now 2025-08-15T10:00Z
    -1m { eventName: "StopLogging", userIdentity.arn: "alice" }
    expect { userIdentity.arn: "alice" }
  }
}
"#;

struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        project.write("rules/stopped.trip", RULE);
        let event = |who: &str| {
            format!(
                "{{\"eventVersion\":\"1.08\",\"eventTime\":\"2025-08-15T09:30:00Z\",\"eventSource\":\"cloudtrail.amazonaws.com\",\"eventName\":\"StopLogging\",\"awsRegion\":\"us-east-1\",\"eventID\":\"{who}\",\"userIdentity\":{{\"type\":\"IAMUser\",\"arn\":\"{who}\"}}}}\n"
            )
        };
        project.write("log.jsonl", &(event("alice") + &event("bob") + &event("carol")));
        project.write("admins.csv", "\u{feff}Name,Arn\nA,alice\nB,\n\"C, d.\",\"carol\"\n");
        project
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn run(&self, args: &[&str]) -> Said {
        let mut command = command(args);
        command.current_dir(self.0.path());
        finish(command)
    }

    fn alerts(&self, more: &[&str]) -> Said {
        self.run(&[&["run", "rules", "--input", "log.jsonl", "--format", "ndjson"], more].concat())
    }
}

fn callers(said: &Said) -> Vec<String> {
    assert_eq!(said.code, Some(0), "{}", said.page());
    let column = |alert: &serde_json::Value| alert["columns"]["userIdentity_arn"].as_str().unwrap().to_owned();
    said.alerts().iter().map(column).collect()
}

#[test]
fn items_come_from_a_file() {
    let project = Project::new();
    assert_eq!(callers(&project.alerts(&["--watchlist", "admins=admins.csv"])), ["bob"]);
    project.write("tripline.toml", "[watchlists]\nadmins = \"lists/admins.csv\"\n");
    project.write("lists/admins.csv", "Arn\nbob\n");
    assert_eq!(callers(&project.alerts(&[])), ["alice", "carol"]);
    assert_eq!(
        callers(&project.alerts(&["--watchlist", "admins=admins.csv"])),
        ["bob"],
        "the option goes first"
    );
}

/// Never an empty list where one was to be read.
#[test]
fn items_that_are_not_there_are_misuse() {
    let project = Project::new();
    project.write("other.csv", "Name,ARN\na,b\n");
    project.write("broken.csv", "Arn,Name\na\n");
    for (more, says) in [
        (&[][..], "`--watchlist admins=admins.csv`"),
        (&["--watchlist", "admins=none.csv"], "none.csv: "),
        (
            &["--watchlist", "admins=other.csv"],
            "other.csv: no column is called `Arn`, which the watchlist \"admins\" is read by; there are Name, ARN",
        ),
        (&["--watchlist", "admins=broken.csv"], "broken.csv: "),
        (
            &["--watchlist", "admins=admins.csv", "--watchlist", "admin=admins.csv"],
            "--watchlist admin: no rule reads",
        ),
    ] {
        let said = project.alerts(more);
        assert_eq!(said.code, Some(2), "{more:?}: {}", said.page());
        assert!(said.stderr.contains(says), "{more:?}: {}", said.page());
    }
}

#[test]
fn texts_and_tests_need_no_file() {
    let project = Project::new();
    for args in [
        &["check", "rules", "--deny", "warnings"][..],
        &["test", "rules"],
        &["build", "rules", "--target", "all", "--out", "out"],
        &["verify", "rules", "--cases", "60"],
        &["verify", "rules", "--cases", "60", "--watchlist", "admins=admins.csv"],
    ] {
        let said = project.run(args);
        assert_eq!(said.code, Some(0), "{args:?}: {}", said.page());
    }
    let query = std::fs::read_to_string(project.0.path().join("out/kql/stopped.kql")).unwrap();
    let lines =
        "let admins = _GetWatchlist(\"admins\")\n    | project Item = tostring(Arn)\n    | where isnotempty(Item);\n";
    assert!(
        query.contains(lines) && query.contains("UserIdentityArn !in (admins)"),
        "{query}"
    );
    // A proof reads no watchlist.
    let said = project.run(&["prove", "rules/stopped.trip", "--test", "an item"]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    assert!(
        said.stdout.contains("datatable(") && !said.stdout.contains("_GetWatchlist"),
        "{}",
        said.page()
    );
}

#[test]
fn settings_of_watchlists_are_checked() {
    let project = Project::new();
    for text in ["watchlists = 5\n", "[watchlists]\nadmins = 5\n"] {
        project.write("tripline.toml", text);
        let said = project.run(&["check", "rules"]);
        assert!(
            said.code == Some(1) && said.stderr.contains("error[S003]"),
            "{}",
            said.page()
        );
    }
}

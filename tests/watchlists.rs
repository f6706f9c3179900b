//! Where the items of watchlists come from.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod common;

use common::{Project, Said, snapshot};
use std::path::Path;

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

fn project() -> Project {
    let event = |who: &str| {
        format!(
            "{{\"eventVersion\":\"1.08\",\"eventTime\":\"2025-08-15T09:30:00Z\",\"eventSource\":\"cloudtrail.amazonaws.com\",\"eventName\":\"StopLogging\",\"awsRegion\":\"us-east-1\",\"eventID\":\"{who}\",\"userIdentity\":{{\"type\":\"IAMUser\",\"arn\":\"{who}\"}}}}\n"
        )
    };
    let log = event("alice") + &event("bob") + &event("carol");
    let admins = "\u{feff}Name,Arn\nA,alice\nB,\n\"C, d.\",\"carol\"\n";
    Project::new(&[
        ("rules/stopped.trip", RULE),
        ("log.jsonl", &log),
        ("admins.csv", admins),
    ])
}

trait Alerts {
    fn alerts(&self, more: &[&str]) -> Said;
}

impl Alerts for Project {
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
    let project = project();
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
    let project = project();
    project.write("other.csv", "Name,ARN\na,b\n");
    project.write("broken.csv", "Arn,Name\na\n");
    for (more, says) in [
        (&[][..], "`--watchlist admins=admins.csv`"),
        (&["--watchlist", "admins=none.csv"], "none.csv: "),
        (
            &["--watchlist", "admins=other.csv"],
            "other.csv: no column is called `Arn`, which the watchlist \"admins\" is read by; did you mean `ARN`?",
        ),
        (&["--watchlist", "admins=broken.csv"], "broken.csv: "),
        (
            &["--watchlist", "admins=admins.csv", "--watchlist", "admin=admins.csv"],
            "--watchlist admin: no rule reads a watchlist of this name; did you mean `admins`?",
        ),
        (&["--watchlist", "admin=admins.csv"], "did you mean `admins`?"),
        (
            &["--watchlist", "admins=admins.csv", "--watchlist", "admins=none.csv"],
            "--watchlist admins: it is given twice",
        ),
        (&["--watchlist", "admins"], "write it like admins=admins.csv"),
        (&["--watchlist", "./admins.csv"], "write it like admins=admins.csv"),
    ] {
        let said = project.alerts(more);
        assert_eq!(said.code, Some(2), "{more:?}: {}", said.page());
        assert!(said.stderr.contains(says), "{more:?}: {}", said.page());
    }
}

/// Nothing is read by halves.
#[test]
fn files_that_are_no_csv_are_misuse() {
    let project = project();
    for (text, says) in [
        (
            "Arn\n\"open\narn:a\narn:b\n",
            "line 2: the quote that begins here is not closed",
        ),
        (
            "Name,Arn\nA,arn:a\n\"B,arn:b\n\"C\",arn:c\n",
            "line 3: behind the quote that closes a field",
        ),
        ("Arn,Name,Arn\na,b,c\n", "two columns are called `Arn`"),
        ("Arn;Name\na;b\n", "its columns are divided by semicolons"),
        ("\"Name\"\t\"Arn\"\na\tb\n", "its columns are divided by tabs"),
        ("", "its first line is empty"),
        ("\nArn\na\n", "its first line is empty"),
        ("Name\na\n", "; there are Name"),
    ] {
        project.write("list.csv", text);
        let said = project.alerts(&["--watchlist", "admins=list.csv"]);
        assert_eq!(said.code, Some(2), "{text:?}: {}", said.page());
        assert!(
            said.stderr.contains("list.csv: ") && said.stderr.contains(says),
            "{text:?}: {}",
            said.page()
        );
    }
    // What quotes are for.
    project.write(
        "list.csv",
        "Arn,Notes\r\n\"alice\",\"a \"\"b\"\"\nc\"\r\ncarol,d\"e\r\n\"\",\r\n",
    );
    assert_eq!(callers(&project.alerts(&["--watchlist", "admins=list.csv"])), ["bob"]);
}

#[test]
fn blanks_around_an_item_are_said() {
    let project = project();
    project.write("list.csv", "Arn\nbob\n alice\ncarol \n");
    let said = project.alerts(&["--watchlist", "admins=list.csv"]);
    assert!(
        said.stderr
            .contains("warning: list.csv: line 3: the item \" alice\" has blanks around it")
            && said.stderr.contains("so have 1 more"),
        "{}",
        said.page()
    );
    assert_eq!(callers(&said), ["alice", "carol"]);
    assert!(
        !project
            .alerts(&["--watchlist", "admins=admins.csv"])
            .stderr
            .contains("warning")
    );
}

#[test]
fn texts_and_tests_need_no_file() {
    let project = project();
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
    let query = std::fs::read_to_string(project.path("out/kql/stopped.kql")).unwrap();
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
    let project = project();
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

/// A line that does nothing is a mistake, also where the command names one rule of many.
#[test]
fn settings_name_watchlists_that_are_read() {
    let project = project();
    project.write(
        "rules/lists/people.trip",
        "list guests = watchlist \"guests\" column \"Arn\"\n",
    );
    project.write(
        "rules/aws/made.trip",
        "use lists.people\n\nrule made \"A key was made\" {\n  severity low\n\n  events key = aws.cloudtrail\n    where eventName == \"CreateAccessKey\" and userIdentity.arn in guests\n\n  alert key {\n    show eventName\n  }\n}\n",
    );
    project.write(
        "tripline.toml",
        "[watchlists]\nadmins = \"admins.csv\"\nguests = \"admins.csv\"\n",
    );
    for path in ["rules", "rules/stopped.trip", "rules/aws", "rules/lists"] {
        let said = project.run(&["check", path, "--deny", "warnings"]);
        assert_eq!(said.code, Some(0), "{path}: {}", said.page());
    }
    // A folder of its own reads the lists above it, and no others.
    project.write(
        "rules/aws/tripline.toml",
        "[watchlists]\nguests = \"../../admins.csv\"\n",
    );
    assert_eq!(project.run(&["check", "rules"]).code, Some(0));
    project.write(
        "rules/aws/tripline.toml",
        "[watchlists]\nadmins = \"../../admins.csv\"\n",
    );
    let said = project.run(&["check", "rules"]);
    assert!(
        said.code == Some(1) && said.stderr.contains("rules/aws/tripline.toml:2:1"),
        "{}",
        said.page()
    );
    std::fs::remove_file(project.path("rules/aws/tripline.toml")).unwrap();
    // A name that is no watchlist's, a file that is not there, and sections where neither holds.
    let mut page = String::new();
    for text in [
        "[watchlists]\nadmin = \"admins.csv\"\n",
        "[watchlists]\nadmins = \"nix.csv\"\n",
        "[rule.stopped]\nvalues = \"v.yaml\"\n",
        "[rule.stopped.watchlists]\nadmins = \"admins.csv\"\n",
        "[sentinel]\nvalues = \"v.yaml\"\n",
    ] {
        project.write("tripline.toml", text);
        let said = project.run(&["check", "rules"]);
        assert_eq!(said.code, Some(1), "{text}: {}", said.page());
        page.push_str(&said.stderr);
        page.push('\n');
    }
    snapshot(Path::new("tests/snapshots"), "settings_of_watchlists", &page);
    // A file that is not there is none of a build's business.
    project.write("tripline.toml", "[watchlists]\nadmins = \"nix.csv\"\n");
    assert_eq!(project.run(&["test", "rules"]).code, Some(0));
    assert_eq!(project.alerts(&[]).code, Some(2));
}

//! A text that is broken on purpose, and what is said about it.

use super::{Of, disagreements, matrix, remarks, summary, to_json};
use crate::agreement::{Subject, Tally};
use crate::compile::{Files, compile};
use crate::diagnostics::Sources;
use crate::evaluate::Asked;
use crate::settings::Settings;
use crate::source::Catalog;
use crate::targets::Target;
use std::path::Path;

const RULE: &str = r#"rule trail_stopped "A trail was stopped" {
  id       "0c9a53d4-2f4c-4f0d-9d39-6f3f0f3f8d11"
  version  1.0.0
  severity high

  events stop = aws.cloudtrail
    where eventName in ["StopLogging", "DeleteTrail"]

  alert stop {
    ip   sourceIPAddress
    show eventName
  }

  test "two of them" {
    now 2025-08-15T10:00Z
    -5m { eventName: "StopLogging", sourceIPAddress: "203.0.113.1", awsRegion: "eu-west-1" }
    -4m { eventName: "GetTrail", sourceIPAddress: "203.0.113.1" }
    -3m { eventName: "DeleteTrail", sourceIPAddress: "203.0.113.2", awsRegion: "eu-west-1" }
    expect 2
  }
}
"#;

/// What came of the rule's test once each of these texts has been changed.
fn broken<R>(breaks: &[(Target, &str, &str)], with: impl FnOnce(Vec<Of<'_>>, &Sources) -> R) -> R {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    files.add(Path::new("trail.trip"), RULE.as_bytes());
    let world = files.world(&catalog).unwrap();
    let mut findings = std::mem::take(&mut files.findings);
    let compiled = compile(&files.trees, &world, &mut findings);
    let settings = Settings::default();
    let mut subject = Subject::new(&compiled[0], &catalog, &settings).unwrap();
    for (target, from, to) in breaks {
        let text = subject.text(*target).unwrap();
        assert!(text.contains(from), "{text}");
        subject.with_text(*target, &text.replace(from, to)).unwrap();
    }
    let mut tally = Tally::default();
    for test in &compiled[0].checked.tests {
        let case = subject.case_of_test(test);
        let alerts = !subject.native(&case, Asked::Now(case.now)).is_empty();
        tally.take("test \"two of them\"", &case, alerts, subject.compare(&case));
    }
    with(vec![Of::new(subject, tally)], &files.sources)
}

#[test]
fn a_row_that_the_text_does_not_find() {
    broken(&[(Target::Kql, "\"DeleteTrail\"", "\"DeleteTrial\"")], |of, sources| {
        insta::assert_snapshot!("missing_row", disagreements(&of, sources, false));
        assert!(of[0].tally.disagrees());
        let json = to_json(&of);
        assert_eq!(json[0]["targets"]["kql"]["says"], "disagree");
        let test = json[0]["targets"]["kql"]["disagreements"][0]["test"].as_str().unwrap();
        assert!(test.contains("DeleteTrail") && !test.contains("GetTrail"), "{test}");
    });
}

#[test]
fn a_row_that_only_the_text_finds() {
    let breaks = [
        (Target::Kql, "\"StopLogging\"", "\"StopLogging\", \"GetTrail\""),
        (Target::Sigma, "'DeleteTrail'", "'GetTrail'"),
    ];
    broken(&breaks, |of, sources| {
        let mut page = disagreements(&of, sources, false);
        page.push_str(&matrix(&of));
        page.push_str(&summary(&of));
        insta::assert_snapshot!("row_too_many", page);
        assert!(remarks(&of).is_empty(), "{:?}", remarks(&of));
    });
}

#[test]
fn whole_texts_agree() {
    broken(&[], |of, sources| {
        assert_eq!(disagreements(&of, sources, false), "");
        assert!(!of[0].tally.disagrees());
        assert_eq!(
            summary(&of),
            "kql: 1 agree; sentinel: 1 agree; arm: 1 agree; sigma: 1 agree"
        );
    });
}

//! Rules under `tests/meaning/` whose own tests say, worked out by hand, what the language reference says of them.

use crate::compile::{Files, compile};
use crate::diagnostics::{Code, has_errors};
use crate::source::Catalog;
use std::path::Path;

/// What is wrong with a text: codes of errors, and tests that fail.
fn wrong(text: &str) -> (Vec<Code>, Vec<String>) {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    files.add(Path::new("a.trip"), text.as_bytes());
    let world = files.world(&catalog).unwrap();
    let mut findings = std::mem::take(&mut files.findings);
    let compiled = compile(&files.trees, &world, &mut findings);
    let mut failures = Vec::new();
    for rule in &compiled {
        for verdict in super::run(rule, &catalog).unwrap() {
            for failure in verdict.failures {
                let (rule, test) = (&verdict.rule, &verdict.test);
                failures.push(format!("{rule}, {test:?}: {}: {:#?}", failure.message, failure.found));
            }
        }
    }
    findings.retain(|finding| has_errors(std::slice::from_ref(finding)));
    (findings.iter().map(|finding| finding.code).collect(), failures)
}

#[test]
fn rules_mean_what_their_tests_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/meaning");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let (errors, failures) = wrong(&text);
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
        assert!(failures.is_empty(), "{}: {}", path.display(), failures.join("\n"));
        files += 1;
    }
    assert!(files > 5);
}

#[test]
fn a_match_sees_no_baseline_and_drops_no_key() {
    let rule = |on: &str, more: &str| {
        format!(
            r#"
            rule r "x" {{
              events a = aws.cloudtrail where account is present and eventName == "A"
              events b = aws.cloudtrail where account is present and eventName == "B"
              group g = a by account per 1h {{ n = count }}
              baseline past = g over 1d
              match m = g with b on {on} within 1h
              {more}
              alert m {{ message "x" show account }}
            }}"#
        )
    };
    let codes = |on: &str, more: &str| wrong(&rule(on, more)).0;
    assert!(codes("account", "where g.past is missing").contains(&Code::WrongRelation));
    assert!(codes("account", "where g.past.n > 0").contains(&Code::WrongRelation));
    assert!(codes("account, g.past.n == b.recipientAccountId", "").contains(&Code::WrongRelation));
    assert!(codes("account, g.n == b.success", "").contains(&Code::WrongRelation));
}

#[test]
fn elements_of_lists_in_events_have_a_place() {
    for (index, errors) in [("[0]", 0), ("[999]", 0), ("[1000]", 1), ("[-1]", 1)] {
        let text = format!(
            r#"
            rule r "x" {{
              events a = aws.cloudtrail where resources is present
              alert a {{ message "x" show eventName }}
              test "t" {{ now 2025-08-15T10:00Z -1m {{ resources{index}.ARN: "a" }} expect 1 }}
            }}"#
        );
        let (codes, failures) = wrong(&text);
        assert_eq!(codes.len(), errors, "{index}");
        assert!(failures.is_empty(), "{index}: {failures:?}");
    }
}

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

/// What is said about a text, with its help.
fn said(text: &str) -> String {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    files.add(Path::new("a.trip"), text.as_bytes());
    let world = files.world(&catalog).unwrap();
    let mut findings = std::mem::take(&mut files.findings);
    compile(&files.trees, &world, &mut findings);
    let printed = findings
        .iter()
        .map(|f| crate::diagnostics::render(f, &files.sources, false));
    printed.collect::<Vec<_>>().join("\n")
}

#[test]
fn slips_are_answered_in_their_own_words() {
    for (condition, help) in [
        ("eventName == A", "a text stands in quotes: `\"A\"`"),
        ("errorCode == null", "write `x is missing`"),
        ("errorCode is null", "`is missing`"),
        (
            "eventName == \"A\" is present",
            "a test is true or false, and never missing",
        ),
        (
            "(eventName == \"A\") is not missing",
            "a test is true or false, and never missing",
        ),
        ("size(resources) > \"1\"", "write `1` without quotes"),
        ("eventName like \"A%\"", "`starts with`"),
        ("eventName in (\"A\", \"B\")", "a list stands in square brackets"),
        ("size(resources) => 5", "write `>=`"),
        ("eventName == \"A\" // why", "a comment begins with `#`"),
        ("eventName == \"A\" -- why", "a comment begins with `#`"),
        ("count() > 5", "`n = count`"),
    ] {
        let rule = format!(
            "rule r \"x\" {{\n  events a = aws.cloudtrail where {condition}\n  alert a {{ message \"x\" }}\n}}"
        );
        let said = said(&rule);
        assert!(said.contains(help), "{condition}\n{said}");
    }
    let said = said(
        r#"rule r "x" { events a = aws.cloudtrail where eventName == "A" alert a { message "x" } test "t" { -1m {} } }"#,
    );
    assert!(said.contains("expected `now`"), "{said}");
}

/// Codes of all findings, warnings too.
fn codes_of_rule(text: &str) -> Vec<Code> {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    files.add(Path::new("a.trip"), format!("rule r \"x\" {{ {text} }}").as_bytes());
    let world = files.world(&catalog).unwrap();
    let mut findings = std::mem::take(&mut files.findings);
    compile(&files.trees, &world, &mut findings);
    findings.iter().map(|f| f.code).collect()
}

#[test]
fn keys_that_are_surely_there_are_not_warned_of() {
    for (steps, key, warned) in [
        ("where requestParameters.y == 5", "requestParameters.y", false),
        ("where requestParameters.y", "requestParameters.y", false),
        ("where requestParameters.y != 5", "requestParameters.y", true),
        (
            "where awsRegion is present let k = if(errorCode == \"x\", awsRegion, \"q\")",
            "k",
            false,
        ),
        ("let k = if(errorCode == \"x\", awsRegion, \"q\")", "k", true),
    ] {
        let rule = format!(
            r#"events a = aws.cloudtrail {steps}
               group g = a by {key} per 1h {{ n = count }}
               alert g where n > 1 {{ message "x" }}"#
        );
        assert_eq!(codes_of_rule(&rule).contains(&Code::UnguardedKey), warned, "{rule}");
    }
}

#[test]
fn selections_that_exclude_each_other_are_no_pair_of_one_event() {
    for (b, warned) in [
        ("where eventName != \"A\"", false),
        ("where not eventName in [\"B\", \"A\"]", false),
        ("except \"x\" where eventName == \"A\"", false),
        ("where not (eventName == \"A\" and errorCode == \"x\")", true),
        ("except \"x\" where eventName == \"A\" and errorCode == \"x\"", true),
        ("where eventName != \"B\"", true),
        ("where eventName !~ \"A\"", true),
        ("let x = userAgent where x == \"A\"", true),
    ] {
        let rule = format!(
            r#"events a = aws.cloudtrail where awsRegion is present and eventName == "A"
               events b = aws.cloudtrail where awsRegion is present {b}
               match m = a then b on awsRegion within 1h
               alert m {{ message "x" }}"#
        );
        assert_eq!(codes_of_rule(&rule).contains(&Code::SelfPair), warned, "{rule}");
    }
}

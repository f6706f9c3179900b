use super::*;
use crate::compile::{Files, compile};
use crate::settings::Settings;
use crate::targets::{self, Target, ledger};

fn rows(text: &str) -> Vec<Row> {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    files.add("a/rule.trip".as_ref(), text.as_bytes());
    let world = files.world(&catalog).unwrap();
    let mut findings = Vec::new();
    let compiled = compile(&files.trees, &world, &mut findings);
    let errors: Vec<_> = findings
        .iter()
        .filter(|f| f.severity == crate::diagnostics::Severity::Error)
        .collect();
    assert!(
        errors.is_empty() && files.findings.is_empty(),
        "{errors:#?} {:#?}",
        files.findings
    );
    let (settings, deny) = (Settings::default(), BTreeSet::new());
    compiled
        .iter()
        .map(|rule| {
            let entry = |target| {
                let answer = targets::emit(target, &rule.plan, &catalog, &settings);
                ledger::judge(&rule.plan.rule, target, answer, &deny).entry
            };
            let (sentinel, sigma) = (entry(Target::Sentinel), entry(Target::Sigma));
            row(&rule.plan, "a/rule.trip".to_owned(), &catalog, &sentinel, &sigma)
        })
        .collect()
}

const HEAD: &str = r#"
  id "6d3a65bf-89df-5d8a-85c8-46f6a73cb73e"
  version 1.0.0
  severity low
  every 1h
  about "x"
  events a = aws.cloudtrail where eventName == "A" and account is present and recipientAccountId is present
"#;

fn rule(name: &str, attack: &str, rest: &str) -> String {
    format!("rule {name} \"t | u\" {{ {attack} {HEAD} {rest} }}\n")
}

const OTHER: &str = r#"events b = aws.cloudtrail where eventName == "B" and account is present"#;

const END: &str = "{ message \"m\" account account }";

#[test]
fn shapes_say_what_an_alert_is_made_of() {
    let group = "group g = a by account per 1h { n = count }";
    for (rest, expected) in [
        (format!("alert a {END}"), vec!["event"]),
        (format!("{group} alert g where n > 3 {END}"), vec!["threshold"]),
        (
            format!("{group} baseline p = g over 3d alert g where p is missing {END}"),
            vec!["baseline"],
        ),
        (
            format!("{OTHER} match m = a then b on account within 1h alert m {END}"),
            vec!["sequence"],
        ),
        (
            format!("{OTHER} {group} match m = g with b on account within 1h alert m {END}"),
            vec!["join", "threshold"],
        ),
        (
            format!("{OTHER} match m = a without b on account within 1h alert m {END}"),
            vec!["absence"],
        ),
    ] {
        let found = rows(&rule("one", "attack T1580", &rest));
        assert_eq!(found.first().map(|row| row.shapes.clone()), Some(expected), "{rest}");
    }
}

#[test]
fn a_rule_stands_under_each_of_its_tactics() {
    let alert = format!("alert a {END}");
    let text = rule("both", "attack T1078.004 (InitialAccess, Persistence), T1580", &alert)
        + &rule("neither", "", &alert).replace("6d3a65bf", "6d3a65be");
    let rows = rows(&text);
    let page = page(&rows);
    let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
    assert_eq!(
        headings,
        ["## Initial Access", "## Persistence", "## Discovery", "## No technique"]
    );
    assert_eq!(page.matches("| [both](a/rule.trip) | t \\| u | low |").count(), 3);
    assert_eq!(page.matches("| [neither](a/rule.trip) |").count(), 1);
    assert!(
        page.contains("2 rules; 2 techniques of ATT&CK v17 in 3 tactics"),
        "{page}"
    );
    // Under a tactic stand the techniques that serve it.
    let discovery = page.split("## Discovery").nth(1).unwrap();
    assert!(
        discovery.contains("T1580") && !discovery.contains("T1078"),
        "{discovery}"
    );

    let layer: serde_json::Value = serde_json::from_str(&layer(&rows)).unwrap();
    let found: Vec<(&str, &str, u64)> = layer["techniques"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| {
            let text = |key: &str| t[key].as_str().unwrap();
            (text("techniqueID"), text("tactic"), t["score"].as_u64().unwrap())
        })
        .collect();
    let expected = [
        ("T1078.004", "initial-access", 1),
        ("T1078.004", "persistence", 1),
        ("T1580", "discovery", 1),
    ];
    assert_eq!(found, expected);
}

#[test]
fn one_of_a_thing_is_no_many() {
    let text = rule("one", "attack T1580", &format!("alert a {END}"));
    let page = page(&rows(&text));
    assert!(
        page.contains("\n1 rule; 1 technique of ATT&CK v17 in 1 tactic "),
        "{page}"
    );
}

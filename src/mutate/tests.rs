use super::*;
use crate::compile::{self, Files};
use std::path::Path;

/// What becomes of the mutants of the rules of a text.
fn mutations(text: &str) -> Vec<Mutation> {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    files.add(Path::new("r.trip"), text.as_bytes());
    let world = files.world(&catalog).unwrap();
    let mut findings = std::mem::take(&mut files.findings);
    let compiled = compile::compile(&files.trees, &world, &mut findings);
    assert!(!crate::diagnostics::has_errors(&findings), "{findings:?}");
    let of = |rule| mutate(rule, &catalog, &files.trees, &files.sources).unwrap();
    compiled.iter().map(of).collect()
}

/// What is proved to change nothing of the one rule of a text.
fn proved(text: &str) -> Vec<String> {
    let all = mutations(text);
    assert_eq!(all.len(), 1);
    all[0].proved.iter().map(|mutant| mutant.what.clone()).collect()
}

fn group_of(selection: &str, rest: &str) -> String {
    format!(
        "rule r \"r\" {{
           events e = aws.cloudtrail {selection}
           group g = e by sourceIPAddress per 1h {{ n = count }}
           {rest}
         }}"
    )
}

#[test]
fn a_guard_of_a_key() {
    let alert = "alert g where n > 1 { ip sourceIPAddress }";
    let and = group_of("where eventName == \"A\" and sourceIPAddress is present", alert);
    assert_eq!(proved(&and), ["in `e`, without `sourceIPAddress is present`"]);
    let step = group_of("where eventName == \"A\" where sourceIPAddress is present", alert);
    assert_eq!(proved(&step), ["in `e`, without `where sourceIPAddress is present`"]);
    // What is no key is a mutant, and so is what is asked in an `or`, or not asked at all.
    let other = group_of("where eventName == \"A\" and awsRegion is present", alert);
    assert_eq!(proved(&other), [] as [&str; 0]);
    let or = group_of("where eventName == \"A\" or sourceIPAddress is present", alert);
    assert_eq!(proved(&or), [] as [&str; 0]);
    let except = group_of(
        "where eventName == \"A\" except \"x\" where sourceIPAddress is missing",
        alert,
    );
    assert_eq!(proved(&except), [] as [&str; 0]);
}

#[test]
fn a_guard_of_a_key_that_a_let_names() {
    let text = "rule r \"r\" {
        events e = aws.cloudtrail where requestParameters.a is present let k = requestParameters.a
        events f = aws.cloudtrail let k = requestParameters.a ?? requestParameters.b where k is present
        match m = e then f on k within 1h
        alert m { show k }
    }";
    assert_eq!(
        proved(text),
        [
            "in `e`, without `where requestParameters.a is present`",
            "in `f`, without `where k is present`"
        ]
    );
}

#[test]
fn a_guard_of_rows_that_are_used_without_the_key() {
    // One of two uses has another key.
    let text = "rule r \"r\" {
        events e = aws.cloudtrail where sourceIPAddress is present and awsRegion is present
        group g = e by sourceIPAddress per 1h { n = count }
        group h = e by awsRegion per 1h { n = count }
        match m = g with h on n within 1h
        alert m { show n }
    }";
    assert_eq!(proved(text), [] as [&str; 0]);
    // The alert is on the events.
    let text = "rule r \"r\" {
        events e = aws.cloudtrail where eventName == \"A\" and sourceIPAddress is present
        alert e { ip sourceIPAddress }
    }";
    assert_eq!(proved(text), [] as [&str; 0]);
}

#[test]
fn what_another_condition_asks_for() {
    let text = |condition: &str| {
        format!("rule r \"r\" {{ events e = aws.cloudtrail where {condition} alert e {{ ip sourceIPAddress }} }}")
    };
    let is_proved = |condition: &str| proved(&text(condition)).len();
    assert_eq!(is_proved("errorCode is present and errorCode in [\"A\", \"B\"]"), 1);
    assert_eq!(is_proved("errorCode is present where errorCode contains \"A\""), 1);
    // These hold where there is none, too.
    assert_eq!(is_proved("errorCode is present and errorCode != \"A\""), 0);
    assert_eq!(
        is_proved("errorCode is present and (errorCode == \"A\" or eventName == \"B\")"),
        0
    );
    // To ask for the contrary is another matter.
    assert_eq!(is_proved("errorCode is missing and errorMessage == \"A\""), 0);
}

#[test]
fn an_item_that_is_listed_twice() {
    let text = |test: &str| format!("rule r \"r\" {{ events e = aws.cloudtrail where {test} alert e {{}} }}");
    assert_eq!(proved(&text("eventName in [\"A\", \"A\"]")).len(), 2);
    assert_eq!(proved(&text("eventName in~ [\"A\", \"a\"]")).len(), 2);
    assert_eq!(proved(&text("eventName in [\"A\", \"a\"]")).len(), 0);
    // A list that one place asks exactly.
    let list = |tests: &str| format!("list l = [\"A\", \"a\"] {}", text(tests));
    assert_eq!(proved(&list("eventName in~ l")).len(), 2);
    assert_eq!(proved(&list("eventName in~ l and awsRegion in l")).len(), 0);
}

#[test]
fn an_aggregate_of_present_values() {
    let text = |column: &str| {
        format!(
            "rule r \"r\" {{
               events e = aws.cloudtrail where eventName == \"A\"
               group g = e by eventName per 1h {{ n = {column} }}
               alert g where size(n) > 1 {{}}
             }}"
        )
    };
    assert_eq!(proved(&text("set awsRegion where awsRegion is present")).len(), 1);
    assert_eq!(proved(&text("set awsRegion where errorCode is present")).len(), 0);
    let count = text("count where awsRegion is present").replace("size(n)", "n");
    assert_eq!(proved(&count).len(), 0);
}

/// A list that a test replaces is the test's, whatever is changed: only another test notices what is gone from the rule's.
#[test]
fn lists_of_a_test_are_its_own() {
    let text = |test: &str| {
        format!(
            "list l = [\"A\"]
             rule r \"r\" {{
               events e = aws.cloudtrail where eventName in l
               alert e {{}}
               test \"t\" {{ now 2025-08-15T10:00Z {test} expect 1 }}
             }}"
        )
    };
    let survivors = |text: &str| {
        mutations(text)[0]
            .survivors
            .iter()
            .map(|m| m.what.clone())
            .collect::<Vec<_>>()
    };
    let kept = "in `e`, without `where eventName in l`";
    assert_eq!(survivors(&text("0 { eventName: \"A\" }")), [kept]);
    let own = "list l = [\"B\"] 0 { eventName: \"B\" }";
    assert_eq!(survivors(&text(own)), ["without `\"A\"` in list `l`", kept]);
}

/// No event tells a rule from a change that is proved to change nothing.
#[test]
fn what_is_proved_is_so() {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    for entry in walk(Path::new("rules"))
        .into_iter()
        .chain(walk(Path::new("tests/cases")))
    {
        files.add(&entry, &std::fs::read(&entry).unwrap());
    }
    let world = files.world(&catalog).unwrap();
    let compiled = compile::compile(&files.trees, &world, &mut Vec::new());
    let mut proofs = 0;
    for rule in &compiled {
        let (_, proved) = sites::all(&rule.written.plan, &rule.checked, &files.trees, &files.sources);
        proofs += proved.len();
        for (mutant, test) in proved.iter().zip(show(rule, &catalog, &proved)) {
            assert_eq!(test, None, "{}: {}", rule.plan.rule.name, mutant.what);
        }
    }
    assert!(proofs > 30, "{proofs}");
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|end| end == "trip"))
        .collect()
}

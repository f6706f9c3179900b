//! The examples that the ledger gives for its differences, run by both sides: they show what they say.

use super::subjects::{Page, Rule, all_pages, each_rule};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tripline::examples;
use tripline::settings::Settings;
use tripline::targets::sigma::emit;

/// Rules with a difference for which no example is found: `distinct_lt_1` (below one), `sigma_distinct` (distinct
/// values of a field that the selection tests).
const WITHOUT_EXAMPLE: [&str; 2] = ["distinct_lt_1", "sigma_distinct"];

/// Rules whose texts differ: each aggregate with each comparison, and a group on each side of each link.
fn differing() -> Vec<Page> {
    let page = |name: String, body: String| Page {
        path: PathBuf::from(format!("{name}.trip")),
        text: format!("rule {name} \"R\" {{\n{body}\n}}"),
        log: None,
    };
    let mut all = Vec::new();
    let aggregates = [
        ("count", "count"),
        ("counted", "count where errorCode == \"x\""),
        ("distinct", "distinct userIdentity.userName"),
        ("sum", "sum requestParameters.size"),
        ("avg", "avg requestParameters.size"),
    ];
    let signs = [
        ("lt", "<"),
        ("lte", "<="),
        ("gt", ">"),
        ("gte", ">="),
        ("eq", "=="),
        ("neq", "!="),
    ];
    for (aggregate, function) in aggregates {
        for (word, sign) in signs {
            for bound in 1..=3 {
                all.push(page(
                    format!("{aggregate}_{word}_{bound}"),
                    format!(
                        "severity low events e = aws.cloudtrail where eventName == \"GetUser\" and sourceIPAddress is present
                         group g = e by sourceIPAddress per 1h {{ n = {function} }} where n {sign} {bound}
                         alert g {{ show n }}"
                    ),
                ));
            }
        }
    }
    let parts = [
        ("then", "one then many"),
        ("after", "many then one"),
        ("with", "one with many"),
        ("by", "many with one"),
    ];
    for (word, parts) in parts {
        for (n, (per, within)) in [("1h", "10m"), ("10m", "1h")].into_iter().enumerate() {
            for (k, threshold) in ["", "where n >= 3"].into_iter().enumerate() {
                all.push(page(
                    format!("match_{word}_{n}_{k}"),
                    format!(
                        "severity low events e = aws.cloudtrail where eventName == \"ConsoleLogin\" and sourceIPAddress is present
                         events one = aws.cloudtrail where eventName == \"CreateUser\" and sourceIPAddress is present
                         group many = e by sourceIPAddress per {per} {{ n = count }} {threshold}
                         match m = {parts} on sourceIPAddress within {within}
                         alert m {{ ip sourceIPAddress }}"
                    ),
                ));
            }
        }
    }
    all
}

#[test]
fn examples_of_differences_show_them() {
    let mut pages = all_pages();
    pages.extend(differing());
    let (mut wrong, mut shown) = (Vec::new(), BTreeMap::<&str, usize>::new());
    each_rule(&pages, |Rule { subject, .. }| {
        let name = &subject.plan().rule.name;
        let Ok(text) = emit(subject.plan(), subject.catalog(), &Settings::default()) else {
            return;
        };
        for difference in &text.differences {
            *shown.entry(difference.state.word()).or_default() += 1;
            let example = examples::find(subject.plan(), subject.catalog(), &difference.cause);
            let known = WITHOUT_EXAMPLE.contains(&name.as_str());
            match (example, known) {
                (None, false) => wrong.push(format!("{name}: {}: there is no example", difference.reason)),
                (Some(_), true) => wrong.push(format!("{name}: there is an example now: take it off the list")),
                (None, true) | (Some(_), false) => {}
            }
        }
        for (target, judged) in subject.examples() {
            if let Err(why) = judged {
                wrong.push(format!("{name}, {}: {why}", target.word()));
            }
        }
    });
    println!("{shown:?}");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(shown.get("wider").is_some_and(|n| *n >= 10), "{shown:?}");
    assert!(shown.get("differs").is_some_and(|n| *n >= 60), "{shown:?}");
}

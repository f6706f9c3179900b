use super::*;
use crate::compile::{Files, compile};
use std::path::Path;

/// Compiles one rule and finds an example in it.
fn found(rule: &str, cause: &Cause) -> Option<Example> {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    files.add(Path::new("r.trip"), rule.as_bytes());
    let world = files.world(&catalog).unwrap();
    let mut findings = std::mem::take(&mut files.findings);
    let compiled = compile(&files.trees, &world, &mut findings);
    assert_eq!(compiled.len(), 1, "{findings:?}");
    find(&compiled[0].plan, &catalog, cause)
}

fn threshold(comparison: Comparison, bound: i64) -> Threshold {
    Threshold {
        group: 1,
        aggregate: 0,
        comparison,
        bound,
    }
}

#[test]
fn every_threshold_has_an_example() {
    use Comparison::*;
    for aggregate in [
        "count",
        "count where errorCode is present",
        "distinct userIdentity.userName",
        "sum requestParameters.size",
        "avg requestParameters.size",
    ] {
        for (sign, comparison) in [
            ("<", Less),
            ("<=", LessOrEqual),
            (">", Greater),
            (">=", GreaterOrEqual),
            ("==", Equal),
            ("!=", NotEqual),
        ] {
            for (bound, per) in [(3, "1h"), (2, "1s"), (1, "1d"), (0, "1h")] {
                // Every group has an event, and none has less: nothing that windows could decide.
                let exact =
                    aggregate.starts_with(['c', 'd']) && (bound == 0 || bound == 1 && matches!(sign, "<" | ">="));
                let rule = format!(
                    "rule r \"R\" {{
                      events e = aws.cloudtrail
                        where eventName in [\"GetUser\", \"ListUsers\"] and not userAgent contains \"console\"
                          and sourceIPAddress is present
                      group g = e by sourceIPAddress, recipientAccountId per {per} {{ n = {aggregate} }}
                      alert g where n {sign} {bound} {{ show n }}
                    }}"
                );
                let cause = Cause::SlidingWindow(threshold(comparison, bound));
                let example = found(&rule, &cause);
                assert_eq!(example.is_none(), exact, "{aggregate} {sign} {bound} per {per}");
                let Some(example) = example else { continue };
                assert!(example.native.is_empty());
                assert_eq!(example.target, [["example", "example"]]);
                assert!(example.events.len() <= 4, "{}", example.events.len());
            }
        }
    }
}

#[test]
fn a_group_in_a_match_has_an_example() {
    for (parts, part) in [
        ("one then many", 1),
        ("many then one", 0),
        ("one with many", 1),
        ("many with one", 0),
    ] {
        for (per, within) in [("1h", "10m"), ("1h", "1d"), ("1m", "1h")] {
            let rule = format!(
                "rule r \"R\" {{
                  events failed = aws.cloudtrail where eventName == \"ConsoleLogin\" and errorMessage is present
                    and sourceIPAddress is present
                  events one = aws.cloudtrail where eventName == \"CreateUser\" and sourceIPAddress is present
                  group many = failed by sourceIPAddress per {per} {{ n = count }}
                    where n >= 5
                  match m = {parts} on sourceIPAddress within {within}
                  alert m {{ ip sourceIPAddress }}
                }}"
            );
            let cause = Cause::GroupInMatch {
                join: 3,
                part,
                threshold: Some(Threshold {
                    group: 2,
                    ..threshold(Comparison::GreaterOrEqual, 5)
                }),
            };
            let example = found(&rule, &cause).unwrap_or_else(|| panic!("{parts} per {per} within {within}"));
            assert_eq!(example.target, [["key 1"]]);
            assert_eq!(example.events.len(), 6);
        }
    }
}

//! Alerts as they leave: every line satisfies `docs/alert.schema.json`, in its key order; lines are ordered; an alert is
//! the same, with the same id, however the log is cut and ordered. And the samples hold what their README says.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{cases, project, tripline};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const SAMPLES: [&str; 2] = ["tests/samples/cloudtrail", "tests/samples/azure"];

fn schema() -> Value {
    let text = std::fs::read_to_string(project().join("docs/alert.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The run of the shipped rules over the samples, with further arguments.
fn samples(more: &[&str]) -> String {
    let args = ["run", "rules", "--input", SAMPLES[0], SAMPLES[1], "--format", "ndjson"];
    let said = tripline([&args, more].concat());
    assert_eq!(said.code, Some(0), "{}", said.page());
    said.stdout
}

/// The lines of alerts of every run there is: the samples, then each case.
fn runs() -> Vec<(String, String)> {
    let mut runs = vec![("samples".to_owned(), samples(&[]))];
    runs.extend(cases().into_iter().map(|case| {
        let said = tripline(case.run());
        (case.name, said.stdout)
    }));
    runs
}

/// What of a value does not satisfy a schema; of JSON Schema the words that ours uses, and no other.
fn violations(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let rules = schema.as_object().unwrap_or_else(|| panic!("{at}: no schema {schema}"));
    let named = rules.get("properties").and_then(Value::as_object);
    for (word, rule) in rules {
        let count = |n: usize| n as u64;
        let good = match (word.as_str(), value) {
            ("$schema" | "$id" | "title" | "description" | "properties", _) => true,
            ("type", _) => match rule {
                Value::Array(types) => types.iter().any(|one| is_a(value, one.as_str().unwrap())),
                one => is_a(value, one.as_str().unwrap()),
            },
            ("enum", _) => rule.as_array().unwrap().contains(value),
            ("pattern", Value::String(text)) => regex::Regex::new(rule.as_str().unwrap()).unwrap().is_match(text),
            ("format", Value::String(text)) => {
                assert_eq!(rule, "date-time");
                text.parse::<jiff::Timestamp>().is_ok() && text.contains('T')
            }
            ("minLength", Value::String(text)) => count(text.chars().count()) >= rule.as_u64().unwrap(),
            ("maxItems", Value::Array(list)) => count(list.len()) <= rule.as_u64().unwrap(),
            ("minProperties", Value::Object(members)) => count(members.len()) >= rule.as_u64().unwrap(),
            ("required", Value::Object(members)) => {
                let needed = rule.as_array().unwrap();
                needed.iter().all(|key| members.contains_key(key.as_str().unwrap()))
            }
            ("additionalProperties", Value::Object(members)) => {
                for (key, member) in members {
                    let below = format!("{at}.{key}");
                    match named.and_then(|named| named.get(key)) {
                        Some(of_key) => violations(of_key, member, &below, found),
                        None if *rule == Value::Bool(false) => found.push(format!("{below}: no such key")),
                        None => violations(rule, member, &below, found),
                    }
                }
                true
            }
            ("items", Value::Array(list)) => {
                for (n, element) in list.iter().enumerate() {
                    violations(rule, element, &format!("{at}[{n}]"), found);
                }
                true
            }
            (
                "pattern"
                | "format"
                | "minLength"
                | "maxItems"
                | "minProperties"
                | "required"
                | "additionalProperties"
                | "items",
                _,
            ) => true,
            (other, _) => panic!("{at}: this check does not know `{other}`"),
        };
        if !good {
            found.push(format!("{at}: {word} {rule} does not fit {value}"));
        }
    }
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("this check does not know the type `{other}`"),
    }
}

fn fits(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    violations(&schema(), value, "alert", &mut found);
    found
}

/// The keys of an object, in the order of the text.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Keys, D::Error> {
        struct OfMap;
        impl<'de> Visitor<'de> for OfMap {
            type Value = Keys;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, _)) = map.next_entry::<String, IgnoredAny>()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(OfMap)
    }
}

fn keys(text: &str) -> Vec<String> {
    serde_json::from_str::<Keys>(text).unwrap().0
}

/// The order of the keys, as the schema lists them.
fn order() -> Vec<String> {
    let text = std::fs::read_to_string(project().join("docs/alert.schema.json")).unwrap();
    #[derive(serde::Deserialize)]
    struct Top {
        properties: Keys,
    }
    serde_json::from_str::<Top>(&text).unwrap().properties.0
}

#[test]
fn every_alert_satisfies_the_schema() {
    let (order, mut count) = (order(), 0);
    for (name, lines) in runs() {
        for line in lines.lines() {
            let alert: Value = serde_json::from_str(line).unwrap();
            assert_eq!(fits(&alert), Vec::<String>::new(), "{name}: {line}");
            let mut expected = order.clone();
            expected.retain(|key| alert.get(key).is_some());
            assert_eq!(keys(line), expected, "{name}: the order of keys");
            for entity in alert["entities"].as_array().unwrap() {
                assert!(entity["type"].is_string());
            }
            assert!(
                !line.contains("\"type\":") || line.contains("{\"type\":"),
                "the type comes first"
            );
            let time = |key: &str| alert[key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
            assert!(time("start") <= time("end"), "{name}: {line}");
            assert!(time("end") <= time("time"), "{name}: {line}");
            for set in alert["columns"]
                .as_object()
                .unwrap()
                .values()
                .filter_map(Value::as_array)
            {
                assert!(set.is_sorted_by_key(|element| element.to_string()), "{name}: {line}");
            }
            count += 1;
        }
    }
    assert!(count > 90, "only {count} alerts");
}

/// The check of the schema is awake: each of these is wrong in one place.
#[test]
fn a_wrong_alert_does_not_satisfy_the_schema() {
    let lines = samples(&[]);
    let line = lines
        .lines()
        .find(|line| line.contains("\"aws_cli_recon_burst\""))
        .unwrap();
    let good: Value = serde_json::from_str(line).unwrap();
    assert_eq!(fits(&good), Vec::<String>::new());
    let wrong: [(&str, Value); 13] = [
        ("/rule", "no name".into()),
        ("/ruleId", "1234".into()),
        ("/alertId", "77c72306-d717-1ea8-8a51-6652639f226d".into()),
        ("/time", "2025-08-15 10:00:00Z".into()),
        ("/start", "2025-08-15T10:00:00+02:00".into()),
        ("/end", Value::Null),
        ("/severity", "critical".into()),
        ("/message", "".into()),
        ("/entities/0", serde_json::json!({ "type": "account" })),
        ("/entities/0/type", "user".into()),
        ("/columns/n", Value::Null),
        ("/attack/0/technique", "T12".into()),
        ("/events", serde_json::json!(vec!["x"; 101])),
    ];
    for (at, value) in wrong {
        let mut alert = good.clone();
        *alert.pointer_mut(at).unwrap_or_else(|| panic!("nothing at {at}")) = value;
        assert_eq!(fits(&alert).len(), 1, "{at}: {:?}", fits(&alert));
    }
    let mut more = good.clone();
    more.as_object_mut().unwrap().insert("score".into(), 5.into());
    assert_eq!(fits(&more).len(), 1);
    for key in order().iter().filter(|key| *key != "ruleId") {
        let mut less = good.clone();
        less.as_object_mut().unwrap().remove(key).unwrap();
        assert_eq!(fits(&less).len(), 1, "without {key}");
    }
}

#[test]
fn lines_are_ordered_by_time_rule_and_keys() {
    let mut equal = 0;
    for (name, lines) in runs() {
        let alerts: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let place = |alert: &Value| {
            let time: jiff::Timestamp = alert["time"].as_str().unwrap().parse().unwrap();
            (time, alert["rule"].as_str().unwrap().to_owned())
        };
        assert!(alerts.is_sorted_by_key(place), "{name}");
        // In these the key is the first column.
        if ["sum_min_max_avg", "arithmetic", "baseline_missing", "set_words"].contains(&name.as_str()) {
            let key = |line: &str| {
                let columns = line.split_once("\"columns\":{").unwrap().1;
                columns.split_once(',').unwrap().0.to_owned()
            };
            let keys: Vec<String> = lines.lines().map(key).collect();
            assert!(keys.len() > 1 && keys.is_sorted(), "{name}: {keys:?}");
            equal += 1;
        }
    }
    assert_eq!(equal, 4);
}

#[test]
fn other_formats_say_the_same() {
    let lines: Vec<Value> = samples(&[])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let args = ["run", "rules", "--input", SAMPLES[0], SAMPLES[1], "--format"];
    let json = tripline([&args[..], &["json"]].concat());
    assert_eq!(serde_json::from_str::<Vec<Value>>(&json.stdout).unwrap(), lines);
    let table = tripline([&args[..], &["table"]].concat());
    for alert in &lines {
        let shown = |key: &str| table.stdout.contains(alert[key].as_str().unwrap());
        assert!(shown("time") && shown("rule") && shown("title"), "{}", table.stdout);
    }
    // Standard output holds alerts and nothing else, also where there is none.
    let none = tripline([&args[..4], &["--from", "2030-01-01T00:00Z", "--format", "ndjson"]].concat());
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""));
    let none = tripline([&args[..4], &["--from", "2030-01-01T00:00Z", "--format", "json"]].concat());
    assert_eq!(none.stdout.split_whitespace().collect::<String>(), "[]");
}

#[test]
fn exit_codes_of_a_run() {
    let run = |more: &[&str]| tripline([&["run", "rules", "--input", SAMPLES[0]], more].concat()).code;
    assert_eq!(run(&[]), Some(0));
    assert_eq!(run(&["--fail-on-alert"]), Some(1));
    assert_eq!(run(&["--fail-on-alert", "--from", "2030-01-01T00:00Z"]), Some(0));
    assert_eq!(run(&["--strict"]), Some(0));
}

#[test]
fn threads_do_not_matter() {
    let one = samples(&["--threads", "1"]);
    for threads in ["2", "4", "16"] {
        assert_eq!(samples(&["--threads", threads]), one);
    }
}

/// The files of the samples in the other order, and all records of CloudTrail in one file, reversed.
#[test]
fn the_order_of_files_and_records_does_not_matter() {
    let straight = samples(&["--threads", "1"]);
    assert_eq!(straight.lines().count(), 31);
    let mut files: Vec<PathBuf> = SAMPLES
        .iter()
        .flat_map(|folder| std::fs::read_dir(project().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.reverse();
    let run = |files: &[PathBuf]| {
        let mut args: Vec<PathBuf> = ["run", "rules", "--format", "ndjson", "--threads", "1", "--input"]
            .map(PathBuf::from)
            .to_vec();
        args.extend(files.iter().cloned());
        tripline(args).stdout
    };
    assert_eq!(run(&files), straight);
    files.rotate_left(5);
    assert_eq!(run(&files), straight);

    let folder = tempfile::tempdir().unwrap();
    for case in cases() {
        let args = |events: &Path| {
            let mut args = case.run();
            args[3] = events.to_owned();
            args
        };
        let text = std::fs::read_to_string(project().join(case.events())).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        let straight = tripline(case.run()).stdout;
        let half = lines.len() / 2;
        for turn in 0..3 {
            match turn {
                0 => lines.reverse(),
                1 => lines.rotate_left(half),
                _ => lines.sort_by_key(|line| line.len() * 7 % 11),
            }
            let file = folder.path().join("events.jsonl");
            std::fs::write(&file, lines.join("\n")).unwrap();
            assert_eq!(tripline(args(&file)).stdout, straight, "{}", case.name);
        }
        // One file a record.
        let many = folder.path().join(&case.name);
        std::fs::create_dir(&many).unwrap();
        for (n, line) in lines.iter().enumerate() {
            std::fs::write(many.join(format!("{n}.json")), line).unwrap();
        }
        assert_eq!(tripline(args(&many)).stdout, straight, "{}", case.name);
    }
}

/// Ids of alerts tell alerts apart, and no two alerts of a run that differ share one.
#[test]
fn ids_are_distinct() {
    for (name, lines) in runs() {
        let mut seen: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
        for line in lines.lines() {
            let alert: Value = serde_json::from_str(line).unwrap();
            let id = alert["alertId"].as_str().unwrap().to_owned();
            // Equal rows are equal alerts.
            if let Some(other) = seen.insert(id, line.to_owned()) {
                assert!(other == line, "{name}: one id for\n{other}\n{line}");
            }
        }
    }
}

/// A row of the README's first table with four cells: time, rule, who, why.
fn expected() -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(project().join("tests/samples/README.md")).unwrap();
    text.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            match cells.as_slice() {
                [time, rule, who, _] if time.starts_with("08-") => {
                    let plain = |cell: &str| cell.trim_matches('`').to_owned();
                    Some((format!("2025-{}Z", time.replace(' ', "T")), plain(rule), plain(who)))
                }
                _ => None,
            }
        })
        .collect()
}

fn found(lines: &str) -> Vec<(String, String, String)> {
    lines
        .lines()
        .map(|line| {
            let alert: Value = serde_json::from_str(line).unwrap();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let columns = &alert["columns"];
            let who = ["account", "user", "caller"].iter().find_map(|name| columns.get(name));
            let who = who.or_else(|| alert["entities"][0].get("FullName")).unwrap();
            (text(&alert["time"]), text(&alert["rule"]), text(who))
        })
        .collect()
}

/// The rows of the README's second table: a rule and how many alerts it has.
fn expected_of_others() -> BTreeMap<String, usize> {
    let text = std::fs::read_to_string(project().join("tests/samples/README.md")).unwrap();
    let row = |line: &str| {
        let (rule, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        Some((rule.to_owned(), rest.split_once(" | ")?.0.parse().ok()?))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn the_samples_hold_what_their_readme_says() {
    let expected = expected();
    assert_eq!(expected.len(), 10, "the table has another form");
    let of_seeds = |lines: &str| {
        let mut found = found(lines);
        found.retain(|(_, rule, _)| expected.iter().any(|(_, seed, _)| seed == rule));
        found
    };
    let all = samples(&[]);
    assert_eq!(of_seeds(&all), expected);
    let mut others = BTreeMap::new();
    for (_, rule, _) in found(&all) {
        if !expected.iter().any(|(_, seed, _)| *seed == rule) {
            *others.entry(rule).or_insert(0) += 1;
        }
    }
    assert_eq!(others, expected_of_others());
    // The run of one clock: `every 1h` leaves one of the hourly rule, `every 1d` four of the daily ones.
    let at_five = of_seeds(&samples(&["--now", "2025-08-15T05:00:00Z"]));
    let left: Vec<_> = expected
        .iter()
        .filter(|(time, rule, _)| {
            let after = match rule.as_str() {
                "cloudshell_unseen_commands" => "2025-08-15T04:00:00Z",
                _ => "2025-08-14T05:00:00Z",
            };
            time.as_str() > after
        })
        .cloned()
        .collect();
    assert_eq!(at_five, left);
    assert_eq!(left.len(), 5);
    // `--from` and `--to` cut the stream: the first is not in, the second is.
    let between = samples(&["--from", "2025-08-14T13:05:58Z", "--to", "2025-08-15T00:00:00Z"]);
    let times: Vec<String> = found(&between).into_iter().map(|(time, ..)| time).collect();
    assert_eq!(
        times,
        ["2025-08-14T13:05:59Z", "2025-08-14T22:42:00Z", "2025-08-15T00:00:00Z"]
    );
}

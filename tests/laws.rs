//! The laws of a run, for every shipped rule and every case, over random logs that are near to what the rule looks for:
//!
//! * the order of events does not matter;
//! * how events are split into files (states) does not matter;
//! * runs laid end to end, one each `every`, give what the stream gives, wherever the first one stands;
//! * `--from A --to B` gives the alerts of the stream with a time in `(A, B]`.
//!
//! Random logs are made of the events of the case, or of the samples, moved in time to the edges of windows and with
//! members exchanged; each rule must alert in some of them, so that no law holds for want of alerts.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{cases, project};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tripline::compile::{Files, compile};
use tripline::evaluate::{self, Asked, Compiled};
use tripline::input::{self, Options};
use tripline::source::Catalog;
use tripline::value::{Json, Span, Time};

/// A random change of an event: which, moved to which edge, what is taken from which other.
type Draw = (prop::sample::Index, u8, u8, prop::sample::Index, u8);

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    let draw = (
        any::<prop::sample::Index>(),
        any::<u8>(),
        any::<u8>(),
        any::<prop::sample::Index>(),
        any::<u8>(),
    );
    prop::collection::vec(draw, 0..40)
}

fn events(catalog: &Catalog, paths: &[PathBuf]) -> Vec<input::Event> {
    let mut events = Vec::new();
    for file in input::discover(paths).unwrap() {
        input::read(&file, catalog, &Options::default(), &mut |event| events.push(event)).unwrap();
    }
    assert!(!events.is_empty());
    events
}

/// A log out of draws; `rule` tells how long windows are.
fn log(pool: &[input::Event], draws: &[Draw], every: Span) -> Vec<input::Event> {
    let mut log: Vec<input::Event> = Vec::new();
    for (n, (which, moved, change, other, key)) in draws.iter().enumerate() {
        let mut event = which.get(pool).clone();
        let time = event.time.unwrap();
        let (minute, hour) = (Span::minutes(1), Span::hours(1));
        event.time = Some(match moved % 16 {
            0..=7 => time,
            8 => time.bin(hour),
            9 => time.bin(hour).minus(Span(1)),
            10 => time.bin(minute),
            11 => time.plus(minute),
            12 => time.plus(hour),
            13 => time.minus(hour),
            14 => time.bin(every),
            _ => time.plus(Span::seconds(1)),
        });
        if change % 4 == 0 {
            event.body = exchanged(&event.body, &other.get(pool).body, *key);
        }
        event.id = Arc::from(format!("{n:02}"));
        log.push(event);
    }
    log
}

/// One member of an object replaced by that of another, or left out.
fn exchanged(body: &Json, other: &Json, key: u8) -> Json {
    let Json::Object(members) = body else {
        return body.clone();
    };
    if members.is_empty() {
        return body.clone();
    }
    let at = usize::from(key) % members.len();
    let mut members: Vec<(Arc<str>, Json)> = members.to_vec();
    let name = Arc::clone(&members[at].0);
    match other.get(&name) {
        Some(value) => members[at].1 = value.clone(),
        None => {
            members.remove(at);
        }
    }
    Json::object(members)
}

/// What a rule finds, as lines; events go to `states` states by turns.
fn found(rule: &Compiled<'_>, asked: Asked, events: &[input::Event], states: usize) -> Vec<String> {
    let mut all: Vec<_> = (0..states).map(|_| rule.state(asked, None)).collect();
    for (n, event) in events.iter().enumerate() {
        all[n % states].push(&evaluate::Event {
            source: event.source,
            shape: event.shape,
            body: &event.body,
            time: event.time.unwrap(),
            id: &event.id,
        });
    }
    let mut whole = all.pop().unwrap();
    for state in all {
        whole.merge(state);
    }
    let outcome = whole.finish();
    outcome.alerts.iter().map(|row| row.alert.to_line().unwrap()).collect()
}

fn time_of(line: &str) -> Time {
    let alert: serde_json::Value = serde_json::from_str(line).unwrap();
    Time::parse(alert["time"].as_str().unwrap()).unwrap()
}

/// Every law for one rule. Returns how many alerts there were in all logs.
fn laws(name: &str, rule: &Compiled<'_>, every: Span, pool: &[input::Event], logs: u32) -> usize {
    let alerts = Cell::new(0);
    let config = Config {
        cases: logs,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    // Clocks that stand on the ends of windows, and others.
    let strategy = (draws(), prop_oneof![Just(0u16), any::<u16>()]);
    let result = runner.run(&strategy, |(draws, phase)| {
        let mut log = log(pool, &draws, every);
        let stream = found(rule, Asked::Stream, &log, 1);
        alerts.set(alerts.get() + stream.len());

        for states in [2, 3, 7] {
            prop_assert_eq!(
                &found(rule, Asked::Stream, &log, states),
                &stream,
                "split into {}",
                states
            );
        }
        log.reverse();
        prop_assert_eq!(&found(rule, Asked::Stream, &log, 1), &stream, "reversed");
        let half = log.len() / 2;
        log.rotate_left(half);
        prop_assert_eq!(&found(rule, Asked::Stream, &log, 2), &stream, "turned, and split");

        let Some(first) = log.iter().filter_map(|event| event.time).min() else {
            return Ok(());
        };
        let last = log.iter().filter_map(|event| event.time).max().unwrap();
        // Windows close a day after the last event at the latest.
        let end = last.plus(Span::days(1)).plus(every);
        let start = first.bin(every).minus(Span(i64::from(phase) * every.0 / 65_536));
        let mut laid = Vec::new();
        let mut clock = start;
        while clock <= end {
            // Runs that see no event near their interval find nothing: they are as good as run.
            let near = |event: &input::Event| {
                let time = event.time.unwrap();
                time <= clock && time.plus(Span::days(1)).plus(every) > clock.minus(every)
            };
            if log.iter().any(near) {
                laid.extend(found(rule, Asked::Now(clock), &log, 1));
            }
            clock = clock.plus(every);
        }
        prop_assert_eq!(&laid, &stream, "runs laid end to end");

        let (from, to) = (first.plus(Span::minutes(i64::from(phase) % 1440)), last);
        let asked = Asked::Between {
            from: Some(from),
            to: Some(to),
        };
        let cut: Vec<String> = stream
            .iter()
            .filter(|line| time_of(line) > from && time_of(line) <= to)
            .cloned()
            .collect();
        prop_assert_eq!(&found(rule, asked, &log, 1), &cut, "from .. to ..");
        Ok(())
    });
    if let Err(error) = result {
        panic!("{name}: {error}");
    }
    alerts.get()
}

/// The rules of files, each with its laws over events that a closure chooses.
fn laws_of(paths: &[PathBuf], logs: u32, pool: impl Fn(&Catalog, &str) -> Vec<input::Event>) {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    for path in paths {
        files.add(path, &std::fs::read(project().join(path)).unwrap());
    }
    files.link(&Default::default());
    let world = files.world(&catalog).unwrap();
    let mut findings = Vec::new();
    let rules = compile(&files.trees, &world, &mut findings);
    assert_eq!(rules.len(), paths.len());
    for rule in &rules {
        let name = rule.plan.rule.name.as_str();
        let ready = Compiled::new(&rule.plan, &catalog).unwrap();
        let alerts = laws(name, &ready, rule.plan.rule.every, &pool(&catalog, name), logs);
        assert!(alerts > 0, "{name} never alerted: the laws say nothing about it");
    }
}

#[test]
fn laws_of_cases() {
    for case in cases() {
        laws_of(&[case.rule()], 24, |catalog, _| {
            events(catalog, &[project().join(case.events())])
        });
    }
}

/// The shipped rules, over the events behind their alerts in the samples, with some others around them.
#[test]
fn laws_of_shipped_rules() {
    let samples = ["tests/samples/cloudtrail", "tests/samples/azure"].map(|folder| project().join(folder));
    let run = common::tripline([
        "run",
        "rules",
        "--format",
        "ndjson",
        "--input",
        "tests/samples/cloudtrail",
        "tests/samples/azure",
    ]);
    let alerts = run.alerts();
    let rules = [
        "rules/aws/cli/aws_cli_recon_burst.trip",
        "rules/aws/cloudshell/cloudshell_unseen_commands.trip",
        "rules/aws/ec2/ssm_output_to_foreign_bucket.trip",
        "rules/azure/azure_cloudshell_usage.trip",
    ];
    for rule in rules {
        laws_of(&[Path::new(rule).to_owned()], 24, |catalog, name| {
            let behind: Vec<&str> = alerts
                .iter()
                .filter(|alert| alert["rule"] == name)
                .flat_map(|alert| alert["events"].as_array().unwrap())
                .map(|id| id.as_str().unwrap())
                .collect();
            let mut others = 0;
            let mut pool = events(catalog, &samples);
            pool.retain(|event| {
                others += 1;
                behind.contains(&&*event.id) || others % 100 == 0
            });
            pool
        });
    }
}

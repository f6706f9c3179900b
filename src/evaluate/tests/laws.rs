//! What holds for every rule and every log.

use super::support::*;
use crate::evaluate::{AlertRow, Asked, Compiled, Outcome};
use crate::plan::Plan;
use crate::runtime::alert::Alert;
use crate::source::Catalog;
use crate::value::{Span, Time, Value};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Rules of every construct; `every` stands in every relation to the other spans.
const RULES: &[&str] = &[
    "every 1h events e = t.log where n > 0 alert e { show user, n }",
    "every 7m events e = t.log each x in extra.l alert e { show user, x }",
    "every 2h events e = t.log
     group g = e by user per 1h { rows = count  names = set name  total = sum r  mean = avg r }
     alert g where rows > 1 { show rows, names, total, mean }",
    "every 25m events a = t.log where kind == \"a\" events b = t.log where n > 0
     group g = a, b by user per 30m { opened = count a  bs = distinct b.name }
     alert g where opened > 0 and bs > 0 { show opened, bs }",
    "every 1h events e = t.log
     group g = e by user per 1h { rows = count  names = set name } where rows < 3
     baseline past = g over 3h
     alert g let unseen = names minus past.names where unseen is not empty { show rows, unseen, past.rows }",
    "every 20m events e = t.log
     group g = e by user, kind per 10m { rows = count  total = sum r }
     baseline past = g over 1h where past.rows > 1
     baseline far = g over 4h
     alert g where past is missing { show rows, past.rows, far.rows, far.total }",
    "every 35m events a = t.log where kind == \"a\" events b = t.log where kind == \"b\"
     match m = a then b on user within 1h alert m { show a.n, b.n }",
    "every 1h events a = t.log where kind == \"a\" events b = t.log where n > 0 events c = t.log where kind == \"b\"
     match m = a with b with c on user within 40m alert m where a.n != b.n { show a.n, b.n, c.n }",
    "every 1h events a = t.log where kind == \"a\" events b = t.log where kind == \"b\"
     match m = a without b on user within 1h alert m { show a.n }",
    "every 15m events a = t.log where kind == \"a\" events b = t.log where kind == \"b\"
     group g = a by user per 30m { rows = count  total = sum r }
     match m = g with b on user within 40m where b.time >= g.first alert m { show g.rows, g.total, b.n }",
    "every 45m events a = t.log where kind == \"a\" events b = t.log where kind == \"b\"
     group g = b by user per 30m { rows = count }
     match m = a without g on user within 1h alert m { show a.n }",
];

static CATALOG: LazyLock<Catalog> = LazyLock::new(small);
static PLANS: LazyLock<Vec<Plan>> = LazyLock::new(|| RULES.iter().map(|rule| plan(rule)).collect());

/// Some hours of events, many on the edges of windows and runs.
fn log() -> impl Strategy<Value = Vec<Given>> {
    let after = prop_oneof![
        (0_i64..72).prop_map(|n| m(n * 5)),
        ((0_i64..72), -1_i64..=1).prop_map(|(n, ticks)| more(m(n * 5), Span(ticks))),
        (0_i64..21_600).prop_map(s),
    ];
    let text = |words: &'static [&'static str]| prop::sample::select(words);
    let body = (
        text(&["u", "v", ""]),
        text(&["a", "b", "b"]),
        text(&["x", "y", "z", ""]),
        0_i64..3,
        text(&["0.1", "0.2", "0.7", "1e16"]),
        text(&["null", "[]", "[1,2]", "[1,1]", "\"t\""]),
    );
    let one = (after, body).prop_map(|(after, (user, kind, name, n, r, l))| {
        (
            after,
            format!(
                r#""user": "{user}", "kind": "{kind}", "name": "{name}", "n": {n}, "r": {r}, "extra": {{"l": {l}}}"#
            ),
        )
    });
    prop::collection::vec(one, 0..40).prop_map(|events| {
        let numbered = events.iter().enumerate();
        numbered
            .map(|(n, (after, body))| event(&format!("e{n:02}"), *after, body))
            .collect()
    })
}

fn stream(plan: &Plan, events: &[Given]) -> Outcome {
    outcome(&CATALOG, plan, Asked::Stream, None, events)
}

fn in_order(mut alerts: Vec<AlertRow>) -> Vec<AlertRow> {
    alerts.sort_by(|a, b| Alert::in_order(&a.alert, &b.alert).then_with(|| a.row.cmp(&b.row)));
    alerts
}

/// The laws say something about every rule: none of them is silent on these logs.
#[test]
fn every_rule_finds_something() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut counts = vec![0; PLANS.len()];
    for _ in 0..40 {
        let events = log().new_tree(&mut runner).unwrap().current();
        for (plan, count) in PLANS.iter().zip(&mut counts) {
            *count += stream(plan, &events).alerts.len();
        }
    }
    assert!(counts.iter().all(|count| *count > 20), "{counts:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn order_does_not_matter(events in log(), turn in any::<prop::sample::Index>()) {
        let mut turned = events.clone();
        turned.rotate_left(turn.index(events.len().max(1)));
        turned.reverse();
        for plan in PLANS.iter() {
            prop_assert_eq!(stream(plan, &events), stream(plan, &turned));
        }
    }

    #[test]
    fn splitting_does_not_matter(
        events in log(),
        places in prop::collection::vec(0_usize..3, 40),
        now in 0_i64..72,
    ) {
        for plan in PLANS.iter() {
            for asked in [Asked::Stream, Asked::Now(at(m(now * 5)))] {
                let compiled = Compiled::new(plan, &CATALOG).unwrap();
                let mut states = [0, 1, 2].map(|_| compiled.state(asked, None));
                for (event, place) in events.iter().zip(&places) {
                    states[*place].push(&event.event());
                }
                let [a, b, mut merged] = states;
                merged.merge(a);
                merged.merge(b);
                prop_assert_eq!(merged.finish(), outcome(&CATALOG, plan, asked, None, &events));
            }
        }
    }

    #[test]
    fn runs_laid_end_to_end_are_the_stream(events in log(), offset in 0_i64..60) {
        for plan in PLANS.iter() {
            let (every, mut clock) = (plan.rule.every, at(less(m(offset), h(2))));
            let end = at(h(9));
            let mut laid = Vec::new();
            let mut bounds = vec![clock];
            while clock < end {
                clock = clock.plus(every);
                bounds.push(clock);
                laid.extend(outcome(&CATALOG, plan, Asked::Now(clock), None, &events).alerts);
            }
            prop_assert_eq!(&in_order(laid), &stream(plan, &events).alerts, "{}", plan.rule.name);
            let between = Asked::Between { from: Some(bounds[1]), to: bounds.last().copied() };
            let mut rest = stream(plan, &events).alerts;
            rest.retain(|found| found.alert.time > bounds[1]);
            prop_assert_eq!(outcome(&CATALOG, plan, between, None, &events).alerts, rest);
        }
    }

    #[test]
    fn ids_tell_alerts_apart(events in log()) {
        // Two elements of a list may be equal; everything else has an id of its own.
        for plan in PLANS.iter().filter(|plan| plan.rule.every != m(7)) {
            let alerts = stream(plan, &events).alerts;
            let ids: BTreeSet<_> = alerts.iter().map(|found| found.alert.alert_id).collect();
            prop_assert_eq!(ids.len(), alerts.len());
        }
    }

    #[test]
    fn baselines_are_what_counting_anew_gives(events in log()) {
        let rule = "events e = t.log where user is present
            group g = e by user per 10m { rows = count  names = set name }
            baseline past = g over 50m
            alert g { show rows, past.rows, past.names }";
        let (per, over) = (m(10), m(50));
        let mut windows: BTreeMap<(Time, String), u64> = BTreeMap::new();
        let user = |event: &Given| event.body.get("user").and_then(|u| u.as_text().map(|t| t.to_string()));
        let of_users = || events.iter().filter_map(|event| user(event).map(|user| (event, user)));
        for (event, user) in of_users() {
            *windows.entry((event.time.bin(per).plus(per), user)).or_default() += 1;
        }
        let mut expected = Vec::new();
        for ((end, of), rows) in &windows {
            let past: Vec<&Given> = of_users()
                .filter(|(event, user)| {
                    user == of && event.time >= end.minus(over) && event.time < end.minus(per)
                })
                .map(|(event, _)| event)
                .collect();
            let names: BTreeSet<String> = past
                .iter()
                .filter_map(|event| event.body.get("name").and_then(|n| n.as_text().map(|t| t.to_string())))
                .collect();
            expected.push((*end, of.clone(), *rows, past.len(), names.into_iter().collect::<Vec<_>>().join(", ")));
        }
        let outcome = found(rule, &events);
        let got: Vec<_> = outcome.alerts.iter().map(|found| {
            let column = |name: &str| {
                let value = found.alert.columns.iter().find(|(n, _)| &**n == name).map(|(_, v)| v.clone());
                value.unwrap_or_default()
            };
            let int = |name: &str| if let Value::Int(n) = column(name) { n } else { 0 };
            let names = column("past_names");
            (
                found.alert.time,
                column("user").as_text().unwrap().to_string(),
                int("rows") as u64,
                int("past_rows") as usize,
                crate::runtime::template::printed(&names),
            )
        }).collect();
        prop_assert_eq!(got, expected);
    }
}

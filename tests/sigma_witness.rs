//! What the engine that witnesses our Sigma texts does, where the specification leaves it open or it goes its own way. Whoever
//! compares an emitted rule with it knows from here what a difference may come from; an update that changes one of these
//! changes what the comparison is worth.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

use serde_json::{Value, json};
use std::collections::BTreeSet;
use tripline::agreement::engine::{Key, Windows, detect, detect_in};
use tripline::value::{TICKS_PER_SECOND, Time};

fn at(seconds: f64) -> Time {
    Time((seconds * TICKS_PER_SECOND as f64) as i64)
}

/// A rule of one detection; `{` and `}` in it stand for themselves.
fn rule(name: &str, id: u32, detection: &str) -> String {
    let detection: String = detection.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "title: {name}\nid: 8e5b1f6a-3c60-4d7f-9a41-0000000000{id:02}\nname: {name}\nlogsource:\n    product: aws\n    \
         service: cloudtrail\ndetection:\n{detection}"
    )
}

/// The values of `f` that a detection item matches, among absent (`None`) and given ones.
fn matched(item: &str, values: &[Value]) -> Vec<Option<Value>> {
    let text = rule("probe", 1, &format!("selection:\n    {item}\ncondition: selection"));
    matched_by(&text, values)
}

fn matched_by(text: &str, values: &[Value]) -> Vec<Option<Value>> {
    let mut events = vec![(at(1.0), json!({"other": 1}))];
    events.extend(values.iter().map(|value| (at(1.0), json!({"f": value}))));
    let found = detect(text, &events).unwrap().events;
    found.into_iter().map(|at| events[at].1.get("f").cloned()).collect()
}

fn some(values: &[Value]) -> Vec<Option<Value>> {
    values.iter().cloned().map(Some).collect()
}

#[test]
fn missing_takes_null_and_the_empty_text() {
    let values = [
        json!(null),
        json!(""),
        json!(" "),
        json!([]),
        json!({}),
        json!(0),
        json!(false),
    ];
    let absent_and = |values: &[Value]| -> Vec<Option<Value>> {
        std::iter::once(None).chain(values.iter().cloned().map(Some)).collect()
    };
    assert_eq!(matched("f: null", &values), absent_and(&[json!(null)]));
    assert_eq!(matched("f: ''", &values), some(&[json!("")]));
    let two = rule(
        "probe",
        1,
        "selection:\n    - f: null\n    - f: ''\ncondition: selection",
    );
    assert_eq!(matched_by(&two, &values), absent_and(&[json!(null), json!("")]));
    let present = rule(
        "probe",
        1,
        "selection:\n    - f: null\n    - f: ''\ncondition: not selection",
    );
    assert_eq!(matched_by(&present, &values), some(&values[2..]));
    // A list with null in it, which the specification forbids, loses the absent field.
    assert_eq!(matched("f: [null, '']", &values), some(&[json!(null), json!("")]));
    // Against the specification: a field that is null does not exist.
    assert_eq!(matched("f|exists: true", &values), some(&values[1..]));
}

#[test]
fn text_is_folded_unless_cased() {
    let values = [
        json!("Ab"),
        json!("ab"),
        json!("É"),
        json!("é"),
        json!(["x", "Ab"]),
        json!("\u{212a}"),
    ];
    assert_eq!(
        matched("f: 'ab'", &values),
        some(&[values[0].clone(), values[1].clone(), values[4].clone()])
    );
    assert_eq!(
        matched("f|cased: 'Ab'", &values),
        some(&[values[0].clone(), values[4].clone()])
    );
    assert_eq!(
        matched("f|cased: ['Ab', 'é']", &values),
        some(&[values[0].clone(), values[3].clone(), values[4].clone()])
    );
    assert_eq!(
        matched("f|cased|contains: 'A'", &values),
        some(&[values[0].clone(), values[4].clone()])
    );
    // Folding is Unicode's: more than our ASCII.
    assert_eq!(
        matched("f|contains: 'é'", &values),
        some(&[values[2].clone(), values[3].clone()])
    );
    assert_eq!(matched("f|contains: 'k'", &values), some(&[values[5].clone()]));
    assert_eq!(
        matched("f|re|i: '^AB$'", &values),
        some(&[values[0].clone(), values[1].clone(), values[4].clone()])
    );
    assert_eq!(
        matched("f|re: 'b'", &values),
        some(&[values[0].clone(), values[1].clone(), values[4].clone()])
    );
}

#[test]
fn numbers_and_bools_in_text() {
    let numbers = [
        json!(6),
        json!(6.0),
        json!("6"),
        json!("6.0"),
        json!("06"),
        json!(" 6"),
        json!("x"),
        json!([6]),
    ];
    assert_eq!(
        matched("f|gt: 5", &numbers),
        some(&[&numbers[..5], &numbers[7..]].concat())
    );
    assert_eq!(
        matched("f: 6", &numbers),
        some(&[&numbers[..5], &numbers[7..]].concat())
    );
    assert_eq!(
        matched("f|re: '^6$'", &numbers),
        some(&[&numbers[..3], &numbers[7..]].concat())
    );
    let bools = [
        json!(true),
        json!("true"),
        json!("True"),
        json!("yes"),
        json!("1"),
        json!(1),
        json!(false),
    ];
    // `true` takes more words than the texts `true`.
    assert_eq!(matched("f: true", &bools), some(&bools[..5]));
    assert_eq!(matched("f: 'true'", &bools), some(&bools[..3]));
}

#[test]
fn addresses() {
    let values = [
        json!("10.1.2.3"),
        json!("2001:DB8::1"),
        json!("::ffff:10.1.2.3"),
        json!("AWS Internal"),
        json!("10.1.2.3/32"),
        json!("010.1.2.3"),
    ];
    assert_eq!(matched("f|cidr: '10.0.0.0/8'", &values), some(&values[..1]));
    assert_eq!(matched("f|cidr: '2001:db8::/32'", &values), some(&values[1..2]));
    assert_eq!(matched("f|cidr: ['0.0.0.0/0', '::/0']", &values), some(&values[..3]));
}

#[test]
fn a_field_against_a_field() {
    let events = [
        json!({"f": "a", "g": {"h": "a"}}),
        json!({"f": "A", "g": {"h": "a"}}),
        json!({"f": "a"}),
        json!({"g": {"h": "a"}}),
        json!({}),
        json!({"f": null, "g": {"h": null}}),
        json!({"f": "", "g": {"h": ""}}),
        json!({"f": 1, "g": {"h": "1"}}),
    ];
    let events: Vec<(Time, Value)> = events.into_iter().map(|event| (at(1.0), event)).collect();
    let found = |detection: &str| -> Vec<usize> {
        detect(&rule("probe", 1, detection), &events)
            .unwrap()
            .events
            .into_iter()
            .collect()
    };
    assert_eq!(
        found("selection:\n    f|fieldref: g.h\ncondition: selection"),
        [0, 1, 5, 6, 7]
    );
    assert_eq!(
        found("selection:\n    f|cased|fieldref: g.h\ncondition: selection"),
        [0, 5, 6]
    );
    let guarded = "selection:\n    f|cased|fieldref: g.h\nfilter_main_missing:\n    - f: null\n    - f: ''\n\
                   condition: selection and not 1 of filter_main_*";
    assert_eq!(found(guarded), [0]);
}

#[test]
fn paths_and_lists() {
    let events = [
        json!({"a": {"b": "x"}}),
        json!({"a": [{"b": "x"}, {"b": "y"}]}),
        json!({"a": "{\"b\":\"x\"}"}),
        json!({"a.b": "x"}),
    ];
    let events: Vec<(Time, Value)> = events.into_iter().map(|event| (at(1.0), event)).collect();
    let found = |item: &str| -> Vec<usize> {
        let text = rule("probe", 1, &format!("selection:\n    {item}\ncondition: selection"));
        detect(&text, &events).unwrap().events.into_iter().collect()
    };
    assert_eq!(found("a.b: 'x'"), [0, 1, 3]);
    // An index is not understood.
    assert_eq!(found("a[0].b: 'x'"), [0; 0]);
    assert_eq!(found("a.0.b: 'x'"), [0; 0]);
}

#[test]
fn conditions() {
    let names = ["a", "b", "c", "d"];
    let events: Vec<(Time, Value)> = (0..16_u32)
        .map(|bits| {
            let held = names.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
            (
                at(1.0),
                held.map(|(_, name)| ((*name).to_owned(), json!("x"))).collect(),
            )
        })
        .collect();
    let is = |event: &Value, name: &str| event.get(name).is_some();
    let check = |condition: &str, expected: &dyn Fn(&Value) -> bool| {
        let detections = "selection_a:\n    a: 'x'\nselection_b:\n    b: 'x'\nfilter_main_c:\n    c: 'x'\nfilter_main_d:\n    d: 'x'\n";
        let text = rule("probe", 1, &format!("{detections}condition: {condition}"));
        let expected: BTreeSet<usize> = (0..16).filter(|&at| expected(&events[at].1)).collect();
        assert_eq!(detect(&text, &events).unwrap().events, expected, "{condition}");
    };
    check("all of selection* and not 1 of filter_main_*", &|e| {
        is(e, "a") && is(e, "b") && !(is(e, "c") || is(e, "d"))
    });
    check("1 of selection_* and not all of filter_main_*", &|e| {
        (is(e, "a") || is(e, "b")) && !(is(e, "c") && is(e, "d"))
    });
    check("selection_a or selection_b and not filter_main_c", &|e| {
        is(e, "a") || is(e, "b") && !is(e, "c")
    });
    check("not (selection_a and (selection_b or not filter_main_c))", &|e| {
        !(is(e, "a") && (is(e, "b") || !is(e, "c")))
    });
}

/// Base rules that match the letter in `e`, and a correlation.
fn correlation(letters: &str, body: &str) -> String {
    let mut text = String::new();
    for (letter, id) in letters.chars().zip(11..) {
        let detection = format!("selection:\n    e|contains: '{letter}'\ncondition: selection");
        text += &format!("{}---\n", rule(&letter.to_string(), id, &detection));
    }
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    format!("{text}title: correlation\nid: 8e5b1f6a-3c60-4d7f-9a41-000000000099\ncorrelation:\n{body}")
}

fn event(seconds: f64, e: &str) -> (Time, Value) {
    (at(seconds), json!({"e": e, "k": "u"}))
}

fn fired(text: &str, events: &[(Time, Value)]) -> Vec<usize> {
    detect(text, events)
        .unwrap()
        .fired
        .into_iter()
        .map(|(at, _)| at)
        .collect()
}

fn count(condition: &str) -> String {
    correlation(
        "a",
        &format!("type: event_count\nrules: [a]\ngroup-by: [k]\ntimespan: 10s\ncondition:\n    {condition}"),
    )
}

#[test]
fn counts_fire_with_each_event_while_they_hold() {
    let events = [
        event(100.0, "a"),
        event(101.0, "a"),
        event(102.0, "a"),
        event(109.0, "a"),
    ];
    for (condition, expected) in [
        ("gt: 2", vec![2, 3]),
        ("gte: 2", vec![1, 2, 3]),
        ("lt: 2", vec![0]),
        ("lte: 2", vec![0, 1]),
        ("eq: 2", vec![1]),
        ("neq: 2", vec![0, 2, 3]),
    ] {
        assert_eq!(fired(&count(condition), &events), expected, "{condition}");
    }
}

#[test]
fn a_sliding_window_holds_both_its_ends_and_ticks_count() {
    assert_eq!(fired(&count("gte: 2"), &[event(100.0, "a"), event(110.0, "a")]), [1]);
    assert_eq!(fired(&count("gte: 2"), &[event(100.0, "a"), event(110.1, "a")]), [0; 0]);
    assert_eq!(fired(&count("gte: 2"), &[event(100.9, "a"), event(110.8, "a")]), [1]);
    let across = [
        event(109.5, "a"),
        event(110.5, "a"),
        event(111.0, "a"),
        event(120.0, "a"),
    ];
    let fixed = detect_in(Windows::Fixed, &count("gte: 2"), &across).unwrap();
    assert_eq!(fixed.fired.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [2]);
}

#[test]
fn keys() {
    let values = [
        json!(null),
        json!(""),
        json!(1),
        json!("1"),
        json!("A"),
        json!("a"),
        json!(["x"]),
    ];
    let mut events = vec![(at(100.0), json!({"e": "a"}))];
    events.extend(values.iter().map(|value| (at(101.0), json!({"e": "a", "k": value}))));
    let keys = detect(&count("gte: 2"), &events).unwrap().keys();
    // Absent, null and a list are one group; a number and its text are one; letters are not folded.
    assert_eq!(keys, BTreeSet::from([vec![None], vec![Some("1".to_owned())]]));
}

#[test]
fn values_are_counted_as_text_and_null_is_one() {
    let text = correlation(
        "a",
        "type: value_count\nrules: [a]\ngroup-by: [k]\ntimespan: 10s\ncondition:\n    field: v\n    gte: 2",
    );
    let fires = |values: &[Value]| {
        let events: Vec<(Time, Value)> = values
            .iter()
            .map(|v| (at(100.0), json!({"e": "a", "k": "u", "v": v})))
            .collect();
        !fired(&text, &events).is_empty()
    };
    assert!(fires(&[json!("x"), json!("X")]));
    assert!(!fires(&[json!("x"), json!("x")]));
    assert!(!fires(&[json!(1), json!("1")]));
    assert!(fires(&[json!("x"), json!(null)]));
    assert!(fires(&[json!("x"), json!("")]));
    assert!(!fires(&[json!("x"), json!(["y"])]));
    assert!(fired(&text, &[event(100.0, "a"), event(101.0, "a")]).is_empty());
}

#[test]
fn sums_and_averages_skip_what_is_no_number() {
    let text = |kind: &str, condition: &str| {
        correlation(
            "a",
            &format!(
                "type: {kind}\nrules: [a]\ngroup-by: [k]\ntimespan: 10s\ncondition:\n    field: v\n    {condition}"
            ),
        )
    };
    let events: Vec<(Time, Value)> = [json!(5), json!("6"), json!("x"), json!(null), json!(true), json!(1.5)]
        .into_iter()
        .map(|v| (at(100.0), json!({"e": "a", "k": "u", "v": v})))
        .collect();
    assert_eq!(fired(&text("value_sum", "gt: 11"), &events), [5]);
    assert_eq!(fired(&text("value_avg", "gte: 5"), &events), [0, 1, 2, 3, 4]);
    // The sum of none is 0; a fraction as a threshold is not taken.
    assert_eq!(fired(&text("value_sum", "lte: 0"), &[event(100.0, "a")]), [0]);
    assert!(detect(&text("value_sum", "gt: 0.5"), &events).is_err());
}

fn temporal(kind: &str, letters: &str) -> String {
    let rules: Vec<String> = letters.chars().map(String::from).collect();
    let rules = rules.join(", ");
    correlation(
        letters,
        &format!("type: {kind}\nrules: [{rules}]\ngroup-by: [k]\ntimespan: 10s"),
    )
}

#[test]
fn together_needs_all_rules() {
    let text = temporal("temporal", "ab");
    assert_eq!(fired(&text, &[event(100.0, "b"), event(105.0, "a")]), [1]);
    assert_eq!(fired(&text, &[event(100.0, "a"), event(105.0, "a")]), [0; 0]);
    assert_eq!(fired(&text, &[event(100.0, "a"), event(110.1, "b")]), [0; 0]);
    assert_eq!(
        fired(&text, &[event(100.0, "ab")]),
        [0],
        "one event that both rules match"
    );
}

#[test]
fn in_order_means_not_before() {
    let text = temporal("temporal_ordered", "ab");
    assert_eq!(fired(&text, &[event(100.0, "b"), event(105.0, "a")]), [0; 0]);
    assert_eq!(fired(&text, &[event(100.0, "a"), event(110.0, "b")]), [1]);
    assert_eq!(
        fired(&text, &[event(100.0, "b"), event(100.0, "a")]),
        [1],
        "one time, whichever comes first"
    );
    assert_eq!(
        fired(&text, &[event(100.0, "ab")]),
        [0],
        "one event that both rules match"
    );
    // While the pair is in the window, a later first event fires again.
    assert_eq!(
        fired(&text, &[event(100.0, "a"), event(105.0, "b"), event(107.0, "a")]),
        [1, 2]
    );
    assert_eq!(
        fired(&text, &[event(105.0, "b"), event(100.0, "a")]),
        [0],
        "events are put in order first"
    );
}

/// The time span is that of the whole chain, not of each step.
#[test]
fn a_chain_of_three() {
    let text = temporal("temporal_ordered", "abc");
    assert_eq!(
        fired(&text, &[event(100.0, "a"), event(104.0, "b"), event(108.0, "c")]),
        [2]
    );
    assert_eq!(
        fired(&text, &[event(100.0, "a"), event(108.0, "b"), event(116.0, "c")]),
        [0; 0]
    );
    assert_eq!(
        fired(&text, &[event(100.0, "a"), event(104.0, "c"), event(108.0, "b")]),
        [0; 0]
    );
}

#[test]
fn aliases() {
    let body = "type: temporal_ordered\nrules: [a, b]\naliases:\n    who:\n        a: x.y\n        b: z\ngroup-by: [who, k]\ntimespan: 10s";
    let text = correlation("ab", body);
    let events = [
        (at(100.0), json!({"e": "a", "k": 1, "x": {"y": "p"}})),
        (at(101.0), json!({"e": "b", "k": 1, "z": "q"})),
        (at(102.0), json!({"e": "b", "k": 1, "z": "P"})),
        (at(103.0), json!({"e": "b", "k": 1, "z": "p"})),
    ];
    let key: Key = vec![Some("p".to_owned()), Some("1".to_owned())];
    assert_eq!(detect(&text, &events).unwrap().fired, [(3, key)]);
}

#[test]
fn a_correlation_of_a_correlation() {
    let inner = "---\ntitle: inner\nid: 8e5b1f6a-3c60-4d7f-9a41-000000000098\nname: many\ncorrelation:\n    type: event_count\n    \
                 rules: [a]\n    group-by: [k]\n    timespan: 10s\n    condition:\n        gte: 2\n";
    let text = correlation(
        "ab",
        "type: temporal_ordered\nrules: [many, b]\ngroup-by: [k]\ntimespan: 10s",
    ) + inner;
    let found = detect(&text, &[event(100.0, "a"), event(108.0, "a"), event(117.0, "b")]).unwrap();
    assert_eq!(found.fired, [(2, vec![Some("u".to_owned())])]);
    assert_eq!(found.by_rule["a"], BTreeSet::from([0, 1]));
    assert_eq!(found.by_rule["b"], BTreeSet::from([2]));
}

#[test]
fn what_it_does_not_take() {
    for broken in [
        "title: nothing",
        &rule("probe", 1, "selection:\n    f|includes: 'x'\ncondition: selection"),
        &rule("probe", 1, "selection:\n    f: 'x'\ncondition: selection and other"),
        &rule("probe", 1, "selection:\n    f|re: '(?!a)b'\ncondition: selection"),
        &correlation("a", "type: sequence\nrules: [a]\ngroup-by: [k]\ntimespan: 10s"),
        &correlation(
            "a",
            "type: event_count\nrules: [z]\ngroup-by: [k]\ntimespan: 10s\ncondition:\n    gte: 2",
        ),
    ] {
        assert!(detect(broken, &[]).is_err(), "{broken}");
    }
}

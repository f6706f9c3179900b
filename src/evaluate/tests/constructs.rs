//! Each construct, and where its edges lie.

use super::support::*;
use crate::evaluate::{Asked, Compiled};
use crate::plan::{Expr, ExprKind, FIRST, LAST, Operator, Pattern, StepKind, TIME, Type};
use crate::runtime::alert::alert_id;
use crate::value::{Json, Set, Span, Value};

const KINDS: &str = "events a = t.log where kind == \"a\" and user is present
    events b = t.log where kind == \"b\" and user is present";

#[test]
fn alerts_on_events() {
    let rule = "severity high attack T1110.003
        events e = t.log where n > 1 except \"a known one\" where user == \"root\"
        alert e { account user show name, n }";
    let outcome = found(
        rule,
        &[
            event("e2", s(1), r#""n": 3, "name": "x""#),
            event("e1", s(1), r#""n": 2, "user": "eve""#),
            event("e3", s(2), r#""n": 1, "user": "eve""#),
            event("e4", s(2), r#""n": 9, "user": "root""#),
            event("e5", s(2), r#""user": "eve""#),
        ],
    );
    assert_eq!(lines(&outcome), ["1s n=2 [e1]", "1s name=x n=3 [e2]"]);
    assert_eq!(outcome.matched, [("e".to_owned(), 2)]);
    let alert = &outcome.alerts[0].alert;
    assert_eq!(
        (&*alert.severity, &*alert.rule, alert.rule_id.as_ref()),
        ("high", "r", None)
    );
    assert_eq!((&*alert.title, &*alert.message), ("A rule", "A rule"));
    assert_eq!((alert.time, alert.start, alert.end), (at(s(1)), at(s(1)), at(s(1))));
    assert_eq!(alert.keys, [Value::text("e1")]);
    assert_eq!(alert.alert_id, alert_id("r", at(s(1)), &alert.keys));
    assert_eq!(alert.attack[0].technique.as_ref(), "T1110.003");
    assert_eq!(alert.entities[0].identifiers[0].1, Value::text("eve"));
    let line = outcome.alerts[1].alert.to_line().unwrap();
    assert!(line.contains(r#""entities":[]"#), "{line}");
}

#[test]
fn titles_messages_and_severity_have_defaults() {
    let rule = r#"events e = t.log alert e { title "{user} and {n}" show n }"#;
    let outcome = found(rule, &[event("e1", s(1), r#""n": 2"#)]);
    let alert = &outcome.alerts[0].alert;
    assert_eq!(
        (&*alert.title, &*alert.message, &*alert.severity),
        ("unknown and 2", "unknown and 2", "medium")
    );
}

#[test]
fn each_tells_rows_of_one_event_apart() {
    let rule = "events e = t.log each x in extra.list let y = x.k ?? x alert e { show y }";
    let body = |list: &str| format!(r#""extra": {{"list": {list}}}"#);
    let outcome = found(
        rule,
        &[
            event("e1", s(1), &body(r#"[{"k": "b"}, {"k": "a"}]"#)),
            event("e2", s(2), &body("5")),
            event("e3", s(3), &body("[]")),
            event("e4", s(4), &body("[null]")),
            event("e5", s(5), r#""n": 1"#),
        ],
    );
    assert_eq!(
        lines(&outcome),
        ["1s y=a [e1]", "1s y=b [e1]", "2s y=5 [e2]", "4s  [e4]"]
    );
    let ids: std::collections::BTreeSet<_> = outcome.alerts.iter().map(|found| found.alert.alert_id).collect();
    assert_eq!(ids.len(), 4);
    assert_eq!(outcome.matched, [("e".to_owned(), 3)], "events, not rows");
}

#[test]
fn windows_are_half_open_and_keys_must_be_there() {
    let rule = "events e = t.log group g = e by user, kind per 1h { n = count  names = set name  most = max n }
        alert g { show n, names, most }";
    let at_edges = [
        event(
            "e3",
            less(h(2), TICK),
            r#""user": "u", "kind": "k", "name": "late", "n": 7"#,
        ),
        event("e1", h(1), r#""user": "u", "kind": "k", "name": "early", "n": 5"#),
        event("e2", h(2), r#""user": "u", "kind": "k""#),
        event("e0", less(Span(0), TICK), r#""user": "u", "kind": "k""#),
        event("e4", h(1), r#""user": "u""#),
        event("e5", h(1), r#""kind": "k", "user": """#),
    ];
    let rule = rule
        .replace("n = count", "rows = count")
        .replace("show n,", "show rows,");
    let outcome = found(&rule, &at_edges);
    assert_eq!(
        lines(&outcome),
        [
            "0s user=u kind=k rows=1 names= [e0]",
            "2h user=u kind=k rows=2 names=early, late most=7 [e1 e3]",
            "3h user=u kind=k rows=1 names= [e2]"
        ]
    );
    assert_eq!(outcome.left_out, [("g".to_owned(), 2)]);
    let alert = &outcome.alerts[1].alert;
    assert_eq!((alert.start, alert.end), (at(h(1)), at(less(h(2), TICK))));
    assert_eq!(alert.keys, [Value::text("u"), Value::text("k")]);
}

#[test]
fn a_group_over_two_streams() {
    let rule = format!(
        "{KINDS} group g = a, b by user per 1h {{ opened = count a  bs = set b.name  some = count a where n > 1
            both = opened + some }} alert g where opened > 0 {{ show opened, bs, some, both }}"
    );
    let outcome = found(
        &rule,
        &[
            event("e1", s(1), r#""user": "u", "kind": "a", "name": "x", "n": 2"#),
            event("e2", s(2), r#""user": "u", "kind": "b", "name": "y""#),
            event("e3", s(2), r#""user": "v", "kind": "b", "name": "y""#),
        ],
    );
    assert_eq!(lines(&outcome), ["1h user=u opened=1 bs=y some=1 both=2 [e1 e2]"]);
    let rule = "events a = t.log where user is present events b = t.log where n > 1 and user is present
        group g = a, b by user per 1h { opened = count a  bs = count b } alert g { show opened, bs }";
    let outcome = found(rule, &[event("e1", s(1), r#""user": "u", "n": 2"#)]);
    assert_eq!(
        lines(&outcome),
        ["1h user=u opened=1 bs=1 [e1]"],
        "a row that both take is counted in both"
    );
}

const BASELINE: &str = "events e = t.log where user is present
    group g = e by user per 1h { rows = count  names = set name } where rows < 5
    baseline past = g over 1d
    alert g let unseen = names minus past.names { show rows, past.rows, unseen }";

#[test]
fn a_baseline_reaches_from_over_before_the_end_to_the_start() {
    let (start, body) = (more(h(24), h(9)), r#""user": "u", "name": "x""#);
    let from = less(more(start, h(1)), h(24));
    let past = |when: Span| {
        let events = [
            event("now", more(start, m(5)), r#""user": "u", "name": "y""#),
            event("past", when, body),
        ];
        let outcome = found(BASELINE, &events);
        let last = outcome.alerts.last().unwrap().alert.clone();
        let rows = last.columns.iter().find(|(name, _)| &**name == "past_rows");
        rows.map_or(Value::Missing, |(_, value)| value.clone())
    };
    assert_eq!(past(from), Value::Int(1));
    assert_eq!(past(less(from, TICK)), Value::Missing);
    assert_eq!(past(less(start, TICK)), Value::Int(1));
    assert_eq!(past(start), Value::Missing, "the window itself is no past");
}

#[test]
fn steps_of_the_group_do_not_touch_its_baseline() {
    let mut events: Vec<Given> = (0..6)
        .map(|i| event(&format!("p{i}"), s(i), r#""user": "u", "name": "x""#))
        .collect();
    events.push(event("now", h(3), r#""user": "u", "name": "y""#));
    let outcome = found(BASELINE, &events);
    assert_eq!(lines(&outcome), ["4h user=u rows=1 past_rows=6 unseen=y [now]"]);
    assert_eq!(outcome.short_baselines, 1);
    // A step of the baseline removes its row: sets are empty, the rest is missing.
    let rule = BASELINE.replace("over 1d", "over 1d where past.rows < 6");
    assert_eq!(lines(&found(&rule, &events)), ["4h user=u rows=1 unseen=y [now]"]);
    let rule = rule.replace("alert g", "alert g where past is missing");
    assert_eq!(found(&rule, &events).alerts.len(), 1);
    let rule = rule.replace("past is missing", "past is present");
    assert_eq!(found(&rule, &events).alerts.len(), 0);
}

#[test]
fn short_baselines_are_counted() {
    let body = r#""user": "u""#;
    let reaching = |first: Span| {
        let outcome = found(BASELINE, &[event("first", first, body), event("now", h(30), body)]);
        outcome.short_baselines
    };
    // The window of 30h ends at 31h and its past begins at 7h; the first event's own baseline is short in any case.
    assert_eq!((reaching(h(7)), reaching(more(h(7), TICK))), (1, 2));
}

fn pairs(link: &str, times: &[(&str, Span)]) -> Vec<String> {
    let rule = format!("{KINDS} match m = a {link} b on user within 1h alert m {{ show a.n }}");
    let event = |(n, (kind, after)): (usize, &(&str, Span))| {
        event(
            &format!("{kind}{n}"),
            *after,
            &format!(r#""user": "u", "kind": "{kind}""#),
        )
    };
    let events: Vec<Given> = times.iter().enumerate().map(event).collect();
    let outcome = found(&rule, &events);
    for found in &outcome.alerts {
        let (first, last) = (found.alert.start, found.alert.end);
        assert_eq!(found.row[FIRST..=LAST], [Value::Time(first), Value::Time(last)]);
        assert!(link == "without" || found.row[TIME] == Value::Time(last));
    }
    outcome
        .alerts
        .iter()
        .map(|found| found.alert.events.join(" "))
        .collect()
}

#[test]
fn then_and_its_edges() {
    assert_eq!(
        pairs("then", &[("a", h(1)), ("b", h(1))]),
        ["a0 b1"],
        "the same instant"
    );
    assert_eq!(pairs("then", &[("b", h(1)), ("a", h(1))]), ["a1 b0"]);
    assert_eq!(
        pairs("then", &[("a", h(1)), ("b", h(2))]),
        ["a0 b1"],
        "both ends included"
    );
    assert!(pairs("then", &[("a", h(1)), ("b", more(h(2), TICK))]).is_empty());
    assert!(pairs("then", &[("a", h(1)), ("b", less(h(1), TICK))]).is_empty());
    assert_eq!(
        pairs("then", &[("a", h(1)), ("a", m(70)), ("b", m(80)), ("b", h(2))]),
        ["a0 b2", "a1 b2", "a0 b3", "a1 b3"],
        "every pair"
    );
}

#[test]
fn with_and_its_edges() {
    assert_eq!(pairs("with", &[("a", h(2)), ("b", h(1))]), ["a0 b1"]);
    assert_eq!(pairs("with", &[("a", h(1)), ("b", h(2))]), ["a0 b1"]);
    assert!(pairs("with", &[("a", more(h(2), TICK)), ("b", h(1))]).is_empty());
    assert!(pairs("with", &[("a", h(1)), ("b", more(h(2), TICK))]).is_empty());
}

#[test]
fn without_and_its_edges() {
    assert_eq!(pairs("without", &[("a", h(2))]), ["a0"]);
    assert!(
        pairs("without", &[("a", h(2)), ("b", h(2))]).is_empty(),
        "the same instant counts"
    );
    assert!(pairs("without", &[("a", h(2)), ("b", h(1))]).is_empty());
    assert_eq!(pairs("without", &[("a", h(2)), ("b", less(h(1), TICK))]), ["a0"]);
    assert_eq!(
        pairs("without", &[("a", h(2)), ("b", more(h(2), TICK))]),
        ["a0"],
        "looks back only"
    );
}

#[test]
fn chains() {
    let rule = "events a = t.log where kind == \"a\" events b = t.log where kind == \"b\"
        events c = t.log where kind == \"c\"
        match m = a LINK b LINK c on user, a.n == c.n within 1h alert m { show a.name, b.name, c.name }";
    let body = |kind: &str, user: &str, n: i64, name: &str| {
        format!(r#""kind": "{kind}", "user": "{user}", "n": {n}, "name": "{name}""#)
    };
    let events = [
        event("a", m(0), &body("a", "u", 1, "one")),
        event("b", m(50), &body("b", "u", 9, "two")),
        event("c", m(60), &body("c", "u", 1, "three")),
        event("c2", m(60), &body("c", "u", 2, "other n")),
        event("c3", m(61), &body("c", "u", 1, "too late for a")),
        event("c4", m(20), &body("c", "u", 1, "before b")),
        event("c5", m(60), &body("c", "v", 1, "other user")),
        event("c6", m(60), r#""kind": "c", "user": "u""#),
    ];
    let outcome = found(&rule.replace("LINK", "then"), &events);
    let names: Vec<_> = outcome
        .alerts
        .iter()
        .map(|found| found.alert.events.join(" "))
        .collect();
    assert_eq!(names, ["a b c"]);
    assert_eq!(outcome.left_out, [("m".to_owned(), 1)]);
    let alert = &outcome.alerts[0].alert;
    assert_eq!((alert.time, alert.start, alert.end), (at(m(60)), at(m(0)), at(m(60))));
    assert!(
        alert.keys.ends_with(&["a", "b", "c"].map(Value::text)),
        "{:?}",
        alert.keys
    );
    let outcome = found(&rule.replace("LINK", "with"), &events);
    let names: Vec<_> = outcome
        .alerts
        .iter()
        .map(|found| found.alert.events.join(" "))
        .collect();
    assert_eq!(names, ["a b c4", "a b c"]);
}

#[test]
fn keys_of_int_and_real_are_equal_by_size() {
    let rule = "events a = t.log where n is present events b = t.log where r is present
        match m = a then b on a.n == b.r within 1h alert m { show b.name }";
    let events = [
        event("a", s(0), r#""n": 5"#),
        event("b1", s(1), r#""r": 5.0"#),
        event("b2", s(1), r#""r": 5.5"#),
    ];
    assert_eq!(found(rule, &events).alerts.len(), 1);
}

#[test]
fn a_group_as_a_part() {
    let rule = format!(
        "{KINDS} group g = a by user per 1h {{ rows = count }} where rows > 1
        match m = g LINK b on user within 1h alert m {{ show g.rows }}"
    );
    let body = |kind: &str| format!(r#""kind": "{kind}", "user": "u""#);
    let events = |b: Span| {
        [
            event("a1", m(1), &body("a")),
            event("a2", m(2), &body("a")),
            event("b", b, &body("b")),
        ]
    };
    let count = |link: &str, b: Span| found(&rule.replace("LINK", link), &events(b)).alerts.len();
    // The group's time is the end of its window, 1h.
    assert_eq!((count("then", h(1)), count("then", h(2))), (1, 1));
    assert_eq!(
        (count("then", less(h(1), TICK)), count("then", more(h(2), TICK))),
        (0, 0)
    );
    assert_eq!(
        (
            count("with", Span(0)),
            count("without", Span(0)),
            count("without", m(61))
        ),
        (1, 0, 1)
    );
    let outcome = found(&rule.replace("LINK", "then"), &events(h(2)));
    let alert = &outcome.alerts[0].alert;
    assert_eq!((alert.time, alert.start, alert.end), (at(h(2)), at(m(1)), at(h(2))));
    assert_eq!(alert.events.join(" "), "a1 a2 b");
}

#[test]
fn what_is_asked_for() {
    let rule = plan("every 2h events e = t.log alert e { show n }");
    let events: Vec<Given> = [h(1), more(h(1), TICK), h(3), more(h(3), TICK)]
        .iter()
        .enumerate()
        .map(|(n, after)| event(&n.to_string(), *after, ""))
        .collect();
    let ids = |asked| {
        let outcome = outcome(&small(), &rule, asked, None, &events);
        outcome
            .alerts
            .iter()
            .map(|found| found.alert.events.join(""))
            .collect::<String>()
    };
    assert_eq!(ids(Asked::Stream), "0123");
    assert_eq!(ids(Asked::Now(at(h(3)))), "12");
    let between = |from, to| ids(Asked::Between { from, to });
    assert_eq!(between(Some(at(h(1))), None), "123");
    assert_eq!(between(None, Some(at(h(1)))), "0");
    // Events after the end are not read, so the window that is open there has no alert.
    let rule = plan("events e = t.log where kind is present group g = e by kind per 1h { rows = count } alert g {}");
    let events = [event("a", m(5), r#""kind": "k""#), event("b", m(50), r#""kind": "k""#)];
    let at_time = |now| {
        outcome(&small(), &rule, Asked::Now(at(now)), None, &events)
            .alerts
            .len()
    };
    assert_eq!(
        (at_time(m(59)), at_time(h(1)), at_time(less(h(2), TICK)), at_time(h(2))),
        (0, 1, 1, 0)
    );
}

#[test]
fn late_events_are_dropped_only_under_a_lateness() {
    let rule = plan(
        "events e = t.log where user is present group g = e by user per 1h { rows = count }
        alert g { show rows }",
    );
    let body = r#""user": "u""#;
    let events = [
        event("a", m(10), body),
        event("b", less(m(65), TICK), body),
        event("c", m(20), body),
        event("d", m(65), body),
        event("e", m(20), body),
        event("f", m(61), body),
    ];
    let outcome = |lateness| outcome(&small(), &rule, Asked::Stream, lateness, &events);
    assert_eq!(
        lines(&outcome(None)),
        ["1h user=u rows=3 [a c e]", "2h user=u rows=3 [b d f]"]
    );
    let late = outcome(Some(m(5)));
    assert_eq!(lines(&late), ["1h user=u rows=2 [a c]", "2h user=u rows=3 [b d f]"]);
    assert_eq!((late.late, outcome(None).late), (1, 0));
}

#[test]
fn more_columns_can_be_read_out_of_an_alerts_row() {
    let plan = plan("events e = t.log where user is present let x = lower(name) alert e { show n }");
    let catalog = small();
    let outcome = outcome(
        &catalog,
        &plan,
        Asked::Stream,
        None,
        &[event("e", s(1), r#""user": "u", "name": "X""#)],
    );
    let compiled = Compiled::new(&plan, &catalog).unwrap();
    let columns = &plan.relations[plan.alert.input].columns;
    let read = |name: &str| {
        let slot = columns.iter().position(|column| column.name == name).unwrap();
        let expr = Expr {
            kind: ExprKind::Column(slot),
            ty: Type::Text,
            span: plan.alert.span,
        };
        compiled.evaluate(&expr, &outcome.alerts[0].row).unwrap()
    };
    assert_eq!((read("x"), read("user")), (Value::text("x"), Value::text("u")));
}

#[test]
fn a_plan_that_breaks_its_promises_is_refused() {
    let catalog = small();
    let good = plan("events e = t.log where name matches /x/ alert e { show n }");
    let mut pattern = good.clone();
    for step in &mut pattern.relations[0].steps {
        if let StepKind::Filter(Expr {
            kind: ExprKind::Matches { pattern, .. },
            ..
        }) = &mut step.kind
        {
            *pattern = Pattern {
                text: "(".to_owned(),
                ignore_case: false,
            };
        }
    }
    let error = Compiled::new(&pattern, &catalog).unwrap_err();
    assert!(
        error.to_string().starts_with("this rule cannot be run: regex"),
        "{error}"
    );
    let mut itself = good.clone();
    itself.relations[0].operator = Operator::History { group: 0, over: h(1) };
    assert!(Compiled::new(&itself, &catalog).is_err());
    let mut nowhere = good;
    nowhere.alert.input = 7;
    assert!(Compiled::new(&nowhere, &catalog).is_err());
}

#[test]
fn threads_can_share_a_rule_and_hand_over_their_states() {
    fn shared<T: Send + Sync>(_: &T) {}
    let (plan, catalog) = (plan("events e = t.log where n > 0 alert e { show n }"), small());
    let compiled = Compiled::new(&plan, &catalog).unwrap();
    shared(&compiled);
    let events: Vec<Given> = (0..8)
        .map(|n| event(&format!("e{n}"), s(n), &format!("\"n\": {n}")))
        .collect();
    let states = std::thread::scope(|scope| {
        let of_half = |half: &'_ [Given]| {
            let mut state = compiled.state(Asked::Stream, None);
            half.iter().for_each(|event| state.push(&event.event()));
            state
        };
        let (left, right) = events.split_at(3);
        let threads = [left, right].map(|half| scope.spawn(move || of_half(half)));
        threads.map(|thread| thread.join().unwrap())
    });
    let [mut all, other] = states;
    all.merge(other);
    assert_eq!(all.finish(), outcome(&catalog, &plan, Asked::Stream, None, &events));
}

#[test]
fn operators_read_json_as_the_other_side_asks() {
    let holds = |condition: &str, extra: &str| {
        let rule = format!(
            "list words = [\"5\", \"a\"] rule r \"R\" {{ events e = t.log where {condition} alert e {{ show n }} }}"
        );
        let catalog = small();
        let plan = plans(&catalog, &rule).remove(0);
        let given = event("e", s(1), &format!(r#""extra": {extra}"#));
        outcome(&catalog, &plan, Asked::Stream, None, &[given]).alerts.len() == 1
    };
    for (condition, extra) in [
        ("extra.x == \"5\" and extra.x == 5 and extra.x in words", r#"{"x": 5}"#),
        ("extra.x == true and extra.x", r#"{"x": "TRUE"}"#),
        (
            "extra.x[-1].y == \"z\" and \"a\" in extra.l",
            r#"{"x": [1, {"y": "z"}], "l": "a"}"#,
        ),
        ("extra.x contains \"B\" and extra.x has any words", r#"{"x": "a b"}"#),
        (
            "extra.x is present and extra.x != \"[1]\" and not extra.x in words",
            r#"{"x": [1]}"#,
        ),
        (
            "extra.x is missing and extra.x != 5 and not extra.x > 5",
            "{\"x\": \"\"}",
        ),
        (
            "extra.x in cidr \"10.0.0.0/8\" and extra.x is address",
            r#"{"x": "10.1.2.3"}"#,
        ),
        (
            "(extra.y ?? extra.x) =~ \"ABC\" and extra.x in~ [\"aBc\"]",
            r#"{"x": "abc"}"#,
        ),
        ("extra.x + 1 >= 3.5 and extra.x * 2 < 6", r#"{"x": "2.5"}"#),
        (
            "capture(extra.x, /b(.)/) == \"c\" and if(extra.x is present, 1, 2) == 1",
            r#"{"x": "abc"}"#,
        ),
    ] {
        assert!(holds(condition, extra), "{condition} of {extra}");
        assert!(
            !holds(&format!("not ({condition})"), extra),
            "not ({condition}) of {extra}"
        );
    }
}

#[test]
fn rows_hold_values_of_their_columns_types() {
    let rule = "events e = t.log where user is present
        group g = e by user per 1h { total = sum n  every_x = sum extra.x  mean = avg n  least = min r }
        alert g let some = if(total > 2, \"many\", \"few\") { show total, every_x, mean, least, some }";
    let body = |n: i64, x: &str| format!(r#""user": "u", "n": {n}, "extra": {{"x": {x}}}"#);
    let outcome = found(
        rule,
        &[event("a", s(1), &body(1, "1")), event("b", s(2), &body(2, "\"2\""))],
    );
    let columns: Vec<Value> = outcome.alerts[0]
        .alert
        .columns
        .iter()
        .map(|(_, value)| value.clone())
        .collect();
    let expected = [
        Value::text("u"),
        Value::Int(3),
        Value::Real(3.0),
        Value::Real(1.5),
        Value::text("many"),
    ];
    assert_eq!(columns, expected);
    let shown = found(
        "events e = t.log let l = split(name, \"/\") alert e { show extra, l }",
        &[event("a", s(1), r#""extra": {"x": []}, "name": "a/b""#)],
    );
    assert_eq!(shown.alerts[0].alert.columns.len(), 2);
    assert_ne!(Value::json(&Json::Null), Value::Set(Set::default()));
}

//! Laws over random rules: a detection takes the events that the rule takes; a literal survives its way through the file.

use super::reader::{Detection, plain};
use super::{answer, catalog, emitted, native, on_events, plan};
use crate::diagnostics::Code;
use proptest::prelude::*;
use regex_syntax::hir::{Hir, HirKind};

/// Tests over a few fields, so that random events are near to them.
fn test() -> impl Strategy<Value = String> {
    prop_oneof![
        prop_oneof![
            Just("errorCode == \"a\""),
            Just("errorCode != \"B\""),
            Just("errorCode =~ \"A\""),
            Just("errorCode in [\"a\", \"b*\"]"),
            Just("errorCode in~ [\"A\", \"5\"]"),
            Just("errorCode is missing"),
            Just("errorCode is present"),
            Just("errorCode == userAgent"),
            Just("errorCode != userAgent"),
            Just("errorCode =~ userAgent"),
        ],
        prop_oneof![
            Just("userAgent contains \"A\""),
            Just("userAgent starts with \"b*\""),
            Just("userAgent ends with \"b\""),
            Just("userAgent has \"a\""),
            Just("userAgent has any [\"b\", \"c\"]"),
            Just("userAgent matches /^a?$/"),
            Just("userAgent matches /A|B/i"),
            Just("userAgent is missing"),
            Just("lower(userAgent) == \"a\""),
            Just("lower(userAgent) == \"A\""),
            Just("upper(userAgent) in [\"A\", \"b\"]"),
        ],
        prop_oneof![
            Just("readOnly"),
            Just("readOnly == false"),
            Just("not readOnly"),
            Just("readOnly is missing"),
        ],
        prop_oneof![
            Just("requestParameters.x == \"a\""),
            Just("requestParameters.x == 5"),
            Just("requestParameters.x in [5, 6]"),
            Just("requestParameters.x > 5"),
            Just("not requestParameters.x <= 5"),
            Just("requestParameters.x == true"),
            Just("requestParameters.x != false"),
            Just("requestParameters.x == \"5\""),
            Just("requestParameters.x is present"),
            Just("requestParameters.x contains \"A\""),
        ],
        prop_oneof![
            Just("sourceIPAddress is address"),
            Just("sourceIPAddress in cidr \"10.1.2.3/8\""),
            Just("sourceIPAddress in cidr \"2001:db8::/32\""),
            Just("success"),
            Just("success == false"),
            Just("eventName == \"ConsoleLogin\""),
        ],
    ]
    .prop_map(str::to_owned)
}

fn condition() -> impl Strategy<Value = String> {
    test().prop_recursive(4, 16, 3, |inner| {
        let several = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(|parts| format!("({})", parts.join(" and "))),
            several.prop_map(|parts| format!("({})", parts.join(" or "))),
            inner.clone().prop_map(|part| format!("not ({part})")),
            (inner.clone(), inner.clone(), inner).prop_map(|(c, a, b)| format!("if({c}, {a}, {b})")),
        ]
    })
}

fn step() -> impl Strategy<Value = (bool, String)> {
    (any::<bool>(), condition())
}

fn text() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![
        Just(None),
        Just(Some("null")),
        Just(Some("\"\"")),
        Just(Some("\"a\"")),
        Just(Some("\"A\"")),
        Just(Some("\"b\"")),
        Just(Some("\"b*\"")),
        Just(Some("\"a b\"")),
        Just(Some("\"B*c\"")),
        Just(Some("\"5\"")),
    ]
}

fn event() -> impl Strategy<Value = String> {
    let json = prop_oneof![
        Just("5"),
        Just("6"),
        Just("\"5\""),
        Just("true"),
        Just("\"True\""),
        Just("false"),
        Just("\"a\""),
        Just("\"\""),
        Just("4.5"),
    ];
    let address = prop_oneof![
        Just("10.9.9.9"),
        Just("11.0.0.1"),
        Just("2001:db8::1"),
        Just("x.amazonaws.com")
    ];
    let name = prop_oneof![Just("ConsoleLogin"), Just("GetUser")];
    let bool = prop_oneof![Just("true"), Just("false")];
    (
        text(),
        text(),
        proptest::option::of(bool),
        proptest::option::of(json),
        proptest::option::of(address),
        proptest::option::of(name),
        any::<bool>(),
    )
        .prop_map(|(code, agent, read_only, x, address, name, ok)| {
            let mut members = Vec::new();
            let mut member =
                |key: &str, value: Option<&str>| members.extend(value.map(|value| format!("\"{key}\":{value}")));
            member("errorCode", code);
            member("userAgent", agent);
            member("readOnly", read_only);
            member("sourceIPAddress", address.map(|a| format!("\"{a}\"")).as_deref());
            member("eventName", name.map(|a| format!("\"{a}\"")).as_deref());
            member("responseElements", ok.then_some("{\"ConsoleLogin\":\"Success\"}"));
            member("requestParameters", x.map(|x| format!("{{\"x\":{x}}}")).as_deref());
            format!("{{{}}}", members.join(","))
        })
}

/// A literal of the rule language.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z*?\\\\'\"%$#{}\\[\\]()|.^+~&@!:, \\n\\t-]{1,12}",
        "[0-9_+ -]{1,6}",
        any::<String>(),
        prop_oneof![
            Just("no"),
            Just("on"),
            Just("1e3"),
            Just("12:30"),
            Just("1_000"),
            Just("0x1F"),
            Just("~"),
            Just("null"),
            Just("2026-11-21"),
            Just("${x}"),
            Just("{{ x }}"),
            Just("{% raw %}"),
            Just("*"),
            Just("\\"),
            Just("\\*"),
            Just("\\\\"),
            Just("a\\"),
            Just("'"),
            Just("---"),
            Just("<<"),
            Just("="),
            Just("!!str x"),
            Just("# x"),
            Just("- x"),
            Just("a: b"),
            Just("\u{feff}x"),
            Just("\u{85}"),
            Just("\u{2028}"),
            Just("111122223333"),
            Just("٣"),
            Just("%name%"),
        ]
        .prop_map(str::to_owned),
    ]
    .prop_filter("the empty text is missing", |text| !text.is_empty())
}

/// The text that a value of the file means.
fn meant(key: &str, value: &str) -> String {
    let Some((_, "re" | "re|i")) = key.split_once('|') else {
        return plain(value).unwrap();
    };
    let inner: Hir = regex_syntax::parse(value).unwrap();
    let parts = match inner.kind() {
        HirKind::Concat(parts) => parts.clone(),
        _ => vec![inner],
    };
    let literal = parts.iter().find_map(|part| match part.kind() {
        HirKind::Literal(literal) => Some(literal.0.to_vec()),
        _ => None,
    });
    String::from_utf8(literal.unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_detection_takes_what_the_rule_takes(
        steps in proptest::collection::vec(step(), 1..4),
        events in proptest::collection::vec(event(), 16),
    ) {
        let steps: Vec<String> = steps
            .iter()
            .enumerate()
            .map(|(n, (keeps, condition))| match keeps {
                true => format!("where {condition}"),
                false => format!("except \"reason {}\" where {condition}", n % 2),
            })
            .collect();
        let rule = on_events(&steps.join(" "));
        let plan = plan(&rule);
        let text = match super::emit(&plan, catalog(), &Default::default()) {
            Ok(text) => text.text,
            // Only a condition that is decided without an event has no text.
            Err(findings) => {
                prop_assert!(findings.iter().all(|f| f.code == Code::SigmaRefused
                    && f.message.contains("a selection of")), "{rule}\n{findings:#?}");
                return Ok(());
            }
        };
        let detection = Detection::of(&text);
        let takes: Vec<bool> = events
            .iter()
            .map(|event| detection.takes(&serde_json::from_str(event).unwrap()))
            .collect();
        prop_assert_eq!(takes, native(&plan, &events), "{}\n{}\n{:#?}", rule, text, events);
    }

    #[test]
    fn a_literal_survives(text in literal()) {
        let quoted = quoted(&text);
        for (test, exact) in [
            (format!("userAgent == {quoted}"), true),
            (format!("userAgent in [{quoted}, \"other\"]"), true),
            (format!("requestParameters.x == {quoted}"), true),
            (format!("userAgent =~ {quoted}"), false),
            (format!("userAgent contains {quoted}"), false),
            (format!("userAgent starts with {quoted}"), false),
            (format!("userAgent ends with {quoted}"), false),
        ] {
            let letters = text.chars().any(|c| !c.is_ascii() && c.is_alphabetic());
            let answer = answer(&on_events(&format!("where {test}")));
            if !exact && letters {
                prop_assert_eq!(&answer.unwrap_err()[0].primary.text, "letters beyond ASCII without their case");
                continue;
            }
            let file = answer.unwrap().text;
            prop_assert!(file.is_ascii());
            let detection = Detection::of(&file).0;
            let maps = match &detection["selection"] {
                serde_json::Value::Array(maps) => maps.clone(),
                map => vec![map.clone()],
            };
            let mut found = Vec::new();
            for (key, value) in maps.iter().flat_map(|map| map.as_object().unwrap()) {
                let values = match value {
                    serde_json::Value::Array(values) => values.clone(),
                    one => vec![one.clone()],
                };
                found.extend(values.iter().map(|value| meant(key, value.as_str().unwrap())));
            }
            found.retain(|found| found != "other" || text == "other");
            prop_assert_eq!(found, vec![text.clone()], "{}", file);
        }
    }
}

/// The texts that trip readers of YAML, Sigma and templates, one by one.
#[test]
fn awkward_literals() {
    for (text, printed) in [
        ("it's", "userAgent|cased: 'it''s'"),
        ("say \"x\"", "userAgent|cased: 'say \"x\"'"),
        (r"C:\x", r"userAgent|cased: 'C:\x'"),
        (r"C:\", r"userAgent|cased: 'C:\\'"),
        (r"\\server\x", r"userAgent|cased: '\\\\server\x'"),
        (r"a\*b", r"userAgent|re: '^a\\\*b$'"),
        ("*", r"userAgent|re: '^\*$'"),
        ("a?b.c", r"userAgent|re: '^a\?b\.c$'"),
        ("${x}", "userAgent|cased: '${x}'"),
        ("{{ x }} {% y %}", "userAgent|cased: '{{ x }} {% y %}'"),
        ("%name%", "userAgent|cased: '%name%'"),
        ("a\nb\tc", r"userAgent|re: '^a\nb\tc$'"),
        ("a\u{7}b", r"userAgent|re: '^a\x07b$'"),
        ("René", r#"userAgent|cased: "Ren\xE9""#),
        ("no", "userAgent|cased: 'no'"),
        ("on", "userAgent|cased: 'on'"),
        ("1e3", "userAgent|cased: '1e3'"),
        ("12:30", "userAgent|cased: '12:30'"),
        ("1_000", "userAgent|re: '^1_000$'"),
        ("111122223333", "userAgent|re: '^111122223333$'"),
        ("-5", "userAgent|re: '^-5$'"),
        ("1.5", "userAgent|cased: '1.5'"),
    ] {
        let file = emitted(&on_events(&format!("where userAgent == {}", quoted(text)))).text;
        let expected = format!("    selection:\n        {printed}\n    condition: selection\n");
        assert!(file.contains(&expected), "{text:?}\n{file}");
    }
    let long = "x".repeat(5000);
    let file = emitted(&on_events(&format!("where userAgent == {}", quoted(&long)))).text;
    assert!(file.contains(&format!("'{long}'")));
}

//! A small reader of detections, written from the specification: enough to ask what an emitted detection says of an event.

use regex::RegexBuilder;
use serde_json::Value;
use std::net::IpAddr;

/// A detection as YAML holds it.
pub(super) struct Detection(pub(super) Value);

/// What a plain value means: the text, or none where it has wildcards.
pub(super) fn plain(value: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('*' | '?', _) => return None,
            ('\\', Some(next @ ('*' | '?' | '\\'))) => {
                out.push(*next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    Some(out)
}

impl Detection {
    /// The detection of the first document that has one.
    pub(super) fn of(text: &str) -> Detection {
        use serde::Deserialize as _;
        let mut documents = serde_yaml::Deserializer::from_str(text).map(|d| Value::deserialize(d).unwrap());
        Detection(documents.find_map(|d| d.get("detection").cloned()).unwrap())
    }

    pub(super) fn takes(&self, event: &Value) -> bool {
        let condition = self.0["condition"].as_str().unwrap();
        let spaced = condition.replace('(', " ( ").replace(')', " ) ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut reader = Reader {
            detection: self,
            event,
            words: &words,
        };
        let answer = reader.or();
        assert!(reader.words.is_empty(), "{condition}");
        answer
    }

    fn section(&self, name: &str, event: &Value) -> bool {
        assert!(!name.starts_with('_'));
        match &self.0[name] {
            Value::Array(maps) => maps.iter().any(|map| takes_map(map, event)),
            map => takes_map(map, event),
        }
    }
}

/// Loosest first: or, and, not, x of, brackets.
struct Reader<'a> {
    detection: &'a Detection,
    event: &'a Value,
    words: &'a [&'a str],
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> &'a str {
        let (word, rest) = self.words.split_first().unwrap();
        self.words = rest;
        word
    }

    fn or(&mut self) -> bool {
        let mut answer = self.and();
        while self.words.first() == Some(&"or") {
            self.next();
            answer |= self.and();
        }
        answer
    }

    fn and(&mut self) -> bool {
        let mut answer = self.not();
        while self.words.first() == Some(&"and") {
            self.next();
            answer &= self.not();
        }
        answer
    }

    fn not(&mut self) -> bool {
        match self.next() {
            "not" => !self.not(),
            "(" => {
                let answer = self.or();
                assert_eq!(self.next(), ")");
                answer
            }
            number @ ("1" | "all") if self.words.first() == Some(&"of") => {
                self.next();
                let pattern = self.next().strip_suffix('*').unwrap();
                let names = self.detection.0.as_object().unwrap().keys();
                let names: Vec<&String> = names.filter(|name| name.starts_with(pattern)).collect();
                assert!(!names.is_empty());
                let mut answers = names.iter().map(|name| self.detection.section(name, self.event));
                if number == "1" {
                    answers.any(|a| a)
                } else {
                    answers.all(|a| a)
                }
            }
            name => {
                assert!(self.detection.0.get(name).is_some(), "no section {name}");
                self.detection.section(name, self.event)
            }
        }
    }
}

fn takes_map(map: &Value, event: &Value) -> bool {
    map.as_object().unwrap().iter().all(|(key, values)| {
        let mut parts = key.split('|');
        let field = parts.next().unwrap();
        let modifiers: Vec<&str> = parts.collect();
        let field = look_up(event, field);
        match values {
            Value::Array(values) => values.iter().any(|value| takes(field, &modifiers, value, event)),
            value => takes(field, &modifiers, value, event),
        }
    })
}

fn look_up<'a>(event: &'a Value, field: &str) -> Option<&'a Value> {
    field.split('.').try_fold(event, |value, key| value.get(key))
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn takes(field: Option<&Value>, modifiers: &[&str], value: &Value, event: &Value) -> bool {
    if let (Value::Null, []) = (value, modifiers) {
        return field.is_none_or(Value::is_null);
    }
    let Some(field) = field.filter(|field| !field.is_null()) else {
        return false;
    };
    let wanted = value.as_str();
    let text = as_text(field);
    let fold = |test: &dyn Fn(&str, &str) -> bool| {
        let wanted = plain(wanted.unwrap()).unwrap().to_lowercase();
        text.as_ref().is_some_and(|text| test(&text.to_lowercase(), &wanted))
    };
    let regex = |fold: bool| {
        let regex = RegexBuilder::new(wanted.unwrap())
            .case_insensitive(fold)
            .build()
            .unwrap();
        text.as_ref().is_some_and(|text| regex.is_match(text))
    };
    let number = |test: &dyn Fn(f64, f64) -> bool| as_number(field).is_some_and(|n| test(n, value.as_f64().unwrap()));
    match modifiers {
        [] => match value {
            Value::Number(n) => as_number(field) == n.as_f64(),
            Value::Bool(b) => field == &Value::Bool(*b),
            _ => fold(&|text, wanted| text == wanted),
        },
        ["cased"] => text == plain(wanted.unwrap()),
        ["contains"] => fold(&|text, wanted| text.contains(wanted)),
        ["startswith"] => fold(&|text, wanted| text.starts_with(wanted)),
        ["endswith"] => fold(&|text, wanted| text.ends_with(wanted)),
        ["re"] => regex(false),
        ["re", "i"] => regex(true),
        ["gt"] => number(&|a, b| a > b),
        ["gte"] => number(&|a, b| a >= b),
        ["lt"] => number(&|a, b| a < b),
        ["lte"] => number(&|a, b| a <= b),
        ["cidr"] => text.is_some_and(|text| in_block(&text, wanted.unwrap())),
        ["cased", "fieldref"] => look_up(event, wanted.unwrap()) == Some(field),
        ["fieldref"] => {
            let other = look_up(event, wanted.unwrap()).and_then(as_text);
            other
                .zip(text)
                .is_some_and(|(a, b)| a.to_lowercase() == b.to_lowercase())
        }
        other => panic!("{other:?}"),
    }
}

fn in_block(address: &str, block: &str) -> bool {
    let (base, length) = block.split_once('/').unwrap();
    let length: u32 = length.parse().unwrap();
    let bits = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => (u128::from(ip.to_bits()) << 96, 32),
        IpAddr::V6(ip) => (ip.to_bits(), 128),
    };
    let Ok(address) = address.parse() else { return false };
    let ((a, size), (b, other)) = (bits(address), bits(base.parse().unwrap()));
    let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
    size == other && a & mask == b & mask
}

#[test]
fn the_reader_reads_as_the_specification_says() {
    for (value, text) in [
        (r"a\b", r"a\b"),
        (r"a\\b", r"a\b"),
        (r"\*", "*"),
        (r"\\\*", r"\*"),
        (r"\\\\", r"\\"),
        (r"a\", r"a\"),
    ] {
        assert_eq!(plain(value).as_deref(), Some(text), "{value}");
    }
    assert_eq!(plain(r"\\*"), None);
    let detection = |condition: &str| {
        Detection(serde_json::json!({
            "a": { "f|cased": "1" }, "b": { "g": ["x", "y"] }, "c": [{ "h": null }, { "h": "" }],
            "s_1": { "f|cased": "1" }, "s_2": { "g": "z" }, "condition": condition,
        }))
    };
    let event = serde_json::json!({ "f": "1", "g": "Z" });
    for (condition, answer) in [
        ("a", true),
        ("b", false),
        ("c", true),
        ("a or b and b", true),
        ("(a or b) and b", false),
        ("not b and a", true),
        ("not (b or a)", false),
        ("all of s_*", true),
        ("not 1 of s_* or a", true),
        ("a and not c", false),
    ] {
        assert_eq!(detection(condition).takes(&event), answer, "{condition}");
    }
}

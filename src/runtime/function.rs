//! The functions of the language on text and lists, and `if`.
//!
//! An argument may be missing; the result then is missing too, unless said. A text argument that is a json value is
//! read as text (an object or array as its compact JSON). Language reference, "Functions".

use crate::value::{Json, Value};
use regex::Regex;
use std::borrow::Cow;

/// `size(set or list)`: the number of elements, those that are missing included; 0 for missing, 1 for a scalar or an
/// object (KQL `array_length` gives null for both, so emitters write a `case`).
#[must_use]
pub fn size(value: &Value) -> i64 {
    let elements = match value {
        Value::Missing => 0,
        Value::Set(set) => set.len(),
        Value::Json(Json::Array(elements)) => elements.len(),
        _ => 1,
    };
    count(elements)
}

/// `length(text)`: the number of Unicode scalar values; 0 for missing (KQL page `strlen-function`). Values that are no
/// text have no length: 0.
#[must_use]
pub fn length(value: &Value) -> i64 {
    value.as_text().map_or(0, |text| count(text.chars().count()))
}

/// `if(condition, then, otherwise)`: `then` where the condition is true, `otherwise` where it is false or missing. An
/// evaluator computes only the one it needs; this is the meaning.
#[must_use]
pub fn choose(condition: bool, then: Value, otherwise: Value) -> Value {
    if condition { then } else { otherwise }
}

/// `json(text)`: the JSON object or array that the text holds; missing for any other JSON, for text that is no JSON or
/// nests deeper than 128, and for missing. An object or array is given back as it is (KQL page `parse-json-function`,
/// which gives back the text where it is no JSON; emitters guard that).
///
/// ```
/// use tripline::runtime::function::{json, member};
/// use tripline::value::Value;
/// let policy = json(&Value::text(r#"{"Effect": "Allow"}"#));
/// assert_eq!(member(&policy, "Effect").as_text().as_deref(), Some("Allow"));
/// ```
#[must_use]
pub fn json(value: &Value) -> Value {
    let text = match value {
        Value::Json(Json::Array(_) | Json::Object(_)) => return value.clone(),
        Value::Text(text) | Value::Json(Json::Text(text)) => text,
        _ => return Value::Missing,
    };
    // Only these two can begin one; it spares reading a long text for nothing.
    if !text.trim_start().starts_with(['{', '[']) {
        return Value::Missing;
    }
    Json::parse(&**text).map_or(Value::Missing, Value::Json)
}

/// `capture(text, /re/)`: what the first group matched in the first match; missing where there is no match, the group
/// took no part, or it matched nothing (KQL page `extract-function`).
#[must_use]
pub fn capture(value: &Value, expression: &Regex) -> Value {
    value
        .as_text()
        .as_deref()
        .and_then(|text| expression.captures(text))
        .and_then(|groups| groups.get(1))
        .map_or(Value::Missing, |group| Value::text(group.as_str()))
}

/// `before(text, mark)`: the part before the first `mark`, exact case; missing where there is no mark or nothing before
/// it (so `before(x, "@") ?? x`). An empty mark is nowhere.
#[must_use]
pub fn before(value: &Value, mark: &str) -> Value {
    cut(value, mark).map_or(Value::Missing, |(before, _)| before)
}

/// `after(text, mark)`: the part after the first `mark`, exact case; missing where there is no mark or nothing after
/// it.
#[must_use]
pub fn after(value: &Value, mark: &str) -> Value {
    cut(value, mark).map_or(Value::Missing, |(_, after)| after)
}

fn cut(value: &Value, mark: &str) -> Option<(Value, Value)> {
    let text = value.as_text().filter(|_| !mark.is_empty())?;
    let (before, after) = text.split_once(mark)?;
    Some((Value::text(before), Value::text(after)))
}

/// `split(text, mark)`: the list of parts between the marks, exact case; empty parts are kept, and read as missing (KQL
/// page `split-function`). Missing text gives missing, not a list of one empty part; an empty mark splits nothing.
#[must_use]
pub fn split(value: &Value, mark: &str) -> Value {
    let Some(text) = value.as_text() else {
        return Value::Missing;
    };
    let part = |part: &str| Json::Text(part.into());
    Value::Json(Json::Array(if mark.is_empty() {
        [part(&text)].into()
    } else {
        text.split(mark).map(part).collect()
    }))
}

/// `P[n]`, `P[-n]`: the element of a list, counted from 0, or from the end with `-1` the last; missing where there is
/// none, and for a value that is no list. A set has no order, so no element either.
#[must_use]
pub fn index(value: &Value, index: i64) -> Value {
    match value {
        Value::Json(json) => json.at(index).map_or(Value::Missing, Value::json),
        _ => Value::Missing,
    }
}

/// `P.name`, `P["name"]`: the member of an object, exact case; missing where there is none or the value is no object.
#[must_use]
pub fn member(value: &Value, name: &str) -> Value {
    match value {
        Value::Json(json) => json.get(name).map_or(Value::Missing, Value::json),
        _ => Value::Missing,
    }
}

/// `lower(text)`: ASCII letters in lower case, every other character as it is.
#[must_use]
pub fn lower(value: &Value) -> Value {
    mapped(value, str::to_ascii_lowercase, |byte| byte.is_ascii_uppercase())
}

/// `upper(text)`: ASCII letters in upper case, every other character as it is.
#[must_use]
pub fn upper(value: &Value) -> Value {
    mapped(value, str::to_ascii_uppercase, |byte| byte.is_ascii_lowercase())
}

fn mapped(value: &Value, map: impl Fn(&str) -> String, changes: impl Fn(u8) -> bool) -> Value {
    match (value, value.as_text()) {
        (_, None) => Value::Missing,
        // Most log text needs no change and then no copy.
        (Value::Text(_), Some(text)) if !text.bytes().any(&changes) => value.clone(),
        (_, Some(Cow::Owned(text))) if !text.bytes().any(&changes) => Value::text(text),
        (_, Some(text)) => Value::text(map(&text)),
    }
}

/// `each e in list`: the elements, one row each. An object or scalar counts as one element; missing and an empty list
/// have none; an element that is null or empty text is missing, and still a row. A set gives its elements in order.
/// (KQL page `mv-expand-operator`, guarded so that null gives no row.)
#[must_use]
pub fn each(value: &Value) -> Vec<Value> {
    match value {
        Value::Missing => Vec::new(),
        Value::Json(Json::Array(elements)) => elements.iter().map(Value::json).collect(),
        Value::Set(set) => set.iter().cloned().collect(),
        other => vec![other.clone()],
    }
}

fn count(elements: usize) -> i64 {
    i64::try_from(elements).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::missing::is_missing;
    use crate::value::{Set, Time};
    use proptest::prelude::*;

    fn j(text: &str) -> Value {
        Value::json(&Json::parse(text).unwrap())
    }

    fn t(text: &str) -> Value {
        Value::text(text)
    }

    fn no_texts() -> [Value; 5] {
        [
            Value::Missing,
            Value::Int(5),
            Value::Bool(true),
            Value::Time(Time(0)),
            Value::Set(Set::default()),
        ]
    }

    #[test]
    fn sizes() {
        for (value, expected) in [
            (Value::Missing, 0),
            (Value::Set(Set::default()), 0),
            (Value::Set(Set::new([t("a"), t("b"), t("a")])), 2),
            (j("[]"), 0),
            (j("[null, \"\", 1]"), 3),
            (j("{}"), 1),
            (j("{\"a\":1,\"b\":2}"), 1),
            (j("\"text\""), 1),
            (Value::Int(0), 1),
        ] {
            assert_eq!(size(&value), expected, "{value:?}");
        }
    }

    #[test]
    fn lengths_are_in_scalar_values() {
        assert_eq!(length(&t("é字🦀")), 3);
        assert_eq!(length(&t("e\u{301}")), 2);
        assert_eq!(length(&j("443")), 3);
        assert_eq!(length(&j("[1, 2]")), 5);
        assert!(no_texts().iter().all(|value| length(value) == 0));
    }

    #[test]
    fn json_in_text() {
        assert_eq!(json(&t(r#" {"a": [1]} "#)), j(r#"{"a":[1]}"#));
        assert_eq!(json(&j(r#""[1,2]""#)), j("[1,2]"), "text below an open record");
        assert_eq!(json(&j("[1]")), j("[1]"));
        assert_eq!(json(&j("{}")), j("{}"));
        for no in [
            t("5"),
            t("\"x\""),
            t("null"),
            t("true"),
            t("{"),
            t("[1] x"),
            t("x"),
            t("[1e400]"),
            j("5"),
            j("true"),
        ] {
            assert!(is_missing(&json(&no)), "{no:?}");
        }
        assert!(is_missing(&json(&t(&"[".repeat(100_000)))));
        assert!(no_texts().iter().all(|value| is_missing(&json(value))));
    }

    #[test]
    fn captures() {
        let command = Regex::new(r"command[/#]([\w.-]+)").unwrap();
        assert_eq!(
            capture(&t("aws-cli/2 command/iam.list-users command/x"), &command),
            t("iam.list-users")
        );
        assert!(is_missing(&capture(&t("aws-cli"), &command)));
        let optional = Regex::new(r"a(b)?|c(d)").unwrap();
        assert!(is_missing(&capture(&t("a"), &optional)), "the group took no part");
        assert!(
            is_missing(&capture(&t("cd"), &optional)),
            "another group is not the first"
        );
        assert!(
            is_missing(&capture(&t("a"), &Regex::new("a(x*)").unwrap())),
            "an empty match"
        );
        assert!(is_missing(&capture(&t("a"), &Regex::new("a").unwrap())), "no group");
        assert_eq!(
            capture(&t("ac ab"), &Regex::new("a(b|c)").unwrap()),
            t("c"),
            "the first match"
        );
        assert!(no_texts().iter().all(|value| is_missing(&capture(value, &command))));
    }

    #[test]
    fn before_and_after_the_first_mark() {
        let mail = t("eve@a@b");
        assert_eq!((before(&mail, "@"), after(&mail, "@")), (t("eve"), t("a@b")));
        assert_eq!((before(&t("@b"), "@"), after(&t("@b"), "@")), (Value::Missing, t("b")));
        assert_eq!((before(&t("a@"), "@"), after(&t("a@"), "@")), (t("a"), Value::Missing));
        assert_eq!(
            (before(&t("aXb"), "x"), after(&t("aXb"), "x")),
            (Value::Missing, Value::Missing)
        );
        assert_eq!(
            (before(&t("ab"), ""), after(&t("ab"), "")),
            (Value::Missing, Value::Missing)
        );
        assert_eq!(after(&j("1234"), "12"), t("34"));
        assert_eq!(before(&t("über::x"), "::"), t("über"));
        assert!(
            no_texts()
                .iter()
                .all(|value| is_missing(&before(value, "a")) && is_missing(&after(value, "a")))
        );
    }

    #[test]
    fn splitting() {
        let arn = split(&t("arn:aws:iam::1:user/eve"), ":");
        assert_eq!(size(&arn), 6);
        assert!(is_missing(&index(&arn, 3)), "an empty part is missing");
        assert_eq!(index(&arn, -1), j("\"user/eve\""));
        assert_eq!(split(&t("_"), "_"), j(r#"["",""]"#));
        assert_eq!(split(&t("a"), "_"), j(r#"["a"]"#));
        assert_eq!(split(&t("a"), ""), j(r#"["a"]"#));
        assert_eq!(split(&t("aXbxc"), "x"), j(r#"["aXb","c"]"#), "exact case");
        assert!(no_texts().iter().all(|value| is_missing(&split(value, "_"))));
    }

    #[test]
    fn parts_of_json() {
        let list = j(r#"[1, null, {"Key": "v", "e": ""}]"#);
        assert_eq!(index(&list, 0), j("1"));
        assert_eq!(member(&index(&list, 2), "Key"), j("\"v\""));
        for none in [
            index(&list, 1),
            index(&list, 3),
            index(&list, -4),
            index(&list, i64::MIN),
            index(&list, i64::MAX),
        ] {
            assert!(is_missing(&none));
        }
        let object = index(&list, -1);
        assert!(is_missing(&member(&object, "key")) && is_missing(&member(&object, "e")));
        assert!(is_missing(&member(&list, "Key")) && is_missing(&index(&object, 0)));
        assert!(is_missing(&index(&j("5"), 0)), "a scalar has no elements to count");
        assert!(is_missing(&index(&Value::Set(Set::new([t("a")])), 0)));
        assert!(
            no_texts()
                .iter()
                .all(|value| is_missing(&index(value, 0)) && is_missing(&member(value, "a")))
        );
    }

    #[test]
    fn case_is_ascii() {
        assert_eq!((lower(&t("ÀbC")), upper(&t("àbC"))), (t("Àbc"), t("àBC")));
        assert_eq!((lower(&t("abc")), upper(&t("ABC"))), (t("abc"), t("ABC")));
        assert_eq!(
            (lower(&j("\"AB\"")), lower(&j("true")), lower(&j("5"))),
            (t("ab"), t("true"), t("5"))
        );
        assert_eq!(lower(&j("\"ab\"")), t("ab"), "the result is text, changed or not");
        assert!(
            no_texts()
                .iter()
                .all(|value| is_missing(&lower(value)) && is_missing(&upper(value)))
        );
    }

    #[test]
    fn rows_of_each() {
        assert_eq!(
            each(&j("[1,null,\"\",[2]]")),
            [j("1"), Value::Missing, Value::Missing, j("[2]")]
        );
        assert_eq!(each(&j("{\"a\":1}")), [j("{\"a\":1}")]);
        assert_eq!(each(&j("5")), [j("5")]);
        assert_eq!(each(&t("x")), [t("x")]);
        assert!(each(&j("[]")).is_empty() && each(&Value::Missing).is_empty());
        assert_eq!(each(&Value::Set(Set::new([t("b"), t("a")]))), [t("a"), t("b")]);
    }

    #[test]
    fn if_chooses() {
        assert_eq!(choose(true, t("a"), Value::Missing), t("a"));
        assert!(is_missing(&choose(false, t("a"), Value::Missing)));
    }

    proptest! {
        #[test]
        fn parts_joined_again_are_the_text(text in "[ab/]{1,12}", mark in "[a/]{1,2}") {
            let Value::Json(Json::Array(parts)) = split(&t(&text), &mark) else { panic!() };
            let parts: Vec<&str> = parts.iter().map(|p| if let Json::Text(p) = p { &**p } else { panic!() }).collect();
            prop_assert_eq!(parts.join(&mark), text);
        }

        #[test]
        fn before_mark_after_is_the_text(text in "[ab@]{1,8}") {
            let value = t(&text);
            if let (Some(a), Some(b)) = (before(&value, "@").as_text(), after(&value, "@").as_text()) {
                prop_assert_eq!(format!("{a}@{b}"), text);
            }
        }
    }
}

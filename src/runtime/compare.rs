//! Comparing two values: `==`, `=~`, `in`, `in~`, `<` and its kin.
//!
//! Every test is two-valued: false where an operand is missing or cannot be read as asked. The negated tests (`!=`,
//! `!~`, `not`) are the exact negations, so `errorCode != "X"` holds where the code is missing; KQL gives null in some
//! of these places (page `scalar-data-types/null-values`), which is why emitters write guards.
//!
//! A json value is read as the other side asks (language reference, "Types and missing values"):
//!
//! | the other side | how the json value is read |
//! |---|---|
//! | text | text as it is, an integer in decimal, `true`/`false`; an object or array equals no text |
//! | int, real | a JSON number, or text that is one ([`as_number`]) |
//! | bool | a JSON bool, or the text `true`/`false` in any case; a number is no bool |
//! | time, set | not at all: they are never equal |
//! | json | both as text; objects and arrays as compact JSON with sorted members |

use super::number::{Number, as_number};
use super::text;
use crate::value::{Json, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

/// The value read as a bool: a bool, or a JSON bool, or text `true` or `false` in any case. None for everything else,
/// numbers included.
#[must_use]
pub fn as_bool(value: &Value) -> Option<bool> {
    let text = match value {
        Value::Bool(b) | Value::Json(Json::Bool(b)) => return Some(*b),
        Value::Text(text) | Value::Json(Json::Text(text)) => text,
        _ => return None,
    };
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// The value read as text to be compared with a text: as [`Value::as_text`], but nothing for a JSON object or array,
/// which is present and equal to no literal.
#[must_use]
pub fn as_scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Json(Json::Array(_) | Json::Object(_)) => None,
        _ => value.as_text(),
    }
}

/// A bare condition: the value is true. Everything else, missing included, is not.
#[must_use]
pub fn is_true(value: &Value) -> bool {
    as_bool(value) == Some(true)
}

/// `value == "literal"`: present and the same text.
#[must_use]
pub fn equals_text(value: &Value, literal: &str) -> bool {
    as_scalar_text(value).is_some_and(|text| text::eq_exact(&text, literal))
}

/// `value =~ "literal"`: present and the same text but for the case of ASCII letters.
#[must_use]
pub fn equals_text_ignore_case(value: &Value, literal: &str) -> bool {
    as_scalar_text(value).is_some_and(|text| text::eq_ignore_case(&text, literal))
}

/// `value == 5`: present, a number, and equal; exact for whole numbers.
#[must_use]
pub fn equals_number(value: &Value, literal: Number) -> bool {
    as_number(value) == Some(literal)
}

/// `value == true`: present, a bool, and equal.
#[must_use]
pub fn equals_bool(value: &Value, literal: bool) -> bool {
    as_bool(value) == Some(literal)
}

/// `a == b`: both present and equal. Typed values compare in their type, int with real by size, sets by their elements;
/// a json value as the table above says. Values of types that cannot be compared are not equal.
#[must_use]
pub fn equals(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Missing, _) | (_, Value::Missing) => false,
        (Value::Bool(a), b) | (b, Value::Bool(a)) => as_bool(b) == Some(*a),
        (Value::Int(_) | Value::Real(_), _) | (_, Value::Int(_) | Value::Real(_)) => {
            as_number(a).is_some_and(|a| as_number(b) == Some(a))
        }
        (Value::Time(a), Value::Time(b)) => a == b,
        (Value::Set(a), Value::Set(b)) => a == b,
        (Value::Json(a), Value::Json(b)) => match (a.as_text(), b.as_text()) {
            // The compact JSON of an object is not equal to a text that happens to spell it.
            (Some(x), Some(y)) => is_compound(a) == is_compound(b) && x == y,
            _ => false,
        },
        (Value::Text(text), other) | (other, Value::Text(text)) => equals_text(other, text),
        _ => false,
    }
}

/// `a =~ b`: both present and equal as text but for the case of ASCII letters.
#[must_use]
pub fn equals_ignore_case(a: &Value, b: &Value) -> bool {
    match (as_scalar_text(a), as_scalar_text(b)) {
        (Some(a), Some(b)) => text::eq_ignore_case(&a, &b),
        _ => false,
    }
}

/// `value in [literals]`: equal ([`equals`]) to at least one; false for an empty list.
#[must_use]
pub fn is_one_of<'a>(value: &Value, literals: impl IntoIterator<Item = &'a Value>) -> bool {
    literals.into_iter().any(|literal| equals(value, literal))
}

/// `value in~ [literals]`: as [`is_one_of`], but for the case of ASCII letters.
#[must_use]
pub fn is_one_of_ignore_case<'a>(value: &Value, literals: impl IntoIterator<Item = &'a Value>) -> bool {
    literals.into_iter().any(|literal| equals_ignore_case(value, literal))
}

/// How two values stand to each other: numbers by size (whole numbers exactly, mixed ones without rounding), times by
/// time. None where either is missing or there is no order between them: text has none, as in KQL, and json is read as
/// a number.
#[must_use]
pub fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        _ => Some(as_number(a)?.cmp(&as_number(b)?)),
    }
}

/// `a < b`; false where there is no order ([`order`]).
#[must_use]
pub fn less(a: &Value, b: &Value) -> bool {
    order(a, b).is_some_and(Ordering::is_lt)
}

/// `a <= b`; false where there is no order, so it is not the negation of [`greater`].
#[must_use]
pub fn less_eq(a: &Value, b: &Value) -> bool {
    order(a, b).is_some_and(Ordering::is_le)
}

/// `a > b`; false where there is no order ([`order`]).
#[must_use]
pub fn greater(a: &Value, b: &Value) -> bool {
    order(a, b).is_some_and(Ordering::is_gt)
}

/// `a >= b`; false where there is no order, so it is not the negation of [`less`].
#[must_use]
pub fn greater_eq(a: &Value, b: &Value) -> bool {
    order(a, b).is_some_and(Ordering::is_ge)
}

fn is_compound(json: &Json) -> bool {
    matches!(json, Json::Array(_) | Json::Object(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Set, Time};
    use proptest::prelude::*;

    fn json(text: &str) -> Value {
        Value::json(&Json::parse(text).unwrap())
    }

    /// One value of every kind.
    fn all() -> Vec<Value> {
        let mut all = vec![
            Value::Missing,
            Value::Bool(true),
            Value::Int(5),
            Value::Real(1.5),
            Value::text("five"),
            Value::Time(Time(5)),
            Value::Set(Set::new([Value::Int(5)])),
        ];
        all.extend(["true", "7", "2.5", "\"x\"", "[5]", "{\"a\":5}", "[]"].map(json));
        all
    }

    #[test]
    fn every_value_equals_itself_alone_and_missing_equals_nothing() {
        for (i, a) in all().iter().enumerate() {
            for (k, b) in all().iter().enumerate() {
                // `true` the bool and `true` the json value are one.
                let expected = a.is_present() && (i == k || (is_true(a) && is_true(b)));
                assert_eq!(equals(a, b), expected, "{a:?} == {b:?}");
            }
        }
    }

    #[test]
    fn json_is_read_as_the_other_side_asks() {
        // as text
        assert!(equals(&json("5"), &Value::text("5")));
        assert!(equals(&Value::text("-5"), &json("-5")));
        assert!(equals_text(&json("true"), "true"));
        assert!(!equals_text(&json("true"), "True"));
        assert!(equals_text_ignore_case(&json("true"), "True"));
        assert!(!equals_text(&json("[]"), "[]"), "an array equals no literal");
        assert!(!equals_text_ignore_case(&json("{\"a\":1}"), "{\"a\":1}"));
        assert!(!equals_text(&json("\"\""), ""));
        // as number
        for five in ["5", "5.0", "\"5\"", "\"5.0\"", "5e0"] {
            assert!(equals(&json(five), &Value::Int(5)), "{five}");
            assert!(equals_number(&json(five), Number::Real(5.0)), "{five}");
        }
        for no in ["\"five\"", "true", "[5]", "{}", "\" 5\"", "\"\"", "null"] {
            assert!(!equals(&json(no), &Value::Int(5)), "{no}");
            assert!(!less(&json(no), &Value::Int(500)), "{no}");
        }
        // as bool
        for yes in ["true", "\"true\"", "\"TRUE\"", "\"True\""] {
            assert!(equals_bool(&json(yes), true) && is_true(&json(yes)), "{yes}");
        }
        assert!(equals_bool(&json("\"False\""), false));
        for no in ["1", "\"1\"", "\"yes\"", "0", "null", "[true]", "\" true\""] {
            assert!(!equals_bool(&json(no), true) && !equals_bool(&json(no), false), "{no}");
        }
        assert_eq!(as_bool(&Value::Int(1)), None);
    }

    #[test]
    fn two_json_sides_compare_as_text() {
        assert!(equals(&json("5"), &json("\"5\"")));
        assert!(equals(&json("true"), &json("\"true\"")));
        assert!(!equals(&json("true"), &json("\"TRUE\"")));
        assert!(equals(&json(r#"{"a":1,"b":[2]}"#), &json(r#"{"b":[2], "a":1}"#)));
        assert!(!equals(&json("[1,2]"), &json("[2,1]")));
        assert!(!equals(&json("[1]"), &json("\"[1]\"")), "an array is no text");
    }

    #[test]
    fn lists() {
        let list = [Value::text("Success"), Value::text("5"), Value::Bool(true)];
        assert!(is_one_of(&Value::text("Success"), &list));
        assert!(!is_one_of(&Value::text("success"), &list));
        assert!(is_one_of_ignore_case(&Value::text("success"), &list));
        assert!(is_one_of(&json("5"), &list));
        assert!(is_one_of(&json("\"TRUE\""), &list));
        assert!(!is_one_of(&Value::Missing, &list) && !is_one_of_ignore_case(&Value::Missing, &list));
        assert!(!is_one_of(&Value::text("x"), &[]) && !is_one_of_ignore_case(&Value::text("x"), &[]));
    }

    #[test]
    fn order_of_numbers_and_times() {
        let big = 1_i64 << 53;
        assert!(less(&Value::Int(big), &Value::Int(big + 1)), "exact");
        assert!(greater(&Value::Int(big + 1), &Value::Real(big as f64)), "not rounded");
        assert!(less_eq(&Value::Int(1), &Value::Real(1.0)) && greater_eq(&Value::Int(1), &Value::Real(1.0)));
        assert!(less(&json("\"9\""), &Value::Int(10)), "as number, not as text");
        assert!(less(&json("9"), &json("\"10\"")));
        assert!(greater(&Value::Time(Time(2)), &Value::Time(Time(1))));
        assert!(equals(&Value::Real(0.0), &Value::Real(-0.0)));
    }

    #[test]
    fn no_order_is_false_for_all_four() {
        let without = [
            (Value::Missing, Value::Int(1)),
            (Value::Int(1), Value::Missing),
            (Value::Missing, Value::Missing),
            (Value::text("a"), Value::text("b")),
            (Value::Time(Time(1)), Value::Int(2)),
            (Value::Time(Time(1)), json("2")),
            (Value::Bool(false), Value::Bool(true)),
            (json("[1]"), Value::Int(2)),
        ];
        for (a, b) in &without {
            for test in [less, less_eq, greater, greater_eq] {
                assert!(!test(a, b), "{a:?} {b:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn equality_is_symmetric(a in 0_usize..14, b in 0_usize..14) {
            let all = all();
            prop_assert_eq!(equals(&all[a], &all[b]), equals(&all[b], &all[a]));
            prop_assert_eq!(equals_ignore_case(&all[a], &all[b]), equals_ignore_case(&all[b], &all[a]));
            prop_assert_eq!(less(&all[a], &all[b]), greater(&all[b], &all[a]));
        }
    }
}

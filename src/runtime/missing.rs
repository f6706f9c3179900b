//! `x is missing`, `x is present`, `x is empty`, and `??`.
//!
//! Absent, null and the empty text are one thing, [`Value::Missing`] (language reference, "Types and missing values";
//! KQL cannot tell them apart in string columns either: pages `isempty-function`, `scalar-data-types/null-values`).

use crate::value::{Json, Value};

/// `value is missing`: absent, null, or the empty text. An empty list or object is present.
#[must_use]
pub fn is_missing(value: &Value) -> bool {
    match value {
        Value::Missing => true,
        // Constructors fold these; a variant built by hand must not differ.
        Value::Text(text) => text.is_empty(),
        Value::Json(json) => json.is_missing(),
        _ => false,
    }
}

/// `value is present`: the negation of [`is_missing`].
#[must_use]
pub fn is_present(value: &Value) -> bool {
    !is_missing(value)
}

/// `value is empty`, of a set or list: without element. A missing one is empty; a scalar or an object counts as a list
/// of one, so it is not. A list of nulls has elements.
#[must_use]
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Set(set) => set.is_empty(),
        Value::Json(Json::Array(elements)) => elements.is_empty(),
        other => is_missing(other),
    }
}

/// `a ?? b ?? c`: the first value that is present, missing if none is (KQL page `coalesce-function`, which skips empty
/// strings too). The type of a json value is kept.
#[must_use]
pub fn coalesce<'a>(values: impl IntoIterator<Item = &'a Value>) -> Value {
    values
        .into_iter()
        .find(|value| is_present(value))
        .cloned()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Set;

    fn json(text: &str) -> Value {
        Value::Json(Json::parse(text).unwrap())
    }

    #[test]
    fn missing_is_absent_null_or_the_empty_text() {
        for missing in [
            Value::Missing,
            Value::text(""),
            Value::real(f64::NAN),
            json("null"),
            json("\"\""),
            Value::Text("".into()),
        ] {
            assert!(
                is_missing(&missing) && !is_present(&missing) && is_empty(&missing),
                "{missing:?}"
            );
        }
        for present in [
            Value::Bool(false),
            Value::Int(0),
            Value::text(" "),
            json("[]"),
            json("{}"),
            json("[null]"),
            json("0"),
        ] {
            assert!(is_present(&present) && !is_missing(&present), "{present:?}");
        }
        assert!(is_present(&Value::Set(Set::default())), "a set is never missing");
    }

    #[test]
    fn empty_lists_and_sets() {
        for empty in [json("[]"), Value::Set(Set::default()), Value::Missing] {
            assert!(is_empty(&empty), "{empty:?}");
        }
        for full in [
            json("[null]"),
            json("[\"\"]"),
            json("{}"),
            json("5"),
            Value::Int(0),
            Value::Set(Set::new([Value::Int(0)])),
        ] {
            assert!(!is_empty(&full), "{full:?}");
        }
    }

    #[test]
    fn the_first_present() {
        let (a, b) = (json("false"), Value::text("b"));
        assert_eq!(coalesce([&Value::Missing, &a, &b]), a);
        assert_eq!(coalesce([&b, &Value::Missing]), b);
        assert_eq!(coalesce([&json("\"\""), &b]), b);
        assert_eq!(coalesce([&json("[]"), &b]), json("[]"));
        assert!(is_missing(&coalesce([&Value::Missing, &Value::Missing])));
        assert!(is_missing(&coalesce([])));
    }
}

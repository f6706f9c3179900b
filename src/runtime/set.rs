//! Sets: `minus`, `union`, `intersect`, and `literal in list`.
//!
//! A set is made of present elements, each in one form ([`element`]): a json value enters as its text, so that `5` and
//! `"5"` from a log are one element, as they are equal; typed values stay typed. A missing set counts as empty, a list
//! as the set of its elements. (KQL pages `set-union-function`, `set-intersect-function`, `set-difference-function`;
//! what they give for null is open there, so emitters write `coalesce(s, dynamic([]))`.)

use super::compare::{as_bool, equals};
use super::number::{Number, as_number};
use crate::value::{Json, Set, Value};
use std::borrow::Cow;

/// The one form in which a value is an element of a set, or a key: a json value as text, an object or array as its
/// compact JSON; `-0.0` as `0.0`; all others as they are.
#[must_use]
pub fn element(value: &Value) -> Value {
    match value {
        Value::Json(json) => json.as_text().map_or(Value::Missing, Value::text),
        Value::Real(n) => Value::real(n + 0.0),
        other => other.clone(),
    }
}

/// The value as a set: none for missing, the elements of a list, a scalar or an object as a set of one.
#[must_use]
pub fn set_of(value: &Value) -> Cow<'_, Set> {
    match value {
        Value::Missing => Cow::Owned(Set::default()),
        Value::Set(set) => Cow::Borrowed(set),
        Value::Json(Json::Array(elements)) => Cow::Owned(
            elements
                .iter()
                .map(|e| e.as_text().map_or(Value::Missing, Value::text))
                .collect(),
        ),
        other => Cow::Owned(Set::new([element(other)])),
    }
}

/// `a union b`: the elements of either.
#[must_use]
pub fn union(a: &Value, b: &Value) -> Value {
    operate(a, b, Set::union)
}

/// `a intersect b`: the elements of both.
#[must_use]
pub fn intersect(a: &Value, b: &Value) -> Value {
    operate(a, b, Set::intersect)
}

/// `a minus b`: the elements of the first that the second lacks.
///
/// ```
/// use tripline::runtime::set::minus;
/// use tripline::value::{Set, Value};
/// let seen = Value::Set(Set::new([Value::text("GetUser")]));
/// assert_eq!(minus(&seen, &Value::Missing), seen);
/// ```
#[must_use]
pub fn minus(a: &Value, b: &Value) -> Value {
    operate(a, b, Set::minus)
}

fn operate(a: &Value, b: &Value, operation: impl Fn(&Set, &Set) -> Set) -> Value {
    let (a, b) = (set_of(a), set_of(b));
    let (read_a, read_b) = (read_as(&a, &b), read_as(&b, &a));
    Value::Set(operation(&read_a, &read_b))
}

/// The elements of `set`, those of json origin (texts) read as the elements of `other` ask: as numbers beside numbers,
/// as bools beside bools. What cannot be read so stays text, and then is no element of the other.
fn read_as<'a>(set: &'a Set, other: &Set) -> Cow<'a, Set> {
    // Elements are sorted by kind: where the first and the last are of one kind, all are.
    let (Some(first), Some(last)) = (other.iter().next(), other.iter().last()) else {
        return Cow::Borrowed(set);
    };
    let read: fn(&Value) -> Option<Value> = match (first, last) {
        (Value::Int(_), Value::Int(_)) => |text| as_number(text).map(whole),
        (Value::Int(_) | Value::Real(_), Value::Int(_) | Value::Real(_)) => {
            |text| as_number(text).map(|n| Value::real(n.as_f64()))
        }
        (Value::Bool(_), Value::Bool(_)) => |text| as_bool(text).map(Value::Bool),
        _ => return Cow::Borrowed(set),
    };
    let read = |value: &Value| match value {
        Value::Text(_) => read(value).unwrap_or_else(|| value.clone()),
        _ => value.clone(),
    };
    Cow::Owned(set.iter().map(read).collect())
}

/// A number beside ints: `5.0` is 5 there.
fn whole(number: Number) -> Value {
    match number {
        Number::Real(n) if Number::Int(n as i64) == number => Value::Int(n as i64),
        other => other.to_value(),
    }
}

/// `literal in list`: some element of the set or list equals the literal ([`equals`]: json elements are read as the
/// literal asks); a scalar counts as a list of one. False where either is missing (KQL page
/// `set-has-element-function`).
#[must_use]
pub fn contains_element(list: &Value, literal: &Value) -> bool {
    match list {
        Value::Json(Json::Array(elements)) => elements.iter().any(|element| json_equals(element, literal)),
        Value::Set(set) => {
            let literal = self::element(literal);
            // Only elements of another type can be equal to the literal without being the same.
            let same_type = matches!((&literal, set.iter().next()), (Value::Text(_), Some(Value::Text(_))));
            set.contains(&literal) || (!same_type && set.iter().any(|element| equals(element, &literal)))
        }
        scalar => equals(scalar, literal),
    }
}

fn json_equals(element: &Json, literal: &Value) -> bool {
    equals(&Value::json(element), literal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn j(text: &str) -> Value {
        Value::json(&Json::parse(text).unwrap())
    }

    fn set<const N: usize>(values: [Value; N]) -> Value {
        Value::Set(Set::new(values))
    }

    fn texts<const N: usize>(texts: [&str; N]) -> Value {
        set(texts.map(Value::text))
    }

    #[test]
    fn words() {
        let (ab, bc) = (texts(["a", "b"]), texts(["b", "c"]));
        assert_eq!(union(&ab, &bc), texts(["a", "b", "c"]));
        assert_eq!(intersect(&ab, &bc), texts(["b"]));
        assert_eq!(minus(&ab, &bc), texts(["a"]));
        assert_eq!(minus(&ab, &texts(["A", "B"])), ab, "exact case");
    }

    #[test]
    fn a_missing_set_is_empty_and_the_result_is_never_missing() {
        let (a, none) = (texts(["a"]), Value::Missing);
        assert_eq!((union(&a, &none), union(&none, &a)), (a.clone(), a.clone()));
        assert_eq!((minus(&a, &none), minus(&none, &a)), (a.clone(), texts([])));
        assert_eq!(intersect(&a, &none), texts([]));
        assert!(union(&none, &none).is_present());
    }

    #[test]
    fn lists_are_sets_of_their_present_elements() {
        let list = j(r#"["b", null, "", "a", "b", 5, {"k": 1}]"#);
        assert_eq!(union(&list, &Value::Missing), texts(["a", "b", "5", r#"{"k":1}"#]));
        assert_eq!(minus(&texts(["a", "z"]), &list), texts(["z"]));
        assert_eq!(minus(&list, &j(r#"["5", "b"]"#)), texts(["a", r#"{"k":1}"#]));
        assert_eq!(
            union(&j("\"one\""), &j("[]")),
            texts(["one"]),
            "a scalar is a list of one"
        );
        assert_eq!(*set_of(&Value::Int(5)), Set::new([Value::Int(5)]));
    }

    #[test]
    fn json_elements_are_read_as_typed_ones_ask() {
        let ports = set([Value::Int(22), Value::Int(80)]);
        assert_eq!(minus(&ports, &j("[22, \"x\"]")), set([Value::Int(80)]));
        assert_eq!(intersect(&j("[\"22\", 80.0, 443]"), &ports), ports);
        let bools = set([Value::Bool(true)]);
        assert_eq!(intersect(&bools, &j("[\"TRUE\"]")), bools);
        let reals = set([Value::Real(0.5), Value::Real(2.0)]);
        assert_eq!(minus(&reals, &j("[2]")), set([Value::Real(0.5)]));
        assert_eq!(*set_of(&Value::Real(-0.0)), Set::new([Value::Real(0.0)]));
    }

    #[test]
    fn literals_in_lists() {
        let list = j(r#"["a", 5, true, null, ["b"], {"k": 1}]"#);
        for yes in [
            Value::text("a"),
            Value::text("5"),
            Value::Int(5),
            Value::Real(5.0),
            Value::Bool(true),
            Value::text("true"),
        ] {
            assert!(contains_element(&list, &yes), "{yes:?}");
        }
        for no in [
            Value::text("A"),
            Value::text("b"),
            Value::Int(6),
            Value::Bool(false),
            Value::Missing,
            Value::text("[\"b\"]"),
        ] {
            assert!(!contains_element(&list, &no), "{no:?}");
        }
        assert!(
            contains_element(&j("\"a\""), &Value::text("a")),
            "a scalar is a list of one"
        );
        assert!(contains_element(&Value::text("a"), &Value::text("a")));
        assert!(
            !contains_element(&j("{\"a\":1}"), &Value::text("a")),
            "an object has no elements"
        );
        assert!(!contains_element(&j("[]"), &Value::text("a")));
        assert!(!contains_element(&Value::Missing, &Value::text("a")));
    }

    #[test]
    fn literals_in_sets() {
        let ports = texts(["22", "80"]);
        assert!(contains_element(&ports, &Value::Int(22)) && contains_element(&ports, &j("22")));
        assert!(!contains_element(&ports, &Value::Int(23)) && !contains_element(&ports, &Value::Missing));
        let ints = set([Value::Int(1), Value::Int(2)]);
        assert!(contains_element(&ints, &Value::Real(2.0)) && !contains_element(&ints, &Value::Real(2.5)));
        assert!(!contains_element(&texts([]), &Value::text("a")));
    }

    fn any_list() -> impl Strategy<Value = Value> {
        let element = prop_oneof![
            Just("1"),
            Just("\"1\""),
            Just("\"a\""),
            Just("null"),
            Just("true"),
            Just("[1]")
        ];
        prop_oneof![
            proptest::collection::vec(element, 0..5).prop_map(|e| j(&format!("[{}]", e.join(",")))),
            proptest::collection::vec("[a-c1]", 0..5)
                .prop_map(|e| Value::Set(e.into_iter().map(Value::text).collect())),
            Just(Value::Missing),
        ]
    }

    proptest! {
        #[test]
        fn laws(a in any_list(), b in any_list(), c in any_list()) {
            let plain = Value::Set(set_of(&a).into_owned());
            prop_assert_eq!(union(&a, &b), union(&b, &a));
            prop_assert_eq!(intersect(&a, &b), intersect(&b, &a));
            prop_assert_eq!(union(&union(&a, &b), &c), union(&a, &union(&b, &c)));
            prop_assert_eq!(intersect(&intersect(&a, &b), &c), intersect(&a, &intersect(&b, &c)));
            prop_assert_eq!(union(&a, &a), plain.clone());
            prop_assert_eq!(intersect(&a, &a), plain.clone());
            prop_assert_eq!(minus(&a, &a), Value::Set(Set::default()));
            prop_assert_eq!(union(&minus(&a, &b), &intersect(&a, &b)), plain);
            prop_assert_eq!(intersect(&minus(&a, &b), &b), Value::Set(Set::default()));
            prop_assert_eq!(minus(&a, &union(&b, &c)), minus(&minus(&a, &b), &c));
        }
    }
}

//! Numbers: how values are read as one, and their exact order.

use crate::value::{Json, Value};
use std::cmp::Ordering;

/// A number as it stands in a value: whole numbers stay exact.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// Any other finite number; never NaN, never `-0.0`.
    Real(f64),
}

impl Number {
    /// A real number; none for NaN and the infinities, which no operation here gives.
    #[must_use]
    pub fn real(n: f64) -> Option<Number> {
        // Adding zero turns -0.0 into 0.0, so that equal numbers are one number.
        n.is_finite().then_some(Number::Real(n + 0.0))
    }

    /// The number as a fraction, the nearest one beyond 2^53.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Real(n) => n,
        }
    }

    /// The number as a value.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            Number::Int(n) => Value::Int(n),
            Number::Real(n) => Value::real(n),
        }
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Value {
        number.to_value()
    }
}

/// By size, exactly: a whole number and a fraction are compared without rounding either, so the order holds beyond
/// 2^53 too. Of equal numbers neither is less: `1` and `1.0` are equal.
impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        match (*self, *other) {
            (Number::Int(a), Number::Int(b)) => a.cmp(&b),
            (Number::Real(a), Number::Real(b)) => a.total_cmp(&b),
            (Number::Int(a), Number::Real(b)) => int_with_real(a, b),
            (Number::Real(a), Number::Int(b)) => int_with_real(b, a).reverse(),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

fn int_with_real(int: i64, real: f64) -> Ordering {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0; // 2^63
    if real >= BEYOND {
        return Ordering::Less;
    }
    if real < -BEYOND {
        return Ordering::Greater;
    }
    let whole = real.trunc();
    // Exact: `whole` is a whole number that fits.
    int.cmp(&(whole as i64))
        .then_with(|| 0.0_f64.total_cmp(&(real - whole + 0.0)))
}

/// The value read as a number: an int or real, a JSON number, or text that is a JSON number (`5`, `-1.5`, `1e3`; not
/// `007`, `+5`, ` 5`, `0x1f`). None for everything else: a bool is no number, nor is a time, nor one too large
/// to hold. (Language reference, "Types and names": a json value is read as the other side asks.)
#[must_use]
pub fn as_number(value: &Value) -> Option<Number> {
    match value {
        Value::Int(n) => Some(Number::Int(*n)),
        Value::Real(n) => Number::real(*n),
        Value::Text(text) => text_as_number(text),
        Value::Json(json) => json_as_number(json),
        Value::Missing | Value::Bool(_) | Value::Time(_) | Value::Set(_) => None,
    }
}

/// [`as_number`] of a JSON value.
#[must_use]
pub fn json_as_number(json: &Json) -> Option<Number> {
    match json {
        Json::Int(n) => Some(Number::Int(*n)),
        Json::Real(n) => Number::real(*n),
        Json::Text(text) => text_as_number(text),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

fn text_as_number(text: &str) -> Option<Number> {
    // The JSON reader allows blanks around a number, and other values; neither is a number here.
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    let bytes = text.as_bytes();
    if !edge(bytes.last()) || !(edge(bytes.first()) || bytes.first() == Some(&b'-')) {
        return None;
    }
    match crate::value::Json::parse(text).ok()? {
        Json::Int(n) => Some(Number::Int(n)),
        Json::Real(n) => Number::real(n),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> Option<Number> {
        as_number(&Value::Json(Json::Text(text.into())))
    }

    #[test]
    fn text_that_is_a_number() {
        assert!(matches!(text("5"), Some(Number::Int(5))));
        assert!(matches!(text("-5"), Some(Number::Int(-5))));
        assert!(matches!(text("9223372036854775807"), Some(Number::Int(i64::MAX))));
        assert!(matches!(text("9223372036854775808"), Some(Number::Real(_))));
        assert!(matches!(text("1.5"), Some(Number::Real(_))));
        assert_eq!(text("1e3"), Some(Number::Int(1000)));
        assert_eq!(text("-0"), text("0"));
        for no in [
            "", " 5", "5 ", "+5", "007", "0x1f", "1.", ".5", "5m", "inf", "NaN", "1e400", "-", "true", "[5]", "\"5\"",
            "٣",
        ] {
            assert_eq!(text(no), None, "{no:?}");
        }
    }

    #[test]
    fn other_values_are_no_numbers() {
        for no in [
            Json::Null,
            Json::Bool(true),
            Json::parse("[1]").unwrap(),
            Json::parse("{}").unwrap(),
        ] {
            assert_eq!(as_number(&Value::Json(no)), None);
        }
        for no in [
            Value::Missing,
            Value::Bool(true),
            Value::Time(crate::value::Time(5)),
            Value::Real(f64::INFINITY),
            Value::Set(crate::value::Set::default()),
        ] {
            assert_eq!(as_number(&no), None);
        }
    }

    #[test]
    fn the_order_is_exact_beyond_two_to_the_53() {
        let big = 1_i64 << 53;
        let real = Number::Real(big as f64);
        assert_eq!(Number::Int(big), real);
        assert!(Number::Int(big + 1) > real);
        assert!(Number::Int(big - 1) < real);
        assert!(Number::Int(i64::MAX) < Number::Real(9_223_372_036_854_775_808.0));
        assert_eq!(Number::Int(i64::MIN), Number::Real(-9_223_372_036_854_775_808.0));
        assert!(Number::Int(i64::MIN) > Number::Real(-1e300));
        assert!(Number::Int(-1) > Number::Real(-1.5));
        assert!(Number::Int(-2) < Number::Real(-1.5));
        assert!(Number::Int(1) < Number::Real(1.5));
        assert!(Number::Int(0) < Number::Real(f64::MIN_POSITIVE));
        assert!(Number::Int(0) > Number::Real(-f64::MIN_POSITIVE));
    }

    fn number() -> impl Strategy<Value = Number> {
        prop_oneof![
            any::<i64>().prop_map(Number::Int),
            (-5_i64..5).prop_map(Number::Int),
            any::<f64>().prop_filter_map("finite", Number::real),
            (-10_i64..10).prop_map(|n| Number::Real(n as f64 / 2.0)),
            any::<i64>().prop_map(|n| Number::Real(n as f64)),
        ]
    }

    proptest! {
        #[test]
        fn the_order_is_an_order(a in number(), b in number(), c in number()) {
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
            if a == b {
                prop_assert_eq!(a.cmp(&c), b.cmp(&c));
            }
        }
    }
}

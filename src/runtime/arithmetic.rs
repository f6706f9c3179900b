//! `+`, `-`, `*` and `/`.
//!
//! Operands are read as numbers ([`as_number`]), json values too; where one is missing or no number, the result is
//! missing. An int with an int gives an int, and missing where it does not fit; everything else gives a real, and
//! missing where that is not finite. (KQL page `numerical-operators`; what its `long` does on overflow is not
//! described. KQL divides whole numbers to whole numbers, our `/` never does: emitters write `toreal`.)

use super::number::{Number, as_number};
use crate::value::Value;

/// `a + b`.
#[must_use]
pub fn add(a: &Value, b: &Value) -> Value {
    apply(a, b, i64::checked_add, |a, b| a + b)
}

/// `a - b`.
#[must_use]
pub fn sub(a: &Value, b: &Value) -> Value {
    apply(a, b, i64::checked_sub, |a, b| a - b)
}

/// `a * b`.
#[must_use]
pub fn mul(a: &Value, b: &Value) -> Value {
    apply(a, b, i64::checked_mul, |a, b| a * b)
}

/// `a / b`: always a real; missing where `b` is zero.
#[must_use]
pub fn div(a: &Value, b: &Value) -> Value {
    // By zero gives an infinity or NaN, and those are missing.
    match (as_number(a), as_number(b)) {
        (Some(a), Some(b)) => finite(a.as_f64() / b.as_f64()),
        _ => Value::Missing,
    }
}

fn apply(a: &Value, b: &Value, ints: impl Fn(i64, i64) -> Option<i64>, reals: impl Fn(f64, f64) -> f64) -> Value {
    match (as_number(a), as_number(b)) {
        (Some(Number::Int(a)), Some(Number::Int(b))) => ints(a, b).map_or(Value::Missing, Value::Int),
        (Some(a), Some(b)) => finite(reals(a.as_f64(), b.as_f64())),
        _ => Value::Missing,
    }
}

fn finite(n: f64) -> Value {
    Number::real(n).map_or(Value::Missing, Number::to_value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Json, Time};
    use proptest::prelude::*;

    const OPERATIONS: [fn(&Value, &Value) -> Value; 4] = [add, sub, mul, div];

    fn int(n: i64) -> Value {
        Value::Int(n)
    }

    #[test]
    fn ints_stay_ints_but_under_division() {
        assert_eq!(add(&int(2), &int(3)), int(5));
        assert_eq!(sub(&int(2), &int(3)), int(-1));
        assert_eq!(mul(&int(2), &int(3)), int(6));
        assert_eq!(div(&int(1), &int(2)), Value::Real(0.5));
        assert_eq!(div(&int(4), &int(2)), Value::Real(2.0));
        let big = (1_i64 << 53) + 1;
        assert_eq!(add(&int(big), &int(0)), int(big), "exact beyond 2^53");
    }

    #[test]
    fn overflow_and_division_by_zero_are_missing() {
        for value in [
            add(&int(i64::MAX), &int(1)),
            sub(&int(i64::MIN), &int(1)),
            mul(&int(i64::MIN), &int(-1)),
            div(&int(1), &int(0)),
            div(&int(0), &int(0)),
            div(&int(1), &Value::Real(-0.0)),
            mul(&Value::Real(1e300), &Value::Real(1e300)),
            div(&Value::Real(1e300), &Value::Real(1e-300)),
        ] {
            assert!(!value.is_present(), "{value:?}");
        }
        assert_eq!(add(&int(i64::MAX), &int(0)), int(i64::MAX));
    }

    #[test]
    fn a_real_makes_the_result_real() {
        assert_eq!(add(&int(1), &Value::Real(0.5)), Value::Real(1.5));
        assert!(matches!(mul(&Value::Real(2.0), &int(3)), Value::Real(6.0)));
        assert!(matches!(mul(&Value::Real(-1.0), &int(0)), Value::Real(zero) if zero.is_sign_positive()));
    }

    #[test]
    fn json_is_read_as_a_number_and_the_rest_is_missing() {
        let json = |text| Value::Json(Json::parse(text).unwrap());
        assert_eq!(add(&json("2"), &json("\"3\"")), int(5));
        assert_eq!(add(&json("2"), &json("\"0.5\"")), Value::Real(2.5));
        for no in [
            Value::Missing,
            Value::Bool(true),
            Value::Time(Time(1)),
            json("[1]"),
            json("\"x\""),
            json("true"),
        ] {
            for operation in OPERATIONS {
                assert!(
                    !operation(&no, &int(1)).is_present() && !operation(&int(1), &no).is_present(),
                    "{no:?}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn no_result_is_infinite(a: f64, b: f64, c: i64) {
            for operation in OPERATIONS {
                for (x, y) in [(Value::real(a), Value::real(b)), (Value::real(a), int(c)), (int(c), Value::real(b))] {
                    prop_assert!(!matches!(operation(&x, &y), Value::Real(n) if !n.is_finite()));
                }
            }
        }
    }
}

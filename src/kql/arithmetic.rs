//! Arithmetic of numbers, datetimes and timespans. Null in, null out.

use super::time;
use super::value::{Type, Value};

/// The type of `a operator b`; none where there is none.
pub(super) fn result(operator: char, a: Type, b: Type) -> Option<Type> {
    use Type::{Datetime, Int, Long, Real, Timespan};
    Some(match (operator, a, b) {
        ('+', Datetime, Timespan) | ('+', Timespan, Datetime) | ('-', Datetime, Timespan) => Datetime,
        ('-', Datetime, Datetime) | ('+' | '-' | '%', Timespan, Timespan) => Timespan,
        ('/', Timespan, Timespan) => Real,
        ('*' | '/', Timespan, n) if n.is_number() => Timespan,
        ('*', n, Timespan) if n.is_number() => Timespan,
        (_, Int | Long, Int | Long) => Long,
        (_, a, b) if a.is_number() && b.is_number() => Real,
        _ => return None,
    })
}

/// The value of `a operator b`.
pub(super) fn compute(operator: char, a: &Value, b: &Value, ty: Type) -> Result<Value, String> {
    if a.is_null() || b.is_null() {
        return Ok(Value::Null);
    }
    let whole = |a: i64, b: i64| -> Result<i64, String> {
        match operator {
            '+' => a.checked_add(b),
            '-' => a.checked_sub(b),
            '*' => a.checked_mul(b),
            '/' | '%' if b == 0 => {
                return Err(format!(
                    "`{operator}` by zero: the documents do not say what a whole number gives"
                ));
            }
            '/' => a.checked_div(b),
            // Never negative.
            _ => a.checked_rem_euclid(b),
        }
        .ok_or_else(|| format!("`{operator}` leaves the range of `{ty}`, which the documents do not describe"))
    };
    match (a, b) {
        (Value::Long(a), Value::Long(b)) => whole(*a, *b).map(Value::Long),
        (Value::Timespan(a), Value::Timespan(b)) if operator == '/' => {
            if *b == 0 {
                return Err("a timespan divided by zero: the documents do not say".to_owned());
            }
            Ok(Value::Real(*a as f64 / *b as f64))
        }
        (Value::Timespan(a), Value::Timespan(b)) => whole(*a, *b).map(Value::Timespan),
        (Value::Datetime(a), Value::Datetime(b)) => whole(*a, *b).map(Value::Timespan),
        (Value::Datetime(a), Value::Timespan(b)) | (Value::Timespan(b), Value::Datetime(a)) => {
            let ticks = whole(*a, *b)?;
            time::in_calendar(ticks)
                .map(Value::Datetime)
                .ok_or_else(|| "this leaves the years 1 to 9999, which the documents do not describe".to_owned())
        }
        (Value::Timespan(a), Value::Long(b)) | (Value::Long(b), Value::Timespan(a)) => {
            whole(*a, *b).map(Value::Timespan)
        }
        (Value::Timespan(a), Value::Real(b)) | (Value::Real(b), Value::Timespan(a)) => {
            let ticks = if operator == '*' { *a as f64 * b } else { *a as f64 / b };
            if ticks.is_finite() && ticks.abs() < 9e18 {
                Ok(Value::Timespan(ticks.trunc() as i64))
            } else {
                Err("this leaves the range of `timespan`".to_owned())
            }
        }
        _ => {
            let (Some(a), Some(b)) = (a.number(), b.number()) else {
                return Err(format!("`{operator}` of these values is not supported"));
            };
            Ok(Value::Real(match operator {
                '+' => a + b,
                '-' => a - b,
                '*' => a * b,
                '/' if b == 0.0 => return Err("a division by zero: the documents do not say what it gives".to_owned()),
                '/' => a / b,
                _ => return Err("`%` of fractions is not supported".to_owned()),
            }))
        }
    }
}

/// A whole number where a real is wanted.
pub(super) fn widen(value: Value, ty: Type) -> Value {
    match (ty, value) {
        (Type::Real, Value::Long(n)) => Value::Real(n as f64),
        (_, value) => value,
    }
}

/// `bin`: rounds down to a multiple; a null, zero or negative size gives null.
pub(super) fn bin(value: &Value, size: &Value) -> Result<Value, String> {
    let down = |value: i64, size: i64| value.div_euclid(size).checked_mul(size);
    let found = match (value, size) {
        (_, Value::Long(size) | Value::Timespan(size)) if *size <= 0 => None,
        (_, Value::Real(size)) if *size <= 0.0 || size.is_nan() => None,
        (Value::Long(value), Value::Long(size)) => down(*value, *size).map(Value::Long),
        (Value::Timespan(value), Value::Timespan(size)) => down(*value, *size).map(Value::Timespan),
        (Value::Datetime(value), Value::Timespan(size)) => {
            if time::DAY % *size != 0 {
                return Err(format!(
                    "`bin` of a datetime by {}, which does not divide a day: the documents do not state its origin",
                    time::timespan_text(*size)
                ));
            }
            down(*value, *size).map(Value::Datetime)
        }
        (value, size) => match (value.number(), size.number()) {
            (Some(value), Some(size)) => Some(Value::Real((value / size).floor() * size)),
            _ => None,
        },
    };
    Ok(found.unwrap_or(Value::Null))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_documented() {
        let long = |o, a, b| compute(o, &Value::Long(a), &Value::Long(b), Type::Long);
        assert_eq!(long('%', -14, 12), Ok(Value::Long(10)));
        assert_eq!(long('%', 14, -12), Ok(Value::Long(2)));
        assert_eq!(long('/', 1, 2), Ok(Value::Long(0)));
        assert!(long('+', i64::MAX, 1).is_err());
        assert!(long('/', i64::MIN, -1).is_err());
        assert!(long('/', 1, 0).is_err());
        assert_eq!(compute('+', &Value::Null, &Value::Long(1), Type::Long), Ok(Value::Null));
    }

    #[test]
    fn bins_round_down() {
        assert_eq!(bin(&Value::Long(-5), &Value::Long(3)), Ok(Value::Long(-6)));
        assert_eq!(bin(&Value::Real(4.5), &Value::Long(1)), Ok(Value::Real(4.0)));
        assert_eq!(bin(&Value::Long(4), &Value::Long(-1)), Ok(Value::Null));
        assert!(bin(&Value::Datetime(5), &Value::Timespan(7 * time::DAY)).is_err());
    }
}

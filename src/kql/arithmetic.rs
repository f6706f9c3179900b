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
            if ticks.abs() < 9e18 {
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
                // The pages of `isinf` and `isnan` divide by zero.
                '/' => a / b,
                _ => return modulo(a, b).map(Value::Real),
            }))
        }
    }
}

/// `a % b` of reals: small and not negative.
fn modulo(a: f64, b: f64) -> Result<f64, String> {
    if b == 0.0 || !a.is_finite() || !b.is_finite() {
        return Err("`%` of these numbers: the documents do not say".to_owned());
    }
    Ok(a.rem_euclid(b))
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
                    "`bin` of a datetime by {}, which does not divide a day: the documents do not state its origin; `startofweek` and `bin_at` do",
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

/// `bin_at`: rounds down to a multiple that is counted from a fixed point.
pub(super) fn bin_at(args: &[Value]) -> Result<Value, String> {
    let down = |value: i64, size: i64, fixed: i64| -> Result<i64, String> {
        if size <= 0 {
            return Err("`bin_at` with a size that is not positive: the documents do not say".to_owned());
        }
        let steps = value.checked_sub(fixed).map(|distance| distance.div_euclid(size));
        steps
            .and_then(|steps| steps.checked_mul(size)?.checked_add(fixed))
            .ok_or_else(|| "`bin_at` leaves the range of its type".to_owned())
    };
    Ok(match args {
        [Value::Long(value), Value::Long(size), Value::Long(fixed)] => Value::Long(down(*value, *size, *fixed)?),
        [Value::Timespan(value), Value::Timespan(size), Value::Timespan(fixed)] => {
            Value::Timespan(down(*value, *size, *fixed)?)
        }
        [Value::Datetime(value), Value::Timespan(size), Value::Datetime(fixed)] => {
            time::in_calendar(down(*value, *size, *fixed)?).map_or(Value::Null, Value::Datetime)
        }
        [value, size, fixed] => match (value.number(), size.number(), fixed.number()) {
            (Some(value), Some(size), Some(fixed)) if size > 0.0 => {
                Value::Real(((value - fixed) / size).floor() * size + fixed)
            }
            _ => return Err("`bin_at` with a size that is not positive: the documents do not say".to_owned()),
        },
        _ => Value::Null,
    })
}

/// `round`: to the nearest number of so many digits. Where a half lies between two, only what both usual rules say.
pub(super) fn round(args: &[Value]) -> Result<Value, String> {
    let digits = match args.get(1) {
        Some(Value::Long(digits)) => *digits,
        _ => 0,
    };
    let Some(digits) = i32::try_from(digits).ok().filter(|digits| digits.abs() <= 18) else {
        return Err("`round` takes up to 18 digits here".to_owned());
    };
    let half = || "`round` of a number in the middle of two: which one it gives is not documented".to_owned();
    let nearest = |value: f64| -> Result<f64, String> {
        let even = value.round_ties_even();
        if even == value.round() { Ok(even) } else { Err(half()) }
    };
    Ok(match args.first() {
        Some(Value::Long(n)) if digits >= 0 => Value::Long(*n),
        Some(Value::Long(n)) => {
            let size = 10_i64.checked_pow(digits.unsigned_abs()).unwrap_or(i64::MAX);
            let (down, rest) = (n.div_euclid(size), n.rem_euclid(size));
            let up = match (rest * 2).cmp(&size) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Greater => 1,
                // Even, and away from zero.
                std::cmp::Ordering::Equal => {
                    let even = down.rem_euclid(2);
                    if even == i64::from(down >= 0) {
                        even
                    } else {
                        return Err(half());
                    }
                }
            };
            let found = down.checked_add(up).and_then(|n| n.checked_mul(size));
            Value::Long(found.ok_or_else(|| "`round` leaves the range of `long`".to_owned())?)
        }
        Some(Value::Real(n)) if !n.is_finite() => Value::Real(*n),
        Some(Value::Real(n)) => {
            let size = 10_f64.powi(digits.abs());
            let rounded = if digits >= 0 {
                nearest(n * size)? / size
            } else {
                nearest(n / size)? * size
            };
            Value::Real(if rounded.is_finite() { rounded } else { *n })
        }
        _ => Value::Null,
    })
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

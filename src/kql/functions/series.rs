//! Functions of series: arrays of numbers, element by element. What is no number gives null at its place.

use super::arrays::array;
use super::{Answer, Function, nulls, plain};
use crate::kql::value::{Type, Value};

pub(super) const TABLE: &[Function] = &[
    plain("series_add", "ee", Type::Dynamic, |a| {
        pairs(a, whole(i64::checked_add, |x, y| x + y))
    }),
    plain("series_subtract", "ee", Type::Dynamic, |a| {
        pairs(a, whole(i64::checked_sub, |x, y| x - y))
    }),
    plain("series_multiply", "ee", Type::Dynamic, |a| {
        pairs(a, whole(i64::checked_mul, |x, y| x * y))
    }),
    plain("series_divide", "ee", Type::Dynamic, |a| reals(a, |x, y| x / y)),
    plain("series_pow", "ee", Type::Dynamic, |a| reals(a, f64::powf)),
    plain("series_greater", "ee", Type::Dynamic, |a| tests(a, |x, y| x > y)),
    plain("series_greater_equals", "ee", Type::Dynamic, |a| {
        tests(a, |x, y| x >= y)
    }),
    plain("series_less", "ee", Type::Dynamic, |a| tests(a, |x, y| x < y)),
    plain("series_less_equals", "ee", Type::Dynamic, |a| tests(a, |x, y| x <= y)),
    plain("series_equals", "ee", Type::Dynamic, |a| tests(a, |x, y| x == y)),
    plain("series_not_equals", "ee", Type::Dynamic, |a| tests(a, |x, y| x != y)),
    plain("series_abs", "d", Type::Dynamic, |a| {
        each(a, |value| match value {
            Value::Long(n) => n.checked_abs().map(Value::Long),
            other => other.number().map(|n| Value::Real(n.abs())),
        })
    }),
    plain("series_sign", "d", Type::Dynamic, |a| {
        each(a, |value| {
            let n = value.number()?;
            Some(Value::Long(i64::from(n > 0.0) - i64::from(n < 0.0)))
        })
    }),
    plain("series_exp", "d", Type::Dynamic, |a| map(a, f64::exp)),
    plain("series_log", "d", Type::Dynamic, |a| map(a, f64::ln)),
    plain("series_sin", "d", Type::Dynamic, |a| map(a, f64::sin)),
    plain("series_cos", "d", Type::Dynamic, |a| map(a, f64::cos)),
    plain("series_tan", "d", Type::Dynamic, |a| map(a, f64::tan)),
    plain("series_asin", "d", Type::Dynamic, |a| map(a, f64::asin)),
    plain("series_acos", "d", Type::Dynamic, |a| map(a, f64::acos)),
    plain("series_atan", "d", Type::Dynamic, |a| map(a, f64::atan)),
    plain("series_floor", "d", Type::Dynamic, |a| map(a, f64::floor)),
    plain("series_ceiling", "d", Type::Dynamic, |a| map(a, f64::ceil)),
    nulls("series_fill_forward", "d?n", Type::Dynamic, |a| fill_from(a, false)),
    nulls("series_fill_backward", "d?n", Type::Dynamic, |a| fill_from(a, true)),
    nulls("series_fill_const", "dn?n", Type::Dynamic, |a| {
        let Some(constant) = a.get(1) else {
            return Ok(Value::Null);
        };
        let missing = a.get(2).unwrap_or(&Value::Null);
        each(a, |value| {
            Some(if value == missing {
                constant.clone()
            } else {
                value.clone()
            })
        })
    }),
    nulls("series_fill_linear", "d?nbn", Type::Dynamic, fill_linear),
    plain("series_fir", "dd?bb", Type::Dynamic, fir),
    plain("series_iir", "ddd", Type::Dynamic, iir),
];

/// A function of every element.
fn each(args: &[Value], run: impl Fn(&Value) -> Option<Value>) -> Answer {
    let Some(Value::Array(elements)) = args.first() else {
        return Ok(Value::Null);
    };
    let values = elements.iter().map(|element| run(element).unwrap_or(Value::Null));
    Ok(Value::array(values.collect()))
}

fn map(args: &[Value], run: fn(f64) -> f64) -> Answer {
    each(args, |value| value.number().map(|n| Value::Real(run(n))))
}

/// Two elements, or an element and a number: whole numbers stay whole.
fn whole(
    long: fn(i64, i64) -> Option<i64>,
    real: fn(f64, f64) -> f64,
) -> impl Fn(&Value, &Value) -> Result<Value, String> {
    move |a, b| match (a, b) {
        (Value::Long(a), Value::Long(b)) => long(*a, *b)
            .map(Value::Long)
            .ok_or_else(|| "an element leaves the range of `long`: the documents do not say".to_owned()),
        _ => Ok(match (a.number(), b.number()) {
            (Some(a), Some(b)) => Value::Real(real(a, b)),
            _ => Value::Null,
        }),
    }
}

/// Element by element, to the length of the longer one; a number stands for as many of it.
fn pairs(args: &[Value], run: impl Fn(&Value, &Value) -> Result<Value, String>) -> Answer {
    let (Some(a), Some(b)) = (args.first(), args.get(1)) else {
        return Ok(Value::Null);
    };
    let length = |value: &Value| match value {
        Value::Array(elements) => Some(elements.len()),
        _ => None,
    };
    let at = |value: &Value, index: usize| match value {
        Value::Array(elements) => elements.get(index).cloned().unwrap_or(Value::Null),
        other => other.clone(),
    };
    let Some(longest) = length(a).max(length(b)) else {
        return Err("one of the two arguments must be an array".to_owned());
    };
    let numeric = |value: &Value| value.number().is_some() || length(value).is_some();
    if !numeric(a) || !numeric(b) {
        return Err("a series is an array of numbers, or a number".to_owned());
    }
    let mut out = Vec::new();
    for index in 0..longest {
        let (a, b) = (at(a, index), at(b, index));
        out.push(match (a.number(), b.number()) {
            (Some(_), Some(_)) => run(&a, &b)?,
            _ => Value::Null,
        });
    }
    Ok(Value::array(out))
}

fn reals(args: &[Value], run: fn(f64, f64) -> f64) -> Answer {
    pairs(args, |a, b| {
        Ok(match (a.number(), b.number()) {
            (Some(a), Some(b)) => Value::Real(run(a, b)),
            _ => Value::Null,
        })
    })
}

fn tests(args: &[Value], run: fn(&f64, &f64) -> bool) -> Answer {
    pairs(args, |a, b| {
        Ok(match (a.number(), b.number()) {
            (Some(a), Some(b)) => Value::Bool(run(&a, &b)),
            _ => Value::Null,
        })
    })
}

/// Missing elements take the nearest one before, or behind.
fn fill_from(args: &[Value], behind: bool) -> Answer {
    let Some(Value::Array(elements)) = args.first() else {
        return Ok(Value::Null);
    };
    let missing = args.get(1).unwrap_or(&Value::Null);
    let mut out = elements.to_vec();
    if behind {
        out.reverse();
    }
    let mut last = missing.clone();
    for value in &mut out {
        if *value == *missing {
            *value = last.clone();
        } else {
            last = value.clone();
        }
    }
    if behind {
        out.reverse();
    }
    Ok(Value::array(out))
}

/// Between two elements in equal steps; the edges take the nearest element, and a series of nulls takes a constant.
fn fill_linear(args: &[Value]) -> Answer {
    let Some(Value::Array(elements)) = args.first() else {
        return Ok(Value::Null);
    };
    let missing = args.get(1).unwrap_or(&Value::Null);
    let edges = !matches!(args.get(2), Some(Value::Bool(false)));
    let there: Vec<(usize, f64)> = elements
        .iter()
        .enumerate()
        .filter(|(_, value)| *value != missing)
        .filter_map(|(at, value)| Some((at, value.number()?)))
        .collect();
    if there.is_empty() {
        let constant = match args.get(3) {
            None => Value::Real(0.0),
            Some(Value::Long(n)) => Value::Real(*n as f64),
            Some(other) => other.clone(),
        };
        return Ok(Value::array(vec![constant; elements.len()]));
    }
    let only_whole = elements
        .iter()
        .all(|value| value == missing || matches!(value, Value::Long(_)));
    let mut out = Vec::new();
    for (at, value) in elements.iter().enumerate() {
        if value != missing {
            out.push(value.clone());
            continue;
        }
        let before = there.iter().rev().find(|(place, _)| *place < at);
        let behind = there.iter().find(|(place, _)| *place > at);
        let found = match (before, behind) {
            (Some((from, a)), Some((to, b))) => {
                let share = (at - from) as f64 / (to - from) as f64;
                a + (b - a) * share
            }
            (Some((_, edge)), None) | (None, Some((_, edge))) if edges => *edge,
            _ => {
                out.push(value.clone());
                continue;
            }
        };
        // The page calls them rounded; its values are cut: 73.5 gives 73, and 32.667 gives 32.
        out.push(if only_whole {
            Value::Long(found.trunc() as i64)
        } else {
            Value::Real(found)
        });
    }
    Ok(Value::array(out))
}

/// The numbers of an array; none where an element is none.
fn numbers(args: &[Value], index: usize, function: &str) -> Result<Vec<f64>, String> {
    array(args, index, function)?
        .iter()
        .map(|value| {
            value
                .number()
                .ok_or_else(|| format!("`{function}` of elements that are no numbers: the documents do not say"))
        })
        .collect()
}

/// Each element is the sum of those before it, weighted by the filter; elements outside count as zero.
fn fir(args: &[Value]) -> Answer {
    let series = numbers(args, 0, "series_fir")?;
    let filter = numbers(args, 1, "series_fir")?;
    let negative = filter.iter().any(|weight| *weight < 0.0);
    let normalize = match args.get(2) {
        Some(Value::Bool(asked)) => *asked,
        _ => !negative,
    };
    if normalize && negative {
        return Ok(Value::Null);
    }
    let total: f64 = filter.iter().sum();
    let scale = if normalize { total } else { 1.0 };
    if scale == 0.0 {
        return Err("`series_fir` with a filter whose sum is zero: the documents do not say".to_owned());
    }
    let centered = matches!(args.get(3), Some(Value::Bool(true)));
    if centered && filter.len().is_multiple_of(2) {
        return Err("`series_fir` centered with an even number of weights: the documents do not say".to_owned());
    }
    let lead = if centered { filter.len() / 2 } else { 0 };
    let mut out = Vec::new();
    for at in 0..series.len() {
        let mut sum = 0.0;
        for (back, weight) in filter.iter().enumerate() {
            let place = (at + lead).checked_sub(back).and_then(|place| series.get(place));
            sum += weight * place.copied().unwrap_or(0.0);
        }
        out.push(Value::Real(sum / scale));
    }
    Ok(Value::array(out))
}

/// The recursive filter of the page's formula.
fn iir(args: &[Value]) -> Answer {
    let series = numbers(args, 0, "series_iir")?;
    let numerators = numbers(args, 1, "series_iir")?;
    let denominators = numbers(args, 2, "series_iir")?;
    let Some(first) = denominators.first().copied().filter(|first| *first != 0.0) else {
        return Err("the first denominator of `series_iir` must not be zero".to_owned());
    };
    let mut out: Vec<f64> = Vec::new();
    for at in 0..series.len() {
        let back = |of: &[f64], by: usize| {
            at.checked_sub(by)
                .and_then(|place| of.get(place).copied())
                .unwrap_or(0.0)
        };
        let forward: f64 = numerators.iter().enumerate().map(|(by, b)| b * back(&series, by)).sum();
        let own: f64 = denominators
            .iter()
            .enumerate()
            .skip(1)
            .map(|(by, a)| a * back(&out, by))
            .sum();
        out.push((forward - own) / first);
    }
    Ok(Value::array(out.into_iter().map(Value::Real).collect()))
}

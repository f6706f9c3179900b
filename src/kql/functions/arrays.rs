//! Functions of arrays, and of arrays as sets.

use super::text::search;
use super::{Answer, Function, arg, count, limit, nulls, number, plain};
use crate::kql::compare::kind;
use crate::kql::time;
use crate::kql::value::{Type, Value};
use std::cmp::Ordering;
use std::collections::BTreeSet;

pub(super) const TABLE: &[Function] = &[
    plain("array_length arraylength", "d", Type::Long, |a| {
        Ok(match a.first() {
            Some(Value::Array(elements)) => count(elements.len()),
            _ => Value::Null,
        })
    }),
    nulls("array_concat", "dd*", Type::Dynamic, |a| {
        union("array_concat", a).map(Value::array)
    }),
    plain("array_index_of", "da?lll", Type::Long, index_of),
    plain("array_slice", "dll", Type::Dynamic, slice),
    plain("array_split", "da", Type::Dynamic, split),
    plain("array_reverse", "d", Type::Dynamic, |a| {
        let mut elements = array(a, 0, "array_reverse")?.to_vec();
        elements.reverse();
        Ok(Value::array(elements))
    }),
    plain("array_rotate_left", "dl", Type::Dynamic, |a| rotate(a, 1)),
    plain("array_rotate_right", "dl", Type::Dynamic, |a| rotate(a, -1)),
    nulls("array_shift_left", "dl?a", Type::Dynamic, |a| shift(a, 1)),
    nulls("array_shift_right", "dl?a", Type::Dynamic, |a| shift(a, -1)),
    nulls("array_iff array_iif", "daa", Type::Dynamic, iff),
    plain("array_sort_asc", "d?a*", Type::Dynamic, |a| sort(a, true)),
    plain("array_sort_desc", "d?a*", Type::Dynamic, |a| sort(a, false)),
    nulls("pack_array", "?a*", Type::Dynamic, |a| Ok(Value::array(a.to_vec()))),
    nulls("zip", "dd*", Type::Dynamic, zip),
    nulls("repeat", "al", Type::Dynamic, repeat),
    plain("range", "aa?a", Type::Dynamic, range),
    nulls("set_union", "dd*", Type::Dynamic, |a| {
        Ok(Value::array(distinct(&sets_together("set_union", a)?, |_| true)))
    }),
    nulls("set_difference", "dd*", Type::Dynamic, |a| {
        let without: BTreeSet<Value> = sets_together("set_difference", a.get(1..).unwrap_or(&[]))?
            .into_iter()
            .collect();
        let first = set(a, 0, "set_difference")?;
        Ok(Value::array(distinct(first, |e| !without.contains(e))))
    }),
    nulls("set_intersect", "dd*", Type::Dynamic, |a| {
        let others: Vec<BTreeSet<Value>> = sets("set_intersect", a)?;
        let first = array(a, 0, "set_intersect")?;
        Ok(Value::array(distinct(first, |e| others.iter().all(|o| o.contains(e)))))
    }),
    nulls("set_has_element", "da", Type::Bool, |a| {
        let elements = array(a, 0, "set_has_element")?;
        match a.get(1) {
            None | Some(Value::Null) => Err("`set_has_element` of null: the documents do not say".to_owned()),
            Some(wanted) => Ok(Value::Bool(elements.contains(wanted))),
        }
    }),
    nulls("set_equals", "dd", Type::Bool, |a| {
        match sets("set_equals", a)?.as_slice() {
            [first, second] => Ok(Value::Bool(first == second)),
            _ => Ok(Value::Null),
        }
    }),
    nulls("jaccard_index", "dd", Type::Real, |a| {
        match sets("jaccard_index", a)?.as_slice() {
            [first, second] => {
                let both = first.intersection(second).count();
                match first.union(second).count() {
                    0 => Err("`jaccard_index` of two empty sets: the documents do not say".to_owned()),
                    all => Ok(Value::Real(both as f64 / all as f64)),
                }
            }
            _ => Ok(Value::Null),
        }
    }),
];

/// The elements of an argument that must be an array.
pub(super) fn array<'a>(args: &'a [Value], index: usize, function: &str) -> Result<&'a [Value], String> {
    match args.get(index) {
        Some(Value::Array(elements)) => Ok(elements),
        Some(other) => Err(format!(
            "`{function}` of {}: the documents do not say; use `coalesce(x, dynamic([]))`",
            kind(other)
        )),
        None => Err(format!("`{function}` misses an argument")),
    }
}

/// The elements of all arguments, one array after the other.
fn union(function: &str, args: &[Value]) -> Result<Vec<Value>, String> {
    let mut all = Vec::new();
    for index in 0..args.len() {
        all.extend_from_slice(array(args, index, function)?);
        limit(all.len())?;
    }
    Ok(all)
}

/// The elements of an argument of `set_union` and kin.
fn set<'a>(args: &'a [Value], index: usize, function: &str) -> Result<&'a [Value], String> {
    let elements = array(args, index, function)?;
    if elements.iter().any(Value::is_null) {
        return Err(format!(
            "`{function}` of an array with a null in it: the documents do not say whether that is one of the values"
        ));
    }
    Ok(elements)
}

/// As [`union`], of sets.
fn sets_together(function: &str, args: &[Value]) -> Result<Vec<Value>, String> {
    for index in 0..args.len() {
        set(args, index, function)?;
    }
    union(function, args)
}

fn sets(function: &str, args: &[Value]) -> Result<Vec<BTreeSet<Value>>, String> {
    (0..args.len())
        .map(|index| Ok(set(args, index, function)?.iter().cloned().collect()))
        .collect()
}

/// Without repetitions, in the order of first appearance.
fn distinct(elements: &[Value], keep: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for element in elements {
        if keep(element) && seen.insert(element.clone()) {
            out.push(element.clone());
        }
    }
    out
}

fn index_of(args: &[Value]) -> Answer {
    let elements = array(args, 0, "array_index_of")?;
    let Some(search) = search("array_index_of", args, elements.len())? else {
        return Ok(Value::Null);
    };
    let found = (search.from..search.to).filter(|at| elements.get(*at).is_some_and(|e| Some(e) == args.get(1)));
    Ok(match found.clone().nth(search.occurrence.saturating_sub(1)) {
        Some(at) => count(at),
        None => Value::Long(-1),
    })
}

/// A place in an array of that length, counted from the end when negative.
fn place(index: i64, length: usize) -> i64 {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    if index < 0 { index.saturating_add(length) } else { index }
}

fn slice(args: &[Value]) -> Answer {
    let elements = array(args, 0, "array_slice")?;
    let start = place(number(args, 1).unwrap_or(0), elements.len()).max(0);
    let end = place(number(args, 2).unwrap_or(0), elements.len());
    let size = usize::try_from(end.saturating_sub(start).saturating_add(1)).unwrap_or(0);
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    Ok(Value::array(elements.iter().skip(start).take(size).cloned().collect()))
}

fn split(args: &[Value]) -> Answer {
    let elements = array(args, 0, "array_split")?;
    let cuts = match args.get(1) {
        Some(Value::Array(cuts)) => cuts.to_vec(),
        Some(cut) => vec![cut.clone()],
        None => Vec::new(),
    };
    let mut parts = Vec::new();
    let mut from = 0;
    for cut in cuts {
        let Value::Long(cut) = cut else {
            return Err(format!(
                "`array_split` is told where by whole numbers, not by {}",
                kind(&cut)
            ));
        };
        let to = usize::try_from(place(cut, elements.len())).ok();
        match to.and_then(|to| Some((to, elements.get(from..to)?))) {
            Some((to, part)) => {
                parts.push(Value::array(part.to_vec()));
                from = to;
            }
            None => return Err("`array_split` at places out of order or range: the documents do not say".to_owned()),
        }
    }
    parts.push(Value::array(elements.get(from..).unwrap_or(&[]).to_vec()));
    Ok(Value::array(parts))
}

fn rotate(args: &[Value], sign: i64) -> Answer {
    let mut elements = array(args, 0, "array_rotate")?.to_vec();
    let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    if length > 0 {
        let by = number(args, 1).unwrap_or(0).wrapping_mul(sign).rem_euclid(length);
        elements.rotate_left(usize::try_from(by).unwrap_or(0));
    }
    Ok(Value::array(elements))
}

/// To the left by a positive number times the sign; what comes in is null, or empty among texts, or as told.
fn shift(args: &[Value], sign: i64) -> Answer {
    if args.iter().take(2).any(Value::is_null) {
        return Ok(Value::Null);
    }
    let elements = array(args, 0, "array_shift")?;
    let by = number(args, 1).unwrap_or(0).saturating_mul(sign);
    let texts = elements.iter().filter(|e| matches!(e, Value::String(_))).count();
    let filler = match args.get(2) {
        Some(given) => given.clone(),
        None if texts == 0 => Value::Null,
        None if texts == elements.len() => Value::text(""),
        None => {
            return Err("shifting an array of several types without a default: the documents do not say".to_owned());
        }
    };
    let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let shifted = (0..length).map(|at| {
        let from = usize::try_from(at.saturating_add(by)).ok();
        from.and_then(|from| elements.get(from)).unwrap_or(&filler).clone()
    });
    Ok(Value::array(shifted.collect()))
}

fn iff(args: &[Value]) -> Answer {
    let Some(Value::Array(conditions)) = args.first() else {
        return Ok(Value::Null);
    };
    let choose = |index: usize, at: usize| match args.get(index) {
        Some(Value::Array(values)) => values.get(at).cloned().unwrap_or(Value::Null),
        Some(value) => value.clone(),
        None => Value::Null,
    };
    let values = conditions.iter().enumerate().map(|(at, condition)| match condition {
        Value::Bool(true) => choose(1, at),
        Value::Bool(false) => choose(2, at),
        other => match other.number() {
            Some(n) if n != 0.0 => choose(1, at),
            Some(_) => choose(2, at),
            None => Value::Null,
        },
    });
    Ok(Value::array(values.collect()))
}

/// The order of elements of several types, as the page lists it; none among those that it calls other.
fn rank(value: &Value) -> Option<u8> {
    match value {
        Value::Long(_) | Value::Real(_) | Value::Datetime(_) | Value::Timespan(_) => Some(0),
        Value::String(_) => Some(1),
        Value::Guid(_) => Some(2),
        Value::Bool(_) | Value::Array(_) | Value::Bag(_) => Some(3),
        Value::Null => None,
    }
}

/// Sorts the first array and moves the elements of the others along; a last bool says whether nulls are last.
fn sort(args: &[Value], ascending: bool) -> Answer {
    let (args, nulls_last) = match args {
        [rest @ .., Value::Bool(last)] => (rest, *last),
        all => (all, true),
    };
    let Some(Value::Array(first)) = args.first() else {
        return Ok(Value::Null);
    };
    let doubtful = {
        let kinds: BTreeSet<&str> = first.iter().filter(|e| rank(e) == Some(0)).map(kind).collect();
        let numbers = kinds.iter().all(|kind| matches!(*kind, "a long" | "a real"));
        let others = first.iter().filter(|e| rank(e) == Some(3)).count();
        (kinds.len() > 1 && !numbers)
            || (others > 1 && !first.iter().all(|e| matches!(e, Value::Bool(_) | Value::Null)))
    };
    if doubtful {
        return Err("the order of these elements, which have several types, is not documented".to_owned());
    }
    let mut order: Vec<usize> = (0..first.len()).collect();
    let compared = |a: &usize, b: &usize| -> Ordering {
        let (Some(a), Some(b)) = (first.get(*a), first.get(*b)) else {
            return Ordering::Equal;
        };
        match (a.is_null(), b.is_null()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return if nulls_last { Ordering::Greater } else { Ordering::Less },
            (false, true) => return if nulls_last { Ordering::Less } else { Ordering::Greater },
            (false, false) => {}
        }
        let order = rank(a).cmp(&rank(b)).then_with(|| a.cmp(b));
        if ascending { order } else { order.reverse() }
    };
    order.sort_by(compared);
    let several = args.len() > 1;
    let ties = order
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if compared(a, b) == Ordering::Equal));
    let mut sorted = Vec::new();
    for (index, value) in args.iter().enumerate() {
        match value {
            Value::Array(elements) if elements.len() == first.len() => {
                let moved: Vec<Value> = order.iter().filter_map(|at| elements.get(*at).cloned()).collect();
                // Which of two equal elements comes first shows in the others only.
                if index > 0 && ties && differ(&order, elements, |a, b| compared(a, b) == Ordering::Equal) {
                    return Err("sorting along an array with equal elements: their order is not documented".to_owned());
                }
                sorted.push(Value::array(moved));
            }
            Value::Array(_) => sorted.push(Value::Null),
            other => return Err(format!("`array_sort_asc` and kin take arrays, not {}", kind(other))),
        }
    }
    Ok(match sorted.pop() {
        Some(only) if !several => only,
        Some(last) => {
            sorted.push(last);
            Value::array(sorted)
        }
        None => Value::Null,
    })
}

/// Whether elements that stand side by side in a tie are different.
fn differ(order: &[usize], elements: &[Value], tie: impl Fn(&usize, &usize) -> bool) -> bool {
    order
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if tie(a, b) && elements.get(*a) != elements.get(*b)))
}

fn zip(args: &[Value]) -> Answer {
    let mut arrays = Vec::new();
    for index in 0..args.len() {
        arrays.push(array(args, index, "zip")?);
    }
    let longest = arrays.iter().map(|a| a.len()).max().unwrap_or(0);
    let rows = (0..longest).map(|at| {
        let row = arrays.iter().map(|a| a.get(at).cloned().unwrap_or(Value::Null));
        Value::array(row.collect())
    });
    Ok(Value::array(rows.collect()))
}

fn repeat(args: &[Value]) -> Answer {
    let Some(times) = number(args, 1).and_then(|n| usize::try_from(n).ok()) else {
        return Ok(Value::Null);
    };
    limit(times)?;
    match args.first() {
        None | Some(Value::Null) => Err("`repeat` of null: the documents do not say".to_owned()),
        Some(value) => Ok(Value::array(vec![value.clone(); times])),
    }
}

/// Numbers by 1, datetimes and timespans by an hour, unless told; cut at the largest length.
fn range(args: &[Value]) -> Answer {
    const LONGEST: usize = 1_048_576;
    let zero = || Err("`range` with a step of zero: the documents do not say".to_owned());
    let mut out = Vec::new();
    let ticks = |make: fn(i64) -> Value, first: i64, last: i64, step: i64| {
        let mut out = Vec::new();
        let mut at = first;
        while out.len() < LONGEST && ((step > 0 && at <= last) || (step < 0 && at >= last)) {
            out.push(make(at));
            let Some(next) = at.checked_add(step) else { break };
            at = next;
        }
        Value::array(out)
    };
    match args {
        [Value::Long(first), Value::Long(last)] => Ok(ticks(Value::Long, *first, *last, 1)),
        [_, _, Value::Long(0) | Value::Timespan(0)] => zero(),
        [Value::Long(first), Value::Long(last), Value::Long(step)] => Ok(ticks(Value::Long, *first, *last, *step)),
        [Value::Datetime(first), Value::Datetime(last)] => Ok(ticks(Value::Datetime, *first, *last, time::HOUR)),
        [Value::Timespan(first), Value::Timespan(last)] => Ok(ticks(Value::Timespan, *first, *last, time::HOUR)),
        [Value::Datetime(first), Value::Datetime(last), Value::Timespan(step)] => {
            Ok(ticks(Value::Datetime, *first, *last, *step))
        }
        [Value::Timespan(first), Value::Timespan(last), Value::Timespan(step)] => {
            Ok(ticks(Value::Timespan, *first, *last, *step))
        }
        [first, last, rest @ ..] => {
            let step = rest.first().map_or(Some(1.0), Value::number);
            let (Some(first), Some(last), Some(step)) = (first.number(), last.number(), step) else {
                return Err(format!(
                    "`range` from {} to {} is not supported",
                    kind(first),
                    kind(last)
                ));
            };
            if step == 0.0 || step.is_nan() {
                return zero();
            }
            let mut n = 0.0;
            while out.len() < LONGEST {
                let at = first + n * step;
                if (step > 0.0 && at > last) || (step < 0.0 && at < last) || at.is_nan() {
                    break;
                }
                out.push(Value::Real(at));
                n += 1.0;
            }
            Ok(Value::array(out))
        }
        _ => Err(format!("`range` from `{}` misses an end", arg(args, 0))),
    }
}

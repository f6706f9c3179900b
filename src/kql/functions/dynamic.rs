//! Functions of arrays and bags.

use super::{Answer, arg, number};
use crate::kql::value::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most elements that a function makes.
const MOST: usize = 1_048_576;

/// `parse_json`: text that is no JSON is a dynamic of that text; a dynamic stays as it is.
pub(super) fn parse_json(args: &[Value]) -> Answer {
    let Some(Value::String(text)) = args.first() else {
        return Ok(args.first().cloned().unwrap_or(Value::Null));
    };
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    Ok(serde_json::from_str::<serde_json::Value>(text)
        .map_or_else(|_| Value::String(Arc::clone(text)), |json| Value::from_json(&json)))
}

fn length(elements: &[Value]) -> Value {
    Value::Long(i64::try_from(elements.len()).unwrap_or(i64::MAX))
}

pub(super) fn array_length(args: &[Value]) -> Answer {
    Ok(match args.first() {
        Some(Value::Array(elements)) => length(elements),
        _ => Value::Null,
    })
}

/// The elements of an argument that must be an array.
fn array<'a>(args: &'a [Value], index: usize, function: &str) -> Result<&'a [Value], String> {
    match args.get(index) {
        Some(Value::Array(elements)) => Ok(elements),
        Some(other) => Err(format!(
            "`{function}` of {}: the documents do not say; use `coalesce(x, dynamic([]))`",
            crate::kql::compare::kind(other)
        )),
        None => Err(format!("`{function}` misses an argument")),
    }
}

pub(super) fn sort(args: &[Value], ascending: bool) -> Answer {
    let Some(Value::Array(elements)) = args.first() else {
        return Ok(Value::Null);
    };
    let kinds: BTreeSet<&str> = elements.iter().map(crate::kql::compare::kind).collect();
    let numbers = kinds.iter().all(|kind| matches!(*kind, "a long" | "a real"));
    if !(kinds.len() <= 1 || numbers) || kinds.contains("an array") || kinds.contains("a bag") {
        return Err("sorting an array of several types is not supported".to_owned());
    }
    let mut sorted = elements.to_vec();
    sorted.sort();
    if !ascending {
        sorted.reverse();
    }
    Ok(Value::array(sorted))
}

pub(super) fn concat(args: &[Value]) -> Answer {
    let mut all = Vec::new();
    for index in 0..args.len() {
        all.extend_from_slice(array(args, index, "array_concat")?);
        limit(&all)?;
    }
    Ok(Value::array(all))
}

fn limit(elements: &[Value]) -> Result<(), String> {
    if elements.len() > MOST {
        return Err(format!(
            "this makes an array of more than {MOST} elements, the limit here"
        ));
    }
    Ok(())
}

pub(super) fn index_of(args: &[Value]) -> Answer {
    let elements = array(args, 0, "array_index_of")?;
    let found = elements.iter().position(|e| Some(e) == args.get(1));
    Ok(Value::Long(found.and_then(|i| i64::try_from(i).ok()).unwrap_or(-1)))
}

pub(super) fn slice(args: &[Value]) -> Answer {
    let elements = array(args, 0, "array_slice")?;
    let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let from_end = |n: i64| if n < 0 { n.saturating_add(length) } else { n };
    let start = from_end(number(args, 1).unwrap_or(0)).max(0);
    let end = from_end(number(args, 2).unwrap_or(0));
    let count = usize::try_from(end.saturating_sub(start).saturating_add(1)).unwrap_or(0);
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    Ok(Value::array(elements.iter().skip(start).take(count).cloned().collect()))
}

pub(super) fn reverse(args: &[Value]) -> Answer {
    let mut elements = array(args, 0, "array_reverse")?.to_vec();
    elements.reverse();
    Ok(Value::array(elements))
}

pub(super) fn sum(args: &[Value]) -> Answer {
    let mut total = 0.0;
    for element in array(args, 0, "array_sum")? {
        match element.number() {
            Some(n) => total += n,
            None => return Ok(Value::Null),
        }
    }
    Ok(Value::Real(total))
}

pub(super) fn bag_pack(args: &[Value]) -> Answer {
    if !args.len().is_multiple_of(2) {
        return Err("`bag_pack` takes pairs of a name and a value".to_owned());
    }
    let pairs = args.chunks(2).map(|pair| {
        let name = pair.first().map_or_else(|| "".into(), Value::to_text);
        (name, pair.get(1).cloned().unwrap_or(Value::Null))
    });
    Ok(Value::bag(pairs))
}

fn members(args: &[Value], index: usize) -> Option<&[(Arc<str>, Value)]> {
    match args.get(index) {
        Some(Value::Bag(members)) => Some(members),
        _ => None,
    }
}

pub(super) fn bag_keys(args: &[Value]) -> Answer {
    Ok(members(args, 0).map_or(Value::Null, |members| {
        Value::array(members.iter().map(|(key, _)| Value::String(Arc::clone(key))).collect())
    }))
}

pub(super) fn bag_has_key(args: &[Value]) -> Answer {
    let key = arg(args, 1);
    if key.starts_with('$') {
        return Err("`bag_has_key` with a path is not supported".to_owned());
    }
    Ok(members(args, 0).map_or(Value::Null, |members| {
        Value::Bool(members.iter().any(|(name, _)| *name == key))
    }))
}

pub(super) fn bag_merge(args: &[Value]) -> Answer {
    let mut merged: Vec<(Arc<str>, Value)> = Vec::new();
    for index in 0..args.len() {
        for (key, value) in members(args, index).unwrap_or(&[]) {
            // The leftmost value counts.
            if !merged.iter().any(|(old, _)| old == key) {
                merged.push((Arc::clone(key), value.clone()));
            }
        }
    }
    Ok(Value::bag(merged))
}

pub(super) fn bag_remove_keys(args: &[Value]) -> Answer {
    let keys = array(args, 1, "bag_remove_keys")?;
    if keys.iter().any(|k| k.to_text().starts_with('$')) {
        return Err("`bag_remove_keys` with a path is not supported".to_owned());
    }
    let keep = |key: &Arc<str>| !keys.iter().any(|k| k.to_text() == *key);
    Ok(members(args, 0).map_or(Value::Null, |members| {
        Value::bag(members.iter().filter(|(key, _)| keep(key)).cloned())
    }))
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

pub(super) fn set_union(args: &[Value]) -> Answer {
    let mut all = Vec::new();
    for index in 0..args.len() {
        all.extend_from_slice(set(args, index, "set_union")?);
        limit(&all)?;
    }
    Ok(Value::array(distinct(&all, |_| true)))
}

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

pub(super) fn set_difference(args: &[Value]) -> Answer {
    let mut without = BTreeSet::new();
    for index in 1..args.len() {
        without.extend(set(args, index, "set_difference")?.iter().cloned());
    }
    let first = set(args, 0, "set_difference")?;
    Ok(Value::array(distinct(first, |e| !without.contains(e))))
}

pub(super) fn set_intersect(args: &[Value]) -> Answer {
    let mut others: Vec<BTreeSet<Value>> = Vec::new();
    for index in 1..args.len() {
        others.push(set(args, index, "set_intersect")?.iter().cloned().collect());
    }
    let first = set(args, 0, "set_intersect")?;
    Ok(Value::array(distinct(first, |e| others.iter().all(|o| o.contains(e)))))
}

pub(super) fn set_has_element(args: &[Value]) -> Answer {
    let elements = array(args, 0, "set_has_element")?;
    match args.get(1) {
        None | Some(Value::Null) => Err("`set_has_element` of null: the documents do not say".to_owned()),
        Some(wanted) => Ok(Value::Bool(elements.contains(wanted))),
    }
}

pub(super) fn repeat(args: &[Value]) -> Answer {
    let count = number(args, 1).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    if count > MOST {
        return Err(format!(
            "this makes an array of more than {MOST} elements, the limit here"
        ));
    }
    let value = args.first().cloned().unwrap_or(Value::Null);
    Ok(Value::array(vec![value; count]))
}

pub(super) fn range(args: &[Value]) -> Answer {
    let step = if args.len() > 2 { number(args, 2) } else { Some(1) };
    let (Some(first), Some(last), Some(step)) = (number(args, 0), number(args, 1), step) else {
        return Err("`range` of fractions is not supported".to_owned());
    };
    let mut out = Vec::new();
    let mut at = first;
    while step != 0 && ((step > 0 && at <= last) || (step < 0 && at >= last)) {
        out.push(Value::Long(at));
        limit(&out)?;
        let Some(next) = at.checked_add(step) else { break };
        at = next;
    }
    Ok(Value::array(out))
}

//! Functions of property bags, and of dynamic values as a whole.

use super::arrays::array;
use super::parse::{Step, json_path};
use super::{Answer, Function, arg, nulls, plain};
use crate::kql::value::{Type, Value};
use std::sync::Arc;

pub(super) const TABLE: &[Function] = &[
    nulls("bag_pack pack pack_dictionary", "?a*", Type::Dynamic, pack),
    plain("bag_keys", "d", Type::Dynamic, |a| {
        Ok(members(a, 0).map_or(Value::Null, |members| {
            Value::array(members.iter().map(|(key, _)| Value::String(Arc::clone(key))).collect())
        }))
    }),
    plain("bag_has_key", "ds", Type::Bool, has_key),
    nulls("bag_merge", "dd*", Type::Dynamic, merge),
    plain("bag_remove_keys", "dd", Type::Dynamic, remove_keys),
    nulls("bag_set_key", "dsa", Type::Dynamic, set_key),
    nulls("bag_zip", "dd", Type::Dynamic, zip),
    plain("treepath", "d", Type::Dynamic, treepath),
    nulls("dynamic_to_json", "a", Type::String, |a| {
        Ok(Value::text(a.first().map_or_else(String::new, canonical)))
    }),
];

fn pack(args: &[Value]) -> Answer {
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

/// The names on the way to a key: one, or those of a JSONPath without array elements.
fn keys(text: &str) -> Result<Vec<Arc<str>>, String> {
    if !text.starts_with('$') {
        return Ok(vec![text.into()]);
    }
    let mut names = Vec::new();
    for step in json_path(text)? {
        match step {
            Step::Member(name) => names.push(name),
            Step::Element(_) => return Err(format!("`{text}`: elements of arrays cannot be named here")),
        }
    }
    if names.is_empty() {
        return Err("the path `$` names no key".to_owned());
    }
    Ok(names)
}

fn has_key(args: &[Value]) -> Answer {
    if members(args, 0).is_none() {
        return Ok(Value::Null);
    }
    let mut at = args.first().cloned().unwrap_or(Value::Null);
    for name in keys(&arg(args, 1))? {
        let Value::Bag(members) = &at else {
            return Ok(Value::Bool(false));
        };
        match members.iter().find(|(key, _)| *key == name) {
            Some((_, value)) => at = value.clone(),
            None => return Ok(Value::Bool(false)),
        }
    }
    Ok(Value::Bool(true))
}

/// The leftmost value of a name counts.
fn merge(args: &[Value]) -> Answer {
    let mut merged: Vec<(Arc<str>, Value)> = Vec::new();
    for index in 0..args.len() {
        for (key, value) in members(args, index).unwrap_or(&[]) {
            if !merged.iter().any(|(old, _)| old == key) {
                merged.push((Arc::clone(key), value.clone()));
            }
        }
    }
    Ok(Value::bag(merged))
}

fn remove_keys(args: &[Value]) -> Answer {
    let names = array(args, 1, "bag_remove_keys")?;
    let Some(mut bag) = members(args, 0).map(|_| args.first().cloned().unwrap_or(Value::Null)) else {
        return Ok(Value::Null);
    };
    for name in names {
        bag = without(&bag, &keys(&name.to_text())?);
    }
    Ok(bag)
}

fn without(value: &Value, path: &[Arc<str>]) -> Value {
    let (Value::Bag(members), Some((first, rest))) = (value, path.split_first()) else {
        return value.clone();
    };
    let kept = members.iter().filter_map(|(key, value)| {
        if key != first {
            return Some((Arc::clone(key), value.clone()));
        }
        (!rest.is_empty()).then(|| (Arc::clone(key), without(value, rest)))
    });
    Value::bag(kept)
}

fn set_key(args: &[Value]) -> Answer {
    let Some(bag @ Value::Bag(_)) = args.first() else {
        return Ok(Value::Null);
    };
    let value = args.get(2).cloned().unwrap_or(Value::Null);
    with(bag, &keys(&arg(args, 1))?, &value)
}

fn with(bag: &Value, path: &[Arc<str>], value: &Value) -> Answer {
    let Some((first, rest)) = path.split_first() else {
        return Ok(value.clone());
    };
    let old = match bag {
        Value::Bag(members) => members.to_vec(),
        Value::Null => Vec::new(),
        _ => return Err("`bag_set_key` through what is no bag: the documents do not say".to_owned()),
    };
    let inner = with(&bag.member(first), rest, value)?;
    Ok(Value::bag(old.into_iter().chain([(Arc::clone(first), inner)])))
}

fn zip(args: &[Value]) -> Answer {
    let Some(Value::Array(names)) = args.first() else {
        return Ok(Value::Null);
    };
    let values = match args.get(1) {
        Some(Value::Array(values)) => values.to_vec(),
        _ => Vec::new(),
    };
    let pairs = names.iter().enumerate().filter_map(|(at, name)| match name {
        Value::String(name) => Some((Arc::clone(name), values.get(at).cloned().unwrap_or(Value::Null))),
        _ => None,
    });
    Ok(Value::bag(pairs))
}

/// The paths of a value's parts; of an array, only those of its elements together.
fn treepath(args: &[Value]) -> Answer {
    fn walk(value: &Value, path: &str, out: &mut Vec<Value>) {
        match value {
            Value::Bag(members) => {
                for (name, inner) in members.iter() {
                    let path = format!("{path}['{name}']");
                    add(&path, out);
                    walk(inner, &path, out);
                }
            }
            Value::Array(elements) => {
                let path = format!("{path}[0]");
                if !elements.is_empty() {
                    add(&path, out);
                }
                for element in elements.iter() {
                    walk(element, &path, out);
                }
            }
            _ => {}
        }
    }
    fn add(path: &str, out: &mut Vec<Value>) {
        let path = Value::text(path);
        if !out.contains(&path) {
            out.push(path);
        }
    }
    let mut out = Vec::new();
    match args.first() {
        Some(value @ Value::Bag(_)) => walk(value, "", &mut out),
        _ => return Err("`treepath` of what is no bag: the documents do not say".to_owned()),
    }
    Ok(Value::array(out))
}

/// Names in their order, no blanks.
fn canonical(value: &Value) -> String {
    match value {
        Value::Array(elements) => {
            let parts: Vec<String> = elements.iter().map(quoted).collect();
            format!("[{}]", parts.join(","))
        }
        Value::Bag(members) => {
            let mut members = members.to_vec();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            let parts: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}:{}", quoted(&Value::String(Arc::clone(name))), quoted(value)))
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        other => other.to_text().to_string(),
    }
}

/// Inside of arrays and bags texts stand in quotes.
fn quoted(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Bag(_) => canonical(value),
        other => other.to_json().to_string(),
    }
}

//! Functions of values, by name: a table for each family. Those that look at types, rows or the clock are in
//! `bind_call.rs` and `bind_typed.rs`.

mod addresses;
mod arrays;
mod bags;
mod convert;
mod datetime;
mod encode;
mod geo;
mod maths;
mod parse;
mod refused;
mod regexes;
mod series;
mod statistics;
mod text;
mod xml;

pub(super) use convert::{cast, convert};
pub(super) use encode::tohex_int;
pub(super) use parse::extract_json;
pub(super) use refused::refusal;
pub(super) use regexes::extract;
pub(super) use text::split_for_text;

use super::value::{Type, Value};
use regex::Regex;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a function gives, or why it is refused.
pub(super) type Answer = Result<Value, String>;

/// A function.
pub(super) struct Function {
    /// Its name, and behind it the other names that it has.
    pub(super) names: &'static str,
    /// A letter per argument: `a` any scalar, `x` any but dynamic, `s` string or dynamic, `d` dynamic, `n` number,
    /// `l` whole number, `t` datetime, `p` timespan, `b` bool, `g` guid, `e` a series or a number; behind `?` they may be left out, `*` repeats
    /// the one before.
    pub(super) args: &'static str,
    /// What it gives.
    pub(super) ty: Type,
    /// Whether it is called with nulls too.
    pub(super) takes_null: bool,
    /// How.
    pub(super) run: fn(&[Value]) -> Answer,
}

/// A function that gives null as soon as an argument is null.
const fn plain(names: &'static str, args: &'static str, ty: Type, run: fn(&[Value]) -> Answer) -> Function {
    Function {
        names,
        args,
        ty,
        takes_null: false,
        run,
    }
}

/// A function that is called with nulls too.
const fn nulls(names: &'static str, args: &'static str, ty: Type, run: fn(&[Value]) -> Answer) -> Function {
    Function {
        takes_null: true,
        ..plain(names, args, ty, run)
    }
}

/// The families.
pub(super) const FAMILIES: &[(&str, &[Function])] = &[
    ("conversion", convert::TABLE),
    ("text", text::TABLE),
    ("regular expressions", regexes::TABLE),
    ("parsing", parse::TABLE),
    ("encoding and hashes", encode::TABLE),
    ("datetimes and timespans", datetime::TABLE),
    ("numbers", maths::TABLE),
    ("arrays and sets", arrays::TABLE),
    ("property bags", bags::TABLE),
    ("addresses", addresses::TABLE),
    ("series", series::TABLE),
    ("series, as a whole", statistics::TABLE),
    ("places", geo::TABLE),
];

/// The function of that name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FAMILIES
        .iter()
        .flat_map(|(_, table)| table.iter())
        .find(|function| function.names.split(' ').any(|own| own == name))
}

/// A regex in the syntax that Kusto documents, which is that of the `regex` crate.
pub(super) fn regex(pattern: &str) -> Result<Regex, String> {
    thread_local! {
        static KNOWN: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(regex) = known.get(pattern) {
            return Ok(regex.clone());
        }
        let regex = regex::RegexBuilder::new(pattern)
            .size_limit(1 << 22)
            .build()
            .map_err(|error| {
                let line = error.to_string();
                let line = line.lines().last().unwrap_or("").trim().to_owned();
                let begin: String = pattern.chars().take(60).collect();
                let more = if begin.len() < pattern.len() { ".." } else { "" };
                format!("this is not a regular expression, {line}: `{begin}{more}`")
            })?;
        if known.len() > 500 {
            known.clear();
        }
        known.insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    })
}

/// The text of an argument; `""` where there is none.
fn arg(args: &[Value], index: usize) -> Arc<str> {
    args.get(index).map_or_else(|| "".into(), Value::to_text)
}

/// The whole number of an argument.
fn number(args: &[Value], index: usize) -> Option<i64> {
    match args.get(index) {
        Some(Value::Long(n)) => Some(*n),
        _ => None,
    }
}

/// The number of an argument, as a real.
fn real(args: &[Value], index: usize) -> Option<f64> {
    args.get(index).and_then(Value::number)
}

/// A count as a value.
fn count(n: usize) -> Value {
    Value::Long(i64::try_from(n).unwrap_or(i64::MAX))
}

/// The largest text that a function makes, in bytes.
const LARGEST: usize = 1 << 20;

/// A text that is made here, where it is not too large.
fn limited(text: String) -> Answer {
    if text.len() > LARGEST {
        return Err(format!(
            "this makes a text of more than {LARGEST} bytes, the limit here"
        ));
    }
    Ok(Value::text(text))
}

/// The most elements that a function makes.
const MOST: usize = 1_048_576;

fn limit(elements: usize) -> Result<(), String> {
    if elements > MOST {
        return Err(format!(
            "this makes an array of more than {MOST} elements, the limit here"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;

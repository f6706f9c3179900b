//! Functions of text. A position counts characters, and a character is a Unicode code point.

use super::{Answer, Function, LARGEST, arg, count, limit, limited, nulls, number, plain};
use crate::kql::compare;
use crate::kql::value::{Type, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const TABLE: &[Function] = &[
    nulls("strcat", "a*", Type::String, strcat),
    nulls("strcat_delim", "aa*", Type::String, strcat_delim),
    plain("strcat_array array_strcat", "da", Type::String, strcat_array),
    plain("substring", "al?l", Type::String, substring),
    plain("indexof", "aa?lll", Type::Long, indexof),
    plain("split", "aa?l", Type::Dynamic, split),
    nulls("tolower", "a", Type::String, |a| case(a, false)),
    nulls("toupper", "a", Type::String, |a| case(a, true)),
    plain("replace_string", "sss", Type::String, replace_string),
    plain("replace_strings", "sdd", Type::String, replace_strings),
    plain("translate", "sss", Type::String, translate),
    plain("strlen", "s", Type::Long, |a| Ok(count(arg(a, 0).chars().count()))),
    plain("string_size", "s", Type::Long, |a| Ok(count(arg(a, 0).len()))),
    nulls("strcmp", "aa", Type::Long, strcmp),
    plain("strrep", "al?a", Type::String, strrep),
    plain("reverse", "a", Type::String, reverse),
    plain("has_any_index", "sd", Type::Long, has_any_index),
    plain("isascii", "a", Type::Bool, |a| Ok(Value::Bool(arg(a, 0).is_ascii()))),
    // A string that is held here is UTF-8.
    plain("isutf8", "a", Type::Bool, |_| Ok(Value::Bool(true))),
    plain(
        "unicode_codepoints_from_string to_utf8",
        "a",
        Type::Dynamic,
        from_string,
    ),
    plain(
        "unicode_codepoints_to_string make_string",
        "a*",
        Type::String,
        to_string,
    ),
    plain("format_bytes", "n?ns", Type::String, format_bytes),
];

fn strcat(args: &[Value]) -> Answer {
    limited(args.iter().map(|v| v.to_text().to_string()).collect())
}

fn strcat_delim(args: &[Value]) -> Answer {
    let parts: Vec<Arc<str>> = args.iter().skip(1).map(Value::to_text).collect();
    limited(parts.join(&arg(args, 0)))
}

fn strcat_array(args: &[Value]) -> Answer {
    match args.first() {
        Some(Value::Array(elements)) => {
            let parts: Vec<Arc<str>> = elements.iter().map(Value::to_text).collect();
            limited(parts.join(&arg(args, 1)))
        }
        _ => Err("`strcat_array` of what is no array: the documents do not say".to_owned()),
    }
}

fn substring(args: &[Value]) -> Answer {
    let chars: Vec<char> = arg(args, 0).chars().collect();
    let length = i64::try_from(chars.len()).unwrap_or(i64::MAX);
    let mut start = number(args, 1).unwrap_or(0);
    if start < 0 {
        start = start.saturating_add(length).max(0);
    }
    let count = match number(args, 2) {
        Some(n) if n < 0 => return Err("`substring` with a negative length: the documents do not say".to_owned()),
        Some(n) => n,
        None => length,
    };
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    Ok(Value::text(
        chars.into_iter().skip(start).take(count).collect::<String>(),
    ))
}

/// Where to look, and for which occurrence: what `indexof`, `indexof_regex` and `array_index_of` share.
pub(super) struct Search {
    /// First position.
    pub(super) from: usize,
    /// One past the last position.
    pub(super) to: usize,
    /// The occurrence, from 1.
    pub(super) occurrence: usize,
}

/// The arguments from the third on; none where the function gives null.
pub(super) fn search(name: &str, args: &[Value], length: usize) -> Result<Option<Search>, String> {
    let whole = i64::try_from(length).unwrap_or(i64::MAX);
    let (start, size) = (number(args, 2).unwrap_or(0), number(args, 3).unwrap_or(-1));
    let occurrence = number(args, 4).unwrap_or(1);
    if size < -1 || occurrence < 0 {
        return Ok(None);
    }
    if occurrence == 0 {
        return Err(format!("occurrence 0 of `{name}`: the documents do not say"));
    }
    let from = if start < 0 {
        start.saturating_add(whole).max(0)
    } else {
        start
    };
    let to = if size < 0 {
        whole
    } else {
        from.saturating_add(size).min(whole)
    };
    let place = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
    Ok(Some(Search {
        from: place(from),
        to: place(to),
        occurrence: place(occurrence),
    }))
}

/// The page's eighth example shows that the length counts anew behind each occurrence. Whether occurrences may overlap it
/// does not say.
fn indexof(args: &[Value]) -> Answer {
    let (text, lookup) = (arg(args, 0), arg(args, 1));
    if lookup.is_empty() {
        return Err("`indexof` of the empty text: the documents do not say".to_owned());
    }
    let chars: Vec<char> = text.chars().collect();
    let wanted: Vec<char> = lookup.chars().collect();
    let Some(search) = search("indexof", args, chars.len())? else {
        return Ok(Value::Null);
    };
    let nth = |step: usize| {
        let (mut from, size) = (search.from, search.to.saturating_sub(search.from));
        let mut found = 0;
        loop {
            let to = from.saturating_add(size).min(chars.len());
            let fits = |at: &usize| at + wanted.len() <= to && chars.get(*at..at + wanted.len()) == Some(&*wanted);
            let at = (from..to).find(fits)?;
            found += 1;
            if found == search.occurrence {
                return Some(at);
            }
            from = at + step;
        }
    };
    let at = nth(1);
    if search.occurrence > 1 && at != nth(wanted.len()) {
        return Err("`indexof` of occurrences that overlap: the documents do not say".to_owned());
    }
    Ok(at.map_or(Value::Long(-1), count))
}

/// `split` whose first element is read as text: past the end that is `""`, whatever stands for no element.
pub(in crate::kql) fn split_for_text(args: &[Value]) -> Answer {
    match (number(args, 2), split(args.get(..2).unwrap_or(args))?) {
        (Some(index), Value::Array(parts)) if usize::try_from(index).is_ok_and(|index| index >= parts.len()) => {
            Ok(Value::array(Vec::new()))
        }
        _ => split(args),
    }
}

fn split(args: &[Value]) -> Answer {
    let (text, delimiter) = (arg(args, 0), arg(args, 1));
    if delimiter.is_empty() {
        return Err("`split` by the empty text: the documents do not say what it gives".to_owned());
    }
    let parts: Vec<Value> = text.split(&*delimiter).map(Value::text).collect();
    limit(parts.len())?;
    let Some(index) = number(args, 2) else {
        return Ok(Value::array(parts));
    };
    match usize::try_from(index).ok().and_then(|index| parts.get(index)) {
        Some(part) => Ok(Value::array(vec![part.clone()])),
        None => Err(format!(
            "`split` with index {index} of {} parts: the documents do not say what an index past the end gives",
            parts.len()
        )),
    }
}

fn case(args: &[Value], upper: bool) -> Answer {
    let text = arg(args, 0);
    let (ascii, all) = if upper {
        (text.to_ascii_uppercase(), text.to_uppercase())
    } else {
        (text.to_ascii_lowercase(), text.to_lowercase())
    };
    if ascii != all {
        return Err(format!(
            "the case of letters beyond ASCII in `{text}` is not documented"
        ));
    }
    Ok(Value::text(ascii))
}

fn replace_string(args: &[Value]) -> Answer {
    let (text, lookup) = (arg(args, 0), arg(args, 1));
    if lookup.is_empty() {
        return Err("`replace_string` of the empty text: the documents do not say".to_owned());
    }
    let by = arg(args, 2);
    if by.len().saturating_mul(text.len()) > LARGEST.saturating_mul(64) {
        return Err("`replace_string`: the result may be larger than the limit here".to_owned());
    }
    limited(text.replace(&*lookup, &by))
}

/// The matches of an earlier lookup go before those of a later one; a rewrite that is no string leaves its match.
fn replace_strings(args: &[Value]) -> Answer {
    let (Some(Value::Array(lookups)), Some(Value::Array(rewrites))) = (args.get(1), args.get(2)) else {
        return Err("`replace_strings` needs two arrays".to_owned());
    };
    if lookups.len() != rewrites.len() {
        return Err("`replace_strings` with arrays of two lengths: the documents do not say".to_owned());
    }
    let text = arg(args, 0);
    // What is matched, by its first byte: where it ends and what it becomes.
    let mut matched: BTreeMap<usize, (usize, Option<Arc<str>>)> = BTreeMap::new();
    for (lookup, rewrite) in lookups.iter().zip(rewrites.iter()) {
        let Value::String(lookup) = lookup else { continue };
        if lookup.is_empty() {
            return Err("`replace_strings` of the empty text: the documents do not say".to_owned());
        }
        let rewrite = match rewrite {
            Value::String(rewrite) => Some(Arc::clone(rewrite)),
            _ => None,
        };
        let mut from = 0;
        while let Some(found) = text.get(from..).and_then(|rest| rest.find(&**lookup)) {
            let (start, end) = (from + found, from + found + lookup.len());
            let before = matched.range(..end).next_back().map_or(0, |(_, (end, _))| *end);
            if before <= start {
                matched.insert(start, (end, rewrite.clone()));
                from = end;
            } else {
                from = start
                    + text
                        .get(start..)
                        .and_then(|t| t.chars().next())
                        .map_or(1, char::len_utf8);
            }
        }
    }
    let mut out = String::new();
    let mut last = 0;
    for (start, (end, rewrite)) in &matched {
        out.push_str(text.get(last..*start).unwrap_or(""));
        out.push_str(
            rewrite
                .as_deref()
                .unwrap_or_else(|| text.get(*start..*end).unwrap_or("")),
        );
        last = *end;
        if out.len() > LARGEST {
            break;
        }
    }
    out.push_str(text.get(last..).unwrap_or(""));
    limited(out)
}

/// Each character of the first list is replaced by the one at its place in the second; the last one of a shorter second
/// list stands for all that follow, and an empty one removes.
fn translate(args: &[Value]) -> Answer {
    let (from, to) = (arg(args, 0), arg(args, 1));
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let last = to.last().copied();
    let mut out = String::new();
    for c in arg(args, 2).chars() {
        match from.iter().position(|wanted| *wanted == c) {
            None => out.push(c),
            Some(at) => out.extend(to.get(at).copied().or(last)),
        }
    }
    limited(out)
}

fn strcmp(args: &[Value]) -> Answer {
    Ok(Value::Long(arg(args, 0).cmp(&arg(args, 1)) as i64))
}

/// More than 1024 times is 1024 times.
fn strrep(args: &[Value]) -> Answer {
    let (text, delimiter) = (arg(args, 0), arg(args, 2));
    let times = number(args, 1).unwrap_or(0);
    if times < 1 {
        return Err(format!("`strrep` takes 1 or more times, not {times}"));
    }
    let parts: Vec<&str> = (0..times.min(1024)).map(|_| &*text).collect();
    limited(parts.join(&delimiter))
}

fn reverse(args: &[Value]) -> Answer {
    Ok(Value::text(arg(args, 0).chars().rev().collect::<String>()))
}

/// The first element that stands in the text as terms do.
fn has_any_index(args: &[Value]) -> Answer {
    let Some(Value::Array(elements)) = args.get(1) else {
        return Err("`has_any_index` needs an array".to_owned());
    };
    let text = arg(args, 0);
    for (index, element) in elements.iter().enumerate() {
        if compare::text("has", &text, &element.to_text())? {
            return Ok(count(index));
        }
    }
    Ok(Value::Long(-1))
}

fn from_string(args: &[Value]) -> Answer {
    let points: Vec<Value> = arg(args, 0).chars().map(|c| Value::Long(u32::from(c).into())).collect();
    limit(points.len())?;
    Ok(Value::array(points))
}

fn to_string(args: &[Value]) -> Answer {
    let mut points = Vec::new();
    for value in args {
        match value {
            Value::Array(inner) => points.extend(inner.iter().cloned()),
            other => points.push(other.clone()),
        }
    }
    let mut out = String::new();
    for point in points {
        let found = match point {
            Value::Long(n) => u32::try_from(n).ok().and_then(char::from_u32),
            _ => None,
        };
        match found {
            Some(c) => out.push(c),
            None => return Ok(Value::Null),
        }
    }
    limited(out)
}

/// Sizes by powers of 1024, in the largest unit that leaves 1 or more.
fn format_bytes(args: &[Value]) -> Answer {
    const UNITS: [&str; 7] = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];
    let size = args.first().and_then(Value::number).unwrap_or(0.0);
    let digits = args.get(1).and_then(Value::number).unwrap_or(0.0);
    if !(0.0..=20.0).contains(&digits) || digits.fract() != 0.0 {
        return Err("`format_bytes` takes a precision of 0 to 20 digits here".to_owned());
    }
    if !size.is_finite() || size < 0.0 {
        return Err("`format_bytes` of what is no size: the documents do not say".to_owned());
    }
    let asked = arg(args, 2);
    let mut unit = 0;
    if asked.is_empty() {
        while unit < 6 && size / 1024_f64.powi(unit + 1) >= 1.0 {
            unit += 1;
        }
    } else {
        match UNITS.iter().position(|u| *u == &*asked) {
            Some(found) => unit = i32::try_from(found).unwrap_or(0),
            None => return Err(format!("`format_bytes` does not know the unit `{asked}`")),
        }
    }
    let places = digits as usize;
    let name = usize::try_from(unit)
        .ok()
        .and_then(|u| UNITS.get(u))
        .unwrap_or(&"Bytes");
    let text = format!("{:.places$}", size / 1024_f64.powi(unit));
    // 10.10 is not told from 10.1: how trailing zeros print is open.
    if text.contains('.') && text.ends_with('0') {
        return Err(format!(
            "`format_bytes` of {size}: whether `{text}` is printed with its last zeros is not documented"
        ));
    }
    Ok(Value::text(format!("{text} {name}")))
}

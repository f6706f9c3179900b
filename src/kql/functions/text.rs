//! Functions of text. Positions count characters; texts with characters beyond the basic plane are refused there.

use super::{Answer, arg, number, regex};
use crate::kql::value::Value;
use std::sync::Arc;

/// The largest text that a function makes, in bytes.
const LARGEST: usize = 1 << 20;

fn limited(text: String) -> Answer {
    if text.len() > LARGEST {
        return Err(format!(
            "this makes a text of more than {LARGEST} bytes, the limit here"
        ));
    }
    Ok(Value::text(text))
}

/// The characters, where counting them is settled.
fn characters(text: &str) -> Result<Vec<char>, String> {
    let chars: Vec<char> = text.chars().collect();
    if chars.iter().any(|c| u32::from(*c) > 0xFFFF) {
        return Err(format!(
            "positions in `{text}`: how characters beyond the basic plane count is not documented"
        ));
    }
    Ok(chars)
}

pub(super) fn strcat(args: &[Value]) -> Answer {
    limited(args.iter().map(|v| v.to_text().to_string()).collect())
}

pub(super) fn strcat_delim(args: &[Value]) -> Answer {
    let parts: Vec<Arc<str>> = args.iter().skip(1).map(Value::to_text).collect();
    limited(parts.join(&arg(args, 0)))
}

pub(super) fn strcat_array(args: &[Value]) -> Answer {
    match args.first() {
        Some(Value::Array(elements)) => {
            let parts: Vec<Arc<str>> = elements.iter().map(Value::to_text).collect();
            limited(parts.join(&arg(args, 1)))
        }
        _ => Err("`strcat_array` of what is no array: the documents do not say".to_owned()),
    }
}

pub(super) fn substring(args: &[Value]) -> Answer {
    let chars = characters(&arg(args, 0))?;
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

pub(super) fn indexof(args: &[Value]) -> Answer {
    if args.len() > 2 {
        return Err("`indexof` with a start, length or occurrence is not supported".to_owned());
    }
    let (text, lookup) = (arg(args, 0), arg(args, 1));
    characters(&text)?;
    if lookup.is_empty() {
        return Err("`indexof` of the empty text is not supported".to_owned());
    }
    let found = text.find(&*lookup).and_then(|at| text.get(..at));
    Ok(Value::Long(found.map_or(-1, |before| {
        i64::try_from(before.chars().count()).unwrap_or(i64::MAX)
    })))
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

pub(super) fn split(args: &[Value]) -> Answer {
    let (text, delimiter) = (arg(args, 0), arg(args, 1));
    if delimiter.is_empty() {
        return Err("`split` by the empty text: the documents do not say what it gives".to_owned());
    }
    let parts: Vec<Value> = text.split(&*delimiter).map(Value::text).collect();
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

pub(super) fn case(args: &[Value], upper: bool) -> Answer {
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

/// `trim` removes all matches at the ends; of `trim_start` and `trim_end` the documents do not say whether more than one.
pub(super) fn trim(args: &[Value], start: bool, end: bool) -> Answer {
    let pattern = arg(args, 0);
    let text = arg(args, 1);
    let mut rest: &str = &text;
    let mut removed = 0;
    if start {
        let regex = regex(&format!("^(?:{pattern})"))?;
        while let Some(found) = regex.find(rest).filter(|m| !m.is_empty()) {
            rest = rest.get(found.end()..).unwrap_or("");
            removed += 1;
        }
    }
    if end {
        let regex = regex(&format!("(?:{pattern})$"))?;
        while let Some(found) = regex.find(rest).filter(|m| !m.is_empty()) {
            rest = rest.get(..found.start()).unwrap_or("");
            removed += 1;
        }
    }
    if removed > 1 && start != end {
        return Err(format!(
            "`{pattern}` matches at this end of `{text}` more than once: the documents do not say whether all of that goes"
        ));
    }
    Ok(Value::text(rest))
}

pub(super) fn replace_string(args: &[Value]) -> Answer {
    let (text, lookup) = (arg(args, 0), arg(args, 1));
    if lookup.is_empty() {
        return Err("`replace_string` of the empty text is not supported".to_owned());
    }
    let by = arg(args, 2);
    if by.len().saturating_mul(text.len()) > LARGEST.saturating_mul(64) {
        return Err("`replace_string`: the result may be larger than the limit here".to_owned());
    }
    limited(text.replace(&*lookup, &by))
}

pub(super) fn replace_regex(args: &[Value]) -> Answer {
    let (text, pattern, rewrite) = (arg(args, 0), arg(args, 1), arg(args, 2));
    let regex = regex(&pattern)?;
    let mut out = String::new();
    let mut last = 0;
    for found in regex.captures_iter(&text) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(text.get(last..whole.start()).unwrap_or(""));
        let mut rest = rewrite.chars();
        while let Some(c) = rest.next() {
            match (c, rest.as_str().chars().next()) {
                ('\\', Some(digit)) if digit.is_ascii_digit() => {
                    rest.next();
                    let group = digit.to_digit(10).and_then(|d| usize::try_from(d).ok()).unwrap_or(0);
                    out.push_str(found.get(group).map_or("", |m| m.as_str()));
                }
                ('\\', Some('\\')) => {
                    rest.next();
                    out.push('\\');
                }
                (c, _) => out.push(c),
            }
        }
        last = whole.end();
        if out.len() > LARGEST {
            break;
        }
    }
    out.push_str(text.get(last..).unwrap_or(""));
    limited(out)
}

/// `extract`, before its result is cast: the group of the first match, `""` without one.
pub(in crate::kql) fn extract(args: &[Value]) -> Answer {
    let regex = regex(&arg(args, 0))?;
    let text = arg(args, 2);
    let group = number(args, 1).and_then(|n| usize::try_from(n).ok());
    let Some(group) = group.filter(|group| *group < regex.captures_len()) else {
        return Err("`extract` names a group that its regex does not have".to_owned());
    };
    let found = regex
        .captures(&text)
        .and_then(|c| c.get(group).map(|m| m.as_str().to_owned()));
    Ok(found.map_or(Value::Null, Value::text))
}

pub(super) fn extract_all(args: &[Value]) -> Answer {
    if args.len() > 2 {
        return Err("`extract_all` with a list of groups is not supported".to_owned());
    }
    let regex = regex(&arg(args, 0))?;
    let text = arg(args, 1);
    let groups = regex.captures_len().saturating_sub(1);
    if groups == 0 {
        return Err("the regex of `extract_all` must have a group".to_owned());
    }
    let mut all = Vec::new();
    for found in regex.captures_iter(&text) {
        let mut parts: Vec<Value> = (1..=groups)
            .map(|n| Value::text(found.get(n).map_or("", |m| m.as_str())))
            .collect();
        match parts.pop() {
            Some(only) if groups == 1 => all.push(only),
            Some(last) => {
                parts.push(last);
                all.push(Value::array(parts));
            }
            None => {}
        }
    }
    Ok(if all.is_empty() { Value::Null } else { Value::array(all) })
}

pub(super) fn strlen(args: &[Value]) -> Answer {
    let count = characters(&arg(args, 0))?.len();
    Ok(Value::Long(i64::try_from(count).unwrap_or(i64::MAX)))
}

pub(super) fn strcmp(args: &[Value]) -> Answer {
    Ok(Value::Long(arg(args, 0).cmp(&arg(args, 1)) as i64))
}

pub(super) fn strrep(args: &[Value]) -> Answer {
    let (text, delimiter) = (arg(args, 0), arg(args, 2));
    let count = number(args, 1).unwrap_or(0).clamp(0, 1024);
    let parts: Vec<&str> = (0..count).map(|_| &*text).collect();
    limited(parts.join(&delimiter))
}

pub(super) fn reverse(args: &[Value]) -> Answer {
    let mut chars = characters(&arg(args, 0))?;
    chars.reverse();
    Ok(Value::text(chars.into_iter().collect::<String>()))
}

pub(super) fn countof(args: &[Value]) -> Answer {
    let (text, search, kind) = (arg(args, 0), arg(args, 1), arg(args, 2));
    let count = match &*kind {
        _ if search.is_empty() => return Err("`countof` of the empty text is not supported".to_owned()),
        // Plain matches may overlap, matches of a regex do not.
        "" | "normal" => text
            .char_indices()
            .filter(|(at, _)| text.get(*at..).is_some_and(|rest| rest.starts_with(&*search)))
            .count(),
        "regex" => regex(&search)?.find_iter(&text).count(),
        other => return Err(format!("`countof` has no kind `{other}`")),
    };
    Ok(Value::Long(i64::try_from(count).unwrap_or(i64::MAX)))
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn base64_encode(args: &[Value]) -> Answer {
    let text = arg(args, 0);
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let mut bits = 0_u32;
        for place in 0..3 {
            bits = bits << 8 | u32::from(chunk.get(place).copied().unwrap_or(0));
        }
        for place in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or(0);
            let used = place <= chunk.len();
            out.push(if used {
                DIGITS.get(digit).map_or('=', |d| char::from(*d))
            } else {
                '='
            });
        }
    }
    limited(out)
}

pub(super) fn base64_decode(args: &[Value]) -> Answer {
    let text = arg(args, 0);
    let body = text.trim_end_matches('=');
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for byte in body.bytes() {
        let Some(digit) = DIGITS.iter().position(|d| *d == byte) else {
            return Ok(Value::Null);
        };
        bits = (bits << 6 | u32::try_from(digit).unwrap_or(0)) & 0xFFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xFF).unwrap_or(0));
        }
    }
    if !text.len().is_multiple_of(4) {
        return Ok(Value::Null);
    }
    Ok(String::from_utf8(bytes).map_or(Value::Null, Value::text))
}

//! Functions that take a regular expression.

use super::text::search;
use super::{Answer, Function, LARGEST, arg, count, limit, limited, nulls, number, plain, regex};
use crate::kql::value::{Type, Value};

pub(super) const TABLE: &[Function] = &[
    plain("trim", "ss", Type::String, |a| trim(a, true, true)),
    plain("trim_start", "ss", Type::String, |a| trim(a, true, false)),
    plain("trim_end", "ss", Type::String, |a| trim(a, false, true)),
    plain("replace_regex", "sss", Type::String, |a| {
        replace(&arg(a, 0), &arg(a, 1), &arg(a, 2))
    }),
    // The old name takes the text last.
    plain("replace", "sss", Type::String, |a| {
        replace(&arg(a, 2), &arg(a, 0), &arg(a, 1))
    }),
    nulls("extract_all extractall", "sa?s", Type::Dynamic, extract_all),
    plain("indexof_regex", "aa?lll", Type::Long, indexof),
    plain("countof", "ss?s", Type::Long, countof),
    plain("regex_quote", "a", Type::String, quote),
];

fn trim(args: &[Value], start: bool, end: bool) -> Answer {
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
    // `trim` removes all matches; of the others the documents do not say whether more than one goes.
    if removed > 1 && start != end {
        return Err(format!(
            "`{pattern}` matches at this end of `{text}` more than once: the documents do not say whether all of that goes"
        ));
    }
    Ok(Value::text(rest))
}

fn replace(text: &str, pattern: &str, rewrite: &str) -> Answer {
    let regex = regex(pattern)?;
    let mut out = String::new();
    let mut last = 0;
    for found in regex.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(text.get(last..whole.start()).unwrap_or(""));
        let mut rest = rewrite.chars();
        while let Some(c) = rest.next() {
            match (c, rest.as_str().chars().next()) {
                ('\\', Some(digit)) if digit.is_ascii_digit() => {
                    rest.next();
                    let group = digit.to_digit(10).and_then(|d| usize::try_from(d).ok()).unwrap_or(0);
                    if group >= regex.captures_len() {
                        return Err(format!(
                            "the rewrite names group {group}, which the regex does not have"
                        ));
                    }
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

/// Groups by number or name; with one of them the matches are values, with several they are arrays.
fn extract_all(args: &[Value]) -> Answer {
    let regex = regex(&arg(args, 0))?;
    let text = arg(args, args.len().saturating_sub(1));
    if regex.captures_len() < 2 {
        return Err("the regex of `extract_all` must have a group".to_owned());
    }
    let mut groups: Vec<usize> = (1..regex.captures_len()).collect();
    if args.len() > 2 {
        let Some(Value::Array(named)) = args.get(1) else {
            return Err("the groups of `extract_all` are an array".to_owned());
        };
        groups.clear();
        for name in named.iter() {
            let group = match name {
                Value::Long(n) => usize::try_from(*n).ok(),
                Value::String(name) => regex.capture_names().position(|own| own == Some(&**name)),
                _ => None,
            };
            match group.filter(|n| (1..regex.captures_len()).contains(n)) {
                Some(group) => groups.push(group),
                None => {
                    return Err(format!(
                        "`extract_all` names the group `{}`, which its regex does not have",
                        name.to_text()
                    ));
                }
            }
        }
    }
    let mut all = Vec::new();
    for found in regex.captures_iter(&text) {
        let mut parts: Vec<Value> = groups
            .iter()
            .map(|n| Value::text(found.get(*n).map_or("", |m| m.as_str())))
            .collect();
        if parts.len() == 1 {
            all.append(&mut parts);
        } else {
            all.push(Value::array(parts));
        }
    }
    limit(all.len())?;
    Ok(if all.is_empty() { Value::Null } else { Value::array(all) })
}

fn indexof(args: &[Value]) -> Answer {
    let regex = regex(&arg(args, 1))?;
    let text = arg(args, 0);
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let length = places.len().saturating_sub(1);
    // A start below zero is null on this page, though another sentence of it counts from the end.
    if number(args, 2).is_some_and(|start| start < 0) {
        return Ok(Value::Null);
    }
    let Some(search) = search("indexof_regex", args, length)? else {
        return Ok(Value::Null);
    };
    let (Some(from), Some(to)) = (places.get(search.from), places.get(search.to.max(search.from))) else {
        return Ok(Value::Long(-1));
    };
    let part = text.get(*from..*to).unwrap_or("");
    let found = regex.find_iter(part).nth(search.occurrence.saturating_sub(1));
    Ok(found.map_or(Value::Long(-1), |m| {
        let at = from.saturating_add(m.start());
        count(places.iter().take_while(|place| **place < at).count())
    }))
}

fn countof(args: &[Value]) -> Answer {
    let (text, search, kind) = (arg(args, 0), arg(args, 1), arg(args, 2));
    let found = match &*kind {
        _ if search.is_empty() => return Err("`countof` of the empty text: the documents do not say".to_owned()),
        // Plain matches may overlap, matches of a regex do not.
        "" | "normal" => text
            .char_indices()
            .filter(|(at, _)| text.get(*at..).is_some_and(|rest| rest.starts_with(&*search)))
            .count(),
        "regex" => regex(&search)?.find_iter(&text).count(),
        other => return Err(format!("`countof` has no kind `{other}`")),
    };
    Ok(count(found))
}

fn quote(args: &[Value]) -> Answer {
    limited(regex::escape(&arg(args, 0)))
}

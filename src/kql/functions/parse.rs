//! Functions that take a text apart.

use super::{Answer, Function, arg, limit, plain};
use crate::kql::value::{Type, Value};
use std::sync::Arc;

pub(super) const TABLE: &[Function] = &[
    plain("parse_json todynamic parsejson toobject", "a", Type::Dynamic, json),
    plain("parse_csv", "s", Type::Dynamic, csv),
    plain("parse_xml", "s", Type::Dynamic, |a| super::xml::parse(&arg(a, 0))),
    plain("parse_path", "s", Type::Dynamic, path),
    plain("parse_url parseurl", "s", Type::Dynamic, url),
    plain("parse_urlquery parseurlquery", "s", Type::Dynamic, |a| {
        Ok(Value::bag([(
            Arc::from("Query Parameters"),
            parameters(arg(a, 0).trim_start_matches('?')),
        )]))
    }),
    plain("parse_command_line", "as", Type::Dynamic, command_line),
];

/// `parse_json`: text that is no JSON is a dynamic of that text; a dynamic stays as it is.
fn json(args: &[Value]) -> Answer {
    let Some(Value::String(text)) = args.first() else {
        return Ok(args.first().cloned().unwrap_or(Value::Null));
    };
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    Ok(read_json(text)?.map_or_else(|| Value::String(Arc::clone(text)), |json| Value::from_json(&json)))
}

/// None where the text is no JSON; what nests too deeply to be read is no answer.
fn read_json(text: &str) -> Result<Option<serde_json::Value>, String> {
    match serde_json::from_str(text) {
        Ok(json) => Ok(Some(json)),
        Err(error) if error.to_string().contains("recursion limit") => {
            Err("JSON that nests more than 127 deep is not supported".to_owned())
        }
        Err(_) => Ok(None),
    }
}

/// A step of a JSONPath.
pub(super) enum Step {
    /// A member of a bag.
    Member(Arc<str>),
    /// An element of an array.
    Element(i64),
}

/// Reads `$.a['b c'][0]`: members and elements, nothing else.
pub(super) fn json_path(text: &str) -> Result<Vec<Step>, String> {
    let wrong = || format!("`{text}` is no JSONPath of members and elements, such as `$.a['b c'][0]`");
    let mut rest = text.strip_prefix('$').ok_or_else(wrong)?;
    let mut steps = Vec::new();
    while let Some(first) = rest.chars().next() {
        if first == '.' {
            let after = rest.get(1..).unwrap_or("");
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, tail) = after.split_at_checked(end).ok_or_else(wrong)?;
            let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
            if name.is_empty() || !plain {
                return Err(wrong());
            }
            steps.push(Step::Member(name.into()));
            rest = tail;
        } else if first == '[' {
            let after = rest.get(1..).unwrap_or("");
            let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'));
            let (inner, tail) = match quote {
                Some(quote) => {
                    let body = after.get(1..).unwrap_or("");
                    let (name, tail) = body.split_once(quote).ok_or_else(wrong)?;
                    (Step::Member(name.into()), tail.strip_prefix(']').ok_or_else(wrong)?)
                }
                None => {
                    let (digits, tail) = after.split_once(']').ok_or_else(wrong)?;
                    let index = digits.parse::<u32>().map_err(|_| wrong())?;
                    (Step::Element(index.into()), tail)
                }
            };
            steps.push(inner);
            rest = tail;
        } else {
            return Err(wrong());
        }
    }
    Ok(steps)
}

/// `extract_json`, before its result is converted: null where the text is no JSON or has no such part.
pub(in crate::kql) fn extract_json(args: &[Value]) -> Answer {
    let path = json_path(&arg(args, 0))?;
    let Some(json) = read_json(&arg(args, 1))? else {
        return Ok(Value::Null);
    };
    let mut at = Value::from_json(&json);
    for step in path {
        at = match step {
            Step::Member(name) => at.member(&name),
            Step::Element(index) => at.element(index),
        };
    }
    Ok(at)
}

/// The first record of a text of comma-separated values.
fn csv(args: &[Value]) -> Answer {
    let text = arg(args, 0);
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    loop {
        match chars.next() {
            Some('"') if quoted => {
                if chars.next_if_eq(&'"').is_some() {
                    field.push('"');
                } else {
                    quoted = false;
                    if !matches!(chars.peek(), None | Some(',' | '\n' | '\r')) {
                        return Err("`parse_csv` of text behind a closing quote: the documents do not say".to_owned());
                    }
                }
            }
            Some(c) if quoted => field.push(c),
            Some('"') if field.is_empty() => quoted = true,
            Some('"') => return Err("`parse_csv` of a quote inside a value: the documents do not say".to_owned()),
            Some(',') => fields.push(Value::text(std::mem::take(&mut field))),
            Some('\r') if chars.peek() == Some(&'\n') => {}
            None if quoted => {
                return Err("`parse_csv` of a quote that is not closed: the documents do not say".to_owned());
            }
            None | Some('\n') => break,
            Some(c) => field.push(c),
        }
        limit(fields.len())?;
    }
    fields.push(Value::text(field));
    Ok(Value::array(fields))
}

fn part(name: &str, value: &str) -> (Arc<str>, Value) {
    (Arc::from(name), Value::text(value))
}

fn path(args: &[Value]) -> Answer {
    let text = arg(args, 0);
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            (scheme, rest)
        }
        _ => ("", &*text),
    };
    if rest.starts_with(r"\\?\") || rest.starts_with(r"\\.\") {
        return Err("`parse_path` of a long path: the page names it and does not show its parts".to_owned());
    }
    let mut letters = rest.chars();
    let drive = letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && letters.next() == Some(':');
    let root = if drive { rest.get(..2).unwrap_or("") } else { "" };
    let (directory, last) = match rest.rfind(['/', '\\']) {
        Some(at) => (rest.get(..at).unwrap_or(""), rest.get(at + 1..).unwrap_or("")),
        None => ("", rest),
    };
    let (file, stream) = if directory.is_empty() && drive {
        (last, "")
    } else {
        last.split_once(':').unwrap_or((last, ""))
    };
    let name = directory.rsplit(['/', '\\']).next().unwrap_or("");
    let name = if name == root { "" } else { name };
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    Ok(Value::bag([
        part("Scheme", scheme),
        part("RootPath", root),
        part("DirectoryPath", directory),
        part("DirectoryName", name),
        part("Filename", file),
        part("Extension", extension),
        part("AlternateDataStreamName", stream),
    ]))
}

fn parameters(query: &str) -> Value {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    Value::bag(pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        part(name, value)
    }))
}

fn url(args: &[Value]) -> Answer {
    let url = arg(args, 0);
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(format!(
            "`parse_url` of `{url}`, which is no absolute URL: the documents do not say what it gives"
        ));
    };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at_checked(at).unwrap_or((rest, "")),
        None => (rest, ""),
    };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
        _ => (host, ""),
    };
    Ok(Value::bag([
        part("Scheme", scheme),
        part("Host", host),
        part("Port", port),
        part("Path", path),
        part("Username", user),
        part("Password", password),
        (Arc::from("Query Parameters"), parameters(query)),
        part("Fragment", fragment),
    ]))
}

/// As `CommandLineToArgvW` takes a line apart, which the page names: the first word ends at a blank or its own quote, and
/// in the others backslashes before a quote are halved.
fn command_line(args: &[Value]) -> Answer {
    if &*arg(args, 1) != "windows" {
        return Err("`parse_command_line` knows the parser `windows` only".to_owned());
    }
    let text = arg(args, 0);
    let mut chars = text.chars().peekable();
    let mut words = Vec::new();
    let blank = |c: &char| matches!(c, ' ' | '\t');
    if chars.peek().is_none_or(blank) {
        return Err("`parse_command_line` of a line without a program: the documents do not say".to_owned());
    }
    let mut program = String::new();
    let quoted = chars.next_if_eq(&'"').is_some();
    while let Some(c) = chars.next_if(|c| if quoted { *c != '"' } else { !blank(c) }) {
        program.push(c);
    }
    if quoted {
        chars.next();
    }
    words.push(Value::text(program));
    loop {
        while chars.next_if(blank).is_some() {}
        if chars.peek().is_none() {
            return Ok(Value::array(words));
        }
        let mut word = String::new();
        let mut inside = false;
        while let Some(c) = chars.next_if(|c| inside || !blank(c)) {
            match c {
                '\\' => {
                    let mut slashes = 1;
                    while chars.next_if_eq(&'\\').is_some() {
                        slashes += 1;
                    }
                    if chars.peek() == Some(&'"') {
                        word.extend(std::iter::repeat_n('\\', slashes / 2));
                        if slashes % 2 == 1 {
                            chars.next();
                            word.push('"');
                        }
                    } else {
                        word.extend(std::iter::repeat_n('\\', slashes));
                    }
                }
                '"' if inside && chars.peek() == Some(&'"') => {
                    return Err("`parse_command_line` of two quotes inside of quotes: readings differ".to_owned());
                }
                '"' => inside = !inside,
                c => word.push(c),
            }
        }
        words.push(Value::text(word));
        limit(words.len())?;
    }
}

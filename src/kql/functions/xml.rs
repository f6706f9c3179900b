//! `parse_xml`: elements, attributes and texts become bags, arrays and values.

use super::{Answer, LARGEST};
use crate::kql::value::Value;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::sync::Arc;

/// How deep elements may nest.
const DEEPEST: usize = 60;

/// An element that is not closed yet.
struct Open {
    name: Arc<str>,
    attributes: Vec<(Arc<str>, Value)>,
    /// Children in the order of their first appearance, with all of one name.
    children: Vec<(Arc<str>, Vec<Value>)>,
    text: String,
}

/// The value of a text of XML; null where it is not valid or too long.
pub(super) fn parse(text: &str) -> Answer {
    if text.len() > LARGEST {
        return Ok(Value::Null);
    }
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<(Arc<str>, Value)> = None;
    loop {
        let Ok(event) = reader.read_event() else {
            return Ok(Value::Null);
        };
        match event {
            Event::Start(start) => {
                if open.is_empty() && root.is_some() {
                    return Ok(Value::Null);
                }
                if open.len() >= DEEPEST {
                    return Err(format!(
                        "`parse_xml` of elements more than {DEEPEST} deep is not supported"
                    ));
                }
                match begin(&start) {
                    Some(element) => open.push(element),
                    None => return Ok(Value::Null),
                }
            }
            Event::Empty(start) => {
                let Some(element) = begin(&start) else {
                    return Ok(Value::Null);
                };
                let (name, value) = element.close()?;
                match open.last_mut() {
                    Some(parent) => parent.add(name, value),
                    None if root.is_none() => root = Some((name, value)),
                    None => return Ok(Value::Null),
                }
            }
            Event::End(_) => {
                let Some(element) = open.pop() else {
                    return Ok(Value::Null);
                };
                let (name, value) = element.close()?;
                match open.last_mut() {
                    Some(parent) => parent.add(name, value),
                    None => root = Some((name, value)),
                }
            }
            Event::Text(piece) => match open.last_mut() {
                Some(parent) => parent.text.push_str(&piece),
                None if piece.trim().is_empty() => {}
                None => return Ok(Value::Null),
            },
            Event::GeneralRef(name) => match (open.last_mut(), character(&name)) {
                (Some(parent), Some(character)) => parent.text.push(character),
                _ => return Ok(Value::Null),
            },
            Event::CData(_) => return Err("`parse_xml` of a CDATA section: the documents do not say".to_owned()),
            // Everything but elements, attributes and texts is skipped.
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
    }
    Ok(match root {
        Some(member) if open.is_empty() => Value::bag([member]),
        _ => Value::Null,
    })
}

/// A character by the name of its entity.
fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        other => {
            let digits = other.strip_prefix('#')?;
            let code = match digits.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// A text with its entities replaced.
fn plain(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once('&') {
        let (name, after) = tail.split_once(';')?;
        out.push_str(head);
        out.push(character(name)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

fn begin(start: &BytesStart<'_>) -> Option<Open> {
    let name = start.name().into_inner().into();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let name = attribute.key.into_inner();
        let value = plain(&attribute.value)?;
        attributes.push((Arc::from(format!("@{name}")), Value::text(value)));
    }
    Some(Open {
        name,
        attributes,
        children: Vec::new(),
        text: String::new(),
    })
}

impl Open {
    fn add(&mut self, name: Arc<str>, value: Value) {
        match self.children.iter_mut().find(|(own, _)| *own == name) {
            Some((_, values)) => values.push(value),
            None => self.children.push((name, vec![value])),
        }
    }

    /// Its name and its value.
    fn close(self) -> Result<(Arc<str>, Value), String> {
        let text = self.text.trim();
        let alone = self.attributes.is_empty() && self.children.is_empty();
        if alone && text.is_empty() {
            return Ok((self.name, Value::Null));
        }
        if alone {
            return Ok((self.name, typed(text)?));
        }
        let mut members = self.attributes;
        if !text.is_empty() {
            members.push((Arc::from("#text"), typed(text)?));
        }
        for (name, mut values) in self.children {
            let value = match values.pop() {
                Some(only) if values.is_empty() => only,
                Some(last) => {
                    values.push(last);
                    Value::array(values)
                }
                None => Value::Null,
            };
            members.push((name, value));
        }
        Ok((self.name, Value::bag(members)))
    }
}

/// The page's example shows numbers where the text is one. Where such a text would not print as it stood, what becomes of
/// it is open.
fn typed(text: &str) -> Answer {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let number = match unsigned.split_once('.') {
        Some((whole, part)) if digits(whole) && digits(part) => text.parse().ok().map(Value::Real),
        None if digits(unsigned) => text.parse().ok().map(Value::Long),
        _ => return Ok(Value::text(text)),
    };
    match number {
        Some(number) if &*number.to_text() == text => Ok(number),
        _ => Err(format!(
            "`parse_xml` of `{text}`, a number in another spelling: whether it stays as it is is not documented"
        )),
    }
}

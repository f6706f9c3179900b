use crate::value::{Json, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// A path into a record and what is done with the value found there.
#[derive(Clone, Debug)]
pub(super) struct Alternative {
    keys: Vec<Arc<str>>,
    /// Take the part of a `/`-separated identifier that follows this name.
    after: Option<String>,
    /// Fold text to lower case.
    lower: bool,
}

impl Alternative {
    /// A path as source files write it: names and `["any key"]`, joined by dots.
    pub(super) fn parse(text: &str) -> Result<Alternative, String> {
        let mut keys = Vec::new();
        let mut rest = text;
        loop {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, tail) = rest.split_at(end);
            if !name.is_empty() {
                keys.push(Arc::from(name));
            }
            if let Some(quoted) = tail.strip_prefix("[\"") {
                let Some((key, after)) = quoted.split_once("\"]") else {
                    return Err(format!("the path `{text}` lacks a closing `\"]`"));
                };
                keys.push(Arc::from(key));
                rest = after;
            } else if name.is_empty() {
                return Err(format!("`{text}` is no path"));
            } else {
                rest = tail;
            }
            if rest.is_empty() {
                break;
            }
            if let Some(after) = rest.strip_prefix('.') {
                rest = after;
            } else if !rest.starts_with("[\"") {
                return Err(format!("`{text}` is no path"));
            }
        }
        Ok(Alternative {
            keys,
            after: None,
            lower: false,
        })
    }

    /// The path of a single key.
    pub(super) fn key(name: &str) -> Alternative {
        Alternative {
            keys: vec![Arc::from(name)],
            after: None,
            lower: false,
        }
    }

    pub(super) fn with(mut self, after: Option<String>, lower: bool) -> Alternative {
        self.after = after;
        self.lower = lower;
        self
    }

    /// The same path below another.
    pub(super) fn under(mut self, above: &Alternative) -> Alternative {
        self.keys.splice(0..0, above.keys.iter().cloned());
        self
    }

    /// The single key, where the path is one.
    pub(super) fn single(&self) -> Option<&str> {
        match self.keys.as_slice() {
            [key] => Some(key),
            _ => None,
        }
    }

    /// Whether the place exists in the record, even if it holds null.
    pub(super) fn exists(&self, record: &Json) -> bool {
        self.place(record).is_some()
    }

    fn place<'a>(&self, record: &'a Json) -> Option<&'a Json> {
        self.keys.iter().try_fold(record, |json, key| json.get(key))
    }

    /// The value at the place, or the part of it that is asked for.
    pub(super) fn find<'a>(&self, record: &'a Json) -> Option<Cow<'a, Json>> {
        let found = self.place(record)?;
        let Some(name) = &self.after else {
            return Some(Cow::Borrowed(found));
        };
        let Json::Text(text) = found else { return None };
        let mut parts = text.split('/');
        parts.find(|part| part.eq_ignore_ascii_case(name))?;
        Some(Cow::Owned(Json::Text(Arc::from(parts.next()?))))
    }

    pub(super) fn finish(&self, value: Value) -> Value {
        match value {
            Value::Text(text) if self.lower && text.bytes().any(|b| b.is_ascii_uppercase()) => {
                Value::text(text.to_ascii_lowercase())
            }
            value => value,
        }
    }
}

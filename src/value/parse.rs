use super::Json;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// The line in the text, from 1; 0 where there is none.
    pub line: usize,
    /// The byte in that line, from 1.
    pub column: usize,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.line > 0 {
            write!(f, " at line {} column {}", self.line, self.column)?;
        }
        Ok(())
    }
}

impl std::error::Error for JsonError {}

impl Json {
    /// Reads one JSON value.
    ///
    /// # Errors
    /// As [`Json::parse_counting`].
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Json, JsonError> {
        Json::parse_counting(text).map(|(json, _)| json)
    }

    /// Reads one JSON value and how many object keys were repeated (the last value of each stands).
    ///
    /// # Errors
    /// What JSON forbids, invalid UTF-8, numbers beyond the range of a double, and nesting deeper than 128.
    pub fn parse_counting(text: impl AsRef<[u8]>) -> Result<(Json, u32), JsonError> {
        Json::parse_with(text.as_ref(), &mut Keys::default())
    }

    /// The same for many texts with the same keys, which are then held in memory once.
    ///
    /// # Errors
    /// As [`Json::parse`].
    pub fn parse_with(text: &[u8], keys: &mut Keys) -> Result<(Json, u32), JsonError> {
        let mut state = State { repeated: 0, keys };
        let mut parser = serde_json::Deserializer::from_slice(text);
        let json = Seed(&mut state).deserialize(&mut parser).map_err(error)?;
        parser.end().map_err(error)?;
        Ok((json, state.repeated))
    }

    /// The record with dotted keys at its top (`"userIdentity.type"`) nested, as some stores write them. A key whose
    /// path is already taken by another value stays as it is.
    #[must_use]
    pub fn nested(&self) -> Json {
        let Json::Object(members) = self else {
            return self.clone();
        };
        let mut top: Vec<(Arc<str>, Json)> = Vec::with_capacity(members.len());
        // Plain keys first, so that the outcome does not depend on the order of the keys.
        top.extend(members.iter().filter(|(key, _)| !key.contains('.')).cloned());
        for (key, value) in members.iter().filter(|(key, _)| key.contains('.')) {
            if !insert(&mut top, key, value) {
                top.push((Arc::clone(key), value.clone()));
            }
        }
        Json::Object(top.into())
    }
}

/// Puts a value at a dotted path; false where the path is taken.
fn insert(members: &mut Vec<(Arc<str>, Json)>, path: &str, value: &Json) -> bool {
    let (key, rest) = path
        .split_once('.')
        .map_or((path, None), |(key, rest)| (key, Some(rest)));
    if key.is_empty() {
        return false;
    }
    let place = members.iter().position(|(name, _)| &**name == key);
    let below = match place.and_then(|at| members.get(at)).map(|(_, json)| json) {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Object(below)) if rest.is_some() => below.to_vec(),
        Some(_) => return false,
    };
    let new = match rest {
        None => value.clone(),
        Some(rest) => {
            let mut below = below;
            if !insert(&mut below, rest, value) {
                return false;
            }
            Json::Object(below.into())
        }
    };
    match place.and_then(|at| members.get_mut(at)) {
        Some((_, json)) => *json = new,
        None => members.push((Arc::from(key), new)),
    }
    true
}

fn error(error: serde_json::Error) -> JsonError {
    let text = error.to_string();
    let (line, column) = (error.line(), error.column());
    let message = text
        .strip_suffix(&format!(" at line {line} column {column}"))
        .unwrap_or(&text);
    JsonError {
        message: message.to_owned(),
        line,
        column,
    }
}

/// Keys seen before, for [`Json::parse_with`].
#[derive(Debug, Default)]
pub struct Keys(HashSet<Arc<str>>);

impl Keys {
    /// Logs have some hundred keys; where keys are data, as identifiers are, there is nothing to gain.
    const MOST: usize = 4096;
    const LONGEST: usize = 64;

    fn shared(&mut self, key: &str) -> Arc<str> {
        if let Some(known) = self.0.get(key) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(key);
        if self.0.len() < Keys::MOST && key.len() <= Keys::LONGEST {
            self.0.insert(Arc::clone(&new));
        }
        new
    }
}

struct State<'a> {
    repeated: u32,
    keys: &'a mut Keys,
}

struct Seed<'a, 'k>(&'a mut State<'k>);

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(i64::try_from(value).map_or(Json::Real(value as f64), Json::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Real(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(Arc::from(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element_seed(Seed(&mut *self.0))? {
            elements.push(element);
        }
        Ok(Json::Array(elements.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        // Small objects are searched, large ones indexed: a hostile one must not take quadratic time.
        const SMALL: usize = 32;
        let mut members: Vec<(Arc<str>, Json)> = Vec::new();
        let mut index: HashMap<Arc<str>, usize> = HashMap::new();
        while let Some(key) = access.next_key_seed(Key(self.0.keys))? {
            let value = access.next_value_seed(Seed(&mut *self.0))?;
            if members.len() == SMALL {
                index.extend(members.iter().enumerate().map(|(at, (name, _))| (Arc::clone(name), at)));
            }
            let earlier = if members.len() < SMALL {
                members.iter().position(|(name, _)| *name == key)
            } else {
                index.get(&key).copied()
            };
            if let Some((_, old)) = earlier.and_then(|at| members.get_mut(at)) {
                *old = value;
                self.0.repeated = self.0.repeated.saturating_add(1);
            } else {
                if members.len() >= SMALL {
                    index.insert(Arc::clone(&key), members.len());
                }
                members.push((key, value));
            }
        }
        Ok(Json::Object(members.into()))
    }
}

struct Key<'a>(&'a mut Keys);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Arc<str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Arc<str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Arc<str>, E> {
        Ok(self.0.shared(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Json {
        Json::parse_counting(text).unwrap().0
    }

    #[test]
    fn numbers_are_whole_where_they_fit() {
        assert!(matches!(parse("-0"), Json::Real(n) if n == 0.0));
        assert!(matches!(parse("9223372036854775807"), Json::Int(i64::MAX)));
        assert!(matches!(parse("9223372036854775808"), Json::Real(_)));
        assert!(matches!(parse("1.68899210862E9"), Json::Real(n) if n == 1_688_992_108.62));
        assert_eq!(parse("1.688992108E9").as_text().unwrap(), "1688992108");
        assert_eq!(parse("0.5").as_text().unwrap(), "0.5");
        assert!(
            Json::parse_counting("1e400")
                .unwrap_err()
                .message
                .contains("number out of range")
        );
    }

    #[test]
    fn the_last_value_of_a_repeated_key_stands() {
        let (json, repeated) = Json::parse_counting(r#"{"a":1,"b":2,"a":3,"c":{"d":1,"d":null}}"#).unwrap();
        assert_eq!(repeated, 2);
        assert_eq!(json, parse(r#"{"a":3,"b":2,"c":{"d":null}}"#));
        let mut many: Vec<String> = (0..100).map(|n| format!("\"k{n}\":{n}")).collect();
        many.extend((0..100).map(|n| format!("\"k{n}\":\"x\"")));
        let (json, repeated) = Json::parse_counting(format!("{{{}}}", many.join(","))).unwrap();
        assert_eq!(repeated, 100);
        assert_eq!(json.get("k99"), Some(&Json::Text("x".into())));
    }

    #[test]
    fn keys_are_shared_between_texts() {
        let mut keys = Keys::default();
        let mut first = |text: &str| match Json::parse_with(text.as_bytes(), &mut keys).unwrap().0 {
            Json::Object(members) => Arc::clone(&members[0].0),
            other => panic!("{other:?}"),
        };
        let (one, two) = (first("{\"a\":1}"), first("{\"a\":{\"b\":2}}"));
        assert!(Arc::ptr_eq(&one, &two));
        let long = format!("{{\"{}\":1}}", "k".repeat(65));
        assert!(!Arc::ptr_eq(&first(&long), &first(&long)));
    }

    #[test]
    fn bad_text_is_an_error() {
        for bad in ["", "{", "{\"a\":}", "[1,]", "{} x", "\"\u{1}\"", "\"\\ud800\"", "nul"] {
            assert!(Json::parse_counting(bad).is_err(), "{bad}");
        }
        assert!(Json::parse_counting(b"\"\xff\"").is_err());
        assert!(
            Json::parse_counting("[".repeat(10_000))
                .unwrap_err()
                .message
                .contains("recursion")
        );
    }

    #[test]
    fn dotted_keys_nest_whatever_their_order() {
        let dotted = parse(r#"{"u.a.b":1,"u.c":2,"x":1,"x.y":2,"n":null,"n.m":3,".":4}"#);
        assert_eq!(
            dotted.nested(),
            parse(r#"{"x":1,"n":{"m":3},"u":{"a":{"b":1},"c":2},"x.y":2,".":4}"#)
        );
    }
}

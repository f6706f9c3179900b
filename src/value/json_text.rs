//! Building objects, and writing JSON compactly.
//!
//! Members are written sorted by name, so that two objects with the same members have the same text: that text decides
//! whether two objects are equal, and what one is in a set.

use super::{Json, Value};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::collections::HashMap;
use std::sync::Arc;

/// Up to so many members, looking at each is quicker than a table of them.
const FEW: usize = 12;

impl Json {
    /// An object of these members; of members with one name the last value is kept, at the place of the first.
    pub fn object(members: impl IntoIterator<Item = (Arc<str>, Json)>) -> Json {
        let mut kept: Vec<(Arc<str>, Json)> = Vec::new();
        let mut places: HashMap<Arc<str>, usize> = HashMap::new();
        for (name, value) in members {
            let place = if kept.len() <= FEW {
                kept.iter().position(|(other, _)| *other == name)
            } else {
                if places.is_empty() {
                    places = kept
                        .iter()
                        .enumerate()
                        .map(|(i, (name, _))| (name.clone(), i))
                        .collect();
                }
                places.get(&name).copied()
            };
            if let Some((_, old)) = place.and_then(|place| kept.get_mut(place)) {
                *old = value;
            } else {
                if kept.len() > FEW {
                    places.insert(name.clone(), kept.len());
                }
                kept.push((name, value));
            }
        }
        Json::Object(kept.into())
    }
}

/// Members sorted by name; a number that JSON cannot write is `null`.
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(b) => serializer.serialize_bool(*b),
            Json::Int(n) => serializer.serialize_i64(*n),
            Json::Real(n) => serializer.serialize_f64(*n),
            Json::Text(text) => serializer.serialize_str(text),
            Json::Array(elements) => serializer.collect_seq(elements.iter()),
            Json::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_by(|a, b| a.0.cmp(&b.0));
                let mut map = serializer.serialize_map(Some(sorted.len()))?;
                for (name, value) in sorted {
                    map.serialize_entry(&**name, value)?;
                }
                map.end()
            }
        }
    }
}

/// As in an alert: sets as sorted arrays, times as RFC 3339 in UTC, an infinite number as text, missing as `null`.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Missing => serializer.serialize_unit(),
            Value::Bool(b) => serializer.serialize_bool(*b),
            Value::Int(n) => serializer.serialize_i64(*n),
            Value::Real(n) if n.is_finite() => serializer.serialize_f64(*n),
            Value::Real(n) => serializer.collect_str(n),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Time(time) => serializer.collect_str(time),
            Value::Json(json) => json.serialize(serializer),
            Value::Set(set) => {
                let mut seq = serializer.serialize_seq(Some(set.len()))?;
                for element in set.iter() {
                    seq.serialize_element(element)?;
                }
                seq.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_and_written() {
        let json = Json::parse(r#" {"b":[1,-2,1.5,true,null,"x\n"],"a":{},"n":18446744073709551615} "#).unwrap();
        assert_eq!(json.get("b").and_then(|b| b.at(-1)), Some(&Json::Text("x\n".into())));
        assert_eq!(json.get("n"), Some(&Json::Real(18446744073709551615.0)));
        assert_eq!(
            serde_json::to_string(&json).unwrap(),
            r#"{"a":{},"b":[1,-2,1.5,true,null,"x\n"],"n":1.8446744073709552e+19}"#
        );
    }

    #[test]
    fn the_last_of_repeated_members_counts() {
        let Json::Object(few) = Json::parse(r#"{"a":1,"b":2,"a":3}"#).unwrap() else {
            panic!()
        };
        assert_eq!(few.len(), 2);
        assert_eq!(few[0], ("a".into(), Json::Int(3)));
        let many: String = (0..200).map(|i| format!("\"k{}\":{i},", i % 50)).collect();
        let Json::Object(many) = Json::parse(format!("{{{many}\"k7\":\"last\"}}")).unwrap() else {
            panic!()
        };
        assert_eq!(many.len(), 50);
        assert_eq!(many[7], ("k7".into(), Json::Text("last".into())));
        assert_eq!(many[49], ("k49".into(), Json::Int(199)));
    }

    #[test]
    fn deep_and_broken_text_is_an_error() {
        assert!(Json::parse("[".repeat(10_000)).is_err());
        assert!(Json::parse(format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))).is_err());
        for text in ["", "{", "1 2", "nul", "1e400", "\"\u{0}\""] {
            assert!(Json::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn values_are_written_as_in_an_alert() {
        let set = super::super::Set::new([Value::text("b"), Value::text("a"), Value::Missing]);
        assert_eq!(serde_json::to_string(&Value::Set(set)).unwrap(), r#"["a","b"]"#);
        let time = super::super::Time(0);
        assert_eq!(
            serde_json::to_string(&Value::Time(time)).unwrap(),
            r#""1970-01-01T00:00:00Z""#
        );
        assert_eq!(serde_json::to_string(&Value::Real(f64::INFINITY)).unwrap(), r#""inf""#);
        assert_eq!(serde_json::to_string(&Value::Missing).unwrap(), "null");
    }
}

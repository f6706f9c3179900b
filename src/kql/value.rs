//! Types and values. A string has no null; every other type has one.

use super::time;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// A scalar type. `decimal` is refused: nothing here computes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `long`
    Long,
    /// `real`
    Real,
    /// `string`
    String,
    /// `datetime`
    Datetime,
    /// `timespan`
    Timespan,
    /// `dynamic`
    Dynamic,
    /// `guid`
    Guid,
    /// Of a column that only data know; in a check, it fits wherever any type does
    Unknown,
}

impl Type {
    /// The type of that name.
    pub fn named(name: &str) -> Option<Type> {
        Some(match name {
            "bool" | "boolean" => Type::Bool,
            "int" => Type::Int,
            "long" => Type::Long,
            "real" | "double" => Type::Real,
            "string" => Type::String,
            "datetime" | "date" => Type::Datetime,
            "timespan" | "time" => Type::Timespan,
            "dynamic" => Type::Dynamic,
            "guid" => Type::Guid,
            _ => return None,
        })
    }

    /// Whether it counts: `int`, `long`, `real`.
    pub fn is_number(self) -> bool {
        matches!(self, Type::Int | Type::Long | Type::Real)
    }

    /// Whether it is `dynamic`, or may be.
    pub(super) fn is_loose(self) -> bool {
        matches!(self, Type::Dynamic | Type::Unknown)
    }

    /// The value of a missing column of this type.
    pub fn null(self) -> Value {
        if self == Type::String {
            Value::text("")
        } else {
            Value::Null
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Long => "long",
            Type::Real => "real",
            Type::String => "string",
            Type::Datetime => "datetime",
            Type::Timespan => "timespan",
            Type::Dynamic => "dynamic",
            Type::Guid => "guid",
            Type::Unknown => "unknown",
        })
    }
}

/// One value. The static type stands at the column or the expression: a `dynamic` holds any of these.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// The null of every type but `string`.
    #[default]
    Null,
    /// `bool`
    Bool(bool),
    /// `int` and `long`
    Long(i64),
    /// `real`
    Real(f64),
    /// `string`
    String(Arc<str>),
    /// `datetime`, in ticks of 100 ns since 0001-01-01
    Datetime(i64),
    /// `timespan`, in ticks of 100 ns
    Timespan(i64),
    /// `guid`, in lower case with hyphens
    Guid(Arc<str>),
    /// An array in a `dynamic`
    Array(Arc<[Value]>),
    /// A property bag in a `dynamic`; its names are distinct
    Bag(Arc<[(Arc<str>, Value)]>),
}

impl Value {
    /// A string.
    pub fn text(text: impl Into<Arc<str>>) -> Value {
        Value::String(text.into())
    }

    /// An array.
    pub fn array(elements: Vec<Value>) -> Value {
        Value::Array(elements.into())
    }

    /// A bag; of members with one name the last value is kept.
    pub fn bag(members: impl IntoIterator<Item = (Arc<str>, Value)>) -> Value {
        let mut kept: Vec<(Arc<str>, Value)> = Vec::new();
        for (name, value) in members {
            match kept.iter_mut().find(|(old, _)| *old == name) {
                Some((_, old)) => *old = value,
                None => kept.push((name, value)),
            }
        }
        Value::Bag(kept.into())
    }

    /// Whether it is null (never true of a string).
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// What `isempty` says: null, or the empty string.
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            _ => false,
        }
    }

    /// The member of a bag; null where there is none.
    pub fn member(&self, name: &str) -> Value {
        match self {
            Value::Bag(members) => members
                .iter()
                .find(|(key, _)| &**key == name)
                .map_or(Value::Null, |(_, value)| value.clone()),
            _ => Value::Null,
        }
    }

    /// The element of an array, from the end when negative; null where there is none.
    pub fn element(&self, index: i64) -> Value {
        let Value::Array(elements) = self else {
            return Value::Null;
        };
        let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
        let index = if index < 0 { index.saturating_add(length) } else { index };
        usize::try_from(index)
            .ok()
            .and_then(|index| elements.get(index))
            .cloned()
            .unwrap_or(Value::Null)
    }

    /// What `tostring` gives: `""` for null, JSON for arrays and bags.
    pub fn to_text(&self) -> Arc<str> {
        match self {
            Value::Null => "".into(),
            Value::String(text) | Value::Guid(text) => Arc::clone(text),
            Value::Bool(b) => if *b { "true" } else { "false" }.into(),
            Value::Long(n) => n.to_string().into(),
            Value::Real(n) => real_text(*n).into(),
            Value::Datetime(ticks) => time::datetime_text(*ticks).into(),
            Value::Timespan(ticks) => time::timespan_text(*ticks).into(),
            Value::Array(_) | Value::Bag(_) => self.to_json().to_string().into(),
        }
    }

    /// How many elements and members stand in it, at any depth, however many places share one; none beyond `most`.
    pub(super) fn weight(&self, most: u64) -> Option<u64> {
        let mut weight = 0_u64;
        let mut add = |value: &Value| {
            weight += 1 + value.weight(most.checked_sub(weight)?)?;
            (weight <= most).then_some(())
        };
        match self {
            Value::Array(elements) => elements.iter().try_for_each(&mut add)?,
            Value::Bag(members) => members.iter().try_for_each(|(_, value)| add(value))?,
            _ => {}
        }
        Some(weight)
    }

    /// As JSON: what a result prints, and the text of an array or a bag.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as J;
        match self {
            Value::Null => J::Null,
            Value::Bool(b) => J::Bool(*b),
            Value::Long(n) => J::from(*n),
            Value::Real(n) => serde_json::Number::from_f64(*n).map_or_else(|| J::String(real_text(*n)), J::Number),
            Value::Array(elements) => J::Array(elements.iter().map(Value::to_json).collect()),
            Value::Bag(members) => J::Object(members.iter().map(|(k, v)| (k.to_string(), v.to_json())).collect()),
            other => J::String(other.to_text().to_string()),
        }
    }

    /// Of a JSON value, as `parse_json` makes it.
    pub fn from_json(json: &serde_json::Value) -> Value {
        use serde_json::Value as J;
        match json {
            J::Null => Value::Null,
            J::Bool(b) => Value::Bool(*b),
            J::Number(n) => match (n.as_i64(), n.as_f64()) {
                (Some(n), _) => Value::Long(n),
                (None, Some(n)) => Value::Real(n),
                (None, None) => Value::Null,
            },
            J::String(text) => Value::text(text.as_str()),
            J::Array(elements) => Value::array(elements.iter().map(Value::from_json).collect()),
            J::Object(members) => Value::Bag(
                members
                    .iter()
                    .map(|(key, value)| (Arc::from(key.as_str()), Value::from_json(value)))
                    .collect(),
            ),
        }
    }

    /// As a number, where it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Long(n) => Some(*n as f64),
            Value::Real(n) => Some(*n),
            _ => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Long(_) | Value::Real(_) => 2,
            Value::Datetime(_) => 3,
            Value::Timespan(_) => 4,
            Value::String(_) => 5,
            Value::Guid(_) => 6,
            Value::Array(_) => 7,
            Value::Bag(_) => 8,
        }
    }
}

/// The text of a real number.
fn real_text(n: f64) -> String {
    if n.is_nan() {
        "NaN".to_owned()
    } else if n.is_infinite() {
        if n > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        format!("{n:?}")
    }
}

/// A total order for sorting, grouping and sets. What operators say about values is in `compare.rs`.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Long(a), Value::Long(b))
            | (Value::Datetime(a), Value::Datetime(b))
            | (Value::Timespan(a), Value::Timespan(b)) => a.cmp(b),
            (Value::Real(a), Value::Real(b)) => zero(*a).total_cmp(&zero(*b)),
            (Value::Long(a), Value::Real(b)) => (*a as f64).total_cmp(&zero(*b)),
            (Value::Real(a), Value::Long(b)) => zero(*a).total_cmp(&(*b as f64)),
            (Value::String(a), Value::String(b)) | (Value::Guid(a), Value::Guid(b)) => a.cmp(b),
            (Value::Array(a), Value::Array(b)) => a.cmp(b),
            (Value::Bag(a), Value::Bag(b)) => {
                let sorted = |bag: &Arc<[(Arc<str>, Value)]>| {
                    let mut members: Vec<(Arc<str>, Value)> = bag.to_vec();
                    members.sort();
                    members
                };
                sorted(a).cmp(&sorted(b))
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// Without the sign of a zero.
fn zero(n: f64) -> f64 {
    if n == 0.0 { 0.0 } else { n }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

//! Values: what a column of a row can hold, for the evaluator and for programs that embed Tripline.
//!
//! The types and what "missing" means for each are defined in `docs/language.md`, section "Types and missing values".

mod json;
mod json_text;
mod parse;
mod set;
mod time;

pub use json::Json;
pub use parse::{JsonError, Keys};
pub use set::Set;
pub use time::{Span, TICKS_PER_SECOND, Time};

use std::cmp::Ordering;
use std::sync::Arc;

/// One value of a row.
///
/// Absent, `null` and the empty text are one thing, [`Value::Missing`]: constructors fold them, so no other variant
/// ever holds a missing value.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Absent, null, or the empty text; also a value that did not convert to its column's type.
    #[default]
    Missing,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number (KQL `long`).
    Int(i64),
    /// A fraction (KQL `real`); never NaN.
    Real(f64),
    /// Text, never empty.
    Text(Arc<str>),
    /// An instant.
    Time(Time),
    /// A value below an open record: read as the other side of a test asks. Never `null` and never `""`.
    Json(Json),
    /// Distinct values.
    Set(Set),
}

impl Value {
    /// Text; the empty text is missing.
    pub fn text(text: impl Into<Arc<str>>) -> Value {
        let text = text.into();
        if text.is_empty() {
            Value::Missing
        } else {
            Value::Text(text)
        }
    }

    /// A real number; NaN is missing.
    pub fn real(number: f64) -> Value {
        if number.is_nan() {
            Value::Missing
        } else {
            Value::Real(number)
        }
    }

    /// A json value; `null` and `""` are missing.
    pub fn json(json: &Json) -> Value {
        if json.is_missing() {
            Value::Missing
        } else {
            Value::Json(json.clone())
        }
    }

    /// Whether there is a value at all.
    pub fn is_present(&self) -> bool {
        !matches!(self, Value::Missing)
    }

    /// The value read as text: text as it is, a json value as `docs/language.md` says (`as_text`). `None` when missing
    /// or when the value is no text.
    pub fn as_text(&self) -> Option<std::borrow::Cow<'_, str>> {
        match self {
            Value::Text(text) => Some(std::borrow::Cow::Borrowed(text)),
            Value::Json(json) => json.as_text(),
            _ => None,
        }
    }

    /// The value as it stands in an alert: sets as sorted arrays, times as RFC 3339, nothing for missing.
    pub fn to_json(&self) -> Option<serde_json::Value> {
        use serde_json::Value as J;
        Some(match self {
            Value::Missing => return None,
            Value::Bool(b) => J::Bool(*b),
            Value::Int(n) => J::from(*n),
            Value::Real(n) => serde_json::Number::from_f64(*n).map_or_else(|| J::String(n.to_string()), J::Number),
            Value::Text(text) => J::String(text.to_string()),
            Value::Time(time) => J::String(time.to_string()),
            Value::Json(json) => json.to_serde(),
            Value::Set(set) => J::Array(set.iter().filter_map(Value::to_json).collect()),
        })
    }

    fn rank(&self) -> u8 {
        match self {
            Value::Missing => 0,
            Value::Bool(_) => 1,
            Value::Int(_) | Value::Real(_) => 2,
            Value::Time(_) => 3,
            Value::Text(_) => 4,
            Value::Json(_) => 5,
            Value::Set(_) => 6,
        }
    }
}

/// A total order, used to sort sets, keys and alerts; within one type it is the natural order, text by code point.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Real(a), Value::Real(b)) => a.total_cmp(b),
            (Value::Int(a), Value::Real(b)) => (*a as f64).total_cmp(b).then(Ordering::Less),
            (Value::Real(a), Value::Int(b)) => a.total_cmp(&(*b as f64)).then(Ordering::Greater),
            (Value::Time(a), Value::Time(b)) => a.cmp(b),
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Json(a), Value::Json(b)) => a.cmp(b),
            (Value::Set(a), Value::Set(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
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

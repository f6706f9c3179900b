use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

/// A JSON value, cheap to clone. Object members keep the order of the text; a repeated key keeps its last value.
#[derive(Clone, Debug)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number that fits.
    Int(i64),
    /// Any other number.
    Real(f64),
    /// Text, may be empty here.
    Text(Arc<str>),
    /// An array.
    Array(Arc<[Json]>),
    /// An object.
    Object(Arc<[(Arc<str>, Json)]>),
}

impl Json {
    /// The member of an object; `None` for other values or where there is none.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(name, _)| &**name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The element of an array, from the end when negative (`-1` is the last).
    pub fn at(&self, index: i64) -> Option<&Json> {
        let Json::Array(elements) = self else { return None };
        let index = if index < 0 {
            index.checked_add(i64::try_from(elements.len()).ok()?)?
        } else {
            index
        };
        elements.get(usize::try_from(index).ok()?)
    }

    /// `null` and the empty text count as missing.
    pub fn is_missing(&self) -> bool {
        matches!(self, Json::Null) || matches!(self, Json::Text(text) if text.is_empty())
    }

    /// The value read as text: texts unchanged, whole numbers by their digits, `true`/`false`, compact JSON for objects and
    /// arrays. `None` when missing.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Json::Null => return None,
            Json::Text(text) if text.is_empty() => return None,
            Json::Text(text) => Cow::Borrowed(text),
            Json::Bool(true) => Cow::Borrowed("true"),
            Json::Bool(false) => Cow::Borrowed("false"),
            Json::Int(n) => Cow::Owned(n.to_string()),
            // `5.0` and `5` are one number; how a true fraction prints is not defined by the language.
            Json::Real(n) if n.fract() == 0.0 && n.abs() < 9_007_199_254_740_992.0 => {
                Cow::Owned((*n as i64).to_string())
            }
            Json::Real(_) | Json::Array(_) | Json::Object(_) => {
                // Writing to text cannot fail: keys are text.
                Cow::Owned(serde_json::to_string(self).unwrap_or_default())
            }
        })
    }

    /// The value as serde_json knows it, to print it.
    pub fn to_serde(&self) -> serde_json::Value {
        use serde_json::Value as J;
        match self {
            Json::Null => J::Null,
            Json::Bool(b) => J::Bool(*b),
            Json::Int(n) => J::from(*n),
            Json::Real(n) => serde_json::Number::from_f64(*n).map_or(J::Null, J::Number),
            Json::Text(text) => J::String(text.to_string()),
            Json::Array(elements) => J::Array(elements.iter().map(Json::to_serde).collect()),
            Json::Object(members) => J::Object(members.iter().map(|(k, v)| (k.to_string(), v.to_serde())).collect()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Json::Null => 0,
            Json::Bool(_) => 1,
            Json::Int(_) | Json::Real(_) => 2,
            Json::Text(_) => 3,
            Json::Array(_) => 4,
            Json::Object(_) => 5,
        }
    }
}

/// A total order, for sorting only.
impl Ord for Json {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
            (Json::Int(a), Json::Int(b)) => a.cmp(b),
            (Json::Real(a), Json::Real(b)) => a.total_cmp(b),
            (Json::Int(a), Json::Real(b)) => (*a as f64).total_cmp(b).then(Ordering::Less),
            (Json::Real(a), Json::Int(b)) => a.total_cmp(&(*b as f64)).then(Ordering::Greater),
            (Json::Text(a), Json::Text(b)) => a.cmp(b),
            (Json::Array(a), Json::Array(b)) => a.cmp(b),
            (Json::Object(a), Json::Object(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Json {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Json {}

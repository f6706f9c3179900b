use super::Value;

/// Distinct present values, kept sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Set(Vec<Value>);

impl Set {
    /// The set of the given values; missing ones are left out.
    pub fn new(values: impl IntoIterator<Item = Value>) -> Set {
        let mut values: Vec<Value> = values.into_iter().filter(Value::is_present).collect();
        values.sort();
        values.dedup();
        Set(values)
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The elements in order.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.0.iter()
    }

    /// Whether the element is there.
    pub fn contains(&self, value: &Value) -> bool {
        self.0.binary_search(value).is_ok()
    }

    /// Elements of either.
    #[must_use]
    pub fn union(&self, other: &Set) -> Set {
        Set::new(self.0.iter().chain(&other.0).cloned())
    }

    /// Elements of both.
    #[must_use]
    pub fn intersect(&self, other: &Set) -> Set {
        Set(self.0.iter().filter(|v| other.contains(v)).cloned().collect())
    }

    /// Elements of this set that the other lacks.
    #[must_use]
    pub fn minus(&self, other: &Set) -> Set {
        Set(self.0.iter().filter(|v| !other.contains(v)).cloned().collect())
    }
}

impl FromIterator<Value> for Set {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Set {
        Set::new(values)
    }
}

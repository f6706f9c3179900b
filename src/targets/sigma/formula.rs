//! What is asked of an event: tests of single fields, joined with and, or, not.

use crate::targets::yaml::Node;
use std::collections::{BTreeMap, BTreeSet};

/// A condition over the fields of one event.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Formula {
    /// Decided without looking at the event.
    Known(bool),
    /// A test of one field.
    Item(Item),
    /// The field is absent, null or empty.
    Missing(String),
    /// Negation; Sigma's `not` is exact.
    Not(Box<Formula>),
    /// All of them; at least two.
    All(Vec<Formula>),
    /// Any of them; at least two.
    Any(Vec<Formula>),
}

/// `field|modifiers: values`, true where any of the values fits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// `userIdentity.arn`
    pub(super) field: String,
    /// `|re|i`; empty for none.
    pub(super) modifiers: &'static str,
    /// At least one.
    pub(super) values: Vec<Node>,
}

impl Item {
    /// What stands before the colon.
    pub(super) fn key(&self) -> String {
        format!("{}{}", self.field, self.modifiers)
    }

    /// What stands behind it.
    pub(super) fn node(&self) -> Node {
        match self.values.as_slice() {
            [one] => one.clone(),
            many => Node::List(many.to_vec()),
        }
    }
}

impl Formula {
    /// A test; false without any value.
    pub(super) fn item(field: &str, modifiers: &'static str, values: impl IntoIterator<Item = Node>) -> Formula {
        let mut seen = BTreeSet::new();
        let distinct: Vec<Node> = values.into_iter().filter(|value| seen.insert(as_text(value))).collect();
        if distinct.is_empty() {
            return Formula::Known(false);
        }
        Formula::Item(Item {
            field: field.to_owned(),
            modifiers,
            values: distinct,
        })
    }

    /// All of the parts, each once.
    pub(super) fn all(parts: impl IntoIterator<Item = Formula>) -> Formula {
        let mut flat: Vec<Formula> = Vec::new();
        for part in parts {
            match part {
                Formula::Known(true) => {}
                Formula::Known(false) => return part,
                Formula::All(more) => more.into_iter().for_each(|part| push(&mut flat, part)),
                part => push(&mut flat, part),
            }
        }
        match flat.len() {
            0 => Formula::Known(true),
            1 => flat.swap_remove(0),
            _ => Formula::All(flat),
        }
    }

    /// Any of the parts; tests of one field in one way become one test.
    pub(super) fn any(parts: impl IntoIterator<Item = Formula>) -> Formula {
        let mut any = Any::default();
        for part in parts {
            match part {
                Formula::Known(false) => {}
                Formula::Known(true) => return part,
                Formula::Any(more) => more.into_iter().for_each(|part| any.push(part)),
                part => any.push(part),
            }
        }
        let mut flat = any.parts;
        match flat.len() {
            0 => Formula::Known(false),
            1 => flat.swap_remove(0),
            _ => Formula::Any(flat),
        }
    }

    /// The negation.
    pub(super) fn negated(self) -> Formula {
        match self {
            Formula::Known(b) => Formula::Known(!b),
            Formula::Not(inner) => *inner,
            other => Formula::Not(Box::new(other)),
        }
    }
}

fn push(parts: &mut Vec<Formula>, part: Formula) {
    if !parts.contains(&part) {
        parts.push(part);
    }
}

/// Two values are the same where their texts are. Lists may be long: a set of texts finds one at once.
fn as_text(value: &Node) -> String {
    format!("{value:?}")
}

/// Parts of which any may hold.
#[derive(Default)]
struct Any {
    parts: Vec<Formula>,
    /// For each field and way to test it, which of the parts does so, and the values there.
    items: BTreeMap<(String, &'static str), (usize, BTreeSet<String>)>,
}

impl Any {
    fn push(&mut self, part: Formula) {
        let Formula::Item(new) = part else {
            return push(&mut self.parts, part);
        };
        let key = (new.field.clone(), new.modifiers);
        if let Some((at, seen)) = self.items.get_mut(&key) {
            if let Some(Formula::Item(old)) = self.parts.get_mut(*at) {
                let more = new.values.into_iter().filter(|value| seen.insert(as_text(value)));
                old.values.extend(more);
            }
            return;
        }
        let seen = new.values.iter().map(as_text).collect();
        self.items.insert(key, (self.parts.len(), seen));
        self.parts.push(Formula::Item(new));
    }
}

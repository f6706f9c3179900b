//! What is asked of an event: tests of single fields, joined with and, or, not.

use crate::targets::yaml::Node;

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
        let mut distinct: Vec<Node> = Vec::new();
        for value in values {
            if !distinct.contains(&value) {
                distinct.push(value);
            }
        }
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
        let mut flat: Vec<Formula> = Vec::new();
        for part in parts {
            match part {
                Formula::Known(false) => {}
                Formula::Known(true) => return part,
                Formula::Any(more) => more.into_iter().for_each(|part| merge(&mut flat, part)),
                part => merge(&mut flat, part),
            }
        }
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

fn merge(parts: &mut Vec<Formula>, part: Formula) {
    if let Formula::Item(new) = &part {
        let same = |old: &&mut Item| old.field == new.field && old.modifiers == new.modifiers;
        let old = parts.iter_mut().find_map(|old| match old {
            Formula::Item(old) => Some(old).filter(same),
            _ => None,
        });
        if let Some(old) = old {
            for value in &new.values {
                if !old.values.contains(value) {
                    old.values.push(value.clone());
                }
            }
            return;
        }
    }
    push(parts, part);
}

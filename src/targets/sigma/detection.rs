//! The layout of a detection, as rules in SigmaHQ have it: what must hold in `selection` and its like, what must not in
//! `filter_main_*`; what is neither in sections of its own, joined in the condition.

use super::formula::{Formula, Item};
use crate::targets::yaml::Node;
use std::collections::BTreeSet;

/// A part of what every event must satisfy.
#[derive(Clone, Debug)]
pub(super) struct Conjunct {
    pub(super) formula: Formula,
    /// The reason of an `except`; its formula is negated already.
    pub(super) reason: Option<String>,
}

/// A section: a list of maps, true where all of any map is.
type Maps = Vec<Vec<Item>>;

/// The members of `detection`, the condition last; `None` where nothing is asked.
pub(super) fn detection(conjuncts: &[Conjunct]) -> Option<Vec<(String, Node)>> {
    let mut layout = Layout::default();
    for conjunct in conjuncts {
        layout.conjunct(&conjunct.formula, conjunct.reason.as_deref());
    }
    layout.finish()
}

#[derive(Default)]
struct Layout {
    /// The one map that tests of different keys share.
    selection: Vec<Item>,
    /// Name and content of further sections that must hold.
    selections: Vec<(String, Maps)>,
    /// Sections that only the condition joins.
    parts: Vec<(String, Maps)>,
    /// What the condition says of them.
    expressions: Vec<String>,
    /// Sections that must not hold.
    filters: Vec<(String, Maps)>,
    names: BTreeSet<String>,
}

impl Layout {
    fn conjunct(&mut self, formula: &Formula, reason: Option<&str>) {
        match formula {
            Formula::Known(_) => {}
            Formula::All(parts) => parts.iter().for_each(|part| self.conjunct(part, reason)),
            Formula::Item(item) => {
                if self.selection.iter().any(|other| other.key() == item.key()) {
                    self.section(vec![vec![item.clone()]]);
                } else {
                    self.selection.push(item.clone());
                }
            }
            Formula::Not(inner) => match (maps(inner), inner.as_ref()) {
                (Some(maps), _) => {
                    if !self.filters.iter().any(|(_, known)| *known == maps) {
                        let words = reason.map(slug).filter(|words| !words.is_empty());
                        let name = self.name("filter_main", &words.unwrap_or_else(|| hint(&maps)));
                        self.filters.push((name, maps));
                    }
                }
                // Not any of them is none of them.
                (None, Formula::Any(parts)) => {
                    for part in parts {
                        self.conjunct(&part.clone().negated(), reason);
                    }
                }
                (None, _) => self.expression(formula, reason),
            },
            Formula::Missing(_) | Formula::Any(_) => match maps(formula) {
                Some(maps) => self.section(maps),
                None => self.expression(formula, reason),
            },
        }
    }

    fn section(&mut self, maps: Maps) {
        if !self.selections.iter().any(|(_, known)| *known == maps) {
            let name = self.name("selection", &hint(&maps));
            self.selections.push((name, maps));
        }
    }

    fn expression(&mut self, formula: &Formula, reason: Option<&str>) {
        let text = self.text(formula, reason, Binding::And);
        if !self.expressions.contains(&text) {
            self.expressions.push(text);
        }
    }

    /// What the condition says of a formula; its sections are added.
    fn text(&mut self, formula: &Formula, reason: Option<&str>, outer: Binding) -> String {
        if let Some(maps) = maps(formula) {
            return self.part(maps, reason);
        }
        let (inner, word, parts) = match formula {
            Formula::Not(inner) => return format!("not {}", self.text(inner, reason, Binding::Not)),
            Formula::All(parts) => (Binding::And, " and ", parts),
            Formula::Any(parts) => (Binding::Or, " or ", parts),
            // These are sections.
            Formula::Item(_) | Formula::Missing(_) | Formula::Known(_) => return String::new(),
        };
        // What can share a section does.
        let (mut shared, mut apart): (Vec<Formula>, Vec<&Formula>) = Default::default();
        for part in parts {
            let same = |key: &str| {
                let mut items = shared.iter();
                items.any(|other| matches!(other, Formula::Item(other) if other.key() == key))
            };
            let fits = match (inner, part) {
                (Binding::And, Formula::Item(item)) => !same(&item.key()),
                (Binding::And, _) => false,
                _ => maps(part).is_some(),
            };
            if fits {
                shared.push(part.clone());
            } else {
                apart.push(part);
            }
        }
        let shared = match inner {
            Binding::And => Formula::all(shared),
            _ => Formula::any(shared),
        };
        let mut texts: Vec<String> = Vec::new();
        texts.extend(maps(&shared).map(|maps| self.part(maps, reason)));
        for part in apart {
            let text = self.text(part, reason, inner);
            texts.push(text);
        }
        let text = texts.join(word);
        // `and` would bind tighter than `or` without brackets, but not every reader knows.
        if inner != outer && texts.len() > 1 {
            format!("({text})")
        } else {
            text
        }
    }

    fn part(&mut self, maps: Maps, reason: Option<&str>) -> String {
        if let Some((name, _)) = self.parts.iter().find(|(_, known)| *known == maps) {
            return name.clone();
        }
        let words: Vec<String> = reason.map(slug).into_iter().chain([hint(&maps)]).collect();
        let name = self.name("part", words.join("_").trim_matches('_'));
        self.parts.push((name.clone(), maps));
        name
    }

    /// A name that no other section has.
    fn name(&mut self, prefix: &str, words: &str) -> String {
        let plain = if words.is_empty() {
            prefix.to_owned()
        } else {
            format!("{prefix}_{words}")
        };
        let mut name = plain.clone();
        let mut n = 2;
        while !self.names.insert(name.clone()) {
            name = format!("{plain}_{n}");
            n += 1;
        }
        name
    }

    fn finish(self) -> Option<Vec<(String, Node)>> {
        let mut selections = self.selections;
        if !self.selection.is_empty() {
            selections.insert(0, ("selection".to_owned(), vec![self.selection]));
        }
        if let [(name, _)] = selections.as_mut_slice() {
            "selection".clone_into(name);
        }
        let mut conditions = Vec::new();
        match selections.as_slice() {
            [] => {}
            [(name, _)] => conditions.push(name.clone()),
            _ => conditions.push("all of selection*".to_owned()),
        }
        let alone = selections.is_empty() && self.filters.is_empty() && self.expressions.len() == 1;
        conditions.extend(self.expressions.into_iter().map(|text| match alone {
            // The only expression needs no brackets around it.
            true => unbracketed(&text).unwrap_or(text),
            false => text,
        }));
        if !self.filters.is_empty() {
            conditions.push("not 1 of filter_main_*".to_owned());
        }
        if conditions.is_empty() {
            return None;
        }
        let sections = selections.into_iter().chain(self.parts).chain(self.filters);
        let mut members: Vec<(String, Node)> = sections.map(|(name, maps)| (name, node(&maps))).collect();
        members.push(("condition".to_owned(), Node::Text(conditions.join(" and "))));
        Some(members)
    }
}

/// What joins or negates parts of a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Binding {
    Or,
    And,
    Not,
}

/// A text without the brackets that stand around all of it.
fn unbracketed(text: &str) -> Option<String> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0_i32;
    for c in inner.chars() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth < 0 {
            return None;
        }
    }
    Some(inner.to_owned())
}

/// The formula as one section, where it can be one.
fn maps(formula: &Formula) -> Option<Maps> {
    match formula {
        Formula::Item(item) => Some(vec![vec![item.clone()]]),
        Formula::Missing(field) => Some(missing(field)),
        Formula::All(parts) => {
            let mut map: Vec<Item> = Vec::new();
            for part in parts {
                match part {
                    Formula::Item(item) if !map.iter().any(|other| other.key() == item.key()) => map.push(item.clone()),
                    _ => return None,
                }
            }
            Some(vec![map])
        }
        Formula::Any(parts) => {
            let parts: Option<Vec<Maps>> = parts.iter().map(maps).collect();
            Some(parts?.into_iter().flatten().collect())
        }
        Formula::Known(_) | Formula::Not(_) => None,
    }
}

/// A list cannot hold `null`, so absent and empty are two maps.
fn missing(field: &str) -> Maps {
    let item = |value| Item {
        field: field.to_owned(),
        modifiers: "",
        values: vec![value],
    };
    vec![vec![item(Node::Null)], vec![item(Node::Quoted(String::new()))]]
}

fn node(maps: &Maps) -> Node {
    let map = |items: &Vec<Item>| Node::Map(items.iter().map(|item| (item.key(), item.node())).collect());
    match maps.as_slice() {
        [one] => map(one),
        many => Node::List(many.iter().map(map).collect()),
    }
}

/// What a section is about, in words for its name: `no_errorcode`, `username_or_arn`.
fn hint(maps: &Maps) -> String {
    let join = |mut words: Vec<String>, by: &str| {
        let mut seen = BTreeSet::new();
        words.retain(|word| seen.insert(word.clone()));
        words.truncate(2);
        words.join(by)
    };
    let last = |item: &Item| slug(item.field.rsplit('.').next().unwrap_or(&item.field));
    let words = maps.iter().map(|map| match map.as_slice() {
        [one] if missing(&one.field).contains(map) => format!("no_{}", last(one)),
        items => join(items.iter().map(last).collect(), "_and_"),
    });
    join(words.collect(), "_or_")
}

/// Words of a text as a part of a name: small letters and digits joined by `_`, not too many.
pub(super) fn slug(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut slug = String::new();
    for word in text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        if !slug.is_empty() {
            if slug.len() + 1 + word.len() > LONGEST {
                break;
            }
            slug.push('_');
        }
        slug.extend(word.chars().take(LONGEST).map(|c| c.to_ascii_lowercase()));
    }
    slug
}

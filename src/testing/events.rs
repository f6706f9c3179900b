//! Events of a test: offsets become times, dotted fields an object, `{n}` the number of the repetition.

use crate::check::Test;
use crate::evaluate::Event;
use crate::source::{Catalog, FIELDS, SourceId};
use crate::syntax::ast::{LiteralKind, Object, Segment};
use crate::value::{Json, Span, Time};
use std::sync::Arc;

/// An event as a test wrote it.
#[derive(Clone, Debug)]
pub struct TestEvent {
    /// Its source.
    pub source: SourceId,
    /// Its fields.
    pub body: Json,
    /// When.
    pub time: Time,
    /// `event 1`, counted in the order of the text.
    pub id: Arc<str>,
}

impl TestEvent {
    /// As the evaluator takes it.
    pub fn as_event(&self) -> Event<'_> {
        Event {
            source: self.source,
            shape: FIELDS,
            body: &self.body,
            time: self.time,
            id: &self.id,
        }
    }
}

/// The events of a test, repetitions written out.
pub fn events(test: &Test<'_>, catalog: &Catalog) -> Vec<TestEvent> {
    let mut events = Vec::new();
    for (given, source) in test.ast.given.iter().zip(&test.sources) {
        let (count, every) = given.repeat.unwrap_or((1, Span(0)));
        for n in 1..=count {
            let after = Span(every.0.saturating_mul(i64::from(n) - 1));
            let mut body = Tree::default();
            if let Some(common) = &test.ast.common {
                body.add(common, n);
            }
            body.add(&given.fields, n);
            let mut body = body.into_json();
            let mut id: Arc<str> = format!("event {}", events.len() + 1).into();
            let table = catalog.get(*source);
            if let Some(field) = table.id {
                let name = &table.get(field).name;
                match table.read(FIELDS, field, &body).value.as_text() {
                    Some(own) => id = own.as_ref().into(),
                    None => {
                        let mut tree = Tree::from_json(&body);
                        tree.put(
                            &name.split('.').map(str::to_owned).collect::<Vec<_>>(),
                            Json::Text(id.clone()),
                        );
                        body = tree.into_json();
                    }
                }
            }
            events.push(TestEvent {
                source: *source,
                body,
                time: test.ast.now.minus(given.before).plus(after),
                id,
            });
        }
    }
    events
}

/// An object that grows by dotted paths.
#[derive(Default)]
struct Tree {
    members: Vec<(String, Node)>,
}

enum Node {
    Leaf(Json),
    Tree(Tree),
}

impl Tree {
    fn add(&mut self, object: &Object, n: u32) {
        for (path, value) in &object.pairs {
            let mut words: Vec<String> = Vec::new();
            for segment in &path.segments {
                match segment {
                    Segment::Name(name) | Segment::Key(name) => words.push(name.clone()),
                    Segment::Index(index) => words.push(index.to_string()),
                }
            }
            self.put(&words, json(&value.kind, n));
        }
    }

    fn put(&mut self, words: &[String], value: Json) {
        let Some((first, rest)) = words.split_first() else {
            return;
        };
        let at = self.members.iter().position(|(name, _)| name == first);
        if rest.is_empty() {
            // Two objects at one place are one: `common` and the event's own fields.
            let merged = match (at.and_then(|at| self.members.get_mut(at)), &value) {
                (Some((_, Node::Tree(tree))), Json::Object(members)) => {
                    for (name, value) in members.iter() {
                        tree.put(&[name.to_string()], value.clone());
                    }
                    true
                }
                _ => false,
            };
            if merged {
                return;
            }
            let node = match value {
                Json::Object(_) => Node::Tree(Tree::from_json(&value)),
                leaf => Node::Leaf(leaf),
            };
            match at.and_then(|at| self.members.get_mut(at)) {
                Some((_, old)) => *old = node,
                None => self.members.push((first.clone(), node)),
            }
            return;
        }
        match at.and_then(|at| self.members.get_mut(at)) {
            Some((_, Node::Tree(tree))) => tree.put(rest, value),
            Some((_, old)) => {
                let mut tree = Tree::default();
                tree.put(rest, value);
                *old = Node::Tree(tree);
            }
            None => {
                let mut tree = Tree::default();
                tree.put(rest, value);
                self.members.push((first.clone(), Node::Tree(tree)));
            }
        }
    }

    fn from_json(json: &Json) -> Tree {
        let mut tree = Tree::default();
        if let Json::Object(members) = json {
            for (name, value) in members.iter() {
                let node = match value {
                    Json::Object(_) => Node::Tree(Tree::from_json(value)),
                    leaf => Node::Leaf(leaf.clone()),
                };
                tree.members.push((name.to_string(), node));
            }
        }
        tree
    }

    fn into_json(self) -> Json {
        Json::object(self.members.into_iter().map(|(name, node)| {
            let value = match node {
                Node::Leaf(leaf) => leaf,
                Node::Tree(tree) => tree.into_json(),
            };
            (Arc::from(name), value)
        }))
    }
}

/// A literal of a test as JSON; `{n}` in texts is the number of the repetition.
fn json(kind: &LiteralKind, n: u32) -> Json {
    match kind {
        LiteralKind::Text(text) => Json::Text(text.replace("{n}", &n.to_string()).into()),
        LiteralKind::Int(number) => Json::Int(*number),
        LiteralKind::Real(number) => Json::Real(*number),
        LiteralKind::Bool(b) => Json::Bool(*b),
        LiteralKind::Null | LiteralKind::Duration(_) => Json::Null,
        LiteralKind::List(elements) => Json::Array(elements.iter().map(|e| json(&e.kind, n)).collect()),
        LiteralKind::Object(object) => {
            let mut tree = Tree::default();
            tree.add(object, n);
            tree.into_json()
        }
    }
}

//! Events of a test: offsets become times, dotted fields an object, `{n}` the number of the repetition.

use crate::check::Test;
use crate::evaluate::Event;
use crate::resolve::MAX_INDEX;
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
                            &name
                                .split('.')
                                .map(|word| Segment::Name(word.to_owned()))
                                .collect::<Vec<_>>(),
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

/// A value that grows by paths.
enum Node {
    Leaf(Json),
    Tree(Vec<(String, Node)>),
    List(Vec<Node>),
}

/// An object that grows by paths.
pub(crate) struct Tree(Node);

impl Default for Tree {
    fn default() -> Tree {
        Tree(Node::Tree(Vec::new()))
    }
}

impl Tree {
    fn add(&mut self, object: &Object, n: u32) {
        for (path, value) in &object.pairs {
            self.0.put(&path.segments, json(&value.kind, n));
        }
    }

    pub(crate) fn put(&mut self, words: &[Segment], value: Json) {
        self.0.put(words, value);
    }

    pub(crate) fn from_json(json: &Json) -> Tree {
        Tree(Node::from_json(json))
    }

    pub(crate) fn into_json(self) -> Json {
        self.0.into_json()
    }
}

impl Node {
    fn from_json(json: &Json) -> Node {
        match json {
            Json::Object(members) => {
                let members = members.iter();
                Node::Tree(
                    members
                        .map(|(name, value)| (name.to_string(), Node::from_json(value)))
                        .collect(),
                )
            }
            Json::Array(elements) => Node::List(elements.iter().map(Node::from_json).collect()),
            leaf => Node::Leaf(leaf.clone()),
        }
    }

    fn into_json(self) -> Json {
        match self {
            Node::Leaf(leaf) => leaf,
            Node::Tree(members) => {
                let members = members.into_iter();
                Json::object(members.map(|(name, node)| (Arc::from(name), node.into_json())))
            }
            Node::List(elements) => Json::Array(elements.into_iter().map(Node::into_json).collect()),
        }
    }

    /// Puts a value at the end of a path. What is in the way gives way; two objects at one place are one (`common` and
    /// the event's own fields).
    fn put(&mut self, path: &[Segment], value: Json) {
        let Some((first, rest)) = path.split_first() else {
            match (&mut *self, value) {
                (Node::Tree(_), Json::Object(members)) => {
                    for (name, value) in members.iter() {
                        self.put(&[Segment::Key(name.to_string())], value.clone());
                    }
                }
                (place, value) => *place = Node::from_json(&value),
            }
            return;
        };
        match first {
            Segment::Name(name) | Segment::Key(name) => {
                if !matches!(self, Node::Tree(_)) {
                    *self = Node::Tree(Vec::new());
                }
                let Node::Tree(members) = self else { return };
                let at = match members.iter().position(|(known, _)| known == name) {
                    Some(at) => at,
                    None => {
                        members.push((name.clone(), Node::Leaf(Json::Null)));
                        members.len() - 1
                    }
                };
                if let Some((_, node)) = members.get_mut(at) {
                    node.put(rest, value);
                }
            }
            Segment::Index(index) => {
                if !matches!(self, Node::List(_)) {
                    *self = Node::List(Vec::new());
                }
                // The checker has refused other indexes.
                let (Node::List(elements), Ok(index)) = (self, usize::try_from(*index)) else {
                    return;
                };
                if index > usize::from(MAX_INDEX) {
                    return;
                }
                while elements.len() <= index {
                    elements.push(Node::Leaf(Json::Null));
                }
                if let Some(node) = elements.get_mut(index) {
                    node.put(rest, value);
                }
            }
        }
    }
}

/// A literal of a test as JSON; `{n}` in texts is the number of the repetition.
pub(super) fn json(kind: &LiteralKind, n: u32) -> Json {
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

//! The raw forms of a log, and how rows of its table are known.

use super::super::Shape;
use super::super::path::Alternative;
use super::super::yaml::{Kind, Node};
use super::{Keys, Reader, is_name};
use crate::diagnostics::{Code, Diagnostic};

const SHAPE: &[&str] = &["has", "lacks", "one_of", "contains", "paths", "under"];

/// Where a field stands in a shape that it says nothing about.
pub(super) struct Default {
    pub(super) paths: Paths,
    pub(super) under: Option<Alternative>,
    /// Something is wrong with the shape, so that nothing follows from what it lacks.
    pub(super) broken: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Paths {
    None,
    Name,
    Column,
}

fn plain(name: &str) -> Shape {
    Shape {
        name: name.to_owned(),
        has: Vec::new(),
        lacks: Vec::new(),
        one_of: Vec::new(),
        contains: Vec::new(),
    }
}

impl Reader<'_> {
    /// The shapes, `fields` and `table` first, and for each where fields stand that do not say it.
    pub(super) fn shapes(&mut self, keys: &Keys<'_>) -> (Vec<Shape>, Vec<Default>) {
        let mut shapes = vec![plain("fields"), plain("table")];
        let built_in = |paths| Default {
            paths,
            under: None,
            broken: false,
        };
        let mut defaults = vec![built_in(Paths::Name), built_in(Paths::None)];
        let Some(node) = keys.get("shapes") else {
            return (shapes, defaults);
        };
        let Kind::Map(pairs) = &node.kind else {
            self.bad(
                node,
                "shapes",
                "a map: the name of each shape, and how it is recognised",
            );
            return (shapes, defaults);
        };
        for (key, value) in pairs {
            let name = key.text().unwrap_or("");
            if !is_name(name) {
                self.name(key, name, "a shape");
                continue;
            }
            if shapes.iter().any(|shape| shape.name == name) {
                let place = self.line(&key.place);
                let why = match name {
                    "fields" | "table" => "this shape is always there",
                    _ => "this shape stands above already",
                };
                self.findings.push(
                    Diagnostic::new(
                        Code::BadSourceValue,
                        place,
                        format!("`{name}` cannot be the name of a shape"),
                    )
                    .label(why)
                    .help(format!("call it `{name}_2`, or what it is")),
                );
                continue;
            }
            // Fields may name a shape that is wrong in itself.
            let (mut shape, mut default) = (plain(name), built_in(Paths::None));
            let before = self.findings.len();
            self.shape(value, &mut shape, &mut default);
            default.broken = self.findings.len() > before;
            shapes.push(shape);
            defaults.push(default);
        }
        (shapes, defaults)
    }

    fn shape(&mut self, node: &Node, shape: &mut Shape, default: &mut Default) {
        let what = format!("the shape `{}`", shape.name);
        let Some(keys) = self.keys(node, &what, SHAPE) else {
            return;
        };
        let Some(has) = self.needed(&keys, &what, "has") else {
            return;
        };
        shape.has = self.places(has, "has");
        if matches!(&has.kind, Kind::List(nodes) if nodes.is_empty()) {
            let help = "name keys that every record of this shape has and others lack: `has: [eventName]`".to_owned();
            self.unfit(has, format!("nothing tells a record of {what}"), help);
        }
        if let Some(lacks) = keys.get("lacks") {
            shape.lacks = self.places(lacks, "lacks");
        }
        for (path, value) in self.map_of(&keys, "one_of") {
            let texts = self.texts(value, "one_of");
            if let Some(path) = self.path(path) {
                let texts = texts.iter().map(|(text, _)| (*text).to_owned()).collect();
                shape.one_of.push((path, texts));
            }
        }
        for (path, value) in self.map_of(&keys, "contains") {
            if let (Some(path), Some(text)) = (self.path(path), self.text(value, "contains")) {
                shape.contains.push((path, text));
            }
        }
        if let Some(node) = keys.get("paths") {
            let words = [("name", Paths::Name), ("column", Paths::Column), ("none", Paths::None)];
            default.paths = self.one_of(node, "paths", &words).unwrap_or(Paths::None);
        }
        if let Some(node) = keys.get("under") {
            default.under = self.path(node);
        }
    }

    fn places(&mut self, node: &Node, key: &str) -> Vec<Alternative> {
        let texts = self.texts(node, key);
        texts.into_iter().filter_map(|(_, node)| self.path(node)).collect()
    }

    fn map_of<'n>(&mut self, keys: &Keys<'n>, key: &str) -> Vec<(&'n Node, &'n Node)> {
        match keys.get(key).map(|node| (node, &node.kind)) {
            None => Vec::new(),
            Some((_, Kind::Map(pairs))) => pairs.iter().map(|(key, value)| (key, value)).collect(),
            Some((node, Kind::Text { .. } | Kind::List(_))) => {
                self.bad(node, key, "a map");
                Vec::new()
            }
        }
    }

    /// A path into a record.
    pub(super) fn path(&mut self, node: &Node) -> Option<Alternative> {
        let text = node.text().unwrap_or("");
        match Alternative::parse(text) {
            Ok(path) => Some(path),
            Err(message) => {
                let place = self.line(&node.place);
                let help =
                    "write names joined by dots, `user.name`; a key that is no plain word stands as `[\"any key\"]`";
                self.findings
                    .push(Diagnostic::new(Code::BadSourceValue, place, message).help(help));
                None
            }
        }
    }

    /// The columns that tell rows of the table.
    pub(super) fn table(&mut self, keys: &Keys<'_>, shapes: &mut [Shape]) {
        let mut table = plain("table");
        if let Some(node) = self.needed(keys, "a source file", "table_has") {
            let columns = self.texts(node, "table_has");
            if matches!(&node.kind, Kind::List(nodes) if nodes.is_empty()) {
                let help = "name columns that this table has and others lack: `table_has: [TimeGenerated, EventName]`";
                self.unfit(node, "`table_has` names no column".to_owned(), help.to_owned());
            }
            table.has = columns.iter().map(|(column, _)| Alternative::key(column)).collect();
        }
        if let Some(node) = keys.get("table_lacks") {
            let columns = self.texts(node, "table_lacks");
            table.lacks = columns.iter().map(|(column, _)| Alternative::key(column)).collect();
        }
        for (column, value) in self.map_of(keys, "table_contains") {
            if let Some(text) = self.text(value, "table_contains") {
                let column = column.text().unwrap_or("");
                table.contains.push((Alternative::key(column), text));
            }
        }
        if let Some(shape) = shapes.get_mut(1) {
            *shape = table;
        }
    }
}

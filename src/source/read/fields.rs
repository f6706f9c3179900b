//! The fields of a source, and those that are computed.

use super::super::path::Alternative;
use super::super::yaml::{Kind, Node};
use super::super::{ColumnType, Computed, Field, FieldPlaces, FieldType, Shape};
use super::shapes::{Default, Paths};
use super::{Keys, Reader, is_name, short};
use crate::diagnostics::{Code, Diagnostic, nearest};
use std::collections::BTreeMap;
use std::ops::Range;

const FIELD: &[&str] = &[
    "name",
    "type",
    "column",
    "column_type",
    "sigma",
    "sigma_text",
    "always",
    "table_only",
    "paths",
    "doc",
];

const COMPUTED: &[&str] = &["name", "doc", "text"];

const TYPES: [(&str, FieldType); 6] = [
    ("text", FieldType::Text),
    ("bool", FieldType::Bool),
    ("int", FieldType::Int),
    ("real", FieldType::Real),
    ("time", FieldType::Time),
    ("json", FieldType::Json),
];

const COLUMN_TYPES: [(&str, ColumnType); 7] = [
    ("string", ColumnType::String),
    ("bool", ColumnType::Bool),
    ("long", ColumnType::Long),
    ("int", ColumnType::Int),
    ("real", ColumnType::Real),
    ("datetime", ColumnType::Datetime),
    ("dynamic", ColumnType::Dynamic),
];

/// The Sigma name of a field that does not give its own.
#[derive(Clone, Copy)]
pub(super) enum SigmaNames {
    None,
    Name,
    Column,
}

/// The fields that can be used, and the names of those that cannot.
pub(super) struct Fields {
    pub(super) list: Vec<Field>,
    pub(super) broken: Vec<String>,
    /// Whether there is a list of them at all.
    pub(super) readable: bool,
}

impl Reader<'_> {
    pub(super) fn sigma(&mut self, keys: &Keys<'_>) -> SigmaNames {
        let words = [
            ("name", SigmaNames::Name),
            ("column", SigmaNames::Column),
            ("none", SigmaNames::None),
        ];
        let word = keys.get("sigma").and_then(|node| self.one_of(node, "sigma", &words));
        word.unwrap_or(SigmaNames::None)
    }

    pub(super) fn fields(
        &mut self,
        keys: &Keys<'_>,
        shapes: &[Shape],
        defaults: &[Default],
        sigma: SigmaNames,
    ) -> Fields {
        let mut fields = Fields {
            list: Vec::new(),
            broken: Vec::new(),
            readable: false,
        };
        let Some(node) = self.needed(keys, "a source file", "fields") else {
            return fields;
        };
        let Kind::List(nodes) = &node.kind else {
            self.bad(node, "fields", "a list");
            return fields;
        };
        fields.readable = true;
        let mut names: BTreeMap<String, Range<usize>> = BTreeMap::new();
        let mut columns: BTreeMap<String, Range<usize>> = BTreeMap::new();
        for node in nodes {
            let Some(field) = self.field(node, shapes, defaults, sigma, &mut fields.broken) else {
                continue;
            };
            self.once(&mut names, &field.name, &field.places.name, "are called");
            self.once(&mut columns, &field.column, &field.places.column, "have the column");
            fields.list.push(field);
        }
        if fields.list.len() > usize::from(u16::MAX) {
            self.unfit(
                node,
                "there are more fields than 65 535".to_owned(),
                "leave some out".to_owned(),
            );
        }
        fields
    }

    /// Says that two fields share what each has for itself.
    fn once(&mut self, seen: &mut BTreeMap<String, Range<usize>>, text: &str, place: &Range<usize>, what: &str) {
        match seen.get(text) {
            Some(first) => {
                let finding = Diagnostic::new(
                    Code::SourceNameTwice,
                    self.line(place),
                    format!("two fields {what} `{}`", short(text)),
                );
                self.findings
                    .push(finding.also(self.line(first), "the other one").help("keep one of them"));
            }
            None => {
                seen.insert(text.to_owned(), place.clone());
            }
        }
    }

    fn field(
        &mut self,
        node: &Node,
        shapes: &[Shape],
        defaults: &[Default],
        sigma: SigmaNames,
        broken: &mut Vec<String>,
    ) -> Option<Field> {
        let keys = self.keys(node, "a field", FIELD)?;
        let before = self.findings.len();
        let written = keys.get("name").and_then(Node::text).unwrap_or("").to_owned();
        let what = if written.is_empty() {
            "a field".to_owned()
        } else {
            format!("the field `{}`", short(&written))
        };
        let name = self.needed_text(&keys, &what, "name");
        if let (Some(name), Some(node)) = (&name, keys.get("name"))
            && !name.split('.').all(is_name)
        {
            self.name(node, name, "a field");
        }
        let ty = self
            .needed(&keys, &what, "type")
            .and_then(|node| self.one_of(node, "type", &TYPES));
        let column = self.needed_text(&keys, &what, "column");
        let column_type = match (keys.get("column_type"), ty) {
            (Some(node), _) => self.one_of(node, "column_type", &COLUMN_TYPES),
            (None, ty) => ty.map(FieldType::usual_column),
        };
        if let (Some(ty), Some(column_type)) = (ty, column_type)
            && !holds(column_type, ty)
            && let Some(node) = keys.get("column_type")
        {
            let message = format!("a {column_type} column cannot hold {what}, which is {ty}");
            let help = match TYPES.iter().find(|(_, ty)| holds(column_type, *ty)) {
                Some((word, _)) => format!("write `type: {word}`, or `column_type: {}`", ty.usual_column()),
                None => format!("write `column_type: {}`", ty.usual_column()),
            };
            self.unfit(node, message, help);
        }
        let sigma_text = self.flag(&keys, "sigma_text");
        if let (true, Some(ty), Some(node)) = (sigma_text, ty, keys.get("sigma_text"))
            && ty != FieldType::Bool
        {
            let message = format!("`sigma_text` is for bools, and {what} is {ty}");
            self.unfit(node, message, "leave it out".to_owned());
        }
        let table_only = self.flag(&keys, "table_only");
        let always = self.flag(&keys, "always");
        let own_sigma = self.optional_text(&keys, "sigma");
        let doc = self.needed_text(&keys, &what, "doc");
        let given = self.given(&keys, &what, shapes);
        let paths = match (&name, &column) {
            (Some(name), Some(column)) => paths(name, column, table_only, shapes, defaults, given),
            _ => Vec::new(),
        };
        if self.findings.len() > before {
            broken.push(written);
        }
        let (name, column) = (name?, column?);
        let sigma = own_sigma.or_else(|| match sigma {
            _ if table_only => None,
            SigmaNames::None => None,
            SigmaNames::Name => Some(name.clone()),
            SigmaNames::Column => Some(column.clone()),
        });
        let place = |key: &str| keys.get(key).map_or(node.place.clone(), |node| node.place.clone());
        Some(Field {
            places: FieldPlaces {
                name: place("name"),
                column: place("column"),
                column_type: keys.get("column_type").map(|node| node.place.clone()),
            },
            name,
            ty: ty?,
            column,
            column_type: column_type?,
            sigma,
            sigma_text,
            never_missing: always,
            table_only,
            doc: doc?,
            paths,
        })
    }

    /// The places that a field gives itself, by shape.
    fn given(&mut self, keys: &Keys<'_>, what: &str, shapes: &[Shape]) -> BTreeMap<String, Vec<Alternative>> {
        let mut given = BTreeMap::new();
        let Some(node) = keys.get("paths") else { return given };
        let Kind::Map(pairs) = &node.kind else {
            self.bad(node, "paths", "a map: a shape, and the place of the field in it");
            if let Some(finding) = self.findings.last_mut() {
                finding.help = vec!["write `paths: { log: user.name }`".to_owned()];
            }
            return given;
        };
        for (key, value) in pairs {
            let shape = key.text().unwrap_or("");
            if !shapes.iter().any(|known| known.name == shape) {
                let message = format!("{what} has a path for the shape `{}`, which is not there", short(shape));
                let known = || shapes.iter().skip(1).map(|shape| shape.name.as_str());
                let help = match nearest(shape, known()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", super::listed(known())),
                };
                self.unfit(key, message, help);
            }
            let places = match &value.kind {
                Kind::List(nodes) => nodes.iter().collect(),
                Kind::Text { .. } | Kind::Map(_) => vec![value],
            };
            let found = places.into_iter().filter_map(|node| self.alternative(node)).collect();
            given.insert(shape.to_owned(), found);
        }
        given
    }

    /// A path, or `{ path: p, after: w, lower: true }`.
    fn alternative(&mut self, node: &Node) -> Option<Alternative> {
        if let Kind::Text { .. } = node.kind {
            return self.path(node);
        }
        let keys = self.keys(node, "a path", &["path", "after", "lower"])?;
        let path = self.needed(&keys, "a path", "path").and_then(|node| self.path(node));
        let after = self.optional_text(&keys, "after");
        let lower = self.flag(&keys, "lower");
        Some(path?.with(after, lower))
    }

    pub(super) fn computed(&mut self, keys: &Keys<'_>, fields: &Fields) -> Vec<Computed> {
        let mut computed: Vec<Computed> = Vec::new();
        let Some(node) = keys.get("computed") else {
            return computed;
        };
        let Kind::List(nodes) = &node.kind else {
            self.bad(node, "computed", "a list");
            return computed;
        };
        let mut names: BTreeMap<String, Range<usize>> = fields
            .list
            .iter()
            .map(|field| (field.name.clone(), field.places.name.clone()))
            .collect();
        for node in nodes {
            let Some(keys) = self.keys(node, "a computed field", COMPUTED) else {
                continue;
            };
            let what = match keys.get("name").and_then(Node::text) {
                Some(name) => format!("the computed field `{}`", short(name)),
                None => "a computed field".to_owned(),
            };
            let name = self.needed_text(&keys, &what, "name");
            let doc = self.needed_text(&keys, &what, "doc");
            let text = self.needed_text(&keys, &what, "text");
            if let (Some(name), Some(node)) = (&name, keys.get("name")) {
                if is_name(name) {
                    self.once(&mut names, name, &node.place, "are called");
                } else {
                    self.name(node, name, "a computed field");
                }
            }
            let place = keys.get("text").map_or(node.place.clone(), |node| node.place.clone());
            if let (Some(name), Some(doc), Some(text)) = (name, doc, text) {
                computed.push(Computed { name, text, doc, place });
            }
        }
        computed
    }
}

/// Where a field stands, in every shape.
fn paths(
    name: &str,
    column: &str,
    table_only: bool,
    shapes: &[Shape],
    defaults: &[Default],
    mut given: BTreeMap<String, Vec<Alternative>>,
) -> Vec<Vec<Alternative>> {
    let by_name = || Alternative::parse(name).ok();
    let mut paths = Vec::with_capacity(shapes.len());
    for (number, (shape, default)) in shapes.iter().zip(defaults).enumerate() {
        if let Some(given) = given.remove(&shape.name) {
            paths.push(given);
            continue;
        }
        let path = match (number, default.paths) {
            (0, _) => by_name(),
            (1, _) => Some(Alternative::key(column)),
            _ if table_only => None,
            (_, Paths::None) => None,
            (_, Paths::Name) => by_name(),
            (_, Paths::Column) => Some(Alternative::key(column)),
        };
        let below = |path: Alternative| match &default.under {
            Some(above) => path.under(above),
            None => path,
        };
        paths.push(path.map(below).into_iter().collect());
    }
    paths
}

fn holds(column: ColumnType, ty: FieldType) -> bool {
    match ty {
        FieldType::Text => column == ColumnType::String,
        FieldType::Bool => column == ColumnType::Bool,
        FieldType::Int => matches!(column, ColumnType::Long | ColumnType::Int),
        FieldType::Real => column == ColumnType::Real,
        FieldType::Time => column == ColumnType::Datetime,
        FieldType::Json => matches!(column, ColumnType::String | ColumnType::Dynamic),
    }
}

//! Source tables: what a log is called, which fields it has, where they stand in its raw forms and which column of
//! the Sentinel table holds them. `docs/sources.md` explains the file format.

mod catalog;
mod path;
mod read;
mod times;
pub(crate) mod yaml;

pub use catalog::Catalog;
pub use times::{DateOrder, TimeError, parse_time};

pub(crate) use times::Slashed;

use crate::value::{Json, Span, Value};
use path::Alternative;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A source by its number in the [`Catalog`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u16);

/// A field by its number in its [`Source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u16);

/// One way in which a source's records are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShapeId(pub u16);

/// Records whose keys are the source's own field names, nested at the dots: the events of tests in rule files.
pub const FIELDS: ShapeId = ShapeId(0);

/// Rows of the Sentinel table, their keys are its columns.
pub const TABLE: ShapeId = ShapeId(1);

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldType {
    /// Text.
    Text,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// Any number.
    Real,
    /// An instant.
    Time,
    /// An open record: anything may stand below it.
    Json,
}

impl FieldType {
    /// The type of the column where the source file does not say it.
    pub fn usual_column(self) -> ColumnType {
        match self {
            FieldType::Text | FieldType::Json => ColumnType::String,
            FieldType::Bool => ColumnType::Bool,
            FieldType::Int => ColumnType::Long,
            FieldType::Real => ColumnType::Real,
            FieldType::Time => ColumnType::Datetime,
        }
    }
}

/// As rule messages name it.
impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FieldType::Text => "text",
            FieldType::Bool => "bool",
            FieldType::Int => "int",
            FieldType::Real => "real",
            FieldType::Time => "time",
            FieldType::Json => "json",
        })
    }
}

/// The KQL type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnType {
    /// `string`
    String,
    /// `bool`
    Bool,
    /// `long`
    Long,
    /// `int`
    Int,
    /// `real`
    Real,
    /// `datetime`
    Datetime,
    /// `dynamic`
    Dynamic,
}

/// As KQL writes it.
impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ColumnType::String => "string",
            ColumnType::Bool => "bool",
            ColumnType::Long => "long",
            ColumnType::Int => "int",
            ColumnType::Real => "real",
            ColumnType::Datetime => "datetime",
            ColumnType::Dynamic => "dynamic",
        })
    }
}

/// A field of a source.
#[derive(Clone, Debug)]
pub struct Field {
    /// As rules write it.
    pub name: String,
    /// Its type in rules.
    pub ty: FieldType,
    /// The column of the Sentinel table.
    pub column: String,
    /// The type of that column.
    pub column_type: ColumnType,
    /// The field in Sigma rules; none where Sigma has no name for it.
    pub sigma: Option<String>,
    /// Whether raw logs hold the bool as text: `"true"`.
    pub sigma_text: bool,
    /// Whether every record has it.
    pub never_missing: bool,
    /// Whether no raw form holds it, only the table.
    pub table_only: bool,
    /// What it holds, one short line.
    pub doc: String,
    /// Where the source file says it.
    pub places: FieldPlaces,
    /// Where it stands, per shape; the first alternative that is present counts.
    paths: Vec<Vec<Alternative>>,
}

impl Field {
    /// Whether the log holds an object where the table holds JSON as text.
    pub fn json_text(&self) -> bool {
        self.ty == FieldType::Json && self.column_type == ColumnType::String
    }
}

/// A field that is computed from others, written once in the rule language.
#[derive(Clone, Debug)]
pub struct Computed {
    /// As rules write it.
    pub name: String,
    /// The expression.
    pub text: String,
    /// What it holds, one short line.
    pub doc: String,
    /// Where the expression stands in the source file, with its quotes.
    pub place: Range<usize>,
}

/// Where the source file says what a field is, in bytes.
#[derive(Clone, Debug)]
pub struct FieldPlaces {
    /// Its name.
    pub name: Range<usize>,
    /// Its column.
    pub column: Range<usize>,
    /// The type of the column, where it is written.
    pub column_type: Option<Range<usize>>,
}

/// Where the source file says what a source is, in bytes.
#[derive(Clone, Debug)]
pub struct Places {
    /// The table.
    pub table: Range<usize>,
    /// The condition, with its quotes; empty where there is none.
    pub condition: Range<usize>,
    /// The columns of `table_has`.
    pub table_has: Vec<(String, Range<usize>)>,
    /// The columns of `table_lacks`.
    pub table_lacks: Vec<(String, Range<usize>)>,
}

/// A kind of log.
#[derive(Clone, Debug)]
pub struct Source {
    /// As rules write it, `aws.cloudtrail`.
    pub name: String,
    /// For people.
    pub title: String,
    /// The Sentinel table.
    pub table: String,
    /// How late events may come.
    pub delay: Span,
    /// The field that holds the time of an event.
    pub time: FieldId,
    /// The field that identifies an event.
    pub id: Option<FieldId>,
    /// The fields, by [`FieldId`].
    pub fields: Vec<Field>,
    /// The computed fields, in the order of the file; later ones may use earlier ones.
    pub computed: Vec<Computed>,
    /// Sentinel's identifier of the data connector.
    pub connector: Option<String>,
    /// Sigma's logsource, in the order of the file.
    pub logsource: Vec<(String, String)>,
    /// A condition in the rule language that every row of the source satisfies, where its table holds other rows too.
    pub condition: Option<String>,
    /// The file this comes from.
    pub path: PathBuf,
    /// The text of that file.
    pub text: String,
    /// Where that file says it.
    pub places: Places,
    shapes: Vec<Shape>,
    by_name: HashMap<String, FieldId>,
    by_column: HashMap<String, FieldId>,
}

/// How records of one spelling are recognised.
#[derive(Clone, Debug)]
struct Shape {
    name: String,
    has: Vec<Alternative>,
    lacks: Vec<Alternative>,
    one_of: Vec<(Alternative, Vec<String>)>,
    contains: Vec<(Alternative, String)>,
}

/// A field of a record, read and converted.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The value, in the type of the field.
    pub value: Value,
    /// Whether there was a value that did not convert, and so counts as missing.
    pub unconverted: bool,
}

impl Source {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<FieldId> {
        self.by_name.get(name).copied()
    }

    /// The field of that number. Numbers come from this source; another one gives its first field.
    pub fn get(&self, field: FieldId) -> &Field {
        self.fields.get(usize::from(field.0)).unwrap_or(&self.fields[0])
    }

    /// The field that a column of the Sentinel table is read as, also by one of its older columns.
    pub fn by_column(&self, column: &str) -> Option<FieldId> {
        self.by_column.get(column).copied()
    }

    /// The fields with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (FieldId, &Field)> {
        (0..).map(FieldId).zip(&self.fields)
    }

    /// The name of a shape, for messages: `fields`, `table`, or as the source file says.
    pub fn shape_name(&self, shape: ShapeId) -> &str {
        self.shapes.get(usize::from(shape.0)).map_or("?", |shape| &shape.name)
    }

    /// For each byte of an expression of the source file, and for its end, the byte of the file; `place` is where it stands.
    pub(crate) fn bytes_of(&self, place: &Range<usize>, expression: &str) -> Vec<usize> {
        yaml::bytes_of(&self.text, place, expression)
    }

    /// Reads a field of a record of that shape, converted to the field's type; missing where it is absent, null, the
    /// empty text, or does not convert.
    pub fn read(&self, shape: ShapeId, field: FieldId, record: &Json) -> Reading {
        let nothing = Reading {
            value: Value::Missing,
            unconverted: false,
        };
        let Some(field) = self.fields.get(usize::from(field.0)) else {
            return nothing;
        };
        let alternatives = field.paths.get(usize::from(shape.0)).map_or(&[][..], Vec::as_slice);
        for alternative in alternatives {
            let Some(found) = alternative.find(record).filter(|json| !json.is_missing()) else {
                continue;
            };
            return match convert(field.ty, &found, shape == TABLE) {
                Some(value) => Reading {
                    value: alternative.finish(value),
                    unconverted: false,
                },
                None => Reading {
                    value: Value::Missing,
                    unconverted: true,
                },
            };
        }
        nothing
    }

    /// What a record of that shape holds for a field, before it is converted.
    pub(crate) fn raw<'a>(&self, shape: ShapeId, field: FieldId, record: &'a Json) -> Option<Cow<'a, Json>> {
        let alternatives = self.get(field).paths.get(usize::from(shape.0))?;
        let mut found = alternatives.iter().filter_map(|alternative| alternative.find(record));
        found.find(|json| !json.is_missing())
    }

    /// How many fields of a record have a value that does not convert.
    pub fn unconverted(&self, shape: ShapeId, record: &Json) -> u64 {
        let mut count = 0;
        for (id, _) in self.iter() {
            count += u64::from(self.read(shape, id, record).unconverted);
        }
        count
    }
}

/// The value in the given type; none where it does not convert. `json` is present.
fn convert(ty: FieldType, json: &Json, table: bool) -> Option<Value> {
    match (ty, json) {
        // A table holds an open record as text. Text that is no object or array stays text.
        (FieldType::Json, Json::Text(text)) if table && text.trim_start().starts_with(['{', '[']) => Some(
            Json::parse_counting(text.as_bytes()).map_or_else(|_| Value::json(json), |(inner, _)| Value::json(&inner)),
        ),
        (FieldType::Json, _) => Some(Value::json(json)),
        (_, Json::Object(_) | Json::Array(_)) => None,
        (FieldType::Text, Json::Text(text)) => Some(Value::Text(Arc::clone(text))),
        (FieldType::Text, _) => json.as_text().map(Value::text),
        (FieldType::Bool, Json::Bool(bool)) => Some(Value::Bool(*bool)),
        (FieldType::Bool, Json::Text(text)) if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
        (FieldType::Bool, Json::Text(text)) if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
        (FieldType::Bool, _) => None,
        (FieldType::Int, Json::Int(n)) => Some(Value::Int(*n)),
        (FieldType::Int, Json::Real(n)) => whole(*n),
        (FieldType::Int, Json::Text(text)) => {
            let text = text.trim();
            text.parse().map(Value::Int).ok().or_else(|| whole(number(text)?))
        }
        (FieldType::Real, Json::Int(n)) => Some(Value::real(*n as f64)),
        (FieldType::Real, Json::Real(n)) => Some(Value::real(*n)),
        (FieldType::Real, Json::Text(text)) => number(text.trim()).map(Value::real),
        (FieldType::Time, Json::Text(text)) => parse_time(text, None).ok().map(Value::Time),
        (FieldType::Int | FieldType::Real | FieldType::Time, _) => None,
    }
}

/// A whole number written as a fraction (`3.0`), where a fraction is exact.
fn whole(n: f64) -> Option<Value> {
    let exact = n.fract() == 0.0 && n.abs() < 9_007_199_254_740_992.0;
    exact.then_some(Value::Int(n as i64))
}

/// A decimal number; Rust's own words (`inf`, `nan`) are none.
fn number(text: &str) -> Option<f64> {
    let numeric = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    if numeric {
        text.parse().ok().filter(|n: &f64| n.is_finite())
    } else {
        None
    }
}

/// Why a source table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1, where it is known.
    pub line: Option<u32>,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for SourceError {}

#[cfg(test)]
mod tests;

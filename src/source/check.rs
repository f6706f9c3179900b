//! From the file as it is written to a [`Source`], with everything checked that the format promises.

use super::file::{
    DefaultPaths, File, FileColumnType, FileField, FilePath, FilePaths, FileShape, FileType, SigmaNames,
};
use super::path::Alternative;
use super::{ColumnType, Computed, Field, FieldId, FieldType, Shape, Source, SourceError};
use crate::diagnostics::nearest;
use crate::value::Span;
use std::collections::HashMap;
use std::path::Path;

/// Reads a source file.
pub(super) fn source(path: &Path, text: &str) -> Result<Source, SourceError> {
    let file: File = serde_yaml::from_str(text).map_err(|error| {
        let line = error.location().and_then(|place| u32::try_from(place.line()).ok());
        let message = error.to_string();
        // The place is said by the error itself, in front.
        let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
        SourceError {
            path: path.to_owned(),
            line,
            message,
        }
    })?;
    Builder { path, text }.build(file)
}

/// Where a field stands in a shape that it says nothing about.
struct Default {
    paths: DefaultPaths,
    under: Option<Alternative>,
}

struct Builder<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Builder<'_> {
    fn error(&self, line: Option<u32>, message: impl Into<String>) -> SourceError {
        SourceError {
            path: self.path.to_owned(),
            line,
            message: message.into(),
        }
    }

    /// The line of the n-th `key: value`, searched in the text: the YAML reader keeps no places.
    fn line_of(&self, key: &str, value: &str, skip: usize) -> Option<u32> {
        let is_it = |line: &str| {
            let after = line
                .match_indices(key)
                .filter(|(at, _)| line.get(..*at).is_some_and(|s| s.ends_with([' ', '{']) || s.is_empty()))
                .find_map(|(at, _)| line.get(at + key.len()..)?.strip_prefix(':'));
            after.is_some_and(|after| {
                let after = after.trim_start().trim_start_matches(['"', '\'']);
                let rest = after.strip_prefix(value);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ',', '"', '\'', '}', '\r']))
            })
        };
        let found = self.text.lines().zip(1..).filter(|(line, _)| is_it(line)).nth(skip);
        found.map(|(_, number)| number)
    }

    /// The line on which the value of a key begins, at or after the given line.
    fn value_line(&self, key: &str, from: u32) -> u32 {
        let skip = usize::try_from(from.saturating_sub(1)).unwrap_or(0);
        for (line, number) in self.text.lines().zip(1_u32..).skip(skip) {
            let line = line.trim_start().trim_start_matches("- ");
            if let Some(value) = line.strip_prefix(key).and_then(|rest| rest.strip_prefix(':')) {
                // A block begins on the line below its mark.
                return if value.trim_start().starts_with(['|', '>']) {
                    number + 1
                } else {
                    number
                };
            }
        }
        from
    }

    fn build(&self, file: File) -> Result<Source, SourceError> {
        if !file.source.split('.').all(is_name) {
            let line = self.line_of("source", &file.source, 0);
            return Err(self.error(line, format!("`{}` is no name of a source", file.source)));
        }
        let delay = span(&file.delay).ok_or_else(|| {
            let line = self.line_of("delay", &file.delay, 0);
            self.error(
                line,
                format!("the delay `{}` is no duration: write `5m`, `90s`, `2h`", file.delay),
            )
        })?;
        let (mut shapes, defaults) = self.shapes(&file)?;
        let names: Vec<String> = shapes.iter().map(|shape| shape.name.clone()).collect();
        let mut fields = Vec::new();
        let mut by_name: HashMap<String, FieldId> = HashMap::new();
        let mut by_column: HashMap<String, FieldId> = HashMap::new();
        for field in &file.fields {
            let at = |skip| self.line_of("name", &field.name, skip);
            let id = u16::try_from(fields.len())
                .map(FieldId)
                .map_err(|_| self.error(at(0), "too many fields"))?;
            if !field.name.split('.').all(is_name) {
                return Err(self.error(at(0), format!("`{}` is no name of a field", field.name)));
            }
            if by_name.insert(field.name.clone(), id).is_some() {
                return Err(self.error(at(1), format!("the field `{}` stands here twice", field.name)));
            }
            if by_column.insert(field.column.clone(), id).is_some() {
                let line = self.line_of("column", &field.column, 1);
                return Err(self.error(line, format!("two fields have the column `{}`", field.column)));
            }
            fields.push(self.field(field, &names, &defaults, file.sigma)?);
        }
        // A column that is only an older spelling never hides another field's own.
        for (number, field) in (0..).zip(&fields) {
            let field: &Field = field;
            for alternative in field.paths.get(1).into_iter().flatten() {
                if let Some(column) = alternative.single() {
                    by_column.entry(column.to_owned()).or_insert(FieldId(number));
                }
            }
        }
        let known = |key: &str, name: &str| {
            by_name.get(name).copied().ok_or_else(|| {
                let mut message = format!("`{key}` names the field `{name}`, which is not there");
                if let Some(near) = nearest(name, by_name_sorted(&fields)) {
                    message = format!("{message}; did you mean `{near}`?");
                }
                self.error(self.line_of(key, name, 0), message)
            })
        };
        let time = known("time", &file.time)?;
        if fields
            .get(usize::from(time.0))
            .is_none_or(|field| field.ty != FieldType::Time)
        {
            let line = self.line_of("time", &file.time, 0);
            return Err(self.error(line, format!("the time field `{}` is not of type time", file.time)));
        }
        let id = file.id.as_deref().map(|name| known("id", name)).transpose()?;
        let computed = self.computed(&file, &by_name)?;
        let logsource = self.logsource(&file)?;
        if let Some(table) = shapes.get_mut(1) {
            table.has = file.table_has.iter().map(|column| Alternative::key(column)).collect();
            table.lacks = file.table_lacks.iter().map(|column| Alternative::key(column)).collect();
            let contains = file.table_contains.iter();
            table.contains = contains
                .map(|(column, text)| (Alternative::key(column), text.clone()))
                .collect();
        }
        let condition_line = self.value_line("condition", 1);
        Ok(Source {
            name: file.source,
            title: file.title,
            table: file.table,
            delay,
            time,
            id,
            fields,
            computed,
            connector: file.connector,
            logsource,
            condition: file.condition,
            condition_line,
            path: self.path.to_owned(),
            text: self.text.to_owned(),
            shapes,
            by_name,
            by_column,
        })
    }

    /// The shapes, `fields` and `table` first, and for each where fields stand that do not say it.
    fn shapes(&self, file: &File) -> Result<(Vec<Shape>, Vec<Default>), SourceError> {
        let plain = |name: &str| Shape {
            name: name.to_owned(),
            has: Vec::new(),
            lacks: Vec::new(),
            one_of: Vec::new(),
            contains: Vec::new(),
        };
        if file.table_has.is_empty() {
            return Err(self.error(self.key_line("table_has"), "`table_has` names no column"));
        }
        let mut shapes = vec![plain("fields"), plain("table")];
        let plain_default = |paths| Default { paths, under: None };
        let mut defaults = vec![plain_default(DefaultPaths::Name), plain_default(DefaultPaths::None)];
        for (name, value) in &file.shapes {
            let name = name.as_str().unwrap_or_default();
            let line = self.key_line(name);
            if shapes.iter().any(|shape| shape.name == name) || !is_name(name) {
                return Err(self.error(line, format!("`{name}` cannot be the name of a shape")));
            }
            let shape: FileShape = serde_yaml::from_value(value.clone())
                .map_err(|error| self.error(line, format!("shape `{name}`: {error}")))?;
            if shape.has.is_empty() {
                return Err(self.error(
                    line,
                    format!("nothing tells a record of the shape `{name}`: `has` is empty"),
                ));
            }
            let parse = |path: &String| Alternative::parse(path).map_err(|message| self.error(line, message));
            shapes.push(Shape {
                name: name.to_owned(),
                has: shape.has.iter().map(parse).collect::<Result<_, _>>()?,
                lacks: shape.lacks.iter().map(parse).collect::<Result<_, _>>()?,
                one_of: shape
                    .one_of
                    .iter()
                    .map(|(path, values)| Ok((parse(path)?, values.clone())))
                    .collect::<Result<_, _>>()?,
                contains: shape
                    .contains
                    .iter()
                    .map(|(path, text)| Ok((parse(path)?, text.clone())))
                    .collect::<Result<_, _>>()?,
            });
            defaults.push(Default {
                paths: shape.paths,
                under: shape.under.as_ref().map(parse).transpose()?,
            });
        }
        Ok((shapes, defaults))
    }

    fn field(
        &self,
        field: &FileField,
        shapes: &[String],
        defaults: &[Default],
        sigma: SigmaNames,
    ) -> Result<Field, SourceError> {
        // Looked for only when it is needed: this would be most of the time that loading takes.
        let located = |message: String| self.error(self.line_of("name", &field.name, 0), message);
        if let Some(unknown) = field.paths.keys().find(|name| !shapes.contains(name)) {
            return Err(located(format!(
                "`{}` has a path for the shape `{unknown}`, which is not there",
                field.name
            )));
        }
        let mut paths = Vec::new();
        for (name, default) in shapes.iter().zip(defaults) {
            paths.push(match field.paths.get(name) {
                Some(FilePaths::One(one)) => vec![alternative(one).map_err(located)?],
                Some(FilePaths::Many(many)) => many
                    .iter()
                    .map(alternative)
                    .collect::<Result<_, _>>()
                    .map_err(located)?,
                None if name == "table" => vec![Alternative::key(&field.column)],
                None if name == "fields" => vec![Alternative::parse(&field.name).map_err(located)?],
                None if field.table_only => Vec::new(),
                None => {
                    let path = match default.paths {
                        DefaultPaths::None => None,
                        DefaultPaths::Name => Some(Alternative::parse(&field.name).map_err(located)?),
                        DefaultPaths::Column => Some(Alternative::key(&field.column)),
                    };
                    let below = |path: Alternative| match &default.under {
                        Some(above) => path.under(above),
                        None => path,
                    };
                    path.map(below).into_iter().collect()
                }
            });
        }
        let ty = match field.ty {
            FileType::Text => FieldType::Text,
            FileType::Bool => FieldType::Bool,
            FileType::Int => FieldType::Int,
            FileType::Real => FieldType::Real,
            FileType::Time => FieldType::Time,
            FileType::Json => FieldType::Json,
        };
        let column_type = match (field.column_type, ty) {
            (Some(FileColumnType::String), _) | (None, FieldType::Text | FieldType::Json) => ColumnType::String,
            (Some(FileColumnType::Bool), _) | (None, FieldType::Bool) => ColumnType::Bool,
            (Some(FileColumnType::Long), _) | (None, FieldType::Int) => ColumnType::Long,
            (Some(FileColumnType::Real), _) | (None, FieldType::Real) => ColumnType::Real,
            (Some(FileColumnType::Datetime), _) | (None, FieldType::Time) => ColumnType::Datetime,
            (Some(FileColumnType::Int), _) => ColumnType::Int,
            (Some(FileColumnType::Dynamic), _) => ColumnType::Dynamic,
        };
        let fits = match ty {
            FieldType::Text => column_type == ColumnType::String,
            FieldType::Bool => column_type == ColumnType::Bool,
            FieldType::Int => matches!(column_type, ColumnType::Long | ColumnType::Int),
            FieldType::Real => column_type == ColumnType::Real,
            FieldType::Time => column_type == ColumnType::Datetime,
            FieldType::Json => matches!(column_type, ColumnType::String | ColumnType::Dynamic),
        };
        if !fits {
            return Err(located(format!(
                "`{}` is {ty}, which a {column_type} column cannot hold",
                field.name
            )));
        }
        if field.sigma_text && ty != FieldType::Bool {
            return Err(located(format!("`{}` is {ty}: `sigma_text` is for bools", field.name)));
        }
        Ok(Field {
            name: field.name.clone(),
            ty,
            column: field.column.clone(),
            column_type,
            sigma: field.sigma.clone().or_else(|| match sigma {
                _ if field.table_only => None,
                SigmaNames::None => None,
                SigmaNames::Name => Some(field.name.clone()),
                SigmaNames::Column => Some(field.column.clone()),
            }),
            sigma_text: field.sigma_text,
            never_missing: field.always,
            table_only: field.table_only,
            doc: field.doc.clone(),
            paths,
        })
    }

    fn computed(&self, file: &File, fields: &HashMap<String, FieldId>) -> Result<Vec<Computed>, SourceError> {
        let mut computed: Vec<Computed> = Vec::new();
        for one in &file.computed {
            let line = self.line_of("name", &one.name, usize::from(fields.contains_key(&one.name)));
            if !is_name(&one.name) {
                return Err(self.error(line, format!("`{}` is no name of a computed field", one.name)));
            }
            if fields.contains_key(&one.name) || computed.iter().any(|other| other.name == one.name) {
                return Err(self.error(line, format!("there are two fields `{}`", one.name)));
            }
            computed.push(Computed {
                name: one.name.clone(),
                text: one.text.clone(),
                doc: one.doc.clone(),
                line: self.value_line("text", line.unwrap_or(1)),
            });
        }
        Ok(computed)
    }

    fn logsource(&self, file: &File) -> Result<Vec<(String, String)>, SourceError> {
        let mut logsource = Vec::new();
        for (key, value) in &file.logsource {
            match (key.as_str(), value.as_str()) {
                (Some(key @ ("product" | "service" | "category")), Some(value)) => {
                    logsource.push((key.to_owned(), value.to_owned()));
                }
                _ => {
                    let message = "`logsource` holds `product`, `service` and `category`, each a text";
                    return Err(self.error(self.key_line("logsource"), message));
                }
            }
        }
        Ok(logsource)
    }

    fn key_line(&self, key: &str) -> Option<u32> {
        let mut lines = self.text.lines().zip(1_u32..);
        let found = lines.find(|(line, _)| {
            line.trim_start()
                .strip_prefix(key)
                .is_some_and(|rest| rest.starts_with(':'))
        });
        found.map(|(_, number)| number)
    }
}

fn by_name_sorted(fields: &[Field]) -> impl Iterator<Item = &str> {
    fields.iter().map(|field| field.name.as_str())
}

fn alternative(path: &FilePath) -> Result<Alternative, String> {
    match path {
        FilePath::Plain(path) => Alternative::parse(path),
        FilePath::Part(part) => Ok(Alternative::parse(&part.path)?.with(part.after.clone(), part.lower)),
    }
}

/// A word of the rule language.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A positive duration with one unit.
fn span(text: &str) -> Option<Span> {
    let unit = text.chars().next_back()?;
    let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
    let count = i64::from(count);
    let span = match unit {
        's' => Span::seconds(count),
        'm' => Span::minutes(count),
        'h' => Span::hours(count),
        'd' => Span::days(count),
        _ => return None,
    };
    Some(span)
}

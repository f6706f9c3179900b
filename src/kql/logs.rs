//! Events of logs as rows of the tables that Sentinel keeps them in.

use super::table::{Column, Database, Row, Table};
use super::time::EPOCH;
use super::value::{Type, Value};
use crate::input::Event;
use crate::source::{Catalog, ColumnType, Field, FieldId, Source};
use crate::value::{self, Json};
use std::sync::Arc;

/// The tables of a workspace with those of all sources, filled with events. Every source has its table, also without
/// events; columns that only the source has come last, and those that it does not fill are empty.
pub fn database<'e>(
    catalog: &Catalog,
    mut workspace: Database,
    events: impl IntoIterator<Item = &'e Event>,
) -> Database {
    for (_, source) in catalog.iter() {
        let mut table = workspace.get_mut(&source.table).map(std::mem::take).unwrap_or_default();
        for field in &source.fields {
            if table.column(&field.column).is_none() {
                table.columns.push(Column {
                    name: field.column.as_str().into(),
                    ty: type_of(field.column_type),
                });
            }
        }
        workspace.add(source.table.as_str(), table);
    }
    for event in events {
        let source = catalog.get(event.source);
        let Some(table) = workspace.get_mut(&source.table) else {
            continue;
        };
        let mut row: Row = table.columns.iter().map(|column| column.ty.null()).collect();
        for (id, field) in source.iter() {
            if let Some(cell) = table.column(&field.column).and_then(|at| row.get_mut(at)) {
                *cell = cell_of(source, id, field, event);
            }
        }
        let type_column = table.column("Type").and_then(|at| row.get_mut(at));
        if let Some(cell) = type_column {
            *cell = Value::text(source.table.as_str());
        }
        complete_times(table, &mut row);
        table.rows.push(row);
    }
    workspace
}

/// Defender calls `Timestamp` what a workspace calls `TimeGenerated`. A row of a table that has both columns and was given
/// one, has both.
pub(super) fn complete_times(table: &Table, row: &mut Row) {
    let cell = |name| {
        table
            .column(name)
            .map(|at| (at, row.get(at).is_none_or(Value::is_null)))
    };
    let (Some(ours), Some(theirs)) = (cell("TimeGenerated"), cell("Timestamp")) else {
        return;
    };
    let (from, to) = match (ours, theirs) {
        ((from, false), (to, true)) | ((to, true), (from, false)) => (from, to),
        _ => return,
    };
    if let Some(value @ Value::Datetime(_)) = row.get(from).cloned()
        && let Some(cell) = row.get_mut(to)
    {
        *cell = value;
    }
}

fn type_of(ty: ColumnType) -> Type {
    match ty {
        ColumnType::String => Type::String,
        ColumnType::Bool => Type::Bool,
        ColumnType::Long => Type::Long,
        ColumnType::Int => Type::Int,
        ColumnType::Real => Type::Real,
        ColumnType::Datetime => Type::Datetime,
        ColumnType::Dynamic => Type::Dynamic,
    }
}

fn cell_of(source: &Source, id: FieldId, field: &Field, event: &Event) -> Value {
    let ty = type_of(field.column_type);
    let time = (id == source.time).then_some(event.time).flatten();
    let value = match time {
        Some(time) => value::Value::Time(time),
        None => source.read(event.shape, id, &event.body).value,
    };
    let found = match (ty, value) {
        (_, value::Value::Missing) => None,
        (Type::String, value::Value::Text(text)) => Some(Value::String(text)),
        (Type::String, value::Value::Json(Json::Text(text))) => Some(Value::String(text)),
        (Type::String, value::Value::Json(json)) => json.as_text().map(|text| Value::text(text.as_ref())),
        (Type::String, value::Value::Bool(b)) => Some(Value::text(if b { "true" } else { "false" })),
        (Type::String, value::Value::Int(n)) => Some(Value::text(n.to_string())),
        (Type::String, value::Value::Real(n)) => Some(Value::text(Value::Real(n).to_text())),
        (Type::String, value::Value::Time(time)) => Some(Value::text(time.to_string())),
        (Type::Bool, value::Value::Bool(b)) => Some(Value::Bool(b)),
        (Type::Long, value::Value::Int(n)) => Some(Value::Long(n)),
        (Type::Int, value::Value::Int(n)) => i32::try_from(n).ok().map(|n| Value::Long(n.into())),
        (Type::Real, value::Value::Int(n)) => Some(Value::Real(n as f64)),
        (Type::Real, value::Value::Real(n)) => Some(Value::Real(n)),
        (Type::Datetime, value::Value::Time(time)) => time.0.checked_add(EPOCH).map(Value::Datetime),
        (Type::Dynamic, value::Value::Json(json)) => Some(of_json(&json)),
        (Type::Dynamic, value::Value::Text(text)) => Some(Value::String(text)),
        _ => None,
    };
    found.unwrap_or_else(|| ty.null())
}

/// A value in a `dynamic`; members keep the order of the record.
pub(super) fn of_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Int(n) => Value::Long(*n),
        Json::Real(n) => Value::Real(*n),
        Json::Text(text) => Value::String(Arc::clone(text)),
        Json::Array(elements) => Value::array(elements.iter().map(of_json).collect()),
        Json::Object(members) => Value::Bag(
            members
                .iter()
                .map(|(key, value)| (Arc::clone(key), of_json(value)))
                .collect(),
        ),
    }
}

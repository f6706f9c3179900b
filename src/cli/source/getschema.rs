//! From the columns of a table, as `TABLE | getschema` gives them.

use super::super::Misuse;
use super::draft::{self, Draft, Field};
use crate::kql::Database;
use crate::source::{ColumnType, FieldType};
use std::collections::BTreeSet;

/// Columns of the platform that no rule asks for.
const PLATFORM: [&str; 3] = ["_BilledSize", "_IsBillable", "Type"];

/// Whether the text is an answer of `getschema`: a CSV whose header names its columns.
pub(super) fn is_schema(text: &str) -> bool {
    let header = text.trim_start_matches('\u{feff}').lines().next().unwrap_or("");
    header.contains("ColumnName")
}

/// The draft of a source with a field for each column.
pub(super) fn draft(name: &str, table: &str, text: &str, made_from: &str, tables: &Database) -> Result<Draft, Misuse> {
    let text = text.trim_start_matches('\u{feff}');
    let header = text.lines().next().unwrap_or("");
    let delimiter = [b',', b';', b'\t'].into_iter().find(|c| header.as_bytes().contains(c));
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        .flexible(true)
        .from_reader(text.as_bytes());
    let names = rows.headers()?.clone();
    let at = |wanted: &str| names.iter().position(|name| name.trim() == wanted);
    let Some(column_at) = at("ColumnName") else {
        return Err(Misuse(format!("{made_from}: has no column `ColumnName`")));
    };
    let type_at = [at("ColumnType"), at("DataType")];
    if type_at.iter().all(Option::is_none) {
        return Err(Misuse(format!("{made_from}: has neither `ColumnType` nor `DataType`")));
    }
    let (mut fields, mut left_out) = (Vec::new(), Vec::new());
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut columns: Vec<(String, String)> = Vec::new();
    for row in rows.records() {
        let row = row?;
        let column = row.get(column_at).unwrap_or("").trim();
        if column.is_empty() || columns.iter().any(|(known, _)| known == column) {
            continue;
        }
        let written = type_at.iter().flatten().filter_map(|at| row.get(*at)).map(str::trim);
        let found = written.clone().find_map(types);
        let kql = match found {
            Some((_, column_type)) => column_type.to_string(),
            None => written.clone().find_map(other_types).unwrap_or("dynamic").to_owned(),
        };
        columns.push((column.to_owned(), kql));
        if PLATFORM.contains(&column) {
            left_out.push(format!("{column}: of the platform"));
            continue;
        }
        let Some((ty, column_type)) = found else {
            let written: Vec<&str> = written.filter(|word| !word.is_empty()).collect();
            left_out.push(format!("{column} ({}): fields have no such type", written.join(", ")));
            continue;
        };
        let name = super::sample::free(&camel(column), &mut taken);
        fields.push(Field {
            name,
            ty,
            column: column.to_owned(),
            column_type,
            path: None,
            always: column == "TimeGenerated",
            remark: (ty == FieldType::Text).then(|| "TODO: `json` where it holds JSON as text".to_owned()),
        });
    }
    // Said once, for most tables have many texts.
    let mut remark = Some("TODO: `type: json` where such a column holds JSON as text".to_owned());
    for field in fields.iter_mut().filter(|field| field.remark.is_some()) {
        field.remark = remark.take();
    }
    let times: Vec<&Field> = fields.iter().filter(|field| field.ty == FieldType::Time).collect();
    let ours = times
        .iter()
        .find(|field| field.column == "TimeGenerated")
        .or(times.first());
    let Some(time) = ours.map(|field| field.name.clone()) else {
        return Err(Misuse(format!(
            "{made_from}: no column is a datetime, so events have no time"
        )));
    };
    let id = fields
        .iter()
        .find(|field| field.ty == FieldType::Text && field.column == "Id");
    let id = id.map(|field| field.name.clone());
    let known: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let (table_has, table_lacks) = draft::telling(table, &known, tables);
    Ok(Draft {
        name: name.to_owned(),
        table: table.to_owned(),
        made_from: made_from.to_owned(),
        shape: None,
        fields,
        time,
        other_times: Vec::new(),
        id,
        left_out,
        table_has,
        table_lacks,
        columns,
    })
}

/// The types of a column, by KQL's word or .NET's.
fn types(written: &str) -> Option<(FieldType, ColumnType)> {
    Some(match written {
        "string" | "System.String" => (FieldType::Text, ColumnType::String),
        "bool" | "System.SByte" | "System.Boolean" => (FieldType::Bool, ColumnType::Bool),
        "long" | "System.Int64" => (FieldType::Int, ColumnType::Long),
        "int" | "System.Int32" => (FieldType::Int, ColumnType::Int),
        "real" | "double" | "System.Double" => (FieldType::Real, ColumnType::Real),
        "datetime" | "System.DateTime" => (FieldType::Time, ColumnType::Datetime),
        "dynamic" | "System.Object" => (FieldType::Json, ColumnType::Dynamic),
        _ => return None,
    })
}

/// Types of columns that no field has, as a table's file writes them.
fn other_types(written: &str) -> Option<&'static str> {
    Some(match written {
        "timespan" | "System.TimeSpan" => "timespan",
        "guid" | "System.Guid" => "guid",
        "decimal" | "System.Data.SqlTypes.SqlDecimal" => "real",
        _ => return None,
    })
}

/// A column's name in camelCase: `IPAddress` is `ipAddress`, `_ResourceId` is `resourceId`.
fn camel(column: &str) -> String {
    let column = column.trim_start_matches('_');
    let upper = column.chars().take_while(char::is_ascii_uppercase).count();
    let next = column.chars().nth(upper);
    // The last capital of several begins the next word.
    let lower = if upper > 1 && next.is_some_and(|c| c.is_ascii_lowercase()) {
        upper - 1
    } else {
        upper
    };
    let fold = |(at, c): (usize, char)| if at < lower { c.to_ascii_lowercase() } else { c };
    column.chars().enumerate().map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::camel;

    #[test]
    fn columns_in_camel_case() {
        let camel: Vec<String> = [
            "TimeGenerated",
            "IPAddress",
            "_ResourceId",
            "MD5",
            "AADTenantId",
            "Id",
            "lower",
        ]
        .map(camel)
        .into();
        let expected = [
            "timeGenerated",
            "ipAddress",
            "resourceId",
            "md5",
            "aadTenantId",
            "id",
            "lower",
        ];
        assert_eq!(camel, expected);
    }
}

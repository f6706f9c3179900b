//! What the `project-` operators do with columns.

use super::ast::{ExprKind, Item, Pattern};
use super::error::{KqlError, Place};
use super::table::{Row, Table};
use std::sync::Arc;

/// The columns that patterns match, in the order of the patterns.
pub(super) fn matched(table: &Table, patterns: &[Pattern]) -> Result<Vec<usize>, KqlError> {
    let mut found: Vec<usize> = Vec::new();
    for pattern in patterns {
        let wild = pattern.text.contains('*');
        let mut fits: Vec<(Arc<str>, usize)> = Vec::new();
        for (index, column) in table.columns.iter().enumerate() {
            if (wild && wildcard(&pattern.text, &column.name)) || column.name == pattern.text {
                fits.push((Arc::clone(&column.name), index));
            }
        }
        if fits.is_empty() {
            return Err(KqlError::at(
                pattern.place,
                format!("no column is called `{}`", pattern.text),
            ));
        }
        match pattern.order {
            Some(true) => fits.sort(),
            Some(false) => fits.sort_by(|a, b| b.cmp(a)),
            None => {}
        }
        for (_, index) in fits {
            if !found.contains(&index) {
                found.push(index);
            }
        }
    }
    Ok(found)
}

/// Whether a name fits a pattern with `*`.
fn wildcard(pattern: &str, name: &str) -> bool {
    let parts: Vec<String> = pattern.split('*').map(regex::escape).collect();
    super::functions::regex(&format!("(?s)^{}$", parts.join(".*"))).is_ok_and(|regex| regex.is_match(name))
}

/// The table with these columns only, in this order.
pub(super) fn pick(table: Table, columns: Vec<usize>) -> Table {
    let row = |row: &Row| columns.iter().filter_map(|index| row.get(*index).cloned()).collect();
    Table {
        rows: table.rows.iter().map(row).collect(),
        columns: columns
            .iter()
            .filter_map(|index| table.columns.get(*index).cloned())
            .collect(),
        serialized: table.serialized,
    }
}

pub(super) fn rename(mut table: Table, items: &[Item]) -> Result<Table, KqlError> {
    let mut renamed = table.columns.clone();
    for item in items {
        let (Some((new, _)), ExprKind::Name(old)) = (&item.name, &item.expr.kind) else {
            return Err(KqlError::at(item.expr.place, "`project-rename` takes `new = old`"));
        };
        let Some(index) = table.column(old) else {
            return Err(KqlError::at(item.expr.place, format!("no column is called `{old}`")));
        };
        if let Some(column) = renamed.get_mut(index) {
            column.name = Arc::clone(new);
        }
    }
    for (index, column) in renamed.iter().enumerate() {
        if renamed.iter().skip(index + 1).any(|other| other.name == column.name) {
            let place = items.first().map_or(Place::default(), |item| item.expr.place);
            return Err(KqlError::at(
                place,
                format!("there would be two columns `{}`", column.name),
            ));
        }
    }
    table.columns = renamed;
    Ok(table)
}

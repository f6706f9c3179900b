//! Rows that two engines gave, in one form.

use std::collections::BTreeSet;
use std::fmt;
use tripline::kql::{Table, Type, Value};

/// The columns by name, the rows sorted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rows {
    /// Name and type.
    columns: Vec<(String, &'static str)>,
    rows: Vec<Vec<String>>,
    order: Vec<usize>,
}

impl Rows {
    /// No rows.
    pub(crate) fn new(columns: Vec<(String, &'static str)>) -> Rows {
        let mut order: Vec<usize> = (0..columns.len()).collect();
        order.sort_by(|a, b| columns[*a].cmp(&columns[*b]));
        Rows {
            columns: order.iter().map(|at| columns[*at].clone()).collect(),
            rows: Vec::new(),
            order,
        }
    }

    /// Adds a row, its cells in the order of the columns as they were given.
    pub(crate) fn push(&mut self, cells: Vec<String>) {
        self.rows.push(self.order.iter().map(|at| cells[*at].clone()).collect());
    }

    /// To be called when all rows are there.
    pub(crate) fn sort(&mut self) {
        self.rows.sort();
        self.order.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All in one line, `name=value`.
    pub(crate) fn line(&self) -> String {
        let row = |row: &Vec<String>| {
            let cells = row.iter().zip(&self.columns);
            cells
                .map(|(cell, (name, _))| format!("{name}={cell}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        self.rows.iter().map(row).collect::<Vec<_>>().join("; ")
    }

    /// The rows of our reader.
    pub(crate) fn of(table: &Table, ordered: &BTreeSet<String>) -> Rows {
        let columns = table
            .columns
            .iter()
            .map(|c| (c.name.to_string(), class(c.ty)))
            .collect();
        let mut rows = Rows::new(columns);
        for row in &table.rows {
            let cells = row.iter().zip(&table.columns);
            rows.push(
                cells
                    .map(|(cell, c)| canonical(cell, ordered.contains(&*c.name)))
                    .collect(),
            );
        }
        rows.sort();
        rows
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.columns.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
        write!(f, "      {}", names.join(", "))?;
        self.rows
            .iter()
            .try_for_each(|row| write!(f, "\n      {}", row.join(", ")))
    }
}

/// The type, `int` being a `long`.
pub(crate) fn class(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::Int | Type::Long => "long",
        Type::Real => "real",
        Type::String => "string",
        Type::Datetime => "datetime",
        Type::Timespan => "timespan",
        Type::Dynamic => "dynamic",
        Type::Guid => "guid",
        Type::Unknown => "?",
    }
}

fn canonical(cell: &Value, ordered: bool) -> String {
    match cell {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Long(n) => n.to_string(),
        Value::Real(n) => number_text(*n),
        Value::String(text) | Value::Guid(text) => format!("{text:?}"),
        Value::Datetime(_) => canonical_time(&cell.to_text()),
        Value::Timespan(ticks) => number_text(*ticks as f64 / 1e7),
        Value::Array(elements) => {
            let mut elements: Vec<String> = elements.iter().map(|cell| canonical(cell, ordered)).collect();
            if !ordered {
                elements.sort();
            }
            format!("[{}]", elements.join(", "))
        }
        Value::Bag(_) => cell.to_json().to_string(),
    }
}

/// The two add up in different orders.
pub(crate) fn number_text(n: f64) -> String {
    if n == 0.0 {
        "0".to_owned()
    } else if n.fract() == 0.0 && n.abs() < 1e15 {
        format!("{n:.0}")
    } else {
        format!("{n:.9e}")
    }
}

/// `2025-08-15 10:00:00` with as many digits as are not zero, whether it was written with `T` and `Z` or not.
pub(crate) fn canonical_time(text: &str) -> String {
    let text = text.trim_end_matches('Z').replace('T', " ");
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{}", fraction.trim_end_matches('0')),
        None if text.contains(' ') => format!("{text}."),
        None => format!("{text} 00:00:00."),
    }
}

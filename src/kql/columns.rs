//! The names of columns, and what the `project-` operators do with them.

use super::ast::{Expr, ExprKind, Item, Pattern};
use super::error::{KqlError, Place};
use super::table::{Column, Row, Table};
use super::value::{Type, Value};
use std::sync::Arc;

/// Functions whose result is called after their first argument.
#[rustfmt::skip]
const NAMED_AFTER: &[&str] = &[
    "abs", "acos", "asin", "atan", "atan2", "bin", "bin_at", "bin_auto", "binary_and", "binary_not", "binary_or",
    "binary_shift_left", "binary_shift_right", "binary_xor", "bitset_count_ones", "ceiling", "cos", "erf", "erfc", "exp",
    "exp10", "exp2", "floor", "format_bytes", "gamma", "log", "log10", "log2", "loggamma", "make_datetime",
    "make_timespan", "parse_csv", "parse_json", "parse_xml", "parsejson", "pow", "rand", "round", "series_fill_backward",
    "series_fill_const", "series_fill_forward", "series_fill_linear", "series_fir", "series_iir", "series_outliers", "sin",
    "split", "sqrt", "startofday", "tan", "tobool", "toboolean", "todatetime", "todecimal", "todouble", "todynamic",
    "toguid", "tohex", "toint", "tolong", "toobject", "toreal", "tostring", "totimespan",
];

/// The name of an expression where it is not given: its column's, `a_b` for `a.b`, or that of a first argument.
pub(super) fn expression_name(expr: &Expr) -> Option<Arc<str>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(Arc::clone(name)),
        ExprKind::Call(function, args) => {
            let of = expression_name(&args.first()?.expr)?;
            match &**function {
                "strlen" | "string_size" | "repeat" => Some(format!("{function}_{of}").into()),
                "gettype" => Some(format!("type_{of}").into()),
                "array_sort_asc" | "array_sort_desc" => Some(format!("{of}_sorted").into()),
                other => NAMED_AFTER.contains(&other).then_some(of),
            }
        }
        ExprKind::Member(of, name) => expression_name(of).map(|of| format!("{of}_{name}").into()),
        ExprKind::Index(of, index) => match &index.kind {
            ExprKind::Literal(_, value @ (Value::String(_) | Value::Long(_))) => {
                expression_name(of).map(|of| format!("{of}_{}", value.to_text()).into())
            }
            _ => None,
        },
        _ => None,
    }
}

/// The first free name: `x`, `x1`, `x2`.
pub(super) fn free_name(columns: &[Column], name: &Arc<str>) -> Arc<str> {
    let taken = |name: &str| columns.iter().any(|column| &*column.name == name);
    let mut free = Arc::clone(name);
    let mut number = 0_usize;
    while taken(&free) {
        number += 1;
        free = format!("{name}{number}").into();
    }
    free
}

/// The next of `Column1`, `Column2`, for expressions without a name.
pub(super) fn numbered_name(columns: &[Column]) -> Arc<str> {
    let mut number = 1_usize;
    loop {
        let name: Arc<str> = format!("Column{number}").into();
        if columns.iter().all(|column| column.name != name) {
            return name;
        }
        number += 1;
    }
}

/// The name of a new column: given, or made and then free. A name that is given, or is a column's own, may be taken.
pub(super) fn item_name(columns: &[Column], item: &Item) -> Arc<str> {
    match (&item.name, &item.expr.kind) {
        (Some((name, _)), _) | (None, ExprKind::Name(name)) => Arc::clone(name),
        _ => match expression_name(&item.expr) {
            Some(name) => free_name(columns, &name),
            None => numbered_name(columns),
        },
    }
}

/// The name of a column of `extend`: one that is there already is replaced.
pub(super) fn extended_name(columns: &[Column], item: &Item) -> Arc<str> {
    match &item.name {
        Some((name, _)) => Arc::clone(name),
        None => expression_name(&item.expr).unwrap_or_else(|| numbered_name(columns)),
    }
}

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
        if fits.is_empty() && !table.open {
            return Err(KqlError::at(
                pattern.place,
                format!(
                    "no column is called `{}`{}",
                    pattern.text,
                    super::names::hint(&pattern.text, table.columns.iter().map(|column| &*column.name))
                ),
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
pub(super) fn wildcard(pattern: &str, name: &str) -> bool {
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
        open: table.open,
    }
}

pub(super) fn rename(mut table: Table, items: &[Item]) -> Result<Table, KqlError> {
    let mut renamed = table.columns.clone();
    for item in items {
        let (Some((new, _)), ExprKind::Name(old)) = (&item.name, &item.expr.kind) else {
            return Err(KqlError::at(item.expr.place, "`project-rename` takes `new = old`"));
        };
        let Some(index) = table.column(old) else {
            if table.open {
                renamed.push(Column {
                    name: Arc::clone(new),
                    ty: Type::Unknown,
                });
                continue;
            }
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

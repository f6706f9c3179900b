//! Rows of both sides in one form, and what one side has and the other has not.

use crate::kql;
use crate::value;
use std::fmt;
use std::sync::Arc;

/// From 0001-01-01 to 1970-01-01, in ticks.
const EPOCH: i64 = 621_355_968_000_000_000;

/// A cell. Missing is one thing, however a side spells it; sets are in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Absent, null, or the empty text.
    Missing,
    /// True or false.
    Bool(bool),
    /// A number; fractions to nine digits, as sides add in different orders.
    Number(String),
    /// A text.
    Text(Arc<str>),
    /// An instant, in ticks since 1970.
    Time(i64),
    /// A set.
    Set(Vec<Cell>),
}

impl Cell {
    /// A cell of an alert.
    pub(super) fn of_native(value: &value::Value) -> Cell {
        match value {
            value::Value::Missing => Cell::Missing,
            value::Value::Bool(b) => Cell::Bool(*b),
            value::Value::Int(n) => Cell::Number(n.to_string()),
            value::Value::Real(n) => Cell::Number(real(*n)),
            value::Value::Text(text) => Cell::Text(Arc::clone(text)),
            value::Value::Time(time) => Cell::Time(time.0),
            value::Value::Json(json) => match json.as_text() {
                Some(text) => Cell::Text(text.into()),
                None => Cell::Missing,
            },
            value::Value::Set(set) => Cell::set(set.iter().map(Cell::of_native)),
        }
    }

    /// A cell of a query's result.
    pub(super) fn of_kql(value: &kql::Value) -> Cell {
        match value {
            kql::Value::Null => Cell::Missing,
            kql::Value::String(text) if text.is_empty() => Cell::Missing,
            kql::Value::Bool(b) => Cell::Bool(*b),
            kql::Value::Long(n) => Cell::Number(n.to_string()),
            kql::Value::Real(n) => Cell::Number(real(*n)),
            kql::Value::String(text) => Cell::Text(Arc::clone(text)),
            kql::Value::Datetime(ticks) => Cell::Time(ticks.saturating_sub(EPOCH)),
            kql::Value::Array(elements) => Cell::set(elements.iter().map(Cell::of_kql)),
            other => Cell::Text(other.to_text()),
        }
    }

    fn set(cells: impl Iterator<Item = Cell>) -> Cell {
        let mut cells: Vec<Cell> = cells.collect();
        cells.sort();
        Cell::Set(cells)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Missing => f.write_str("missing"),
            Cell::Bool(b) => write!(f, "{b}"),
            Cell::Number(n) => f.write_str(n),
            Cell::Text(text) => write!(f, "{text:?}"),
            Cell::Time(ticks) => write!(f, "{}", value::Time(*ticks)),
            Cell::Set(cells) => {
                let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", cells.join(", "))
            }
        }
    }
}

fn real(n: f64) -> String {
    if n == 0.0 {
        // Zero has one sign.
        "0".to_owned()
    } else if n.fract() == 0.0 && n.abs() < 1e15 {
        format!("{n:.0}")
    } else {
        format!("{n:.9e}")
    }
}

/// A row: a cell a column.
pub type Row = Vec<Cell>;

/// The rows of each side that the other one lacks, of two multisets.
pub(super) fn difference(mut native: Vec<Row>, mut text: Vec<Row>) -> (Vec<Row>, Vec<Row>) {
    native.sort();
    text.sort();
    let (mut only_native, mut only_text) = (Vec::new(), Vec::new());
    let (mut left, mut right) = (native.into_iter().peekable(), text.into_iter().peekable());
    loop {
        match (left.peek(), right.peek()) {
            (Some(a), Some(b)) if a == b => {
                left.next();
                right.next();
            }
            (Some(a), Some(b)) if a < b => only_native.extend(left.next()),
            (Some(_), None) => only_native.extend(left.next()),
            (_, Some(_)) => only_text.extend(right.next()),
            (None, None) => return (only_native, only_text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(numbers: &[i64]) -> Vec<Row> {
        numbers.iter().map(|n| vec![Cell::Time(*n)]).collect()
    }

    #[test]
    fn rows_count_as_often_as_they_stand() {
        assert_eq!(difference(rows(&[2, 1]), rows(&[1, 2])), (vec![], vec![]));
        assert_eq!(difference(rows(&[1, 1, 3]), rows(&[1, 2])), (rows(&[1, 3]), rows(&[2])));
        assert_eq!(difference(rows(&[]), rows(&[5, 5])), (vec![], rows(&[5, 5])));
    }

    #[test]
    fn both_sides_spell_one_cell_alike() {
        let pairs = [
            (value::Value::Missing, kql::Value::text("")),
            (value::Value::Missing, kql::Value::Null),
            (value::Value::Int(5), kql::Value::Real(5.0)),
            (value::Value::Text("5".into()), kql::Value::text("5")),
            (value::Value::Time(value::Time(0)), kql::Value::Datetime(EPOCH)),
        ];
        for (native, text) in pairs {
            assert_eq!(Cell::of_native(&native), Cell::of_kql(&text));
        }
        assert_ne!(
            Cell::of_native(&value::Value::Int(5)),
            Cell::of_kql(&kql::Value::text("5"))
        );
        let set = kql::Value::array(vec![kql::Value::text("b"), kql::Value::text("a")]);
        assert_eq!(Cell::of_kql(&set).to_string(), r#"["a", "b"]"#);
    }
}

//! Tables, the database that a query reads, and its clock.

use super::time::{self, EPOCH};
use super::value::{Type, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name; names are case-sensitive.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
}

/// A row: a value per column.
pub type Row = Vec<Value>;

/// Columns and rows.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The rows; they have an order only after `sort`, `top` or `serialize`.
    pub rows: Vec<Row>,
    /// Whether the order of the rows means something.
    pub serialized: bool,
    /// Whether there may be more columns, which only data know. Only a check has such tables.
    pub open: bool,
}

impl Table {
    /// A table without rows.
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Type)>) -> Table {
        Table {
            columns: columns
                .into_iter()
                .map(|(name, ty)| Column { name: name.into(), ty })
                .collect(),
            ..Table::default()
        }
    }

    /// Where the column of that name stands.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| &*column.name == name)
    }

    /// `{"columns":[{"name","type"}],"rows":[[…]]}`
    pub fn to_json(&self) -> serde_json::Value {
        let columns: Vec<serde_json::Value> = self
            .columns
            .iter()
            .map(|column| serde_json::json!({"name": &*column.name, "type": column.ty.to_string()}))
            .collect();
        let rows: Vec<serde_json::Value> = self
            .rows
            .iter()
            .map(|row| row.iter().map(Value::to_json).collect())
            .collect();
        serde_json::json!({"columns": columns, "rows": rows})
    }
}

/// The tables and watchlists that a query can name.
#[derive(Clone, Debug, Default)]
pub struct Database {
    tables: BTreeMap<String, Rc<Table>>,
    watchlists: BTreeMap<String, Rc<Table>>,
    /// What was asked for, by this database or one that was made from it.
    asked: Rc<RefCell<Asked>>,
}

#[derive(Debug, Default)]
struct Asked {
    tables: BTreeSet<String>,
    watchlists: BTreeSet<String>,
}

fn note(names: &mut BTreeSet<String>, name: &str) {
    if !names.contains(name) {
        names.insert(name.to_owned());
    }
}

impl Database {
    /// Adds a table, or replaces the one of that name.
    pub fn add(&mut self, name: impl Into<String>, table: Table) {
        self.tables.insert(name.into(), Rc::new(table));
    }

    /// The table of that name. It counts as asked for.
    pub fn get(&self, name: &str) -> Option<&Table> {
        note(&mut self.asked.borrow_mut().tables, name);
        self.tables.get(name).map(Rc::as_ref)
    }

    /// The table of that name, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Table> {
        self.tables.get_mut(name).map(Rc::make_mut)
    }

    /// Adds a watchlist, or replaces the one of that name.
    pub fn add_watchlist(&mut self, name: impl Into<String>, table: Table) {
        self.watchlists.insert(name.into(), Rc::new(table));
    }

    /// The watchlist of that name. It counts as asked for.
    pub fn watchlist(&self, name: &str) -> Option<&Table> {
        note(&mut self.asked.borrow_mut().watchlists, name);
        self.watchlists.get(name).map(Rc::as_ref)
    }

    /// The same tables and watchlists without rows.
    #[must_use]
    pub fn without_rows(&self) -> Database {
        let empty = |tables: &BTreeMap<String, Rc<Table>>| {
            let bare = |table: &Table| Table {
                columns: table.columns.clone(),
                open: table.open,
                ..Table::default()
            };
            let one = |(name, table): (&String, &Rc<Table>)| (name.clone(), Rc::new(bare(table)));
            tables.iter().map(one).collect()
        };
        Database {
            tables: empty(&self.tables),
            watchlists: empty(&self.watchlists),
            asked: Rc::clone(&self.asked),
        }
    }

    /// The names of the tables, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// Whether a query asked for the table of that name.
    pub fn asked_for(&self, name: &str) -> bool {
        self.asked.borrow().tables.contains(name)
    }

    /// The tables that a query asked for and that have no rows, sorted.
    pub fn asked_for_and_empty(&self) -> Vec<&str> {
        let asked = self.asked.borrow();
        let empty = |(name, table): &(&String, &Rc<Table>)| table.rows.is_empty() && asked.tables.contains(*name);
        self.tables
            .iter()
            .filter(empty)
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Whether a query asked for the watchlist of that name.
    pub fn asked_for_watchlist(&self, name: &str) -> bool {
        self.asked.borrow().watchlists.contains(name)
    }
}

/// When a query runs, and how far back it sees.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    now: i64,
    period: Option<i64>,
}

impl Clock {
    /// At an instant, in ticks of 100 ns since 1970, seeing rows with `TimeGenerated` in `(now - period, now]`; all rows
    /// without a period. None outside the years 1 to 9999.
    pub fn new(now: i64, period: Option<i64>) -> Option<Clock> {
        let now = time::in_calendar(now.checked_add(EPOCH)?)?;
        Some(Clock { now, period })
    }

    /// The instant, in ticks since 0001-01-01.
    pub(super) fn now(self) -> i64 {
        self.now
    }

    /// Whether a row of that time is seen.
    pub(super) fn sees(self, at: &Value) -> bool {
        match (self.period, at) {
            (None, _) => true,
            (Some(period), Value::Datetime(at)) => *at <= self.now && *at > self.now.saturating_sub(period),
            _ => false,
        }
    }
}

//! The KQL side: the emitted text, read back and run over the tables that hold the events.

use super::rows::{Cell, Row};
use super::{Case, Subject};
use crate::evaluate::AlertRow;
use crate::kql::{self, Clock, KqlError};
use crate::source::Catalog;
use crate::targets::kql::{Query, QueryColumn};
use crate::value::{Span, Time};

/// A text that is read, and what a scheduler knows of it.
pub(super) struct KqlSide {
    read: kql::Query,
    columns: Vec<QueryColumn>,
    /// The tables that it reads, with all their columns and no row.
    tables: kql::Database,
    /// How far it moves its clock back.
    delay: Span,
    /// How far back it reads.
    period: Span,
}

impl KqlSide {
    /// Reads the text back. `query` is what the emitter says of it.
    pub(super) fn new(text: &str, query: &Query) -> Result<KqlSide, KqlError> {
        let workspace = kql::workspace();
        let mut tables = kql::Database::default();
        for name in &query.tables {
            if let Some(table) = workspace.get(name) {
                tables.add(name.as_str(), table.clone());
            }
        }
        for (watchlist, items) in &query.watchlists {
            let mut table = kql::Table::new([(watchlist.column.as_str(), kql::Type::String)]);
            table.rows = items
                .iter()
                .map(|item| vec![kql::Value::String(item.as_str().into())])
                .collect();
            tables.add_watchlist(watchlist.alias.as_str(), table);
        }
        Ok(KqlSide {
            read: kql::parse(text)?,
            tables,
            columns: query.columns.clone(),
            delay: query.delay,
            period: query.period,
        })
    }

    /// The rows of the native run's alerts, in the columns of the text's result.
    pub(super) fn native(&self, subject: &Subject<'_>, alerts: &[AlertRow]) -> Vec<Row> {
        let cell = |alert: &AlertRow, column: &QueryColumn| match (column.output, column.name.as_str()) {
            (Some(index), _) => {
                let output = subject.plan().alert.columns.get(index);
                let value = output.and_then(|output| subject.ready.evaluate(&output.value, &alert.row).ok());
                value.map_or(Cell::Missing, |value| Cell::of_native(&value))
            }
            (None, "StartTime") => Cell::Time(alert.alert.start.0),
            (None, "EndTime") => Cell::Time(alert.alert.end.0),
            (None, _) => Cell::Time(alert.alert.time.0),
        };
        let row = |alert: &AlertRow| self.columns.iter().map(|column| cell(alert, column)).collect();
        alerts.iter().map(row).collect()
    }

    /// The names of the columns that are compared.
    pub(super) fn columns(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// The tables, with the events of a case.
    pub(super) fn database(&self, catalog: &Catalog, case: &Case) -> kql::Database {
        let events: Vec<_> = case.events.iter().map(super::CaseEvent::as_input).collect();
        kql::database(catalog, self.tables.clone(), &events)
    }

    /// How many rows leave each line of the text, at the clock that belongs to the native run at `at`.
    pub(super) fn trace(&self, catalog: &Catalog, case: &Case, at: Time) -> Vec<kql::Traced> {
        let database = self.database(catalog, case);
        let clock = Clock::new(at.plus(self.delay).0, Some(self.period.0));
        clock
            .and_then(|clock| kql::trace(&self.read, &database, clock).ok())
            .unwrap_or_default()
    }

    /// What the text finds at the clock that belongs to the native run at `at`.
    ///
    /// # Errors
    /// Why the reader refuses the text on these events, or that the result lacks a column.
    pub(super) fn run(&self, catalog: &Catalog, case: &Case, at: Time) -> Result<Vec<Row>, String> {
        let database = self.database(catalog, case);
        let clock = Clock::new(at.plus(self.delay).0, Some(self.period.0)).ok_or("the clock leaves the calendar")?;
        self.rows(&self.read, &database, clock)
    }

    /// What another text with the same columns finds, which reads no table.
    pub(super) fn run_text(&self, text: &str, at: Time) -> Result<Vec<Row>, String> {
        let read = kql::parse(text).map_err(|error| error.to_string())?;
        let clock = Clock::new(at.plus(self.delay).0, Some(self.period.0)).ok_or("the clock leaves the calendar")?;
        self.rows(&read, &kql::Database::default(), clock)
    }

    fn rows(&self, read: &kql::Query, database: &kql::Database, clock: Clock) -> Result<Vec<Row>, String> {
        let table = kql::run(read, database, clock).map_err(|error| error.to_string())?;
        let mut places = Vec::new();
        for column in &self.columns {
            let place = table.column(&column.name);
            places.push(place.ok_or_else(|| format!("the result has no column `{}`", column.name))?);
        }
        let cell = |row: &kql::Row, at: usize| row.get(at).map_or(Cell::Missing, Cell::of_kql);
        let rows = table.rows.iter();
        Ok(rows
            .map(|row| places.iter().map(|at| cell(row, *at)).collect())
            .collect())
    }
}

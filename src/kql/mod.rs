//! A reader and reference interpreter of KQL, the query language of Microsoft Sentinel.
//!
//! It is a witness: written from the reference pages alone, it shares nothing with what emits KQL or runs rules natively,
//! so that agreement between the two means something. It computes row by row, plainly. Where the documents do not say what
//! a construct gives, it refuses with the place, and so does everything that it does not read. `docs/kql.md` lists both.

mod aggregate;
mod aggregate_values;
mod arithmetic;
mod ast;
mod bind;
mod bind_call;
mod bind_typed;
#[cfg(feature = "input")]
mod cast;
mod columns;
mod compare;
mod error;
mod eval;
mod expand;
#[cfg(feature = "input")]
mod file;
mod functions;
mod join;
mod lex;
#[cfg(feature = "input")]
mod logs;
mod names;
mod operators;
mod ops;
mod parse;
mod parse_join;
mod parse_literal;
mod parse_more;
mod parse_op;
mod parse_statement;
mod parse_text;
mod plugins;
mod results;
mod rows;
mod scan;
mod schemas;
mod search;
mod series;
mod sources;
mod statements;
mod summarize;
mod table;
mod time;
mod top;
mod trace;
mod value;

pub use bind_call::INGESTION_TIME;
pub use error::{KqlError, Place};
#[cfg(feature = "input")]
pub use file::{FileRows, Misfits, read_file, table_of, watchlist_of};
#[cfg(feature = "input")]
pub use logs::database;
pub use schemas::{SchemaError, columns, workspace};
pub use table::{Clock, Column, Database, Row, Table};
pub use trace::{Traced, trace};
pub use value::{Type, Value};

use ast::Body;
use bind::{Env, Machine};

/// The longest text that is read, in bytes.
const LONGEST: usize = 1_000_000;

/// A query that is read.
#[derive(Debug)]
pub struct Query {
    text: String,
    body: Body,
    warnings: Vec<KqlError>,
}

impl Query {
    /// What the text probably does not mean, such as string literals side by side.
    pub fn warnings(&self) -> &[KqlError] {
        &self.warnings
    }
}

/// Reads a query.
///
/// # Errors
/// What is wrong or not supported, with its line and column.
pub fn parse(text: &str) -> Result<Query, KqlError> {
    if text.len() > LONGEST {
        return Err(KqlError::at(
            Place::default(),
            format!("a query of more than {LONGEST} bytes is not read"),
        )
        .located(text));
    }
    let located = |error: KqlError| error.located(text);
    let (words, warnings) = lex::words(text).map_err(located)?;
    let mut parser = parse::Parser::new(text, words, warnings);
    let body = parser.query().map_err(located)?;
    Ok(Query {
        text: text.to_owned(),
        body,
        warnings: parser.warnings.into_iter().map(located).collect(),
    })
}

/// Runs a query over the tables as the clock sees them.
///
/// # Errors
/// A name or a type that does not fit, or something that is not supported or not settled by the documents, with its line
/// and column.
pub fn run(query: &Query, database: &Database, clock: Clock) -> Result<Table, KqlError> {
    go(query, database, clock, false)
}

fn go(query: &Query, database: &Database, clock: Clock, checking: bool) -> Result<Table, KqlError> {
    let machine = Machine::new(database, clock, checking);
    let run = || {
        let env = machine.lets(&query.body, &Env::default())?;
        let result = &query.body.result;
        if machine.gives_table(result, &env) {
            let table = machine.pipeline(result, &env, None)?;
            // What is printed is written out, however many cells share it.
            for cell in table.rows.iter().flatten() {
                machine.budget.weigh(cell, result.place)?;
            }
            return Ok(table);
        }
        // One value: the examples of the pages show it as a table of one cell.
        let value = machine.scalar(result, &env)?;
        let mut table = Table::new([("Result", value.ty)]);
        table.rows.push(vec![value.eval_alone(&machine.budget)?]);
        Ok(table)
    };
    run().map_err(|error: KqlError| error.located(&query.text))
}

/// Checks names and types: runs over the tables without their rows.
///
/// # Errors
/// As [`run`].
pub fn check(query: &Query, database: &Database, clock: Clock) -> Result<Vec<Column>, KqlError> {
    go(query, &database.without_rows(), clock, true).map(|table| table.columns)
}

#[cfg(test)]
mod tests;

//! Where rows are lost: how many there are behind each operator.

use super::Query;
use super::ast::{LetValue, Pipeline};
use super::bind::{Env, Machine};
use super::error::{KqlError, position};
use super::table::{Clock, Database};

/// The rows behind an operator, or of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traced {
    /// The line on which the operator stands, from 1.
    pub line: usize,
    /// How many rows leave it.
    pub rows: usize,
}

/// Counts the rows behind each operator of the query and of the tables that its `let`s name. Operators inside brackets
/// (of joins, of functions) count with the one that holds them.
///
/// # Errors
/// As [`super::run`].
pub fn trace(query: &Query, database: &Database, clock: Clock) -> Result<Vec<Traced>, KqlError> {
    let machine = Machine::new(database, clock, false);
    let mut traced = Vec::new();
    let mut follow = |pipeline: &Pipeline, env: &Env| {
        for count in 0..=pipeline.ops.len() {
            let ops = pipeline.ops.get(..count).unwrap_or_default();
            let place = ops.last().map_or(pipeline.place, |op| op.place);
            let part = Pipeline {
                source: pipeline.source.clone(),
                ops: ops.to_vec(),
                place: pipeline.place,
            };
            // A source that is no table by itself has no rows to count.
            if machine.gives_table(&part, env) {
                let rows = machine.pipeline(&part, env, None)?.rows.len();
                let (line, _) = position(&query.text, place.start);
                traced.push(Traced { line, rows });
            }
        }
        Ok(())
    };
    let run = || {
        let mut body = query.body.clone();
        let lets = std::mem::take(&mut body.lets);
        let mut env = Env::default();
        for statement in lets {
            if let LetValue::Value(pipeline) = &statement.value
                && machine.gives_table(pipeline, &env)
            {
                follow(pipeline, &env)?;
            }
            body.lets.push(statement);
            env = machine.lets(&body, &Env::default())?;
        }
        follow(&body.result, &env)
    };
    let mut run = run;
    run().map_err(|error: KqlError| error.located(&query.text))?;
    Ok(traced)
}

//! A proof that a person can take along: the emitted query over its own events, to be pasted into any workspace.

use super::kql::KqlSide;
use super::{Case, Cell, Subject};
use crate::evaluate::Asked;
use crate::kql::{Table, Type, Value};
use crate::targets::kql::{Query, text_literal};
use crate::value::Time;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The query of a rule, its tables replaced by `datatable`s of the case's events and its clock pinned to the run, with the
/// rows that the native run finds as a comment below it. The text has been read back and run before it is handed out.
///
/// # Errors
/// That the rule has no query, or that the text does not find these rows when it is read back.
pub fn prove(subject: &Subject<'_>, called: &str, case: &Case) -> Result<String, String> {
    let emitted = crate::targets::kql::emit(subject.plan(), &subject.catalog);
    let query = emitted.map_err(|reasons| {
        let first = reasons.first().map_or("", |reason| reason.message.as_str());
        format!("the rule has no query: {first}")
    })?;
    let side = KqlSide::new(&query.text, &query).map_err(|error| error.to_string())?;
    let native = side.native(subject, &subject.native(case, Asked::Now(case.now)));
    let (body, lets) = (pinned(&query, case.now), tables(subject, &side, &query, case));
    let mut out = format!(
        "// {}: the run at {}, test \"{}\".\n// Paste it into any workspace: it reads no table. The rows to expect stand below.\n",
        subject.plan().rule.name,
        case.now,
        called.replace(['\n', '\r'], " ")
    );
    out.push_str(&lets);
    out.push_str(&body);
    let text = side.run_text(&out, case.now)?;
    if super::rows::difference(native.clone(), text) != (Vec::new(), Vec::new()) {
        return Err("the text finds other rows than the native run: run `tripline test` on this rule".to_owned());
    }
    let _ = writeln!(out, "// Expected: {}", many(native.len(), "row"));
    for row in &native {
        let cells: Vec<String> = side
            .columns()
            .iter()
            .zip(row)
            .map(|(name, cell)| format!("{name} = {}", printed(cell)))
            .collect();
        let _ = writeln!(out, "//   {}", cells.join(", "));
    }
    Ok(out)
}

fn many(n: usize, word: &str) -> String {
    match n {
        0 => format!("no {word}"),
        1 => format!("1 {word}"),
        n => format!("{n} {word}s"),
    }
}

/// A cell on one line of a comment.
fn printed(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text_literal(text),
        Cell::Set(cells) => format!("[{}]", cells.iter().map(printed).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// The text of the query with the clock of the run in the place of `now()`.
fn pinned(query: &Query, at: Time) -> String {
    let clock = format!("datetime({})", at.plus(query.delay));
    // The emitter writes the clock in one place; a text that holds these letters stands in quotes.
    let lines = query.text.lines().map(|line| match line.split_once("= now()") {
        Some((before, after)) if before.starts_with("let ") => format!("{before}= {clock}{after}"),
        _ => line.to_owned(),
    });
    let mut text: String = lines.map(|line| line + "\n").collect();
    for (watchlist, items) in &query.watchlists {
        let rows: Vec<String> = items.iter().map(|item| text_literal(item)).collect();
        let rows = if rows.is_empty() {
            "\"\"".to_owned()
        } else {
            rows.join(", ")
        };
        let call = format!("_GetWatchlist({})", text_literal(&watchlist.alias));
        let column = text_literal(&watchlist.column);
        text = text.replace(&call, &format!("datatable([{column}]: string) [{rows}]"));
    }
    text
}

/// `let Table = datatable(..)[..];` for each table of the query, with the rows that the run sees.
fn tables(subject: &Subject<'_>, side: &KqlSide, query: &Query, case: &Case) -> String {
    let database = side.database(&subject.catalog, case);
    let words: BTreeSet<&str> = query
        .text
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .collect();
    let clock = case.now.plus(query.delay);
    let mut out = String::new();
    for name in &query.tables {
        let Some(table) = database.get(name) else { continue };
        let read: Vec<usize> = (0..table.columns.len())
            .filter(|at| {
                let column = table.columns.get(*at);
                column.is_some_and(|c| &*c.name == "TimeGenerated" || words.contains(&*c.name))
            })
            .collect();
        let _ = writeln!(out, "let {name} = {}", datatable(table, &read));
        let _ = writeln!(
            out,
            "    // What a run with this clock and period sees.\n    | where TimeGenerated > datetime({}) and TimeGenerated <= datetime({clock});",
            clock.minus(query.period)
        );
    }
    out
}

fn datatable(table: &Table, read: &[usize]) -> String {
    let columns = || read.iter().filter_map(|at| table.columns.get(*at));
    let heads: Vec<String> = columns()
        .map(|column| format!("{}: {}", column.name, column.ty))
        .collect();
    let mut out = format!("datatable({}) [\n", heads.join(", "));
    for row in &table.rows {
        let cells: Vec<String> = read
            .iter()
            .filter_map(|at| Some(literal(table.columns.get(*at)?.ty, row.get(*at)?)))
            .collect();
        let _ = writeln!(out, "        {},", cells.join(", "));
    }
    // A table without rows: the brackets stay empty.
    out.push_str("    ]");
    out
}

/// A value as a literal of its column's type.
fn literal(ty: Type, value: &Value) -> String {
    match (ty, value) {
        (Type::String, value) => text_literal(&value.to_text()),
        (ty, Value::Null) => format!("{ty}(null)"),
        (Type::Bool, Value::Bool(b)) => b.to_string(),
        (Type::Datetime, value) => format!("datetime({})", value.to_text()),
        (Type::Timespan, value) => format!("timespan({})", value.to_text()),
        (Type::Dynamic, value) => format!("dynamic({})", value.to_json()),
        (ty, value) => format!("{ty}({})", value.to_text()),
    }
}

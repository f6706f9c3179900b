//! The engine: a Python process with ClickHouse in it.

use crate::data::{self, Rows, canonical_time, number_text};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use tripline::kql::{Column, Table, Type, Value};

/// The version that the lists in `known.rs` hold for.
const PACKAGE: &str = "26.9.0";

/// The environment variable with the path of the Python that has the engine.
const VARIABLE: &str = "TRIPLINE_CHDB";

const INSTALL: &str = "python3 -m venv target/chdb && target/chdb/bin/python -m pip install --no-deps \
                       --requirement tests/oracles/requirements-chdb.txt, then TRIPLINE_CHDB=target/chdb/bin/python";

pub(crate) struct Engine {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    _folder: tempfile::TempDir,
}

/// A failed query, in the engine's words without their numbers and names.
pub(crate) fn reason(error: &str) -> String {
    let kind = error.rsplit_once('(').and_then(|(_, end)| end.split_once(')'));
    let kind = kind.map_or("", |(kind, _)| kind);
    let said = error.split_once("DB::Exception: ").map_or(error, |(_, said)| said);
    let said = match said
        .split_once("KQL query at position ")
        .and_then(|(_, said)| said.split_once(": "))
    {
        Some((_, said)) => said.split(", found").next().unwrap_or(""),
        None => said.split([':', '`', '\'']).next().unwrap_or(""),
    };
    let said = said.strip_suffix(&format!(" ({kind})")).unwrap_or(said);
    let types = [" for types", ", got", ". F", " cannot be used"];
    let said = types
        .iter()
        .fold(said, |said, end| said.split(end).next().unwrap_or(""));
    format!("{kind}: {}", said.trim())
}

impl Engine {
    /// The engine; none where nobody asked for it.
    ///
    /// # Panics
    /// Where it was asked for and is missing, or of another version.
    pub(crate) fn start() -> Option<Engine> {
        let Some(python) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) else {
            println!("not run: {VARIABLE} is not set; {INSTALL}");
            return None;
        };
        let root = env!("CARGO_MANIFEST_DIR");
        // The engine leaves a folder behind; it goes with this one.
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(&python)
            .arg("tests/oracles/chdb_run.py")
            .current_dir(root)
            .env("TMPDIR", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{VARIABLE} is {}: {error}; {INSTALL}", python.display()));
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut engine = Engine {
            child,
            to,
            from: BufReader::new(from),
            _folder: folder,
        };
        let first = engine
            .read()
            .unwrap_or_else(|| panic!("{} has no chdb: {INSTALL}", python.display()));
        assert_eq!(
            first["package"], PACKAGE,
            "this version of chdb-core is not the one that the tests know: {INSTALL}"
        );
        Some(engine)
    }

    fn read(&mut self) -> Option<Json> {
        let mut line = String::new();
        (self.from.read_line(&mut line).unwrap() > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    fn ask(&mut self, question: &Json) -> Json {
        writeln!(self.to, "{question}").unwrap();
        self.read().unwrap_or_else(|| panic!("chdb ended at {question}"))
    }

    /// Makes these the tables of those names.
    pub(crate) fn load(&mut self, tables: &[(&str, &Table)]) {
        let tables: Vec<Json> = tables.iter().map(|(name, table)| of_table(name, table)).collect();
        let answer = self.ask(&json!({"tables": tables}));
        assert_eq!(answer["done"], true);
    }

    /// The rows of a query, or why it is refused. `like` has the columns as Kusto gives them; without it the engine's own
    /// names stand.
    pub(crate) fn run(&mut self, text: &str, like: &[Column], ordered: &BTreeSet<String>) -> Result<Rows, String> {
        let answer = self.ask(&json!({"query": text}));
        if let Some(error) = answer["error"].as_str() {
            return Err(error.to_owned());
        }
        let columns: Vec<(String, &str)> = answer["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| {
                let name = column[0].as_str().unwrap();
                let name = if like.is_empty() {
                    name.to_owned()
                } else {
                    kusto_name(name)
                };
                (name, column[1].as_str().unwrap())
            })
            .collect();
        let of_text = |name: &str| like.iter().any(|c| &*c.name == name && c.ty == Type::String);
        let class_of = |(name, ty): &(String, &str)| match class(ty) {
            // Numbers of several widths side by side: its values are compared.
            "?" => like
                .iter()
                .find(|c| *c.name == **name)
                .map_or("?", |c| data::class(c.ty)),
            class => class,
        };
        let mut rows = Rows::new(
            columns
                .iter()
                .map(|column| (column.0.clone(), class_of(column)))
                .collect(),
        );
        for row in answer["rows"].as_array().unwrap() {
            let cells = row.as_array().unwrap().iter().zip(&columns);
            let cells = cells.map(|(cell, (name, ty))| match cell {
                // A string has no null, however it is stored.
                Json::Null if of_text(name) => "\"\"".to_owned(),
                cell => canonical(cell, ty, ordered.contains(name)),
            });
            rows.push(cells.collect());
        }
        rows.sort();
        Ok(rows)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A repeated column of the right side of a join is `Key1` in Kusto.
fn kusto_name(name: &str) -> String {
    match name.strip_prefix("kql_right_").and_then(|rest| rest.split_once('.')) {
        Some((_, own)) => format!("{own}1"),
        None => name.to_owned(),
    }
}

/// Which type of Kusto a type of ClickHouse stands for; the widths of whole numbers are its own affair.
fn class(ty: &str) -> &'static str {
    let inner = ty.strip_prefix("Nullable(").unwrap_or(ty);
    match inner {
        _ if inner.starts_with("Int") && !inner.starts_with("Interval") => "long",
        _ if inner.starts_with("UInt") => "long",
        _ if inner.starts_with("Float") => "real",
        _ if inner.starts_with("Bool") => "bool",
        _ if inner.starts_with("String") => "string",
        _ if inner.starts_with("Date") => "datetime",
        _ if inner.starts_with("Array") => "dynamic",
        _ if inner.starts_with("Interval") || inner.starts_with("Decimal") => "timespan",
        _ => "?",
    }
}

fn canonical(cell: &Json, ty: &str, ordered: bool) -> String {
    match cell {
        Json::Null => "null".to_owned(),
        Json::String(text) if text.ends_with("nan") && class(ty) == "real" => "NaN".to_owned(),
        Json::Bool(b) => b.to_string(),
        Json::Number(n) => match n.as_i64() {
            Some(n) if class(ty) != "real" => n.to_string(),
            _ => number_text(n.as_f64().unwrap()),
        },
        Json::String(text) if class(ty) == "datetime" => canonical_time(text),
        Json::String(text) if class(ty) == "real" => text.clone(),
        Json::String(text) => format!("{text:?}"),
        Json::Array(elements) => {
            let mut elements: Vec<String> = elements.iter().map(|cell| canonical(cell, "", ordered)).collect();
            if !ordered {
                elements.sort();
            }
            format!("[{}]", elements.join(", "))
        }
        Json::Object(_) => cell.to_string(),
    }
}

fn of_table(name: &str, table: &Table) -> Json {
    let known = |column: &&Column| kind(column.ty).is_some();
    let columns: Vec<Json> = table
        .columns
        .iter()
        .filter(known)
        .map(|column| json!([&*column.name, kind(column.ty)]))
        .collect();
    let row = |row: &Vec<Value>| {
        let cells = row.iter().zip(&table.columns).filter(|(_, column)| known(column));
        Json::Array(cells.map(|(cell, _)| cell.to_json()).collect())
    };
    let rows: Vec<Json> = table.rows.iter().map(row).collect();
    json!({"name": name, "columns": columns, "rows": rows})
}

/// The type of ClickHouse for a column; none where there is no such thing: the table is then without it.
fn kind(ty: Type) -> Option<&'static str> {
    match ty {
        Type::Bool => Some("Nullable(Bool)"),
        Type::Int => Some("Nullable(Int32)"),
        Type::Long => Some("Nullable(Int64)"),
        Type::Real => Some("Nullable(Float64)"),
        Type::String => Some("String"),
        Type::Datetime => Some("Nullable(DateTime64(7, 'UTC'))"),
        Type::Timespan | Type::Dynamic | Type::Guid | Type::Unknown => None,
    }
}

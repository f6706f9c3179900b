//! Any text is read, checked and run, or refused: the reader of KQL never panics, and always comes to an end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline::kql::{self, Clock, Database, Table, Type, Value};

thread_local! {
    static TABLES: Database = tables();
}

/// A table `T` with a row of each kind of value, beside those of a workspace.
fn tables() -> Database {
    let mut database = kql::workspace();
    let mut table = Table::new([
        ("TimeGenerated", Type::Datetime),
        ("n", Type::Long),
        ("x", Type::Real),
        ("s", Type::String),
        ("d", Type::Dynamic),
        ("b", Type::Bool),
    ]);
    let text = |text: &str| Value::text(text);
    table.rows = vec![
        vec![Value::Null, Value::Null, Value::Null, text(""), Value::Null, Value::Null],
        vec![
            Value::Datetime(638_000_000_000_000_000),
            Value::Long(i64::MAX),
            Value::Real(-0.5),
            text("a/b é, {\"k\": [1]}"),
            Value::array(vec![Value::Long(1), text("x"), Value::Null]),
            Value::Bool(true),
        ],
    ];
    database.add("T", table);
    database
}

fuzz_target!(|text: &str| {
    let Some(clock) = Clock::new(0, None) else { return };
    let Ok(query) = kql::parse(text) else { return };
    TABLES.with(|tables| {
        let _ = kql::check(&query, tables, clock);
        let _ = kql::run(&query, tables, clock);
    });
});

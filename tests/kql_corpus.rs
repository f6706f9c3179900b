//! The texts that fuzzing begins with, and those that once broke the reader: each is read, checked and run, or refused with
//! a place.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

use tripline::kql::{self, Clock, KqlError, Table, Type, Value};

#[test]
fn every_text_of_the_corpus_returns() {
    let mut tables = kql::workspace();
    let mut table = Table::new([
        ("TimeGenerated", Type::Datetime),
        ("n", Type::Long),
        ("x", Type::Real),
        ("s", Type::String),
        ("d", Type::Dynamic),
        ("b", Type::Bool),
    ]);
    table.rows = vec![
        table.columns.iter().map(|column| column.ty.null()).collect(),
        vec![
            Value::Datetime(638_000_000_000_000_000),
            Value::Long(2),
            Value::Real(-0.5),
            Value::text("a/b"),
            Value::array(vec![Value::text("x")]),
            Value::Bool(true),
        ],
    ];
    tables.add("T", table);
    let clock = Clock::new(0, None).unwrap();
    let (mut fine, mut refused) = (0, 0);
    for entry in std::fs::read_dir("fuzz/corpus/kql").unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let run = || -> Result<(), KqlError> {
            let query = kql::parse(&text)?;
            kql::check(&query, &tables, clock)?;
            kql::run(&query, &tables, clock).map(drop)
        };
        match run() {
            Ok(()) => fine += 1,
            Err(error) => {
                assert!(error.line > 0 && error.column > 0, "{}: {error}", path.display());
                println!("{}: {error}", path.display());
                refused += 1;
            }
        }
    }
    assert!(fine >= 15 && refused >= 3, "{fine} run, {refused} refused");
}

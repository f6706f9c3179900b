//! Our KQL reader against ClickHouse's Kusto dialect: random queries over random tables, and the KQL that we emit. A
//! difference is a question; what the engine is known to answer wrongly stands in `known.rs`, each with a test.
//!
//! Runs where `TRIPLINE_CHDB` names a Python that has the engine (`tests/oracles/README.md`). `TRIPLINE_CASES` and
//! `TRIPLINE_SEED` set how many queries there are, and which.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod data;
mod emitted;
mod engine;
mod expressions;
mod generate;
mod known;
mod query;

use data::Rows;
use engine::Engine;
use generate::{Generator, TABLES};
use query::Query;
use std::collections::{BTreeMap, BTreeSet};
use tripline::kql::{self, Clock, Database, Table, Type, Value};

/// The most queries that are tried to make a difference smaller.
const TRIES: usize = 4_000;

/// Why a query is set aside where more than one known answer makes its rows.
const SEVERAL: &str = "several of the above";

/// A number that the environment may set.
fn number(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// What came of a query.
enum Verdict {
    /// The same rows; whether there are any.
    Agree(bool),
    /// Our reader refuses.
    Unread(String),
    /// The engine refuses.
    Refused(String),
    /// Left out.
    Known(&'static str),
    /// Ours and theirs.
    Differ(Rows, Rows),
}

fn ours(text: &str, tables: &[(&str, &Table)]) -> Result<Table, String> {
    let mut database = Database::default();
    for (name, table) in tables {
        database.add(*name, (*table).clone());
    }
    let query = kql::parse(text).map_err(|error| error.message)?;
    kql::run(&query, &database, Clock::new(0, None).unwrap()).map_err(|error| error.message)
}

fn named(tables: &[Table]) -> Vec<(&str, &Table)> {
    TABLES.into_iter().zip(tables).collect()
}

/// Runs a query on both sides; the engine has the tables.
fn compare(engine: &mut Engine, query: &Query, tables: &[Table]) -> Verdict {
    let columns = |query: &Query| match ours(&query.to_string(), &named(tables)) {
        Ok(table) => table.columns.iter().map(|column| column.name.to_string()).collect(),
        Err(_) => Vec::new(),
    };
    if let Some(name) = known::left_out(query, columns) {
        return Verdict::Known(name);
    }
    let text = query.to_string();
    let table = match ours(&text, &named(tables)) {
        Ok(table) => table,
        Err(error) => return Verdict::Unread(error),
    };
    let ours = Rows::of(&table, &query.ordered);
    match engine.run(&text, &table.columns, &query.ordered) {
        Err(error) => Verdict::Refused(error),
        Ok(theirs) if ours == theirs => Verdict::Agree(!ours.is_empty()),
        Ok(theirs) => match explained(query, tables, &theirs) {
            Some(name) => Verdict::Known(name),
            None => Verdict::Differ(ours, theirs),
        },
    }
}

/// The known misreading that makes just these rows of the query.
fn explained(query: &Query, tables: &[Table], theirs: &Rows) -> Option<&'static str> {
    let gives_theirs = |misread: Query| {
        let table = ours(&misread.to_string(), &named(tables));
        table.is_ok_and(|table| Rows::of(&table, &query.ordered) == *theirs)
    };
    let one = known::MISREAD
        .iter()
        .find(|read| gives_theirs(known::misread(query, read)));
    if let Some((name, _)) = one {
        return Some(name);
    }
    let all = known::MISREAD
        .iter()
        .fold(query.clone(), |query, read| known::misread(&query, read));
    gives_theirs(all).then_some(SEVERAL)
}

/// The smallest query and tables that still differ.
fn shrink(engine: &mut Engine, mut query: Query, mut tables: Vec<Table>) -> (Query, Vec<Table>) {
    let mut tries = 0;
    'again: while tries < TRIES {
        for smaller in query.smaller() {
            tries += 1;
            if matches!(compare(engine, &smaller, &tables), Verdict::Differ(..)) {
                query = smaller;
                continue 'again;
            }
        }
        for at in 0..tables.len() {
            for row in 0..tables[at].rows.len() {
                let mut fewer = tables.clone();
                fewer[at].rows.remove(row);
                engine.load(&named(&fewer));
                tries += 1;
                if matches!(compare(engine, &query, &fewer), Verdict::Differ(..)) {
                    tables = fewer;
                    continue 'again;
                }
            }
        }
        break;
    }
    engine.load(&named(&tables));
    (query, tables)
}

fn describe(engine: &mut Engine, query: Query, tables: Vec<Table>) -> String {
    let (query, tables) = shrink(engine, query, tables);
    let Verdict::Differ(ours, theirs) = compare(engine, &query, &tables) else {
        panic!("it agrees now: {query}")
    };
    let mut out = format!("{query}\n    our reader:\n{ours}\n    chdb:\n{theirs}\n");
    for (name, table) in named(&tables) {
        if query.to_string().contains(name) {
            out.push_str(&format!("    {name}:\n{}\n", Rows::of(table, &BTreeSet::new())));
        }
    }
    out
}

#[test]
fn random_queries_agree() {
    let Some(mut engine) = Engine::start() else { return };
    let (cases, seed) = (number("TRIPLINE_CASES", 1_500), number("TRIPLINE_SEED", 1));
    let (mut agree, mut filled) = (0, 0);
    let mut unread: BTreeMap<String, usize> = BTreeMap::new();
    let mut refused: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut left_out: BTreeMap<&str, usize> = BTreeMap::new();
    let mut differences = Vec::new();
    for case in 0..cases {
        let mut generator = Generator::new(seed.wrapping_mul(1_000_003).wrapping_add(case));
        let query = generator.query();
        let tables = generate::tables(&mut generator.numbers, &query);
        engine.load(&named(&tables));
        match compare(&mut engine, &query, &tables) {
            Verdict::Agree(rows) => {
                agree += 1;
                filled += u64::from(rows);
            }
            Verdict::Unread(error) => *unread.entry(plain(&error)).or_default() += 1,
            Verdict::Refused(error) => {
                let found = refused.entry(engine::reason(&error)).or_default();
                found.0 += 1;
                found.1 = format!("{query}\n      {error}");
            }
            Verdict::Known(name) => *left_out.entry(name).or_default() += 1,
            Verdict::Differ(..) => {
                differences.push(describe(&mut engine, query, tables));
            }
        }
        if differences.len() >= 10 {
            break;
        }
    }
    println!("{cases} queries, seed {seed}: {agree} agree, {filled} of them with rows");
    left_out
        .iter()
        .for_each(|(name, count)| println!("left out {count}: {name}"));
    unread
        .iter()
        .for_each(|(why, count)| println!("not run by our reader {count}: {why}"));
    for (why, (count, example)) in &refused {
        println!("refused by chdb {count}: {why}");
        if std::env::var_os("TRIPLINE_EXAMPLES").is_some() {
            println!("    {example}");
        }
    }
    for name in left_out.keys() {
        let listed = known::ANSWERS.iter().any(|answer| answer.name == *name);
        assert!(listed || *name == SEVERAL, "no answer in the list has the name {name}");
    }
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert!(agree * 10 >= cases * 8, "too few queries are run by both");
    assert!(filled * 3 >= cases, "too few queries find rows");
}

/// Misreadings that our reader might have: what it reads, and what stands there instead.
const BREAKS: [(&str, &str); 25] = [
    (" < ", " <= "),
    (" > ", " >= "),
    (" == ", " =~ "),
    (" =~ ", " == "),
    (" !has ", " !contains "),
    (" has ", " contains "),
    (" has_cs ", " has "),
    (" hasprefix ", " startswith "),
    (" hassuffix ", " has "),
    (" contains_cs ", " contains "),
    (" endswith ", " endswith_cs "),
    (" has_any ", " has_all "),
    (" in~ ", " in "),
    (" and ", " or "),
    (" between ", " !between "),
    ("kind=inner ", "kind=innerunique "),
    ("kind=leftanti ", "kind=leftsemi "),
    ("bin(t, 1h)", "bin(t, 1d)"),
    ("min(", "max("),
    ("make_set(", "make_list("),
    ("set_union(", "array_concat("),
    ("set_difference(", "set_intersect("),
    (" asc", " desc"),
    ("substring(", "strcat("),
    ("distinct ", "project "),
];

#[test]
fn a_misreading_is_noticed() {
    let Some(mut engine) = Engine::start() else { return };
    let mut noticed = [(0, 0); BREAKS.len()];
    for case in 0..2_000_u64 {
        if noticed.iter().all(|(_, caught)| *caught > 0) {
            break;
        }
        let mut generator = Generator::new(case.wrapping_mul(7_919));
        let query = generator.query();
        let tables = generate::tables(&mut generator.numbers, &query);
        let text = query.to_string();
        let Ok(right) = ours(&text, &named(&tables)) else {
            continue;
        };
        engine.load(&named(&tables));
        let Ok(theirs) = engine.run(&text, &right.columns, &query.ordered) else {
            continue;
        };
        if Rows::of(&right, &query.ordered) != theirs {
            continue;
        }
        for ((from, to), (tried, caught)) in BREAKS.iter().zip(&mut noticed) {
            let broken = text.replace(from, to);
            if broken == text {
                continue;
            }
            if let Ok(table) = ours(&broken, &named(&tables)) {
                *tried += 1;
                *caught += usize::from(Rows::of(&table, &query.ordered) != theirs);
            }
        }
    }
    let mut unnoticed = Vec::new();
    for ((from, to), (tried, caught)) in BREAKS.iter().zip(noticed) {
        println!("`{from}` read as `{to}`: {caught} of {tried} queries differ");
        if caught == 0 {
            unnoticed.push(from);
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
}

/// The tables of [`known::ANSWERS`].
fn small_tables() -> [Table; 2] {
    let mut k = Table::new([("s", Type::String), ("n", Type::Long)]);
    k.rows = vec![
        vec![Value::text("aws-cli"), Value::Long(1)],
        vec![Value::text(""), Value::Null],
    ];
    let mut l = Table::new([("k", Type::String), ("m", Type::Long)]);
    l.rows = vec![vec![Value::text("aws-cli"), Value::Long(7)]];
    [k, l]
}

#[test]
fn known_answers_are_still_wrong() {
    let Some(mut engine) = Engine::start() else { return };
    let [k, l] = small_tables();
    let tables = [("K", &k), ("L", &l)];
    engine.load(&tables);
    let mut wrong = Vec::new();
    for answer in known::ANSWERS {
        let name = answer.name;
        let table = ours(answer.query, &tables).unwrap_or_else(|error| panic!("{name}: {error}"));
        let none = BTreeSet::new();
        let ours = Rows::of(&table, &none).line();
        let theirs = match engine.run(answer.query, &[], &none) {
            Ok(rows) => rows.line(),
            Err(error) => engine::reason(&error),
        };
        if ours != answer.kusto {
            wrong.push(format!(
                "{name}: our reader gives {ours}; {} has {}",
                answer.page, answer.kusto
            ));
        }
        if theirs == answer.kusto {
            wrong.push(format!(
                "{name}: chdb gives {theirs} now, which is right: take it off the list"
            ));
        } else if theirs != answer.chdb {
            wrong.push(format!("{name}: chdb gives {theirs}; the list has {}", answer.chdb));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A message without the texts of the query.
fn plain(message: &str) -> String {
    let parts: Vec<&str> = message.split('`').collect();
    let shown = |(index, part): (usize, &&str)| {
        if index % 2 == 1 {
            "_".to_owned()
        } else {
            (*part).to_owned()
        }
    };
    parts.iter().enumerate().map(shown).collect()
}

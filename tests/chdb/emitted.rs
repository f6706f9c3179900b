//! The KQL that we emit, as far as the engine takes it: on the tests of the rules, and on the logs of the cases.

use crate::data::Rows;
use crate::engine::{self, Engine};
use crate::generate::Numbers;
use crate::known::MISREAD_TEXTS;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tripline::compile::{self, Compiled, Files};
use tripline::input::{Event, Options, Place, discover, read};
use tripline::kql::{self, Clock, Database, Table, Value};
use tripline::source::{Catalog, FIELDS};
use tripline::targets::kql::{Query, emit};
use tripline::testing;
use tripline::value::Time;

/// From 0001-01-01 to 1970-01-01, in ticks.
const EPOCH: i64 = 621_355_968_000_000_000;

/// How many tables are made of one case.
const VARIANTS: usize = 20;

/// Some cells exchanged for those of other rows, or taken away.
fn exchanged(numbers: &mut Numbers, tables: &[(String, Table)]) -> Vec<(String, Table)> {
    let mut tables = tables.to_vec();
    for (_, table) in &mut tables {
        let rows = table.rows.clone();
        for row in &mut table.rows {
            for (at, column) in table.columns.iter().enumerate() {
                if numbers.once_in(12) {
                    row[at] = rows[numbers.below(rows.len())][at].clone();
                } else if numbers.once_in(40) && &*column.name != "TimeGenerated" {
                    row[at] = column.ty.null();
                }
            }
        }
    }
    tables
}

/// The events of a rule's tests and of the log beside it, and when to look at them.
fn cases(rule: &Compiled<'_>, catalog: &Catalog, log: &Path) -> Vec<(Vec<Event>, Time)> {
    let mut cases = Vec::new();
    for test in &rule.checked.tests {
        let event = |event: testing::TestEvent| Event {
            source: event.source,
            shape: FIELDS,
            body: event.body,
            time: Some(event.time),
            id: event.id,
            place: Place::default(),
        };
        let events = testing::events(test, catalog).into_iter().map(event).collect();
        cases.push((events, test.ast.now));
    }
    let mut events = Vec::new();
    if log.is_file() {
        for file in discover(&[log.to_owned()]).unwrap() {
            read(&file, catalog, &Options::default(), &mut |event: Event| {
                events.push(event)
            })
            .unwrap();
        }
    }
    let every = rule.plan.rule.every;
    let mut ends: Vec<Time> = events
        .iter()
        .filter_map(|event| event.time)
        .map(|time| time.bin(every).plus(every))
        .collect();
    ends.sort();
    ends.dedup();
    cases.extend(ends.into_iter().take(10).map(|end| (events.clone(), end)));
    cases
}

/// The same in words that the engine has: its clock cannot be set, it sorts no arrays, and what `materialize` and brackets
/// around a table add to the meaning is nothing.
fn in_its_words(text: &str, now: Time) -> String {
    let with = |text: String, pattern: &str, by: &str| Regex::new(pattern).unwrap().replace_all(&text, by).into_owned();
    let text = text.replace("now()", &format!("datetime({now})"));
    let text = with(text, r"array_sort_asc\((\w+)\)", "$1");
    let text = with(text, r"(?s)materialize\((.*?)\);", "$1;");
    with(text, r"(join kind=\w+) (\w+) on", "$1 ($2) on")
}

/// The tables that a query names, with the rows that a run at that instant sees.
fn tables(query: &Query, database: &Database, now: i64) -> Vec<(String, Table)> {
    let mut found = Vec::new();
    for name in &query.tables {
        let mut table = database.get(name).unwrap().clone();
        let time = table.column("TimeGenerated").unwrap();
        table.rows.retain(|row| match row[time] {
            Value::Datetime(at) => at <= now && at > now - query.period.0,
            _ => false,
        });
        found.push((name.clone(), table));
    }
    found
}

enum Verdict {
    Agree(bool),
    /// By whom, and why.
    Refused(&'static str, String),
    Differ(Rows, Rows),
}

fn compare(engine: &mut Engine, text: &str, tables: &[(String, Table)]) -> Verdict {
    let mut database = Database::default();
    for (name, table) in tables {
        database.add(name.as_str(), table.clone());
    }
    let run = kql::parse(text).and_then(|query| kql::run(&query, &database, Clock::new(0, None).unwrap()));
    let table = match run {
        Ok(table) => table,
        Err(error) => return Verdict::Refused("our reader", error.message),
    };
    let named: Vec<(&str, &Table)> = tables.iter().map(|(name, table)| (name.as_str(), table)).collect();
    engine.load(&named);
    let none = BTreeSet::new();
    let ours = Rows::of(&table, &none);
    match engine.run(text, &table.columns, &none) {
        Err(error) => Verdict::Refused("chdb", engine::reason(&error)),
        Ok(theirs) if ours == theirs => Verdict::Agree(!ours.is_empty()),
        Ok(theirs) => Verdict::Differ(ours, theirs),
    }
}

/// The fewest rows that still differ.
fn describe(engine: &mut Engine, text: &str, mut tables: Vec<(String, Table)>) -> String {
    'again: loop {
        for at in 0..tables.len() {
            for row in 0..tables[at].1.rows.len() {
                let mut fewer = tables.clone();
                fewer[at].1.rows.remove(row);
                if matches!(compare(engine, text, &fewer), Verdict::Differ(..)) {
                    tables = fewer;
                    continue 'again;
                }
            }
        }
        break;
    }
    let Verdict::Differ(ours, theirs) = compare(engine, text, &tables) else {
        panic!("it agrees now: {text}")
    };
    let mut out = format!("{text}\n    our reader:\n{ours}\n    chdb:\n{theirs}\n");
    for (name, table) in tables {
        out.push_str(&format!("    {name}:\n{}\n", Rows::of(&table, &BTreeSet::new()).line()));
    }
    out
}

/// What in a query the engine is known to misread.
fn misread(text: &str) -> Option<&'static str> {
    let holds = |pattern: &str| Regex::new(pattern).unwrap().is_match(text);
    let mut all = MISREAD_TEXTS.iter();
    all.find(|(_, pattern)| holds(pattern)).map(|(why, _)| *why)
}

#[test]
fn emitted_queries_agree() {
    let Some(mut engine) = Engine::start() else { return };
    let catalog = Catalog::builtin().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut numbers = Numbers(crate::number("TRIPLINE_SEED", 1));
    let (mut agree, mut filled, mut rules) = (0, 0, BTreeSet::new());
    let mut refused: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut aside: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut differences = Vec::new();
    for folder in ["rules", "tests/cases"] {
        for entry in walkdir::WalkDir::new(root.join(folder)).sort_by_file_name() {
            let entry = entry.unwrap();
            if entry.path().extension().is_none_or(|end| end != "trip") {
                continue;
            }
            let mut files = Files::default();
            files.add(entry.path(), &std::fs::read(entry.path()).unwrap());
            files.link(&Default::default());
            let world = files.world(&catalog).unwrap();
            let mut findings = Vec::new();
            for rule in compile::compile(&files.trees, &world, &mut findings) {
                let name = &rule.plan.rule.name;
                let Ok(query) = emit(&rule.plan, &catalog) else {
                    continue;
                };
                let log = entry.path().with_file_name("events.jsonl");
                'rule: for (events, at) in cases(&rule, &catalog, &log) {
                    let now = at.plus(query.delay);
                    let text = in_its_words(&query.text, now);
                    let database = kql::database(&catalog, Database::default(), &events);
                    let first = tables(&query, &database, now.0 + EPOCH);
                    for variant in 0..VARIANTS {
                        let seen = if variant == 0 {
                            first.clone()
                        } else {
                            exchanged(&mut numbers, &first)
                        };
                        match compare(&mut engine, &text, &seen) {
                            Verdict::Agree(rows) => {
                                agree += 1;
                                filled += u64::from(rows);
                                rules.insert(name.clone());
                            }
                            Verdict::Refused(by, why) => {
                                refused.entry(format!("{by}: {why}")).or_default().insert(name.clone());
                                break 'rule;
                            }
                            Verdict::Differ(..) if misread(&text).is_some() => {
                                let why = misread(&text).unwrap_or_default();
                                aside.entry(why).or_default().insert(name.clone());
                                break 'rule;
                            }
                            Verdict::Differ(..) => {
                                differences.push(format!("{name}: {}", describe(&mut engine, &text, seen)));
                                break 'rule;
                            }
                        }
                    }
                }
            }
        }
    }
    println!(
        "emitted: {agree} runs of {} rules agree, {filled} of them with rows",
        rules.len()
    );
    for (why, rules) in &refused {
        println!("refused by {why}: {} rules, {}", rules.len(), rules.first().unwrap());
    }
    for (why, rules) in &aside {
        println!("set aside for {why}: {rules:?}");
    }
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert!(rules.len() >= 8, "the engine takes only {rules:?}");
}

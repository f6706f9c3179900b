//! The examples in `examples/`: a line for each, `call => value` or `call !! part of the message`. The values are those of
//! the reference pages, as JSON. An aggregate is called over rows, `sum(v) over (v:long)[1, 2]`, and what
//! looks at columns `from` one.

use super::*;
use crate::kql::{self, Clock, Database};
use std::collections::BTreeSet;

/// The examples by family.
const EXAMPLES: [&str; 15] = [
    include_str!("examples/addresses.txt"),
    include_str!("examples/aggregates.txt"),
    include_str!("examples/arrays.txt"),
    include_str!("examples/bags.txt"),
    include_str!("examples/convert.txt"),
    include_str!("examples/datetime.txt"),
    include_str!("examples/encode.txt"),
    include_str!("examples/geo.txt"),
    include_str!("examples/maths.txt"),
    include_str!("examples/parse.txt"),
    include_str!("examples/regexes.txt"),
    include_str!("examples/series.txt"),
    include_str!("examples/statistics.txt"),
    include_str!("examples/text.txt"),
    include_str!("examples/typed.txt"),
];

/// An example: what is called, and what it gives or how it is refused.
struct Example {
    line: &'static str,
    call: &'static str,
    expected: Result<&'static str, &'static str>,
}

impl Example {
    fn name(&self) -> &'static str {
        self.call.split('(').next().unwrap()
    }

    fn query(&self) -> String {
        if let Some((call, rows)) = self.call.split_once(" over ") {
            return format!("datatable{rows} | summarize x = {call}");
        }
        match self.call.split_once(" from ") {
            Some((call, rows)) => format!("datatable{rows} | project x = {call}"),
            None => format!("print x = {}", self.call),
        }
    }
}

fn examples() -> Vec<Example> {
    let lines = EXAMPLES.iter().flat_map(|text| text.lines());
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (call, expected) = match line.rsplit_once(" => ") {
                Some((call, value)) => (call, Ok(value)),
                None => {
                    let (call, message) = line.rsplit_once(" !! ").unwrap_or_else(|| panic!("{line}"));
                    (call, Err(message))
                }
            };
            Example { line, call, expected }
        })
        .collect()
}

#[test]
fn the_examples_hold() {
    let mut wrong = Vec::new();
    for example in examples() {
        let clock = Clock::new(0, None).unwrap();
        let found = kql::parse(&example.query()).and_then(|query| kql::run(&query, &Database::default(), clock));
        let fine = match (&found, example.expected) {
            (Ok(table), Ok(expected)) => {
                let value: serde_json::Value =
                    serde_json::from_str(expected).unwrap_or_else(|e| panic!("{}: {e}", example.line));
                let found = &table.to_json()["rows"][0][0];
                // A number is not always read back to its last digit.
                let printed = found.to_string();
                *found == value || printed == expected
            }
            (Err(error), Err(message)) => error.message.contains(message) && error.line == 1 && error.column > 6,
            _ => false,
        };
        if !fine {
            let found = found.map(|table| table.to_json()["rows"].to_string());
            wrong.push(format!("{}\n    {found:?}", example.line));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every name with the letters of its arguments.
fn names() -> Vec<(&'static str, &'static str)> {
    let functions = FAMILIES.iter().flat_map(|(_, table)| table.iter());
    let functions = functions.flat_map(|f| f.names.split(' ').map(|name| (name, f.args)));
    let typed = kql::bind_typed::NAMES.split_whitespace().map(|name| (name, "a"));
    let aggregates = kql::aggregate::TABLE.iter().map(|a| (a.name, "a"));
    functions.chain(typed).chain(aggregates).collect()
}

#[test]
fn every_function_has_a_value_a_null_and_a_refusal() {
    let examples = examples();
    let mut missing = Vec::new();
    let aliases: BTreeSet<&str> = FAMILIES
        .iter()
        .flat_map(|(_, table)| table.iter())
        .flat_map(|f| f.names.split(' ').skip(1))
        .collect();
    for (name, letters) in names() {
        let own: Vec<&Example> = examples.iter().filter(|e| e.name() == name).collect();
        let refused = |e: &&Example| e.expected.is_err_and(|message| message.contains(&format!("`{name}`")));
        if !own.iter().any(|e| e.expected.is_ok()) {
            missing.push(format!("{name}: a value"));
        }
        if aliases.contains(name) {
            continue;
        }
        if !letters.is_empty() && !own.iter().any(|e| e.call.contains("null")) {
            missing.push(format!("{name}: a null"));
        }
        // Whoever takes anything refuses nothing.
        if letters != "?a*" && !own.iter().any(refused) {
            missing.push(format!("{name}: a refusal that names it"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    let known: BTreeSet<&str> = names().into_iter().map(|(name, _)| name).collect();
    for example in &examples {
        assert!(known.contains(example.name()), "no such function: {}", example.line);
    }
}

#[test]
fn no_name_stands_twice() {
    let mut seen = BTreeSet::new();
    for (name, _) in names() {
        assert!(seen.insert(name), "{name}");
        assert!(refusal(name).is_none(), "{name} is refused and there");
    }
}

#[test]
fn what_has_no_value_binds_and_says_why() {
    for (names, ty, why) in refused::REFUSED {
        for name in names.split(' ') {
            let query = kql::parse(&format!("print x = 1 | where x == 2 | extend y = {name}()")).unwrap();
            let clock = Clock::new(0, None).unwrap();
            let columns = kql::run(&query, &Database::default(), clock).unwrap().columns;
            assert_eq!(columns[1].ty, *ty, "{name}");
            let query = kql::parse(&format!("print x = {name}(1)")).unwrap();
            let error = kql::run(&query, &Database::default(), clock).unwrap_err();
            assert_eq!(error.message, format!("the function `{name}` is not supported: {why}"));
        }
    }
    for (names, why) in kql::aggregate::REFUSED {
        for name in names.split(' ') {
            let query = kql::parse(&format!("print x = 1 | summarize {name}(x)")).unwrap();
            let error = kql::run(&query, &Database::default(), Clock::new(0, None).unwrap()).unwrap_err();
            assert_eq!(error.message, format!("the aggregate `{name}` is not supported: {why}"));
        }
    }
}

/// The part of `docs/kql.md` that names what there is.
#[test]
fn the_document_names_them_all() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kql.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (start, end) = ("<!-- generated: kql functions -->\n", "<!-- end: kql functions -->");
    let (head, rest) = text.split_once(start).unwrap();
    let (body, tail) = rest.split_once(end).unwrap();
    let mut lists: Vec<(String, Vec<&str>)> = FAMILIES
        .iter()
        .map(|(family, table)| {
            let names = table.iter().flat_map(|f| f.names.split(' ')).collect();
            ((*family).to_owned(), names)
        })
        .collect();
    lists.push((
        "by the type of their arguments".to_owned(),
        kql::bind_typed::NAMES.split_whitespace().collect(),
    ));
    lists.push((
        "aggregates".to_owned(),
        kql::aggregate::TABLE.iter().map(|a| a.name).collect(),
    ));
    let mut written = "\n| family | names |\n|---|---|\n".to_owned();
    for (family, mut names) in lists {
        names.sort_unstable();
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        written.push_str(&format!("| {family} | {} |\n", names.join(" ")));
    }
    written.push('\n');
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{head}{start}{written}{end}{tail}")).unwrap();
    } else {
        assert_eq!(body, written, "run with UPDATE_DOCS=1 to write the list anew");
    }
}

//! What the rules find in logs that others recorded: every alert is in a table, with a verdict of somebody who looked.
//!
//! `tests/real_logs/verdicts.yaml` holds the table; its README says how to read it. `TRIPLINE_SHARED` names the folder of the
//! logs; without it the table is only checked in itself. `UPDATE_DOCS=1` writes the generated part of the README anew.

#![cfg(feature = "cli")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

mod common;
#[path = "docs/markdown.rs"]
#[allow(dead_code, reason = "the tests of the documents use the rest")]
mod markdown;

use common::{files_below, tripline};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The folders of the logs, each file of which is run by itself.
const FOLDERS: [&str; 4] = ["azure-activity", "cloudtrail", "process-creation", "sentinel-tables"];

/// Whether a file is an emulated attack. Of its name, the beginnings that say so.
fn is_emulation(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    ["aws.", "msticpy-", "otrf-"]
        .iter()
        .any(|begin| file.starts_with(begin))
}

const TABLE: &str = "tests/real_logs/verdicts.yaml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    alerts: BTreeMap<String, BTreeMap<String, Alerts>>,
    emulations: BTreeMap<String, Emulation>,
}

/// The alerts of one rule in one file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alerts {
    number: usize,
    verdict: Verdict,
    because: String,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    #[serde(rename = "true positive")]
    True,
    #[serde(rename = "expected")]
    Expected,
    #[serde(rename = "false positive")]
    False,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::True => "true positive",
            Verdict::Expected => "expected",
            Verdict::False => "false positive",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Emulation {
    does: String,
    /// Why no rule sees it, or what the ones that do cannot see.
    missed: Option<String>,
}

fn table() -> Table {
    serde_yaml::from_str(&markdown::read(TABLE)).unwrap_or_else(|error| panic!("{TABLE}: {error}"))
}

#[test]
fn every_alert_has_a_verdict() {
    let Some(shared) = std::env::var_os("TRIPLINE_SHARED") else {
        println!("not run: TRIPLINE_SHARED is not set");
        return;
    };
    let data = Path::new(&shared).join("data");
    let table = table();
    let all: Vec<PathBuf> = FOLDERS
        .iter()
        .flat_map(|folder| files_below(&data.join(folder)))
        .collect();
    let mut found = BTreeMap::new();
    for (file, alerts) in all.iter().zip(run(&all)) {
        found.insert(file.strip_prefix(&data).unwrap().display().to_string(), alerts);
    }
    assert!(!found.is_empty(), "no files below {}", data.display());

    let mut wrong = String::new();
    let none = BTreeMap::new();
    for (name, found) in &found {
        let listed = table.alerts.get(name).unwrap_or(&none);
        for (rule, number) in found {
            match listed.get(rule) {
                Some(line) if line.number == *number => Ok(()),
                Some(line) => writeln!(wrong, "{name}: {rule}: {number} alerts, the table says {}", line.number),
                None => writeln!(
                    wrong,
                    "no line; look at the alerts and add\n  {name}:\n    {rule}: {{ number: {number}, verdict: .., because: \"..\" }}"
                ),
            }
            .unwrap();
        }
        for rule in listed.keys().filter(|rule| !found.contains_key(*rule)) {
            writeln!(wrong, "{name}: {rule}: no alert, the table has a line").unwrap();
        }
        if is_emulation(name) && !table.emulations.contains_key(name) {
            writeln!(
                wrong,
                "no line; add\nemulations:\n  {name}: {{ does: \"..\", missed: \"..\" }}"
            )
            .unwrap();
        }
    }
    for name in table.alerts.keys().chain(table.emulations.keys()) {
        if !found.contains_key(name) {
            writeln!(wrong, "{name}: there is no such file").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{TABLE} does not say what the rules find\n{wrong}");
}

/// The alerts of each file, on all processors.
fn run(files: &[PathBuf]) -> Vec<BTreeMap<String, usize>> {
    let each = files
        .len()
        .div_ceil(std::thread::available_parallelism().map_or(1, usize::from));
    std::thread::scope(|scope| {
        let threads: Vec<_> = files
            .chunks(each.max(1))
            .map(|files| scope.spawn(|| files.iter().map(|file| alerts_in(file)).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// How many alerts each rule gives over one file.
fn alerts_in(file: &Path) -> BTreeMap<String, usize> {
    let said = tripline(["run".as_ref(), "rules".as_ref(), "--input".as_ref(), file.as_os_str()]);
    assert_eq!(said.code, Some(0), "{}", said.page());
    let mut found = BTreeMap::new();
    for alert in said.alerts() {
        *found.entry(alert["rule"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    found
}

#[test]
fn the_table_is_whole() {
    let Table { alerts, emulations } = table();
    let mut wrong = String::new();
    for (file, rules) in &alerts {
        assert!(!rules.is_empty(), "{file}: no rule");
        for (rule, line) in rules {
            if line.number == 0 || !line.because.ends_with('.') {
                writeln!(wrong, "{file}: {rule}: a number and a sentence are wanted").unwrap();
            }
        }
        if is_emulation(file) && !emulations.contains_key(file) {
            writeln!(wrong, "{file}: is an emulation, and has no line there").unwrap();
        }
    }
    for (file, Emulation { does, missed }) in &emulations {
        if !does.ends_with('.') || missed.as_ref().is_some_and(|missed| !missed.ends_with('.')) {
            writeln!(wrong, "{file}: sentences are wanted").unwrap();
        }
        let seen = seers(alerts.get(file)).next().is_some();
        if !seen && missed.is_none() {
            writeln!(wrong, "{file}: no rule sees it, and `missed` does not say why").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{TABLE}\n{wrong}");
}

/// The rules that saw what was done.
fn seers(rules: Option<&BTreeMap<String, Alerts>>) -> impl Iterator<Item = &String> {
    let lines = rules.into_iter().flatten();
    lines
        .filter(|(_, line)| line.verdict == Verdict::True)
        .map(|(rule, _)| rule)
}

#[test]
fn the_page_is_fresh() {
    let Table { alerts, emulations } = table();
    let mut text = String::from("| emulation | what it does | seen by | missed |\n|---|---|---|---|\n");
    for (file, Emulation { does, missed }) in &emulations {
        let name = file.rsplit('/').next().unwrap();
        let name = name
            .trim_end_matches(".gz")
            .rsplit_once('.')
            .map_or(name, |(name, _)| name);
        let seen: Vec<String> = seers(alerts.get(file)).map(|rule| format!("`{rule}`")).collect();
        let missed = missed.as_deref().unwrap_or_default();
        writeln!(text, "| {name} | {does} | {} | {missed} |", seen.join(", ")).unwrap();
    }
    let mut by_rule: BTreeMap<&str, BTreeMap<Verdict, usize>> = BTreeMap::new();
    for (rule, line) in alerts.values().flatten() {
        *by_rule.entry(rule).or_default().entry(line.verdict).or_default() += line.number;
    }
    let words = [Verdict::True, Verdict::Expected, Verdict::False];
    text.push_str("\n| rule |");
    words
        .iter()
        .for_each(|word| write!(text, " {} |", word.word()).unwrap());
    text.push_str("\n|---|---|---|---|\n");
    for (rule, numbers) in by_rule {
        write!(text, "| `{rule}` |").unwrap();
        for word in words {
            let number = numbers.get(&word).map(usize::to_string).unwrap_or_default();
            write!(text, " {number} |").unwrap();
        }
        text.push('\n');
    }
    let stale = markdown::refresh(markdown::Part {
        document: "tests/real_logs/README.md",
        mark: "verdicts".to_owned(),
        text,
    });
    assert_eq!(stale, None, "UPDATE_DOCS=1 cargo test --test real_logs writes it anew");
}

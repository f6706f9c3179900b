//! The generator of cases over every rule of this repository: enough of the cases alert, and a case follows from its
//! number.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "docs/markdown.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod markdown;
#[path = "agreement/subject.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod subject;

use std::path::PathBuf;
use subject::{Page, each_subject, pages, rule_files};
use tripline::agreement::{Case, Generator};
use tripline::evaluate::{self, Asked};

const CASES: u64 = 200;

/// Our rules, the cases, the rules that are worked out by hand, and those in the documents.
fn all() -> Vec<Page> {
    let mut all = rule_files();
    all.extend(pages("tests/meaning"));
    for document in markdown::documents() {
        for block in markdown::blocks(&markdown::read(&document)) {
            if block.tag == "trip" {
                all.push(Page {
                    path: PathBuf::from(format!("{document}:{}", block.line)),
                    text: block.text,
                    log: None,
                });
            }
        }
    }
    all
}

fn alerts(ready: &evaluate::Compiled<'_>, case: &Case) -> bool {
    let mut state = ready.state(Asked::Now(case.now), None);
    for event in &case.events {
        state.push(&event.as_event());
    }
    !state.finish().alerts.is_empty()
}

#[test]
fn a_fifth_of_the_cases_alert() {
    let mut poor = Vec::new();
    let mut rules = 0;
    println!(
        "{:40} {:>7} {:>7} {:>7} {:>9}",
        "rule", "seed 1", "seed 2", "events", "us/case"
    );
    each_subject(&all(), |subject| {
        let ready = evaluate::Compiled::new(&subject.compiled.plan, subject.catalog).unwrap();
        let name = &subject.name;
        let Some(generator) = Generator::new(subject.compiled, subject.catalog) else {
            panic!("{name}: nothing to begin with");
        };
        let generator = match subject.log() {
            Some(log) => generator.with_log(&log),
            None => generator,
        };
        rules += 1;
        let start = std::time::Instant::now();
        let cases: Vec<Vec<Case>> = [1, 2]
            .iter()
            .map(|seed| (0..CASES).map(|n| generator.case(*seed, n)).collect())
            .collect();
        let each = start.elapsed().as_micros() / u128::from(2 * CASES);
        let events = cases.iter().flatten().map(|case| case.events.len()).sum::<usize>() as u64 / (2 * CASES);
        let shares: Vec<u64> = cases
            .iter()
            .map(|cases| cases.iter().filter(|case| alerts(&ready, case)).count() as u64 * 100 / CASES)
            .collect();
        println!("{name:40} {:>6}% {:>6}% {events:>7} {each:>9}", shares[0], shares[1]);
        if shares.iter().any(|share| *share < 20) {
            poor.push(format!("{name}: {shares:?} {generator:?}"));
        }
    });
    assert!(rules >= 80, "{rules}");
    assert!(poor.is_empty(), "{poor:#?}");
}

//! The generator of cases over every rule: enough of the cases alert.

use super::subjects::{Rule, all_pages, each_rule};
use tripline::agreement::{Case, Generator};
use tripline::evaluate::Asked;

const CASES: u64 = 200;

#[test]
fn a_fifth_of_the_cases_alert() {
    let mut poor = Vec::new();
    let mut rules = 0;
    println!(
        "{:40} {:>7} {:>7} {:>7} {:>9}",
        "rule", "seed 1", "seed 2", "events", "us/case"
    );
    each_rule(&all_pages(), |Rule { subject, log }| {
        let name = &subject.plan().rule.name;
        let Some(generator) = Generator::new(subject.compiled, subject.catalog()) else {
            panic!("{name}: nothing to begin with");
        };
        let generator = match log {
            Some(log) => generator.with_log(&log.events.iter().map(|event| event.as_input()).collect::<Vec<_>>()),
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
            .map(|cases| {
                cases
                    .iter()
                    .filter(|case| !subject.native(case, Asked::Now(case.now)).is_empty())
                    .count() as u64
                    * 100
                    / CASES
            })
            .collect();
        println!("{name:40} {:>6}% {:>6}% {events:>7} {each:>9}", shares[0], shares[1]);
        if shares.iter().any(|share| *share < 20) {
            poor.push(format!("{name}: {shares:?} {generator:?}"));
        }
    });
    assert!(rules >= 80, "{rules}");
    assert!(poor.is_empty(), "{poor:#?}");
}

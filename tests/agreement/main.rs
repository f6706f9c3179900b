//! Every rule's texts, read back and run by their witnesses, against the native run: on the tests of the rules, on logs, and
//! on generated events biased to what the rule looks at. `mutations` breaks the texts and wants it noticed.
//!
//! `TRIPLINE_CASES` and `TRIPLINE_SEED` set how many generated cases a rule gets, and which.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod examples;
mod generator;
#[path = "../docs/markdown.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod markdown;
mod mutations;
mod subjects;

use std::collections::BTreeMap;
use std::path::Path;
use subjects::{Rule, all_pages, each_rule, number, pages_of_each_kind, read_case};
use tripline::agreement::{Case, Comparison, Disagreement, Outcome, Subject, block, shrink};
use tripline::evaluate::Asked;
use tripline::source::Catalog;
use tripline::targets::Target;
use tripline::targets::ledger::State;
use tripline::value::{Span, Time};

/// Where the emitted text turns on what no document says, so that the reader refuses it: the rule, and why.
const UNSETTLED: [(&str, &str); 6] = [
    // Any rule.
    ("", "Sigma does not say how events group by a list or an object"),
    ("", "Sigma does not say how a list or an object is counted"),
    ("", "with blanks around it"),
    ("addresses", "is an IPv4 address is not documented"),
    ("arith", "leaves the range of `long`"),
    ("useslen", "leaves the range of `long`"),
];

/// The first rows of both sides, cell by cell where they differ.
fn cells(found: &Disagreement) -> String {
    let mut out = String::new();
    for (at, column) in found.columns.iter().enumerate() {
        let cell =
            |rows: &[tripline::agreement::Row]| rows.first().map_or("no row".to_owned(), |row| row[at].to_string());
        let (native, text) = (cell(&found.native), cell(&found.text));
        if native != text {
            out.push_str(&format!("  {column}: native {native}, text {text}\n"));
        }
    }
    out
}

/// What was found over all rules.
#[derive(Default)]
struct Tally {
    cases: usize,
    alerting: usize,
    /// How many rules each target takes, by what the ledger says of it.
    rules: BTreeMap<(Target, &'static str), usize>,
    /// How many comparisons there were of each target.
    compared: BTreeMap<Target, usize>,
    unsettled: BTreeMap<String, usize>,
    disagreements: Vec<String>,
}

impl Tally {
    fn rule(&mut self, subject: &Subject<'_>) {
        let nothing = Case {
            events: Vec::new(),
            now: Time(0),
        };
        for Comparison { target, state, outcome } in subject.compare(&nothing) {
            match outcome {
                Outcome::Refused(_) => {}
                Outcome::NotRun(why) => assert!(
                    why.contains("several sources"),
                    "{}: {} was not run: {why}",
                    subject.plan().rule.name,
                    target.word()
                ),
                Outcome::Unreadable(why) => panic!("{}: {}: {why}", subject.plan().rule.name, target.word()),
                _ => *self.rules.entry((target, state.word())).or_default() += 1,
            }
        }
    }

    /// Compares every target; true where nothing disagrees.
    fn take(&mut self, subject: &Subject<'_>, case: &Case, why: &str) -> bool {
        self.cases += 1;
        self.alerting += usize::from(!subject.native(case, Asked::Now(case.now)).is_empty());
        let before = self.disagreements.len();
        for Comparison { target, outcome, .. } in subject.compare(case) {
            self.outcome(subject, target, case, outcome, why);
        }
        self.disagreements.len() == before
    }

    fn outcome(&mut self, subject: &Subject<'_>, target: Target, case: &Case, outcome: Outcome, why: &str) {
        let name = &subject.plan().rule.name;
        match outcome {
            Outcome::Agree | Outcome::AsStated => *self.compared.entry(target).or_default() += 1,
            Outcome::Unsettled(what) => *self.unsettled.entry(format!("{name}: {what}")).or_default() += 1,
            Outcome::Refused(_) | Outcome::NotRun(_) | Outcome::Unreadable(_) => {}
            Outcome::Disagree(_) => {
                let again = |case: &Case| matches!(subject.compare_target(target, case), Outcome::Disagree(_));
                let small = shrink(case, &mut |case| again(case));
                let Outcome::Disagree(found) = subject.compare_target(target, &small) else {
                    panic!("{name}: it agrees now")
                };
                let native = subject.native(&small, Asked::Now(small.now));
                self.disagreements.push(format!(
                    "{name} ({why}), {}:\n{}{}\n{}",
                    target.word(),
                    cells(&found),
                    block(
                        "disagreement",
                        subject.compiled,
                        subject.plan(),
                        subject.catalog(),
                        &small,
                        &native
                    ),
                    subject.text(target).unwrap_or_default(),
                ));
            }
        }
    }

    fn finish(&self, what: &str) {
        println!(
            "{what}: {} cases, {} of them alert, compared {:?}, {} unsettled, {} disagree",
            self.cases,
            self.alerting,
            self.compared,
            self.unsettled.values().sum::<usize>(),
            self.disagreements.len()
        );
        let known = |what: &str| {
            UNSETTLED
                .iter()
                .any(|(rule, why)| what.starts_with(rule) && what.contains(why))
        };
        let unknown: Vec<&String> = self.unsettled.keys().filter(|what| !known(what)).collect();
        assert!(unknown.is_empty(), "not settled: {unknown:#?}");
        assert!(self.disagreements.is_empty(), "{}", self.disagreements.join("\n"));
    }
}

#[test]
fn the_tests_of_every_rule_agree() {
    let (mut tally, mut runs) = (Tally::default(), 0);
    each_rule(&all_pages(), |Rule { subject, .. }| {
        tally.rule(subject);
        for test in &subject.compiled.checked.tests {
            let case = subject.case_of_test(test);
            if tally.take(subject, &case, &test.ast.name.value) {
                let (compared, found) = subject.laid_end_to_end(&case);
                runs += compared;
                if let Some((at, outcome)) = found {
                    let case = Case { now: at, ..case };
                    tally.outcome(subject, Target::Kql, &case, outcome, "laid end to end");
                }
            }
        }
    });
    println!("{:?}, {runs} runs laid end to end", tally.rules);
    tally.finish("tests of rules");
    let rules = |target, state: State| tally.rules.get(&(target, state.word())).copied().unwrap_or(0);
    assert!(rules(Target::Kql, State::Exact) > 40 && rules(Target::Sentinel, State::Exact) > 40);
    assert!(rules(Target::Arm, State::Exact) > 40 && rules(Target::Sigma, State::Exact) >= 20);
    assert!(rules(Target::Sigma, State::Wider) >= 3 && runs > 500);
}

/// Some instants of a log: where runs would end, and at, just before and just after events.
fn instants(case: &Case, every: Span, most: usize) -> Vec<Time> {
    let mut all: Vec<Time> = Vec::new();
    for event in &case.events {
        let end = event.time.bin(every).plus(every);
        let near = [event.time, event.time.plus(Span(1)), event.time.plus(Span::minutes(3))];
        all.extend([end, end.plus(every)].into_iter().chain(near));
    }
    all.sort();
    all.dedup();
    let step = all.len().div_ceil(most).max(1);
    all.into_iter().step_by(step).collect()
}

#[test]
fn logs_agree() {
    let catalog = Catalog::builtin().unwrap();
    let samples = read_case(Path::new("tests/samples"), &catalog);
    println!("{} events in the samples", samples.events.len());
    let mut tally = Tally::default();
    each_rule(&pages_of_each_kind(), |Rule { subject, log, .. }| {
        let rule = &subject.plan().rule;
        if let Some(log) = log {
            for at in instants(log, rule.every, 60) {
                tally.take(subject, &Case { now: at, ..log.clone() }, "its log");
            }
        }
        // What both sides read of the samples: the rule's own depth, with room to spare.
        for at in instants(&samples, rule.every, 6) {
            let from = at.minus(rule.every).minus(subject.plan().depth()).minus(Span::days(16));
            let seen =
                |event: &&tripline::agreement::CaseEvent| event.time > from && event.time <= at.plus(Span::days(1));
            let events = samples.events.iter().filter(seen).cloned().collect();
            tally.take(subject, &Case { events, now: at }, "samples");
        }
    });
    tally.finish("logs");
}

#[test]
fn generated_cases_agree() {
    let (cases, seed) = (number("TRIPLINE_CASES", 100), number("TRIPLINE_SEED", 1));
    let mut tally = Tally::default();
    each_rule(&pages_of_each_kind(), |Rule { subject, log, .. }| {
        let generator = generator::generator(subject, log);
        let (before, found) = (tally.alerting, tally.disagreements.len());
        for number in 0..cases {
            tally.take(subject, &generator.case(seed, number), &format!("case {number}"));
            // One of a kind is enough to look at.
            if tally.disagreements.len() > found + 1 {
                break;
            }
        }
        println!(
            "{}: {} of {cases} alert",
            subject.plan().rule.name,
            tally.alerting - before
        );
    });
    tally.finish(&format!("generated cases, seed {seed}"));
    assert!(
        tally.alerting * 5 > tally.cases,
        "the generator does not look where alerts are"
    );
}

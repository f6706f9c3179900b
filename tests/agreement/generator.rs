//! The generator of cases over every rule: enough of the cases alert, a case follows from its number, and is written as a
//! test of the rule.

use super::subjects::{Rule, each_rule, pages_of_each_kind};
use tripline::agreement::{Case, Generator, Subject, block};
use tripline::compile::{self, Files};
use tripline::evaluate::{AlertRow, Asked};
use tripline::settings::Settings;
use tripline::{syntax, testing};

const CASES: u64 = 200;

/// With a generator that knows the rule's log, where it has one.
pub(crate) fn generator<'p>(subject: &Subject<'p>, log: Option<&Case>) -> Generator<'p> {
    let Some(generator) = Generator::new(subject.compiled, subject.base_catalog()) else {
        panic!("{}: nothing to begin with", subject.plan().rule.name);
    };
    match log {
        Some(log) => generator.with_log(&log.events.iter().map(|event| event.as_input()).collect::<Vec<_>>()),
        None => generator,
    }
}

fn alerts(subject: &Subject<'_>, case: &Case) -> Vec<AlertRow> {
    subject.native(case, Asked::Now(case.now))
}

#[test]
fn a_fifth_of_the_cases_alert() {
    let mut poor = Vec::new();
    let mut rules = 0;
    println!(
        "{:40} {:>7} {:>7} {:>7} {:>9}",
        "rule", "seed 1", "seed 2", "events", "us/case"
    );
    each_rule(&pages_of_each_kind(), |Rule { subject, log, .. }| {
        let name = &subject.plan().rule.name;
        let generator = generator(subject, log);
        rules += 1;
        let start = std::time::Instant::now();
        let cases: Vec<Vec<Case>> = [1, 2]
            .iter()
            .map(|seed| (0..CASES).map(|n| generator.case(*seed, n)).collect())
            .collect();
        let each = start.elapsed().as_micros() / u128::from(2 * CASES);
        let events = cases.iter().flatten().map(|case| case.events.len()).sum::<usize>() as u64 / (2 * CASES);
        let share = |cases: &Vec<Case>| {
            let loud = cases.iter().filter(|case| !alerts(subject, case).is_empty());
            loud.count() as u64 * 100 / CASES
        };
        let shares: Vec<u64> = cases.iter().map(share).collect();
        println!("{name:40} {:>6}% {:>6}% {events:>7} {each:>9}", shares[0], shares[1]);
        if shares.iter().any(|share| *share < 20) {
            poor.push(format!("{name}: {shares:?} {generator:?}"));
        }
    });
    assert!(rules >= 80, "{rules}");
    assert!(poor.is_empty(), "{poor:#?}");
}

#[test]
fn a_case_follows_from_its_number() {
    each_rule(&pages_of_each_kind(), |Rule { subject, log, .. }| {
        let (one, other) = (generator(subject, log), generator(subject, log));
        let backwards: Vec<Case> = (0..20).rev().map(|n| other.case(7, n)).collect();
        for (n, again) in (0..20).zip(backwards.into_iter().rev()) {
            assert_eq!(one.case(7, n), again, "{}: case {n}", subject.plan().rule.name);
        }
        let different = (0..20).filter(|n| one.case(7, *n) != one.case(8, *n)).count();
        assert!(
            different > 10,
            "{}: another seed gives other cases",
            subject.plan().rule.name
        );
    });
}

/// What `block` writes, put into the rule, is a test that passes over the same events, and stands as `fmt` lays it out.
#[test]
fn a_case_can_be_pasted_as_a_test() {
    let (mut written, mut behind) = (0, 0);
    each_rule(&pages_of_each_kind(), |Rule { subject, log, page }| {
        let (name, catalog) = (&subject.plan().rule.name, subject.catalog());
        let generator = generator(subject, log);
        let mut cases = Vec::new();
        let mut blocks = String::new();
        for n in 0..15 {
            let case = generator.case(3, n);
            let found = alerts(subject, &case);
            let text = block(
                &format!("case {n}"),
                subject.compiled,
                subject.plan(),
                catalog,
                &case,
                &found,
            );
            assert!(text.ends_with("  }\n"), "{name}: {text}");
            blocks.push('\n');
            blocks.push_str(&text);
            cases.push((case, text));
        }
        let end = subject.compiled.checked.ast.span.end as usize - 1;
        let (head, tail) = page.text.split_at(end);
        let whole = format!("{}\n{blocks}{tail}", head.trim_end());
        let mut files = Files::default();
        files.add(&page.path, whole.as_bytes());
        assert!(files.findings.is_empty(), "{name}: {:?}\n{blocks}", files.findings);
        files.link(&Default::default());
        let world = files.world(catalog).unwrap();
        let mut findings = Vec::new();
        let compiled = compile::compile(&files.trees, &world, &mut findings);
        assert!(
            !tripline::diagnostics::has_errors(&findings),
            "{name}: {findings:#?}\n{blocks}"
        );
        let formatted = syntax::format(&files.trees[0].1, &whole);
        let rule = compiled.iter().find(|rule| rule.plan.rule.name == *name).unwrap();
        let verdicts = testing::run(rule, catalog).unwrap();
        for (n, (case, text)) in cases.iter().enumerate() {
            assert!(formatted.contains(text.as_str()), "{name}: fmt changes\n{text}");
            if case.events.iter().any(|event| event.time > case.now) {
                behind += 1;
                assert!(text.starts_with("  # "), "{text}");
            }
            let title = format!("case {n}");
            let verdict = verdicts.iter().find(|verdict| verdict.test == title).unwrap();
            assert!(verdict.failures.is_empty(), "{name}: {:#?}\n{text}", verdict.failures);
            let test = rule
                .checked
                .tests
                .iter()
                .find(|test| test.ast.name.value == title)
                .unwrap();
            let events = testing::events(test, catalog);
            let before = case.events.iter().filter(|event| event.time <= case.now);
            for (event, own) in events.iter().zip(before.clone()) {
                assert_eq!((event.time, event.source), (own.time, own.source), "{name}: {text}");
            }
            assert_eq!(events.len(), before.count(), "{name}: {text}");
            written += 1;
        }
    });
    println!("{written} blocks, {behind} with an event behind the clock");
    assert!(written >= 1200 && behind > 30);
}

/// Without tests and without a log, sets that alert are made from what the rule says.
#[test]
fn the_plan_alone_gives_sets_that_alert() {
    let catalog = tripline::source::Catalog::builtin().unwrap();
    let settings = Settings::default();
    let (mut rules, mut poor) = (0, Vec::new());
    for page in pages_of_each_kind() {
        let mut files = Files::default();
        files.add(&page.path, page.text.as_bytes());
        for (_, tree) in &mut files.trees {
            for item in &mut tree.items {
                if let syntax::ast::Item::Rule(rule) = item {
                    rule.tests.clear();
                }
            }
        }
        files.link(&Default::default());
        let world = files.world(&catalog).unwrap();
        for compiled in compile::compile(&files.trees, &world, &mut Vec::new()) {
            let name = &compiled.plan.rule.name;
            let subject = Subject::new(&compiled, &catalog, &settings).unwrap();
            let generator = Generator::new(&compiled, &catalog).unwrap();
            let loud = (0..50)
                .filter(|n| !alerts(&subject, &generator.case(1, *n)).is_empty())
                .count();
            rules += 1;
            if loud < 10 {
                poor.push(format!("{name}: {loud} of 50"));
            }
        }
    }
    println!("{} of {rules} rules: {poor:#?}", poor.len());
    assert!(poor.len() * 10 <= rules, "{poor:#?}");
}

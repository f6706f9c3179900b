//! Four rules of ours were made from queries of others. Where they find other things than those, the difference has a name:
//! an edit of the original, a few words long, that makes it do as ours does in one respect, and the smallest events that
//! show it. With all edits the original finds what ours finds, on every case: a difference without a name fails.
//!
//! The original queries are not part of this repository; `TRIPLINE_SHARED` names the folder that has them in
//! `seed-queries`. `TRIPLINE_CASES` and `TRIPLINE_SEED` set how many random event sets a rule gets, and which.
//! `UPDATE_DOCS=1` writes `docs/originals.md` anew.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../docs/markdown.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod markdown;
mod page;
mod sides;
mod spec;

use sides::{Found, Sides};
use spec::Class;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tripline::agreement::{Case, shrink};
use tripline::settings::Settings;
use tripline::source::Catalog;

/// Runs `with` for every rule that has an original; says so where the originals are not there.
fn each(mut with: impl FnMut(&str, &Sides<'_>)) {
    let Some(shared) = std::env::var_os("TRIPLINE_SHARED").map(PathBuf::from) else {
        println!("not run: TRIPLINE_SHARED is not set");
        return;
    };
    let (catalog, settings) = (Catalog::builtin().unwrap(), Settings::default());
    let specs = spec::all();
    assert_eq!(specs.len(), 4);
    for (name, spec) in &specs {
        spec.compiled(&catalog, &mut |rule| {
            let sides = Sides::new(spec, spec.original(&shared), rule, &catalog, &settings);
            with(name, &sides);
        });
    }
}

/// Whether two sides both answer, and differ.
fn differ(a: &Found, b: &Found) -> bool {
    matches!((a, b), (Ok(a), Ok(b)) if a != b)
}

/// Whether the edits of a class, on top of those that it is given, change what the original says of a case.
fn shows(sides: &Sides<'_>, class: &Class, case: &Case) -> bool {
    let given = |other: &Class| class.given.contains(&other.name);
    let on = sides.on(case);
    let (before, after) = (
        on.with(&given),
        on.with(&|other| other.name == class.name || given(other)),
    );
    match &class.unsettled {
        Some(reason) => before.is_err_and(|why| why.contains(reason)) && after.is_ok(),
        None => differ(&before, &after),
    }
}

#[test]
fn every_difference_has_the_smallest_example() {
    let mut wrong = Vec::new();
    each(|name, sides| {
        for (index, class) in sides.spec.classes.iter().enumerate() {
            let case = sides.case_of(&class.test());
            let on = sides.on(&case);
            let ours = on.ours();
            let mut complain = |what: &str, found: &dyn std::fmt::Debug| {
                wrong.push(format!("{name}: {}: {what}: {found:?}\n  ours: {ours:?}", class.name));
            };
            let alone = on.with(&|other| other.name == class.name || class.given.contains(&other.name));
            if alone.as_ref() != Ok(&ours) {
                complain("its edits alone do not find what ours finds", &alone);
            }
            let full = on.full();
            if full.as_ref() != Ok(&ours) {
                complain("all edits do not find what ours finds", &full);
            }
            if !shows(sides, class, &case) {
                complain("its example does not show it", &on.original());
            }
            let also = class.also.as_ref().map(|_| sides.case_of(&class.also_test()));
            let other = sides.on(also.as_ref().unwrap_or(&case));
            if other.full().as_ref() != Ok(&other.ours()) {
                complain(
                    "all edits do not find what ours finds on the other example",
                    &other.full(),
                );
            }
            if !other.needed(&other.ours()).contains(&index) {
                complain("the other edits do without it", &full);
            }
            for index in 0..case.events.len() {
                let mut fewer = case.clone();
                let event = fewer.events.remove(index);
                if shows(sides, class, &fewer) {
                    complain("its example does without this event", &event.id);
                }
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A number that the environment may set.
fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// What the cases of a rule came to.
#[derive(Default)]
struct Tally {
    cases: usize,
    alerting: usize,
    same: usize,
    differ: usize,
    unsettled: BTreeMap<String, usize>,
    needed: BTreeMap<usize, usize>,
    unexplained: Vec<String>,
}

impl Tally {
    fn take(&mut self, sides: &Sides<'_>, case: &Case) {
        self.cases += 1;
        let on = sides.on(case);
        let (ours, original) = (on.ours(), on.original());
        let found = original.as_ref().is_ok_and(|rows| !rows.is_empty());
        self.alerting += usize::from(found || !ours.is_empty());
        match &original {
            Ok(rows) if *rows == ours => self.same += 1,
            Ok(_) => self.differ += 1,
            Err(why) => *self.unsettled.entry(why.clone()).or_default() += 1,
        }
        if original.as_ref() != Ok(&ours) {
            for class in on.needed(&ours) {
                *self.needed.entry(class).or_default() += 1;
            }
        }
        let full = on.full();
        if full.as_ref() != Ok(&ours) {
            self.unexplained.push(describe(sides, case));
        }
    }
}

/// The smallest case that still has no explanation.
fn describe(sides: &Sides<'_>, case: &Case) -> String {
    let mut unexplained = |case: &Case| {
        let on = sides.on(case);
        on.full().as_ref() != Ok(&on.ours())
    };
    let case = shrink(case, &mut unexplained);
    let on = sides.on(&case);
    format!(
        "{}: a difference without a name\n  ours: {:?}\n  all edits: {:?}\n  original: {:?}\n{}",
        sides.spec.title,
        on.ours(),
        on.full(),
        on.original(),
        sides.block(&case)
    )
}

#[test]
fn random_differences_have_a_name() {
    let (cases, seed) = (number("TRIPLINE_CASES", 150), number("TRIPLINE_SEED", 1));
    let mut wrong = Vec::new();
    each(|name, sides| {
        let mut tally = Tally::default();
        for index in 0..cases {
            tally.take(sides, &sides.generator.case(seed, index));
            if tally.unexplained.len() > 1 {
                break;
            }
        }
        println!(
            "{name}: {} cases, {} alert; the original says the same in {}, differs in {}, is open in {}; {} unexplained",
            tally.cases,
            tally.alerting,
            tally.same,
            tally.differ,
            tally.unsettled.values().sum::<usize>(),
            tally.unexplained.len()
        );
        for (index, class) in sides.spec.classes.iter().enumerate() {
            println!("  {}: needed in {}", class.name, tally.needed.get(&index).unwrap_or(&0));
        }
        for (why, count) in &tally.unsettled {
            println!("  open in {count}: {why}");
            let known = |class: &Class| class.unsettled.as_ref().is_some_and(|reason| why.contains(reason));
            if !sides.spec.classes.iter().any(known) {
                wrong.push(format!("{name}: the original is refused, and no class says why: {why}"));
            }
        }
        wrong.append(&mut tally.unexplained);
        if cases >= 100 && tally.alerting * 5 < tally.cases {
            wrong.push(format!("{name}: fewer than a fifth of the cases alert"));
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_is_fresh() {
    let mut stale = Vec::new();
    each(|name, sides| {
        stale.extend(markdown::refresh(markdown::Part {
            document: "docs/originals.md",
            mark: name.to_owned(),
            text: page::part(sides),
        }));
    });
    assert!(
        stale.is_empty(),
        "{}\nUPDATE_DOCS=1 cargo test --test originals writes them anew",
        stale.join("\n")
    );
}

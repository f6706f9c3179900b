//! Cases that look for disagreement: sets over which a rule alerts, and a few changes to each, led by what the rule looks
//! at.
//!
//! | step | what happens | where |
//! |---|---|---|
//! | places | where in an event the value of an expression comes from | `place` |
//! | points | every place that the rule reads, with the values that it is compared with, their near misses, and what may stand there else | `points`, `collect`, `near` |
//! | sets | events over which the rule alerts: its tests, its logs, sets made from the plan | `sets` |
//! | case | a set, and changes to values, times, numbers of events, keys, order, the clock | `change`, `moves`, `times` |
//!
//! What the language leaves undefined is left out ("Types and missing values" in `docs/language.md`).

mod change;
mod collect;
mod edit;
mod kind;
mod moves;
mod near;
mod numbers;
mod place;
mod points;
mod sets;
mod times;

use super::case::Case;
use crate::compile::Compiled;
use crate::evaluate;
use crate::input;
use crate::source::{Catalog, SourceId};
use crate::value::{Json, Time};
use change::Work;
use kind::Kind;
use numbers::{Numbers, hash};
use points::Points;
pub(super) use sets::sources;
use sets::{Base, Maker};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use times::Lengths;

/// How many bodies of a source are kept to take events from.
const MOST_BODIES: usize = 200;
/// Sets that are larger are used where there is no other.
const LARGE: usize = 150;
/// How many cases are looked at to find how much may be changed, and how many of them are to alert.
const TRIAL: u64 = 60;
const WANTED: usize = 26;
/// So many identifiers are ready.
const IDS: usize = 300;

/// How much is changed: percent of the cases that are left as they are, most changes, percent of the changes that are made
/// to a further event and leave those that are there alone.
#[derive(Clone, Copy, Debug)]
struct Zeal {
    unchanged: usize,
    changes: usize,
    beside: usize,
}

/// From much to little.
const ZEALS: [Zeal; 6] = [
    zeal(6, 6, 15),
    zeal(10, 4, 25),
    zeal(14, 3, 40),
    zeal(18, 3, 60),
    zeal(24, 2, 75),
    zeal(32, 1, 85),
];

const fn zeal(unchanged: usize, changes: usize, beside: usize) -> Zeal {
    Zeal {
        unchanged,
        changes,
        beside,
    }
}

/// Makes cases for one rule.
pub struct Generator<'p> {
    compiled: &'p Compiled<'p>,
    catalog: &'p Catalog,
    ready: evaluate::Compiled<'p>,
    rule: u64,
    points: Points,
    lengths: Lengths,
    /// Sets that alert, and sets that do not.
    loud: Vec<Base>,
    quiet: Vec<Base>,
    bodies: BTreeMap<SourceId, Vec<Json>>,
    ids: Vec<Arc<str>>,
    zeal: Zeal,
}

impl fmt::Debug for Generator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator")
            .field("rule", &self.compiled.plan.rule.name)
            .field("points", &self.points.all.len())
            .field("loud", &self.loud.len())
            .field("quiet", &self.quiet.len())
            .field("zeal", &self.zeal)
            .finish_non_exhaustive()
    }
}

impl<'p> Generator<'p> {
    /// None where there is neither a test, nor an event that the rule's selections take, to begin with.
    pub fn new(compiled: &'p Compiled<'p>, catalog: &'p Catalog) -> Option<Generator<'p>> {
        let plan = &compiled.plan;
        let ready = evaluate::Compiled::new(plan, catalog).ok()?;
        let points = Points::of(plan, catalog);
        let lengths = Lengths::of(plan, catalog, &points.windows);
        let mut generator = Generator {
            compiled,
            catalog,
            ready,
            rule: hash(&plan.rule.name),
            points,
            lengths,
            loud: Vec::new(),
            quiet: Vec::new(),
            bodies: BTreeMap::new(),
            ids: (1..=IDS).map(|n| Arc::from(format!("event {n}"))).collect(),
            zeal: ZEALS[0],
        };
        generator.add(sets::of_tests(compiled, catalog));
        let made = Maker {
            plan,
            catalog,
            points: &generator.points,
            ready: &generator.ready,
            known: &generator.bodies,
        }
        .sets();
        generator.add(made);
        if generator.loud.is_empty() && generator.quiet.is_empty() {
            return None;
        }
        generator.settle();
        Some(generator)
    }

    /// Further events to begin with, such as a log that belongs to the rule.
    #[must_use]
    pub fn with_log(mut self, events: &[input::Event]) -> Generator<'p> {
        let bases = sets::of_log(&self.ready, &self.compiled.plan, self.catalog, events);
        self.add(bases);
        self.settle();
        self
    }

    /// The case of that number: it follows from the rule, the seed and the number alone.
    pub fn case(&self, seed: u64, number: u64) -> Case {
        self.traced(seed, number).0
    }

    /// The case, and what was done to make it.
    fn traced(&self, seed: u64, number: u64) -> (Case, Vec<Kind>) {
        let mut numbers = Numbers::of_case(self.rule, seed, number);
        let dice = numbers.below(100);
        let from = match (self.loud.is_empty(), self.quiet.is_empty()) {
            (false, false) if dice < 12 => &self.quiet,
            (false, _) => &self.loud,
            (true, _) => &self.quiet,
        };
        let base = numbers.pick(from);
        let mut work = Work::new(self, base, &mut numbers);
        work.change();
        work.finish()
    }

    fn add(&mut self, bases: Vec<Base>) {
        for base in bases {
            for event in &base.events {
                let bodies = self.bodies.entry(event.source).or_default();
                if bodies.len() < MOST_BODIES && !bodies.contains(&event.body) {
                    bodies.push(event.body.clone());
                }
            }
            if sets::alerts(&self.ready, &base.events, base.now) > 0 {
                self.loud.push(base);
            } else {
                self.quiet.push(base);
            }
        }
        for list in [&mut self.loud, &mut self.quiet] {
            if list.iter().any(|base| base.events.len() <= LARGE) {
                list.retain(|base| base.events.len() <= LARGE);
            }
        }
    }

    /// Finds how much may be changed so that enough cases still alert.
    fn settle(&mut self) {
        if self.loud.is_empty() {
            return;
        }
        for zeal in ZEALS {
            self.zeal = zeal;
            let loud = (0..TRIAL).filter(|number| {
                let case = self.case(u64::MAX, *number);
                sets::alerts(&self.ready, &case.events, case.now) > 0
            });
            if loud.count() >= WANTED {
                return;
            }
        }
    }

    /// A time of the set to take as it is.
    fn clock(base: Option<&Base>) -> Time {
        base.map_or(Time(0), |base| base.now)
    }
}

#[cfg(test)]
mod tests;

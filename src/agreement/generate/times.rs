//! Times at the edges of a rule's windows.

use super::kind::Kind;
use super::numbers::Numbers;
use crate::plan::Plan;
use crate::source::Catalog;
use crate::value::{Span, Time};

/// Lengths of time that mean something to a rule.
#[derive(Debug)]
pub(super) struct Lengths {
    pub(super) every: Span,
    /// What the rule says, and the delay of its sources.
    pub(super) single: Vec<Span>,
    /// Sums of two of them.
    pub(super) sums: Vec<Span>,
    /// Those that times are rounded to.
    pub(super) bins: Vec<Span>,
}

impl Lengths {
    pub(super) fn of(plan: &Plan, catalog: &Catalog, windows: &[Span]) -> Lengths {
        let every = plan.rule.every;
        let mut single: Vec<Span> = vec![Span(0), every, plan.depth()];
        single.extend(windows);
        for source in super::sets::sources(plan) {
            single.push(catalog.get(source).delay);
        }
        single.sort();
        single.dedup();
        let mut sums: Vec<Span> = single
            .iter()
            .flat_map(|a| single.iter().map(|b| Span(a.0.saturating_add(b.0))))
            .collect();
        sums.sort();
        sums.dedup();
        let mut bins = windows.to_vec();
        bins.push(every);
        Lengths {
            every,
            single,
            sums,
            bins,
        }
    }

    pub(super) fn pick(&self, numbers: &mut Numbers) -> Span {
        let list = if numbers.chance(70) { &self.single } else { &self.sums };
        numbers.pick(list).copied().unwrap_or_default()
    }
}

/// What a time may be at the edge of: the clock, and other events.
pub(super) struct Edges<'a> {
    pub(super) lengths: &'a Lengths,
    pub(super) now: Time,
}

impl Edges<'_> {
    /// A time at an edge, or next to it. `other` is the time of another event.
    pub(super) fn pick(&self, numbers: &mut Numbers, other: Time) -> (Time, Kind) {
        // What a run reports begins and ends there.
        if numbers.chance(25) {
            let time = if numbers.chance(50) {
                self.now
            } else {
                self.now.minus(self.lengths.every)
            };
            return nearby(numbers, time);
        }
        let bin = numbers.pick(&self.lengths.bins).copied().unwrap_or_default();
        let mut time = match numbers.below(10) {
            0..=3 => self.now,
            4..=5 => self.now.bin(bin),
            6..=7 => other,
            8 => other.bin(bin),
            _ => other.bin(bin).plus(bin),
        };
        let span = self.lengths.pick(numbers);
        time = match numbers.below(10) {
            0..=1 => time,
            2..=7 => time.minus(span),
            8 => time.bin(bin).minus(span),
            _ => time.plus(span),
        };
        nearby(numbers, time)
    }
}

/// The time itself, or a tick or a second beside it.
pub(super) fn nearby(numbers: &mut Numbers, time: Time) -> (Time, Kind) {
    match numbers.below(8) {
        0..=2 => (time, Kind::Edge),
        3 => (time.plus(Span(1)), Kind::EdgeTick),
        4 => (time.minus(Span(1)), Kind::EdgeTick),
        5 => (time.plus(Span::seconds(1)), Kind::EdgeSecond),
        _ => (time.minus(Span::seconds(1)), Kind::EdgeSecond),
    }
}

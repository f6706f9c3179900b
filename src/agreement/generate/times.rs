//! Times at the edges of a rule's windows.

use super::kind::Kind;
use super::numbers::Numbers;
use crate::plan::Plan;
use crate::source::Catalog;
use crate::value::{Span, Time};

/// The lengths of time that mean something to a rule, with sums of two of them; and the lengths of its windows.
pub(super) fn lengths(plan: &Plan, catalog: &Catalog, windows: &[Span]) -> (Vec<Span>, Vec<Span>) {
    let mut single: Vec<Span> = vec![Span(0), plan.rule.every, plan.depth()];
    single.extend(windows);
    for source in super::sets::sources(plan) {
        single.push(catalog.get(source).delay);
    }
    single.sort();
    single.dedup();
    let mut spans = single.clone();
    for a in &single {
        for b in &single {
            spans.push(Span(a.0.saturating_add(b.0)));
        }
    }
    spans.sort();
    spans.dedup();
    // Once more, so that a single length is taken as often as a sum.
    spans.extend(&single);
    spans.extend(&single);
    let mut bins = windows.to_vec();
    bins.push(plan.rule.every);
    (spans, bins)
}

/// What a time may be at the edge of: the clock, and other events.
pub(super) struct Edges<'a> {
    pub(super) spans: &'a [Span],
    pub(super) bins: &'a [Span],
    pub(super) now: Time,
}

impl Edges<'_> {
    /// A time at an edge, or next to it. `other` is the time of another event.
    pub(super) fn pick(&self, numbers: &mut Numbers, other: Time) -> (Time, Kind) {
        let bin = numbers.pick(self.bins).copied().unwrap_or_default();
        let mut time = match numbers.below(10) {
            0..=4 => self.now,
            5 => self.now.bin(bin),
            6..=7 => other,
            8 => other.bin(bin),
            _ => other.bin(bin).plus(bin),
        };
        let span = numbers.pick(self.spans).copied().unwrap_or_default();
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

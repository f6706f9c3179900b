//! Times of a case: one event's, those of events that are alike, the clock's.

use super::change::Work;
use super::kind::Kind;
use super::times::{Edges, nearby};
use crate::value::{Span, Time};

impl Work<'_, '_> {
    pub(super) fn edge(&mut self) -> (Time, Kind) {
        let other = self.numbers.below(self.events.len());
        let other = self.events.get(other).map_or(self.now, |piece| piece.event.time);
        let edges = Edges {
            lengths: &self.generator.lengths,
            now: self.now,
        };
        edges.pick(self.numbers, other)
    }

    pub(super) fn time(&mut self) {
        let Some(at) = self.chosen() else { return };
        let (time, kind) = self.edge();
        let all = self.numbers.chance(25);
        let alike: Vec<usize> = (0..self.events.len())
            .filter(|n| *n == at || all && self.alike(at, *n))
            .collect();
        for n in alike {
            if let Some(piece) = self.events.get_mut(n) {
                piece.event.time = time;
            }
        }
        self.kinds.push(kind);
    }

    pub(super) fn clock(&mut self) {
        let (now, _) = self.edge();
        self.now = now;
        self.kinds.push(Kind::ClockMoved);
    }

    /// All events moved along, so that one of them lies at an edge.
    pub(super) fn slide(&mut self) {
        if self.events.is_empty() {
            return;
        }
        let at = self.numbers.below(self.events.len());
        let (time, kind) = self.edge();
        let Some(by) = self.events.get(at).map(|piece| time.since(piece.event.time)) else {
            return;
        };
        for piece in &mut self.events {
            piece.event.time = piece.event.time.plus(by);
        }
        self.kinds.push(Kind::Slid);
        self.kinds.push(kind);
    }

    /// Events that are alike, or all, once more at another distance.
    pub(super) fn repeat(&mut self) {
        if self.events.is_empty() {
            return;
        }
        let at = self.numbers.below(self.events.len());
        let lengths = &self.generator.lengths;
        let span = match self.numbers.below(3) {
            0 => lengths.pick(self.numbers),
            _ => self.numbers.pick(&lengths.bins).copied().unwrap_or_default(),
        };
        let all = self.numbers.chance(40);
        let chosen: Vec<usize> = (0..self.events.len()).filter(|n| all || self.alike(at, *n)).collect();
        for n in chosen {
            if let Some(copy) = self.copy(n).filter(|copy| *copy != n)
                && let Some(piece) = self.events.get_mut(copy)
            {
                piece.event.time = piece.event.time.minus(span);
            }
        }
        self.kinds.push(Kind::Repeated);
    }

    /// Everything at another time, or everything but the clock.
    pub(super) fn shift(&mut self) {
        let span = match self.numbers.below(3) {
            0 => Span::days(i64::try_from(self.numbers.below(40)).unwrap_or(0) - 20),
            1 => self.generator.lengths.pick(self.numbers),
            _ => Span(1),
        };
        if self.numbers.chance(70) {
            self.now = self.now.minus(span);
        }
        for piece in &mut self.events {
            piece.event.time = piece.event.time.minus(span);
        }
        self.kinds.push(Kind::Shifted);
    }

    /// An event behind the clock.
    pub(super) fn late(&mut self) {
        let Some(at) = self.chosen() else { return };
        let span = self.generator.lengths.pick(self.numbers);
        let after = self
            .numbers
            .pick(&[Span(1), Span::seconds(1), span])
            .copied()
            .unwrap_or(Span(1));
        if let Some(piece) = self.events.get_mut(at) {
            piece.event.time = self.now.plus(after.max(Span(1)));
            self.kinds.push(Kind::AfterNow);
        }
    }

    /// A copy of an event just inside or outside a baseline of its window.
    pub(super) fn history(&mut self) {
        let generator = self.generator;
        let Some((over, per)) = self.numbers.pick(&generator.points.histories).copied() else {
            return self.time();
        };
        if self.events.is_empty() {
            return;
        }
        let at = self.numbers.below(self.events.len());
        let Some(copy) = self.copy(at).filter(|copy| *copy != at) else {
            return;
        };
        let Some(piece) = self.events.get_mut(copy) else { return };
        let start = piece.event.time.bin(per);
        let oldest = start.plus(per).minus(over);
        let edge = if self.numbers.chance(60) { oldest } else { start };
        let (time, _) = nearby(self.numbers, edge);
        piece.event.time = time;
        let inside = time >= oldest && time < start;
        self.kinds.push(if inside {
            Kind::HistoryInside
        } else {
            Kind::HistoryOutside
        });
        if self.numbers.chance(35) {
            let n = self.numbers.below(5);
            self.vary(copy, n);
        }
    }
}

//! One case: a set of events, and what is changed of it.

use super::kind::Kind;
use super::numbers::Numbers;
use super::points::Point;
use super::sets::Base;
use super::{Generator, edit};
use crate::agreement::case::{Case, CaseEvent};
use crate::source::{FIELDS, SourceId};
use crate::value::{Json, Span, Time};
use std::sync::Arc;

/// No case has more events than its set and these.
const MORE: usize = 80;

/// An event, and whether it needs an identifier of its own.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) event: CaseEvent,
    fresh: bool,
}

/// A case in the making.
pub(super) struct Work<'g, 'n> {
    pub(super) generator: &'g Generator<'g>,
    pub(super) numbers: &'n mut Numbers,
    pub(super) events: Vec<Piece>,
    pub(super) now: Time,
    pub(super) kinds: Vec<Kind>,
    most: usize,
}

/// What is changed, and how often.
#[derive(Clone, Copy)]
enum Change {
    Value,
    Odd,
    Pair,
    Time,
    Clock,
    Count,
    Key,
    Twin,
    Order,
    Late,
    History,
    Add,
    Drop,
    Shift,
    Slide,
    Repeat,
    Nothing,
}

const CHANGES: [(Change, usize); 17] = [
    (Change::Value, 24),
    (Change::Odd, 12),
    (Change::Pair, 4),
    (Change::Time, 18),
    (Change::Clock, 5),
    (Change::Count, 12),
    (Change::Key, 8),
    (Change::Twin, 5),
    (Change::Order, 4),
    (Change::Late, 3),
    (Change::History, 6),
    (Change::Add, 7),
    (Change::Drop, 4),
    (Change::Shift, 3),
    (Change::Slide, 9),
    (Change::Repeat, 4),
    (Change::Nothing, 1),
];

impl<'g, 'n> Work<'g, 'n> {
    pub(super) fn new(generator: &'g Generator<'_>, base: Option<&'g Base>, numbers: &'n mut Numbers) -> Work<'g, 'n>
    where
        'g: 'n,
    {
        let events: Vec<Piece> = base
            .iter()
            .flat_map(|base| &base.events)
            .map(|event| Piece {
                event: event.clone(),
                fresh: false,
            })
            .collect();
        Work {
            most: events.len() + MORE,
            generator,
            numbers,
            events,
            now: Generator::clock(base),
            kinds: Vec::new(),
        }
    }

    pub(super) fn change(&mut self) {
        let zeal = self.generator.zeal;
        if self.numbers.chance(zeal.unchanged) {
            self.kinds.push(Kind::Unchanged);
            return;
        }
        for _ in 0..=self.numbers.below(zeal.changes) {
            let total: usize = CHANGES.iter().map(|(_, weight)| weight).sum();
            let mut dice = self.numbers.below(total);
            for (change, weight) in CHANGES {
                if dice < weight {
                    self.make(change);
                    break;
                }
                dice -= weight;
            }
        }
    }

    /// The case, every event with an identifier.
    pub(super) fn finish(self) -> (Case, Vec<Kind>) {
        let generator = self.generator;
        let mut next = self.events.iter().filter(|piece| !piece.fresh).count();
        let mut events = Vec::with_capacity(self.events.len());
        for piece in self.events {
            let mut event = piece.event;
            if piece.fresh {
                event.id = match generator.ids.get(next) {
                    Some(id) => Arc::clone(id),
                    None => format!("event {}", next + 1).into(),
                };
                next += 1;
                let source = generator.catalog.get(event.source);
                if let Some(field) = source.id {
                    let path = edit::words(&source.get(field).name);
                    event.body = edit::put(&event.body, &path, Json::Text(Arc::clone(&event.id)));
                }
            }
            events.push(event);
        }
        (Case { events, now: self.now }, self.kinds)
    }

    fn make(&mut self, change: Change) {
        match change {
            Change::Value => self.value(),
            Change::Odd => self.odd(),
            Change::Pair => self.pair(),
            Change::Time => self.time(),
            Change::Clock => self.clock(),
            Change::Count => self.count(),
            Change::Key => self.key(),
            Change::Twin => self.twin(),
            Change::Order => self.order(),
            Change::Late => self.late(),
            Change::History => self.history(),
            Change::Add => self.add(),
            Change::Drop => self.drop_some(),
            Change::Shift => self.shift(),
            Change::Slide => self.slide(),
            Change::Repeat => self.repeat(),
            Change::Nothing => {
                self.events.clear();
                self.kinds.push(Kind::NoEvents);
            }
        }
    }

    /// An event to change: one that is there, or a copy of one.
    pub(super) fn chosen(&mut self) -> Option<usize> {
        if self.events.is_empty() {
            self.add();
        }
        let at = self.numbers.below(self.events.len());
        if self.numbers.chance(self.generator.zeal.beside) {
            return self.copy(at);
        }
        (at < self.events.len()).then_some(at)
    }

    /// A copy at the end, with an identifier of its own.
    pub(super) fn copy(&mut self, at: usize) -> Option<usize> {
        let mut piece = self.events.get(at)?.clone();
        if self.events.len() >= self.most {
            return Some(at);
        }
        piece.fresh = true;
        self.events.push(piece);
        Some(self.events.len() - 1)
    }

    fn source(&self, at: usize) -> Option<SourceId> {
        self.events.get(at).map(|piece| piece.event.source)
    }

    /// A point of the event's source that fits.
    fn point(&mut self, at: usize, fits: impl Fn(&Point) -> bool) -> Option<&'g Point> {
        let generator = self.generator;
        let of_source = generator.points.by_source.get(&self.source(at)?)?;
        let all = &generator.points.all;
        // Nearly every point fits: look for one, and go through them where that fails.
        for _ in 0..4 {
            if let Some(point) = self.numbers.pick(of_source).and_then(|n| all.get(*n))
                && fits(point)
            {
                return Some(point);
            }
        }
        let fitting: Vec<&Point> = of_source
            .iter()
            .filter_map(|n| all.get(*n))
            .filter(|p| fits(p))
            .collect();
        self.numbers.pick(&fitting).copied()
    }

    fn set(&mut self, at: usize, point: &Point, value: Option<&Json>) {
        if let Some(piece) = self.events.get_mut(at) {
            let body = &piece.event.body;
            piece.event.body = match value {
                Some(value) => edit::put(body, &point.segments, value.clone()),
                None => edit::remove(body, &point.segments),
            };
        }
    }

    fn get(&self, at: usize, point: &Point) -> Option<&Json> {
        edit::get(&self.events.get(at)?.event.body, &point.segments)
    }

    /// What a place is compared with, or nearly that.
    fn value(&mut self) {
        let Some(at) = self.chosen() else { return };
        let Some(point) = self.point(at, |point| !point.values.is_empty()) else {
            return self.odd();
        };
        if self.numbers.chance(30)
            && let Some(Json::Text(text)) = self.get(at, point)
            && let Some((kind, text)) = altered(&text.clone(), self.numbers)
        {
            let value = Json::Text(text.into());
            if point.allows(&value) {
                self.set(at, point, Some(&value));
                return self.kinds.push(kind);
            }
        }
        if let Some((kind, values)) = self.numbers.pick(&point.values)
            && let Some(value) = self.numbers.pick(values)
        {
            self.set(at, point, Some(value));
            self.kinds.push(*kind);
        }
    }

    /// Nothing, or something of another shape.
    fn odd(&mut self) {
        let Some(at) = self.chosen() else { return };
        let Some(point) = self.point(at, |_| true) else { return };
        if let Some((kind, value)) = self.numbers.pick(&point.odd) {
            self.set(at, point, value.as_ref());
            self.kinds.push(*kind);
        }
    }

    /// Two fields that are compared: equal, or nearly.
    fn pair(&mut self) {
        let generator = self.generator;
        let Some(pair) = self.numbers.pick(&generator.points.pairs) else {
            return self.value();
        };
        let all = &generator.points.all;
        let (Some(mut from), Some(mut to)) = (all.get(pair.left), all.get(pair.right)) else {
            return;
        };
        if self.numbers.chance(50) {
            std::mem::swap(&mut from, &mut to);
        }
        let Some(at) = self.chosen().filter(|at| self.source(*at) == Some(from.source)) else {
            return;
        };
        let Some(value) = self.get(at, from).cloned() else {
            return;
        };
        let (value, kind) = match (self.numbers.below(4), value) {
            (0, Json::Text(text)) => (Json::Text(other_case(&text).into()), Kind::PairNear),
            (1, Json::Text(text)) => (Json::Text(format!("{text} ").into()), Kind::PairNear),
            (2, Json::Int(n)) => (Json::Int(n.saturating_add(1)), Kind::PairNear),
            (_, value) => (value, Kind::PairEqual),
        };
        if to.allows(&value) {
            self.set(at, to, Some(&value));
            self.kinds.push(kind);
        }
    }

    /// So many events that are alike as a threshold asks for, or one less, or one more.
    fn count(&mut self) {
        let generator = self.generator;
        let Some(at) = (!self.events.is_empty()).then(|| self.numbers.below(self.events.len())) else {
            return;
        };
        let bound = self.numbers.pick(&generator.points.thresholds).copied();
        let bound = bound.filter(|bound| *bound <= self.most).unwrap_or(2);
        let (wanted, kind) = match self.numbers.below(4) {
            0 => (bound.saturating_sub(1), Kind::ThresholdLess),
            1 => (bound.saturating_add(1), Kind::ThresholdMore),
            _ => (bound, Kind::ThresholdMet),
        };
        let alike: Vec<usize> = (0..self.events.len()).filter(|n| self.alike(at, *n)).collect();
        if alike.len() > wanted {
            let gone: Vec<usize> = alike.into_iter().skip(wanted).collect();
            let mut n = 0;
            self.events.retain(|_| {
                n += 1;
                gone.binary_search(&(n - 1)).is_err()
            });
        } else {
            let distinct = self.numbers.chance(60);
            let apart = self.numbers.pick(&[0, 0, 1, 10_000_000]).copied().unwrap_or(0);
            for n in alike.len()..wanted {
                let Some(copy) = self.copy(at).filter(|copy| *copy != at) else {
                    break;
                };
                if let Some(piece) = self.events.get_mut(copy) {
                    let after = i64::try_from(n).unwrap_or(0).saturating_mul(apart);
                    piece.event.time = piece.event.time.plus(Span(after));
                }
                if distinct {
                    self.vary(copy, n);
                }
            }
            self.kinds.push(if distinct {
                Kind::DistinctValues
            } else {
                Kind::RepeatedValues
            });
        }
        self.kinds.push(kind);
    }

    /// Whether two events are of one source, near each other, and have the same keys.
    pub(super) fn alike(&self, a: usize, b: usize) -> bool {
        let (Some(one), Some(other)) = (self.events.get(a), self.events.get(b)) else {
            return false;
        };
        let window = self.generator.points.windows.first().copied().unwrap_or(Span::days(1));
        let near = one.event.time.bin(window) == other.event.time.bin(window);
        let keys = self.generator.points.by_source.get(&one.event.source);
        one.event.source == other.event.source
            && near
            && keys
                .into_iter()
                .flatten()
                .all(|n| match self.generator.points.all.get(*n) {
                    Some(point) if point.key => self.get(a, point) == self.get(b, point),
                    _ => true,
                })
    }

    /// Other values where different values are counted.
    pub(super) fn vary(&mut self, at: usize, n: usize) {
        let generator = self.generator;
        let Some(source) = self.source(at) else { return };
        for point in generator.points.by_source.get(&source).into_iter().flatten() {
            let Some(point) = generator.points.all.get(*point).filter(|p| p.varied && !p.key) else {
                continue;
            };
            let value = point.all_sought(n).unwrap_or_else(|| point.numbered(n));
            if point.allows(&value) {
                self.set(at, point, Some(&value));
            }
        }
    }

    /// A key in another spelling, or another key: of one event, or of all that have it.
    fn key(&mut self) {
        let Some(at) = self.chosen() else { return };
        let Some(point) = self.point(at, |point| point.key) else {
            return self.value();
        };
        let Some(old) = self.get(at, point).cloned() else {
            return;
        };
        let (new, kind) = match (self.numbers.below(5), &old) {
            (0, Json::Text(text)) => (Json::Text(other_case(text).into()), Kind::KeyCase),
            (1, Json::Text(text)) => (Json::Text(format!("{text} ").into()), Kind::KeyBlank),
            (2, Json::Text(text)) => (Json::Text(format!(" {text}").into()), Kind::KeyBlank),
            _ => {
                let good = if self.numbers.chance(50) {
                    point.sought(self.numbers)
                } else {
                    None
                };
                let new = good.unwrap_or_else(|| point.numbered(self.numbers.below(3)));
                (new, Kind::KeyOther)
            }
        };
        if !point.allows(&new) {
            return;
        }
        self.kinds.push(kind);
        if self.numbers.chance(60) {
            return self.set(at, point, Some(&new));
        }
        for n in 0..self.events.len() {
            if self.source(n) == Some(point.source) && self.get(n, point) == Some(&old) {
                self.set(n, point, Some(&new));
            }
        }
    }

    /// An event once more.
    fn twin(&mut self) {
        if self.events.is_empty() {
            return;
        }
        let at = self.numbers.below(self.events.len());
        let same = self.numbers.chance(50);
        // What has no identifier yet cannot share it.
        let fresh = self.events.get(at).is_some_and(|piece| piece.fresh);
        if let Some(copy) = self.copy(at).filter(|copy| *copy != at)
            && let Some(piece) = self.events.get_mut(copy)
        {
            piece.fresh = fresh || !same;
            self.kinds.push(if piece.fresh { Kind::OtherId } else { Kind::SameId });
        }
    }

    fn order(&mut self) {
        if self.events.len() < 2 {
            return;
        }
        if self.numbers.chance(50) {
            self.events.reverse();
        } else {
            for n in (1..self.events.len()).rev() {
                let other = self.numbers.below(n + 1);
                self.events.swap(n, other);
            }
        }
        self.kinds.push(Kind::OutOfOrder);
    }

    /// A further event of those that are known.
    fn add(&mut self) {
        let generator = self.generator;
        let sources: Vec<SourceId> = generator.bodies.keys().copied().collect();
        let Some(source) = self.numbers.pick(&sources).copied() else {
            return;
        };
        let Some(body) = generator
            .bodies
            .get(&source)
            .and_then(|bodies| self.numbers.pick(bodies))
        else {
            return;
        };
        if self.events.len() >= self.most {
            return;
        }
        let (time, kind) = self.edge();
        self.events.push(Piece {
            event: CaseEvent {
                source,
                shape: FIELDS,
                time,
                body: body.clone(),
                id: Arc::from(""),
            },
            fresh: true,
        });
        self.kinds.push(Kind::Added);
        self.kinds.push(kind);
    }

    fn drop_some(&mut self) {
        if self.events.is_empty() {
            return;
        }
        let at = self.numbers.below(self.events.len());
        if self.numbers.chance(70) {
            self.events.remove(at);
        } else {
            let gone: Vec<bool> = (0..self.events.len()).map(|n| self.alike(at, n)).collect();
            let mut gone = gone.into_iter();
            self.events.retain(|_| !gone.next().unwrap_or(false));
        }
        self.kinds.push(Kind::Dropped);
    }
}

/// A text that is nearly this one.
fn altered(text: &str, numbers: &mut Numbers) -> Option<(Kind, String)> {
    let inside = numbers.below(text.chars().count().max(1));
    Some(match numbers.below(10) {
        0 => (Kind::OtherCase, other_case(text)),
        1 => (Kind::Longer, format!("{text}x")),
        2 => (Kind::Longer, format!("x{text}")),
        3 => (Kind::BlankAround, format!(" {text}")),
        4 => (Kind::BlankAround, format!("{text} ")),
        5 => (Kind::AtEnd, format!("x {text}")),
        6 => (Kind::AtStart, format!("{text} x")),
        7 => (Kind::Inside, format!("x-{text}/x")),
        8 => {
            let kept = text.chars().enumerate().filter(|(n, _)| *n != inside);
            (Kind::Shorter, kept.map(|(_, c)| c).collect())
        }
        _ => {
            let other = |(n, c)| {
                if n == inside {
                    if c == 'q' { 'w' } else { 'q' }
                } else {
                    c
                }
            };
            (Kind::OtherLetter, text.chars().enumerate().map(other).collect())
        }
    })
    .filter(|(_, new)| !new.is_empty() && !new.starts_with(['{', '[']) && new != text)
}

/// The same letters in another case.
fn other_case(text: &str) -> String {
    let upper = text.to_ascii_uppercase();
    if upper == text {
        text.to_ascii_lowercase()
    } else {
        upper
    }
}

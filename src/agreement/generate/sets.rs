//! Sets of events to begin with: a rule's tests, parts of a log, and sets made from the plan until the rule alerts.

use super::edit;
use super::numbers::{Numbers, hash};
use super::points::Points;
use crate::agreement::case::CaseEvent;
use crate::compile::Compiled;
use crate::evaluate::{self, Asked};
use crate::examples::sample::Sampler;
use crate::input;
use crate::plan::{Operator, Plan, RelationId, StepKind};
use crate::source::{Catalog, FIELDS, SourceId};
use crate::testing;
use crate::value::{Json, Span, Time, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// 2025-01-02T00:00:00Z, where windows of every length begin.
const EDGE: Time = Time(17_357_760_000_000_000);
/// How often a set is tried to be made, and how many are enough.
const TRIES: usize = 400;
const ENOUGH: usize = 6;
/// Larger sets make slow cases.
const LARGE: usize = 120;
/// The most events of a set, where a rule alerts on nothing smaller.
const LARGEST: usize = 2500;
/// How many alerts of a log are looked at.
const FROM_LOG: usize = 24;

/// Events, and the clock of the run.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pub(super) events: Vec<CaseEvent>,
    pub(super) now: Time,
}

/// How many alerts the run has.
pub(super) fn alerts(ready: &evaluate::Compiled<'_>, events: &[CaseEvent], now: Time) -> usize {
    let mut state = ready.state(Asked::Now(now), None);
    for event in events {
        state.push(&event.as_event());
    }
    state.finish().alerts.len()
}

pub(super) fn of_tests(compiled: &Compiled<'_>, catalog: &Catalog) -> Vec<Base> {
    let tests = compiled.checked.tests.iter();
    let base = |test| {
        let events = testing::events(test, catalog).into_iter().map(|event| CaseEvent {
            source: event.source,
            shape: FIELDS,
            time: event.time,
            body: event.body,
            id: event.id,
        });
        Base {
            events: events.collect(),
            now: test.ast.now,
        }
    };
    tests.map(base).collect()
}

/// The parts of a log that alerts rest on.
pub(super) fn of_log(
    ready: &evaluate::Compiled<'_>,
    plan: &Plan,
    catalog: &Catalog,
    log: &[input::Event],
) -> Vec<Base> {
    let own: BTreeSet<SourceId> = sources(plan).into_iter().collect();
    let events: Vec<CaseEvent> = log
        .iter()
        .filter(|event| own.contains(&event.source))
        .filter_map(|event| fields(event, catalog))
        .collect();
    let mut state = ready.state(Asked::Stream, None);
    for event in &events {
        state.push(&event.as_event());
    }
    let every = plan.rule.every;
    let found = state.finish().alerts;
    let step = found.len().div_ceil(FROM_LOG).max(1);
    let mut bases: Vec<Base> = Vec::new();
    for row in found.into_iter().step_by(step) {
        let now = match row.alert.time.bin(every) {
            start if start == row.alert.time => start,
            start => start.plus(every),
        };
        if bases.iter().any(|base| base.now == now) && events.len() <= LARGE {
            continue;
        }
        let behind: BTreeSet<&str> = row.alert.events.iter().map(|id| &**id).collect();
        let seen = now.minus(every).minus(plan.depth());
        let near: Vec<&CaseEvent> = events.iter().filter(|e| e.time > seen && e.time <= now).collect();
        let thin = near.len().div_ceil(LARGE).max(1);
        let few = near.iter().enumerate().filter(|(n, event)| {
            near.len() <= LARGE || behind.contains(&*event.id) || (thin < 20 && n % (thin * 4) == 0)
        });
        let few: Vec<CaseEvent> = few.map(|(_, event)| (*event).clone()).collect();
        let all = || events.clone();
        let chosen = if events.len() <= LARGE { all() } else { few };
        if alerts(ready, &chosen, now) > 0 {
            bases.push(Base { events: chosen, now });
        }
    }
    if bases.is_empty() && !events.is_empty() && events.len() <= LARGE {
        let last = events.iter().map(|e| e.time).max().unwrap_or(EDGE);
        bases.push(Base {
            now: last.bin(every).plus(every),
            events,
        });
    }
    bases
}

/// An event of a log by the source's fields.
fn fields(event: &input::Event, catalog: &Catalog) -> Option<CaseEvent> {
    let source = catalog.get(event.source);
    let mut body = Json::Object([].into());
    for (id, field) in source.iter() {
        if id == source.time {
            continue;
        }
        let value = match source.read(event.shape, id, &event.body).value {
            Value::Text(text) => Json::Text(text),
            Value::Bool(b) => Json::Bool(b),
            Value::Int(n) => Json::Int(n),
            Value::Real(n) => Json::Real(n),
            Value::Json(json) => json,
            Value::Time(time) => Json::Text(time.to_string().into()),
            Value::Missing | Value::Set(_) => continue,
        };
        body = edit::put(&body, &edit::words(&field.name), value);
    }
    Some(CaseEvent {
        source: event.source,
        shape: FIELDS,
        time: event.time?,
        body,
        id: Arc::clone(&event.id),
    })
}

/// The sources that a plan reads, each once.
pub(in crate::agreement) fn sources(plan: &Plan) -> Vec<SourceId> {
    let mut found = Vec::new();
    for relation in &plan.relations {
        if let Operator::Scan { source } = relation.operator
            && !found.contains(&source)
        {
            found.push(source);
        }
    }
    found
}

/// Makes sets of what the plan asks for.
pub(super) struct Maker<'a> {
    pub(super) plan: &'a Plan,
    pub(super) catalog: &'a Catalog,
    pub(super) points: &'a Points,
    pub(super) ready: &'a evaluate::Compiled<'a>,
    /// Bodies of events that are known already, by source.
    pub(super) known: &'a BTreeMap<SourceId, Vec<Json>>,
}

/// One try: what is decided anew in each.
struct Try<'t> {
    numbers: &'t mut Numbers,
    /// The value of all keys that nothing fixes.
    key: Json,
    events: Vec<(SourceId, Time, Json)>,
}

impl Maker<'_> {
    /// Sets that alert, and a set that does not, where none of the others is known.
    pub(super) fn sets(&self) -> Vec<Base> {
        let mut numbers = Numbers::new(hash(&self.plan.rule.name));
        let bodies: Vec<Vec<Json>> = (0..self.plan.relations.len()).map(|id| self.bodies(id)).collect();
        let mut found: Vec<Base> = Vec::new();
        let mut quiet = None;
        for n in 0..TRIES {
            if found.len() >= ENOUGH {
                break;
            }
            let now = EDGE;
            let key = if n % 4 == 3 { "k" } else { "example" };
            let mut attempt = Try {
                numbers: &mut numbers,
                key: Json::Text(key.into()),
                events: Vec::new(),
            };
            let at = match attempt.numbers.below(3) {
                0 => now,
                1 => now.minus(Span::seconds(1)),
                _ => now.minus(Span(self.plan.rule.every.0 / 2)),
            };
            self.rows(self.plan.alert.input, at, &bodies, &mut attempt);
            self.past(&bodies, &mut attempt);
            let mut events: Vec<CaseEvent> = Vec::new();
            for (source, time, body) in attempt.events {
                let id: Arc<str> = format!("event {}", events.len() + 1).into();
                let body = self.identified(source, body, &id);
                events.push(CaseEvent {
                    source,
                    shape: FIELDS,
                    time,
                    body,
                    id,
                });
            }
            if events.is_empty() || events.len() > LARGEST {
                continue;
            }
            let base = Base { events, now };
            if alerts(self.ready, &base.events, now) > 0 {
                found.push(base);
            } else {
                quiet = Some(base);
            }
        }
        if found.is_empty() {
            found.extend(quiet);
        }
        found
    }

    /// With what identifies it, where the source has a field for that.
    fn identified(&self, source: SourceId, body: Json, id: &Arc<str>) -> Json {
        let table = self.catalog.get(source);
        match table.id {
            Some(field) => edit::put(&body, &edit::words(&table.get(field).name), Json::Text(Arc::clone(id))),
            None => body,
        }
    }

    fn bodies(&self, id: RelationId) -> Vec<Json> {
        let Some(sampler) = Sampler::new(self.plan, self.catalog, id) else {
            return Vec::new();
        };
        sampler.events(&[], &[])
    }

    /// Events of which a row of the relation may come at a time.
    fn rows(&self, id: RelationId, at: Time, bodies: &[Vec<Json>], out: &mut Try<'_>) {
        let Some(relation) = self.plan.relations.get(id) else {
            return;
        };
        match &relation.operator {
            Operator::Scan { source } => {
                let body = self.body(*source, bodies.get(id).map_or(&[][..], Vec::as_slice), out);
                out.events.push((*source, at, body));
            }
            Operator::Aggregate { inputs, per, .. } => {
                // The window that ends at the time or before.
                let end = at.bin(*per);
                let start = end.minus(*per);
                for input in inputs {
                    let count = self.count(out.numbers);
                    let step = Span(per.0 / (i64::try_from(count).unwrap_or(i64::MAX).saturating_add(1)));
                    let first = out.events.len();
                    for n in 0..count {
                        let after = Span(step.0.saturating_mul(i64::try_from(n).unwrap_or(0)));
                        if n == 0 {
                            self.rows(*input, start, bodies, out);
                        } else if let Some((source, _, body)) = out.events.get(first).cloned() {
                            out.events.push((source, start.plus(after), body));
                        }
                    }
                    self.vary(first, out);
                }
            }
            Operator::History { .. } => {}
            Operator::Join { parts, within, .. } => {
                let far = [Span(0), Span(within.0 / 8), Span(within.0 / 2), *within];
                let gap = out.numbers.pick(&far).copied().unwrap_or_default();
                let last = i64::try_from(parts.len()).unwrap_or(1).saturating_sub(1).max(1);
                let backwards = out.numbers.chance(20);
                for (n, part) in (0..).zip(parts) {
                    let n = if backwards { n } else { last - n };
                    let before = Span(gap.0 / last * n);
                    let at = if out.numbers.chance(20) { at.minus(*within) } else { at };
                    self.rows(*part, at.minus(before), bodies, out);
                }
            }
            Operator::AntiJoin { left, .. } => self.rows(*left, at, bodies, out),
        }
    }

    /// Events once more, in the histories that the alert asks for.
    fn past(&self, bodies: &[Vec<Json>], out: &mut Try<'_>) {
        let asked = self
            .plan
            .alert
            .steps
            .iter()
            .any(|step| matches!(step.kind, StepKind::Lookup { .. }));
        if !asked {
            return;
        }
        let Some((over, per)) = self.points.histories.first().copied() else {
            return;
        };
        let how = out.numbers.below(4);
        if how == 0 {
            return;
        }
        let now: Vec<(SourceId, Time, Json)> = out.events.clone();
        for n in 0..=out.numbers.below(3) {
            let back = Span((over.0 / 2).max(per.0).saturating_add(i64::try_from(n).unwrap_or(0)));
            let first = out.events.len();
            out.events.extend(
                now.iter()
                    .map(|(source, time, body)| (*source, time.minus(back), body.clone())),
            );
            if how == 2 {
                self.vary(first, out);
            } else if how == 3 {
                let event = out.events.get(first).cloned();
                if let Some((source, time, _)) = event {
                    out.events.truncate(first);
                    let body = self.body(source, bodies.first().map_or(&[][..], Vec::as_slice), out);
                    out.events.push((source, time, body));
                }
            }
        }
    }

    fn count(&self, numbers: &mut Numbers) -> usize {
        let mut counts = vec![1, 2, 3];
        for bound in &self.points.thresholds {
            counts.extend([*bound, bound + 1, bound + 1, *bound]);
        }
        counts.retain(|n| (1..=LARGEST).contains(n));
        numbers.pick(&counts).copied().unwrap_or(1)
    }

    /// A body that a selection may take: one that is known or made, with keys, and with values that are looked for.
    fn body(&self, source: SourceId, made: &[Json], out: &mut Try<'_>) -> Json {
        let known = self.known.get(&source).map_or(&[][..], Vec::as_slice);
        let from = if made.is_empty() || (!known.is_empty() && out.numbers.chance(25)) {
            known
        } else {
            made
        };
        // The first is the likeliest.
        let first = out.numbers.chance(50);
        let chosen = if first { from.first() } else { out.numbers.pick(from) };
        let mut body = chosen.cloned().unwrap_or_else(|| Json::Object([].into()));
        let fill = out.numbers.below(100);
        for at in self.points.by_source.get(&source).map_or(&[][..], Vec::as_slice) {
            let Some(point) = self.points.all.get(*at) else {
                continue;
            };
            let held = edit::get(&body, &point.segments).is_some_and(|json| !json.is_missing());
            let value = match (held, out.numbers.below(100)) {
                (true, dice) if dice >= 12 => continue,
                (true, _) => point.sought(out.numbers),
                (false, dice) if dice < fill => {
                    point.sought(out.numbers).or_else(|| point.key.then(|| out.key.clone()))
                }
                (false, _) if point.key => Some(out.key.clone()),
                (false, _) => None,
            };
            if let Some(value) = value.filter(|value| point.allows(value)) {
                body = edit::put(&body, &point.segments, value);
            }
        }
        // Two fields that are to be equal, or not to be.
        if let Some(pair) = out.numbers.pick(&self.points.pairs)
            && let (Some(left), Some(right)) = (self.points.all.get(pair.left), self.points.all.get(pair.right))
            && left.source == source
        {
            match out.numbers.below(4) {
                0 => {
                    if let Some(value) = edit::get(&body, &left.segments).cloned() {
                        body = edit::put(&body, &right.segments, value);
                    }
                }
                1 => body = edit::put(&body, &right.segments, right.numbered(1)),
                2 => body = edit::put(&body, &left.segments, left.numbered(1)),
                _ => {}
            }
        }
        body
    }

    /// Gives events from one on different values where different values are counted.
    fn vary(&self, first: usize, out: &mut Try<'_>) {
        let chosen = out.numbers.below(100);
        for n in first..out.events.len() {
            let Some((source, _, body)) = out.events.get_mut(n) else {
                continue;
            };
            for at in self.points.by_source.get(source).map_or(&[][..], Vec::as_slice) {
                let Some(point) = self.points.all.get(*at).filter(|p| p.varied && !p.key) else {
                    continue;
                };
                let among = n - first;
                let sought = match chosen {
                    0..=29 => point
                        .good
                        .first()
                        .and_then(|group| group.get(among % group.len().max(1)).cloned()),
                    30..=59 => point.all_sought(among),
                    _ => None,
                };
                let value = sought.unwrap_or_else(|| point.numbered(among + 1));
                if point.allows(&value) {
                    *body = edit::put(body, &point.segments, value);
                }
            }
        }
    }
}

//! What a run has seen so far.

use super::compiled::{RelationCode, Use};
use super::group::{Folded, Groups};
use super::join::PartRow;
use super::step::{Around, Row, run};
use super::{Asked, Compiled, Event, Outcome};
use crate::plan::{RelationId, TIME};
use crate::value::{Span, Time, Value};
use std::sync::Arc;

/// What a rule has seen of the events so far.
#[derive(Debug)]
pub struct State<'c> {
    pub(super) compiled: &'c Compiled<'c>,
    /// Alerts up to this time are not asked for.
    pub(super) from: Option<Time>,
    /// Events after this time are not read.
    to: Option<Time>,
    /// Events up to this time have no part in any alert that is asked for.
    too_old: Option<Time>,
    lateness: Option<Span>,
    pub(super) sinks: Sinks,
    /// Per relation, how many events a selection took.
    pub(super) matched: Vec<u64>,
    /// The earliest event of the rule's sources.
    pub(super) earliest: Option<Time>,
    /// The latest one.
    latest: Option<Time>,
}

/// Where rows go.
#[derive(Debug, Default)]
pub(super) struct Sinks {
    /// Per relation; empty for others than groups.
    pub(super) groups: Vec<Groups>,
    /// Per relation, the rows of each part; empty for others than matches.
    pub(super) parts: Vec<Vec<Vec<PartRow>>>,
    pub(super) found: Vec<Found>,
    /// Per relation, the rows left out for a missing key.
    pub(super) left_out: Vec<u64>,
    pub(super) late: u64,
}

/// An alert before its projection.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) values: Vec<Value>,
    /// What tells it from others at the same time, beside the keys that the plan names.
    pub(super) identity: Vec<Value>,
    pub(super) events: Vec<Arc<str>>,
}

/// What stands behind a row.
pub(super) struct Behind {
    /// An event's id; a group's keys and window; the same of all parts of a match.
    pub(super) identity: Vec<Value>,
    /// Ids of events.
    pub(super) events: Vec<Arc<str>>,
}

/// What is asked for, while rows are on their way.
#[derive(Clone, Copy)]
pub(super) struct Run<'c> {
    pub(super) compiled: &'c Compiled<'c>,
    from: Option<Time>,
    to: Option<Time>,
    watermark: Option<Time>,
}

impl<'c> State<'c> {
    pub(super) fn new(compiled: &'c Compiled<'c>, asked: Asked, lateness: Option<Span>) -> State<'c> {
        let (from, to) = asked.interval(compiled.plan.rule.every);
        let count = compiled.relations.len();
        let parts = compiled.relations.iter().map(|relation| match relation {
            RelationCode::Match(code) => vec![Vec::new(); code.parts.len()],
            _ => Vec::new(),
        });
        State {
            compiled,
            from,
            to,
            too_old: from.map(|from| from.minus(compiled.plan.depth())),
            lateness,
            sinks: Sinks {
                groups: vec![Groups::default(); count],
                parts: parts.collect(),
                left_out: vec![0; count],
                ..Sinks::default()
            },
            matched: vec![0; count],
            earliest: None,
            latest: None,
        }
    }

    /// Takes in an event. Events of sources that the rule does not read change nothing.
    pub fn push(&mut self, event: &Event<'_>) {
        let read = self.compiled.sources.contains(&event.source) && self.to.is_none_or(|to| event.time <= to);
        if !read {
            return;
        }
        self.earliest = Some(self.earliest.map_or(event.time, |time| time.min(event.time)));
        self.latest = Some(self.latest.map_or(event.time, |time| time.max(event.time)));
        if self.too_old.is_some_and(|old| event.time <= old) {
            return;
        }
        let run_now = self.run();
        let scans = self.compiled.relations.iter().zip(&mut self.matched).enumerate();
        for (relation, (code, matched)) in scans {
            let RelationCode::Scan { source, steps, width } = code else {
                continue;
            };
            if *source != event.source {
                continue;
            }
            let mut values = vec![Value::Missing; *width];
            values
                .iter_mut()
                .take(3)
                .for_each(|clock| *clock = Value::Time(event.time));
            let mut around = Around::Record {
                source: self.compiled.catalog.get(*source),
                shape: event.shape,
                body: event.body,
            };
            let mut rows = Vec::new();
            run(steps, Row::new(values), &mut around, &mut rows);
            if rows.is_empty() {
                continue;
            }
            *matched += 1;
            let behind = Behind {
                identity: vec![Value::text(Arc::clone(event.id))],
                events: vec![Arc::clone(event.id)],
            };
            for row in rows {
                self.sinks.feed(run_now, relation, row, &behind, &mut Around::Nothing);
            }
        }
    }

    /// Takes in all that another state of the same [`Compiled`] and the same question has seen.
    pub fn merge(&mut self, other: State<'_>) {
        self.earliest = self.earliest.into_iter().chain(other.earliest).min();
        self.latest = self.latest.max(other.latest);
        add(&mut self.matched, &other.matched);
        self.sinks.merge(other.sinks);
    }

    /// Closes all windows and gives what was found.
    #[must_use]
    pub fn finish(self) -> Outcome {
        super::finish::finish(self)
    }

    pub(super) fn run(&self) -> Run<'c> {
        let watermark = |lateness: Span| self.latest.map(|latest| latest.minus(lateness));
        Run {
            compiled: self.compiled,
            from: self.from,
            to: self.to,
            watermark: self.lateness.and_then(watermark),
        }
    }
}

impl Run<'_> {
    /// Whether an alert with this time is asked for.
    fn asks(&self, time: Time) -> bool {
        self.from.is_none_or(|from| time > from) && self.to.is_none_or(|to| time <= to)
    }

    /// Whether a row of a relation with this time has a use.
    pub(super) fn needs(&self, relation: RelationId, time: Time) -> bool {
        let mut uses = self.compiled.uses.get(relation).into_iter().flatten();
        uses.any(|as_| !matches!(as_, Use::Alert) || self.asks(time))
    }
}

impl Sinks {
    /// Gives a row of a relation to all that use it.
    pub(super) fn feed(
        &mut self,
        now: Run<'_>,
        relation: RelationId,
        row: Row,
        behind: &Behind,
        around: &mut Around<'_, '_>,
    ) {
        let Some(Value::Time(time)) = row.values.get(TIME).cloned() else {
            return;
        };
        for as_ in now.compiled.uses.get(relation).into_iter().flatten() {
            match *as_ {
                Use::Group { relation: group, input } => {
                    let (Some(RelationCode::Group { code, .. }), Some(groups), Some(id)) = (
                        now.compiled.relations.get(group),
                        self.groups.get_mut(group),
                        behind.events.first(),
                    ) else {
                        continue;
                    };
                    match groups.fold(code, input, &row.values, time, id, now.watermark) {
                        Folded::In => {}
                        Folded::LeftOut => count(&mut self.left_out, group),
                        Folded::Late => self.late += 1,
                    }
                }
                Use::Part { relation: join, part } => {
                    let (Some(RelationCode::Match(code)), Some(rows)) = (
                        now.compiled.relations.get(join),
                        self.parts.get_mut(join).and_then(|parts| parts.get_mut(part)),
                    ) else {
                        continue;
                    };
                    let identity = behind.identity.iter().chain(&row.chosen).cloned().collect();
                    match code.part_row(part, &row.values, identity, &behind.events) {
                        Some(row) => rows.push(row),
                        None => count(&mut self.left_out, join),
                    }
                }
                Use::Alert if now.asks(time) => self.alert(now, relation, &row, behind, around),
                Use::Alert => {}
            }
        }
    }

    fn alert(&mut self, now: Run<'_>, relation: RelationId, row: &Row, behind: &Behind, around: &mut Around<'_, '_>) {
        // The plan's keys and the time tell the rows of a group apart.
        let group = matches!(now.compiled.relations.get(relation), Some(RelationCode::Group { .. }));
        let identity = if group { &[][..] } else { &behind.identity };
        let mut rows = Vec::new();
        run(&now.compiled.alert_steps, row.clone(), around, &mut rows);
        for row in rows {
            self.found.push(Found {
                identity: identity.iter().cloned().chain(row.chosen).collect(),
                values: row.values,
                events: behind.events.clone(),
            });
        }
    }

    fn merge(&mut self, other: Sinks) {
        for (mine, other) in self.groups.iter_mut().zip(other.groups) {
            mine.merge(other);
        }
        let mine = self.parts.iter_mut().flatten();
        for (mine, other) in mine.zip(other.parts.into_iter().flatten()) {
            mine.extend(other);
        }
        self.found.extend(other.found);
        add(&mut self.left_out, &other.left_out);
        self.late += other.late;
    }
}

fn count(counts: &mut [u64], relation: RelationId) {
    if let Some(count) = counts.get_mut(relation) {
        *count += 1;
    }
}

fn add(mine: &mut [u64], other: &[u64]) {
    for (mine, other) in mine.iter_mut().zip(other) {
        *mine += other;
    }
}

//! Groups: partial aggregates per key and window, folded in one row at a time.

use super::Unfit;
use super::expr::{Code, prepare};
use super::step::put;
use crate::plan::{
    Aggregate as Planned, AggregateName, Expr, FIRST, Key, LAST, Plan, Relation, Slot, TIME, Type, WINDOW_START,
};
use crate::runtime::aggregate::{Aggregate, State};
use crate::runtime::alert::MAX_EVENTS;
use crate::runtime::set::element;
use crate::value::{Span, Time, Value};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A prepared group.
#[derive(Debug)]
pub(super) struct GroupCode {
    pub(super) per: Span,
    /// Slot, and value per stream.
    keys: Vec<(Slot, Vec<Code>)>,
    aggregates: Vec<AggregateCode>,
    computed: Vec<(Slot, Code)>,
    /// Number of columns.
    width: usize,
}

#[derive(Debug)]
struct AggregateCode {
    slot: Slot,
    kind: Aggregate,
    input: usize,
    argument: Option<Code>,
    condition: Option<Code>,
}

/// The rows of a group before they are rows: by key, then by the start of the window.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups(pub(super) BTreeMap<Vec<Value>, Windows>);

/// The windows of one key by their starts.
pub(super) type Windows = BTreeMap<Time, Window>;

/// One window of one key.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub(super) body: Body,
    /// The least ids of its events, no more than an alert carries.
    pub(super) events: BTreeSet<Arc<str>>,
}

/// What the events of a time add up to.
#[derive(Clone, Debug)]
pub(super) struct Body {
    aggregates: Vec<State>,
    first: Time,
    last: Time,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folded {
    In,
    /// A key is missing.
    LeftOut,
    /// Its window was closed.
    Late,
}

impl GroupCode {
    pub(super) fn prepare(
        plan: &Plan,
        relation: &Relation,
        per: Span,
        keys: &[Key],
        aggregates: &[Planned],
        computed: &[(Slot, Expr)],
    ) -> Result<GroupCode, Unfit> {
        let optional = |expr: &Option<Expr>| expr.as_ref().map(|expr| prepare(plan, expr)).transpose();
        let mut code = GroupCode {
            per,
            keys: Vec::new(),
            aggregates: Vec::new(),
            computed: Vec::new(),
            width: relation.columns.len(),
        };
        for key in keys {
            let values: Result<Vec<Code>, Unfit> = key.values.iter().map(|value| prepare(plan, value)).collect();
            code.keys.push((key.slot, values?));
        }
        for aggregate in aggregates {
            code.aggregates.push(AggregateCode {
                slot: aggregate.slot,
                kind: kind(aggregate),
                input: aggregate.input,
                argument: optional(&aggregate.argument)?,
                condition: optional(&aggregate.condition)?,
            });
        }
        for (slot, value) in computed {
            code.computed.push((*slot, prepare(plan, value)?));
        }
        Ok(code)
    }

    /// The row of a body: the time of the window's end, keys, aggregates, computed columns.
    pub(super) fn row(&self, key: &[Value], start: Time, body: &Body) -> Vec<Value> {
        let mut row = vec![Value::Missing; self.width];
        put(&mut row, TIME, Value::Time(start.plus(self.per)));
        put(&mut row, FIRST, Value::Time(body.first));
        put(&mut row, LAST, Value::Time(body.last));
        put(&mut row, WINDOW_START, Value::Time(start));
        for ((slot, _), value) in self.keys.iter().zip(key) {
            put(&mut row, *slot, value.clone());
        }
        for (aggregate, state) in self.aggregates.iter().zip(&body.aggregates) {
            put(&mut row, aggregate.slot, state.finish());
        }
        for (slot, value) in &self.computed {
            let value = value.value(&row).into_owned();
            put(&mut row, *slot, value);
        }
        row
    }

    /// The key of a row of this group.
    pub(super) fn key_of(&self, row: &[Value]) -> Vec<Value> {
        let value = |(slot, _): &(Slot, Vec<Code>)| row.get(*slot).cloned().unwrap_or_default();
        self.keys.iter().map(value).collect()
    }
}

fn kind(aggregate: &Planned) -> Aggregate {
    match aggregate.function {
        AggregateName::Count => Aggregate::Count,
        AggregateName::Distinct => Aggregate::Distinct,
        AggregateName::Set => Aggregate::Set,
        AggregateName::Min => Aggregate::Min,
        AggregateName::Max => Aggregate::Max,
        AggregateName::Avg => Aggregate::Avg,
        AggregateName::Sum if aggregate.argument.as_ref().is_some_and(|a| a.ty == Type::Int) => Aggregate::Sum,
        AggregateName::Sum => Aggregate::SumReal,
    }
}

impl Groups {
    /// Takes in a row of stream number `input`: an event at `time` with that id. A window that ends at the watermark
    /// or before it is closed.
    pub(super) fn fold(
        &mut self,
        code: &GroupCode,
        input: usize,
        row: &[Value],
        time: Time,
        id: &Arc<str>,
        watermark: Option<Time>,
    ) -> Folded {
        let value = |(_, streams): &(Slot, Vec<Code>)| {
            let value = streams.get(input).map(|code| element(&code.value(row)));
            value.filter(Value::is_present)
        };
        let Some(key) = code.keys.iter().map(value).collect::<Option<Vec<Value>>>() else {
            return Folded::LeftOut;
        };
        let start = time.bin(code.per);
        if watermark.is_some_and(|watermark| start.plus(code.per) <= watermark) {
            return Folded::Late;
        }
        let windows = self.0.entry(key).or_default();
        let window = windows.entry(start).or_insert_with(|| Window {
            body: Body {
                aggregates: code.aggregates.iter().map(|a| State::new(a.kind)).collect(),
                first: time,
                last: time,
            },
            events: BTreeSet::new(),
        });
        window.body.span(time, time);
        for (aggregate, state) in code.aggregates.iter().zip(&mut window.body.aggregates) {
            let counts = aggregate
                .condition
                .as_ref()
                .is_none_or(|condition| condition.holds(row));
            if aggregate.input == input && counts {
                match &aggregate.argument {
                    Some(argument) => state.add(&argument.value(row)),
                    None => state.add(&Value::Missing),
                }
            }
        }
        window.name(id);
        Folded::In
    }

    pub(super) fn merge(&mut self, other: Groups) {
        for (key, windows) in other.0 {
            let mine = self.0.entry(key).or_default();
            for (start, window) in windows {
                match mine.entry(start) {
                    std::collections::btree_map::Entry::Vacant(place) => {
                        place.insert(window);
                    }
                    std::collections::btree_map::Entry::Occupied(mut place) => {
                        let mine = place.get_mut();
                        mine.body.merge(&window.body);
                        window.events.iter().for_each(|id| mine.name(id));
                    }
                }
            }
        }
    }
}

impl Window {
    fn name(&mut self, id: &Arc<str>) {
        let full = self.events.len() >= MAX_EVENTS;
        if !full || self.events.last().is_some_and(|last| id < last) {
            self.events.insert(Arc::clone(id));
        }
        if self.events.len() > MAX_EVENTS {
            self.events.pop_last();
        }
    }
}

impl Body {
    pub(super) fn merge(&mut self, other: &Body) {
        self.span(other.first, other.last);
        for (mine, other) in self.aggregates.iter_mut().zip(&other.aggregates) {
            mine.merge(other);
        }
    }

    fn span(&mut self, first: Time, last: Time) {
        self.first = self.first.min(first);
        self.last = self.last.max(last);
    }
}

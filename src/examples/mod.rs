//! Examples of differences: the smallest log on which a rule and a target's text find different things.
//!
//! A target that is not exact says why ([`Cause`]); [`find`] makes a log of it and runs the rule over it, so that an example
//! is only ever given where the native run is the one that is claimed. What the target finds in it follows from the cause;
//! the tests run the text in another engine.

pub(crate) mod pattern;
pub(crate) mod sample;

use crate::evaluate::{Asked, Compiled, Event};
use crate::plan::{AggregateName, Expr, ExprKind, Link, Operator, Origin, Plan, RelationId};
use crate::source::{Catalog, FIELDS};
use crate::targets::ledger::{Cause, Comparison, Example, ExampleEvent, Threshold};
use crate::value::{Json, Span, Time, Value};
use sample::{Place, Sampler};
use std::sync::Arc;

/// 2025-01-02T00:00:00Z, where windows of every length begin.
const EDGE: Time = Time(17_357_760_000_000_000);
/// More events than this are no small example.
const MOST_EVENTS: i64 = 200;

/// A log for a difference; none where no small one was found.
pub fn find(plan: &Plan, catalog: &Catalog, cause: &Cause) -> Option<Example> {
    let ready = Compiled::new(plan, catalog).ok()?;
    let finder = Finder { plan, catalog, ready };
    match cause {
        Cause::SlidingWindow(threshold) => finder.sliding(threshold),
        Cause::GroupInMatch { join, part, threshold } => finder.inside_match(*join, *part, threshold.as_ref()),
    }
}

struct Finder<'p> {
    plan: &'p Plan,
    catalog: &'p Catalog,
    ready: Compiled<'p>,
}

impl<'p> Finder<'p> {
    /// Events on both sides of a window's edge, or more events than a threshold from below allows.
    fn sliding(&self, threshold: &Threshold) -> Option<Example> {
        let Operator::Aggregate { inputs, per, .. } = &self.plan.relations.get(threshold.group)?.operator else {
            return None;
        };
        let relation = *inputs.first()?;
        let second = step(*per);
        for bodies in self.bodies(threshold, relation, Values::Log, &[])? {
            let last = bodies.len().checked_sub(1)?;
            let control = self.bodies(threshold, relation, Values::Control, &[])?;
            let control = control.into_iter().next()?;
            let aside: Vec<Time> = (0..bodies.len())
                .map(|n| match (threshold.comparison, self.function(threshold)?) {
                    // What lies right behind each other, without what came first.
                    (Comparison::Greater | Comparison::GreaterOrEqual, AggregateName::Avg | AggregateName::Sum)
                        if bodies.len() == 3 =>
                    {
                        let at = [EDGE.minus(*per), EDGE.minus(second), EDGE.plus(second)];
                        at.get(n).copied()
                    }
                    (Comparison::Greater | Comparison::GreaterOrEqual, _) => {
                        Some(if n == last { EDGE } else { EDGE.minus(second) })
                    }
                    (Comparison::NotEqual, AggregateName::Count | AggregateName::Distinct) if threshold.bound == 1 => {
                        Some(if n == last { EDGE } else { EDGE.minus(second) })
                    }
                    // One after the other in one window.
                    _ => Some(EDGE.plus(Span(second.0.saturating_mul(i64::try_from(n).ok()?)))),
                })
                .collect::<Option<_>>()?;
            let together = vec![EDGE; control.len()];
            let events = self.events(relation, bodies.into_iter().zip(aside));
            let control = self.events(relation, control.into_iter().zip(together));
            if let Some(example) = self.example(events, &control) {
                return Some(example);
            }
        }
        None
    }

    /// A group whose window ends too late for the match, and whose events do not.
    fn inside_match(&self, join: RelationId, part: usize, threshold: Option<&Threshold>) -> Option<Example> {
        let Operator::Join {
            parts,
            link,
            keys,
            within,
            ..
        } = &self.plan.relations.get(join)?.operator
        else {
            return None;
        };
        let (group, other) = match (parts.as_slice(), part) {
            ([group, other], 0) | ([other, group], 1) => (*group, *other),
            _ => return None,
        };
        let Operator::Aggregate { inputs, per, .. } = &self.plan.relations.get(group)?.operator else {
            return None;
        };
        let stream = *inputs.first()?;
        let outside = Sampler::new(self.plan, self.catalog, other)?;
        let inside = Sampler::new(self.plan, self.catalog, stream)?;
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for (n, key) in keys.iter().enumerate() {
            let (of_group, of_other) = if key.left.0 == part {
                (&key.left.1, &key.right.1)
            } else {
                (&key.right.1, &key.left.1)
            };
            let value = Json::Text(format!("key {}", n + 1).into());
            here.push((inside.place(self.behind(group, of_group)?)?, value.clone()));
            there.push((outside.place(of_other)?, value));
        }
        let second = step((*per).min(*within));
        let alone = outside.events(&there, &[]).into_iter().next()?;
        let bodies = match threshold {
            Some(threshold) => self
                .bodies(threshold, stream, Values::Control, &here)?
                .into_iter()
                .next()?,
            None => vec![inside.events(&here, &[]).into_iter().next()?],
        };
        let (burst, single, control) = match (link, part) {
            (Link::Then, 0) => (EDGE, EDGE.plus(second), EDGE.plus(*per)),
            _ => {
                let late = EDGE.plus(*per).minus(*within).minus(second);
                let single = late.min(EDGE);
                let burst = EDGE.max(single.plus(second));
                (burst, single, EDGE.plus(*per).minus(*within))
            }
        };
        let with = |at: Time| {
            let group = self.events(stream, bodies.iter().map(|body| (body.clone(), burst)));
            let other = self.events(other, [(alone.clone(), at)]);
            let mut all: Vec<ExampleEvent> = group.into_iter().chain(other).collect();
            all.sort_by_key(|event| event.time);
            all
        };
        self.example(with(single), &with(control))
    }

    /// An expression over a group's columns as the expression over its stream that it is a key of.
    fn behind<'a>(&'a self, group: RelationId, expr: &Expr) -> Option<&'a Expr> {
        let relation = self.plan.relations.get(group)?;
        let (ExprKind::Column(slot), Operator::Aggregate { keys, .. }) = (&expr.kind, &relation.operator) else {
            return None;
        };
        let Origin::Key(_) = relation.columns.get(*slot)?.origin else {
            return None;
        };
        keys.iter().find(|key| key.slot == *slot)?.values.first()
    }

    fn function(&self, threshold: &Threshold) -> Option<AggregateName> {
        match &self.plan.relations.get(threshold.group)?.operator {
            Operator::Aggregate { aggregates, .. } => Some(aggregates.get(threshold.aggregate)?.function),
            _ => None,
        }
    }

    /// Ways to make the events of a group: one list of bodies each.
    fn bodies(
        &self,
        threshold: &Threshold,
        stream: RelationId,
        values: Values,
        fixed: &[(Place, Json)],
    ) -> Option<Vec<Vec<Json>>> {
        let Operator::Aggregate { aggregates, keys, .. } = &self.plan.relations.get(threshold.group)?.operator else {
            return None;
        };
        let aggregate = aggregates.get(threshold.aggregate)?;
        let sampler = Sampler::new(self.plan, self.catalog, stream)?;
        let numbers = numbers(aggregate.function, threshold, values)?;
        let argument = match &aggregate.argument {
            Some(argument) => Some(sampler.place(argument)?),
            None => None,
        };
        let also: Vec<&Expr> = aggregate.condition.iter().collect();
        // Keys that no condition fixes need a value, too.
        let present: Vec<Expr> = keys
            .iter()
            .filter_map(|key| key.values.first())
            .map(|value| Expr {
                kind: ExprKind::Present(Box::new(value.clone())),
                ty: crate::plan::Type::Bool,
                span: value.span,
            })
            .collect();
        let also: Vec<&Expr> = also.into_iter().chain(&present).collect();
        let mut ways: Vec<Vec<Json>> = Vec::new();
        for (n, number) in numbers.iter().enumerate() {
            let mut fixed = fixed.to_vec();
            if let Some(place) = &argument {
                let value = match aggregate.function {
                    AggregateName::Distinct => place.numbered(n + 1),
                    _ => number.clone(),
                };
                fixed.push((place.clone(), value));
            }
            for (way, body) in sampler.events(&fixed, &also).into_iter().enumerate() {
                if n == 0 {
                    ways.push(Vec::new());
                }
                if let Some(list) = ways.get_mut(way) {
                    list.push(body);
                }
            }
        }
        ways.retain(|way| way.len() == numbers.len());
        (!ways.is_empty()).then_some(ways)
    }

    fn events(&self, relation: RelationId, bodies: impl IntoIterator<Item = (Json, Time)>) -> Vec<ExampleEvent> {
        let source = match self.plan.relations.get(relation).map(|r| &r.operator) {
            Some(Operator::Scan { source }) => *source,
            _ => return Vec::new(),
        };
        let event = |(body, time)| ExampleEvent { source, time, body };
        bodies.into_iter().map(event).collect()
    }

    /// The keys of the alerts over these events.
    fn run(&self, events: &[ExampleEvent]) -> Vec<Vec<String>> {
        let mut state = self.ready.state(Asked::Stream, None);
        for (n, event) in events.iter().enumerate() {
            let id: Arc<str> = format!("event {}", n + 1).into();
            state.push(&Event {
                source: event.source,
                shape: FIELDS,
                body: &event.body,
                time: event.time,
                id: &id,
            });
        }
        let mut keys: Vec<Vec<String>> = Vec::new();
        for row in state.finish().alerts {
            // Behind the keys that the rule names stands what else tells alerts of one time apart.
            let key: Vec<String> = row
                .alert
                .keys
                .iter()
                .take(self.plan.alert.keys.len())
                .map(text)
                .collect();
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys.sort();
        keys
    }

    /// The example, where the rule finds nothing in these events and one thing in the others: then they are events that it
    /// looks at, and the target finds that one thing.
    fn example(&self, events: Vec<ExampleEvent>, control: &[ExampleEvent]) -> Option<Example> {
        let native = self.run(&events);
        let target = self.run(control);
        (native.is_empty() && target.len() == 1).then_some(Example { events, native, target })
    }
}

/// Which events are wanted: those of the example, or those over which the rule alerts.
#[derive(Clone, Copy)]
enum Values {
    Log,
    Control,
}

/// What the events hold, in order: numbers for `sum` and `avg`, anything for the others.
fn numbers(function: AggregateName, threshold: &Threshold, values: Values) -> Option<Vec<Json>> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let k = threshold.bound;
    let ints = |list: &[i64]| Some(list.iter().map(|n| Json::Int(*n)).collect());
    let counts = matches!(function, AggregateName::Count | AggregateName::Distinct);
    if counts {
        let n = match (values, threshold.comparison) {
            (_, GreaterOrEqual) => k,
            (_, Greater) => k.checked_add(1)?,
            (Values::Control, Less | LessOrEqual) => 1,
            (Values::Control, Equal) => k,
            (Values::Control, NotEqual) if k == 1 => 2,
            (Values::Control, NotEqual) => 1,
            (Values::Log, Less) => k,
            (Values::Log, LessOrEqual | Equal) => k.checked_add(1)?,
            (Values::Log, NotEqual) if k == 1 => 2,
            (Values::Log, NotEqual) => k,
        };
        return (1..=MOST_EVENTS)
            .contains(&n)
            .then(|| (0..n).map(|_| Json::Int(1)).collect());
    }
    // Far from the ends of what fits.
    if k.abs() > 1_000_000_000 {
        return None;
    }
    match (function, values, threshold.comparison) {
        (AggregateName::Avg, Values::Log, Greater | GreaterOrEqual) => ints(&[-(k.abs() + 10), k + 3, k - 1]),
        (AggregateName::Avg, Values::Log, Less) => ints(&[k - 1, k + 5]),
        (AggregateName::Avg, Values::Log, LessOrEqual | Equal) => ints(&[k, k + 2]),
        (AggregateName::Avg, Values::Log, NotEqual) => ints(&[k + 1, k - 1]),
        (AggregateName::Sum, Values::Log, Greater) if k < 1 => ints(&[-(k.abs() + 10), 2, k - 1]),
        (AggregateName::Sum, Values::Log, GreaterOrEqual) if k < 1 => ints(&[-(k.abs() + 10), 1, k - 1]),
        (AggregateName::Sum, Values::Log, Greater) => ints(&[k, 1]),
        // One that is less, and what is lacking; in halves where the least whole number is enough.
        (AggregateName::Sum, Values::Log, GreaterOrEqual) if k == 1 => Some(vec![Json::Real(0.5), Json::Real(0.5)]),
        (AggregateName::Sum, Values::Log, GreaterOrEqual) => ints(&[k - 1, 1]),
        (AggregateName::Sum, Values::Log, Less) => ints(&[k - 1, 1]),
        (AggregateName::Sum, Values::Log, LessOrEqual | Equal) => ints(&[k, 1]),
        (AggregateName::Sum, Values::Log, NotEqual) => ints(&[k + 1, -1]),
        (AggregateName::Avg | AggregateName::Sum, Values::Control, Greater | NotEqual) => ints(&[k + 1]),
        (AggregateName::Avg | AggregateName::Sum, Values::Control, Less) => ints(&[k - 1]),
        (AggregateName::Avg | AggregateName::Sum, Values::Control, _) => ints(&[k]),
        (
            AggregateName::Count
            | AggregateName::Distinct
            | AggregateName::Set
            | AggregateName::Min
            | AggregateName::Max,
            _,
            _,
        ) => None,
    }
}

/// A second, or less where a window is that short.
fn step(per: Span) -> Span {
    Span::seconds(1).min(Span((per.0 / 4).max(1)))
}

fn text(value: &Value) -> String {
    value.as_text().map_or_else(String::new, |text| text.into_owned())
}

#[cfg(test)]
mod tests;

//! A group as a correlation that counts, sums or averages: one stream, one number compared with a whole number.

use super::context::{Context, Site};
use super::correlation::{Correlation, Document, Selection, timespan};
use super::field::{Case, FieldName, Kind, Operand};
use super::scope::Scope;
use super::selection::{Demand, demands};
use super::threshold::{Test, Threshold};
use crate::diagnostics::Span as Place;
use crate::plan::print::expression_key;
use crate::plan::{AggregateName, Expr, ExprKind, Key, Literal, Operator, OrderOp, RelationId, Step, StepKind};
use crate::targets::ledger::{self, Cause, State};
use crate::targets::yaml::Node;
use crate::value::Span;

/// A group and the rule that it counts.
pub(super) struct Group {
    pub(super) base: Selection,
    pub(super) correlation: Correlation,
    /// What its rows have to reach.
    pub(super) threshold: Option<ledger::Threshold>,
    /// What its sliding window finds otherwise.
    pub(super) slides: Option<(State, String)>,
}

/// What a correlation counts.
struct Counted<'a> {
    kind: &'static str,
    field: Option<String>,
    test: Test,
    number: i64,
    /// A value that events must have to count.
    present: Option<(&'a Expr, String)>,
}

impl<'a> Context<'a> {
    /// The alert on a group.
    pub(super) fn group_alert(&self, id: RelationId) -> Option<Vec<Document>> {
        let group = self.group(id, demands(self.steps(id), Scope::of(id)), &[])?;
        if let (Some((state, reason)), Some(threshold)) = (group.slides, group.threshold) {
            let place = self.relation(id).map_or(self.plan.alert.span, |relation| relation.span);
            self.differs(state, "group", reason, place, Cause::SlidingWindow(threshold));
        }
        Some(vec![Document::Rule(group.base), Document::Outer(group.correlation)])
    }

    /// A group with these demands on its rows. Keys that have an alias are called so.
    pub(super) fn group(&self, id: RelationId, demands: Vec<Demand<'a>>, aliases: &[(usize, String)]) -> Option<Group> {
        let relation = self.relation(id)?;
        let Operator::Aggregate {
            inputs,
            keys,
            per,
            aggregates,
            ..
        } = &relation.operator
        else {
            return None;
        };
        let [input] = inputs.as_slice() else {
            let reason = "a correlation counts the events of all its selections together";
            self.refuse(Site::at(relation.span), "a group of several selections", reason, None);
            return None;
        };
        let scope = Scope::of(*input);
        let fields: Vec<Option<FieldName>> = keys.iter().map(|key| self.group_key(key, scope)).collect();
        let asked = self.asked(demands);
        let timespan = self.timespan(*per, relation.span);
        let asked = asked?;
        let threshold = asked.threshold;
        for aggregate in aggregates {
            if threshold
                .as_ref()
                .is_none_or(|known| known.aggregate.slot != aggregate.slot)
            {
                let name = relation.columns.get(aggregate.slot).map_or("", |column| &column.name);
                let text = format!("`{name}` is left out: a correlation has the one number that it compares");
                self.note("group", text, relation.span);
            }
        }
        let mut of_events = asked.of_events;
        let counted = match &threshold {
            Some(threshold) => self.counted(threshold, scope, &mut of_events),
            // A group that is there has an event.
            None => Some(Counted {
                kind: "event_count",
                field: None,
                test: Test::Order(OrderOp::GreaterOrEqual),
                number: 1,
                present: None,
            }),
        };
        let fields: Option<Vec<FieldName>> = fields.into_iter().collect();
        let values = keys.iter().filter_map(|key| key.values.first());
        let named = values.zip(fields.iter().flatten());
        let mut guarded: Vec<(&Expr, String)> = named
            .filter(|(_, field)| !field.always)
            .map(|(value, field)| (value, field.name.clone()))
            .collect();
        guarded.extend(counted.as_ref().and_then(|counted| counted.present.clone()));
        let own = self.relation(*input).map_or(&[][..], |input| input.steps.as_slice());
        let detection = self.detection(*input, own.iter(), &of_events, &guarded);
        let (counted, fields, timespan) = (counted?, fields?, timespan?);
        let base = self.selection(*input, detection?)?;
        let slides = threshold.as_ref().and_then(|threshold| slides(threshold, own, *per));
        let threshold = threshold.and_then(|threshold| {
            Some(ledger::Threshold {
                group: id,
                aggregate: aggregates.iter().position(|a| a.slot == threshold.aggregate.slot)?,
                comparison: threshold.test.comparison(),
                bound: threshold.number,
            })
        });
        let correlation = correlation(&base, &fields, aliases, timespan, counted);
        Some(Group {
            base,
            correlation,
            threshold,
            slides,
        })
    }

    fn group_key(&self, key: &'a Key, scope: Scope) -> Option<FieldName> {
        let value = key.values.first()?;
        self.key_field(value, scope, value.span)
    }

    /// The field of a key.
    pub(super) fn key_field(&self, value: &'a Expr, scope: Scope, place: Place) -> Option<FieldName> {
        let site = Site::key(place);
        match self.operand(value, scope, site)? {
            Operand::Field(field, Case::Own) if field.kind != Kind::Time => Some(field),
            Operand::Field(_, Case::Own) => {
                self.refuse(site, "this key", "Sigma compares no times of events", None);
                None
            }
            Operand::Field(..) | Operand::Literal(_) => {
                self.refuse(site, "this key", "a computed key", None);
                None
            }
        }
    }

    pub(super) fn timespan(&self, span: Span, place: Place) -> Option<String> {
        let text = timespan(span);
        if text.is_none() {
            let help = "write whole seconds".to_owned();
            self.refuse(
                Site::at(place),
                "this length of time",
                "Sigma knows no parts of seconds",
                Some(help),
            );
        }
        text
    }

    /// What is counted; the aggregate's own condition joins those on events.
    fn counted(&self, threshold: &Threshold<'a>, scope: Scope, of_events: &mut Vec<Demand<'a>>) -> Option<Counted<'a>> {
        const WHAT: &str = "this condition on a group";
        let aggregate = threshold.aggregate;
        let kind = match aggregate.function {
            AggregateName::Count => "event_count",
            AggregateName::Distinct => "value_count",
            AggregateName::Sum => "value_sum",
            AggregateName::Avg => "value_avg",
            AggregateName::Set => {
                let reason = "Sigma does not collect sets of values";
                self.refuse(threshold.site, WHAT, reason, None);
                return None;
            }
            AggregateName::Min | AggregateName::Max => {
                let reason = "Sigma has no least and no greatest value of a group";
                self.refuse(threshold.site, WHAT, reason, None);
                return None;
            }
        };
        let whole = matches!(aggregate.function, AggregateName::Count | AggregateName::Distinct);
        let always = threshold.test.grows() && threshold.test.holds(0, threshold.number);
        // Every group has an event.
        let never = aggregate.function == AggregateName::Count
            && aggregate.condition.is_none()
            && match threshold.test {
                Test::Order(OrderOp::Less) => threshold.number <= 1,
                Test::Order(OrderOp::LessOrEqual) | Test::Equal => threshold.number <= 0,
                Test::Order(OrderOp::Greater | OrderOp::GreaterOrEqual) | Test::NotEqual => false,
            };
        if whole && (threshold.number < 0 || always || never) {
            let help = "compare with another number, or leave the condition out".to_owned();
            self.refuse(threshold.site, WHAT, "this never changes", Some(help));
            return None;
        }
        if let Some(condition) = &aggregate.condition {
            if threshold.holds_on_nothing() {
                let help =
                    "move the condition of the aggregate into the selection, as a `where` below `events`".to_owned();
                let reason = "a group without such an event satisfies it too, and Sigma does not see that group";
                self.refuse(Site::at(condition.span), WHAT, reason, Some(help));
                return None;
            }
            of_events.push(Demand {
                expr: condition,
                negated: false,
                reason: None,
                scope,
                place: condition.span,
            });
        }
        let mut counted = Counted {
            kind,
            field: None,
            test: threshold.test,
            number: threshold.number,
            present: None,
        };
        if let Some(argument) = &aggregate.argument {
            let field = self.key_field(argument, scope, argument.span)?;
            let only_present = matches!(aggregate.function, AggregateName::Distinct | AggregateName::Avg);
            if only_present && !field.always && !threshold.holds_on_nothing() {
                counted.present = Some((argument, field.name.clone()));
            }
            counted.field = Some(field.name);
        }
        Some(counted)
    }
}

fn correlation(
    base: &Selection,
    keys: &[FieldName],
    aliases: &[(usize, String)],
    timespan: String,
    counted: Counted<'_>,
) -> Correlation {
    let reference = base.name.reference.clone();
    let mut correlation = Correlation {
        kind: counted.kind,
        rules: vec![reference.clone()],
        aliases: Vec::new(),
        group_by: Vec::new(),
        timespan,
        condition: Vec::new(),
    };
    for (n, field) in keys.iter().enumerate() {
        let alias = aliases.iter().find(|(key, _)| *key == n).map(|(_, alias)| alias);
        if let Some(alias) = alias {
            let fields = vec![(reference.clone(), field.name.clone())];
            correlation.aliases.push((alias.clone(), fields));
        }
        let name = alias.unwrap_or(&field.name);
        if !correlation.group_by.contains(name) {
            correlation.group_by.push(name.clone());
        }
    }
    if let Some(field) = counted.field {
        correlation.condition.push(("field".to_owned(), Node::Text(field)));
    }
    let comparison = (counted.test.word().to_owned(), Node::Int(counted.number));
    correlation.condition.push(comparison);
    correlation
}

/// What a window that slides finds otherwise than a fixed one, if anything.
fn slides(threshold: &Threshold<'_>, steps: &[Step], per: Span) -> Option<(State, String)> {
    let Threshold {
        aggregate,
        test,
        number,
        ..
    } = threshold;
    let edges = format!("Sigma's windows of {per} slide, those of the group do not");
    let differs = |reason: &str| Some((State::Differs, format!("{edges}: {reason}")));
    let wider = || {
        let reason = "events on both sides of the edge of a window count together";
        Some((State::Wider, format!("{edges}: {reason}")))
    };
    if !test.grows() {
        return differs("what is small or equal in one may not be so in the other");
    }
    match aggregate.function {
        // One event is enough, wherever the edges are.
        AggregateName::Count | AggregateName::Distinct if test.holds(1, *number) => None,
        AggregateName::Count | AggregateName::Distinct => wider(),
        AggregateName::Sum if aggregate.argument.as_ref().is_some_and(|x| never_negative(x, steps)) => wider(),
        AggregateName::Sum => differs("a negative number before the window lowers the sum"),
        AggregateName::Avg => differs("events before the window change the mean"),
        AggregateName::Set | AggregateName::Min | AggregateName::Max => None,
    }
}

/// Whether a step of the selection keeps events only where the number is 0 or more.
fn never_negative(argument: &Expr, steps: &[Step]) -> bool {
    fn says(condition: &Expr, argument: &str) -> bool {
        let (op, left, right) = match &condition.kind {
            ExprKind::And(parts) => return parts.iter().any(|part| says(part, argument)),
            ExprKind::Order { op, left, right } => (op, left, right),
            _ => return false,
        };
        let limit = |expr: &Expr| match &expr.kind {
            ExprKind::Literal(Literal::Int(n)) => *n >= 0,
            ExprKind::Literal(Literal::Real(n)) => *n >= 0.0,
            ExprKind::Convert(inner) => matches!(inner.kind, ExprKind::Literal(Literal::Int(0..))),
            _ => false,
        };
        match op {
            OrderOp::Greater | OrderOp::GreaterOrEqual => expression_key(left) == argument && limit(right),
            OrderOp::Less | OrderOp::LessOrEqual => expression_key(right) == argument && limit(left),
        }
    }
    let argument = expression_key(argument);
    steps
        .iter()
        .any(|step| matches!(&step.kind, StepKind::Filter(condition) if says(condition, &argument)))
}

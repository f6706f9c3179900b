//! Changes to how rows are made: windows, distances, keys, aggregates, links.

use super::edit::{Edit, Place, Root};
use super::proof;
use super::sites::{Sites, decides};
use crate::diagnostics::Span as At;
use crate::functions::{Function, FunctionId, Missing, Native, Result_, Sigma};
use crate::plan::{
    Aggregate, AggregateName, Argument, Column, Expr, ExprKind, JoinKey, Key, Link, Literal, Operator, Origin,
    PartColumn, Relation, RelationId, Scalar, SetOp, Type,
};
use crate::runtime::function;
use crate::syntax::ast::{self, ColumnKind, RelationKind};
use crate::value::{Span, Value};

impl Sites<'_> {
    /// Changes to how the rows of a relation are made.
    pub(super) fn operator(&mut self, id: RelationId, relation: &Relation) {
        let Some(written) = self.written(relation) else { return };
        match (&relation.operator, &written.kind) {
            (Operator::Aggregate { per, .. }, RelationKind::Group { per: length, .. }) => {
                for (other, said) in windows(*per) {
                    let with = |operator: &mut Operator| {
                        if let Operator::Aggregate { per, .. } = operator {
                            *per = other;
                        }
                    };
                    self.operated(id, relation, length.span(), said, &with);
                }
                self.streams(id, relation, written);
                self.group_keys(id, relation, written);
                self.aggregates(id, relation, written);
            }
            (Operator::History { group, over }, RelationKind::Baseline { over: length, .. }) => {
                let per = match self.plan.relations.get(*group).map(|group| &group.operator) {
                    Some(Operator::Aggregate { per, .. }) => *per,
                    _ => return,
                };
                // Its history is made of whole windows, and of more than its own.
                let shorter = over.0.saturating_sub(per.0);
                let others = [Some(over.0.saturating_add(per.0)), (shorter > per.0).then_some(shorter)];
                for other in others.into_iter().flatten().map(Span) {
                    let with = |operator: &mut Operator| {
                        if let Operator::History { over, .. } = operator {
                            *over = other;
                        }
                    };
                    self.operated(
                        id,
                        relation,
                        length.span(),
                        Said(
                            format!("with `over {other}`"),
                            format!("add tests with an event on both sides of the {over} before the end of a window"),
                        ),
                        &with,
                    );
                }
            }
            (Operator::Join { .. } | Operator::AntiJoin { .. }, RelationKind::Match { links, within, .. }) => {
                self.distances(id, relation, within.span());
                self.links(id, relation, links);
                self.match_keys(id, relation);
            }
            _ => {}
        }
    }

    /// A relation whose operator is changed.
    fn operated(&mut self, id: RelationId, relation: &Relation, at: At, said: Said, with: &dyn Fn(&mut Operator)) {
        let mut changed = relation.clone();
        with(&mut changed.operator);
        let Said(what, help) = said;
        self.change(at, what, help, Edit::Relation(id, Box::new(changed)));
    }

    /// A group without one of its selections: none of its events are there.
    fn streams(&mut self, id: RelationId, relation: &Relation, written: &ast::Relation) {
        let (Operator::Aggregate { inputs, .. }, RelationKind::Group { inputs: names, .. }) =
            (&relation.operator, &written.kind)
        else {
            return;
        };
        if inputs.len() < 2 {
            return;
        }
        for (gone, name) in names.iter().enumerate() {
            let with = |operator: &mut Operator| without_stream(operator, gone);
            let what = format!("without the rows of `{}`", name.name);
            let help = format!("add a test with no event but those of `{}`", name.name);
            self.operated(id, relation, name.span, Said(what, help), &with);
        }
    }

    fn group_keys(&mut self, id: RelationId, relation: &Relation, written: &ast::Relation) {
        let (Operator::Aggregate { keys, .. }, RelationKind::Group { keys: paths, .. }) =
            (&relation.operator, &written.kind)
        else {
            return;
        };
        for (number, (key, path)) in keys.iter().zip(paths).enumerate() {
            let what = format!("without the key `{}`", self.text.snippet(path.path.span));
            let help = key_help(&self.text.snippet(path.path.span));
            if let Some(changed) = without_key(relation, key, number) {
                self.change(path.path.span, what, help, Edit::Relation(id, Box::new(changed)));
            }
        }
    }

    fn aggregates(&mut self, id: RelationId, relation: &Relation, written: &ast::Relation) {
        let (
            Operator::Aggregate {
                aggregates, computed, ..
            },
            RelationKind::Group { columns, .. },
        ) = (&relation.operator, &written.kind)
        else {
            return;
        };
        let own = columns.iter().filter_map(|column| match &column.kind {
            ColumnKind::Aggregate { function_span, .. } => Some((column, *function_span)),
            ColumnKind::Computed(_) => None,
        });
        for (number, (aggregate, (column, word))) in aggregates.iter().zip(own).enumerate() {
            let of_column = format!("of `{}`", column.name.name);
            if let Some(condition) = &aggregate.condition {
                let mut changed = relation.clone();
                if let Some(aggregate) = aggregate_mut(&mut changed.operator, number) {
                    aggregate.condition = None;
                }
                let text = self.text.snippet(condition.span);
                let what = format!("without `where {text}` {of_column}");
                let proved = proof::counted(aggregate, condition);
                let edit = Edit::Relation(id, Box::new(changed));
                self.change_unless(proved, condition.span, what, decides(&text), edit);
                self.condition(&Place::of(Root::Condition(id, number)), condition);
            }
            let other = match aggregate.function {
                AggregateName::Distinct => AggregateName::Count,
                AggregateName::Min => AggregateName::Max,
                AggregateName::Max => AggregateName::Min,
                // What they give instead would be of another type, or another count of the same.
                AggregateName::Count | AggregateName::Set | AggregateName::Sum | AggregateName::Avg => continue,
            };
            let with = |operator: &mut Operator| {
                if let Some(aggregate) = aggregate_mut(operator, number) {
                    *aggregate = instead(aggregate, other);
                }
            };
            let what = format!(
                "with `{}` for `{}` {of_column}",
                other.word(),
                aggregate.function.word()
            );
            let help = "add a test in which the two are different numbers".to_owned();
            self.operated(id, relation, word, Said(what, help), &with);
        }
        for (number, (_, value)) in computed.iter().enumerate() {
            self.root(&Place::of(Root::Computed(id, number)), value);
        }
    }

    fn distances(&mut self, id: RelationId, relation: &Relation, at: At) {
        let (parts, within) = match &relation.operator {
            Operator::Join { parts, within, .. } => (parts.clone(), *within),
            Operator::AntiJoin {
                left, right, within, ..
            } => (vec![*left, *right], *within),
            _ => return,
        };
        let step = self.step(&parts);
        for other in [within.0.saturating_sub(step.0), within.0.saturating_add(step.0)] {
            if other < 0 {
                continue;
            }
            let with = |operator: &mut Operator| {
                if let Operator::Join { within, .. } | Operator::AntiJoin { within, .. } = operator {
                    *within = Span(other);
                }
            };
            let what = format!("with `within {}`", Span(other));
            let help = format!("add a test with two rows that are {within} apart, and one with {step} more");
            self.operated(id, relation, at, Said(what, help), &with);
        }
    }

    /// The least distance between rows: a second, as logs count. Rows of groups stand at the ends of windows, and those of
    /// groups alone are no less than the smallest window apart where it divides the others.
    fn step(&self, parts: &[RelationId]) -> Span {
        let pers = parts
            .iter()
            .map(|part| match self.plan.relations.get(*part).map(|r| &r.operator) {
                Some(Operator::Aggregate { per, .. }) => Some(per.0),
                _ => None,
            });
        let second = Span::seconds(1);
        let Some(pers) = pers.collect::<Option<Vec<i64>>>() else {
            return second;
        };
        match pers.iter().min() {
            Some(least) if *least > 0 && pers.iter().all(|per| per % least == 0) => Span(*least),
            _ => second,
        }
    }

    fn links(&mut self, id: RelationId, relation: &Relation, links: &[(Link, At)]) {
        let Some((_, first)) = links.first() else { return };
        let at = links.last().map_or(*first, |(_, last)| first.to(*last));
        let at = if links.len() == 1 { *first } else { at };
        match &relation.operator {
            Operator::Join { link, .. } => {
                let (other, to, from) = match link {
                    Link::Then => (Link::With, "with", "then"),
                    Link::With => (Link::Then, "then", "with"),
                    Link::Without => return,
                };
                let with = |operator: &mut Operator| {
                    if let Operator::Join { link, .. } = operator {
                        *link = other;
                    }
                };
                let help = "add a test in which the rows come in the other order".to_owned();
                self.operated(id, relation, at, Said(format!("with `{to}` for `{from}`"), help), &with);
            }
            Operator::AntiJoin {
                left,
                right,
                keys,
                within,
                columns,
            } => {
                let join = Operator::Join {
                    parts: vec![*left, *right],
                    link: Link::With,
                    keys: keys.clone(),
                    within: *within,
                    columns: columns.clone(),
                };
                let with = |operator: &mut Operator| *operator = join.clone();
                let what = "with `with` for `without`".to_owned();
                let help = "add a test in which the second row is missing".to_owned();
                self.operated(id, relation, at, Said(what, help), &with);
            }
            _ => {}
        }
    }

    fn match_keys(&mut self, id: RelationId, relation: &Relation) {
        let (Operator::Join { keys, .. } | Operator::AntiJoin { keys, .. }) = &relation.operator else {
            return;
        };
        // A key that all parts of a chain have is several equalities that fill one slot.
        let mut slots: Vec<usize> = Vec::new();
        for key in keys {
            if slots.contains(&key.slot) {
                continue;
            }
            slots.push(key.slot);
            let (left, right) = (key.left.1.span, key.right.1.span);
            let at = if left == right { left } else { left.to(right) };
            let first = if key.left.0 <= key.right.0 {
                &key.left
            } else {
                &key.right
            };
            let value = PartColumn {
                slot: key.slot,
                part: first.0,
                value: first.1.clone(),
            };
            let rest: Vec<JoinKey> = keys.iter().filter(|other| other.slot != key.slot).cloned().collect();
            let with = |operator: &mut Operator| {
                if let Operator::Join { keys, columns, .. } | Operator::AntiJoin { keys, columns, .. } = operator {
                    *keys = rest.clone();
                    columns.push(value.clone());
                }
            };
            let text = self.text.snippet(at);
            let what = format!("without the key `{text}`");
            self.operated(id, relation, at, Said(what, key_help(&text)), &with);
        }
    }
}

/// What is changed, and what helps.
struct Said(String, String);

fn key_help(key: &str) -> String {
    format!("add a test with two values of `{key}` at once")
}

/// The next longer and the half window, each with its words; only such as divide a day.
fn windows(per: Span) -> Vec<(Span, Said)> {
    let day = Span::days(1).0;
    let whole = |length: i64| length > 0 && day % length == 0;
    let longer = (2..=per.0.max(2))
        .map_while(|times| per.0.checked_mul(times).filter(|length| *length <= day))
        .find(|length| whole(*length));
    let half = Some(per.0 / 2).filter(|half| per.0 % 2 == 0 && whole(*half));
    let said = |length: i64, help: String| (Span(length), Said(format!("with `per {}`", Span(length)), help));
    let longer = longer.map(|length| {
        said(
            length,
            "add a test with events on both sides of the end of a window".to_owned(),
        )
    });
    let help = |half: i64| {
        format!(
            "add a test with events in both halves of one window, more than {} apart",
            Span(half)
        )
    };
    longer
        .into_iter()
        .chain(half.map(|half| said(half, help(half))))
        .collect()
}

fn aggregate_mut(operator: &mut Operator, number: usize) -> Option<&mut Aggregate> {
    match operator {
        Operator::Aggregate { aggregates, .. } => aggregates.get_mut(number),
        _ => None,
    }
}

/// Another aggregate of the same rows: counting takes those whose value is there.
fn instead(aggregate: &Aggregate, function: AggregateName) -> Aggregate {
    let mut other = Aggregate {
        function,
        ..aggregate.clone()
    };
    if function == AggregateName::Count
        && let Some(argument) = other.argument.take()
    {
        let span = argument.span;
        let present = boolean(ExprKind::Present(Box::new(argument)), span);
        other.condition = Some(match other.condition.take() {
            Some(condition) => boolean(ExprKind::And(vec![condition, present]), span),
            None => present,
        });
    }
    other
}

fn boolean(kind: ExprKind, span: At) -> Expr {
    Expr {
        kind,
        ty: Type::Bool,
        span,
    }
}

/// A group without a stream; what is computed over that stream alone is over no row.
fn without_stream(operator: &mut Operator, gone: usize) {
    let Operator::Aggregate {
        inputs,
        keys,
        aggregates,
        ..
    } = operator
    else {
        return;
    };
    let others = |number: usize| number != gone;
    let mut number = 0..;
    inputs.retain(|_| number.next().is_none_or(others));
    for key in keys {
        let mut number = 0..;
        key.values.retain(|_| number.next().is_none_or(others));
    }
    for aggregate in aggregates {
        match aggregate.input.cmp(&gone) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Greater => aggregate.input -= 1,
            std::cmp::Ordering::Equal => {
                let span = aggregate.argument.as_ref().map(|argument| argument.span);
                let span = span.or(aggregate.condition.as_ref().map(|condition| condition.span));
                aggregate.input = 0;
                aggregate.argument = None;
                aggregate.condition = span.map(|span| boolean(ExprKind::Literal(Literal::Bool(false)), span));
            }
        }
    }
}

/// A group without a key. What names the key sees the value of one of the rows: the least, so that a run is like another.
fn without_key(relation: &Relation, key: &Key, number: usize) -> Option<Relation> {
    let column = relation.columns.get(key.slot)?;
    let element = match column.ty {
        Type::Text => Scalar::Text,
        Type::Bool => Scalar::Bool,
        Type::Int => Scalar::Int,
        Type::Real => Scalar::Real,
        Type::Time => Scalar::Time,
        Type::Duration | Type::Json | Type::Set(_) => return None,
    };
    let (ty, span) = (column.ty, relation.span);
    let mut changed = relation.clone();
    let Operator::Aggregate {
        keys,
        aggregates,
        computed,
        ..
    } = &mut changed.operator
    else {
        return None;
    };
    keys.remove(number);
    let mut all: Option<Expr> = None;
    for (input, value) in key.values.iter().enumerate() {
        let slot = changed.columns.len();
        changed.columns.push(Column {
            name: column.name.clone(),
            ty: Type::Set(element),
            nullable: false,
            origin: Origin::Aggregate(aggregates.len()),
        });
        aggregates.push(Aggregate {
            slot,
            function: AggregateName::Set,
            input,
            argument: Some(value.clone()),
            condition: None,
        });
        let set = |kind| Expr {
            kind,
            ty: Type::Set(element),
            span,
        };
        let one = set(ExprKind::Column(slot));
        all = Some(match all {
            None => one,
            Some(others) => set(ExprKind::Set {
                op: SetOp::Union,
                left: Box::new(others),
                right: Box::new(one),
            }),
        });
    }
    let least = ExprKind::Call {
        function: FunctionId(&LEAST),
        arguments: vec![Argument::Value(all?)],
    };
    computed.insert(0, (key.slot, Expr { kind: least, ty, span }));
    Some(changed)
}

/// Of a set, the element that is the first in its order. No rule can call it.
static LEAST: Function = Function {
    name: "least",
    parameters: &[],
    result: Result_::Of {
        ty: Type::Text,
        missing: Missing::Possibly,
    },
    docs: "",
    examples: &[],
    native: Native::Values(|arguments| {
        let elements = arguments.first().map(function::each).unwrap_or_default();
        elements.into_iter().next().unwrap_or(Value::Missing)
    }),
    kql: |_| String::new(),
    sigma: Sigma::Refused("no rule calls it"),
};

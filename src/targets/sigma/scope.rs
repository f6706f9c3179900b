//! What a column stands for in the log: a field, or what a `let`, a key or a part of a match makes of fields.

use super::context::{Context, Site};
use crate::diagnostics::Span as Place;
use crate::plan::print::expression_key;
use crate::plan::{
    Aggregate, AggregateName, Expr, JoinKey, Operator, Origin, Relation, RelationId, Slot, Step, StepKind,
};
use crate::source::{Field, Source};

/// The rows that an expression is read over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) relation: RelationId,
    /// In a match: the part in whose terms its keys are read.
    pub(super) part: usize,
}

/// What a column stands for.
pub(super) enum Meaning<'a> {
    Field(&'a Field),
    /// An expression; where the `let` stands that says so.
    Value(&'a Expr, Scope, Option<Place>),
    /// `time`, `first`, `last`, `window.start`
    Clock,
    /// Something over all rows of a group.
    Aggregate(&'a Aggregate),
    /// An element of a list, or a column of a baseline; both are refused where they are made.
    Refused,
}

impl Scope {
    pub(super) fn of(relation: RelationId) -> Scope {
        Scope { relation, part: 0 }
    }
}

impl<'a> Context<'a> {
    pub(super) fn relation(&self, id: RelationId) -> Option<&'a Relation> {
        self.plan.relations.get(id)
    }

    pub(super) fn name(&self, id: RelationId) -> &'a str {
        self.relation(id).map_or("", |relation| &relation.name)
    }

    pub(super) fn source(&self, id: RelationId) -> Option<&'a Source> {
        match self.relation(id)?.operator {
            Operator::Scan { source } => Some(self.catalog.get(source)),
            _ => None,
        }
    }

    /// The steps over the columns of a relation, those of the alert among them.
    pub(super) fn steps(&self, id: RelationId) -> impl Iterator<Item = &'a Step> {
        let own = self.relation(id).map_or(&[][..], |relation| relation.steps.as_slice());
        let of_alert = match self.plan.alert.input == id {
            true => self.plan.alert.steps.as_slice(),
            false => &[],
        };
        own.iter().chain(of_alert)
    }

    /// What a column stands for; it counts as read.
    pub(super) fn meaning(&self, scope: Scope, slot: Slot) -> Option<Meaning<'a>> {
        self.reads(scope.relation, slot);
        let relation = self.relation(scope.relation)?;
        Some(match relation.columns.get(slot)?.origin {
            Origin::Clock => Meaning::Clock,
            Origin::Field(field) => Meaning::Field(self.source(scope.relation)?.get(field)),
            Origin::Extend => {
                let (value, place) = self.steps(scope.relation).find_map(|step| match &step.kind {
                    StepKind::Extend { slot: filled, value } if *filled == slot => Some((value, step.span)),
                    _ => None,
                })?;
                Meaning::Value(value, scope, Some(place))
            }
            Origin::Expand | Origin::Baseline(..) | Origin::BaselinePresent(_) => Meaning::Refused,
            Origin::Key(_) => {
                let (value, scope) = self.key(relation, scope, slot)?;
                Meaning::Value(value, scope, None)
            }
            Origin::Aggregate(_) => match &relation.operator {
                Operator::Aggregate { aggregates, .. } => {
                    Meaning::Aggregate(aggregates.iter().find(|aggregate| aggregate.slot == slot)?)
                }
                _ => Meaning::Refused,
            },
            Origin::Computed(_) => match &relation.operator {
                Operator::Aggregate { computed, .. } => {
                    let (_, value) = computed.iter().find(|(filled, _)| *filled == slot)?;
                    Meaning::Value(value, scope, Some(value.span))
                }
                _ => Meaning::Refused,
            },
            Origin::Part(n) => match &relation.operator {
                Operator::Join { parts, columns, .. } => {
                    let column = columns.get(n)?;
                    Meaning::Value(&column.value, Scope::of(*parts.get(column.part)?), None)
                }
                _ => Meaning::Refused,
            },
        })
    }

    /// A key, in the terms of the group's stream or of one part of the match.
    fn key(&self, relation: &'a Relation, scope: Scope, slot: Slot) -> Option<(&'a Expr, Scope)> {
        match &relation.operator {
            Operator::Aggregate { inputs, keys, .. } => {
                let key = keys.iter().find(|key| key.slot == slot)?;
                Some((key.values.first()?, Scope::of(*inputs.first()?)))
            }
            Operator::Join { parts, keys, .. } => {
                let classes = classes(keys);
                let class = classes.iter().find(|class| class.slots.contains(&slot))?;
                let value = class.side(scope.part)?;
                Some((value, Scope::of(*parts.get(scope.part)?)))
            }
            Operator::Scan { .. } | Operator::History { .. } | Operator::AntiJoin { .. } => None,
        }
    }

    /// What an expression reads, through `let`s and parts; a key belongs to every part of a match.
    pub(super) fn reads_of(&self, expr: &Expr, scope: Scope) -> Reads {
        let mut reads = Reads::default();
        self.collect(expr, scope, &mut reads);
        reads
    }

    fn collect(&self, expr: &Expr, scope: Scope, reads: &mut Reads) {
        for slot in expr.slots() {
            match self.meaning(scope, slot) {
                Some(Meaning::Clock) => reads.clock = true,
                Some(Meaning::Aggregate(aggregate)) => {
                    reads.aggregate = true;
                    reads.set |= aggregate.function == AggregateName::Set;
                }
                Some(Meaning::Refused) => reads.refused = true,
                Some(Meaning::Value(value, inner, _)) => {
                    let column = self
                        .relation(scope.relation)
                        .and_then(|relation| relation.columns.get(slot));
                    let origin = column.map(|column| column.origin);
                    if let Some(part) = self.part_of(scope, origin)
                        && !reads.parts.contains(&part)
                    {
                        reads.parts.push(part);
                    }
                    if !matches!(origin, Some(Origin::Key(_))) {
                        self.collect(value, inner, reads);
                    }
                }
                Some(Meaning::Field(_)) | None => {}
            }
        }
    }

    fn part_of(&self, scope: Scope, origin: Option<Origin>) -> Option<usize> {
        match (&self.relation(scope.relation)?.operator, origin) {
            (Operator::Join { columns, .. }, Some(Origin::Part(n))) => columns.get(n).map(|column| column.part),
            _ => None,
        }
    }
}

/// What an expression reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Reads {
    /// Parts of a match.
    pub(super) parts: Vec<usize>,
    /// A time of the row.
    pub(super) clock: bool,
    /// A value over all rows of a group.
    pub(super) aggregate: bool,
    /// A set among these.
    pub(super) set: bool,
    /// Something that is refused where it is made.
    pub(super) refused: bool,
}

/// Keys of a match that must all be equal.
pub(super) struct Class<'a> {
    /// The columns of the match that hold it.
    pub(super) slots: Vec<Slot>,
    /// What it is in each part, in the order of the rule.
    pub(super) sides: Vec<(usize, &'a Expr)>,
}

impl<'a> Class<'a> {
    /// What it is in a part.
    pub(super) fn side(&self, part: usize) -> Option<&'a Expr> {
        self.sides.iter().find(|side| side.0 == part).map(|side| side.1)
    }

    fn meets(&self, other: &Class<'_>) -> bool {
        let same = |(part, value): &(usize, &Expr)| {
            let key = expression_key(value);
            other
                .sides
                .iter()
                .any(|side| side.0 == *part && expression_key(side.1) == key)
        };
        self.slots.iter().any(|slot| other.slots.contains(slot)) || self.sides.iter().any(same)
    }

    fn joined(mut self, other: Class<'a>) -> Class<'a> {
        for slot in other.slots {
            if !self.slots.contains(&slot) {
                self.slots.push(slot);
            }
        }
        for (part, value) in other.sides {
            let key = expression_key(value);
            if !self
                .sides
                .iter()
                .any(|side| side.0 == part && expression_key(side.1) == key)
            {
                self.sides.push((part, value));
            }
        }
        self
    }
}

/// The keys of a match: `a.x == b.y, b.y == c.z` are one.
pub(super) fn classes(keys: &[JoinKey]) -> Vec<Class<'_>> {
    let mut classes: Vec<Class<'_>> = Vec::new();
    for key in keys {
        let mut new = Class {
            slots: vec![key.slot],
            sides: vec![(key.left.0, &key.left.1), (key.right.0, &key.right.1)],
        };
        let at = classes
            .iter()
            .position(|class| class.meets(&new))
            .unwrap_or(classes.len());
        let (meeting, apart): (Vec<_>, Vec<_>) = classes.into_iter().partition(|class| class.meets(&new));
        classes = apart;
        if let Some(first) = meeting.into_iter().reduce(Class::joined) {
            new = first.joined(new);
        }
        classes.insert(at, new);
    }
    classes
}

/// Where a use of a column stands, seen from outside of a `let`.
pub(super) fn through(site: Site, place: Option<Place>) -> Site {
    match place {
        Some(place) => site.inside(place),
        None => site,
    }
}

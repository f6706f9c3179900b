//! Collecting points: every expression of a plan is gone through, for what it reads and what it compares that with.

use super::edit;
use super::kind::Kind;
use super::near::{self, Near, Sought};
use super::place::{Places, Target};
use super::points::{Draft, Limits, Pair, Place, Points, column, place, point};
use crate::plan::{
    AggregateName, Argument, Expr, ExprKind, Literal, Operator, OrderOp, Origin, Plan, RelationId, Segment, Step,
    StepKind, TextOp, Type,
};
use crate::source::{Catalog, ColumnType, FieldType, SourceId};
use crate::value::{Json, Span};
use std::collections::{BTreeMap, BTreeSet};

struct Collector<'p> {
    places: Places<'p>,
    drafts: BTreeMap<Place, Draft>,
    pairs: BTreeSet<(Place, Place)>,
    thresholds: BTreeSet<usize>,
    windows: BTreeSet<Span>,
    histories: Vec<(Span, Span)>,
}

impl Points {
    pub(super) fn of(plan: &Plan, catalog: &Catalog) -> Points {
        let mut collector = Collector {
            places: Places { plan, catalog },
            drafts: BTreeMap::new(),
            pairs: BTreeSet::new(),
            thresholds: BTreeSet::new(),
            windows: BTreeSet::new(),
            histories: Vec::new(),
        };
        for id in 0..plan.relations.len() {
            collector.relation(id);
        }
        let alert = &plan.alert;
        for step in &alert.steps {
            collector.step(alert.input, step);
        }
        for column in &alert.columns {
            collector.read(alert.input, &column.value, false);
        }
        collector.finish()
    }
}

impl<'p> Collector<'p> {
    fn relation(&mut self, id: RelationId) {
        let plan = self.places.plan;
        let Some(relation) = plan.relations.get(id) else { return };
        match &relation.operator {
            Operator::Scan { .. } => {}
            Operator::Aggregate {
                inputs,
                keys,
                per,
                aggregates,
                computed,
            } => {
                self.windows.insert(*per);
                for key in keys {
                    for (value, input) in key.values.iter().zip(inputs) {
                        self.key(*input, value);
                    }
                }
                for aggregate in aggregates {
                    let Some(input) = inputs.get(aggregate.input) else {
                        continue;
                    };
                    if let Some(argument) = &aggregate.argument {
                        self.read(*input, argument, false);
                        match aggregate.function {
                            AggregateName::Distinct | AggregateName::Set => {
                                self.mark(*input, argument, |draft| draft.varied = true);
                            }
                            AggregateName::Min | AggregateName::Max | AggregateName::Sum | AggregateName::Avg => {
                                self.mark(*input, argument, |draft| draft.limits.calculated = true);
                                for n in [0, 10] {
                                    self.offer(*input, argument, &near::of_literal(&Literal::Int(n)));
                                }
                            }
                            AggregateName::Count => {}
                        }
                    }
                    if let Some(condition) = &aggregate.condition {
                        self.condition(*input, condition);
                    }
                }
                for (_, value) in computed {
                    self.condition(id, value);
                }
            }
            Operator::History { group, over } => {
                self.windows.insert(*over);
                if let Some(Operator::Aggregate { per, .. }) = plan.relations.get(*group).map(|r| &r.operator) {
                    self.histories.push((*over, *per));
                }
            }
            Operator::Join {
                parts,
                keys,
                within,
                columns,
                ..
            } => {
                self.windows.insert(*within);
                for key in keys {
                    for (part, value) in [&key.left, &key.right] {
                        if let Some(part) = parts.get(*part) {
                            self.key(*part, value);
                        }
                    }
                }
                for column in columns {
                    if let Some(part) = parts.get(column.part) {
                        self.read(*part, &column.value, false);
                    }
                }
            }
            Operator::AntiJoin {
                left,
                right,
                keys,
                within,
                columns,
            } => {
                self.windows.insert(*within);
                for key in keys {
                    self.key(*left, &key.left.1);
                    self.key(*right, &key.right.1);
                }
                for column in columns {
                    self.read(*left, &column.value, false);
                }
            }
        }
        for step in &relation.steps {
            self.step(id, step);
        }
    }

    fn step(&mut self, relation: RelationId, step: &'p Step) {
        match &step.kind {
            StepKind::Filter(condition) | StepKind::Except { condition, .. } => self.condition(relation, condition),
            StepKind::Extend { value, .. } => self.condition(relation, value),
            StepKind::Expand { list, .. } => {
                self.condition(relation, list);
                self.offer(relation, list, &near::of_list());
                self.mark(relation, list, |draft| draft.open = true);
            }
            StepKind::Lookup { .. } => {}
        }
    }

    fn key(&mut self, relation: RelationId, value: &'p Expr) {
        self.condition(relation, value);
        self.mark(relation, value, |draft| {
            draft.key = true;
            draft.limits.text = true;
        });
    }

    /// Everything below an expression: what is read, and what it is compared with.
    fn condition(&mut self, relation: RelationId, expr: &'p Expr) {
        self.read(relation, expr, false);
        self.test(relation, expr);
        expr.children(&mut |child| self.test_below(relation, child));
    }

    fn test_below(&mut self, relation: RelationId, expr: &'p Expr) {
        self.test(relation, expr);
        expr.children(&mut |child| self.test_below(relation, child));
    }

    fn test(&mut self, relation: RelationId, expr: &'p Expr) {
        match &expr.kind {
            ExprKind::Equal { left, right, .. } => match (self.places.literal(left), self.places.literal(right)) {
                (None, None) => self.pair(relation, left, right),
                (Some(literal), _) => self.equal(relation, right, &literal),
                (_, Some(literal)) => self.equal(relation, left, &literal),
            },
            ExprKind::In { value, list, .. } => {
                let elements = self.places.plan.elements(list);
                let counted = elements
                    .iter()
                    .filter(|literal| self.threshold(relation, value, literal))
                    .count();
                if counted == 0 {
                    let all: Vec<Near> = elements.iter().flat_map(near::of_literal).collect();
                    self.offer(relation, value, &all);
                }
            }
            ExprKind::HasElement { list, element } => {
                if let Some(literal) = self.places.literal(element) {
                    if matches!(list.ty, Type::Set(_)) {
                        self.offer(relation, list, &near::of_literal(&literal));
                    } else {
                        self.offer(relation, list, &near::of_element(&literal));
                        self.mark(relation, list, |draft| draft.open = true);
                    }
                }
            }
            ExprKind::SetOf(_) | ExprKind::Set { .. } => {
                if let ExprKind::Set { left, right, .. } = &expr.kind {
                    for (set, other) in [(left, right), (right, left)] {
                        if let ExprKind::SetOf(list) = &set.kind {
                            let elements = self.places.plan.elements(list).iter();
                            let all: Vec<Near> = elements.flat_map(near::of_literal).collect();
                            self.offer(relation, other, &all);
                        }
                    }
                }
            }
            ExprKind::Text { op, value, needle } => {
                if let Some(Literal::Text(needle)) = self.places.literal(needle) {
                    let sought = match op {
                        TextOp::Contains => Sought::Part,
                        TextOp::StartsWith => Sought::Start,
                        TextOp::EndsWith => Sought::End,
                        TextOp::Has => Sought::Word,
                    };
                    self.offer(relation, value, &near::of_text(&needle, sought));
                }
            }
            ExprKind::HasAny { value, list } => {
                let mut all = Vec::new();
                for literal in self.places.plan.elements(list) {
                    if let Literal::Text(needle) = literal {
                        all.extend(near::of_text(needle, Sought::Word));
                    }
                }
                self.offer(relation, value, &all);
            }
            ExprKind::Matches { value, pattern } => self.offer(relation, value, &near::of_pattern(pattern)),
            ExprKind::Address(value) => {
                self.offer(relation, value, &near::of_address());
                self.mark(relation, value, |draft| draft.limits.address = true);
            }
            ExprKind::InCidr { value, blocks } => {
                let blocks = self.places.plan.texts(blocks);
                let all: Vec<Near> = blocks.flat_map(near::of_block).collect();
                self.offer(relation, value, &all);
                self.mark(relation, value, |draft| draft.limits.block = true);
            }
            ExprKind::Order { op, left, right } => match (self.places.literal(left), self.places.literal(right)) {
                (None, None) => self.pair(relation, left, right),
                (Some(literal), _) => self.order(relation, right, turned(*op), &literal),
                (_, Some(literal)) => self.order(relation, left, *op, &literal),
            },
            ExprKind::Empty(list) if !matches!(list.ty, Type::Set(_)) => {
                self.offer(relation, list, &near::of_list());
                self.mark(relation, list, |draft| draft.open = true);
            }
            ExprKind::Call { function, arguments } => match (function.0.name, arguments.as_slice()) {
                ("capture", [Argument::Value(text), Argument::Pattern(pattern)]) => {
                    // What is caught is looked for elsewhere.
                    let mut found = near::of_pattern(pattern);
                    found.iter_mut().for_each(|one| one.good = false);
                    self.offer(relation, text, &found);
                }
                ("before" | "after" | "split", [Argument::Value(text), Argument::Value(mark)]) => {
                    if let Some(Literal::Text(mark)) = self.places.literal(mark) {
                        let texts = [
                            format!("a{mark}b"),
                            format!("{mark}b"),
                            format!("a{mark}"),
                            format!("a{mark}b{mark}c"),
                            format!("a{mark}{mark}b"),
                            mark.clone(),
                            "ab".to_owned(),
                        ];
                        let marked = texts.map(|text| Near {
                            kind: Kind::Inside,
                            json: Json::Text(text.into()),
                            good: false,
                        });
                        self.offer(relation, text, &marked);
                    }
                }
                ("size", [Argument::Value(list)]) if !matches!(list.ty, Type::Set(_)) => {
                    self.offer(relation, list, &near::of_list());
                    self.mark(relation, list, |draft| draft.open = true);
                }
                ("json", [Argument::Value(text)]) => self.mark(relation, text, |draft| draft.encoded = true),
                _ => {}
            },
            // A truth value on its own.
            ExprKind::Column(_) | ExprKind::Convert(_) | ExprKind::Member { .. } if expr.ty == Type::Bool => {
                self.offer(relation, expr, &near::of_bool(true));
            }
            ExprKind::Column(_)
            | ExprKind::Literal(_)
            | ExprKind::Constant(_)
            | ExprKind::Member { .. }
            | ExprKind::Convert(_)
            | ExprKind::Not(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Empty(_)
            | ExprKind::Coalesce(_) => {}
            ExprKind::Present(value) if !matches!(value.ty, Type::Set(_)) => {
                let targets = self.places.of(relation, value);
                // A plain place gets a value without being told so.
                if targets.iter().any(|target| !target.is_plain()) {
                    self.offer(relation, value, &near::something());
                }
            }
            ExprKind::Present(_) => {}
            ExprKind::Arithmetic { .. } => {
                self.mark(relation, expr, |draft| draft.limits.calculated = true);
                for n in [0, 10] {
                    self.offer(relation, expr, &near::of_literal(&Literal::Int(n)));
                }
            }
        }
    }

    fn equal(&mut self, relation: RelationId, side: &'p Expr, literal: &Literal) {
        if self.threshold(relation, side, literal) {
            return;
        }
        self.offer(relation, side, &near::of_literal(literal));
    }

    fn order(&mut self, relation: RelationId, side: &'p Expr, op: OrderOp, literal: &Literal) {
        if self.threshold(relation, side, literal) {
            return;
        }
        self.offer(relation, side, &near::of_order(op, literal));
    }

    /// Notes a number that events or different values are counted up to.
    fn threshold(&mut self, relation: RelationId, side: &'p Expr, literal: &Literal) -> bool {
        let counted = self.counts(relation, side, 8);
        if let (true, Literal::Int(n)) = (counted, literal)
            && let Ok(n) = usize::try_from(*n)
        {
            self.thresholds.insert(n.min(5000));
        }
        counted
    }

    fn counts(&self, id: RelationId, expr: &Expr, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        let Some(relation) = self.places.plan.relations.get(id) else {
            return false;
        };
        match &expr.kind {
            ExprKind::Column(slot) => match (relation.columns.get(*slot).map(|c| c.origin), &relation.operator) {
                (Some(Origin::Aggregate(_)), Operator::Aggregate { aggregates, .. }) => {
                    aggregates.iter().any(|aggregate| {
                        let counting = matches!(aggregate.function, AggregateName::Count | AggregateName::Distinct);
                        aggregate.slot == *slot && counting
                    })
                }
                (Some(Origin::Computed(_)), Operator::Aggregate { computed, .. }) => computed
                    .iter()
                    .any(|(own, value)| own == slot && self.counts(id, value, depth)),
                (Some(Origin::Part(_)), Operator::Join { parts, columns, .. }) => columns.iter().any(|column| {
                    let part = parts.get(column.part);
                    column.slot == *slot && part.is_some_and(|part| self.counts(*part, &column.value, depth))
                }),
                (Some(Origin::Baseline(baseline, inner)), _) => {
                    let of = |relation: RelationId| {
                        let column = Expr {
                            kind: ExprKind::Column(inner),
                            ty: expr.ty,
                            span: expr.span,
                        };
                        self.counts(relation, &column, depth)
                    };
                    match self.places.plan.relations.get(baseline).map(|r| &r.operator) {
                        Some(Operator::History { group, .. }) => of(*group),
                        _ => false,
                    }
                }
                (_, Operator::History { group, .. }) => self.counts(*group, expr, depth),
                _ => false,
            },
            ExprKind::Call { function, arguments } => {
                let set = matches!(arguments.first(), Some(Argument::Value(e)) if matches!(e.ty, Type::Set(_)));
                function.0.name == "size" && set
            }
            ExprKind::Convert(inner) => self.counts(id, inner, depth),
            ExprKind::Arithmetic { left, right, .. } => self.counts(id, left, depth) || self.counts(id, right, depth),
            _ => false,
        }
    }

    fn pair(&mut self, relation: RelationId, left: &'p Expr, right: &'p Expr) {
        for a in self.places.of(relation, left) {
            for b in self.places.of(relation, right) {
                if a.source == b.source && a.is_plain() && b.is_plain() && a.segments != b.segments {
                    self.pairs.insert((place(&a), place(&b)));
                }
            }
        }
    }

    /// Notes that the value of an expression is read, as a number or otherwise.
    fn read(&mut self, relation: RelationId, expr: &'p Expr, number: bool) {
        match &expr.kind {
            ExprKind::Convert(inner) => {
                let number = matches!(expr.ty, Type::Int | Type::Real | Type::Bool);
                self.read(relation, inner, number);
            }
            ExprKind::Column(_) | ExprKind::Member { .. } => {
                let text = !number && matches!(expr.ty, Type::Json | Type::Text | Type::Set(_));
                let number = number || matches!(expr.ty, Type::Int | Type::Real | Type::Bool);
                self.mark(relation, expr, |draft| {
                    draft.limits.text |= text;
                    draft.limits.number |= number;
                });
                if let ExprKind::Member { base, .. } = &expr.kind
                    && !matches!(base.kind, ExprKind::Column(_) | ExprKind::Member { .. })
                {
                    self.read(relation, base, number);
                }
            }
            _ => expr.children(&mut |child| self.read(relation, child, false)),
        }
    }

    fn mark(&mut self, relation: RelationId, expr: &'p Expr, change: impl Fn(&mut Draft)) {
        for target in self.places.of(relation, expr) {
            change(self.draft(target));
        }
    }

    fn offer(&mut self, relation: RelationId, expr: &'p Expr, values: &[Near]) {
        for target in self.places.of(relation, expr) {
            let wrapped: Vec<Near> = values
                .iter()
                .map(|one| Near {
                    json: target.wrap(one.json.clone()),
                    ..one.clone()
                })
                .collect();
            let draft = self.draft(target);
            draft.good.push(
                wrapped
                    .iter()
                    .filter(|one| one.good)
                    .map(|one| one.json.clone())
                    .collect(),
            );
            draft.values.extend(wrapped);
        }
    }

    fn draft(&mut self, target: Target) -> &mut Draft {
        let draft = self.drafts.entry(place(&target)).or_insert_with(|| Draft {
            target: target.clone(),
            values: Vec::new(),
            good: Vec::new(),
            key: false,
            varied: false,
            limits: Limits::default(),
            open: false,
            encoded: false,
        });
        // The richest way there is the one that different values are made by.
        if draft.target.wraps.len() < target.wraps.len() {
            draft.target = target;
        }
        draft
    }

    fn finish(mut self) -> Points {
        let catalog = self.places.catalog;
        // A fraction below a place that is read as text would stand in that text.
        let texts: Vec<(SourceId, Vec<Segment>)> = self
            .drafts
            .values()
            .filter(|draft| draft.limits.text)
            .map(|draft| (draft.target.source, draft.target.segments.clone()))
            .collect();
        for draft in self.drafts.values_mut() {
            let target = &draft.target;
            let above = |(source, path): &(SourceId, Vec<Segment>)| {
                *source == target.source && target.segments.starts_with(path)
            };
            draft.limits.text |= texts.iter().any(above);
            if let Some(field) = column(catalog, target) {
                draft.limits.small = field == ColumnType::Int;
                draft.limits.text |= field == ColumnType::String && target.ty != FieldType::Json;
            }
        }
        let mut out = Points {
            thresholds: self.thresholds.into_iter().collect(),
            windows: self.windows.into_iter().filter(|span| span.0 > 0).collect(),
            histories: self.histories,
            ..Points::default()
        };
        let mut numbers: BTreeMap<Place, usize> = BTreeMap::new();
        for (key, draft) in self.drafts {
            let source = catalog.get(draft.target.source);
            let id = source.id.map(|id| edit::words(&source.get(id).name));
            // What identifies an event is given to it in the end.
            if id.as_ref() == Some(&draft.target.segments) {
                continue;
            }
            let at = out.all.len();
            numbers.insert(key, at);
            out.by_source.entry(draft.target.source).or_default().push(at);
            out.all.push(point(draft));
        }
        for (left, right) in self.pairs {
            if let (Some(left), Some(right)) = (numbers.get(&left), numbers.get(&right)) {
                out.pairs.push(Pair {
                    left: *left,
                    right: *right,
                });
            }
        }
        out
    }
}

fn turned(op: OrderOp) -> OrderOp {
    match op {
        OrderOp::Less => OrderOp::Greater,
        OrderOp::LessOrEqual => OrderOp::GreaterOrEqual,
        OrderOp::Greater => OrderOp::Less,
        OrderOp::GreaterOrEqual => OrderOp::LessOrEqual,
    }
}

//! Where the value of an expression comes from: places in events, and what a value has to be wrapped into there so that
//! the expression gives it.

use super::edit;
use crate::examples::pattern::around_group;
use crate::plan::{Argument, Expr, ExprKind, Literal, Operator, Origin, Plan, RelationId, Segment, Slot, StepKind};
use crate::source::{Catalog, FieldType, SourceId};
use crate::value::Json;

/// A place in the events of a source.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) source: SourceId,
    pub(super) segments: Vec<Segment>,
    pub(super) ty: FieldType,
    /// What turns a value of the expression into one of the place, in this order.
    pub(super) wraps: Vec<Wrap>,
}

/// A step back from a value to what it is computed from.
#[derive(Clone, Debug)]
pub(super) enum Wrap {
    /// A text inside a text.
    Around(String, String),
    /// A value below an object.
    Below(Vec<Segment>),
    /// An element of a list.
    Element,
    /// JSON as text.
    Encoded,
}

impl Target {
    /// The value of the place that makes the expression this value.
    pub(super) fn wrap(&self, value: Json) -> Json {
        self.wraps.iter().fold(value, |value, wrap| match wrap {
            Wrap::Around(before, behind) => match value.as_text() {
                Some(text) => Json::Text(format!("{before}{text}{behind}").into()),
                None => value,
            },
            Wrap::Below(path) => edit::put(&Json::Null, path, value),
            Wrap::Element => Json::Array([value].into()),
            Wrap::Encoded => Json::Text(serde_json::to_string(&value).unwrap_or_default().into()),
        })
    }

    pub(super) fn is_plain(&self) -> bool {
        self.wraps.is_empty()
    }
}

/// Computed values go through so many steps, and come from so many places.
const DEEPEST: usize = 24;
const MOST: usize = 16;

/// Finds places.
#[derive(Clone, Copy)]
pub(super) struct Places<'p> {
    pub(super) plan: &'p Plan,
    pub(super) catalog: &'p Catalog,
}

impl<'p> Places<'p> {
    /// The places that an expression over a relation's columns reads its value from.
    pub(super) fn of(&self, relation: RelationId, expr: &'p Expr) -> Vec<Target> {
        let mut out = Vec::new();
        self.expr(relation, expr, &[], DEEPEST, &mut out);
        for target in &mut out {
            // The last wrap is the one next to the place.
            while let Some(Wrap::Below(path)) = target.wraps.last() {
                target.segments.extend(path.iter().cloned());
                target.wraps.pop();
                target.ty = FieldType::Json;
            }
        }
        out
    }

    fn expr(&self, relation: RelationId, expr: &'p Expr, wraps: &[Wrap], depth: usize, out: &mut Vec<Target>) {
        let Some(depth) = depth.checked_sub(1).filter(|_| out.len() < MOST) else {
            return;
        };
        let with = |wrap: Wrap| {
            let mut all = wraps.to_vec();
            all.push(wrap);
            all
        };
        match &expr.kind {
            ExprKind::Column(slot) => self.column(relation, *slot, wraps, depth, out),
            ExprKind::Convert(inner) => self.expr(relation, inner, wraps, depth, out),
            ExprKind::Member { base, path } => {
                // An element of the parts of a text.
                if let (ExprKind::Call { function, arguments }, [Segment::Index(index)]) = (&base.kind, path.as_slice())
                    && function.0.name == "split"
                    && let [Argument::Value(text), Argument::Value(mark)] = arguments.as_slice()
                    && let Some(mark) = self.text(mark)
                {
                    let parts = usize::try_from(index.unsigned_abs()).unwrap_or(0).min(20);
                    let around = if *index < 0 {
                        Wrap::Around(format!("x{mark}"), format!("{mark}x").repeat(parts.saturating_sub(1)))
                    } else {
                        Wrap::Around(format!("x{mark}").repeat(parts), String::new())
                    };
                    self.expr(relation, text, &with(around), depth, out);
                } else {
                    self.expr(relation, base, &with(Wrap::Below(path.clone())), depth, out);
                }
            }
            ExprKind::Coalesce(parts) => {
                for part in parts {
                    self.expr(relation, part, wraps, depth, out);
                }
            }
            ExprKind::Set { left, right, .. } | ExprKind::Arithmetic { left, right, .. } => {
                for side in [left, right] {
                    self.expr(relation, side, wraps, depth, out);
                }
            }
            ExprKind::Call { function, arguments } => match (function.0.name, arguments.as_slice()) {
                ("capture", [Argument::Value(text), Argument::Pattern(pattern)]) => {
                    let (before, behind) = around_group(pattern).unwrap_or_default();
                    self.expr(relation, text, &with(Wrap::Around(before, behind)), depth, out);
                }
                ("before" | "after", [Argument::Value(text), Argument::Value(mark)]) => {
                    let mark = self.text(mark).unwrap_or_default();
                    let around = if function.0.name == "before" {
                        Wrap::Around(String::new(), format!("{mark}x"))
                    } else {
                        Wrap::Around(format!("x{mark}"), String::new())
                    };
                    self.expr(relation, text, &with(around), depth, out);
                }
                ("json", [Argument::Value(text)]) => self.expr(relation, text, &with(Wrap::Encoded), depth, out),
                ("if", [_, then, otherwise]) => {
                    for part in [then, otherwise] {
                        if let Argument::Value(part) = part {
                            self.expr(relation, part, wraps, depth, out);
                        }
                    }
                }
                (_, [Argument::Value(first), ..]) => self.expr(relation, first, wraps, depth, out),
                _ => {}
            },
            // Tests and literals have no value of a place.
            ExprKind::Literal(_)
            | ExprKind::Constant(_)
            | ExprKind::SetOf(_)
            | ExprKind::Not(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Equal { .. }
            | ExprKind::Order { .. }
            | ExprKind::In { .. }
            | ExprKind::HasElement { .. }
            | ExprKind::InCidr { .. }
            | ExprKind::Text { .. }
            | ExprKind::HasAny { .. }
            | ExprKind::Matches { .. }
            | ExprKind::Present(_)
            | ExprKind::Empty(_)
            | ExprKind::Address(_) => {}
        }
    }

    fn column(&self, id: RelationId, slot: Slot, wraps: &[Wrap], depth: usize, out: &mut Vec<Target>) {
        let Some(relation) = self.plan.relations.get(id) else {
            return;
        };
        let Some(column) = relation.columns.get(slot) else {
            return;
        };
        match (column.origin, &relation.operator) {
            (Origin::Field(field), Operator::Scan { source }) => {
                let table = self.catalog.get(*source);
                if field == table.time {
                    return;
                }
                out.push(Target {
                    source: *source,
                    segments: edit::words(&table.get(field).name),
                    ty: table.get(field).ty,
                    wraps: wraps.to_vec(),
                });
            }
            (Origin::Extend, _) => {
                if let Some(value) = self.filled(id, slot) {
                    self.expr(id, value, wraps, depth, out);
                }
            }
            (Origin::Expand, _) => {
                if let Some(list) = self.filled(id, slot) {
                    let mut all = wraps.to_vec();
                    all.push(Wrap::Element);
                    self.expr(id, list, &all, depth, out);
                }
            }
            (Origin::Key(_), Operator::Aggregate { inputs, keys, .. }) => {
                for key in keys.iter().filter(|key| key.slot == slot) {
                    for (value, input) in key.values.iter().zip(inputs) {
                        self.expr(*input, value, wraps, depth, out);
                    }
                }
            }
            (Origin::Key(_), Operator::Join { parts, keys, .. }) => {
                for key in keys.iter().filter(|key| key.slot == slot) {
                    for (part, value) in [&key.left, &key.right] {
                        if let Some(part) = parts.get(*part) {
                            self.expr(*part, value, wraps, depth, out);
                        }
                    }
                }
            }
            (Origin::Key(_), Operator::AntiJoin { left, right, keys, .. }) => {
                for key in keys.iter().filter(|key| key.slot == slot) {
                    self.expr(*left, &key.left.1, wraps, depth, out);
                    self.expr(*right, &key.right.1, wraps, depth, out);
                }
            }
            (Origin::Aggregate(_), Operator::Aggregate { inputs, aggregates, .. }) => {
                for aggregate in aggregates.iter().filter(|a| a.slot == slot) {
                    if let (Some(argument), Some(input)) = (&aggregate.argument, inputs.get(aggregate.input)) {
                        self.expr(*input, argument, wraps, depth, out);
                    }
                }
            }
            (Origin::Computed(_), Operator::Aggregate { computed, .. }) => {
                for (_, value) in computed.iter().filter(|(own, _)| *own == slot) {
                    self.expr(id, value, wraps, depth, out);
                }
            }
            (Origin::Part(_), Operator::Join { parts, columns, .. }) => {
                for column in columns.iter().filter(|c| c.slot == slot) {
                    if let Some(part) = parts.get(column.part) {
                        self.expr(*part, &column.value, wraps, depth, out);
                    }
                }
            }
            (Origin::Part(_), Operator::AntiJoin { left, columns, .. }) => {
                for column in columns.iter().filter(|c| c.slot == slot) {
                    self.expr(*left, &column.value, wraps, depth, out);
                }
            }
            (Origin::Baseline(baseline, inner), _) => self.column(baseline, inner, wraps, depth, out),
            // A history's columns are its group's.
            (_, Operator::History { group, .. }) => self.column(*group, slot, wraps, depth, out),
            (
                Origin::Clock
                | Origin::Field(_)
                | Origin::Key(_)
                | Origin::Aggregate(_)
                | Origin::Computed(_)
                | Origin::Part(_)
                | Origin::BaselinePresent(_),
                _,
            ) => {}
        }
    }

    /// What a step of the relation, or of an alert on it, fills a slot with.
    fn filled(&self, id: RelationId, slot: Slot) -> Option<&'p Expr> {
        let own = self.plan.relations.get(id).map_or(&[][..], |r| &r.steps);
        let alert = &self.plan.alert;
        let more = if alert.input == id { &alert.steps[..] } else { &[] };
        own.iter().chain(more).find_map(|step| match &step.kind {
            StepKind::Extend { slot: filled, value } if *filled == slot => Some(value),
            StepKind::Expand { slot: filled, list } if *filled == slot => Some(list),
            StepKind::Extend { .. }
            | StepKind::Expand { .. }
            | StepKind::Filter(_)
            | StepKind::Except { .. }
            | StepKind::Lookup { .. } => None,
        })
    }

    /// A literal, or a value of the file.
    pub(super) fn literal(&self, expr: &Expr) -> Option<Literal> {
        match &expr.kind {
            ExprKind::Literal(literal) => Some(literal.clone()),
            ExprKind::Constant(n) => match &self.plan.constants.get(*n)?.value {
                crate::plan::ConstantValue::Scalar(literal) => Some(literal.clone()),
                crate::plan::ConstantValue::List(_) => None,
            },
            ExprKind::Convert(inner) => self.literal(inner),
            _ => None,
        }
    }

    fn text(&self, expr: &Expr) -> Option<String> {
        match self.literal(expr)? {
            Literal::Text(text) => Some(text),
            Literal::Int(_) | Literal::Real(_) | Literal::Bool(_) | Literal::Duration(_) => None,
        }
    }
}

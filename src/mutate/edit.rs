//! One change to a plan, and the plan with it.

use crate::plan::{ConstantValue, Expr, Operator, Plan, Relation, RelationId, StepKind};

/// A step of a relation, or of the alert where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StepPlace {
    pub(super) relation: Option<RelationId>,
    pub(super) step: usize,
}

/// An expression that nothing contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// The condition or value of a step.
    Step(StepPlace),
    /// The condition of an aggregate of a group.
    Condition(RelationId, usize),
    /// A computed column of a group.
    Computed(RelationId, usize),
}

/// Where an expression stands: in a root, and there the numbers of the children that lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) root: Root,
    pub(super) path: Vec<usize>,
}

impl Place {
    pub(super) fn of(root: Root) -> Place {
        Place { root, path: Vec::new() }
    }

    pub(super) fn child(&self, number: usize) -> Place {
        let mut place = self.clone();
        place.path.push(number);
        place
    }
}

/// A change.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    /// Another expression at a place.
    Expr(Place, Expr),
    /// Another step, or none.
    Step(StepPlace, Option<StepKind>),
    /// Another list or value.
    Constant(usize, ConstantValue),
    /// A set of rows that is made in another way.
    Relation(RelationId, Box<Relation>),
}

/// The plan with a change.
pub(super) fn applied(plan: &Plan, edit: &Edit) -> Plan {
    let mut plan = plan.clone();
    match edit {
        Edit::Expr(place, new) => {
            if let Some(root) = root_mut(&mut plan, place.root) {
                put(root, &place.path, new);
            }
        }
        Edit::Step(place, kind) => {
            let steps = match place.relation {
                Some(id) => plan.relations.get_mut(id).map(|relation| &mut relation.steps),
                None => Some(&mut plan.alert.steps),
            };
            if let Some(steps) = steps.filter(|steps| place.step < steps.len()) {
                match (kind, steps.get_mut(place.step)) {
                    (Some(kind), Some(step)) => step.kind = kind.clone(),
                    _ => {
                        steps.remove(place.step);
                    }
                }
            }
        }
        Edit::Constant(index, value) => {
            if let Some(constant) = plan.constants.get_mut(*index) {
                constant.value = value.clone();
            }
        }
        Edit::Relation(id, new) => {
            if let Some(relation) = plan.relations.get_mut(*id) {
                *relation = (**new).clone();
            }
        }
    }
    plan
}

fn root_mut(plan: &mut Plan, root: Root) -> Option<&mut Expr> {
    match root {
        Root::Step(place) => {
            let steps = match place.relation {
                Some(id) => &mut plan.relations.get_mut(id)?.steps,
                None => &mut plan.alert.steps,
            };
            step_expr(&mut steps.get_mut(place.step)?.kind)
        }
        Root::Condition(id, number) => match &mut plan.relations.get_mut(id)?.operator {
            Operator::Aggregate { aggregates, .. } => aggregates.get_mut(number)?.condition.as_mut(),
            _ => None,
        },
        Root::Computed(id, number) => match &mut plan.relations.get_mut(id)?.operator {
            Operator::Aggregate { computed, .. } => computed.get_mut(number).map(|(_, value)| value),
            _ => None,
        },
    }
}

fn step_expr(kind: &mut StepKind) -> Option<&mut Expr> {
    match kind {
        StepKind::Filter(expr)
        | StepKind::Except { condition: expr, .. }
        | StepKind::Extend { value: expr, .. }
        | StepKind::Expand { list: expr, .. } => Some(expr),
        StepKind::Lookup { .. } => None,
    }
}

fn put(expr: &mut Expr, path: &[usize], new: &Expr) {
    let Some((first, rest)) = path.split_first() else {
        *expr = new.clone();
        return;
    };
    let mut number = 0;
    expr.children_mut(&mut |child| {
        if number == *first {
            put(child, rest, new);
        }
        number += 1;
    });
}

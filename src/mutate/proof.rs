//! Changes that are proved to change nothing. They are no mutants: what they take away is there for the reader.

use super::edit::{Place, Root, StepPlace};
use crate::check::facts;
use crate::plan::print::expression_key;
use crate::plan::{
    Aggregate, AggregateName, Expr, ExprKind, List, Literal, Operator, Plan, Relation, RelationId, Step, StepKind,
};

/// Whether a condition of a selection says what the rest of the rule says anyway. `at` is its number among the conjuncts
/// of its step.
///
/// Two proofs, both for `x is present`:
///
/// * Every use of the rows is a group or a match of which `x` is a key. These leave out a row that lacks a key.
/// * Another condition of the selection cannot be true without `x`, such as `x == "a"`. Where a filter stands among the
///   steps does not matter: a slot is filled once, before anything reads it.
pub(super) fn implied(plan: &Plan, place: &Place, condition: &Expr, at: usize) -> bool {
    let Root::Step(StepPlace {
        relation: Some(id),
        step,
    }) = place.root
    else {
        return false;
    };
    let (ExprKind::Present(value), Some(relation)) = (&condition.kind, plan.relations.get(id)) else {
        return false;
    };
    let filters = matches!(relation.steps.get(step).map(|s| &s.kind), Some(StepKind::Filter(_)));
    if !place.path.is_empty() || !filters {
        return false;
    }
    let value = defined(relation, value);
    is_key(plan, id, relation, &value) || is_asked(relation, (step, at), &value)
}

/// Whether each conjunct of a filter says that a key is there, as in the first proof of [`implied`]: then so does the step.
pub(super) fn guards(plan: &Plan, relation: Option<RelationId>, parts: &[Expr]) -> bool {
    let Some((id, relation)) = relation.and_then(|id| Some((id, plan.relations.get(id)?))) else {
        return false;
    };
    parts.iter().all(|part| match &part.kind {
        ExprKind::Present(value) => is_key(plan, id, relation, &defined(relation, value)),
        _ => false,
    })
}

/// Whether all uses of a relation leave out the rows that lack a value.
fn is_key(plan: &Plan, id: RelationId, relation: &Relation, value: &Expr) -> bool {
    if plan.alert.input == id {
        return false;
    }
    let wanted = expression_key(value);
    // A json value is a key as text, which is missing where the value is.
    let is_value = |key: &Expr| {
        let key = defined(relation, key);
        let inner = match &key.kind {
            ExprKind::Convert(inner) => Some(expression_key(inner)),
            _ => None,
        };
        expression_key(&key) == wanted || inner.as_ref() == Some(&wanted)
    };
    let mut used = false;
    let mut all = true;
    for user in &plan.relations {
        match &user.operator {
            Operator::Scan { .. } | Operator::History { .. } => {}
            Operator::Aggregate { inputs, keys, .. } => {
                for (number, _) in inputs.iter().enumerate().filter(|(_, input)| **input == id) {
                    used = true;
                    all = all && keys.iter().filter_map(|key| key.values.get(number)).any(is_value);
                }
            }
            Operator::Join { parts, keys, .. } => {
                for (number, _) in parts.iter().enumerate().filter(|(_, part)| **part == id) {
                    used = true;
                    all = all && sides(keys, number).any(is_value);
                }
            }
            Operator::AntiJoin { left, right, keys, .. } => {
                for (number, _) in [left, right].into_iter().enumerate().filter(|(_, part)| **part == id) {
                    used = true;
                    all = all && sides(keys, number).any(is_value);
                }
            }
        }
    }
    used && all
}

/// What a part of a match brings to its keys.
fn sides(keys: &[crate::plan::JoinKey], part: usize) -> impl Iterator<Item = &Expr> {
    let sides = keys.iter().flat_map(|key| [&key.left, &key.right]);
    sides.filter(move |side| side.0 == part).map(|side| &side.1)
}

/// Whether a condition of a relation other than the one named is only true where a value is present.
fn is_asked(relation: &Relation, (step, at): (usize, usize), value: &Expr) -> bool {
    relation.steps.iter().enumerate().any(|(number, other)| {
        let StepKind::Filter(condition) = &other.kind else {
            return false;
        };
        let parts = match &condition.kind {
            ExprKind::And(parts) => parts.as_slice(),
            _ => std::slice::from_ref(condition),
        };
        let mut others = parts
            .iter()
            .enumerate()
            .filter(|(part, _)| (number, *part) != (step, at));
        others.any(|(_, part)| facts::is_present(&facts::known(&defined(relation, part)), value))
    })
}

/// An expression with the `let`s of the relation written out.
fn defined(relation: &Relation, expr: &Expr) -> Expr {
    let mut expr = expr.clone();
    // One inside of the other; each stands above what reads it.
    for step in relation.steps.iter().rev() {
        if let StepKind::Extend { slot, value } = &step.kind {
            replaced(&mut expr, *slot, value);
        }
    }
    expr
}

fn replaced(expr: &mut Expr, slot: usize, value: &Expr) {
    if matches!(expr.kind, ExprKind::Column(other) if other == slot) {
        *expr = value.clone();
    } else {
        expr.children_mut(&mut |child| replaced(child, slot, value));
    }
}

/// Whether an aggregate counts no row that its condition takes away: `distinct x where x is present`. Everything but
/// `count` reads present values only.
pub(super) fn counted(aggregate: &Aggregate, condition: &Expr) -> bool {
    let (ExprKind::Present(value), Some(argument)) = (&condition.kind, &aggregate.argument) else {
        return false;
    };
    let inner = match &argument.kind {
        ExprKind::Convert(inner) => expression_key(inner),
        _ => expression_key(argument),
    };
    let wanted = expression_key(value);
    aggregate.function != AggregateName::Count && (wanted == inner || wanted == expression_key(argument))
}

/// Whether an element stands among the others as well: an item listed twice.
pub(super) fn listed(element: &Literal, others: &[Literal], fold: bool) -> bool {
    others.iter().any(|other| match (element, other) {
        (Literal::Text(a), Literal::Text(b)) if fold => a.eq_ignore_ascii_case(b),
        (a, b) => a == b,
    })
}

/// How a list or value is used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Uses {
    pub(super) count: usize,
    /// Nothing tells letters apart that differ in case alone.
    pub(super) fold: bool,
}

/// How a list or value is used in a plan.
pub(super) fn uses(plan: &Plan, constant: usize) -> Uses {
    let mut uses = Uses { count: 0, fold: true };
    let mut look = |expr: &Expr| {
        let (index, fold) = match &expr.kind {
            ExprKind::Constant(index) => (*index, false),
            ExprKind::In {
                list: List::Constant(index),
                fold,
                ..
            } => (*index, *fold),
            ExprKind::HasAny {
                list: List::Constant(index),
                ..
            } => (*index, true),
            ExprKind::SetOf(List::Constant(index))
            | ExprKind::InCidr {
                blocks: List::Constant(index),
                ..
            } => (*index, false),
            _ => return,
        };
        if index == constant {
            uses.count += 1;
            uses.fold = uses.fold && fold;
        }
    };
    for relation in &plan.relations {
        for step in &relation.steps {
            of_step(step).into_iter().for_each(|expr| expr.walk(&mut |e| look(e)));
        }
        if let Operator::Aggregate {
            aggregates, computed, ..
        } = &relation.operator
        {
            let parts = aggregates.iter().flat_map(|a| a.argument.iter().chain(&a.condition));
            let all = parts.chain(computed.iter().map(|(_, value)| value));
            all.for_each(|expr| expr.walk(&mut |e| look(e)));
        }
    }
    for step in &plan.alert.steps {
        of_step(step).into_iter().for_each(|expr| expr.walk(&mut |e| look(e)));
    }
    uses
}

fn of_step(step: &Step) -> Option<&Expr> {
    match &step.kind {
        StepKind::Filter(expr)
        | StepKind::Except { condition: expr, .. }
        | StepKind::Extend { value: expr, .. }
        | StepKind::Expand { list: expr, .. } => Some(expr),
        StepKind::Lookup { .. } => None,
    }
}

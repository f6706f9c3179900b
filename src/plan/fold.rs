//! Conditions known from a selection are folded into the `if`s of computed fields: with `eventName == "StopLogging"` the
//! branch for ConsoleLogin is gone before any target sees the plan.

use super::{Argument, Constant, Expr, ExprKind, List, Literal, Operator, Plan, Step, StepKind, Type};
use crate::check::facts::{self, Literals};

pub(super) fn fold(plan: &mut Plan) {
    let constants = plan.constants.clone();
    for id in 0..plan.relations.len() {
        let is_scan = matches!(plan.relations.get(id).map(|r| &r.operator), Some(Operator::Scan { .. }));
        if !is_scan {
            continue;
        }
        let mut known = Literals::new();
        let Some(relation) = plan.relations.get_mut(id) else {
            continue;
        };
        relation
            .steps
            .iter_mut()
            .for_each(|step| fold_step(step, &constants, &mut known));
        relation.steps.retain(|step| !always(step));
        if plan.alert.input == id {
            plan.alert
                .steps
                .iter_mut()
                .for_each(|step| fold_step(step, &constants, &mut known));
            plan.alert.steps.retain(|step| !always(step));
        }
    }
    for id in 0..plan.relations.len() {
        map_relation(plan, id, &mut simplify_one);
    }
}

/// A filter that is always true.
fn always(step: &Step) -> bool {
    matches!(&step.kind, StepKind::Filter(e) if matches!(e.kind, ExprKind::Literal(Literal::Bool(true))))
}

fn fold_step(step: &mut Step, constants: &[Constant], known: &mut Literals) {
    match &mut step.kind {
        StepKind::Filter(condition) => {
            facts::fixed(condition, constants, known);
            fold_ifs(condition, known, constants);
        }
        StepKind::Except { condition, .. } => fold_ifs(condition, known, constants),
        StepKind::Extend { value, .. } => fold_ifs(value, known, constants),
        StepKind::Expand { list, .. } => fold_ifs(list, known, constants),
        StepKind::Lookup { .. } => {}
    }
}

/// Decides the conditions of `if` calls, from the inside out.
fn fold_ifs(expr: &mut Expr, known: &Literals, constants: &[Constant]) {
    expr.children_mut(&mut |child| fold_ifs(child, known, constants));
    let ExprKind::Call { function, arguments } = &mut expr.kind else {
        simplify_one(expr);
        return;
    };
    if function.0.name != "if" {
        return;
    }
    let [
        Argument::Value(condition),
        Argument::Value(then),
        Argument::Value(otherwise),
    ] = arguments.as_mut_slice()
    else {
        return;
    };
    decide(condition, known, constants);
    match condition.kind {
        ExprKind::Literal(Literal::Bool(true)) => *expr = then.clone(),
        ExprKind::Literal(Literal::Bool(false)) => *expr = otherwise.clone(),
        _ => {}
    }
}

/// Replaces comparisons whose outcome follows from what is known.
fn decide(condition: &mut Expr, known: &Literals, constants: &[Constant]) {
    condition.children_mut(&mut |child| {
        if child.ty == Type::Bool {
            decide(child, known, constants);
        }
    });
    let outcome = match &condition.kind {
        ExprKind::Equal {
            left,
            right,
            fold: false,
        } => match (&left.kind, &right.kind) {
            (ExprKind::Column(slot), ExprKind::Literal(literal)) => known
                .get(slot)
                .and_then(|values| among(values, std::slice::from_ref(literal))),
            _ => None,
        },
        ExprKind::In {
            value,
            list,
            fold: false,
        } => match &value.kind {
            ExprKind::Column(slot) => known
                .get(slot)
                .zip(elements(list, constants))
                .and_then(|(values, elements)| among(values, elements)),
            _ => None,
        },
        _ => None,
    };
    if let Some(outcome) = outcome {
        condition.kind = ExprKind::Literal(Literal::Bool(outcome));
    }
    simplify_one(condition);
}

/// The elements of a list that holds the same wherever the plan is used.
fn elements<'a>(list: &'a List, constants: &'a [Constant]) -> Option<&'a [Literal]> {
    match list {
        List::Inline(elements) => Some(elements),
        List::Constant(index) => constants.get(*index).and_then(facts::settled),
    }
}

/// Whether all (true) or none (false) of the possible values are among the given ones.
fn among(possible: &[Literal], given: &[Literal]) -> Option<bool> {
    let is_given = |v: &Literal| given.iter().any(|g| g.same(v));
    if possible.iter().all(is_given) && !possible.is_empty() {
        Some(true)
    } else if !possible.iter().any(is_given) {
        Some(false)
    } else {
        None
    }
}

/// `and`, `or`, `not` with a part that is known, and `and` in `and`.
fn simplify_one(expr: &mut Expr) {
    let known = |e: &Expr| match e.kind {
        ExprKind::Literal(Literal::Bool(b)) => Some(b),
        _ => None,
    };
    match &mut expr.kind {
        ExprKind::Not(inner) => {
            if let Some(b) = known(inner) {
                expr.kind = ExprKind::Literal(Literal::Bool(!b));
            } else if let ExprKind::Not(inner) = &inner.kind {
                *expr = (**inner).clone();
            }
        }
        ExprKind::And(parts) => {
            if parts.iter().any(|p| known(p) == Some(false)) {
                expr.kind = ExprKind::Literal(Literal::Bool(false));
                return;
            }
            let mut flat = Vec::new();
            for part in std::mem::take(parts) {
                match part.kind {
                    ExprKind::And(more) => flat.extend(more),
                    ExprKind::Literal(Literal::Bool(true)) => {}
                    _ => flat.push(part),
                }
            }
            *expr = Expr {
                span: expr.span,
                ..super::lower::all_of(flat)
            };
        }
        ExprKind::Or(parts) => {
            if parts.iter().any(|p| known(p) == Some(true)) {
                expr.kind = ExprKind::Literal(Literal::Bool(true));
                return;
            }
            parts.retain(|p| known(p) != Some(false));
            match parts.len() {
                0 => expr.kind = ExprKind::Literal(Literal::Bool(false)),
                1 => {
                    if let Some(only) = parts.pop() {
                        *expr = only;
                    }
                }
                _ => {}
            }
        }
        _ => {}
    }
}

/// Calls `change` on an expression and all below it, from the inside out.
pub(super) fn map(expr: &mut Expr, change: &mut dyn FnMut(&mut Expr)) {
    expr.children_mut(&mut |child| map(child, change));
    change(expr);
}

/// Calls `change` on every expression over the columns of a relation, from the inside out.
pub(super) fn map_relation(plan: &mut Plan, id: usize, change: &mut dyn FnMut(&mut Expr)) {
    use map as deep;
    fn step(step: &mut Step, change: &mut dyn FnMut(&mut Expr)) {
        match &mut step.kind {
            StepKind::Filter(e)
            | StepKind::Except { condition: e, .. }
            | StepKind::Extend { value: e, .. }
            | StepKind::Expand { list: e, .. } => deep(e, change),
            StepKind::Lookup { .. } => {}
        }
    }
    for (other, relation) in plan.relations.iter_mut().enumerate() {
        if other == id {
            relation.steps.iter_mut().for_each(|s| step(s, change));
        }
        match &mut relation.operator {
            Operator::Scan { .. } | Operator::History { .. } => {}
            Operator::Aggregate {
                inputs,
                keys,
                aggregates,
                computed,
                ..
            } => {
                if other == id {
                    computed.iter_mut().for_each(|(_, e)| deep(e, change));
                }
                for n in (0..inputs.len()).filter(|n| inputs.get(*n) == Some(&id)) {
                    keys.iter_mut()
                        .filter_map(|k| k.values.get_mut(n))
                        .for_each(|e| deep(e, change));
                    for aggregate in aggregates.iter_mut().filter(|a| a.input == n) {
                        aggregate.argument.iter_mut().for_each(|e| deep(e, change));
                        aggregate.condition.iter_mut().for_each(|e| deep(e, change));
                    }
                }
            }
            Operator::Join {
                parts, keys, columns, ..
            } => {
                let parts = parts.clone();
                map_parts(&parts, id, keys, columns, &mut |e| deep(e, change));
            }
            Operator::AntiJoin {
                left,
                right,
                keys,
                columns,
                ..
            } => {
                map_parts(&[*left, *right], id, keys, columns, &mut |e| deep(e, change));
            }
        }
    }
    if plan.alert.input == id {
        plan.alert.steps.iter_mut().for_each(|s| step(s, change));
        plan.alert.columns.iter_mut().for_each(|c| deep(&mut c.value, change));
    }
}

fn map_parts(
    parts: &[usize],
    id: usize,
    keys: &mut [super::JoinKey],
    columns: &mut [super::PartColumn],
    change: &mut dyn FnMut(&mut Expr),
) {
    let is_part = |part: usize| parts.get(part) == Some(&id);
    for key in keys {
        for side in [&mut key.left, &mut key.right] {
            if is_part(side.0) {
                change(&mut side.1);
            }
        }
    }
    columns
        .iter_mut()
        .filter(|c| is_part(c.part))
        .for_each(|c| change(&mut c.value));
}

//! What nothing reads any more leaves the plan.

use super::lower::visit_relation;
use super::{ConstantValue, Expr, ExprKind, List, Literal, Origin, Plan, Step, StepKind, fold};

/// Fields that nothing reads any more (folding took their test away) leave their scan. What tests expect is read from the
/// alert's relation too.
pub(super) fn drop_unread_fields(plan: &mut Plan, expected: &mut [&mut Expr]) {
    for id in 0..plan.relations.len() {
        let of_alert = plan.alert.input == id;
        let mut read: Vec<usize> = Vec::new();
        if of_alert {
            expected.iter().for_each(|value| read.extend(value.slots()));
        }
        visit_relation(plan, id, &mut |expr| {
            if let ExprKind::Column(slot) = expr.kind {
                read.push(slot);
            }
            false
        });
        let Some(relation) = plan.relations.get_mut(id) else {
            continue;
        };
        let keep: Vec<bool> = relation
            .columns
            .iter()
            .enumerate()
            .map(|(slot, c)| !matches!(c.origin, Origin::Field(_)) || read.contains(&slot))
            .collect();
        if keep.iter().all(|keep| *keep) {
            continue;
        }
        let new: Vec<usize> = (0..keep.len())
            .map(|slot| keep.iter().take(slot).filter(|k| **k).count())
            .collect();
        let moved = |slot: usize| new.get(slot).copied().unwrap_or(slot);
        let mut kept = keep.iter();
        relation.columns.retain(|_| kept.next().copied().unwrap_or(true));
        let fills = |step: &mut Step| {
            if let StepKind::Extend { slot, .. } | StepKind::Expand { slot, .. } = &mut step.kind {
                *slot = moved(*slot);
            }
        };
        relation.steps.iter_mut().for_each(fills);
        if plan.alert.input == id {
            plan.alert.steps.iter_mut().for_each(fills);
        }
        let renumber = &mut |expr: &mut Expr| {
            if let ExprKind::Column(slot) = &mut expr.kind {
                *slot = moved(*slot);
            }
        };
        fold::map_relation(plan, id, renumber);
        if of_alert {
            expected.iter_mut().for_each(|value| fold::map(value, renumber));
        }
    }
}

/// Keeps the constants that the rule uses, in their order.
pub(super) fn used_constants(plan: &mut Plan) {
    let mut used = vec![false; plan.constants.len()];
    let mut mark = |index: usize| {
        if let Some(used) = used.get_mut(index) {
            *used = true;
        }
    };
    for id in 0..plan.relations.len() {
        visit_relation(plan, id, &mut |expr| {
            match &expr.kind {
                ExprKind::Constant(index) => mark(*index),
                ExprKind::SetOf(list)
                | ExprKind::In { list, .. }
                | ExprKind::InCidr { blocks: list, .. }
                | ExprKind::HasAny { list, .. } => {
                    if let List::Constant(index) = list {
                        mark(*index);
                    }
                }
                _ => {}
            }
            false
        });
    }
    let mut next = 0;
    let new: Vec<usize> = used
        .iter()
        .map(|used| {
            let index = next;
            next += usize::from(*used);
            index
        })
        .collect();
    for id in 0..plan.relations.len() {
        fold::map_relation(plan, id, &mut |expr| match &mut expr.kind {
            ExprKind::Constant(index) => *index = new.get(*index).copied().unwrap_or(0),
            ExprKind::SetOf(list)
            | ExprKind::In { list, .. }
            | ExprKind::InCidr { blocks: list, .. }
            | ExprKind::HasAny { list, .. } => {
                if let List::Constant(index) = list {
                    *index = new.get(*index).copied().unwrap_or(0);
                }
            }
            _ => {}
        });
    }
    let mut keep = used.into_iter();
    plan.constants.retain(|_| keep.next().unwrap_or(false));
    debug_assert!(
        plan.constants
            .iter()
            .all(|c| !matches!(&c.value, ConstantValue::Scalar(Literal::Duration(_))))
    );
}

//! What is known after a filter: which values are present, and which fields equal which literals.

use crate::functions::{Missing, Result_};
use crate::plan::print::expression_key;
use crate::plan::{Argument, Constant, ConstantValue, Expr, ExprKind, List, Literal, Step, StepKind, Type};
use std::collections::{BTreeMap, BTreeSet};

/// Printed expressions that are known to be present.
pub(crate) type Facts = BTreeSet<String>;

/// The key of an expression; reading json as text does not change whether there is a value.
fn key(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Convert(inner) if expr.ty == Type::Text => key(inner),
        _ => expression_key(expr),
    }
}

/// Whether an expression is known to be present.
pub(crate) fn is_present(facts: &Facts, expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Constant(_) => true,
        ExprKind::Call { function, arguments } => {
            let with_argument = matches!(
                function.0.result,
                Result_::Of {
                    missing: Missing::WithArgument,
                    ..
                }
            );
            let given = match arguments.first() {
                Some(Argument::Value(value)) => is_present(facts, value),
                _ => false,
            };
            // One of the two results of an `if` comes out.
            let either = matches!(function.0.result, Result_::OfArguments)
                && matches!(arguments.as_slice(), [_, Argument::Value(then), Argument::Value(otherwise)]
                    if is_present(facts, then) && is_present(facts, otherwise));
            facts.contains(&key(expr)) || with_argument && given || either
        }
        ExprKind::Coalesce(parts) => facts.contains(&key(expr)) || parts.iter().any(|p| is_present(facts, p)),
        _ => facts.contains(&key(expr)),
    }
}

/// What holds after the steps, beside what held before.
pub(crate) fn after(mut facts: Facts, steps: &[Step]) -> Facts {
    for step in steps {
        match &step.kind {
            StepKind::Filter(condition) => facts.extend(known(condition)),
            StepKind::Except { condition, .. } => facts.extend(known_if_not(condition)),
            StepKind::Extend { slot, value } => {
                if is_present(&facts, value) {
                    facts.insert(format!("#{slot}"));
                }
            }
            StepKind::Expand { list, .. } => {
                facts.insert(key(list));
            }
            StepKind::Lookup { .. } => {}
        }
    }
    facts
}

/// What is present where a condition is true.
pub(crate) fn known(condition: &Expr) -> Facts {
    // A json value that could be read as a number or a bool is there.
    let one = |expr: &Expr| match &expr.kind {
        ExprKind::Convert(inner) => Facts::from([key(expr), key(inner)]),
        _ => Facts::from([key(expr)]),
    };
    match &condition.kind {
        ExprKind::And(parts) => parts.iter().flat_map(known).collect(),
        ExprKind::Or(parts) => {
            let mut all = parts.iter().map(known);
            let first = all.next().unwrap_or_default();
            all.fold(first, |a, b| a.intersection(&b).cloned().collect())
        }
        ExprKind::Not(inner) => known_if_not(inner),
        ExprKind::Present(inner)
        | ExprKind::Address(inner)
        | ExprKind::In { value: inner, .. }
        | ExprKind::InCidr { value: inner, .. }
        | ExprKind::HasAny { value: inner, .. }
        | ExprKind::Text { value: inner, .. }
        | ExprKind::Matches { value: inner, .. }
        | ExprKind::HasElement { list: inner, .. } => one(inner),
        ExprKind::Equal { left, right, .. } | ExprKind::Order { left, right, .. } => {
            one(left).into_iter().chain(one(right)).collect()
        }
        ExprKind::Column(_) | ExprKind::Convert(_) => one(condition),
        ExprKind::Literal(_)
        | ExprKind::Constant(_)
        | ExprKind::SetOf(_)
        | ExprKind::Member { .. }
        | ExprKind::Empty(_)
        | ExprKind::Coalesce(_)
        | ExprKind::Set { .. }
        | ExprKind::Arithmetic { .. }
        | ExprKind::Call { .. } => Facts::new(),
    }
}

/// What is present where a condition is false.
fn known_if_not(condition: &Expr) -> Facts {
    match &condition.kind {
        ExprKind::Not(inner) => known(inner),
        ExprKind::Or(parts) => parts.iter().flat_map(known_if_not).collect(),
        _ => Facts::new(),
    }
}

/// Literals that a column is known to equal one of, by slot.
pub(crate) type Literals = BTreeMap<usize, Vec<Literal>>;

/// The elements of a list that holds the same wherever the plan is used.
pub(crate) fn settled(constant: &Constant) -> Option<&[Literal]> {
    match &constant.value {
        ConstantValue::List(elements) if !constant.open => Some(elements),
        ConstantValue::List(_) | ConstantValue::Scalar(_) => None,
    }
}

/// Adds what a condition fixes to literals: `c == "l"`, `c in ["l", "m"]`, and of all parts of an `and`.
pub(crate) fn fixed(condition: &Expr, constants: &[Constant], literals: &mut Literals) {
    match &condition.kind {
        ExprKind::And(parts) => parts.iter().for_each(|part| fixed(part, constants, literals)),
        ExprKind::Equal {
            left,
            right,
            fold: false,
        } => {
            if let (ExprKind::Column(slot), ExprKind::Literal(literal)) = (&left.kind, &right.kind) {
                narrow(literals, *slot, std::slice::from_ref(literal));
            }
        }
        ExprKind::In {
            value,
            list,
            fold: false,
        } => {
            if let ExprKind::Column(slot) = value.kind {
                let elements = match list {
                    List::Inline(elements) => elements.as_slice(),
                    List::Constant(index) => match constants.get(*index).and_then(settled) {
                        Some(elements) => elements,
                        None => return,
                    },
                };
                narrow(literals, slot, elements);
            }
        }
        _ => {}
    }
}

/// Adds what a condition says that columns are not: `c != "l"`, `not c in ["l", "m"]`, and of all parts of an `and`.
pub(crate) fn excluded(condition: &Expr, constants: &[Constant], literals: &mut Literals) {
    match &condition.kind {
        ExprKind::And(parts) => parts.iter().for_each(|part| excluded(part, constants, literals)),
        ExprKind::Not(inner) => excluded_by(inner, constants, literals),
        _ => {}
    }
}

/// Adds what a column is not where a condition is false.
pub(crate) fn excluded_by(condition: &Expr, constants: &[Constant], literals: &mut Literals) {
    if matches!(condition.kind, ExprKind::Equal { .. } | ExprKind::In { .. }) {
        let mut one = Literals::new();
        fixed(condition, constants, &mut one);
        for (slot, values) in one {
            literals.entry(slot).or_default().extend(values);
        }
    }
}

fn narrow(literals: &mut Literals, slot: usize, to: &[Literal]) {
    literals
        .entry(slot)
        .and_modify(|known| known.retain(|literal| to.iter().any(|other| other.same(literal))))
        .or_insert_with(|| to.to_vec());
}

//! What is done to the rows of a relation, as items, and which of them matter for what leaves it.

use super::scope::Bound;
use crate::plan::{Expr, ExprKind, Operator, Origin, Relation, RelationId, Slot, Step, StepKind, Type};
use crate::source::ColumnType;
use std::collections::{BTreeMap, BTreeSet};

/// Something done to each row.
#[derive(Clone, Debug)]
pub(super) enum Item<'a> {
    /// Keeps rows; with a reason, removes them.
    Condition {
        condition: &'a Expr,
        reason: Option<&'a str>,
    },
    /// Keeps rows that have the value.
    Guard(&'a Expr),
    /// Fills a slot.
    Extend { slot: Slot, value: &'a Expr },
    /// A row for each element.
    Expand { slot: Slot, list: &'a Expr },
    /// Joins the row of a history.
    Lookup { baseline: RelationId, slots: Vec<Slot> },
}

impl<'a> Item<'a> {
    /// What it reads.
    pub(super) fn input(&self) -> Option<&'a Expr> {
        match self {
            Item::Condition { condition, .. } => Some(condition),
            Item::Guard(value) | Item::Extend { value, .. } | Item::Expand { list: value, .. } => Some(value),
            Item::Lookup { .. } => None,
        }
    }

    /// The slots it fills.
    pub(super) fn fills(&self) -> Vec<Slot> {
        match self {
            Item::Condition { .. } | Item::Guard(_) => Vec::new(),
            Item::Extend { slot, .. } | Item::Expand { slot, .. } => vec![*slot],
            Item::Lookup { slots, .. } => slots.clone(),
        }
    }
}

/// The steps of a relation as items; a filter by `and` is several.
pub(super) fn items<'a>(relation: &'a Relation, steps: impl IntoIterator<Item = &'a Step>) -> Vec<Item<'a>> {
    let mut out = Vec::new();
    for step in steps {
        match &step.kind {
            StepKind::Filter(condition) => conjuncts(condition, &mut out),
            StepKind::Except { reason, condition } => out.push(Item::Condition {
                condition,
                reason: Some(reason),
            }),
            StepKind::Extend { slot, value } => out.push(Item::Extend { slot: *slot, value }),
            StepKind::Expand { slot, list } => out.push(Item::Expand { slot: *slot, list }),
            StepKind::Lookup { baseline } => {
                let filled = |(slot, column): (Slot, &crate::plan::Column)| match column.origin {
                    Origin::Baseline(from, _) | Origin::BaselinePresent(from) if from == *baseline => Some(slot),
                    _ => None,
                };
                out.push(Item::Lookup {
                    baseline: *baseline,
                    slots: relation.columns.iter().enumerate().filter_map(filled).collect(),
                });
            }
        }
    }
    out
}

fn conjuncts<'a>(condition: &'a Expr, out: &mut Vec<Item<'a>>) {
    match &condition.kind {
        ExprKind::And(parts) => parts.iter().for_each(|part| conjuncts(part, out)),
        _ => out.push(Item::Condition {
            condition,
            reason: None,
        }),
    }
}

/// The slots that items and what follows them read, before the first item; items that fill nothing of use are dropped.
pub(super) fn live<'a>(items: &mut Vec<Item<'a>>, roots: &BTreeSet<Slot>) -> BTreeSet<Slot> {
    let mut live = roots.clone();
    let mut kept: Vec<Item<'a>> = Vec::new();
    for mut item in items.drain(..).rev() {
        match &mut item {
            Item::Extend { slot, .. } if !live.contains(slot) => continue,
            Item::Lookup { slots, .. } => {
                slots.retain(|slot| live.contains(slot));
                if slots.is_empty() {
                    continue;
                }
            }
            Item::Condition { .. } | Item::Guard(_) | Item::Extend { .. } | Item::Expand { .. } => {}
        }
        live.extend(item.input().into_iter().flat_map(Expr::slots));
        kept.push(item);
    }
    kept.reverse();
    *items = kept;
    live
}

/// Tests that a `let` names and one place reads: they are written there. Gives their slots and texts.
pub(super) fn inline<'a>(
    items: &mut Vec<Item<'a>>,
    roots: &[&'a Expr],
    bool_slot: impl Fn(Slot) -> bool,
) -> BTreeMap<Slot, &'a Expr> {
    let mut uses: BTreeMap<Slot, usize> = BTreeMap::new();
    for e in items.iter().filter_map(Item::input).chain(roots.iter().copied()) {
        e.walk(&mut |e| {
            if let ExprKind::Column(slot) = e.kind {
                *uses.entry(slot).or_default() += 1;
            }
        });
    }
    let mut tests = BTreeMap::new();
    items.retain(|item| match item {
        Item::Extend { slot, value } if bool_slot(*slot) && is_test(value) && uses.get(slot) == Some(&1) => {
            tests.insert(*slot, *value);
            false
        }
        _ => true,
    });
    tests
}

/// Whether an expression is a test, which is true or false and never missing.
pub(super) fn is_test(e: &Expr) -> bool {
    match &e.kind {
        // `if` of tests is one.
        ExprKind::Call { function, arguments } => {
            function.0.name == "if"
                && arguments.iter().all(|argument| match argument {
                    crate::plan::Argument::Value(value) => is_test(value),
                    crate::plan::Argument::Pattern(_) => false,
                })
        }
        _ => e.is_test(),
    }
}

/// Whether a json slot is only ever read as text, so that it can be kept as text. A list that is expanded stays one.
pub(super) fn only_text<'a>(slot: Slot, items: &[Item<'a>], others: impl IntoIterator<Item = &'a Expr>) -> bool {
    let read = |item: &Item<'a>| {
        let expands = matches!(item, Item::Expand { .. });
        item.input().is_none_or(|e| text_only(e, slot, !expands))
    };
    items.iter().all(read) && others.into_iter().all(|e| text_only(e, slot, true))
}

/// `top`: what stands here is read as text.
fn text_only(e: &Expr, slot: Slot, top: bool) -> bool {
    match &e.kind {
        ExprKind::Column(s) => *s != slot || top,
        ExprKind::Convert(inner) | ExprKind::Present(inner) => text_only(inner, slot, true),
        ExprKind::Equal { left, right, .. } => text_only(left, slot, true) && text_only(right, slot, true),
        ExprKind::In { value, .. }
        | ExprKind::InCidr { value, .. }
        | ExprKind::HasAny { value, .. }
        | ExprKind::Matches { value, .. }
        | ExprKind::Address(value)
        | ExprKind::Text { value, .. } => text_only(value, slot, true),
        ExprKind::Coalesce(parts) => parts
            .iter()
            .all(|part| text_only(part, slot, top || e.ty == Type::Text)),
        ExprKind::Not(_)
        | ExprKind::And(_)
        | ExprKind::Or(_)
        | ExprKind::Order { .. }
        | ExprKind::HasElement { .. }
        | ExprKind::Empty(_)
        | ExprKind::Set { .. }
        | ExprKind::Arithmetic { .. }
        | ExprKind::Literal(_)
        | ExprKind::Constant(_)
        | ExprKind::SetOf(_) => {
            let mut all = true;
            e.children(&mut |child| all &= text_only(child, slot, false));
            all
        }
        ExprKind::Member { base, .. } => text_only(base, slot, false),
        ExprKind::Call { function, arguments } => {
            let accepts = function.0.parameters.iter().map(|p| p.accepts);
            arguments.iter().zip(accepts).all(|(argument, accepts)| match argument {
                crate::plan::Argument::Value(value) => {
                    text_only(value, slot, accepts == crate::functions::Accepts::Text)
                }
                crate::plan::Argument::Pattern(_) => true,
            })
        }
    }
}

/// How often the text of an expression would parse each JSON column.
pub(super) fn parses(e: &Expr, is_json: &dyn Fn(Slot) -> bool, count: &mut BTreeMap<Slot, usize>) {
    e.walk(&mut |e| {
        let (read, times) = match &e.kind {
            ExprKind::Member { base, .. } => (&**base, 1),
            ExprKind::HasElement { list, .. } | ExprKind::Empty(list) => (&**list, 2),
            ExprKind::Call { function, arguments } if function.0.name == "size" => match arguments.first() {
                Some(crate::plan::Argument::Value(list)) => (list, 2),
                _ => return,
            },
            _ => return,
        };
        let mut slot = read;
        while let ExprKind::Member { base, .. } = &slot.kind {
            slot = base;
        }
        if let ExprKind::Column(slot) = slot.kind
            && is_json(slot)
        {
            *count.entry(slot).or_default() += times;
        }
    });
}

/// The paths below json values that are read as text, and how often each would be written.
pub(super) fn paths<'e>(e: &'e Expr, times: usize, found: &mut Vec<(&'e Expr, usize)>) {
    match &e.kind {
        ExprKind::Member { .. } if e.ty == Type::Json => found.push((e, times)),
        ExprKind::Convert(inner)
            if matches!(e.ty, Type::Int | Type::Real) && matches!(inner.kind, ExprKind::Member { .. }) =>
        {
            found.push((e, times));
        }
        // What stands here is read as a list.
        ExprKind::HasElement { .. } | ExprKind::Empty(_) => {}
        ExprKind::Call { function, arguments } => {
            let times = match function.0.name {
                "before" | "after" => times * 3,
                "size" => return,
                _ => times,
            };
            for argument in arguments {
                if let crate::plan::Argument::Value(value) = argument {
                    paths(value, times, found);
                }
            }
        }
        _ => e.children(&mut |child| paths(child, times, found)),
    }
}

/// The paths below json values that are read as lists; the text of such a reading names the list more than once.
pub(super) fn lists<'e>(e: &'e Expr, found: &mut Vec<&'e Expr>) {
    e.walk(&mut |e| {
        let list = match &e.kind {
            ExprKind::HasElement { list, .. } | ExprKind::Empty(list) => &**list,
            ExprKind::Call { function, arguments } if function.0.name == "size" => match arguments.first() {
                Some(crate::plan::Argument::Value(list)) => list,
                _ => return,
            },
            _ => return,
        };
        if matches!(list.kind, ExprKind::Member { .. }) {
            found.push(list);
        }
    });
}

/// What a relation's own slots are, where its rows come from a table.
pub(super) fn bind_field<'a>(column: &str, ty: Type, column_type: ColumnType) -> Bound<'a> {
    use super::layout::Text;
    let text = |text: String| Bound::Text(Text::atom(text));
    match (ty, column_type) {
        (Type::Json, ColumnType::String) => Bound::JsonText(column.to_owned(), None),
        (Type::Text, ColumnType::String)
        | (Type::Json, _)
        | (Type::Bool, ColumnType::Bool)
        | (Type::Int, ColumnType::Long | ColumnType::Int)
        | (Type::Real, ColumnType::Real)
        | (Type::Time, ColumnType::Datetime) => Bound::Column(column.to_owned()),
        (Type::Text, _) => text(format!("tostring({column})")),
        (Type::Bool, ColumnType::String) => text(super::value::bool_of(column)),
        (Type::Bool, _) => text(format!("tobool({column})")),
        (Type::Int, _) => text(format!("tolong({column})")),
        (Type::Real, _) => text(format!("toreal({column})")),
        (Type::Time, _) => text(format!("todatetime({column})")),
        (Type::Duration | Type::Set(_), _) => Bound::Nowhere,
    }
}

/// Whether a relation's rows are events of a table.
pub(super) fn is_scan(relation: &Relation) -> bool {
    matches!(relation.operator, Operator::Scan { .. })
}

//! Matches: pairs and chains of rows close in time, and rows that lack a partner.

use super::aggregate::{Group, Window};
use super::layout::{Level, Pipe, Text};
use super::live::{self, Item};
use super::names::{END_COLUMN, START_COLUMN, TIME_COLUMN, flat, ident};
use super::rows::Rows;
use super::scope::{Bound, Context, Scope};
use crate::plan::{
    Expr, ExprKind, FIRST, JoinKey, LAST, Link, Operator, PartColumn, Relation, RelationId, Slot, TIME, Type,
};
use std::collections::BTreeSet;

/// A part of a match, as a `let`.
struct Part<'a> {
    table: String,
    pipe: Pipe,
    time: String,
    first: String,
    last: String,
    /// The match's slots that this part fills: column, whether it is text of json, whether it is known to be there.
    filled: Vec<(Slot, Bound<'a>, bool)>,
}

/// What a part must give.
struct Asked<'a> {
    /// Column name and value of each key.
    keys: Vec<(String, &'a Expr)>,
    /// The match's columns.
    columns: Vec<&'a PartColumn>,
    /// Slots whose json is read further.
    dynamic: BTreeSet<Slot>,
    /// Whether the part is the first of an absence, whose rows leave as they are.
    alone: bool,
}

/// The rows of a match and of the alert on it.
pub(super) fn match_alert<'a>(
    ctx: &'a Context<'a>,
    id: RelationId,
    mut items: Vec<Item<'a>>,
    roots: &[&'a Expr],
) -> Option<Rows<'a>> {
    let relation = ctx.plan.relations.get(id)?;
    let wanted = live::live(&mut items, &roots.iter().flat_map(|e| e.slots()).collect());
    let dynamic: BTreeSet<Slot> = wanted
        .iter()
        .copied()
        .filter(|slot| !live::only_text(*slot, &items, roots.iter().copied()))
        .collect();
    let mut rows = match &relation.operator {
        Operator::Join {
            parts,
            link,
            keys,
            columns,
            ..
        } => join(ctx, id, relation, &wanted, &dynamic, parts, *link, keys, columns)?,
        Operator::AntiJoin {
            left,
            right,
            keys,
            columns,
            ..
        } => anti_join(ctx, id, relation, &wanted, &dynamic, [*left, *right], keys, columns)?,
        Operator::Scan { .. } | Operator::Aggregate { .. } | Operator::History { .. } => return None,
    };
    rows.run(items, roots);
    Some(rows)
}

fn key_name(ctx: &Context<'_>, id: RelationId, key: &JoinKey) -> String {
    ident(&ctx.column_name(id, key.slot))
}

/// The value of a key in a form that both sides share.
fn key_text(rows: &Rows<'_>, value: &Expr, ty: Type) -> String {
    match ty {
        Type::Json | Type::Text => rows.scope.text(value),
        _ => rows.scope.as_type(value, ty),
    }
}

#[allow(clippy::too_many_arguments, reason = "the fields of the operator")]
fn join<'a>(
    ctx: &'a Context<'a>,
    id: RelationId,
    relation: &'a Relation,
    wanted: &BTreeSet<Slot>,
    dynamic: &BTreeSet<Slot>,
    parts: &'a [RelationId],
    link: Link,
    keys: &'a [JoinKey],
    columns: &'a [PartColumn],
) -> Option<Rows<'a>> {
    let mut made = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        let mut asked = Asked {
            keys: Vec::new(),
            columns: columns
                .iter()
                .filter(|c| c.part == n && wanted.contains(&c.slot))
                .collect(),
            dynamic: dynamic.clone(),
            alone: false,
        };
        for key in keys {
            let name = key_name(ctx, id, key);
            for (_, value) in [&key.left, &key.right].into_iter().filter(|(of, _)| *of == n) {
                if !asked.keys.iter().any(|(known, _)| *known == name) {
                    asked.keys.push((name.clone(), value));
                }
            }
        }
        // Only the last of an ordered match must lie in the run itself.
        let back = link == Link::With || n + 1 < parts.len();
        made.push(make_part(ctx, id, *part, &asked, back)?);
    }
    for part in &made {
        ctx.push_let(part.pipe.named(&part.table));
    }
    let (first, others) = made.split_first()?;
    let mut pipe = Pipe::new(&first.table);
    for (n, part) in (1..).zip(others) {
        let mut on: Vec<String> = Vec::new();
        for key in keys.iter().filter(|key| key.right.0 == n) {
            let name = key_name(ctx, id, key);
            if !on.contains(&name) {
                on.push(name);
            }
        }
        if on.is_empty() {
            ctx.refuse(
                relation.span,
                "a part without a key would be joined with every row",
                "name a key of this part after `on`",
            );
        }
        pipe.line(format!("join kind=inner {} on {}", part.table, on.join(", ")));
    }
    let mut scope = Scope::new(ctx, id, relation);
    for key in keys {
        let name = key_name(ctx, id, key);
        let is_json = scope.ty(key.slot) == Type::Json;
        scope.bind(
            key.slot,
            if is_json {
                Bound::AsText(name)
            } else {
                Bound::Column(name)
            },
        );
        scope.learn_slot(key.slot);
    }
    for (slot, bound, present) in made.iter().flat_map(|part| part.filled.iter().cloned()) {
        scope.bind(slot, bound);
        if present {
            scope.learn_slot(slot);
        }
    }
    times(ctx, &mut pipe, &mut scope, &made, link);
    Some(Rows::new(scope, pipe))
}

/// The test of the parts' distance, and the times of the pair.
fn times(ctx: &Context<'_>, pipe: &mut Pipe, scope: &mut Scope<'_>, parts: &[Part<'_>], link: Link) {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return;
    };
    let list = |f: fn(&Part<'_>) -> String| parts.iter().map(f).collect::<Vec<_>>().join(", ");
    let max_gap = ctx.clock.max_gap();
    // Without groups a part's time is its first and its last.
    let plain = parts
        .iter()
        .all(|part| part.first == part.time && part.last == part.time);
    let text = |text: String| Bound::Text(Text::atom(text));
    match link {
        Link::Then | Link::Without => {
            if parts.len() == 2 {
                pipe.filter(&[Text::compare(format!(
                    "{} - {} between (0s .. {max_gap})",
                    last.time, first.time
                ))]);
            } else {
                let mut tests: Vec<Text> = parts
                    .windows(2)
                    .filter_map(|pair| match pair {
                        [a, b] => Some(Text::compare(format!("{} <= {}", a.time, b.time))),
                        _ => None,
                    })
                    .collect();
                tests.push(Text::compare(format!("{} - {} <= {max_gap}", last.time, first.time)));
                pipe.filter(&tests);
            }
            scope.bind(TIME, text(last.time.clone()));
            let (start, end) = if plain {
                (first.time.clone(), last.time.clone())
            } else {
                (
                    format!("min_of({})", list(|p| p.first.clone())),
                    format!("max_of({})", list(|p| p.last.clone())),
                )
            };
            scope.bind(FIRST, text(start));
            scope.bind(LAST, text(end));
        }
        Link::With => {
            let run_start = ctx.clock.run_start();
            let (earliest, latest) = (list(|p| p.time.clone()), list(|p| p.time.clone()));
            if plain {
                pipe.extend(START_COLUMN, Text::atom(format!("min_of({earliest})")));
                pipe.extend(END_COLUMN, Text::atom(format!("max_of({latest})")));
                pipe.filter(&[
                    Text::compare(format!("{END_COLUMN} > {run_start}")),
                    Text::compare(format!("{END_COLUMN} - {START_COLUMN} <= {max_gap}")),
                ]);
                scope.bind(TIME, text(END_COLUMN.to_owned()));
            } else {
                pipe.extend(TIME_COLUMN, Text::atom(format!("max_of({latest})")));
                pipe.extend(
                    START_COLUMN,
                    Text::atom(format!("min_of({})", list(|p| p.first.clone()))),
                );
                pipe.extend(END_COLUMN, Text::atom(format!("max_of({})", list(|p| p.last.clone()))));
                pipe.filter(&[
                    Text::compare(format!("{TIME_COLUMN} > {run_start}")),
                    Text::compare(format!("{TIME_COLUMN} - min_of({earliest}) <= {max_gap}")),
                ]);
                scope.bind(TIME, text(TIME_COLUMN.to_owned()));
            }
            scope.bind(FIRST, text(START_COLUMN.to_owned()));
            scope.bind(LAST, text(END_COLUMN.to_owned()));
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "the fields of the operator")]
fn anti_join<'a>(
    ctx: &'a Context<'a>,
    id: RelationId,
    relation: &'a Relation,
    wanted: &BTreeSet<Slot>,
    dynamic: &BTreeSet<Slot>,
    [left, right]: [RelationId; 2],
    keys: &'a [JoinKey],
    columns: &'a [PartColumn],
) -> Option<Rows<'a>> {
    let on: Vec<String> = keys.iter().map(|key| key_name(ctx, id, key)).collect();
    let asked = Asked {
        keys: on.iter().cloned().zip(keys.iter().map(|key| &key.left.1)).collect(),
        columns: columns.iter().filter(|c| wanted.contains(&c.slot)).collect(),
        dynamic: dynamic.clone(),
        alone: true,
    };
    let rows = make_part(ctx, id, left, &asked, false)?;
    let asked = Asked {
        keys: on.iter().cloned().zip(keys.iter().map(|key| &key.right.1)).collect(),
        columns: Vec::new(),
        dynamic: BTreeSet::new(),
        alone: false,
    };
    let partner = make_part(ctx, id, right, &asked, true)?;
    ctx.push_let(rows.pipe.materialized(&rows.table));
    ctx.push_let(partner.pipe.named(&partner.table));
    let on = on.join(", ");
    let mut covered = Pipe::new(&rows.table);
    covered.line(format!("join kind=inner {} on {on}", partner.table));
    let gap = ctx.clock.max_gap();
    covered.filter(&[Text::compare(format!(
        "{TIME_COLUMN} - {} between (0s .. {gap})",
        partner.time
    ))]);
    covered.line(format!("distinct {on}, {TIME_COLUMN}"));
    let name = ctx.names.borrow().covered.clone();
    ctx.push_let(covered.named(&name));
    let mut pipe = Pipe::new(&rows.table);
    pipe.line(format!("join kind=leftanti {name} on {on}, {TIME_COLUMN}"));

    let mut scope = Scope::new(ctx, id, relation);
    for key in keys {
        let name = key_name(ctx, id, key);
        let is_json = scope.ty(key.slot) == Type::Json;
        scope.bind(
            key.slot,
            if is_json {
                Bound::AsText(name)
            } else {
                Bound::Column(name)
            },
        );
        scope.learn_slot(key.slot);
    }
    for (slot, bound, present) in rows.filled {
        scope.bind(slot, bound);
        if present {
            scope.learn_slot(slot);
        }
    }
    scope.bind(TIME, Bound::Column(rows.time));
    scope.bind(FIRST, Bound::Column(rows.first));
    scope.bind(LAST, Bound::Column(rows.last));
    Some(Rows::new(scope, pipe))
}

/// The rows of a part, with the columns that the match asks for.
fn make_part<'a>(
    ctx: &'a Context<'a>,
    id: RelationId,
    part: RelationId,
    asked: &Asked<'a>,
    back: bool,
) -> Option<Part<'a>> {
    let relation = ctx.plan.relations.get(part)?;
    let mut items = live::items(relation, &relation.steps);
    items.extend(asked.keys.iter().map(|(_, value)| Item::Guard(value)));
    let roots: Vec<&'a Expr> = asked
        .keys
        .iter()
        .map(|(_, value)| *value)
        .chain(asked.columns.iter().map(|c| &c.value))
        .collect();
    let body = live::live(&mut items, &roots.iter().flat_map(|e| e.slots()).collect());
    let mut rows = match Group::of(ctx, part) {
        Some(group) => {
            let (aggregates, computed) = group.body(&body);
            let input = group.input(ctx, &ctx.clock.windows(group.per, back), &aggregates)?;
            group.summarize(ctx, input.pipe.clone(), &input, &Window::Column, true, computed)
        }
        None => Rows::scan(ctx, part, &ctx.clock.run(back))?,
    };
    rows.run(items, &roots);

    let name = flat(&relation.name);
    let new_column = |name: String| ctx.names.borrow_mut().new_column(&name);
    let (time, first, last) = match (asked.alone, live::is_scan(relation)) {
        (true, true) => (TIME_COLUMN.to_owned(), TIME_COLUMN.to_owned(), TIME_COLUMN.to_owned()),
        (true, false) => (TIME_COLUMN.to_owned(), START_COLUMN.to_owned(), END_COLUMN.to_owned()),
        (false, true) => {
            let time = new_column(format!("{name}_time"));
            (time.clone(), time.clone(), time)
        }
        (false, false) => (
            new_column(format!("{name}_time")),
            new_column(format!("{name}_start")),
            new_column(format!("{name}_end")),
        ),
    };
    let mut project: Vec<(String, String)> = Vec::new();
    for (column, slot) in [(&time, TIME), (&first, FIRST), (&last, LAST)] {
        if !project.iter().any(|(name, _)| name == column) {
            let text = rows.scope.value(&at(relation, slot));
            project.push((column.clone(), text.at(Level::Sum)));
        }
    }
    let match_relation = ctx.plan.relations.get(id)?;
    for (column, value) in &asked.keys {
        let ty = match_relation
            .columns
            .iter()
            .enumerate()
            .find(|(slot, _)| ident(&ctx.column_name(id, *slot)) == *column);
        let text = key_text(&rows, value, ty.map_or(Type::Text, |(_, column)| column.ty));
        project.push((column.clone(), text));
    }
    let mut filled = Vec::new();
    for column in &asked.columns {
        let present = rows.scope.is_present(&column.value);
        // A time of the part is there already.
        if let ExprKind::Column(slot @ (TIME | FIRST | LAST)) = column.value.kind {
            let name = match slot {
                TIME => &time,
                FIRST => &first,
                _ => &last,
            };
            filled.push((column.slot, Bound::Column(name.clone()), true));
            continue;
        }
        let is_json = match_relation
            .columns
            .get(column.slot)
            .is_some_and(|c| c.ty == Type::Json);
        let as_text = is_json && !asked.dynamic.contains(&column.slot);
        let text = match (as_text, is_json) {
            (true, _) => rows.scope.text(&column.value),
            (false, true) => rows.scope.dynamic(&column.value),
            (false, false) => rows.scope.value(&column.value).plain().to_owned(),
        };
        let bound = |name: String| {
            if as_text {
                Bound::AsText(name)
            } else {
                Bound::Column(name)
            }
        };
        if let Some((name, _)) = project.iter().find(|(_, known)| *known == text) {
            filled.push((column.slot, bound(name.clone()), present));
            continue;
        }
        let name = ident(&ctx.column_name(id, column.slot));
        project.push((name.clone(), text));
        filled.push((column.slot, bound(name), present));
    }
    rows.pipe.project(project);
    Some(Part {
        table: ctx.table_name(part),
        pipe: rows.pipe,
        time,
        first,
        last,
        filled,
    })
}

fn at(relation: &Relation, slot: Slot) -> Expr {
    Expr {
        kind: ExprKind::Column(slot),
        ty: Type::Time,
        span: relation.span,
    }
}

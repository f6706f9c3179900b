//! An alert on a group with histories. Where the rule runs once a window, one function serves the window and its
//! history, so that the two cannot drift apart; else each window of the run is joined with the events before it.

use super::aggregate::{Group, Input, Window};
use super::layout::{Pipe, Text};
use super::live::{self, Item};
use super::names::{TIME_COLUMN, ident};
use super::rows::{Past, Rows};
use super::scope::{Bound, Context, Scope};
use super::time::Range;
use crate::plan::{Expr, Operator, Origin, RelationId, Slot, WINDOW_START};
use std::collections::{BTreeMap, BTreeSet};

/// What an alert wants of a history.
struct Wanted<'a> {
    baseline: RelationId,
    /// The alert's slots and the history's slots that fill them; none: whether there is a row.
    slots: Vec<(Slot, Option<Slot>)>,
    items: Vec<Item<'a>>,
    /// Slots of the group's body that the items and the alert read.
    body: BTreeSet<Slot>,
}

/// The rows of a group and of the alert on it.
pub(super) fn group_alert<'a>(
    ctx: &'a Context<'a>,
    id: RelationId,
    mut items: Vec<Item<'a>>,
    roots: &[&'a Expr],
) -> Option<Rows<'a>> {
    let group = Group::of(ctx, id)?;
    let mut body = live::live(&mut items, &roots.iter().flat_map(|e| e.slots()).collect());
    let mut wanted = Vec::new();
    for item in &items {
        if let Item::Lookup { baseline, slots } = item {
            wanted.push(want(ctx, &group, *baseline, slots)?);
        }
    }
    if wanted.is_empty() {
        let (aggregates, computed) = group.body(&body);
        let input = group.input(ctx, &ctx.clock.windows(group.per, false), &aggregates)?;
        let mut rows = group.summarize(ctx, input.pipe.clone(), &input, &Window::Column, true, computed);
        rows.run(items, roots);
        return Some(rows);
    }
    for baseline in &wanted {
        body.extend(baseline.body.iter().copied());
    }
    if ctx.plan.rule.every == group.per {
        once(ctx, &group, &body, &wanted, items, roots)
    } else {
        many(ctx, &group, &body, &wanted, items, roots)
    }
}

fn want<'a>(ctx: &'a Context<'a>, group: &Group<'a>, baseline: RelationId, slots: &[Slot]) -> Option<Wanted<'a>> {
    let history = ctx.plan.relations.get(baseline)?;
    let source = |slot: &Slot| match group.relation.columns.get(*slot).map(|column| column.origin) {
        Some(Origin::Baseline(_, from)) => Some((*slot, Some(from))),
        Some(Origin::BaselinePresent(_)) => Some((*slot, None)),
        _ => None,
    };
    let slots: Vec<(Slot, Option<Slot>)> = slots.iter().filter_map(source).collect();
    let mut items = live::items(history, &history.steps);
    let body = live::live(&mut items, &slots.iter().filter_map(|(_, from)| *from).collect());
    if body.iter().any(|slot| *slot <= WINDOW_START) {
        ctx.refuse(history.span, "a baseline has no time of its own", "leave its times out");
    }
    Some(Wanted {
        baseline,
        slots,
        items,
        body,
    })
}

/// The events, kept once: what keys and aggregates read of them.
fn events(ctx: &Context<'_>, group: &Group<'_>, mut input: Input) -> (String, Input) {
    let mut columns = vec![(TIME_COLUMN.to_owned(), TIME_COLUMN.to_owned())];
    let keys: Vec<String> = input.keys.iter().map(|(name, _)| name.clone()).collect();
    for read in &input.reads {
        if !columns.iter().any(|(name, _)| name == read) && !keys.contains(read) {
            columns.push((read.clone(), read.clone()));
        }
    }
    columns.extend(input.keys.iter().cloned());
    let mut pipe = std::mem::replace(&mut input.pipe, Pipe::new(""));
    pipe.project(columns);
    // Keys have their names from here on.
    input.keys = keys.iter().map(|name| (name.clone(), name.clone())).collect();
    let name = match group.inputs {
        [one] => ctx.table_name(*one),
        _ => ctx.names.borrow().events.clone(),
    };
    ctx.push_let(pipe.materialized(&name));
    (name, input)
}

/// The rule runs once a window: a function from a range of time to the group's rows, called for both.
fn once<'a>(
    ctx: &'a Context<'a>,
    group: &Group<'a>,
    body: &BTreeSet<Slot>,
    wanted: &[Wanted<'a>],
    items: Vec<Item<'a>>,
    roots: &[&'a Expr],
) -> Option<Rows<'a>> {
    let clock = &ctx.clock;
    let (aggregates, computed) = group.body(body);
    let baselines: Vec<RelationId> = wanted.iter().map(|w| w.baseline).collect();
    let range = Range::Windows {
        from: format!("{} - {}", clock.window_end(), clock.longest_history(&baselines)),
        to: clock.window_end(),
    };
    let input = group.input(ctx, &range, &aggregates)?;
    let (events, input) = events(ctx, group, input);
    let (start, end) = ctx.names.borrow().bounds.clone();
    let mut pipe = Pipe::new(&events);
    pipe.filter(&[Text::compare(format!(
        "{TIME_COLUMN} >= {start} and {TIME_COLUMN} < {end}"
    ))]);
    let rows = group.summarize(ctx, pipe, &input, &Window::Single, true, computed);
    let function = ctx.table_name(group.id);
    let lines = rows.pipe.lines(4).join("\n");
    ctx.push_let(format!(
        "let {function} = ({start}: datetime, {end}: datetime) {{\n{lines}\n}};"
    ));

    let mut pasts = BTreeMap::new();
    for want in wanted {
        let call = format!(
            "{function}({} - {}, {})",
            clock.window_end(),
            clock.history(want.baseline),
            clock.window_start()
        );
        let mut past = history_rows(ctx, group, want, Pipe::new(call))?;
        past.run(want.items.clone(), &[]);
        pasts.insert(want.baseline, finish(ctx, group, want, past, false));
    }
    let call = format!("{function}({}, {})", clock.window_start(), clock.window_end());
    let mut main = Rows::new(rows.scope, Pipe::new(call));
    main.pasts = pasts;
    main.run(items, roots);
    Some(main)
}

/// Any other schedule: every window of the run with its own history.
fn many<'a>(
    ctx: &'a Context<'a>,
    group: &Group<'a>,
    body: &BTreeSet<Slot>,
    wanted: &[Wanted<'a>],
    items: Vec<Item<'a>>,
    roots: &[&'a Expr],
) -> Option<Rows<'a>> {
    let clock = &ctx.clock;
    let (aggregates, computed) = group.body(body);
    let baselines: Vec<RelationId> = wanted.iter().map(|w| w.baseline).collect();
    let length = clock.window(group.per);
    let first = format!("bin({}, {length})", clock.run_start());
    let range = Range::Windows {
        from: format!("{first} + {length} - {}", clock.longest_history(&baselines)),
        to: format!("bin({}, {length})", clock.run_end()),
    };
    let input = group.input(ctx, &range, &aggregates)?;
    let (events, input) = events(ctx, group, input);
    let mut pipe = Pipe::new(&events);
    pipe.filter(&[Text::compare(format!("{TIME_COLUMN} >= {first}"))]);
    let rows = group.summarize(ctx, pipe, &input, &Window::Column, true, computed);
    let windows = ctx.table_name(group.id);
    ctx.push_let(rows.pipe.materialized(&windows));

    let keys: Vec<String> = input.keys.iter().map(|(name, _)| name.clone()).collect();
    let mut pasts = BTreeMap::new();
    for want in wanted {
        let (aggregates, computed) = group.body(&want.body);
        let names: Vec<String> = aggregates
            .iter()
            .map(|a| ident(&ctx.column_name(group.id, a.slot)))
            .collect();
        let mut pipe = Pipe::new(&windows);
        pipe.project(
            keys.iter()
                .map(|key| (key.clone(), key.clone()))
                .chain([window_start()])
                .collect(),
        );
        pipe.line(format!("join kind=inner {events} on {}", keys.join(", ")));
        let from = format!("windowStart + {length} - {}", clock.history(want.baseline));
        pipe.filter(&[Text::compare(format!(
            "{TIME_COLUMN} >= {from} and {TIME_COLUMN} < windowStart"
        ))]);
        let mut sums: Vec<(String, String)> = input.aggregates.clone();
        sums.retain(|(name, _)| names.contains(name));
        let mut by = input.keys.clone();
        by.push(window_start());
        if sums.is_empty() {
            pipe.line(format!("distinct {}, windowStart", keys.join(", ")));
        } else {
            pipe.summarize(sums, by);
        }
        let mut past = history_rows(ctx, group, want, pipe)?;
        let mut all = computed;
        all.extend(want.items.iter().cloned());
        past.run(all, &[]);
        pasts.insert(want.baseline, finish(ctx, group, want, past, true));
    }
    let mut main = Rows::new(rows.scope, Pipe::new(&windows));
    main.pasts = pasts;
    main.run(items, roots);
    Some(main)
}

fn window_start() -> (String, String) {
    ("windowStart".to_owned(), "windowStart".to_owned())
}

/// The columns of a history: those of the group's body, in the same slots.
fn history_rows<'a>(ctx: &'a Context<'a>, group: &Group<'a>, want: &Wanted<'a>, pipe: Pipe) -> Option<Rows<'a>> {
    let history = ctx.plan.relations.get(want.baseline)?;
    let Operator::History { .. } = history.operator else {
        return None;
    };
    let mut scope = Scope::new(ctx, want.baseline, history);
    for (slot, column) in history.columns.iter().enumerate() {
        if matches!(
            column.origin,
            Origin::Key(_) | Origin::Aggregate(_) | Origin::Computed(_)
        ) {
            scope.bind(slot, Bound::Column(ident(&ctx.column_name(group.id, slot))));
        }
    }
    for key in group.keys {
        scope.learn_slot(key.slot);
    }
    Some(Rows::new(scope, pipe))
}

/// Gives a history's columns their names in the alert, and makes a `let` of it.
fn finish(ctx: &Context<'_>, group: &Group<'_>, want: &Wanted<'_>, mut rows: Rows<'_>, windows: bool) -> Past {
    let mut on: Vec<String> = group
        .keys
        .iter()
        .map(|key| ident(&ctx.column_name(group.id, key.slot)))
        .collect();
    if windows {
        on.push("windowStart".to_owned());
    }
    let mut columns: Vec<(String, String)> = on.iter().map(|name| (name.clone(), name.clone())).collect();
    for (slot, from) in &want.slots {
        let value = match from {
            Some(from) => match rows.scope.bound(*from) {
                Bound::Column(name) => name.clone(),
                _ => {
                    ctx.refuse(
                        rows.scope.relation.span,
                        "a column of this history is not there",
                        "leave it out",
                    );
                    continue;
                }
            },
            None => "true".to_owned(),
        };
        columns.push((ident(&ctx.column_name(group.id, *slot)), value));
    }
    rows.pipe.project(columns);
    let name = ctx.table_name(want.baseline);
    ctx.push_let(rows.pipe.named(&name));
    Past { name, on }
}

//! Groups: one row for each key and window. The events of the streams are brought together first, by one scan where the
//! streams are plain selections of one source, else by `union`.

use super::layout::{Pipe, Text};
use super::live::{self, Item};
use super::names::{END_COLUMN, START_COLUMN, TIME_COLUMN, ident};
use super::rows::Rows;
use super::scope::{Bound, Context, Scope};
use super::time::Range;
use crate::plan::{
    Aggregate, AggregateName, Expr, ExprKind, FIRST, Key, LAST, Operator, Relation, RelationId, Slot, StepKind, TIME,
    Type, WINDOW_START,
};
use std::collections::{BTreeMap, BTreeSet};

/// A group's operator.
#[derive(Clone, Copy)]
pub(super) struct Group<'a> {
    pub(super) id: RelationId,
    pub(super) relation: &'a Relation,
    pub(super) inputs: &'a [RelationId],
    pub(super) keys: &'a [Key],
    pub(super) per: crate::value::Span,
    pub(super) aggregates: &'a [Aggregate],
    pub(super) computed: &'a [(Slot, Expr)],
}

/// An aggregate, printed in pieces.
struct Counted {
    function: AggregateName,
    argument: Option<String>,
    condition: Option<Text>,
    /// The test that the argument is there, where it can be missing.
    guard: Option<&'static str>,
}

impl Counted {
    /// The call; of a stream's rows only, where that is a condition.
    fn print(&self, member: Option<Text>) -> String {
        let (plain, conditional) = match self.function {
            AggregateName::Count => ("count", "countif"),
            AggregateName::Distinct => ("count_distinct", "count_distinctif"),
            AggregateName::Set => ("make_set", "make_set_if"),
            AggregateName::Min => ("min", "minif"),
            AggregateName::Max => ("max", "maxif"),
            AggregateName::Sum => ("sum", "sumif"),
            AggregateName::Avg => ("avg", "avgif"),
        };
        let argument = self.argument.as_deref().unwrap_or_default();
        let guard = self.guard.map(|test| Text::atom(format!("{test}({argument})")));
        let condition = self
            .condition
            .clone()
            .filter(|c| guard.as_ref().is_none_or(|g| g.plain() != c.plain()));
        let conditions: Vec<Text> = member.into_iter().chain(condition).chain(guard).collect();
        let condition = Text::all(&conditions);
        match (conditions.is_empty(), argument.is_empty()) {
            (true, _) => format!("{plain}({argument})"),
            (false, true) => format!("{conditional}({})", condition.plain()),
            (false, false) => format!("{conditional}({argument}, {})", condition.plain()),
        }
    }
}

/// Where the bounds of a group's rows stand.
pub(super) enum Window {
    /// In the column `windowStart`.
    Column,
    /// In the `let`s `windowStart` and `windowEnd`: there is one window.
    Single,
}

/// The events that a group reads, and what is counted of them.
pub(super) struct Input {
    pub(super) pipe: Pipe,
    /// Key columns as they are called in the result, and what they hold.
    pub(super) keys: Vec<(String, String)>,
    /// Aggregates and their names.
    pub(super) aggregates: Vec<(String, String)>,
    /// Columns that the aggregates read.
    pub(super) reads: Vec<String>,
}

impl<'a> Group<'a> {
    pub(super) fn of(ctx: &'a Context<'a>, id: RelationId) -> Option<Group<'a>> {
        let relation = ctx.plan.relations.get(id)?;
        match &relation.operator {
            Operator::Aggregate {
                inputs,
                keys,
                per,
                aggregates,
                computed,
            } => Some(Group {
                id,
                relation,
                inputs,
                keys,
                per: *per,
                aggregates,
                computed,
            }),
            _ => None,
        }
    }

    /// The computed columns as items.
    fn computed_items(&self) -> Vec<Item<'a>> {
        let item = |(slot, value): &'a (Slot, Expr)| Item::Extend { slot: *slot, value };
        self.computed.iter().map(item).collect()
    }

    /// The slots of aggregates that these slots rest on, and the computed columns that do.
    pub(super) fn body(&self, wanted: &BTreeSet<Slot>) -> (Vec<&'a Aggregate>, Vec<Item<'a>>) {
        let mut items = self.computed_items();
        let slots = live::live(&mut items, wanted);
        let aggregates = self
            .aggregates
            .iter()
            .filter(|aggregate| slots.contains(&aggregate.slot))
            .collect();
        (aggregates, items)
    }

    fn name(&self, ctx: &Context<'_>, slot: Slot) -> String {
        ident(&ctx.column_name(self.id, slot))
    }

    /// The events of all streams in a range of time.
    pub(super) fn input(&self, ctx: &'a Context<'a>, range: &Range, aggregates: &[&'a Aggregate]) -> Option<Input> {
        match self.inputs {
            [one] => self.one(ctx, *one, range, aggregates),
            many if self.is_plain(ctx, many) => self.together(ctx, range, aggregates),
            many => self.union(ctx, many, range, aggregates),
        }
    }

    fn one(&self, ctx: &'a Context<'a>, id: RelationId, range: &Range, aggregates: &[&'a Aggregate]) -> Option<Input> {
        let relation = ctx.plan.relations.get(id)?;
        let mut rows = Rows::scan(ctx, id, range)?;
        let mut items = live::items(relation, &relation.steps);
        let keys: Vec<&'a Expr> = self.keys.iter().filter_map(|key| key.values.first()).collect();
        items.extend(keys.iter().map(|key| Item::Guard(key)));
        let mut roots = keys.clone();
        roots.extend(aggregates.iter().flat_map(|a| a.argument.iter().chain(&a.condition)));
        live::live(&mut items, &roots.iter().flat_map(|e| e.slots()).collect());
        rows.run(items, &roots);
        let mut input = Input::new();
        let mut known = BTreeMap::new();
        for (key, value) in self.keys.iter().zip(keys) {
            input.keys.push(self.key(ctx, &mut rows, key, value));
        }
        for aggregate in aggregates {
            let counted = self.counted(&mut rows, aggregate, &mut known, &mut input.reads);
            input
                .aggregates
                .push((self.name(ctx, aggregate.slot), counted.print(None)));
        }
        input.pipe = rows.pipe;
        Some(input)
    }

    fn key(&self, ctx: &'a Context<'a>, rows: &mut Rows<'a>, key: &Key, value: &'a Expr) -> (String, String) {
        let ty = self
            .relation
            .columns
            .get(key.slot)
            .map_or(Type::Text, |column| column.ty);
        let text = rows
            .scope
            .as_type(value, if ty == Type::Json { Type::Text } else { ty });
        (self.name(ctx, key.slot), text)
    }

    /// What an aggregate counts. It is made a column first, where it is none yet.
    fn counted(
        &self,
        rows: &mut Rows<'a>,
        aggregate: &'a Aggregate,
        known: &mut BTreeMap<String, String>,
        reads: &mut Vec<String>,
    ) -> Counted {
        let mut counted = Counted {
            function: aggregate.function,
            argument: None,
            condition: None,
            guard: None,
        };
        if let Some(value) = &aggregate.argument {
            let ty = if value.ty == Type::Json { Type::Text } else { value.ty };
            let name = value_name(value).unwrap_or_else(|| rows.scope.ctx.column_name(self.id, aggregate.slot));
            let argument = rows.named(value, ty, &name, known);
            reads.push(argument.clone());
            counted.argument = Some(argument);
            let mut scope = rows.scope.clone();
            if let Some(condition) = &aggregate.condition {
                scope.assume(condition);
            }
            if !scope.is_present(value) {
                counted.guard = Some(if ty == Type::Text { "isnotempty" } else { "isnotnull" });
            }
        }
        if let Some(condition) = &aggregate.condition {
            counted.condition = Some(rows.scope.test(condition, false, false));
            rows.scope.columns_of(condition, reads);
        }
        counted
    }

    /// Whether the streams are plain selections of one source with the same keys, so that one scan serves.
    fn is_plain(&self, ctx: &Context<'_>, inputs: &[RelationId]) -> bool {
        let mut sources = BTreeSet::new();
        for id in inputs {
            let Some(relation) = ctx.plan.relations.get(*id) else {
                return false;
            };
            if let Operator::Scan { source } = relation.operator {
                sources.insert(source);
            }
            let plain = |kind: &StepKind| matches!(kind, StepKind::Filter(_) | StepKind::Except { .. });
            if !relation.steps.iter().all(|step| plain(&step.kind)) {
                return false;
            }
        }
        let names = ctx.names.borrow();
        let same_keys = self.keys.iter().all(|key| {
            let columns: Option<BTreeSet<&str>> = inputs
                .iter()
                .zip(&key.values)
                .map(|(id, value)| match value.kind {
                    ExprKind::Column(slot) => Some(names.column(*id, slot)),
                    _ => None,
                })
                .collect();
            columns.is_some_and(|columns| columns.len() == 1)
        });
        sources.len() == 1 && same_keys
    }

    /// One scan; a column for each stream says whether it takes the row.
    fn together(&self, ctx: &'a Context<'a>, range: &Range, aggregates: &[&'a Aggregate]) -> Option<Input> {
        let mut rows = Rows::scan(ctx, *self.inputs.first()?, range)?;
        let mut streams: Vec<(Scope<'a>, Vec<Item<'a>>)> = Vec::new();
        let mut parses: BTreeMap<String, usize> = BTreeMap::new();
        for (n, id) in self.inputs.iter().enumerate() {
            let relation = ctx.plan.relations.get(*id)?;
            let scope = Rows::scan(ctx, *id, range)?.scope;
            let items = live::items(relation, &relation.steps);
            let own = aggregates
                .iter()
                .filter(|a| a.input == n)
                .flat_map(|a| a.argument.iter().chain(&a.condition));
            for e in own.chain(items.iter().filter_map(Item::input)) {
                scope.count_parses(e, &mut parses);
            }
            streams.push((scope, items));
        }
        let test = |scope: &Scope<'a>, item: &Item<'a>| match item {
            Item::Condition { condition, reason } => scope.test(condition, reason.is_some(), true),
            _ => Text::atom("true"),
        };
        // What every stream asks for is asked once.
        let tests: Vec<Vec<Text>> = streams
            .iter()
            .map(|(scope, items)| items.iter().map(|item| test(scope, item)).collect())
            .collect();
        let (first, others) = tests.split_first()?;
        let everywhere = |text: &Text| others.iter().all(|o| o.iter().any(|t| t.plain() == text.plain()));
        let common: Vec<Text> = first.iter().filter(|text| everywhere(text)).cloned().collect();
        let mut cheap = common.clone();
        for value in self.keys.iter().filter_map(|key| key.values.first()) {
            let guard = rows.scope.present(value, false);
            if !rows.scope.is_present(value) && !cheap.iter().any(|t| t.plain() == guard.plain()) {
                cheap.push(guard);
            }
        }
        rows.pipe.filter(&cheap);
        for (column, _) in parses.iter().filter(|(_, times)| **times > 1) {
            rows.parse_column(column, streams.iter_mut().map(|(scope, _)| scope));
        }
        let mut members = Vec::new();
        for ((scope, items), texts) in streams.iter().zip(&tests) {
            let mut own = Vec::new();
            for (item, text) in items.iter().zip(texts) {
                if let Item::Condition {
                    reason: Some(reason), ..
                } = item
                    && text.plain() != "true"
                {
                    rows.pipe
                        .comment(&format!("Excluded from {}: {reason}", scope.relation.name));
                }
                if !common.iter().any(|c| c.plain() == text.plain()) {
                    own.push(test(scope, item));
                }
            }
            let name = ctx.table_name(scope.id);
            rows.pipe.extend_alone(&name, Text::all(&own));
            members.push(name);
        }
        rows.pipe
            .filter(&[Text::any(&members.iter().map(Text::atom).collect::<Vec<_>>())]);
        let mut input = Input::new();
        for key in self.keys {
            let key = self.key(ctx, &mut rows, key, key.values.first()?);
            input.keys.push(key);
        }
        for (scope, items) in &mut streams {
            for item in items {
                if let Item::Condition {
                    condition,
                    reason: None,
                } = item
                {
                    scope.assume(condition);
                }
            }
        }
        let mut known = BTreeMap::new();
        for aggregate in aggregates {
            let member = members.get(aggregate.input)?.clone();
            // Slots are those of the aggregate's own stream; what its conditions say holds for its rows only.
            let (scope, _) = streams.get_mut(aggregate.input)?;
            std::mem::swap(&mut rows.scope, scope);
            let counted = self.counted(&mut rows, aggregate, &mut known, &mut input.reads);
            std::mem::swap(&mut rows.scope, scope);
            input
                .aggregates
                .push((self.name(ctx, aggregate.slot), counted.print(Some(Text::atom(&member)))));
            input.reads.push(member);
        }
        input.pipe = rows.pipe;
        Some(input)
    }

    /// A `let` for each stream, brought together by `union`; a column says which stream a row comes from.
    fn union(
        &self,
        ctx: &'a Context<'a>,
        inputs: &[RelationId],
        range: &Range,
        aggregates: &[&'a Aggregate],
    ) -> Option<Input> {
        let mut input = Input::new();
        let mut tables = Vec::new();
        let mut result = BTreeSet::from([TIME_COLUMN.to_owned()]);
        result.extend(self.keys.iter().map(|key| self.name(ctx, key.slot)));
        result.extend(aggregates.iter().map(|a| self.name(ctx, a.slot)));
        let stream = super::names::fresh("stream", &mut result);
        input.reads.push(stream.clone());
        for (n, id) in inputs.iter().enumerate() {
            let relation = ctx.plan.relations.get(*id)?;
            let mut rows = Rows::scan(ctx, *id, range)?;
            let mut items = live::items(relation, &relation.steps);
            let keys: Vec<&'a Expr> = self.keys.iter().filter_map(|key| key.values.get(n)).collect();
            items.extend(keys.iter().map(|key| Item::Guard(key)));
            let own: Vec<&'a Aggregate> = aggregates.iter().copied().filter(|a| a.input == n).collect();
            let mut roots = keys.clone();
            roots.extend(own.iter().flat_map(|a| a.argument.iter().chain(&a.condition)));
            live::live(&mut items, &roots.iter().flat_map(|e| e.slots()).collect());
            rows.run(items, &roots);
            let time = rows.scope.value(&time_of(relation)).plain().to_owned();
            let mut columns = vec![(TIME_COLUMN.to_owned(), time)];
            columns.push((stream.clone(), super::literal::text(&relation.name)));
            for (key, value) in self.keys.iter().zip(&keys) {
                let key = self.key(ctx, &mut rows, key, value);
                columns.push(key);
            }
            let member = Text::compare(format!("{stream} == {}", super::literal::text(&relation.name)));
            let mut known = BTreeMap::new();
            for aggregate in own {
                let mut counted = self.counted(&mut rows, aggregate, &mut known, &mut Vec::new());
                let name = self.name(ctx, aggregate.slot);
                if let Some(argument) = &mut counted.argument {
                    let there = columns
                        .iter()
                        .find(|(_, text)| text == argument)
                        .map(|(name, _)| name.clone());
                    let new = there.unwrap_or_else(|| {
                        let fits = result.insert(argument.clone());
                        let new = if fits {
                            argument.clone()
                        } else {
                            super::names::fresh(
                                &format!("{}_{argument}", super::names::flat(&relation.name)),
                                &mut result,
                            )
                        };
                        columns.push((new.clone(), argument.clone()));
                        new
                    });
                    *argument = new;
                }
                // A condition is decided where its columns are.
                if let Some(condition) = &mut counted.condition {
                    let new = super::names::fresh(&format!("{name}_counts"), &mut result);
                    columns.push((new.clone(), condition.plain().to_owned()));
                    *condition = Text::atom(new);
                }
                input.aggregates.push((name, counted.print(Some(member.clone()))));
            }
            rows.pipe.project(columns.clone());
            input.reads.extend(
                columns.into_iter().map(|(name, _)| name).filter(|name| {
                    name != TIME_COLUMN && !self.keys.iter().any(|key| self.name(ctx, key.slot) == *name)
                }),
            );
            let table = ctx.table_name(*id);
            ctx.push_let(rows.pipe.named(&table));
            tables.push(table);
        }
        input.keys = self
            .keys
            .iter()
            .map(|key| (self.name(ctx, key.slot), self.name(ctx, key.slot)))
            .collect();
        // In the order of the rule.
        let order: Vec<String> = aggregates.iter().map(|a| self.name(ctx, a.slot)).collect();
        input
            .aggregates
            .sort_by_key(|(name, _)| order.iter().position(|n| n == name));
        input.pipe = Pipe::new(format!("union {}", tables.join(", ")));
        Some(input)
    }

    /// Sums up the input, and adds the computed columns.
    pub(super) fn summarize(
        &self,
        ctx: &'a Context<'a>,
        pipe: Pipe,
        input: &Input,
        window: &Window,
        times: bool,
        items: Vec<Item<'a>>,
    ) -> Rows<'a> {
        let mut pipe = pipe;
        let mut scope = Scope::new(ctx, self.id, self.relation);
        let mut aggregates = Vec::new();
        if times {
            aggregates.push((START_COLUMN.to_owned(), format!("min({TIME_COLUMN})")));
            aggregates.push((END_COLUMN.to_owned(), format!("max({TIME_COLUMN})")));
            scope.bind(FIRST, Bound::Column(START_COLUMN.to_owned()));
            scope.bind(LAST, Bound::Column(END_COLUMN.to_owned()));
        }
        aggregates.extend(input.aggregates.iter().cloned());
        let mut by = input.keys.clone();
        let length = ctx.clock.window(self.per);
        match window {
            Window::Column => {
                by.push(("windowStart".to_owned(), format!("bin({TIME_COLUMN}, {length})")));
                scope.bind(WINDOW_START, Bound::Column("windowStart".to_owned()));
                scope.bind(
                    TIME,
                    Bound::Text(Text::new(format!("windowStart + {length}"), super::layout::Level::Sum)),
                );
            }
            Window::Single => {
                scope.bind(WINDOW_START, Bound::Text(Text::atom(ctx.clock.window_start())));
                scope.bind(TIME, Bound::Text(Text::atom(ctx.clock.window_end())));
            }
        }
        pipe.summarize(aggregates, by);
        for key in self.keys {
            let name = self.name(ctx, key.slot);
            let ty = self
                .relation
                .columns
                .get(key.slot)
                .map_or(Type::Text, |column| column.ty);
            scope.bind(
                key.slot,
                if ty == Type::Json {
                    Bound::AsText(name)
                } else {
                    Bound::Column(name)
                },
            );
            scope.learn_slot(key.slot);
        }
        for aggregate in self.aggregates {
            scope.bind(aggregate.slot, Bound::Column(self.name(ctx, aggregate.slot)));
        }
        let mut rows = Rows::new(scope, pipe);
        rows.run(items, &[]);
        rows
    }
}

impl Input {
    fn new() -> Input {
        Input {
            pipe: Pipe::new(""),
            keys: Vec::new(),
            aggregates: Vec::new(),
            reads: Vec::new(),
        }
    }
}

/// The time of a row, as an expression.
pub(super) fn time_of(relation: &Relation) -> Expr {
    Expr {
        kind: ExprKind::Column(TIME),
        ty: Type::Time,
        span: relation.span,
    }
}

/// What a value is called by its path: `instanceId`.
pub(super) fn value_name(value: &Expr) -> Option<String> {
    match &value.kind {
        ExprKind::Convert(inner) => value_name(inner),
        ExprKind::Member { path, .. } => path.iter().rev().find_map(|segment| match segment {
            crate::plan::Segment::Name(name) | crate::plan::Segment::Key(name) => Some(super::names::flat(name)),
            crate::plan::Segment::Index(_) => None,
        }),
        _ => None,
    }
}

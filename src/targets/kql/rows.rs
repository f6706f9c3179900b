//! The rows of a relation: conditions as early as what they read is there, cheap ones first; columns in the order of the
//! rule; a JSON column parsed once where it is read twice.

use super::layout::{Pipe, Text};
use super::live::{self, Item};
use super::names::ident;
use super::scope::{Bound, Context, Scope};
use super::time::Range;
use crate::plan::{Expr, ExprKind, Operator, Origin, RelationId, Slot, Type};
use std::collections::{BTreeMap, BTreeSet};

/// A `let` that holds the rows of a history.
pub(super) struct Past {
    pub(super) name: String,
    /// The columns it is joined on.
    pub(super) on: Vec<String>,
}

/// Rows in the making.
pub(super) struct Rows<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) pipe: Pipe,
    /// Histories that items may look up.
    pub(super) pasts: BTreeMap<RelationId, Past>,
    /// Names of columns that stand there.
    taken: BTreeSet<String>,
    /// How often each JSON column is parsed.
    parses: BTreeMap<Slot, usize>,
    /// How often each path below a JSON column is read as text.
    paths: BTreeMap<String, usize>,
    /// Tests that are written where they are read.
    tests: BTreeMap<Slot, &'a Expr>,
    /// What slots read as text only.
    texts: BTreeSet<Slot>,
    provided: BTreeSet<Slot>,
}

/// How dear a condition is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cost {
    Equality,
    Word,
    Pattern,
    Json,
}

impl<'a> Rows<'a> {
    /// The events of a table, in a range of time.
    pub(super) fn scan(ctx: &'a Context<'a>, id: RelationId, range: &Range) -> Option<Rows<'a>> {
        let relation = ctx.plan.relations.get(id)?;
        let Operator::Scan { source } = relation.operator else {
            return None;
        };
        let source = ctx.catalog.get(source);
        ctx.tables.borrow_mut().insert(source.table.clone());
        let mut scope = Scope::new(ctx, id, relation);
        let time = ident(&source.get(source.time).column);
        for (slot, column) in relation.columns.iter().enumerate() {
            match column.origin {
                Origin::Clock => scope.bind(slot, Bound::Column(time.clone())),
                Origin::Field(field) => {
                    let field = source.get(field);
                    scope.bind(
                        slot,
                        live::bind_field(&ident(&field.column), column.ty, field.column_type),
                    );
                }
                _ => {}
            }
        }
        let mut pipe = Pipe::new(ident(&source.table));
        pipe.filter(
            &range
                .condition(&time)
                .map(Text::compare)
                .into_iter()
                .collect::<Vec<_>>(),
        );
        let mut rows = Rows::new(scope, pipe);
        rows.taken
            .extend(source.fields.iter().map(|field| field.column.clone()));
        Some(rows)
    }

    /// Rows whose columns are bound already.
    pub(super) fn new(scope: Scope<'a>, pipe: Pipe) -> Rows<'a> {
        let relation = scope.relation;
        let names = (0..relation.columns.len()).map(|slot| scope.name(slot));
        Rows {
            taken: names.chain(scope.ctx.names.borrow().lets().cloned()).collect(),
            scope,
            pipe,
            pasts: BTreeMap::new(),
            parses: BTreeMap::new(),
            paths: BTreeMap::new(),
            tests: BTreeMap::new(),
            texts: BTreeSet::new(),
            provided: BTreeSet::new(),
        }
    }

    /// Does the items; `roots` is what is read from the rows afterwards.
    pub(super) fn run(&mut self, mut items: Vec<Item<'a>>, roots: &[&'a Expr]) {
        let relation = self.scope.relation;
        let is_bool = |slot: Slot| relation.columns.get(slot).is_some_and(|column| column.ty == Type::Bool);
        self.tests = live::inline(&mut items, roots, is_bool);
        for (slot, test) in &self.tests {
            self.scope.bind(*slot, Bound::Test(test));
        }
        let filled: BTreeSet<Slot> = items.iter().flat_map(Item::fills).collect();
        self.provided = (0..relation.columns.len())
            .filter(|slot| !filled.contains(slot))
            .collect();
        let readers: Vec<&'a Expr> = items
            .iter()
            .filter_map(Item::input)
            .chain(self.tests.values().copied())
            .chain(roots.iter().copied())
            .collect();
        let others: Vec<&'a Expr> = self.tests.values().copied().chain(roots.iter().copied()).collect();
        self.texts = filled
            .iter()
            .copied()
            .filter(|slot| live::only_text(*slot, &items, others.iter().copied()))
            .collect();
        let bound = self.scope.clone();
        let is_json = move |slot: Slot| matches!(bound.bound(slot), Bound::JsonText(_, None));
        let mut parses = std::mem::take(&mut self.parses);
        for reader in &readers {
            live::parses(reader, &is_json, &mut parses);
        }
        let lists: Vec<&Expr> = items
            .iter()
            .filter_map(|item| match item {
                Item::Expand { list, .. } => Some(*list),
                _ => None,
            })
            .collect();
        for reader in readers
            .iter()
            .filter(|reader| !lists.iter().any(|list| std::ptr::eq(*list, **reader)))
        {
            let mut found = Vec::new();
            live::paths(reader, 1, &mut found);
            for (path, times) in found {
                if let Some(key) = self.scope.key(path) {
                    *self.paths.entry(key).or_default() += times;
                }
            }
        }
        for item in &items {
            if let Item::Expand { list, .. } = item
                && let ExprKind::Column(slot) = list.kind
                && is_json(slot)
            {
                *parses.entry(slot).or_default() += 2;
            }
        }
        self.parses = parses;

        let (mut conditions, providers): (Vec<_>, Vec<_>) = items
            .into_iter()
            .partition(|item| matches!(item, Item::Condition { .. } | Item::Guard(_)));
        self.conditions(&mut conditions);
        for provider in providers {
            self.provide(&provider);
            self.provided.extend(provider.fills());
            self.conditions(&mut conditions);
        }
    }

    /// The slots that must be there before this can be written.
    fn needs(&self, e: &Expr) -> Vec<Slot> {
        let mut out = Vec::new();
        for slot in e.slots() {
            match self.tests.get(&slot) {
                Some(test) => out.extend(self.needs(test)),
                None => out.push(slot),
            }
        }
        out
    }

    fn ready(&self, e: &Expr) -> bool {
        self.needs(e).iter().all(|slot| self.provided.contains(slot))
    }

    /// Writes all conditions that can be written now.
    fn conditions(&mut self, waiting: &mut Vec<Item<'a>>) {
        let (ready, rest): (Vec<_>, Vec<_>) = waiting
            .drain(..)
            .partition(|item| item.input().is_none_or(|e| self.ready(e)));
        *waiting = rest;
        for cost in [Cost::Equality, Cost::Word, Cost::Pattern, Cost::Json] {
            let here: Vec<&Item<'a>> = ready
                .iter()
                .filter(|item| {
                    item.input()
                        .is_some_and(|e| self.cost(e, matches!(item, Item::Guard(_))) == cost)
                })
                .collect();
            // What the keys need comes first where it takes parsing, since later conditions may rest on it.
            let (guards, own): (Vec<_>, Vec<_>) = here.iter().partition(|item| matches!(item, Item::Guard(_)));
            let order = if cost == Cost::Json {
                [guards, own]
            } else {
                [own, guards]
            };
            for group in order {
                self.write(&group);
            }
        }
    }

    fn write(&mut self, items: &[&Item<'a>]) {
        let mut texts: Vec<Text> = Vec::new();
        let mut excepted = Vec::new();
        for item in items {
            if let Some(e) = item.input() {
                self.parse_ahead(e);
            }
            match item {
                Item::Guard(value) => {
                    if !self.scope.is_present(value) {
                        texts.push(self.scope.present(value, false));
                        self.scope.learn(value);
                    }
                }
                Item::Condition {
                    condition,
                    reason: None,
                } if self.is_known(condition) => {}
                Item::Condition {
                    condition,
                    reason: None,
                } => {
                    let text = self.scope.test(condition, false, false);
                    if text.plain() != "true" && !texts.iter().any(|t| t.plain() == text.plain()) {
                        texts.push(text);
                    }
                    self.scope.assume(condition);
                }
                Item::Condition {
                    condition,
                    reason: Some(reason),
                } => excepted.push((*condition, *reason)),
                Item::Extend { .. } | Item::Expand { .. } | Item::Lookup { .. } => {}
            }
        }
        self.pipe.filter(&texts);
        for (condition, reason) in excepted {
            let text = self.scope.test(condition, true, false);
            // An empty list excludes nothing; its reason would stand above something else.
            if text.plain() != "true" {
                self.pipe.comment(&format!("Excluded: {reason}"));
                self.pipe.filter(&[text]);
            }
        }
    }

    /// A test of presence that an earlier condition has answered.
    fn is_known(&self, condition: &Expr) -> bool {
        matches!(&condition.kind, ExprKind::Present(value) if self.scope.is_present(value))
    }

    /// Parses the JSON columns of an expression into columns of their own, where they are read more than once.
    pub(super) fn parse_ahead(&mut self, e: &Expr) {
        let scope = self.scope.clone();
        let is_json = |slot: Slot| matches!(scope.bound(slot), Bound::JsonText(_, None));
        let mut wanted = self.needs(e);
        wanted.retain(|slot| is_json(*slot) && self.parses.get(slot).is_some_and(|times| *times > 1));
        let mut count = BTreeMap::new();
        live::parses(e, &is_json, &mut count);
        for test in self.tests.values() {
            if self.reads_test(e, test) {
                live::parses(test, &is_json, &mut count);
            }
        }
        for slot in wanted {
            let whole = matches!(e.kind, ExprKind::Column(s) if s == slot);
            if count.contains_key(&slot) || whole && self.scope.ty(slot) == Type::Json {
                self.parse(slot);
            }
        }
        self.name_paths(e);
    }

    /// Gives the text of a path a column of its own, where it is read often.
    fn name_paths(&mut self, e: &Expr) {
        let mut found = Vec::new();
        live::paths(e, 1, &mut found);
        for test in self.tests.values() {
            if self.reads_test(e, test) {
                live::paths(test, 1, &mut found);
            }
        }
        let mut lists = Vec::new();
        live::lists(e, &mut lists);
        for test in self.tests.values() {
            if self.reads_test(e, test) {
                live::lists(test, &mut lists);
            }
        }
        for list in lists {
            if self.scope.key(list).is_some() && self.scope.named_list(list).is_none() && self.ready(list) {
                let name = super::aggregate::value_name(list).unwrap_or_else(|| "list".to_owned());
                let name = self.column(&name, "List");
                let text = self.scope.dynamic(list);
                self.pipe.extend(&name, Text::atom(text));
                self.scope.name_list(list, &name);
            }
        }
        for (path, _) in found {
            let often = self
                .scope
                .key(path)
                .is_some_and(|key| self.paths.get(&key).is_some_and(|times| *times > 2));
            if often && self.scope.named_text(path).is_none() && self.ready(path) {
                let name = super::aggregate::value_name(path).unwrap_or_else(|| "text".to_owned());
                let name = self.column(&name, "Text");
                let text = match path.ty {
                    Type::Json => Text::atom(self.scope.text(path)),
                    _ => self.scope.value(path),
                };
                self.pipe.extend(&name, text);
                self.scope.name_value(path, &name);
            }
        }
    }

    fn reads_test(&self, e: &Expr, test: &Expr) -> bool {
        let slots = e.slots();
        self.tests
            .iter()
            .any(|(slot, known)| slots.contains(slot) && std::ptr::eq(*known, test))
    }

    fn parse(&mut self, slot: Slot) {
        if let Bound::JsonText(column, None) = self.scope.bound(slot).clone() {
            let field = self.scope.relation.columns.get(slot).map_or("", |c| c.name.as_str());
            let name = self.column(&parsed_name(field), "Json");
            self.pipe.extend(&name, Text::atom(format!("parse_json({column})")));
            self.scope.bind(slot, Bound::JsonText(column, Some(name)));
        }
    }

    /// Parses a JSON column ahead of several streams.
    pub(super) fn parse_column<'b>(&mut self, column: &str, scopes: impl Iterator<Item = &'b mut Scope<'a>>)
    where
        'a: 'b,
    {
        let mut name: Option<String> = None;
        for scope in scopes {
            for slot in 0..scope.relation.columns.len() {
                match scope.bound(slot) {
                    Bound::JsonText(text, None) if text == column => {}
                    _ => continue,
                }
                let field = scope.relation.columns.get(slot).map_or("", |c| c.name.as_str());
                let name = name.get_or_insert_with(|| {
                    let name = self.column(&parsed_name(field), "Json");
                    self.pipe.extend(&name, Text::atom(format!("parse_json({column})")));
                    name
                });
                scope.bind(slot, Bound::JsonText(column.to_owned(), Some(name.clone())));
            }
        }
    }

    /// A name for a column of ours: the wanted one, or one with a suffix.
    pub(super) fn column(&mut self, name: &str, suffix: &str) -> String {
        if !super::keywords::needs_brackets(name) && self.taken.insert(name.to_owned()) {
            return name.to_owned();
        }
        super::names::fresh(&format!("{name}{suffix}"), &mut self.taken)
    }

    fn provide(&mut self, item: &Item<'a>) {
        if let (Some(e), false) = (item.input(), matches!(item, Item::Expand { .. })) {
            self.parse_ahead(e);
        }
        match item {
            Item::Extend { slot, value } => self.extend(*slot, value),
            Item::Expand { slot, list } => self.expand(*slot, list),
            Item::Lookup { baseline, slots } => self.lookup(*baseline, slots),
            Item::Condition { .. } | Item::Guard(_) => {}
        }
    }

    fn extend(&mut self, slot: Slot, value: &'a Expr) {
        let name = ident(&self.scope.name(slot));
        let as_text = self.scope.ty(slot) == Type::Json && self.texts.contains(&slot);
        if as_text {
            self.pipe.extend(&name, Text::atom(self.scope.text(value)));
            self.scope.bind(slot, Bound::AsText(name));
        } else if let ExprKind::Call { function, arguments } = &value.kind
            && function.0.name == "json"
            && let Some(crate::plan::Argument::Value(text)) = arguments.first()
        {
            self.pipe
                .extend(&name, Text::atom(format!("parse_json({})", self.scope.text(text))));
            self.scope.bind(slot, Bound::Parsed(name));
        } else {
            let text = if self.scope.ty(slot) == Type::Real {
                Text::atom(self.scope.as_type(value, Type::Real))
            } else {
                self.scope.value(value)
            };
            self.pipe.extend(&name, text);
            self.scope.bind(slot, Bound::Column(name));
        }
        self.scope.alias(slot, value);
        // What reads the same value later reads this column.
        if let Bound::AsText(name) | Bound::Column(name) = self.scope.bound(slot).clone()
            && (as_text || matches!(value.kind, ExprKind::Convert(_)))
        {
            self.scope.name_value(value, &name);
        }
    }

    fn expand(&mut self, slot: Slot, list: &'a Expr) {
        let name = ident(&self.scope.name(slot));
        let bound = |name: String, ty: Type| {
            if ty == Type::Json {
                Bound::Column(name)
            } else {
                Bound::Element(name)
            }
        };
        let ty = self.scope.ty(slot);
        if list.ty != Type::Json {
            let set = self.scope.set(list);
            self.pipe.line(format!("mv-expand {name} = {set}"));
            self.scope.bind(slot, bound(name, ty));
            return;
        }
        let guard = (!self.scope.is_present(list)).then(|| self.scope.present(list, false));
        if self.scope.json_text(list).is_some() {
            // The text of a whole column is there before it is parsed; whether it holds anything is asked below.
            self.pipe.filter(guard.as_slice());
        }
        self.parse_ahead(list);
        // A list that is read more than once gets a column.
        let column = self.scope.bound_name(list);
        let column = column.unwrap_or_else(|| {
            let plural = format!("{}s", super::names::flat(&self.scope.name(slot)));
            let name = self.column(&plural, "List");
            let text = self.scope.dynamic(list);
            self.pipe.extend(&name, Text::atom(text));
            name
        });
        if guard.is_some() {
            let guard = match self.scope.bound_name(list) {
                Some(_) if self.scope.json_text(list).is_none() => self.scope.present(list, false),
                _ => Text::atom(format!("isnotempty(tostring({column}))")),
            };
            self.pipe.filter(&[guard]);
        }
        self.scope.learn(list);
        let is_array = matches!(&list.kind, ExprKind::Call { function, .. } if function.0.name == "split");
        self.pipe.line(if is_array {
            format!("mv-expand {name} = {column}")
        } else {
            format!("mv-expand {name} = iff(gettype({column}) == \"array\", {column}, pack_array({column}))")
        });
        self.scope.bind(slot, bound(name, ty));
    }

    fn lookup(&mut self, baseline: RelationId, slots: &[Slot]) {
        let Some(past) = self.pasts.get(&baseline) else {
            return;
        };
        self.pipe
            .line(format!("lookup kind=leftouter {} on {}", past.name, past.on.join(", ")));
        for slot in slots {
            let name = ident(&self.scope.name(*slot));
            self.scope.bind(*slot, Bound::Column(name));
        }
    }

    fn cost(&self, e: &Expr, guard: bool) -> Cost {
        let mut cost = Cost::Equality;
        e.walk(&mut |e| {
            let own = match &e.kind {
                ExprKind::Column(slot) => match (self.tests.get(slot), self.scope.bound(*slot)) {
                    (Some(test), _) => self.cost(test, false),
                    (None, Bound::JsonText(..)) if !guard => Cost::Word,
                    _ => Cost::Equality,
                },
                ExprKind::Member { .. } => Cost::Json,
                ExprKind::Text { .. } | ExprKind::HasAny { .. } => Cost::Word,
                ExprKind::Matches { .. } | ExprKind::InCidr { .. } | ExprKind::Address(_) => Cost::Pattern,
                ExprKind::Call { .. } | ExprKind::HasElement { .. } if live::is_scan(self.scope.relation) => {
                    Cost::Pattern
                }
                _ => Cost::Equality,
            };
            cost = cost.max(own);
        });
        cost
    }

    /// Adds a column for a value that is no column yet, and gives what it is called; `name` is what it should be called.
    pub(super) fn named(
        &mut self,
        value: &'a Expr,
        ty: Type,
        name: &str,
        known: &mut BTreeMap<String, String>,
    ) -> String {
        self.parse_ahead(value);
        let text = if ty == Type::Text {
            self.scope.text(value)
        } else {
            self.scope.value(value).plain().to_owned()
        };
        let is_column = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') || text.starts_with("['");
        if is_column {
            return text;
        }
        if let Some(name) = known.get(&text) {
            return name.clone();
        }
        let name = self.column(name, "Value");
        self.pipe.extend(&name, Text::atom(&text));
        known.insert(text, name.clone());
        self.scope.name_value(value, &name);
        name
    }
}

/// `requestParameters` is parsed into `request`.
fn parsed_name(field: &str) -> String {
    let last = field.rsplit('.').next().unwrap_or(field);
    let end = last
        .find(|c: char| c.is_ascii_uppercase())
        .filter(|end| *end > 0)
        .unwrap_or(last.len());
    last.get(..end).unwrap_or(last).to_owned()
}

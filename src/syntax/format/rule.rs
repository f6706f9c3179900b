//! Declarations, relations, alerts and tests.

use super::doc::{Doc, WIDE, WIDTH, width};
use super::expr::{Brackets, condition_limit, duration, path_text, starts_with_aggregate, string};
use super::place::{Entry, Layout, Space};
use crate::syntax::ast::{
    Alert, AlertItem, AlertValue, Column, ColumnKind, Expect, Expr, File, Given, Item, Length, Link, ListDecl, Meta,
    MetaValue, Relation, RelationKind, Replacement, Rule, Step, StepKind, Test, ValueDecl,
};

impl Layout<'_> {
    pub(super) fn file(&mut self, file: &File) -> Doc {
        let mut constants = false;
        let mut entries = Vec::new();
        for used in &file.uses {
            entries.push(self.entry(used.span, Space::Keep, |_| Doc::Text(format!("use {}", used.path.name))));
        }
        for item in &file.items {
            let (span, constant) = match item {
                Item::List(list) => (list.span, true),
                Item::Value(value) => (value.span, true),
                Item::Rule(rule) => (rule.span, false),
            };
            let space = if constants && constant {
                Space::Keep
            } else {
                Space::Always
            };
            constants = constant;
            entries.push(self.entry(span, space, |layout| layout.item(item)));
        }
        self.lines(0, entries, file.span.end as usize, Space::Keep)
    }

    fn item(&mut self, item: &Item) -> Doc {
        match item {
            Item::List(list) => self.list_decl(list),
            Item::Value(value) => self.value_decl(value),
            Item::Rule(rule) => self.rule(rule),
        }
    }

    fn list_decl(&mut self, list: &ListDecl) -> Doc {
        let head = format!("list {} = ", list.name.name);
        if let Some(watchlist) = &list.watchlist {
            let alias = string(&watchlist.alias.value, self.spelled(watchlist.alias.span));
            let column = string(&watchlist.column.value, self.spelled(watchlist.column.span));
            return Doc::Text(format!("{head}watchlist {alias} column {column}"));
        }
        let brackets = self.find(list.name.span.end as usize, '[');
        let mut span = list.span;
        span.start = brackets.and_then(|at| u32::try_from(at).ok()).unwrap_or(span.start);
        Doc::Concat(vec![Doc::Text(head), self.list(&list.elements, span)])
    }

    fn value_decl(&mut self, value: &ValueDecl) -> Doc {
        let head = format!("value {} = ", value.name.name);
        Doc::Concat(vec![Doc::Text(head), self.literal(&value.value)])
    }

    fn rule(&mut self, rule: &Rule) -> Doc {
        let mut entries = Vec::new();
        let pads = self.meta_pads(&rule.meta);
        for (meta, pad) in rule.meta.iter().zip(pads) {
            entries.push(self.entry(meta.span, Space::Keep, |layout| layout.meta(meta, pad)));
        }
        for relation in &rule.relations {
            entries.push(self.entry(relation.span, Space::Always, |layout| layout.relation(relation)));
        }
        let alert = &rule.alert;
        entries.push(self.entry(alert.span, Space::Always, |layout| layout.alert(alert)));
        for test in &rule.tests {
            entries.push(self.entry(test.span, Space::Always, |layout| layout.test(test)));
        }
        let title = string(&rule.title.value, self.spelled(rule.title.span));
        let body = self.lines(rule.title.span.end as usize, entries, self.end(rule.span), Space::Keep);
        Doc::Concat(vec![
            Doc::Text(format!("rule {} {title} {{", rule.name.name)),
            Doc::nest(body),
            Doc::Hard,
            Doc::text("}"),
        ])
    }

    /// For each line of metadata, how wide the words around it are, up to an empty line or a text block.
    fn meta_pads(&self, meta: &[Meta]) -> Vec<usize> {
        let runs =
            meta.chunk_by(|a, b| !is_block(a) && !is_block(b) && !self.parted(self.end(a.span), b.span.start as usize));
        let mut pads = Vec::new();
        for run in runs {
            let pad = widest(run.iter().map(|meta| meta.key.name.as_str()));
            pads.extend(run.iter().map(|_| pad));
        }
        pads
    }

    fn meta(&mut self, meta: &Meta, pad: usize) -> Doc {
        let key = Doc::Text(format!("{:pad$} ", meta.key.name));
        if let [MetaValue::Text(text)] = meta.values.as_slice() {
            return Doc::Concat(vec![key, self.text(text)]);
        }
        let values = meta.values.iter().map(|value| self.meta_value(value)).collect();
        Doc::Concat(vec![key, filled(values)])
    }

    fn meta_value(&self, value: &MetaValue) -> Doc {
        match value {
            MetaValue::Text(text) => self.text(text),
            MetaValue::Date(word) | MetaValue::Version(word) => Doc::text(&word.name),
            MetaValue::Duration(length, span) => Doc::Text(duration(*length, self.spelled(*span))),
            MetaValue::Technique(technique, tactics) if tactics.is_empty() => Doc::text(&technique.name),
            MetaValue::Technique(technique, tactics) => {
                let tactics: Vec<&str> = tactics.iter().map(|tactic| tactic.name.as_str()).collect();
                Doc::Text(format!("{} ({})", technique.name, tactics.join(", ")))
            }
            MetaValue::Word(word, None) => Doc::text(&word.name),
            MetaValue::Word(word, Some(permit)) => Doc::Text(format!("{} {}", word.name, permit.name)),
        }
    }

    fn relation(&mut self, relation: &Relation) -> Doc {
        let name = &relation.name.name;
        let (head, end) = match &relation.kind {
            RelationKind::Events { source } => {
                let head = Doc::Text(format!("events {name} = {}", path_text(source)));
                (head, source.span.end as usize)
            }
            RelationKind::Baseline { group, over } => {
                let head = format!("baseline {name} = {} over {}", group.name, self.length(over));
                (Doc::Text(head), over.span().end as usize)
            }
            RelationKind::Match {
                parts,
                links,
                keys,
                within,
            } => {
                let mut head = format!("match {name} =");
                let words = links.iter().map(|(link, _)| match link {
                    Link::Then => " then",
                    Link::With => " with",
                    Link::Without => " without",
                });
                for (part, word) in parts.iter().zip(std::iter::once("").chain(words)) {
                    head.push_str(word);
                    head.push(' ');
                    head.push_str(&part.name);
                }
                let keys = keys.iter().map(|key| {
                    let left = path_text(&key.left);
                    match &key.right {
                        Some(right) => Doc::Text(format!("{left} == {}", path_text(right))),
                        None => Doc::Text(left),
                    }
                });
                let lines = vec![
                    Doc::Line,
                    Doc::text("on "),
                    filled(keys.collect()),
                    Doc::Line,
                    Doc::Text(format!("within {}", self.length(within))),
                ];
                let head = Doc::Concat(vec![Doc::Text(head), Doc::nest(Doc::Concat(lines))]);
                (Doc::group(head), within.span().end as usize)
            }
            RelationKind::Group {
                inputs,
                keys,
                per,
                columns,
            } => {
                let inputs: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
                let keys = keys.iter().map(|key| match &key.name {
                    Some(name) => Doc::Text(format!("{} = {}", name.name, path_text(&key.path))),
                    None => Doc::Text(path_text(&key.path)),
                });
                let lines = vec![
                    Doc::Line,
                    Doc::text("by "),
                    filled(keys.collect()),
                    Doc::Line,
                    Doc::Text(format!("per {}", self.length(per))),
                ];
                let open = per.span().end as usize;
                let last = columns.last().map_or(open, |column| self.end(column.span));
                let close = self.find(last, '}').unwrap_or(last);
                let (brace, body) = self.columns(columns, open, close);
                let head = Doc::Concat(vec![
                    Doc::Text(format!("group {name} = {}", inputs.join(", "))),
                    Doc::nest(Doc::Concat(lines)),
                    Doc::Line,
                    Doc::text(brace),
                ]);
                (Doc::Concat(vec![Doc::group(head), body]), close + 1)
            }
        };
        let steps = self.steps(&relation.steps);
        let last = relation.steps.last().map_or(end, |step| self.end(step.span));
        let steps = self.lines(end, steps, last, Space::None);
        Doc::Concat(vec![head, Doc::nest(steps)])
    }

    fn length(&self, length: &Length) -> String {
        match length {
            Length::Literal(value, span) => duration(*value, self.spelled(*span)),
            Length::Named(name) => name.name.clone(),
        }
    }

    /// The opening brace (or both, where nothing is inside) and what follows.
    fn braces(&mut self, open: usize, entries: Vec<Entry>, close: usize) -> (&'static str, Doc) {
        if entries.is_empty() && !self.has_comments(open, close) {
            return ("{}", Doc::Concat(Vec::new()));
        }
        let lines = self.lines(open, entries, close, Space::None);
        ("{", Doc::Concat(vec![Doc::nest(lines), Doc::Hard, Doc::text("}")]))
    }

    fn columns(&mut self, columns: &[Column], open: usize, close: usize) -> (&'static str, Doc) {
        let pad = widest(columns.iter().map(|column| column.name.name.as_str()));
        let entries = columns
            .iter()
            .map(|column| self.entry(column.span, Space::None, |layout| layout.column(column, pad)))
            .collect();
        self.braces(open, entries, close)
    }

    fn column(&mut self, column: &Column, pad: usize) -> Doc {
        let name = Doc::Text(format!("{:pad$} = ", column.name.name));
        match &column.kind {
            ColumnKind::Aggregate {
                function,
                argument,
                condition,
                ..
            } => {
                let mut head = function.word().to_owned();
                if let Some(argument) = argument {
                    head.push(' ');
                    head.push_str(&path_text(argument));
                }
                match condition {
                    Some(condition) => self.conditional(vec![name, Doc::Text(head)], condition),
                    None => Doc::Concat(vec![name, Doc::Text(head)]),
                }
            }
            ColumnKind::Computed(expr) => {
                let value = self.value(expr);
                if starts_with_aggregate(&value) {
                    Doc::Concat(vec![name, Doc::text("("), value, Doc::text(")")])
                } else {
                    Doc::Concat(vec![name, value])
                }
            }
        }
    }

    /// Words and their `where`, on one line where that fits.
    fn conditional(&mut self, mut words: Vec<Doc>, condition: &Expr) -> Doc {
        let lines = vec![Doc::Line, Doc::text("where "), self.condition(condition)];
        words.push(Doc::nest(Doc::Concat(lines)));
        Doc::group_within(condition_limit(condition), Doc::Concat(words))
    }

    fn steps(&mut self, steps: &[Step]) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut pads = let_pads(steps).into_iter();
        for step in steps {
            let pad = pads.next().unwrap_or(0);
            entries.push(self.entry(step.span, Space::None, |layout| layout.step(step, pad)));
        }
        entries
    }

    fn step(&mut self, step: &Step, pad: usize) -> Doc {
        match &step.kind {
            StepKind::Where(condition) => Doc::Concat(vec![Doc::text("where "), self.condition(condition)]),
            StepKind::Except(reason, condition) => {
                let reason = string(&reason.value, self.spelled(reason.span));
                self.conditional(vec![Doc::Text(format!("except {reason}"))], condition)
            }
            StepKind::Let(name, expr) => {
                let head = Doc::Text(format!("let {:pad$} = ", name.name));
                Doc::Concat(vec![head, self.value(expr)])
            }
            StepKind::Each(name, list) => {
                let head = Doc::Text(format!("each {} in ", name.name));
                Doc::Concat(vec![head, self.expr(list)])
            }
        }
    }

    fn alert(&mut self, alert: &Alert) -> Doc {
        let head_end = alert.input.span.end as usize;
        let last = alert.steps.last().map_or(head_end, |step| self.end(step.span));
        let open = self.find(last, '{').map_or(last, |brace| brace + 1);
        let close = self.end(alert.span).saturating_sub(1);
        let pad = widest(alert.items.iter().map(|item| item.key.name.as_str()));
        let head = Doc::Text(format!("alert {}", alert.input.name));
        let commented = self.has_comments(head_end, open);
        // The tree is visited in the order of the text: comments of the steps stand before those of the items.
        let steps = self.steps(&alert.steps);
        let items = alert
            .items
            .iter()
            .map(|item| self.entry(item.span, Space::None, |layout| layout.alert_item(item, pad)))
            .collect();
        let (brace, body) = self.braces(open, items, close);
        let head = match (alert.steps.as_slice(), commented) {
            ([], false) => Doc::Concat(vec![head, Doc::text(" "), Doc::text(brace)]),
            (
                [
                    Step {
                        kind: StepKind::Where(condition),
                        ..
                    },
                ],
                false,
            ) => {
                let step = steps.into_iter().map(|step| step.doc).collect();
                let lines = Doc::Concat(vec![Doc::Line, Doc::Concat(step)]);
                let lines = vec![head, Doc::nest(lines), Doc::Line, Doc::text(brace)];
                Doc::group_within(condition_limit(condition), Doc::Concat(lines))
            }
            _ => {
                let lines = self.lines(head_end, steps, open, Space::None);
                let lines = Doc::nest(lines);
                Doc::Concat(vec![head, lines, Doc::Hard, Doc::text(brace)])
            }
        };
        Doc::Concat(vec![head, body])
    }

    fn alert_item(&mut self, item: &AlertItem, pad: usize) -> Doc {
        let key = Doc::Text(format!("{:pad$} ", item.key.name));
        let value = match &item.value {
            AlertValue::Text(text) => self.text(text),
            AlertValue::Paths(paths) => filled(paths.iter().map(|path| Doc::Text(path_text(path))).collect()),
            AlertValue::Identifiers(identifiers) => {
                let open = self.find(item.key.span.end as usize, '{').unwrap_or(0);
                let close = self.end(item.span).saturating_sub(1);
                let entries = identifiers
                    .iter()
                    .map(|(word, path)| {
                        self.entry(word.span.to(path.span), Space::None, |_| {
                            Doc::Text(format!("{}: {}", word.name, path_text(path)))
                        })
                    })
                    .collect();
                self.bracketed(&Brackets::OBJECT, open + 1, entries, close)
            }
        };
        Doc::Concat(vec![key, value])
    }

    fn test(&mut self, test: &Test) -> Doc {
        let mut entries = Vec::new();
        entries.push(self.entry(test.now_text.span, Space::None, |_| {
            Doc::Text(format!("now {}", test.now_text.name))
        }));
        for replaced in &test.replaced {
            entries.push(self.entry(replaced.span(), Space::None, |layout| match replaced {
                Replacement::List(list) => layout.list_decl(list),
                Replacement::Value(value) => layout.value_decl(value),
            }));
        }
        if let Some(common) = &test.common {
            entries.push(self.entry(common.span, Space::None, |layout| {
                Doc::Concat(vec![Doc::text("common "), layout.object(common, WIDE)])
            }));
        }
        let offsets: Vec<String> = test.given.iter().map(|given| self.offset(given)).collect();
        let pad = widest(offsets.iter().map(String::as_str));
        for (given, offset) in test.given.iter().zip(&offsets) {
            entries.push(self.entry(given.span, Space::None, |layout| layout.given(given, offset, pad)));
        }
        for expect in &test.expect {
            entries.push(self.entry(expect.span, Space::None, |layout| layout.expect(expect)));
        }
        let name = string(&test.name.value, self.spelled(test.name.span));
        let close = self.end(test.span).saturating_sub(1);
        let (brace, body) = self.braces(test.name.span.end as usize, entries, close);
        Doc::Concat(vec![Doc::Text(format!("test {name} {brace}")), body])
    }

    /// How long before the clock.
    fn offset(&self, given: &Given) -> String {
        let spelled = self.spelled(given.before_span);
        match spelled.strip_prefix('-') {
            Some(length) => format!("-{}", duration(given.before, length)),
            None if given.before.0 == 0 => "0".to_owned(),
            None => format!("-{}", given.before),
        }
    }

    fn given(&mut self, given: &Given, offset: &str, pad: usize) -> Doc {
        let mut head = format!("{offset:pad$} ");
        if let Some((count, every)) = given.repeat {
            let next = given.source.as_ref().map_or(given.fields.span, |source| source.span);
            let words = self.slice(given.before_span.end as usize, next.start as usize);
            let spelled = words.rsplit("every").next().unwrap_or("").trim();
            head.push_str(&format!("repeat {count} every {} ", duration(every, spelled)));
        }
        if let Some(source) = &given.source {
            head.push_str(&path_text(source));
            head.push(' ');
        }
        Doc::Concat(vec![Doc::Text(head), self.object(&given.fields, WIDE)])
    }

    fn expect(&mut self, expect: &Expect) -> Doc {
        let words = match (expect.count, &expect.columns) {
            (0, None) => return Doc::text("expect none"),
            (1, Some(_)) => "expect".to_owned(),
            (count, _) => format!("expect {count}"),
        };
        match &expect.columns {
            Some(columns) => Doc::Concat(vec![Doc::Text(words), Doc::text(" "), self.object(columns, WIDE)]),
            None => Doc::Text(words),
        }
    }
}

fn is_block(meta: &Meta) -> bool {
    meta.values
        .iter()
        .any(|value| matches!(value, MetaValue::Text(text) if text.block))
}

/// For each step, how wide the names of the `let`s around it are.
fn let_pads(steps: &[Step]) -> Vec<usize> {
    let mut pads: Vec<usize> = Vec::new();
    for run in steps.chunk_by(|a, b| matches!(a.kind, StepKind::Let(..)) == matches!(b.kind, StepKind::Let(..))) {
        let pad = widest(run.iter().filter_map(|step| match &step.kind {
            StepKind::Let(name, _) => Some(name.name.as_str()),
            _ => None,
        }));
        pads.extend(run.iter().map(|_| pad));
    }
    pads
}

fn widest<'a>(words: impl Iterator<Item = &'a str>) -> usize {
    words.map(width).max().unwrap_or(0)
}

/// With commas between; lines after the first begin under it.
fn filled(mut items: Vec<Doc>) -> Doc {
    let last = items.pop();
    let mut items: Vec<Doc> = items
        .into_iter()
        .map(|item| Doc::Concat(vec![item, Doc::text(",")]))
        .collect();
    items.extend(last);
    Doc::Align(0, Box::new(Doc::Fill { items, limit: WIDTH }))
}

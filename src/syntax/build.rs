//! Declarations, relations, alerts and tests: from pest's pairs to the tree.
//!
//! The grammar has already proved the shape, so a missing part cannot happen; where one did, an empty name stands in.

use super::ast::{
    AggregateName, Alert, AlertItem, AlertValue, Column, ColumnKind, Expr, ExprKind, Ident, Item, JoinKey, Key, Length,
    Link, ListDecl, Literal, LiteralKind, Meta, MetaValue, Object, Path, Relation, RelationKind, Segment, Step,
    StepKind, Text, Use, ValueDecl, Watchlist,
};
use super::{Pair, Rule};
use crate::diagnostics::{Code, Diagnostic, FileId, Span};
use crate::value;

pub(super) struct Builder {
    pub(super) file: FileId,
    pub(super) findings: Vec<Diagnostic>,
    /// How deep the tree is where the builder stands, in operators.
    pub(super) depth: usize,
}

impl Builder {
    pub(super) fn span(&self, pair: &Pair<'_>) -> Span {
        let span = pair.as_span();
        // pest's spans of non-atomic rules can end with blanks.
        let end = span.start() + pair.as_str().trim_end().len();
        Span {
            file: self.file,
            start: u32::try_from(span.start()).unwrap_or(u32::MAX),
            end: u32::try_from(end).unwrap_or(u32::MAX),
        }
    }

    fn nowhere(&self) -> Span {
        Span {
            file: self.file,
            start: 0,
            end: 0,
        }
    }

    pub(super) fn ident(&self, pair: Option<Pair<'_>>) -> Ident {
        match pair {
            Some(pair) => Ident {
                name: pair.as_str().trim_end().to_owned(),
                span: self.span(&pair),
            },
            None => Ident {
                name: String::new(),
                span: self.nowhere(),
            },
        }
    }

    pub(super) fn items(&mut self, file: Pair<'_>) -> (Vec<Use>, Vec<Item>) {
        let (mut uses, mut items) = (Vec::new(), Vec::new());
        for pair in file.into_inner() {
            match pair.as_rule() {
                Rule::use_decl => uses.push(Use {
                    span: self.span(&pair),
                    path: self.ident(pair.into_inner().nth(1)),
                    file: None,
                    rule: None,
                    tried: Vec::new(),
                }),
                Rule::list_decl => items.push(Item::List(self.list_decl(pair))),
                Rule::value_decl => items.push(Item::Value(self.value_decl(pair))),
                Rule::rule_decl => items.push(Item::Rule(Box::new(self.rule(pair)))),
                _ => {}
            }
        }
        (uses, items)
    }

    pub(super) fn list_decl(&mut self, pair: Pair<'_>) -> ListDecl {
        let span = self.span(&pair);
        let mut inner = pair.into_inner().skip(1);
        let name = self.ident(inner.next());
        let (mut elements, mut watchlist) = (Vec::new(), None);
        match inner.next() {
            Some(pair) if pair.as_rule() == Rule::watchlist => watchlist = self.watchlist(pair),
            Some(pair) => {
                if let LiteralKind::List(found) = self.literal(pair).kind {
                    elements = found;
                }
            }
            None => {}
        }
        ListDecl {
            name,
            elements,
            watchlist,
            span,
        }
    }

    fn watchlist(&mut self, pair: Pair<'_>) -> Option<Watchlist> {
        let span = self.span(&pair);
        let mut texts = pair
            .into_inner()
            .filter(|part| part.as_rule() == Rule::string)
            .map(|part| self.text(&part))
            .collect::<Vec<_>>()
            .into_iter();
        let (alias, column) = (texts.next()?, texts.next()?);
        for text in [&alias, &column] {
            if text.value.trim().is_empty() || text.value.chars().any(char::is_control) {
                self.findings.push(
                    Diagnostic::new(Code::BadLiteral, text.span, "a watchlist and its column have names")
                        .help("write them as the workspace does: `watchlist \"admins\" column \"Arn\"`"),
                );
            }
        }
        Some(Watchlist { alias, column, span })
    }

    pub(super) fn value_decl(&mut self, pair: Pair<'_>) -> ValueDecl {
        let span = self.span(&pair);
        let mut inner = pair.into_inner().skip(1);
        let name = self.ident(inner.next());
        let value = match inner.next() {
            Some(pair) => self.literal(pair),
            None => Literal {
                kind: LiteralKind::Null,
                span,
            },
        };
        ValueDecl { name, value, span }
    }

    fn rule(&mut self, pair: Pair<'_>) -> Rule_ {
        let span = self.span(&pair);
        let mut inner = pair.into_inner().skip(1);
        let name = self.ident(inner.next());
        let title = match inner.next() {
            Some(pair) => self.text(&pair),
            None => Text {
                value: String::new(),
                span,
                block: false,
            },
        };
        let (mut meta, mut relations, mut alert, mut tests) = (Vec::new(), Vec::new(), None, Vec::new());
        for pair in inner {
            match pair.as_rule() {
                Rule::meta => meta.push(self.meta(pair)),
                Rule::alert => alert = Some(self.alert(pair)),
                Rule::test => tests.push(self.test(pair)),
                _ => relations.push(self.relation(pair)),
            }
        }
        let alert = alert.unwrap_or(Alert {
            input: Ident {
                name: String::new(),
                span,
            },
            steps: Vec::new(),
            items: Vec::new(),
            head: span,
            span,
        });
        Rule_ {
            name,
            title,
            meta,
            relations,
            alert,
            tests,
            span,
        }
    }

    fn meta(&mut self, pair: Pair<'_>) -> Meta {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let key = self.ident(inner.next());
        let values = inner
            .map(|pair| {
                let span = self.span(&pair);
                match pair.as_rule() {
                    Rule::string | Rule::text_block => MetaValue::Text(self.text(&pair)),
                    Rule::date => MetaValue::Date(self.ident(Some(pair))),
                    Rule::version => MetaValue::Version(self.ident(Some(pair))),
                    Rule::duration => MetaValue::Duration(self.duration(pair.as_str(), span), span),
                    Rule::technique => {
                        let mut words = pair.into_inner();
                        let technique = self.ident(words.next());
                        MetaValue::Technique(technique, words.map(|word| self.ident(Some(word))).collect())
                    }
                    _ => {
                        let mut words = pair.into_inner();
                        let word = self.ident(words.next());
                        MetaValue::Word(word, words.next().map(|permit| self.ident(Some(permit))))
                    }
                }
            })
            .collect();
        Meta { key, values, span }
    }

    fn relation(&mut self, pair: Pair<'_>) -> Relation {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut inner = pair.into_inner().peekable();
        let keyword = inner.next();
        let name = self.ident(inner.next());
        let head = keyword.map_or(span, |k| self.span(&k)).to(name.span);
        let kind = match rule {
            Rule::events => RelationKind::Events {
                source: self.path_or_empty(inner.next()),
            },
            Rule::group => {
                let (mut inputs, mut keys, mut per, mut columns) = (Vec::new(), Vec::new(), None, Vec::new());
                while let Some(part) = inner.next_if(|p| !is_step(p.as_rule())) {
                    match part.as_rule() {
                        Rule::ident => inputs.push(self.ident(Some(part))),
                        Rule::keys => keys = part.into_inner().map(|key| self.key(key)).collect(),
                        Rule::sliding => self.findings.push(
                            Diagnostic::new(
                                Code::SlidingWindow,
                                self.span(&part),
                                "sliding windows (`group .. within`) are not there yet",
                            )
                            .help("write `per` for fixed windows: `per 1h`"),
                        ),
                        Rule::length => per = Some(self.length(part)),
                        Rule::column => columns.push(self.column(part)),
                        _ => {}
                    }
                }
                let per = per.unwrap_or(Length::Literal(value::Span(0), span));
                RelationKind::Group {
                    inputs,
                    keys,
                    per,
                    columns,
                }
            }
            Rule::baseline => {
                let group = self.ident(inner.next());
                let over = inner.find(|p| p.as_rule() == Rule::length).map(|p| self.length(p));
                RelationKind::Baseline {
                    group,
                    over: over.unwrap_or(Length::Literal(value::Span(0), span)),
                }
            }
            _ => {
                let (mut parts, mut links, mut keys, mut within) = (Vec::new(), Vec::new(), Vec::new(), None);
                while let Some(part) = inner.next_if(|p| !is_step(p.as_rule())) {
                    match part.as_rule() {
                        Rule::ident => parts.push(self.ident(Some(part))),
                        Rule::link => {
                            let link = match part.as_str().trim_end() {
                                "then" => Link::Then,
                                "with" => Link::With,
                                _ => Link::Without,
                            };
                            links.push((link, self.span(&part)));
                        }
                        Rule::joins => {
                            keys = part
                                .into_inner()
                                .map(|key| {
                                    let mut sides = key.into_inner();
                                    JoinKey {
                                        left: self.path_or_empty(sides.next()),
                                        right: sides.next().map(|side| self.path(side)),
                                    }
                                })
                                .collect();
                        }
                        Rule::length => within = Some(self.length(part)),
                        _ => {}
                    }
                }
                let within = within.unwrap_or(Length::Literal(value::Span(0), span));
                RelationKind::Match {
                    parts,
                    links,
                    keys,
                    within,
                }
            }
        };
        let steps = inner.map(|step| self.step(step)).collect();
        Relation {
            name,
            kind,
            steps,
            head,
            span,
        }
    }

    fn key(&mut self, pair: Pair<'_>) -> Key {
        let mut name = None;
        let mut path = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => name = Some(self.ident(Some(part))),
                _ => path = Some(self.path(part)),
            }
        }
        Key {
            name,
            path: path.unwrap_or_else(|| self.path_or_empty(None)),
        }
    }

    fn length(&mut self, pair: Pair<'_>) -> Length {
        let span = self.span(&pair);
        match pair.into_inner().next() {
            Some(part) if part.as_rule() == Rule::duration => Length::Literal(self.duration(part.as_str(), span), span),
            other => Length::Named(self.ident(other)),
        }
    }

    fn column(&mut self, pair: Pair<'_>) -> Column {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let name = self.ident(inner.next());
        let kind = match inner.next() {
            Some(part) if part.as_rule() == Rule::aggregate => {
                let mut words = part.into_inner();
                let word = self.ident(words.next());
                let function = match word.name.as_str() {
                    "count" => AggregateName::Count,
                    "distinct" => AggregateName::Distinct,
                    "set" => AggregateName::Set,
                    "min" => AggregateName::Min,
                    "max" => AggregateName::Max,
                    "sum" => AggregateName::Sum,
                    _ => AggregateName::Avg,
                };
                let (mut argument, mut condition) = (None, None);
                for part in words {
                    match part.as_rule() {
                        Rule::path => argument = Some(self.path(part)),
                        Rule::expr => condition = Some(self.expression(part)),
                        _ => {}
                    }
                }
                ColumnKind::Aggregate {
                    function,
                    function_span: word.span,
                    argument,
                    condition,
                }
            }
            Some(part) => ColumnKind::Computed(self.expression(part)),
            None => ColumnKind::Computed(Expr {
                kind: ExprKind::Literal(LiteralKind::Null),
                span,
            }),
        };
        Column { name, kind, span }
    }

    fn step(&mut self, pair: Pair<'_>) -> Step {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut inner = pair.into_inner().filter(|p| !is_keyword(p.as_rule()));
        let kind = match rule {
            Rule::where_step => StepKind::Where(self.expression_or_true(inner.next(), span)),
            Rule::except_step => {
                let reason = inner.next().map(|p| self.text(&p));
                let reason = reason.unwrap_or(Text {
                    value: String::new(),
                    span,
                    block: false,
                });
                StepKind::Except(reason, self.expression_or_true(inner.next(), span))
            }
            Rule::let_step => {
                let name = self.ident(inner.next());
                StepKind::Let(name, self.expression_or_true(inner.next(), span))
            }
            _ => {
                let name = self.ident(inner.next());
                let list = match inner.next() {
                    Some(pair) => {
                        let span = self.span(&pair);
                        let kind = match pair.as_rule() {
                            Rule::call => self.call(pair),
                            _ => ExprKind::Path(self.path(pair)),
                        };
                        Expr { kind, span }
                    }
                    None => self.expression_or_true(None, span),
                };
                StepKind::Each(name, list)
            }
        };
        Step { kind, span }
    }

    fn expression_or_true(&mut self, pair: Option<Pair<'_>>, span: Span) -> Expr {
        match pair {
            Some(pair) => self.expression(pair),
            None => Expr {
                kind: ExprKind::Literal(LiteralKind::Bool(true)),
                span,
            },
        }
    }

    fn alert(&mut self, pair: Pair<'_>) -> Alert {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let keyword = inner.next();
        let input = self.ident(inner.next());
        let head = keyword.map_or(span, |k| self.span(&k)).to(input.span);
        let (mut steps, mut items) = (Vec::new(), Vec::new());
        for part in inner {
            if part.as_rule() == Rule::alert_item {
                items.push(self.alert_item(part));
            } else {
                steps.push(self.step(part));
            }
        }
        Alert {
            input,
            steps,
            items,
            head,
            span,
        }
    }

    fn alert_item(&mut self, pair: Pair<'_>) -> AlertItem {
        let span = self.span(&pair);
        let mut inner = pair.into_inner().peekable();
        let key = self.ident(inner.next());
        let value = match inner.peek().map(Pair::as_rule) {
            Some(Rule::string | Rule::text_block) => match inner.next() {
                Some(pair) => AlertValue::Text(self.text(&pair)),
                None => AlertValue::Paths(Vec::new()),
            },
            Some(Rule::identifiers) => {
                let parts = inner.next().map(Pair::into_inner).into_iter().flatten();
                AlertValue::Identifiers(
                    parts
                        .map(|identifier| {
                            let mut sides = identifier.into_inner();
                            (self.ident(sides.next()), self.path_or_empty(sides.next()))
                        })
                        .collect(),
                )
            }
            _ => AlertValue::Paths(inner.map(|path| self.path(path)).collect()),
        };
        AlertItem { key, value, span }
    }

    pub(super) fn object(&mut self, pair: Pair<'_>) -> Object {
        let span = self.span(&pair);
        let mut pairs = Vec::new();
        for pair in pair.into_inner() {
            let mut inner = pair.into_inner();
            let Some(key) = inner.next().and_then(|key| key.into_inner().next()) else {
                continue;
            };
            let path = match key.as_rule() {
                Rule::string => {
                    let text = self.text(&key);
                    Path {
                        segments: vec![Segment::Key(text.value)],
                        span: text.span,
                    }
                }
                _ => self.path(key),
            };
            if let Some(value) = inner.next() {
                let value = match value.as_rule() {
                    Rule::text_block => {
                        let text = self.text(&value);
                        Literal {
                            kind: LiteralKind::Text(text.value),
                            span: text.span,
                        }
                    }
                    _ => self.literal(value),
                };
                pairs.push((path, value));
            }
        }
        Object { pairs, span }
    }

    pub(super) fn literal(&mut self, pair: Pair<'_>) -> Literal {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::object => LiteralKind::Object(self.object(pair)),
            Rule::list => LiteralKind::List(self.list(pair)),
            Rule::string => LiteralKind::Text(self.text(&pair).value),
            Rule::text_block => LiteralKind::Text(self.no_block(&pair)),
            Rule::number => self.number(&pair),
            Rule::duration => LiteralKind::Duration(self.duration(pair.as_str().trim_end(), span)),
            Rule::k_true => LiteralKind::Bool(true),
            Rule::k_false => LiteralKind::Bool(false),
            _ => LiteralKind::Null,
        };
        Literal { kind, span }
    }

    fn list(&mut self, pair: Pair<'_>) -> Vec<Literal> {
        let mut elements: Vec<Literal> = Vec::new();
        let mut comma_missing = false;
        // A long list with another separator is one mistake.
        let mut may_say = 10;
        for part in pair.into_inner() {
            if part.as_rule() == Rule::missing_comma {
                comma_missing = true;
                continue;
            }
            let element = self.literal(part);
            if std::mem::take(&mut comma_missing)
                && may_say > 0
                && let Some(before) = elements.last()
            {
                may_say -= 1;
                self.findings.push(
                    Diagnostic::new(
                        Code::MissingComma,
                        element.span,
                        "a comma is missing before this element",
                    )
                    .also(before.span, "after this one")
                    .note("in KQL two texts side by side are one text; here they never are")
                    .help("put a comma between the two"),
                );
            }
            elements.push(element);
        }
        elements
    }

    fn path_or_empty(&mut self, pair: Option<Pair<'_>>) -> Path {
        match pair {
            Some(pair) => self.path(pair),
            None => Path {
                segments: vec![Segment::Name(String::new())],
                span: self.nowhere(),
            },
        }
    }

    pub(super) fn path(&mut self, pair: Pair<'_>) -> Path {
        let span = self.span(&pair);
        let segments = pair
            .into_inner()
            .map(|part| match part.as_rule() {
                Rule::index => self.index(part),
                _ => Segment::Name(part.as_str().to_owned()),
            })
            .collect();
        Path { segments, span }
    }

    pub(super) fn index(&mut self, pair: Pair<'_>) -> Segment {
        let span = self.span(&pair);
        match pair.into_inner().next() {
            Some(part) if part.as_rule() == Rule::string => Segment::Key(self.text(&part).value),
            part => match part.and_then(|p| p.as_str().parse().ok()) {
                Some(index) => Segment::Index(index),
                None => {
                    self.findings
                        .push(Diagnostic::new(Code::BadLiteral, span, "this index is too large"));
                    Segment::Index(0)
                }
            },
        }
    }
}

// The tree's rule; pest's enum has the name in this module.
use super::ast::Rule as Rule_;

fn is_step(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::where_step | Rule::except_step | Rule::let_step | Rule::each_step
    )
}

fn is_keyword(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::k_where | Rule::k_except | Rule::k_let | Rule::k_each | Rule::k_in
    )
}

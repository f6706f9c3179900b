//! Literals, lists and values.

use super::Checker;
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::plan::{self, Constant, ConstantValue, Expr, List, Literal, Type, Watchlist};
use crate::resolve::{self, Binding};
use crate::syntax::ast::{self, ExprKind, LiteralKind};
use std::collections::BTreeMap;

/// What a list holds that texts are looked up in.
pub(super) const TEXTS: &str = "texts";

/// What the elements of a list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elements {
    Text,
    Number,
    Bool,
    /// The list is empty.
    None,
}

impl Elements {
    /// For people.
    fn word(self) -> &'static str {
        match self {
            Elements::Text => TEXTS,
            Elements::Number => "numbers",
            Elements::Bool => "truth values",
            Elements::None => "nothing",
        }
    }
}

pub(super) fn literal_type(literal: &Literal) -> Type {
    match literal {
        Literal::Text(_) => Type::Text,
        Literal::Int(_) => Type::Int,
        Literal::Real(_) => Type::Real,
        Literal::Bool(_) => Type::Bool,
        Literal::Duration(_) => Type::Duration,
    }
}

/// A whole number that stands for a fraction is one.
#[allow(clippy::cast_precision_loss, reason = "a threshold; JSON readers do the same")]
fn as_declared(declared: &resolve::Constant<'_>, new: ConstantValue) -> ConstantValue {
    match (declared, new) {
        (resolve::Constant::Value(old), ConstantValue::Scalar(Literal::Int(n)))
            if matches!(old.value.kind, LiteralKind::Real(_)) =>
        {
            ConstantValue::Scalar(Literal::Real(n as f64))
        }
        (_, new) => new,
    }
}

/// A literal that may stand in an expression.
fn literal(kind: &LiteralKind, span: Span, findings: &mut Vec<Diagnostic>) -> Option<Literal> {
    let what = match kind {
        LiteralKind::Text(text) => return Some(Literal::Text(text.clone())),
        LiteralKind::Int(n) => return Some(Literal::Int(*n)),
        LiteralKind::Real(n) => return Some(Literal::Real(*n)),
        LiteralKind::Bool(b) => return Some(Literal::Bool(*b)),
        LiteralKind::Duration(d) => return Some(Literal::Duration(*d)),
        LiteralKind::Null => "`null`",
        LiteralKind::List(_) => "a list",
        LiteralKind::Object(_) => "an object",
    };
    findings.push(
        Diagnostic::new(Code::TypeMismatch, span, format!("{what} cannot stand here"))
            .help("texts, numbers, `true` and `false` can; to ask for a missing value write `is missing`"),
    );
    None
}

fn duplicates(elements: &[ast::Literal], findings: &mut Vec<Diagnostic>) {
    // Lists may be long, and generated: each element is looked up once, and a few findings say enough.
    const ENOUGH: usize = 10;
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    let mut found = 0;
    for element in elements {
        let text = format!("{:?}", element.kind);
        let Some(first) = seen.get(&text).copied() else {
            seen.insert(text, element.span);
            continue;
        };
        found += 1;
        if found <= ENOUGH {
            findings.push(
                Diagnostic::new(
                    Code::DuplicateElement,
                    element.span,
                    "this element stands in the list already",
                )
                .also(first, "the first one")
                .help("delete one of the two"),
            );
        }
    }
}

/// What a list or value holds; findings about its elements.
fn constant_value(constant: &resolve::Constant<'_>, findings: &mut Vec<Diagnostic>) -> ConstantValue {
    match constant {
        resolve::Constant::List(list) => {
            duplicates(&list.elements, findings);
            let elements = list.elements.iter();
            ConstantValue::List(elements.filter_map(|e| literal(&e.kind, e.span, findings)).collect())
        }
        resolve::Constant::Value(value) => match literal(&value.value.kind, value.value.span, findings) {
            Some(literal) => ConstantValue::Scalar(literal),
            None => ConstantValue::List(Vec::new()),
        },
    }
}

/// Reports what is wrong with lists and values that no rule of their file uses.
pub(super) fn of_lists(lists: &[resolve::Constant<'_>], findings: &mut Vec<Diagnostic>) {
    for constant in lists {
        constant_value(constant, findings);
    }
}

/// The watchlist of a list.
fn watchlist_of(constant: &resolve::Constant<'_>) -> Option<Watchlist> {
    let resolve::Constant::List(list) = constant else {
        return None;
    };
    let watchlist = list.watchlist.as_ref()?;
    Some(Watchlist {
        alias: watchlist.alias.value.clone(),
        column: watchlist.column.value.clone(),
        span: watchlist.span,
    })
}

/// What a constant holds, for people; none where it is empty or mixed, which others report.
fn kind_of(value: &ConstantValue) -> Option<&'static str> {
    let many = |literal: &Literal| match literal {
        Literal::Text(_) => "texts",
        Literal::Int(_) | Literal::Real(_) => "numbers",
        Literal::Bool(_) => "truth values",
        Literal::Duration(_) => "lengths of time",
    };
    match value {
        ConstantValue::List(elements) => {
            let first = many(elements.first()?);
            elements.iter().all(|e| many(e) == first).then_some(first)
        }
        ConstantValue::Scalar(literal) => Some(match literal {
            Literal::Text(_) => "a text",
            Literal::Int(_) => "a whole number",
            Literal::Real(_) => "a fraction",
            Literal::Bool(_) => "a truth value",
            Literal::Duration(_) => "a length of time",
        }),
    }
}

impl Checker<'_, '_, '_, '_> {
    /// Reads the lists and values of the file; findings only with the file's first rule.
    pub(super) fn constants(&mut self, report: bool) {
        let before = self.findings.len();
        for (index, constant) in self.rule.constants.iter().enumerate() {
            let new = self.replaced.iter().find(|(other, _)| *other == index);
            let value = match new {
                Some((_, new)) => as_declared(constant, self.constant_value(new)),
                None => self.constant_value(constant),
            };
            let mut replaced = self.rule.tests.iter().flat_map(|test| &test.replaced);
            self.constants.push(Constant {
                name: constant.name().name.clone(),
                value,
                open: watchlist_of(constant).is_some() || replaced.any(|(other, _)| *other == index),
                watchlist: watchlist_of(constant),
            });
        }
        if !report {
            self.findings.truncate(before);
        }
    }

    fn constant_value(&mut self, constant: &resolve::Constant<'_>) -> ConstantValue {
        constant_value(constant, self.findings)
    }

    /// What a test puts into the place of a list or value, typed as what it replaces.
    pub(super) fn replacement(&mut self, index: usize, new: &resolve::Constant<'_>) -> Option<Constant> {
        // What is wrong with the elements is said where the rule is checked with them.
        let before = self.findings.len();
        let value = self.constant_value(new);
        self.findings.truncate(before);
        let declared = self.rule.constants.get(index)?;
        let value = as_declared(declared, value);
        let old = self.constants.get(index)?;
        let was = if old.watchlist.is_some() {
            Some("texts")
        } else {
            kind_of(&old.value)
        };
        if let (Some(was), Some(is)) = (was, kind_of(&value))
            && was != is
        {
            let name = new.name();
            let what = format!("`{}` holds {was}, and here {is}", name.name);
            self.findings.push(
                Diagnostic::new(Code::TypeMismatch, name.span, what)
                    .also(declared.name().span, "declared here")
                    .help(format!("the rule is compiled for {was}: write {was} here")),
            );
            return None;
        }
        let old = self.constants.get(index)?;
        Some(Constant {
            name: old.name.clone(),
            value,
            open: true,
            watchlist: old.watchlist.clone(),
        })
    }

    /// A literal that may stand in an expression.
    pub(super) fn literal(&mut self, kind: &LiteralKind, span: Span) -> Option<Literal> {
        literal(kind, span, self.findings)
    }

    /// The list on the right of `in`, `in~` and `has any`; `None` where the expression is no list.
    pub(super) fn list(&mut self, relation: usize, expr: &ast::Expr) -> Option<List> {
        match &expr.kind {
            ExprKind::Literal(LiteralKind::List(elements)) => {
                duplicates(elements, self.findings);
                Some(List::Inline(
                    elements.iter().filter_map(|e| self.literal(&e.kind, e.span)).collect(),
                ))
            }
            ExprKind::Path(path) => match self.rule.bindings.get(&(relation, path.span)) {
                Some(Binding::Constant(index)) => match self.constants.get(*index).map(|c| &c.value) {
                    Some(ConstantValue::List(_)) => Some(List::Constant(*index)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn list_elements<'s>(&'s self, list: &'s List) -> &'s [Literal] {
        match list {
            List::Inline(elements) => elements,
            List::Constant(index) => match self.constants.get(*index).map(|c| &c.value) {
                Some(ConstantValue::List(elements)) => elements,
                Some(ConstantValue::Scalar(literal)) => std::slice::from_ref(literal),
                None => &[],
            },
        }
    }

    /// Where an element of a named list stands.
    pub(super) fn place_of(&self, list: &List, element: usize) -> Option<Span> {
        let List::Constant(index) = list else { return None };
        let new = self
            .replaced
            .iter()
            .find(|(other, _)| other == index)
            .map(|(_, new)| new);
        match new.or(self.rule.constants.get(*index))? {
            resolve::Constant::List(list) => list.elements.get(element).map(|element| element.span),
            resolve::Constant::Value(value) => Some(value.value.span),
        }
    }

    /// The declaration of a named list, as it holds in this deployment.
    fn declaration(&self, list: &List) -> Option<&'_ ast::ListDecl> {
        let List::Constant(index) = list else { return None };
        match self.rule.constants.get(*index)? {
            resolve::Constant::List(list) => Some(list),
            resolve::Constant::Value(_) => None,
        }
    }

    /// Reports an element that a file of values puts into a list, where the rule asks for another type; false where the
    /// list is the rule's own.
    pub(super) fn deployed_misfit(&mut self, list: &List, element: usize, wanted: &str, used: Span) -> bool {
        let Some(declared) = self.declaration(list) else {
            return false;
        };
        let Some(new) = declared.elements.get(element) else {
            return false;
        };
        if new.span.file == declared.name.span.file {
            return false;
        }
        let written = (new.span.end - new.span.start) as usize;
        let (found, help) = match &new.kind {
            // The zeros that an identifier begins with count.
            LiteralKind::Int(n) if wanted == TEXTS => ("a number", format!("write it in quotes: `\"{n:0>written$}\"`")),
            LiteralKind::Int(_) | LiteralKind::Real(_) => ("a number", format!("write {wanted} into this list")),
            LiteralKind::Bool(_) if wanted == TEXTS => ("a truth value", "write it in quotes".to_owned()),
            LiteralKind::Bool(_) => ("a truth value", format!("write {wanted} into this list")),
            LiteralKind::Text(_)
            | LiteralKind::Duration(_)
            | LiteralKind::Null
            | LiteralKind::List(_)
            | LiteralKind::Object(_) => ("a text", format!("write {wanted} into this list, without quotes")),
        };
        let finding = Diagnostic::new(
            Code::BadDeploymentValue,
            new.span,
            format!("`{}` holds {wanted}", declared.name.name),
        )
        .label(format!("this is {found}"))
        .also(used, "read here")
        .help(help);
        // Every rule that reads the list would say it.
        let same = |old: &Diagnostic| old.code == finding.code && old.primary.span == finding.primary.span;
        if !self.findings.iter().any(same) {
            self.findings.push(finding);
        }
        true
    }

    /// Warns where a condition that rows must satisfy asks for an element of a list that has none.
    pub(super) fn never_passes(&mut self, condition: &Expr, negated: bool) {
        let Some(index) = self.never(condition, negated) else {
            return;
        };
        let Some(resolve::Constant::List(list)) = self.rule.constants.get(index) else {
            return;
        };
        let finding = Diagnostic::new(
            Code::EmptyList,
            condition.span,
            format!("`{}` is empty, so no row passes here", list.name.name),
        );
        self.findings.push(
            finding
                .also(list.span, "nothing is in it")
                .help("put an element into it, or take this test out"),
        );
    }

    /// The list without elements because of which a condition is never true, or always where `negated`.
    fn never(&self, condition: &Expr, negated: bool) -> Option<usize> {
        match (&condition.kind, negated) {
            (
                plan::ExprKind::In { list, .. }
                | plan::ExprKind::InCidr { blocks: list, .. }
                | plan::ExprKind::HasAny { list, .. },
                false,
            ) => match list {
                List::Constant(index) if !self.is_watchlist(list) && self.list_elements(list).is_empty() => {
                    Some(*index)
                }
                List::Constant(_) | List::Inline(_) => None,
            },
            (plan::ExprKind::And(parts), false) | (plan::ExprKind::Or(parts), true) => {
                parts.iter().find_map(|part| self.never(part, negated))
            }
            (plan::ExprKind::Or(parts), false) | (plan::ExprKind::And(parts), true) => {
                let mut never = parts.iter().map(|part| self.never(part, negated));
                let first = never.next().flatten()?;
                never.all(|part| part.is_some()).then_some(first)
            }
            (plan::ExprKind::Not(inner), negated) => self.never(inner, !negated),
            _ => None,
        }
    }

    /// Whether a watchlist keeps the items of a list.
    pub(super) fn is_watchlist(&self, list: &List) -> bool {
        match list {
            List::Inline(_) => false,
            List::Constant(index) => self.constants.get(*index).is_some_and(|c| c.watchlist.is_some()),
        }
    }

    /// What a list holds; a finding where its elements differ in type or hold the empty text.
    pub(super) fn elements(&mut self, list: &List, span: Span) -> Option<Elements> {
        // The items of a watchlist are texts.
        let mut kind = if self.is_watchlist(list) {
            Elements::Text
        } else {
            Elements::None
        };
        let mut wrong = None;
        let mut odd = None;
        for (index, element) in self.list_elements(list).iter().enumerate() {
            let this = match element {
                Literal::Text(text) => {
                    if text.is_empty() {
                        let finding = Diagnostic::new(
                            Code::EmptyText,
                            span,
                            "the list holds the empty text, which no value equals",
                        );
                        let place = self.place_of(list, index);
                        wrong = Some(
                            place
                                .into_iter()
                                .fold(finding, |finding, place| finding.also(place, "it stands here"))
                                .note("absent, null and `\"\"` are one thing: missing")
                                .help("write `x is missing or x in [..]`"),
                        );
                    }
                    Elements::Text
                }
                Literal::Int(_) | Literal::Real(_) => Elements::Number,
                Literal::Bool(_) => Elements::Bool,
                Literal::Duration(_) => {
                    wrong = Some(Diagnostic::new(
                        Code::TypeMismatch,
                        span,
                        "a list does not hold durations",
                    ));
                    break;
                }
            };
            if kind != Elements::None && kind != this {
                odd = odd.or(Some((index, kind)));
                wrong = Some(
                    Diagnostic::new(
                        Code::TypeMismatch,
                        span,
                        "the elements of this list are not of one type",
                    )
                    .help("write two lists: `x in [\"a\"] or x in [1]`"),
                );
            }
            kind = this;
        }
        if let Some((element, kind)) = odd
            && self.deployed_misfit(list, element, kind.word(), span)
        {
            return None;
        }
        if let Some(finding) = wrong {
            self.findings.push(finding);
            return None;
        }
        Some(kind)
    }
}

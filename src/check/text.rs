//! Word operators and patterns, and warnings about literals.

use super::Checker;
use super::expression::expr;
use super::literals::{Elements, TEXTS};
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::plan::{ConstantValue, Expr, ExprKind, List, Literal, Pattern, RelationId, TextOp, Type};
use crate::syntax::ast::{self, BinaryOp};

impl Checker<'_, '_, '_, '_> {
    pub(super) fn text_test(
        &mut self,
        relation: RelationId,
        op: TextOp,
        word: BinaryOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let word = word.word();
        if self.list(relation, right).is_some() {
            let help = if op == TextOp::Has {
                "write `has any` before a list".to_owned()
            } else {
                format!("write `x {word} \"a\" or x {word} \"b\"`, or `matches`")
            };
            return self.report(
                Diagnostic::new(Code::TypeMismatch, right.span, format!("`{word}` takes one text")).help(help),
            );
        }
        let (value, needle) = self.both(relation, left, right)?;
        let json = value.ty == Type::Json;
        let value = match value.ty {
            Type::Set(_) => {
                return self.report(
                    Diagnostic::new(Code::TypeMismatch, left.span, format!("`{word}` asks a text"))
                        .label("this is a set")
                        .help("ask for an element: `\"x\" in the_set`"),
                );
            }
            _ => self.as_text(value, &format!("`{word}`"))?,
        };
        self.needle_is_text(&needle, word)?;
        self.needle(&needle, word);
        if json && matches!(op, TextOp::Contains | TextOp::Has) {
            self.json_needle(&needle, word);
        }
        Some(expr(
            ExprKind::Text {
                op,
                value: Box::new(value),
                needle: Box::new(needle),
            },
            Type::Bool,
            span,
        ))
    }

    pub(super) fn needle_is_text(&mut self, needle: &Expr, word: &str) -> Option<()> {
        if needle.ty != Type::Text {
            self.report(
                Diagnostic::new(Code::TypeMismatch, needle.span, format!("`{word}` looks for a text"))
                    .label(needle.ty.name()),
            );
            return None;
        }
        self.literal_of(needle)?;
        if self.is_empty_text(needle) {
            self.report(
                Diagnostic::new(Code::EmptyText, needle.span, "the empty text cannot be looked for")
                    .help("write `is present`"),
            );
            return None;
        }
        Some(())
    }

    pub(super) fn has_any(
        &mut self,
        relation: RelationId,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let Some(list) = self.list(relation, right) else {
            return self.report(
                Diagnostic::new(Code::TypeMismatch, right.span, "`has any` takes a list")
                    .help("for one text write `has`"),
            );
        };
        let value = self.typed(relation, left)?;
        let json = value.ty == Type::Json;
        let value = self.as_text(value, "`has any`")?;
        match self.elements(&list, right.span)? {
            Elements::Text => {}
            Elements::None if matches!(list, List::Inline(_)) => self.empty_list(right.span),
            Elements::None => {}
            Elements::Number | Elements::Bool => {
                if self.deployed_misfit(&list, 0, TEXTS, right.span) {
                    return None;
                }
                return self.report(Diagnostic::new(
                    Code::TypeMismatch,
                    right.span,
                    "`has any` looks for texts",
                ));
            }
        }
        let literals: Vec<Literal> = self.list_elements(&list).to_vec();
        for literal in literals {
            let needle = expr(ExprKind::Literal(literal), Type::Text, right.span);
            self.needle(&needle, "has any");
            if json {
                self.json_needle(&needle, "has any");
            }
        }
        Some(expr(
            ExprKind::HasAny {
                value: Box::new(value),
                list,
            },
            Type::Bool,
            span,
        ))
    }

    pub(super) fn matches(
        &mut self,
        relation: RelationId,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let value = self.typed(relation, left);
        let ast::ExprKind::Regex { pattern, ignore_case } = &right.kind else {
            return self.report(
                Diagnostic::new(Code::TypeMismatch, right.span, "`matches` takes a regular expression")
                    .help("write it between slashes: `matches /^Get/`"),
            );
        };
        let pattern = self.pattern(pattern, *ignore_case, right.span);
        let value = self.as_text(value?, "`matches`")?;
        let (pattern, _) = pattern?;
        Some(expr(
            ExprKind::Matches {
                value: Box::new(value),
                pattern,
            },
            Type::Bool,
            span,
        ))
    }

    /// A regular expression that compiles, and the number of its groups.
    pub(super) fn pattern(&mut self, pattern: &str, ignore_case: bool, span: Span) -> Option<(Pattern, usize)> {
        match crate::runtime::pattern::compile(pattern, ignore_case) {
            Ok(regex) => {
                let groups = regex.captures_len().saturating_sub(1);
                if groups > 16 {
                    self.findings.push(
                        Diagnostic::new(Code::BadRegex, span, "this regular expression has more than 16 groups")
                            .note("KQL allows 16")
                            .help("write groups that catch nothing as `(?:..)`"),
                    );
                    return None;
                }
                Some((
                    Pattern {
                        text: pattern.to_owned(),
                        ignore_case,
                    },
                    groups,
                ))
            }
            Err(error) => {
                let text = error.to_string();
                let reason = text
                    .lines()
                    .rev()
                    .find(|line| !line.trim().is_empty())
                    .unwrap_or("")
                    .trim();
                let reason = reason.strip_prefix("error: ").unwrap_or(reason);
                let mut finding = Diagnostic::new(
                    Code::BadRegex,
                    span,
                    format!("this regular expression does not compile: {reason}"),
                );
                if pattern.contains("(?=") || pattern.contains("(?!") || pattern.contains("(?<") {
                    finding = finding
                        .help("look-around is not there, in KQL neither: write a second test with `and` or `not`");
                }
                self.findings.push(finding);
                None
            }
        }
    }

    pub(super) fn empty_list(&mut self, span: Span) {
        self.findings.push(
            Diagnostic::new(
                Code::EmptyList,
                span,
                "this list has no elements, so the test is never true",
            )
            .help("add an element, or delete the test"),
        );
    }

    // ---- warnings about literals ------------------------------------------------------------------------------------

    pub(super) fn is_empty_text(&self, value: &Expr) -> bool {
        match &value.kind {
            ExprKind::Literal(Literal::Text(text)) => text.is_empty(),
            ExprKind::Constant(index) => {
                matches!(self.constants.get(*index).map(|c| &c.value), Some(ConstantValue::Scalar(Literal::Text(t))) if t.is_empty())
            }
            _ => false,
        }
    }

    /// A needle that ignores case is folded in ASCII only.
    pub(super) fn needle(&mut self, needle: &Expr, word: &str) {
        if let ExprKind::Literal(Literal::Text(text)) = &needle.kind
            && text.chars().any(|c| !c.is_ascii() && c.is_alphabetic())
        {
            self.findings.push(
                Diagnostic::new(
                    Code::NonAsciiNeedle,
                    needle.span,
                    format!("`{word}` folds the case of ASCII letters only"),
                )
                .label("a letter beyond ASCII matches itself alone")
                .help("list the spellings that occur, or compare exactly with `==`"),
            );
        }
    }

    /// A needle that can only be found in the text of a JSON object.
    pub(super) fn json_needle(&mut self, needle: &Expr, word: &str) {
        if let ExprKind::Literal(Literal::Text(text)) = &needle.kind
            && text.contains(['{', '}', '[', ']', '"', ',', ':', ' '])
        {
            self.findings.push(
                Diagnostic::new(
                    Code::JsonText,
                    needle.span,
                    format!("`{word}` with this text may look into the text of a JSON object"),
                )
                .note("how JSON is spaced and ordered as text is not defined")
                .help("name the property: `requestParameters.x.y == ..`"),
            );
        }
    }

    /// Literals whose text on a json path is not defined.
    pub(super) fn undefined_text(&mut self, value: &Expr) {
        let why = match &value.kind {
            ExprKind::Literal(Literal::Text(text)) if text.starts_with(['{', '[']) => {
                "an object or list equals no text"
            }
            ExprKind::Literal(Literal::Int(n)) if n.unsigned_abs() > 1 << 53 => {
                "integers beyond 2^53 lose digits in JSON"
            }
            _ => return,
        };
        self.findings
            .push(Diagnostic::new(Code::UndefinedText, value.span, why).help("compare a property of it instead"));
    }
}

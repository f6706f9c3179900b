//! What the rule's text says at a place.

use crate::diagnostics::{FileId, Sources, Span};
use crate::syntax::ast::{self, ColumnKind, ExprKind, LiteralKind, RelationKind, StepKind};
use std::collections::BTreeMap;

/// A text with more characters is named by its ends.
const LONGEST: usize = 120;
const HEAD: usize = 80;
const TAIL: usize = 30;

/// The expressions of a rule by their places, and its text.
pub(super) struct Text<'a> {
    sources: &'a Sources,
    exprs: BTreeMap<Span, &'a ast::Expr>,
    comments: Vec<Span>,
}

impl<'a> Text<'a> {
    pub(super) fn of(rule: &'a ast::Rule, trees: &[(FileId, ast::File)], sources: &'a Sources) -> Text<'a> {
        let comments = trees.iter().flat_map(|(_, tree)| &tree.comments);
        let mut text = Text {
            sources,
            exprs: BTreeMap::new(),
            comments: comments.map(|comment| comment.span).collect(),
        };
        for relation in &rule.relations {
            if let RelationKind::Group { columns, .. } = &relation.kind {
                for column in columns {
                    match &column.kind {
                        ColumnKind::Aggregate { condition, .. } => {
                            condition.iter().for_each(|condition| text.add(condition));
                        }
                        ColumnKind::Computed(value) => text.add(value),
                    }
                }
            }
            relation.steps.iter().for_each(|step| text.step(step));
        }
        rule.alert.steps.iter().for_each(|step| text.step(step));
        text
    }

    fn step(&mut self, step: &'a ast::Step) {
        match &step.kind {
            StepKind::Where(expr) | StepKind::Except(_, expr) | StepKind::Let(_, expr) | StepKind::Each(_, expr) => {
                self.add(expr);
            }
        }
    }

    fn add(&mut self, expr: &'a ast::Expr) {
        self.exprs.insert(expr.span, expr);
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Regex { .. } | ExprKind::Path(_) => {}
            ExprKind::Not(inner) | ExprKind::Is { operand: inner, .. } => self.add(inner),
            ExprKind::Call { arguments: parts, .. }
            | ExprKind::And(parts)
            | ExprKind::Or(parts)
            | ExprKind::Coalesce(parts) => parts.iter().for_each(|part| self.add(part)),
            ExprKind::Binary { left, right, .. } => {
                self.add(left);
                self.add(right);
            }
        }
    }

    /// The expression at a place.
    pub(super) fn at(&self, span: Span) -> Option<&'a ast::Expr> {
        self.exprs.get(&span).copied()
    }

    /// The places of the elements of a list that stands beside the operator at a place, or there itself.
    pub(super) fn elements(&self, span: Span) -> Option<&'a [ast::Literal]> {
        let list = match &self.at(span)?.kind {
            ExprKind::Binary { right, .. } => &right.kind,
            kind => kind,
        };
        match list {
            ExprKind::Literal(LiteralKind::List(elements)) => Some(elements),
            _ => None,
        }
    }

    /// The text of a place in one line; of a long one the ends.
    pub(super) fn snippet(&self, span: Span) -> String {
        let mut line = String::new();
        let mut from = span.start;
        let comments = self
            .comments
            .iter()
            .filter(|comment| comment.file == span.file && comment.start >= span.start && comment.end <= span.end);
        let mut add = |start: u32, end: u32| {
            for word in self.sources.snippet(Span { start, end, ..span }).split_whitespace() {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
        };
        for comment in comments {
            add(from, comment.start);
            from = comment.end;
        }
        add(from, span.end);
        let length = line.chars().count();
        if length <= LONGEST {
            return line;
        }
        let head: String = line.chars().take(HEAD).collect();
        let tail: String = line.chars().skip(length - TAIL).collect();
        format!("{head} … {tail}")
    }
}

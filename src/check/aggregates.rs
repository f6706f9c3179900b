//! The columns of a group.

use super::Checker;
use super::expression::convert;
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::plan::{Aggregate, AggregateName, Expr, RelationId, Scalar, Slot, Type};
use crate::syntax::ast;

/// A set's elements; json enters as text.
fn scalar(ty: Type) -> Option<Scalar> {
    Some(match ty {
        Type::Text | Type::Json => Scalar::Text,
        Type::Bool => Scalar::Bool,
        Type::Int => Scalar::Int,
        Type::Real => Scalar::Real,
        Type::Time => Scalar::Time,
        Type::Duration | Type::Set(_) => return None,
    })
}

/// An aggregate as it was written.
pub(super) struct Written<'t> {
    pub(super) function: AggregateName,
    pub(super) span: Span,
    pub(super) argument: Option<&'t ast::Path>,
    pub(super) condition: Option<&'t ast::Expr>,
}

impl Checker<'_, '_, '_, '_> {
    /// An aggregate over one stream, its type, and whether it can be missing.
    pub(super) fn aggregate(
        &mut self,
        inputs: &[RelationId],
        input: usize,
        slot: Slot,
        written: &Written<'_>,
    ) -> Option<(Aggregate, Type, bool)> {
        let stream = *inputs.get(input)?;
        let name = self
            .rule
            .relations
            .get(stream)
            .map(|r| r.ast.name.name.as_str())
            .unwrap_or_default();
        let word = written.function.word();
        let bare = written
            .argument
            .is_some_and(|path| crate::resolve::path_text(path) == name);
        let condition = written.condition.map(|condition| self.condition(stream, condition));
        let argument = match (written.function, written.argument) {
            (AggregateName::Count, None) => None,
            (AggregateName::Count, Some(_)) if bare => None,
            (AggregateName::Count, Some(path)) => {
                let text = crate::resolve::path_text(path);
                self.findings.push(
                    Diagnostic::new(
                        Code::BadAggregate,
                        path.span,
                        "`count` counts rows; only a stream may follow it",
                    )
                    .help(format!("write `count where {text} is present`, or `distinct {text}`")),
                );
                return None;
            }
            (_, None) => {
                self.findings.push(
                    Diagnostic::new(Code::BadAggregate, written.span, format!("`{word}` needs a field"))
                        .help(format!("write `{word} sourceIPAddress`")),
                );
                return None;
            }
            (_, Some(path)) if bare => {
                self.findings.push(
                    Diagnostic::new(
                        Code::BadAggregate,
                        path.span,
                        format!("`{word}` needs a field of the stream"),
                    )
                    .help(format!("write `{word} {name}.sourceIPAddress`")),
                );
                return None;
            }
            (_, Some(path)) => Some(self.path(stream, path)?),
        };
        let condition = match condition {
            Some(condition) => Some(condition?),
            None => None,
        };
        let (argument, ty, nullable) = match (written.function, argument) {
            (AggregateName::Count, _) | (_, None) => (None, Type::Int, false),
            (AggregateName::Distinct | AggregateName::Set, Some(value)) => {
                let Some(element) = scalar(value.ty) else {
                    self.findings.push(
                        Diagnostic::new(
                            Code::BadAggregate,
                            value.span,
                            format!("`{word}` collects single values"),
                        )
                        .label(value.ty.name()),
                    );
                    return None;
                };
                let value = if value.ty == Type::Json {
                    convert(value, Type::Text)
                } else {
                    value
                };
                let ty = if written.function == AggregateName::Set {
                    Type::Set(element)
                } else {
                    Type::Int
                };
                (Some(value), ty, false)
            }
            (AggregateName::Min | AggregateName::Max, Some(value)) => match value.ty {
                Type::Int | Type::Real | Type::Time => {
                    let ty = value.ty;
                    (Some(value), ty, true)
                }
                Type::Json => (Some(convert(value, Type::Real)), Type::Real, true),
                _ => return self.needs_number(word, &value),
            },
            (AggregateName::Sum, Some(value)) => match value.ty {
                Type::Int | Type::Real => {
                    let ty = value.ty;
                    (Some(value), ty, false)
                }
                Type::Json => (Some(convert(value, Type::Real)), Type::Real, false),
                _ => return self.needs_number(word, &value),
            },
            (AggregateName::Avg, Some(value)) => match value.ty {
                Type::Int | Type::Real => (Some(value), Type::Real, true),
                Type::Json => (Some(convert(value, Type::Real)), Type::Real, true),
                _ => return self.needs_number(word, &value),
            },
        };
        Some((
            Aggregate {
                slot,
                function: written.function,
                input,
                argument,
                condition,
            },
            ty,
            nullable,
        ))
    }

    fn needs_number<T>(&mut self, word: &str, value: &Expr) -> Option<T> {
        self.findings.push(
            Diagnostic::new(Code::BadAggregate, value.span, format!("`{word}` needs numbers"))
                .label(value.ty.name())
                .help("to collect values write `set`, to count them `distinct`"),
        );
        None
    }

    /// A group's or match's key: one scalar value, json as text.
    pub(super) fn key_value(&mut self, value: Expr, what: &str) -> Option<Expr> {
        match value.ty {
            Type::Json => Some(convert(value, Type::Text)),
            Type::Set(_) => {
                self.findings.push(
                    Diagnostic::new(Code::SetAsScalar, value.span, format!("a set cannot be {what}"))
                        .help("group by a single value, or take the elements apart with `each` before grouping"),
                );
                None
            }
            Type::Duration => {
                self.findings.push(Diagnostic::new(
                    Code::TypeMismatch,
                    value.span,
                    format!("a duration cannot be {what}"),
                ));
                None
            }
            Type::Text | Type::Bool | Type::Int | Type::Real | Type::Time => Some(value),
        }
    }
}

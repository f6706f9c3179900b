//! Expressions: from a tree of the syntax to a typed one.

use super::Checker;
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::plan::{ConstantValue, Expr, ExprKind, Literal, Origin, RelationId, Segment, Slot, Type};
use crate::resolve::{Binding, Kind, Reference};
use crate::source::FieldType;
use crate::syntax::ast::{self, IsTest, LiteralKind};

pub(super) fn expr(kind: ExprKind, ty: Type, span: Span) -> Expr {
    Expr { kind, ty, span }
}

pub(super) fn negate(inner: Expr) -> Expr {
    let span = inner.span;
    match inner.kind {
        ExprKind::Not(inner) => *inner,
        kind => expr(
            ExprKind::Not(Box::new(Expr {
                kind,
                ty: Type::Bool,
                span,
            })),
            Type::Bool,
            span,
        ),
    }
}

/// `and`, flattened; one part stays alone.
pub(super) fn all_of(parts: Vec<Expr>, span: Span) -> Expr {
    let mut flat = Vec::new();
    for part in parts {
        match part.kind {
            ExprKind::And(more) => flat.extend(more),
            _ => flat.push(part),
        }
    }
    match flat.pop() {
        Some(only) if flat.is_empty() => only,
        Some(last) => {
            flat.push(last);
            expr(ExprKind::And(flat), Type::Bool, span)
        }
        None => expr(ExprKind::Literal(crate::plan::Literal::Bool(true)), Type::Bool, span),
    }
}

impl Checker<'_, '_, '_, '_> {
    pub(super) fn report(&mut self, finding: Diagnostic) -> Option<Expr> {
        self.findings.push(finding);
        None
    }

    /// An expression with the type it has by itself.
    pub(super) fn typed(&mut self, relation: RelationId, tree: &ast::Expr) -> Option<Expr> {
        let span = tree.span;
        match &tree.kind {
            ast::ExprKind::Literal(LiteralKind::List(_)) => self.report(
                Diagnostic::new(Code::TypeMismatch, span, "a list cannot stand here")
                    .help("lists stand after `in`, `in~`, `has any` and beside `minus`, `union`, `intersect`"),
            ),
            ast::ExprKind::Literal(literal) => {
                let literal = self.literal(literal, span)?;
                let ty = super::literals::literal_type(&literal);
                Some(expr(ExprKind::Literal(literal), ty, span))
            }
            ast::ExprKind::Regex { .. } => self.report(
                Diagnostic::new(Code::TypeMismatch, span, "a regular expression cannot stand here")
                    .help("regular expressions stand after `matches` and in `capture(text, /../)`"),
            ),
            ast::ExprKind::Path(path) => self.path(relation, path),
            ast::ExprKind::Call {
                name,
                arguments,
                access,
            } => self.call(relation, name, arguments, access, span),
            ast::ExprKind::Not(inner) => Some(Expr {
                span,
                ..negate(self.condition(relation, inner)?)
            }),
            ast::ExprKind::And(parts) => {
                let parts = self.conditions(relation, parts)?;
                Some(all_of(parts, span))
            }
            ast::ExprKind::Or(parts) => {
                let parts = self.conditions(relation, parts)?;
                Some(expr(ExprKind::Or(parts), Type::Bool, span))
            }
            ast::ExprKind::Coalesce(parts) => self.coalesce(relation, parts, span),
            ast::ExprKind::Binary {
                op,
                op_span,
                left,
                right,
            } => self.binary(relation, *op, *op_span, left, right, span),
            ast::ExprKind::Is { test, negated, operand } => {
                let asked = self.is_test(relation, *test, operand, span)?;
                Some(if *negated {
                    Expr { span, ..negate(asked) }
                } else {
                    asked
                })
            }
        }
    }

    fn conditions(&mut self, relation: RelationId, parts: &[ast::Expr]) -> Option<Vec<Expr>> {
        // All of them first, so that every finding is reported.
        let parts: Vec<Option<Expr>> = parts.iter().map(|part| self.condition(relation, part)).collect();
        parts.into_iter().collect()
    }

    /// An expression that is true or false.
    pub(super) fn condition(&mut self, relation: RelationId, tree: &ast::Expr) -> Option<Expr> {
        let value = self.typed(relation, tree)?;
        match value.ty {
            Type::Bool => {
                if let ExprKind::Literal(_) = value.kind {
                    self.findings.push(
                        Diagnostic::new(Code::ConstantCondition, value.span, "this condition never changes")
                            .help("delete it, or compare something with it"),
                    );
                }
                Some(value)
            }
            Type::Json => Some(convert(value, Type::Bool)),
            other => self.report(
                Diagnostic::new(Code::NotACondition, tree.span, "this is neither true nor false")
                    .label(other.name())
                    .help(match &value.kind {
                        // `x == "a" or "b"`
                        ExprKind::Literal(crate::plan::Literal::Text(text)) => {
                            format!("repeat the test: `x == {text:?}`; or name all in one list: `x in [..]`")
                        }
                        _ => "compare it (`x == ..`, `x > ..`), or ask `x is present`".to_owned(),
                    }),
            ),
        }
    }

    /// The value of a path.
    pub(super) fn path(&mut self, relation: RelationId, path: &ast::Path) -> Option<Expr> {
        match self.rule.bindings.get(&(relation, path.span))?.clone() {
            Binding::Column(reference) => self.reference(relation, &reference, path.span),
            Binding::Condition(index) => {
                let Kind::Events(source) = self.rule.relations.get(relation)?.kind else {
                    return None;
                };
                let world = self.world;
                let tree = world.computed(source, index)?;
                let computed = self.condition(relation, tree)?;
                // Findings below it should point at the rule, not at the source table.
                Some(respan(computed, path.span))
            }
            Binding::Constant(index) => match self.constants.get(index).map(|c| &c.value)? {
                ConstantValue::Scalar(literal) => {
                    let ty = super::literals::literal_type(literal);
                    Some(expr(ExprKind::Constant(index), ty, path.span))
                }
                ConstantValue::List(_) => self.report(
                    Diagnostic::new(Code::TypeMismatch, path.span, "a list cannot stand here")
                        .help("lists stand after `in`, `in~`, `has any` and beside `minus`, `union`, `intersect`"),
                ),
            },
            Binding::BaselineRow(_) => {
                let name = crate::resolve::path_text(path);
                self.report(
                    Diagnostic::new(
                        Code::TypeMismatch,
                        path.span,
                        format!("`{name}` is a baseline, not a value"),
                    )
                    .help(format!("ask `{name} is missing`, or name a column: `{name}.n`")),
                )
            }
        }
    }

    /// A column and a path below it.
    pub(super) fn reference(&mut self, relation: RelationId, reference: &Reference, span: Span) -> Option<Expr> {
        let (ty, _) = self.column_type(relation, reference.slot)?;
        let column = expr(ExprKind::Column(reference.slot), ty, span);
        if reference.rest.is_empty() {
            Some(column)
        } else {
            self.member(column, &reference.rest, span)
        }
    }

    pub(super) fn member(&mut self, base: Expr, path: &[Segment], span: Span) -> Option<Expr> {
        if base.ty != Type::Json {
            let what = base.ty.name();
            return self.report(
                Diagnostic::new(
                    Code::TypeMismatch,
                    span,
                    format!("this is {what}: nothing stands below it"),
                )
                .help("if the text holds JSON, read it first: `let d = json(..)`"),
            );
        }
        Some(expr(
            ExprKind::Member {
                base: Box::new(base),
                path: path.to_vec(),
            },
            Type::Json,
            span,
        ))
    }

    /// Type and missing-ness of a column; of one that nothing has typed yet (fields, columns of parts), found now.
    pub(super) fn column_type(&mut self, relation: RelationId, slot: Slot) -> Option<(Type, bool)> {
        if let Some(known) = self
            .relations
            .get(relation)
            .and_then(|r| r.columns.get(slot))
            .copied()
            .flatten()
        {
            return Some(known);
        }
        let resolved = self.rule.relations.get(relation)?;
        let found = match resolved.columns.get(slot)?.origin {
            Origin::Clock => (Type::Time, false),
            Origin::Field(field) => {
                let Kind::Events(source) = resolved.kind else {
                    return None;
                };
                let field = self.world.catalog.get(source).get(field);
                let ty = match field.ty {
                    FieldType::Text => Type::Text,
                    FieldType::Bool => Type::Bool,
                    FieldType::Int => Type::Int,
                    FieldType::Real => Type::Real,
                    FieldType::Time => Type::Time,
                    FieldType::Json => Type::Json,
                };
                (ty, !field.never_missing)
            }
            Origin::Part(_) => {
                let Kind::Match { parts, taken, .. } = &resolved.kind else {
                    return None;
                };
                let (_, part, reference) = taken.iter().find(|(s, ..)| *s == slot)?;
                let (ty, nullable) = self.column_type(*parts.get(*part)?, reference.slot)?;
                if reference.rest.is_empty() {
                    (ty, nullable)
                } else {
                    (Type::Json, true)
                }
            }
            Origin::Baseline(baseline, slot) => {
                let (ty, _) = self.column_type(baseline, slot)?;
                (ty, !matches!(ty, Type::Set(_)))
            }
            Origin::BaselinePresent(_) => (Type::Bool, true),
            Origin::Extend | Origin::Expand | Origin::Key(_) | Origin::Aggregate(_) | Origin::Computed(_) => {
                return None;
            }
        };
        self.set_type(relation, slot, found);
        Some(found)
    }

    pub(super) fn set_type(&mut self, relation: RelationId, slot: Slot, found: (Type, bool)) {
        if let Some(column) = self.relations.get_mut(relation).and_then(|r| r.columns.get_mut(slot)) {
            *column = Some(found);
        }
    }

    /// Whether a value can be missing.
    pub(super) fn nullable(&mut self, relation: RelationId, value: &Expr) -> bool {
        match &value.kind {
            ExprKind::Column(slot) => self.column_type(relation, *slot).is_none_or(|(_, nullable)| nullable),
            ExprKind::Literal(_) | ExprKind::Constant(_) | ExprKind::SetOf(_) | ExprKind::Set { .. } => false,
            ExprKind::Member { .. } | ExprKind::Convert(_) => true,
            ExprKind::Coalesce(parts) => parts.iter().all(|part| self.nullable(relation, part)),
            ExprKind::Arithmetic { .. } => true,
            ExprKind::Call { function, arguments } => match function.0.result {
                crate::functions::Result_::Of { missing, .. } => match (missing, arguments.first()) {
                    (crate::functions::Missing::Never, _) => false,
                    (crate::functions::Missing::WithArgument, Some(crate::plan::Argument::Value(value))) => {
                        self.nullable(relation, value)
                    }
                    _ => true,
                },
                crate::functions::Result_::OfArguments => arguments.iter().any(|argument| match argument {
                    crate::plan::Argument::Value(value) => value.ty != Type::Bool && self.nullable(relation, value),
                    crate::plan::Argument::Pattern(_) => false,
                }),
            },
            _ => false,
        }
    }

    fn is_test(&mut self, relation: RelationId, test: IsTest, operand: &ast::Expr, span: Span) -> Option<Expr> {
        // `past is missing` asks for the baseline's row.
        if let ast::ExprKind::Path(path) = &operand.kind
            && let Some(Binding::BaselineRow(slot)) = self.rule.bindings.get(&(relation, path.span))
        {
            let row = expr(ExprKind::Column(*slot), Type::Bool, operand.span);
            let present = expr(ExprKind::Present(Box::new(row)), Type::Bool, span);
            return match test {
                IsTest::Present => Some(present),
                IsTest::Missing => Some(Expr {
                    span,
                    ..negate(present)
                }),
                IsTest::Empty | IsTest::Address => self.report(
                    Diagnostic::new(Code::TypeMismatch, span, "a baseline has a row or none")
                        .help("write `is missing` or `is present`"),
                ),
            };
        }
        let value = self.typed(relation, operand)?;
        match test {
            IsTest::Present | IsTest::Missing => {
                if value.is_test() {
                    return self.report(
                        Diagnostic::new(Code::TypeMismatch, span, "a test is true or false, and never missing")
                            .also(value.span, "this is a test")
                            .help("ask for the field: `x is present`; join two tests with `and`"),
                    );
                }
                if let Type::Set(_) = value.ty {
                    let written = if test == IsTest::Missing {
                        "is empty"
                    } else {
                        "is not empty"
                    };
                    return self.report(
                        Diagnostic::new(Code::TypeMismatch, span, "a set is never missing")
                            .help(format!("write `{written}`")),
                    );
                }
                let present = expr(ExprKind::Present(Box::new(value)), Type::Bool, span);
                Some(if test == IsTest::Present {
                    present
                } else {
                    Expr {
                        span,
                        ..negate(present)
                    }
                })
            }
            IsTest::Empty => match value.ty {
                Type::Set(_) | Type::Json => Some(expr(ExprKind::Empty(Box::new(value)), Type::Bool, span)),
                other => self.report(
                    Diagnostic::new(Code::EmptyOnText, span, "`is empty` asks a set or a list")
                        .label(format!("this is {}", other.name()))
                        .help("write `is missing`"),
                ),
            },
            IsTest::Address => {
                let text = self.as_text(value, "`is address`")?;
                Some(expr(ExprKind::Address(Box::new(text)), Type::Bool, span))
            }
        }
    }

    fn coalesce(&mut self, relation: RelationId, parts: &[ast::Expr], span: Span) -> Option<Expr> {
        let typed: Vec<Option<Expr>> = parts.iter().map(|part| self.typed(relation, part)).collect();
        let typed: Vec<Expr> = typed.into_iter().collect::<Option<_>>()?;
        let ty = self.common_type(&typed, span, "the sides of `??`")?;
        let parts = typed.into_iter().map(|part| exactly(part, ty)).collect();
        Some(expr(ExprKind::Coalesce(parts), ty, span))
    }

    /// The one type of several values that take each other's place; json takes the others' type, text by itself.
    pub(super) fn common_type(&mut self, values: &[Expr], span: Span, what: &str) -> Option<Type> {
        let mut common: Option<Type> = None;
        for value in values {
            let next = match (common, value.ty) {
                (known, Type::Json) => known,
                (None, ty) => Some(ty),
                (Some(Type::Int), Type::Real) | (Some(Type::Real), Type::Int) => Some(Type::Real),
                (Some(known), ty) if known == ty => Some(known),
                (Some(known), ty) => {
                    self.findings.push(
                        Diagnostic::new(Code::TypeMismatch, value.span, format!("{what} are of one type"))
                            .label(format!("{}, not {}", ty.name(), known.name()))
                            .also(span, "here"),
                    );
                    return None;
                }
            };
            common = next;
        }
        match common.unwrap_or(Type::Text) {
            // A json value is read as a real number, so beside one the ints are reals too.
            Type::Int if values.iter().any(|value| value.ty == Type::Json) => Some(Type::Real),
            ty @ (Type::Set(_) | Type::Duration) => {
                self.findings.push(
                    Diagnostic::new(Code::TypeMismatch, span, format!("{what} are single values"))
                        .label(ty.name())
                        .help("sets are joined with `union`"),
                );
                None
            }
            ty => Some(ty),
        }
    }

    /// Text, or json read as text.
    pub(super) fn as_text(&mut self, value: Expr, what: &str) -> Option<Expr> {
        match value.ty {
            Type::Text => Some(value),
            Type::Json => Some(convert(value, Type::Text)),
            other => self.report(
                Diagnostic::new(Code::TypeMismatch, value.span, format!("{what} asks a text"))
                    .label(format!("this is {}", other.name())),
            ),
        }
    }
}

/// A json value read as another type.
pub(super) fn convert(value: Expr, ty: Type) -> Expr {
    let span = value.span;
    expr(ExprKind::Convert(Box::new(value)), ty, span)
}

/// A value in the type wanted; json is converted, the rest fits already.
pub(super) fn fit(value: Expr, ty: Type) -> Expr {
    match (value.ty, ty) {
        (Type::Json, Type::Json) => value,
        (Type::Json, Type::Int) => convert(value, Type::Real),
        (Type::Json, _) => convert(value, ty),
        _ => value,
    }
}

/// A value in the type that several share: as [`fit`], and ints among reals become reals, so that a column holds one
/// form of each number.
pub(super) fn exactly(value: Expr, ty: Type) -> Expr {
    match (&value.kind, value.ty, ty) {
        (ExprKind::Literal(Literal::Int(n)), _, Type::Real) => {
            expr(ExprKind::Literal(Literal::Real(*n as f64)), Type::Real, value.span)
        }
        (_, Type::Int, Type::Real) => convert(value, Type::Real),
        _ => fit(value, ty),
    }
}

/// The same expression at another place.
fn respan(mut value: Expr, span: Span) -> Expr {
    value.span = span;
    value.children_mut(&mut |child| {
        let inner = std::mem::replace(child, expr(ExprKind::Column(0), Type::Time, span));
        *child = respan(inner, span);
    });
    value
}

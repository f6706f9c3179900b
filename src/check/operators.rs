//! Operators with two sides.

use super::Checker;
use super::expression::{convert, expr, fit, negate};
use super::literals::{Elements, TEXTS};
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::plan::{
    ArithmeticOp, ConstantValue, Expr, ExprKind, List, Literal, OrderOp, RelationId, Scalar, SetOp, TextOp, Type,
};
use crate::runtime::address::Cidr;
use crate::syntax::ast::{self, BinaryOp};

fn is_number(ty: Type) -> bool {
    matches!(ty, Type::Int | Type::Real)
}

impl Checker<'_, '_, '_, '_> {
    pub(super) fn binary(
        &mut self,
        relation: RelationId,
        op: BinaryOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        match op {
            BinaryOp::Equal => self.equal(relation, op, op_span, left, right, span),
            BinaryOp::EqualFold => self.equal(relation, op, op_span, left, right, span),
            BinaryOp::NotEqual | BinaryOp::NotEqualFold => {
                let equal = self.equal(relation, op, op_span, left, right, span)?;
                Some(Expr { span, ..negate(equal) })
            }
            BinaryOp::Less => self.order(relation, OrderOp::Less, op_span, left, right, span),
            BinaryOp::LessOrEqual => self.order(relation, OrderOp::LessOrEqual, op_span, left, right, span),
            BinaryOp::Greater => self.order(relation, OrderOp::Greater, op_span, left, right, span),
            BinaryOp::GreaterOrEqual => self.order(relation, OrderOp::GreaterOrEqual, op_span, left, right, span),
            BinaryOp::In => self.is_in(relation, false, left, right, span),
            BinaryOp::InFold => self.is_in(relation, true, left, right, span),
            BinaryOp::InCidr => self.in_cidr(relation, left, right, span),
            BinaryOp::Contains => self.text_test(relation, TextOp::Contains, op, left, right, span),
            BinaryOp::StartsWith => self.text_test(relation, TextOp::StartsWith, op, left, right, span),
            BinaryOp::EndsWith => self.text_test(relation, TextOp::EndsWith, op, left, right, span),
            BinaryOp::Has => self.text_test(relation, TextOp::Has, op, left, right, span),
            BinaryOp::HasAny => self.has_any(relation, left, right, span),
            BinaryOp::Matches => self.matches(relation, left, right, span),
            BinaryOp::Minus => self.set(relation, SetOp::Minus, left, right, span),
            BinaryOp::Union => self.set(relation, SetOp::Union, left, right, span),
            BinaryOp::Intersect => self.set(relation, SetOp::Intersect, left, right, span),
            BinaryOp::Add => self.arithmetic(relation, ArithmeticOp::Add, left, right, span),
            BinaryOp::Subtract => self.arithmetic(relation, ArithmeticOp::Subtract, left, right, span),
            BinaryOp::Multiply => self.arithmetic(relation, ArithmeticOp::Multiply, left, right, span),
            BinaryOp::Divide => self.arithmetic(relation, ArithmeticOp::Divide, left, right, span),
        }
    }

    pub(super) fn both(&mut self, relation: RelationId, left: &ast::Expr, right: &ast::Expr) -> Option<(Expr, Expr)> {
        let left = self.typed(relation, left);
        let right = self.typed(relation, right);
        Some((left?, right?))
    }

    fn equal(
        &mut self,
        relation: RelationId,
        op: BinaryOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let fold = matches!(op, BinaryOp::EqualFold | BinaryOp::NotEqualFold);
        if self.list(relation, right).is_some() {
            let word = if fold { "in~" } else { "in" };
            return self.report(
                Diagnostic::new(
                    Code::TypeMismatch,
                    op_span,
                    format!("`{}` compares with one value", op.word()),
                )
                .help(format!("write `{word}` before a list")),
            );
        }
        let (left, right) = self.both(relation, left, right)?;
        for side in [&left, &right] {
            if self.is_empty_text(side) {
                let word = if matches!(op, BinaryOp::NotEqual | BinaryOp::NotEqualFold) {
                    "present"
                } else {
                    "missing"
                };
                return self.report(
                    Diagnostic::new(
                        Code::EmptyText,
                        span,
                        "nothing equals the empty text: it counts as missing",
                    )
                    .help(format!("write `is {word}`")),
                );
            }
        }
        let ty = match (left.ty, right.ty) {
            (Type::Json, Type::Json) | (Type::Text, Type::Json) | (Type::Json, Type::Text) => Type::Text,
            (Type::Json, ty) | (ty, Type::Json) if is_number(ty) => Type::Real,
            (Type::Json, Type::Bool) | (Type::Bool, Type::Json) => Type::Bool,
            (a, b) if is_number(a) && is_number(b) => Type::Real,
            (a, b) if a == b && matches!(a, Type::Text | Type::Bool | Type::Time) => a,
            (a, b) => return self.mismatch(&format!("`{}`", op.word()), (&left, a), (&right, b), span),
        };
        if fold && ty != Type::Text {
            let help = if matches!(op, BinaryOp::EqualFold) {
                "write `==`"
            } else {
                "write `!=`"
            };
            return self.report(
                Diagnostic::new(Code::TypeMismatch, op_span, format!("`{}` compares texts", op.word())).help(help),
            );
        }
        if left.ty == Type::Json || right.ty == Type::Json {
            self.undefined_text(&left);
            self.undefined_text(&right);
        }
        if fold {
            self.needle(&left, "=~");
            self.needle(&right, "=~");
        }
        let (left, right) = (Box::new(fit(left, ty)), Box::new(fit(right, ty)));
        Some(expr(ExprKind::Equal { left, right, fold }, Type::Bool, span))
    }

    fn mismatch(&mut self, op: &str, left: (&Expr, Type), right: (&Expr, Type), span: Span) -> Option<Expr> {
        let mut finding = Diagnostic::new(
            Code::TypeMismatch,
            span,
            format!("{op} cannot compare {} with {}", left.1.name(), right.1.name()),
        )
        .also(left.0.span, left.1.name())
        .also(right.0.span, right.1.name());
        for (one, other) in [(&left, &right), (&right, &left)] {
            finding = match (one.1, &other.0.kind) {
                (Type::Text, ExprKind::Literal(Literal::Int(n))) => {
                    finding.help(format!("write `\"{n}\"`: the field is text"))
                }
                (Type::Text, ExprKind::Literal(Literal::Bool(b))) => {
                    finding.help(format!("write `\"{b}\"`: the field is text"))
                }
                (Type::Bool, ExprKind::Literal(Literal::Text(text)))
                    if matches!(text.to_ascii_lowercase().as_str(), "true" | "false") =>
                {
                    finding.help(format!("write `{}` without quotes", text.to_ascii_lowercase()))
                }
                (Type::Int | Type::Real, ExprKind::Literal(Literal::Text(text))) if text.parse::<f64>().is_ok() => {
                    finding.help(format!("write `{text}` without quotes"))
                }
                (Type::Set(_), ExprKind::Literal(Literal::Text(text))) => finding.help(format!(
                    "ask whether the set holds it: `{text:?} in ..`, or its size: `size(..) > 1`"
                )),
                (Type::Set(_), ExprKind::Literal(Literal::Int(_) | Literal::Real(_))) => {
                    finding.help("ask for the number of its elements: `size(..) > 1`")
                }
                _ => finding,
            };
        }
        self.report(finding)
    }

    fn order(
        &mut self,
        relation: RelationId,
        op: OrderOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let (left, right) = self.both(relation, left, right)?;
        let numeric = |ty: Type| is_number(ty) || ty == Type::Json;
        let (left, right) = match (left.ty, right.ty) {
            (Type::Time, Type::Time) => (left, right),
            (a, b) if numeric(a) && numeric(b) => (fit(left, Type::Real), fit(right, Type::Real)),
            (Type::Time, Type::Text) | (Type::Text, Type::Time) => {
                return self.report(
                    Diagnostic::new(Code::TextOrder, op_span, "a time is not compared with a text")
                        .also(left.span, left.ty.name())
                        .also(right.span, right.ty.name())
                        .help("compare two times of the rows, such as `b.time >= a.last`; which hours are read is said on the command line"),
                );
            }
            (Type::Text, _) | (_, Type::Text) => {
                let number = [&left, &right].into_iter().find_map(|side| match &side.kind {
                    ExprKind::Literal(Literal::Text(text)) if text.parse::<f64>().is_ok_and(f64::is_finite) => {
                        Some(text.clone())
                    }
                    _ => None,
                });
                let help = match number {
                    // Beside a text field a number would be wrong as well.
                    Some(number) if left.ty != Type::Text || right.ty != Type::Text => {
                        format!("write `{number}` without quotes")
                    }
                    _ => "compare numbers or times; for a prefix write `starts with`".to_owned(),
                };
                return self.report(
                    Diagnostic::new(Code::TextOrder, op_span, "texts have no order")
                        .also(left.span, left.ty.name())
                        .also(right.span, right.ty.name())
                        .help(help),
                );
            }
            (a, b) => return self.mismatch("`<` and its like", (&left, a), (&right, b), span),
        };
        Some(expr(
            ExprKind::Order {
                op,
                left: Box::new(left),
                right: Box::new(right),
            },
            Type::Bool,
            span,
        ))
    }

    fn is_in(
        &mut self,
        relation: RelationId,
        fold: bool,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let word = if fold { "in~" } else { "in" };
        let Some(list) = self.list(relation, right) else {
            return self.has_element(relation, fold, left, right, span);
        };
        let value = self.typed(relation, left)?;
        let elements = self.elements(&list, right.span)?;
        let ty = match (value.ty, elements) {
            (_, Elements::None) => {
                // An allow-list with a name may be empty until somebody fills it.
                if matches!(list, List::Inline(_)) {
                    self.empty_list(right.span);
                }
                if value.ty == Type::Json { Type::Text } else { value.ty }
            }
            (Type::Text | Type::Json, Elements::Text) => Type::Text,
            (Type::Int | Type::Real | Type::Json, Elements::Number) => Type::Real,
            (Type::Bool | Type::Json, Elements::Bool) => Type::Bool,
            (ty, elements) => {
                let wanted = match ty {
                    Type::Text | Type::Json => Some(TEXTS),
                    Type::Int | Type::Real => Some("numbers"),
                    Type::Bool => Some("truth values"),
                    Type::Time | Type::Duration | Type::Set(_) => None,
                };
                if wanted.is_some_and(|wanted| self.deployed_misfit(&list, 0, wanted, right.span)) {
                    return None;
                }
                let elements = format!("{elements:?}").to_lowercase();
                let finding = Diagnostic::new(
                    Code::TypeMismatch,
                    span,
                    format!("`{word}` cannot compare {} with {elements}", ty.name()),
                )
                .also(left.span, ty.name());
                let finding = match self.place_of(&list, 0) {
                    Some(place) => finding.also(place, "an element"),
                    None => finding,
                };
                let finding = match ty {
                    Type::Set(_) => finding.help("to ask for common elements write `a intersect b is not empty`"),
                    _ => finding.help("write elements of the same type"),
                };
                return self.report(finding);
            }
        };
        if fold && ty != Type::Text {
            return self.report(Diagnostic::new(Code::TypeMismatch, span, "`in~` compares texts").help("write `in`"));
        }
        let literals: Vec<Literal> = self.list_elements(&list).to_vec();
        for literal in literals {
            let element = expr(ExprKind::Literal(literal), ty, right.span);
            if value.ty == Type::Json {
                self.undefined_text(&element);
            }
            if fold {
                self.needle(&element, word);
            }
        }
        Some(expr(
            ExprKind::In {
                value: Box::new(fit(value, ty)),
                list,
                fold,
            },
            Type::Bool,
            span,
        ))
    }

    /// `"*" in statement.Action`, `"x" in names`
    fn has_element(
        &mut self,
        relation: RelationId,
        fold: bool,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let (element, list) = self.both(relation, left, right)?;
        let literal = matches!(element.kind, ExprKind::Literal(_) | ExprKind::Constant(_));
        if !matches!(list.ty, Type::Json | Type::Set(_)) {
            return self.report(
                Diagnostic::new(Code::TypeMismatch, right.span, "`in` asks a list or a set")
                    .label(list.ty.name())
                    .help(match &list.kind {
                        ExprKind::Literal(Literal::Text(text)) if text.contains('/') => {
                            format!("for addresses write `in cidr {text:?}`; for one value `==`")
                        }
                        _ => "write a list: `x in [\"a\", \"b\"]`; to compare two values write `==`".to_owned(),
                    }),
            );
        }
        if !literal {
            return self.report(
                Diagnostic::new(
                    Code::TypeMismatch,
                    left.span,
                    "only a literal or a value can be looked for in a list",
                )
                .help("expand the list and compare: `each element in ..` and `where element == ..`"),
            );
        }
        if fold {
            return self.report(
                Diagnostic::new(Code::TypeMismatch, span, "`in~` takes a list of literals").help("write `in`"),
            );
        }
        if self.is_empty_text(&element) {
            return self.report(Diagnostic::new(
                Code::EmptyText,
                left.span,
                "no element equals the empty text: it counts as missing",
            ));
        }
        let fits = matches!(
            (list.ty, element.ty),
            (Type::Json, Type::Text | Type::Int | Type::Real | Type::Bool)
                | (Type::Set(Scalar::Text), Type::Text)
                | (Type::Set(Scalar::Bool), Type::Bool)
                | (Type::Set(Scalar::Int | Scalar::Real), Type::Int | Type::Real)
        );
        if !fits {
            return self.mismatch("`in`", (&list, list.ty), (&element, element.ty), span);
        }
        Some(expr(
            ExprKind::HasElement {
                list: Box::new(list),
                element: Box::new(element),
            },
            Type::Bool,
            span,
        ))
    }

    fn in_cidr(&mut self, relation: RelationId, left: &ast::Expr, right: &ast::Expr, span: Span) -> Option<Expr> {
        let value = self.typed(relation, left)?;
        let value = self.as_text(value, "`in cidr`")?;
        let blocks = match self.list(relation, right) {
            Some(list) if self.is_watchlist(&list) => {
                return self.report(
                    Diagnostic::new(Code::BadCidr, right.span, "a watchlist cannot hold address blocks")
                        .note("blocks are read when the rule is compiled, and items are not known then")
                        .help(
                            "write the blocks into a list, which `--values` can fill: `list blocks = [\"10.0.0.0/8\"]`",
                        ),
                );
            }
            Some(list) => list,
            None => {
                let block = self.typed(relation, right)?;
                match block.kind {
                    ExprKind::Constant(index) => List::Constant(index),
                    _ => List::Inline(vec![self.literal_of(&block)?]),
                }
            }
        };
        let elements = self.list_elements(&blocks).to_vec();
        for (index, block) in elements.iter().enumerate() {
            if !matches!(block, Literal::Text(_)) && self.deployed_misfit(&blocks, index, TEXTS, right.span) {
                return None;
            }
            let finding = |message: String| {
                let finding = Diagnostic::new(Code::BadCidr, right.span, message);
                let place = self.place_of(&blocks, index);
                place
                    .into_iter()
                    .fold(finding, |finding, place| finding.also(place, "it stands here"))
            };
            let Literal::Text(text) = block else {
                let finding = finding("an address block is a text".to_owned()).help("write `\"10.0.0.0/8\"`");
                return self.report(finding);
            };
            if let Err(error) = text.parse::<Cidr>() {
                let finding = finding(format!("`{text}` is no address block"))
                    .note(error.to_string())
                    .help("write an address and a length: `\"10.0.0.0/8\"`, `\"2001:db8::/32\"`");
                return self.report(finding);
            }
        }
        let test = |blocks: List| {
            let value = Box::new(value.clone());
            expr(ExprKind::InCidr { value, blocks }, Type::Bool, span)
        };
        let List::Inline(written) = blocks else {
            return Some(test(blocks));
        };
        if written.is_empty() {
            self.empty_list(right.span);
            return Some(test(List::Inline(written)));
        }
        // Each block that stands in the rule is a test of its own.
        let mut tests: Vec<Expr> = written
            .into_iter()
            .map(|block| test(List::Inline(vec![block])))
            .collect();
        match tests.len() {
            1 => tests.pop(),
            _ => Some(expr(ExprKind::Or(tests), Type::Bool, span)),
        }
    }

    /// The literal of a literal or value.
    pub(super) fn literal_of(&mut self, value: &Expr) -> Option<Literal> {
        match &value.kind {
            ExprKind::Literal(literal) => Some(literal.clone()),
            ExprKind::Constant(index) => match self.constants.get(*index).map(|c| &c.value) {
                Some(ConstantValue::Scalar(literal)) => Some(literal.clone()),
                _ => None,
            },
            _ => {
                self.findings.push(
                    Diagnostic::new(Code::TypeMismatch, value.span, "a literal or a `value` is needed here")
                        .help("write the text itself, in quotes"),
                );
                None
            }
        }
    }

    fn set(
        &mut self,
        relation: RelationId,
        op: SetOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let left = self.set_operand(relation, left);
        let right = self.set_operand(relation, right);
        let (left, right) = (left?, right?);
        if left.ty != right.ty {
            return self.mismatch(
                &format!("`{}`", format!("{op:?}").to_lowercase()),
                (&left, left.ty),
                (&right, right.ty),
                span,
            );
        }
        let ty = left.ty;
        Some(expr(
            ExprKind::Set {
                op,
                left: Box::new(left),
                right: Box::new(right),
            },
            ty,
            span,
        ))
    }

    fn set_operand(&mut self, relation: RelationId, tree: &ast::Expr) -> Option<Expr> {
        if let Some(list) = self.list(relation, tree) {
            let element = match self.elements(&list, tree.span)? {
                Elements::Text | Elements::None => Scalar::Text,
                Elements::Bool => Scalar::Bool,
                Elements::Number if self.list_elements(&list).iter().all(|l| matches!(l, Literal::Int(_))) => {
                    Scalar::Int
                }
                Elements::Number => Scalar::Real,
            };
            return Some(expr(ExprKind::SetOf(list), Type::Set(element), tree.span));
        }
        let value = self.typed(relation, tree)?;
        match value.ty {
            Type::Set(_) => Some(value),
            other => self.report(
                Diagnostic::new(Code::TypeMismatch, tree.span, "a set is needed here")
                    .label(other.name())
                    .help("collect one in a group: `names = set eventName`; take a list apart with `each`"),
            ),
        }
    }

    fn arithmetic(
        &mut self,
        relation: RelationId,
        op: ArithmeticOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let (left, right) = self.both(relation, left, right)?;
        let mut sides = Vec::new();
        for side in [left, right] {
            match side.ty {
                Type::Int | Type::Real => sides.push(side),
                Type::Json => sides.push(convert(side, Type::Real)),
                Type::Set(_) if op == ArithmeticOp::Subtract => {
                    return self.report(
                        Diagnostic::new(Code::TypeMismatch, span, "sets are subtracted with a word")
                            .help("write `a minus b`"),
                    );
                }
                Type::Text if op == ArithmeticOp::Add => {
                    return self.report(
                        Diagnostic::new(Code::TypeMismatch, span, "texts cannot be added")
                            .help("in a message write `{a} {b}`"),
                    );
                }
                other => {
                    return self.report(
                        Diagnostic::new(Code::TypeMismatch, side.span, "arithmetic needs numbers")
                            .label(other.name())
                            .help(match other {
                                Type::Time => "times are compared, not counted with; durations stand after `per`, `over` and `within`",
                                Type::Set(_) => "for the number of its elements write `size(..)`",
                                _ => "for the length of a text write `length(..)`",
                            }),
                    );
                }
            }
        }
        let (right, left) = (sides.pop()?, sides.pop()?);
        let int = left.ty == Type::Int && right.ty == Type::Int && op != ArithmeticOp::Divide;
        let ty = if int { Type::Int } else { Type::Real };
        Some(expr(
            ExprKind::Arithmetic {
                op,
                left: Box::new(left),
                right: Box::new(right),
            },
            ty,
            span,
        ))
    }
}

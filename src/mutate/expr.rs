//! Changes inside of expressions.

use super::edit::{Edit, Place};
use super::proof;
use super::sites::{BOUND, Sites, decides};
use crate::plan::{Argument, ArithmeticOp, Expr, ExprKind, List, Literal, OrderOp, Segment, SetOp, Type};
use crate::syntax::ast;

impl Sites<'_> {
    /// Changes to a condition and what is in it.
    pub(super) fn condition(&mut self, place: &Place, expr: &Expr) {
        self.negation(place, expr);
        self.below(place, expr);
    }

    fn below(&mut self, place: &Place, expr: &Expr) {
        if self.is_use(expr) {
            return;
        }
        match &expr.kind {
            ExprKind::And(parts) => self.conjunction(place, expr, parts),
            ExprKind::Or(parts) => {
                for (number, part) in parts.iter().enumerate() {
                    let mut rest = parts.clone();
                    rest.remove(number);
                    let edit = Edit::Expr(place.clone(), joined(expr, rest, ExprKind::Or));
                    let text = self.text.snippet(part.span);
                    self.change(part.span, format!("without `{text}`"), decides(&text), edit);
                    self.condition(&place.child(number), part);
                }
            }
            // To negate what is negated is the same as to negate both.
            ExprKind::Not(inner) => self.below(&place.child(0), inner),
            _ => self.inside(place, expr),
        }
    }

    /// A conjunct at a time; what a computed field of the source stands for is one.
    fn conjunction(&mut self, place: &Place, expr: &Expr, parts: &[Expr]) {
        let mut start = 0;
        for group in parts.chunk_by(|a, b| a.span == b.span) {
            let (from, to) = (start, start + group.len());
            start = to;
            let Some(first) = group.first() else { continue };
            let kept = parts.iter().enumerate().filter(|(at, _)| !(from..to).contains(at));
            let rest = joined(expr, kept.map(|(_, part)| part.clone()).collect(), ExprKind::And);
            let text = self.text.snippet(first.span);
            let edit = Edit::Expr(place.clone(), rest);
            let proved = group.len() == 1 && proof::implied(self.plan, place, first, from);
            self.change_unless(proved, first.span, format!("without `{text}`"), decides(&text), edit);
            if group.len() == 1 {
                self.condition(&place.child(from), first);
            } else {
                let mut negated = parts.to_vec();
                let group = joined(first, group.to_vec(), ExprKind::And);
                negated.splice(from..to, [not(&group)]);
                let edit = Edit::Expr(place.clone(), joined(expr, negated, ExprKind::And));
                let text = self.text.snippet(first.span);
                self.change(first.span, opposite(&text), decides(&text), edit);
            }
        }
    }

    fn negation(&mut self, place: &Place, expr: &Expr) {
        // Of several conditions, each is negated.
        let several = match &expr.kind {
            ExprKind::And(_) => !self.is_use(expr),
            ExprKind::Or(_) => place.path.is_empty() && !self.is_use(expr),
            _ => false,
        };
        if !several {
            let text = self.text.snippet(expr.span);
            let edit = Edit::Expr(place.clone(), not(expr));
            self.change(expr.span, opposite(&text), decides(&text), edit);
        }
    }

    /// Whether the rule names a condition that the source computes here: what it stands for is not the rule's.
    fn is_use(&self, expr: &Expr) -> bool {
        fn is_path(expr: &Expr) -> bool {
            match &expr.kind {
                ExprKind::Column(_) | ExprKind::Constant(_) => true,
                ExprKind::Member { base, .. } => is_path(base),
                ExprKind::Convert(inner) => is_path(inner),
                _ => false,
            }
        }
        let named = matches!(self.text.at(expr.span).map(|e| &e.kind), Some(ast::ExprKind::Path(_)));
        named && !is_path(expr)
    }

    /// Changes to a value and what is in it.
    pub(super) fn value(&mut self, place: &Place, expr: &Expr) {
        if !self.is_use(expr) {
            self.inside(place, expr);
        }
    }

    fn inside(&mut self, place: &Place, expr: &Expr) {
        let here = |kind| Edit::Expr(place.clone(), Expr { kind, ..expr.clone() });
        match &expr.kind {
            ExprKind::In { value, list, fold } => {
                let with = |list| ExprKind::In {
                    value: value.clone(),
                    list,
                    fold: *fold,
                };
                self.items(place, expr, list, *fold, &with);
            }
            ExprKind::HasAny { value, list } => {
                let with = |list| ExprKind::HasAny {
                    value: value.clone(),
                    list,
                };
                self.items(place, expr, list, true, &with);
            }
            ExprKind::SetOf(list) => self.items(place, expr, list, false, &ExprKind::SetOf),
            ExprKind::Order { op, left, right } => {
                let (changed, from, to) = match op {
                    OrderOp::Less => (OrderOp::LessOrEqual, "<", "<="),
                    OrderOp::LessOrEqual => (OrderOp::Less, "<=", "<"),
                    OrderOp::Greater => (OrderOp::GreaterOrEqual, ">", ">="),
                    OrderOp::GreaterOrEqual => (OrderOp::Greater, ">=", ">"),
                };
                // Of whole numbers, the bound that is changed by one says the same.
                let whole = |bound: &Expr, other: &Expr| {
                    let alone = match bound.kind {
                        ExprKind::Literal(Literal::Int(_)) => true,
                        ExprKind::Constant(index) => bound.ty == Type::Int && proof::uses(self.plan, index).count == 1,
                        _ => false,
                    };
                    alone && other.ty == Type::Int
                };
                if !whole(left, right) && !whole(right, left) {
                    let kind = ExprKind::Order {
                        op: changed,
                        left: left.clone(),
                        right: right.clone(),
                    };
                    self.exchanged(expr, to, from, "add a test in which the two are equal", here(kind));
                }
            }
            ExprKind::Literal(literal) => {
                for other in beside(literal) {
                    let what = format!("with `{}` for `{}`", number(&other), self.text.snippet(expr.span));
                    self.change(expr.span, what, BOUND, here(ExprKind::Literal(other)));
                }
            }
            ExprKind::Member { base, path } => self.indexes(place, expr, base, path),
            ExprKind::Coalesce(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    let mut rest = parts.clone();
                    rest.remove(at);
                    let text = self.text.snippet(part.span);
                    let what = format!("without `{text}` in `{}`", self.text.snippet(expr.span));
                    let help = format!("add a test in which the value comes from `{text}`");
                    let edit = Edit::Expr(place.clone(), joined(expr, rest, ExprKind::Coalesce));
                    self.change(part.span, what, help, edit);
                }
            }
            ExprKind::Set { op, left, right } => {
                let (sides, other, from, to) = match op {
                    SetOp::Minus => (1, SetOp::Intersect, "minus", "intersect"),
                    SetOp::Union => (2, SetOp::Intersect, "union", "intersect"),
                    SetOp::Intersect => (2, SetOp::Minus, "intersect", "minus"),
                };
                for side in [left, right].into_iter().take(sides) {
                    self.alone(place, expr, side);
                }
                let kind = ExprKind::Set {
                    op: other,
                    left: left.clone(),
                    right: right.clone(),
                };
                self.exchanged(expr, to, from, SIDES, here(kind));
            }
            ExprKind::Arithmetic { op, left, right } => {
                let (other, from, to) = match op {
                    ArithmeticOp::Add => (ArithmeticOp::Subtract, "+", "-"),
                    ArithmeticOp::Subtract => (ArithmeticOp::Add, "-", "+"),
                    // The other way gives a real where two ints give an int, which nothing that follows minds.
                    ArithmeticOp::Multiply => (ArithmeticOp::Divide, "*", "/"),
                    ArithmeticOp::Divide => (ArithmeticOp::Multiply, "/", "*"),
                };
                let kind = ExprKind::Arithmetic {
                    op: other,
                    left: left.clone(),
                    right: right.clone(),
                };
                self.exchanged(expr, to, from, SIDES, here(kind));
            }
            ExprKind::Call { function, arguments } if function.0.name == "if" => {
                if let [Argument::Value(condition), Argument::Value(yes), Argument::Value(no)] = arguments.as_slice() {
                    self.alone(place, expr, yes);
                    self.alone(place, expr, no);
                    self.condition(&place.child(0), condition);
                    self.value(&place.child(1), yes);
                    self.value(&place.child(2), no);
                }
                return;
            }
            ExprKind::Column(_)
            | ExprKind::Constant(_)
            | ExprKind::Convert(_)
            | ExprKind::Not(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Equal { .. }
            | ExprKind::HasElement { .. }
            | ExprKind::InCidr { .. }
            | ExprKind::Text { .. }
            | ExprKind::Matches { .. }
            | ExprKind::Present(_)
            | ExprKind::Empty(_)
            | ExprKind::Address(_)
            | ExprKind::Call { .. } => {}
        }
        let mut at = 0;
        expr.children(&mut |child| {
            self.value(&place.child(at), child);
            at += 1;
        });
    }

    /// One side in the place of an operation of two.
    fn alone(&mut self, place: &Place, expr: &Expr, side: &Expr) {
        let what = format!(
            "with `{}` for `{}`",
            self.text.snippet(side.span),
            self.text.snippet(expr.span)
        );
        self.change(expr.span, what, SIDES, Edit::Expr(place.clone(), side.clone()));
    }

    /// Another operator of two sides.
    fn exchanged(&mut self, expr: &Expr, to: &str, from: &str, help: &str, edit: Edit) {
        let span = match self.text.at(expr.span).map(|e| &e.kind) {
            Some(ast::ExprKind::Binary { op_span, .. }) => *op_span,
            _ => expr.span,
        };
        let what = format!("with `{to}` for `{from}` in `{}`", self.text.snippet(expr.span));
        self.change(span, what, help, edit);
    }

    /// Without an item of a list that is written here.
    fn items(&mut self, place: &Place, expr: &Expr, list: &List, fold: bool, with: &dyn Fn(List) -> ExprKind) {
        let List::Inline(elements) = list else {
            // A list with a name is changed where it is declared.
            return;
        };
        let written = self.text.elements(expr.span).unwrap_or(&[]);
        let of = match &expr.kind {
            ExprKind::In { value, .. } | ExprKind::HasAny { value, .. } => {
                format!("of `{}`", self.text.snippet(value.span))
            }
            _ => format!("`{}`", self.text.snippet(expr.span)),
        };
        for (at, element) in elements.iter().enumerate() {
            let rest: Vec<Literal> = without(elements, at);
            let proved = proof::listed(element, &rest, fold);
            let span = written.get(at).map_or(expr.span, |literal| literal.span);
            let kind = with(List::Inline(rest));
            let edit = Edit::Expr(place.clone(), Expr { kind, ..expr.clone() });
            let what = format!("without `{}` in the list {of}", shown(element));
            self.change_unless(proved, span, what, decides(&shown(element)), edit);
        }
    }

    /// Another element of a list.
    fn indexes(&mut self, place: &Place, expr: &Expr, base: &Expr, path: &[Segment]) {
        let written = match self.text.at(expr.span).map(|e| &e.kind) {
            Some(ast::ExprKind::Path(path)) => path.segments.as_slice(),
            Some(ast::ExprKind::Call { access, .. }) => access.as_slice(),
            _ => &[],
        };
        if !written.ends_with(path) {
            return;
        }
        for (at, segment) in path.iter().enumerate() {
            let Segment::Index(index) = segment else { continue };
            for other in [index.saturating_sub(1), index.saturating_add(1)] {
                let mut path = path.to_vec();
                if let Some(segment) = path.get_mut(at) {
                    *segment = Segment::Index(other);
                }
                let kind = ExprKind::Member {
                    base: Box::new(base.clone()),
                    path,
                };
                let what = format!("with `[{other}]` for `[{index}]` in `{}`", self.text.snippet(expr.span));
                let edit = Edit::Expr(place.clone(), Expr { kind, ..expr.clone() });
                self.change(
                    expr.span,
                    what,
                    "add a test in which the list has several elements",
                    edit,
                );
            }
        }
    }
}

/// What helps where an operation of two sides is changed.
const SIDES: &str = "add a test in which both sides matter";

/// The rest of a chain of `and`, `or` or `??`: one that is left stands alone. None can only be left of a chain of one.
fn joined(expr: &Expr, mut parts: Vec<Expr>, chain: fn(Vec<Expr>) -> ExprKind) -> Expr {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            Expr {
                kind: chain(parts),
                ..expr.clone()
            }
        }
    }
}

fn not(expr: &Expr) -> Expr {
    match &expr.kind {
        ExprKind::Not(inner) => (**inner).clone(),
        _ => Expr {
            kind: ExprKind::Not(Box::new(expr.clone())),
            ty: Type::Bool,
            span: expr.span,
        },
    }
}

fn opposite(text: &str) -> String {
    format!("with the opposite of `{text}`")
}

/// The elements but one.
pub(super) fn without(elements: &[Literal], at: usize) -> Vec<Literal> {
    let others = elements.iter().enumerate().filter(|(other, _)| *other != at);
    others.map(|(_, element)| element.clone()).collect()
}

/// The next numbers, up and down; a fraction by one of its last digit.
pub(super) fn beside(literal: &Literal) -> Vec<Literal> {
    match literal {
        Literal::Int(n) => [n.checked_sub(1), n.checked_add(1)]
            .into_iter()
            .flatten()
            .map(Literal::Int)
            .collect(),
        Literal::Real(n) => {
            let text = n.to_string();
            let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            let step = 10f64.powi(-i32::try_from(digits).unwrap_or(i32::MAX));
            let rounded = |n: f64| format!("{n:.digits$}").parse().unwrap_or(n);
            vec![Literal::Real(rounded(n - step)), Literal::Real(rounded(n + step))]
        }
        Literal::Text(_) | Literal::Bool(_) | Literal::Duration(_) => Vec::new(),
    }
}

/// A literal as a rule writes it.
pub(super) fn shown(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => serde_json::to_string(text).unwrap_or_default(),
        other => number(other),
    }
}

fn number(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => text.clone(),
        Literal::Int(n) => n.to_string(),
        Literal::Real(n) => n.to_string(),
        Literal::Bool(b) => b.to_string(),
        Literal::Duration(d) => d.to_string(),
    }
}

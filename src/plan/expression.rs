//! Expressions of a plan.

use super::{Literal, Segment, Slot, Type};
use crate::diagnostics::Span as Place;
use crate::functions::FunctionId;

/// An expression over the columns of one relation.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
    /// Where it stands in the rule.
    pub span: Place,
}

/// What an expression is. Tests are two-valued: with a missing operand they are false, and `Not` is exact negation.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A column's value.
    Column(Slot),
    /// A literal.
    Literal(Literal),
    /// A value of [`Plan::constants`](super::Plan::constants).
    Constant(usize),
    /// A list as a set, beside a set word.
    SetOf(List),
    /// A step into a json value.
    Member {
        /// Of type json.
        base: Box<Expr>,
        /// Names, keys, indexes; not empty.
        path: Vec<Segment>,
    },
    /// A json value read as text, number (real) or bool, by this expression's type; missing where it is none. Also an
    /// int as a real.
    Convert(Box<Expr>),
    /// Negation.
    Not(Box<Expr>),
    /// All of them; at least two.
    And(Vec<Expr>),
    /// Any of them; at least two.
    Or(Vec<Expr>),
    /// Equality of two values of one type (text, bool, int/real, time); `fold` ignores ASCII case.
    Equal {
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
        /// `=~`
        fold: bool,
    },
    /// Order of two numbers or two times.
    Order {
        /// Which.
        op: OrderOp,
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
    },
    /// Equal to an element.
    In {
        /// The value, of the elements' type.
        value: Box<Expr>,
        /// The elements.
        list: List,
        /// `in~`
        fold: bool,
    },
    /// An element of the list or set equals the text, number or bool; a scalar counts as a list of one.
    HasElement {
        /// Json or a set.
        list: Box<Expr>,
        /// A literal or constant.
        element: Box<Expr>,
    },
    /// An address inside one of the blocks.
    InCidr {
        /// Text.
        value: Box<Expr>,
        /// Texts such as `10.0.0.0/8`; proved to be blocks. A named value counts as a list of one.
        blocks: List,
    },
    /// A word operator on text.
    Text {
        /// Which.
        op: TextOp,
        /// Text.
        value: Box<Expr>,
        /// A literal or constant of type text.
        needle: Box<Expr>,
    },
    /// `has any`
    HasAny {
        /// Text.
        value: Box<Expr>,
        /// The needles.
        list: List,
    },
    /// A match anywhere.
    Matches {
        /// Text.
        value: Box<Expr>,
        /// Proved to compile.
        pattern: Pattern,
    },
    /// There is a value.
    Present(Box<Expr>),
    /// A set or list without element; a missing list is empty.
    Empty(Box<Expr>),
    /// Text that is an IP address.
    Address(Box<Expr>),
    /// The first present one; all of this expression's type.
    Coalesce(Vec<Expr>),
    /// A set operation; a missing operand is the empty set.
    Set {
        /// Which.
        op: SetOp,
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
    },
    /// Arithmetic.
    Arithmetic {
        /// Which.
        op: ArithmeticOp,
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
    },
    /// A function.
    Call {
        /// Which.
        function: FunctionId,
        /// Values; constant arguments (patterns, separators) too.
        arguments: Vec<Argument>,
    },
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub enum Argument {
    /// A value.
    Value(Expr),
    /// A regular expression.
    Pattern(Pattern),
}

/// A regular expression in the syntax of the `regex` crate, which is the one Kusto documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Without slashes.
    pub text: String,
    /// `/../i`
    pub ignore_case: bool,
}

/// A list of literals.
#[derive(Clone, Debug)]
pub enum List {
    /// Written where it is used.
    Inline(Vec<Literal>),
    /// A list of [`Plan::constants`](super::Plan::constants).
    Constant(usize),
}

/// Orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words themselves")]
pub enum OrderOp {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Word operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words themselves")]
pub enum TextOp {
    Contains,
    StartsWith,
    EndsWith,
    Has,
}

/// Set operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words themselves")]
pub enum SetOp {
    Minus,
    Union,
    Intersect,
}

/// Arithmetic. Int with int gives int (overflow is missing), else real; `/` is always real, by zero missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words themselves")]
pub enum ArithmeticOp {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Expr {
    /// Calls `visit` on this expression and every one below it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        visit(self);
        self.children(&mut |child| child.walk(visit));
    }

    /// Calls `visit` on every expression directly below this one.
    pub fn children<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        match &self.kind {
            ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Constant(_) | ExprKind::SetOf(_) => {}
            ExprKind::Member { base: inner, .. }
            | ExprKind::Convert(inner)
            | ExprKind::Not(inner)
            | ExprKind::Present(inner)
            | ExprKind::Empty(inner)
            | ExprKind::Address(inner)
            | ExprKind::In { value: inner, .. }
            | ExprKind::InCidr { value: inner, .. }
            | ExprKind::HasAny { value: inner, .. }
            | ExprKind::Matches { value: inner, .. } => visit(inner),
            ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::Coalesce(parts) => parts.iter().for_each(visit),
            ExprKind::Equal { left, right, .. }
            | ExprKind::Order { left, right, .. }
            | ExprKind::HasElement {
                list: left,
                element: right,
            }
            | ExprKind::Text {
                value: left,
                needle: right,
                ..
            }
            | ExprKind::Set { left, right, .. }
            | ExprKind::Arithmetic { left, right, .. } => {
                visit(left);
                visit(right);
            }
            ExprKind::Call { arguments, .. } => {
                for argument in arguments {
                    if let Argument::Value(value) = argument {
                        visit(value);
                    }
                }
            }
        }
    }

    /// Calls `change` on every expression directly below this one.
    pub fn children_mut(&mut self, change: &mut dyn FnMut(&mut Expr)) {
        match &mut self.kind {
            ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Constant(_) | ExprKind::SetOf(_) => {}
            ExprKind::Member { base: inner, .. }
            | ExprKind::Convert(inner)
            | ExprKind::Not(inner)
            | ExprKind::Present(inner)
            | ExprKind::Empty(inner)
            | ExprKind::Address(inner)
            | ExprKind::In { value: inner, .. }
            | ExprKind::InCidr { value: inner, .. }
            | ExprKind::HasAny { value: inner, .. }
            | ExprKind::Matches { value: inner, .. } => change(inner),
            ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::Coalesce(parts) => parts.iter_mut().for_each(change),
            ExprKind::Equal { left, right, .. }
            | ExprKind::Order { left, right, .. }
            | ExprKind::HasElement {
                list: left,
                element: right,
            }
            | ExprKind::Text {
                value: left,
                needle: right,
                ..
            }
            | ExprKind::Set { left, right, .. }
            | ExprKind::Arithmetic { left, right, .. } => {
                change(left);
                change(right);
            }
            ExprKind::Call { arguments, .. } => {
                for argument in arguments {
                    if let Argument::Value(value) = argument {
                        change(value);
                    }
                }
            }
        }
    }

    /// Whether this is a test by its form: true or false, and never missing.
    pub fn is_test(&self) -> bool {
        match &self.kind {
            ExprKind::Not(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Equal { .. }
            | ExprKind::Order { .. }
            | ExprKind::In { .. }
            | ExprKind::HasElement { .. }
            | ExprKind::InCidr { .. }
            | ExprKind::Text { .. }
            | ExprKind::HasAny { .. }
            | ExprKind::Matches { .. }
            | ExprKind::Present(_)
            | ExprKind::Empty(_)
            | ExprKind::Address(_) => true,
            ExprKind::Column(_)
            | ExprKind::Literal(_)
            | ExprKind::Constant(_)
            | ExprKind::SetOf(_)
            | ExprKind::Member { .. }
            | ExprKind::Convert(_)
            | ExprKind::Coalesce(_)
            | ExprKind::Set { .. }
            | ExprKind::Arithmetic { .. }
            | ExprKind::Call { .. } => false,
        }
    }

    /// The slots this expression reads.
    pub fn slots(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        self.walk(&mut |e| {
            if let ExprKind::Column(slot) = e.kind
                && !slots.contains(&slot)
            {
                slots.push(slot);
            }
        });
        slots
    }
}

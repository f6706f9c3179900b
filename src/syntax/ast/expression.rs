//! Expressions as they were written.

use super::{Ident, LiteralKind, Path, Segment};
use crate::diagnostics::Span;

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A literal or a list of literals.
    Literal(LiteralKind),
    /// `/re/`, `/re/i`
    Regex {
        /// Between the slashes, `\/` written `/`.
        pattern: String,
        /// With `i`.
        ignore_case: bool,
    },
    /// A field, column, list, value.
    Path(Path),
    /// `split(x, "/")[-1]`
    Call {
        /// The function.
        name: Ident,
        /// Its arguments.
        arguments: Vec<Expr>,
        /// What is taken from its result.
        access: Vec<Segment>,
    },
    /// `not c`
    Not(Box<Expr>),
    /// `a and b and c`
    And(Vec<Expr>),
    /// `a or b or c`
    Or(Vec<Expr>),
    /// `a ?? b ?? c`
    Coalesce(Vec<Expr>),
    /// Every other operator with two sides.
    Binary {
        /// Which.
        op: BinaryOp,
        /// Where it stands.
        op_span: Span,
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
    },
    /// `x is not missing`
    Is {
        /// What is asked.
        test: IsTest,
        /// With `not`.
        negated: bool,
        /// Of what.
        operand: Box<Expr>,
    },
}

/// What `is` asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsTest {
    /// There is a value.
    Present,
    /// There is none.
    Missing,
    /// A set or list without element.
    Empty,
    /// Text that is an IP address.
    Address,
}

impl IsTest {
    /// The word in a rule.
    pub fn word(self) -> &'static str {
        match self {
            IsTest::Present => "present",
            IsTest::Missing => "missing",
            IsTest::Empty => "empty",
            IsTest::Address => "address",
        }
    }
}

/// Operators with two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is its own word")]
pub enum BinaryOp {
    Equal,
    NotEqual,
    EqualFold,
    NotEqualFold,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    InFold,
    InCidr,
    Contains,
    StartsWith,
    EndsWith,
    Has,
    HasAny,
    Matches,
    Minus,
    Union,
    Intersect,
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl BinaryOp {
    /// As a rule writes it.
    pub fn word(self) -> &'static str {
        use BinaryOp::*;
        match self {
            Equal => "==",
            NotEqual => "!=",
            EqualFold => "=~",
            NotEqualFold => "!~",
            Less => "<",
            LessOrEqual => "<=",
            Greater => ">",
            GreaterOrEqual => ">=",
            In => "in",
            InFold => "in~",
            InCidr => "in cidr",
            Contains => "contains",
            StartsWith => "starts with",
            EndsWith => "ends with",
            Has => "has",
            HasAny => "has any",
            Matches => "matches",
            Minus => "minus",
            Union => "union",
            Intersect => "intersect",
            Add => "+",
            Subtract => "-",
            Multiply => "*",
            Divide => "/",
        }
    }

    /// How tightly it binds: comparison 4, set words 5, `+ -` 6, `* /` 7 (`or` 1, `and` 2, `not` 3, `??` 8).
    pub fn rank(self) -> u8 {
        use BinaryOp::*;
        match self {
            Minus | Union | Intersect => 5,
            Add | Subtract => 6,
            Multiply | Divide => 7,
            _ => 4,
        }
    }
}

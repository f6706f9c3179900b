//! The tree of a query.

use super::error::Place;
use super::value::{Type, Value};
use std::rc::Rc;
use std::sync::Arc;

/// An expression and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub(super) kind: ExprKind,
    pub(super) place: Place,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub(super) enum ExprKind {
    Literal(Type, Value),
    Name(Arc<str>),
    /// `*`, where one is allowed
    Star,
    Call(Arc<str>, Vec<Item>),
    /// `x.name`
    Member(Box<Expr>, Arc<str>),
    /// `x[y]`
    Index(Box<Expr>, Box<Expr>),
    Minus(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    /// Arithmetic, comparison, string operators, by their spelling
    Binary(Arc<str>, Box<Expr>, Box<Expr>),
    /// `x between (a .. b)`; negated
    Between(Box<Expr>, Box<Expr>, Box<Expr>, bool),
    /// `in`, `has_any` and kin, by their spelling
    In(Arc<str>, Box<Expr>, Vec<Expr>),
    /// `typeof(t)`
    TypeOf(Type),
    /// A query in brackets
    Query(Rc<Pipeline>),
}

/// `name = expression`
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) name: Option<(Arc<str>, Place)>,
    pub(super) expr: Expr,
}

/// A source and the operators behind it.
#[derive(Clone, Debug)]
pub(super) struct Pipeline {
    pub(super) source: Source,
    pub(super) ops: Vec<Op>,
    pub(super) place: Place,
}

/// What a pipeline begins with.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A table, a function, a scalar or a query in brackets
    Expr(Expr),
    Print(Vec<Item>),
    Datatable(Vec<(Arc<str>, Type)>, Vec<Expr>),
    Range(Arc<str>, Expr, Expr, Expr),
    Union(Union),
    /// The rows that are there already, inside `mv-apply`
    Rows,
}

/// `union`
#[derive(Clone, Debug)]
pub(super) struct Union {
    pub(super) inner: bool,
    pub(super) withsource: Option<Arc<str>>,
    pub(super) fuzzy: bool,
    pub(super) legs: Vec<Expr>,
    pub(super) place: Place,
}

/// A column pattern of the `project-` operators.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) text: Arc<str>,
    pub(super) place: Place,
    /// For `project-reorder`: `Some(true)` ascending, `Some(false)` descending
    pub(super) order: Option<bool>,
}

/// A key of `sort` or `top`.
#[derive(Clone, Debug)]
pub(super) struct SortKey {
    pub(super) expr: Item,
    pub(super) ascending: bool,
    pub(super) nulls_first: bool,
}

/// A column of `mv-expand` or `mv-apply`.
#[derive(Clone, Debug)]
pub(super) struct Expanded {
    pub(super) item: Item,
    pub(super) to: Option<Type>,
}

/// A piece of a `parse` pattern.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Star,
    Text(Arc<str>),
    Column(Arc<str>, Type, Place),
}

/// The kinds of `join` and `lookup`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JoinKind {
    InnerUnique,
    Inner,
    LeftOuter,
    RightOuter,
    FullOuter,
    LeftSemi,
    RightSemi,
    LeftAnti,
    RightAnti,
}

/// An operator and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) kind: OpKind,
    pub(super) place: Place,
}

/// What an operator is.
#[derive(Clone, Debug)]
pub(super) enum OpKind {
    Where(Expr),
    Extend(Vec<Item>),
    Project(Vec<Item>),
    ProjectAway(Vec<Pattern>),
    ProjectKeep(Vec<Pattern>),
    ProjectReorder(Vec<Pattern>),
    ProjectRename(Vec<Item>),
    /// No item stands for `*`
    Distinct(Vec<Item>),
    Summarize(Vec<Item>, Option<Vec<Item>>),
    Join(JoinKind, Expr, Vec<Expr>),
    Lookup(JoinKind, Expr, Vec<Expr>),
    Union(Union),
    MvExpand(Vec<Expanded>, Option<Arc<str>>, Option<Expr>),
    MvApply(Vec<Expanded>, Option<Expr>, Rc<Pipeline>),
    Sort(Vec<SortKey>),
    Top(Expr, SortKey),
    Take(Expr),
    Count,
    Serialize(Vec<Item>),
    /// Whether rows that do not fit are dropped (`parse-where`)
    Parse(Expr, Vec<Piece>, bool),
    Invoke(Expr),
    As,
}

/// A parameter of a function.
#[derive(Clone, Debug)]
pub(super) struct Param {
    pub(super) name: Arc<str>,
    /// None for a table
    pub(super) ty: Option<Type>,
    pub(super) default: Option<Expr>,
}

/// `let`
#[derive(Clone, Debug)]
pub(super) struct Let {
    pub(super) name: Arc<str>,
    pub(super) value: LetValue,
}

/// What a `let` names.
#[derive(Clone, Debug)]
pub(super) enum LetValue {
    Value(Rc<Pipeline>),
    Function(Rc<Function>),
}

/// A function of a `let`.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) params: Vec<Param>,
    pub(super) body: Body,
}

/// Statements and the result.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) lets: Vec<Let>,
    pub(super) result: Pipeline,
}

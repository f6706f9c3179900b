//! The tree of a query.

use super::error::{KqlError, Place};
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
    /// `externaldata`
    External(Rc<External>),
    /// `(a, b) = f(x)`: names for the results of a function with several
    Tuple(Vec<(Arc<str>, Place)>, Box<Expr>),
    /// One result of a function with several
    Part(Box<Expr>, usize),
}

/// `externaldata (columns) [addresses]`: nothing is fetched, so that only the columns count.
#[derive(Clone, Debug)]
pub(super) struct External {
    pub(super) columns: Vec<(Arc<str>, Type)>,
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
    Search(Search),
    Find(Find),
    /// The rows that are there already, inside `mv-apply` and `partition`
    Rows,
}

/// `union`
#[derive(Clone, Debug)]
pub(super) struct Union {
    pub(super) inner: bool,
    pub(super) withsource: Option<Arc<str>>,
    pub(super) fuzzy: bool,
    pub(super) legs: Vec<Leg>,
    pub(super) place: Place,
}

/// A table of `union`, or the tables of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Leg {
    Table(Expr),
    Wild(Arc<str>, Place),
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
    Column(Arc<str>, Type),
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
    MvExpand(Expansion),
    MvApply(Expansion, Rc<Pipeline>),
    Sort(Vec<SortKey>),
    Top(Expr, SortKey),
    Take(Expr),
    /// With the name of its column
    Count(Option<Arc<str>>),
    Serialize(Vec<Item>),
    Parse(Parse),
    ParseKv(ParseKv),
    Invoke(Expr),
    As(Arc<str>),
    Render,
    MakeSeries(Series),
    Scan(Scan),
    Partition(Expr, Rc<Pipeline>),
    Evaluate(Evaluate),
    Search(Search),
    Sample(Expr),
    SampleDistinct(Expr, Item),
    TopHitters(Expr, Item, Option<Item>),
    TopNested(Vec<Nested>),
    GetSchema,
    ProjectByNames(Vec<Expr>),
}

/// What `mv-expand` and `mv-apply` expand.
#[derive(Clone, Debug)]
pub(super) struct Expansion {
    pub(super) columns: Vec<Expanded>,
    /// `with_itemindex`
    pub(super) index: Option<Arc<str>>,
    /// Whether a bag expands to pairs of name and value, not to bags of one member
    pub(super) pairs: bool,
    pub(super) limit: Option<Expr>,
}

/// The kinds of `parse`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ParseKind {
    Simple,
    Relaxed,
    /// With its flags
    Regex(Arc<str>),
}

/// `parse` and `parse-where`
#[derive(Clone, Debug)]
pub(super) struct Parse {
    pub(super) kind: ParseKind,
    pub(super) source: Expr,
    pub(super) pieces: Vec<Piece>,
    /// Whether rows that do not fit are dropped (`parse-where`)
    pub(super) filter: bool,
}

/// `parse-kv`
#[derive(Clone, Debug)]
pub(super) struct ParseKv {
    pub(super) source: Expr,
    pub(super) keys: Vec<(Arc<str>, Type)>,
    pub(super) pairs: Option<Arc<str>>,
    pub(super) values: Option<Arc<str>>,
    /// Opening and closing quotes
    pub(super) quotes: Vec<(char, char)>,
    pub(super) escapes: Vec<char>,
    pub(super) greedy: bool,
    pub(super) regex: Option<(Arc<str>, Place)>,
}

/// `make-series`
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// Whether an empty input gives one series of defaults
    pub(super) nonempty: bool,
    /// Aggregates with their defaults
    pub(super) aggregates: Vec<(Item, Option<Expr>)>,
    pub(super) axis: Item,
    pub(super) from: Option<Expr>,
    pub(super) to: Option<Expr>,
    pub(super) step: Expr,
    /// The older form, `in range(...)`: bins are multiples of the step, and the end counts
    pub(super) inclusive: bool,
    pub(super) by: Vec<Item>,
}

/// What a step of `scan` gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    All,
    Last,
    None,
}

/// A step of `scan`.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) name: Arc<str>,
    pub(super) output: Output,
    pub(super) condition: Expr,
    pub(super) assignments: Vec<Item>,
}

/// `scan`
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) match_id: Option<Arc<str>>,
    pub(super) columns: Vec<(Arc<str>, Type, Option<Expr>)>,
    pub(super) steps: Vec<Step>,
}

/// `evaluate`
#[derive(Clone, Debug)]
pub(super) struct Evaluate {
    pub(super) plugin: Arc<str>,
    pub(super) args: Vec<Item>,
    /// Columns that are declared, and whether those of the source come first (`*`)
    pub(super) schema: Option<(bool, Vec<(Arc<str>, Type)>)>,
}

/// `search`
#[derive(Clone, Debug)]
pub(super) struct Search {
    pub(super) exact_case: bool,
    /// None where the tables are not named
    pub(super) tables: Option<Union>,
    pub(super) predicate: Expr,
}

/// `find`
#[derive(Clone, Debug)]
pub(super) struct Find {
    pub(super) tables: Option<Union>,
    pub(super) predicate: Expr,
    /// The columns of `project`, with types; none without `project`
    pub(super) columns: Option<Vec<(Arc<str>, Option<Type>, Place)>>,
    /// Whether the columns are packed too
    pub(super) pack: bool,
}

/// A level of `top-nested`.
#[derive(Clone, Debug)]
pub(super) struct Nested {
    pub(super) count: Option<Expr>,
    pub(super) of: Item,
    pub(super) others: Option<Expr>,
    pub(super) by: Item,
    pub(super) ascending: bool,
}

/// A parameter of a function.
#[derive(Clone, Debug)]
pub(super) struct Param {
    pub(super) name: Arc<str>,
    /// None for a table
    pub(super) ty: Option<Type>,
    pub(super) default: Option<Expr>,
    /// The columns that a table must have
    pub(super) columns: Vec<(Arc<str>, Type)>,
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
    /// Whether wildcards in `union` see it
    pub(super) view: bool,
}

/// Statements and the result.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) lets: Vec<Let>,
    pub(super) result: Pipeline,
}

impl Expr {
    /// The expression with its direct parts replaced; queries inside stay as they are.
    pub(super) fn map(&self, change: &mut dyn FnMut(&Expr) -> Result<Expr, KqlError>) -> Result<Expr, KqlError> {
        let mut one = |expr: &Expr| change(expr).map(Box::new);
        let kind = match &self.kind {
            ExprKind::Literal(..)
            | ExprKind::Name(_)
            | ExprKind::Star
            | ExprKind::TypeOf(_)
            | ExprKind::Query(_)
            | ExprKind::External(_) => self.kind.clone(),
            ExprKind::Member(of, name) => ExprKind::Member(one(of)?, Arc::clone(name)),
            ExprKind::Index(of, index) => ExprKind::Index(one(of)?, one(index)?),
            ExprKind::Minus(inner) => ExprKind::Minus(one(inner)?),
            ExprKind::Tuple(names, inner) => ExprKind::Tuple(names.clone(), one(inner)?),
            ExprKind::Part(inner, number) => ExprKind::Part(one(inner)?, *number),
            ExprKind::Binary(operator, a, b) => ExprKind::Binary(Arc::clone(operator), one(a)?, one(b)?),
            ExprKind::Between(value, low, high, negated) => {
                ExprKind::Between(one(value)?, one(low)?, one(high)?, *negated)
            }
            ExprKind::And(sides) => ExprKind::And(sides.iter().map(change).collect::<Result<_, _>>()?),
            ExprKind::Or(sides) => ExprKind::Or(sides.iter().map(change).collect::<Result<_, _>>()?),
            ExprKind::In(operator, value, list) => {
                let value = one(value)?;
                let list = list.iter().map(change).collect::<Result<_, _>>()?;
                ExprKind::In(Arc::clone(operator), value, list)
            }
            ExprKind::Call(name, args) => {
                let mut items = Vec::with_capacity(args.len());
                for arg in args {
                    items.push(Item {
                        name: arg.name.clone(),
                        expr: change(&arg.expr)?,
                    });
                }
                ExprKind::Call(Arc::clone(name), items)
            }
        };
        Ok(Expr {
            kind,
            place: self.place,
        })
    }
}

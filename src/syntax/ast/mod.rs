//! The tree that [`parse`](super::parse) makes: what was written, with the place of every part, and no judgement yet.

mod expression;

pub use expression::{BinaryOp, Expr, ExprKind, IsTest};

use crate::diagnostics::{FileId, Span};
use crate::value;

/// A file of rules.
#[derive(Clone, Debug)]
pub struct File {
    /// The files whose lists and values it uses.
    pub uses: Vec<Use>,
    /// Declarations in the order of the text.
    pub items: Vec<Item>,
    /// Comments in the order of the text.
    pub comments: Vec<Comment>,
    /// The whole file.
    pub span: Span,
}

/// `use lists.aws`
#[derive(Clone, Debug)]
pub struct Use {
    /// `lists.aws`
    pub path: Ident,
    /// The file that it names, once it was looked for.
    pub file: Option<FileId>,
    /// A rule in that file, which may hold none.
    pub rule: Option<Span>,
    /// The paths that were tried where it was not found.
    pub tried: Vec<String>,
    /// All of it.
    pub span: Span,
}

impl File {
    /// Its rules, in order.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.items.iter().filter_map(|item| match item {
            Item::Rule(rule) => Some(rule.as_ref()),
            Item::List(_) | Item::Value(_) => None,
        })
    }
}

/// A `# comment`.
#[derive(Clone, Debug)]
pub struct Comment {
    /// The text with its `#`, without trailing blanks.
    pub text: String,
    /// Where.
    pub span: Span,
    /// Whether nothing but blanks stands before it on its line.
    pub own_line: bool,
}

/// A declaration.
#[derive(Clone, Debug)]
pub enum Item {
    /// `list name = [..]`
    List(ListDecl),
    /// `value name = 8`
    Value(ValueDecl),
    /// `rule name "title" { .. }`
    Rule(Box<Rule>),
}

/// A word with its place.
#[derive(Clone, Debug)]
pub struct Ident {
    /// The word.
    pub name: String,
    /// Where.
    pub span: Span,
}

/// A string or text block, its escapes and indentation undone.
#[derive(Clone, Debug)]
pub struct Text {
    /// What it says.
    pub value: String,
    /// With its quotes.
    pub span: Span,
    /// Written between `"""` marks.
    pub block: bool,
}

/// `userIdentity.arn`, `resources[0].ARN`, `parameters["in"]`
#[derive(Clone, Debug)]
pub struct Path {
    /// The first word and what follows it; never empty, and the first is a [`Segment::Name`].
    pub segments: Vec<Segment>,
    /// Where.
    pub span: Span,
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// `.name`
    Name(String),
    /// `["any key"]`
    Key(String),
    /// `[0]`, `[-1]`
    Index(i64),
}

/// `list name = [..]`
#[derive(Clone, Debug)]
pub struct ListDecl {
    /// Its name.
    pub name: Ident,
    /// The elements; none of a watchlist.
    pub elements: Vec<Literal>,
    /// What keeps its items, where they are not written here.
    pub watchlist: Option<Watchlist>,
    /// The whole declaration.
    pub span: Span,
}

/// `watchlist "admins" column "Arn"`
#[derive(Clone, Debug)]
pub struct Watchlist {
    /// What the workspace calls it.
    pub alias: Text,
    /// The column that holds the items.
    pub column: Text,
    /// All of it.
    pub span: Span,
}

/// `value name = 8`
#[derive(Clone, Debug)]
pub struct ValueDecl {
    /// Its name.
    pub name: Ident,
    /// A number, text or duration.
    pub value: Literal,
    /// The whole declaration.
    pub span: Span,
}

/// A list or value that a test replaces.
#[derive(Clone, Debug)]
pub enum Replacement {
    /// `list name = [..]`
    List(ListDecl),
    /// `value name = 8`
    Value(ValueDecl),
}

impl Replacement {
    /// Its name.
    pub fn name(&self) -> &Ident {
        match self {
            Replacement::List(list) => &list.name,
            Replacement::Value(value) => &value.name,
        }
    }

    /// The whole declaration.
    pub fn span(&self) -> Span {
        match self {
            Replacement::List(list) => list.span,
            Replacement::Value(value) => value.span,
        }
    }
}

/// A literal with its place.
#[derive(Clone, Debug)]
pub struct Literal {
    /// What it is.
    pub kind: LiteralKind,
    /// Where.
    pub span: Span,
}

/// What a literal is.
#[derive(Clone, Debug)]
pub enum LiteralKind {
    /// `"text"`
    Text(String),
    /// `8`
    Int(i64),
    /// `0.5`
    Real(f64),
    /// `true`
    Bool(bool),
    /// `null`, in tests only
    Null,
    /// `13d`, in values only
    Duration(value::Span),
    /// `[..]`
    List(Vec<Literal>),
    /// `{ a.b: 1 }`, in tests only
    Object(Object),
}

/// `{ eventName: "GetPolicy", userIdentity.type: "IAMUser" }`
#[derive(Clone, Debug)]
pub struct Object {
    /// The pairs in order.
    pub pairs: Vec<(Path, Literal)>,
    /// With its braces.
    pub span: Span,
}

/// `rule name "title" { .. }`
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: Ident,
    /// Its title.
    pub title: Text,
    /// Metadata lines.
    pub meta: Vec<Meta>,
    /// `events`, `group`, `baseline`, `match`.
    pub relations: Vec<Relation>,
    /// `alert`
    pub alert: Alert,
    /// `test`
    pub tests: Vec<Test>,
    /// The whole rule.
    pub span: Span,
}

/// `severity high`
#[derive(Clone, Debug)]
pub struct Meta {
    /// The word.
    pub key: Ident,
    /// What follows it.
    pub values: Vec<MetaValue>,
    /// The whole line.
    pub span: Span,
}

/// A value of a metadata line.
#[derive(Clone, Debug)]
pub enum MetaValue {
    /// `"text"`
    Text(Text),
    /// `2026-11-21`, or three numbers that were meant so
    Date(Ident),
    /// `1.0.0`
    Version(Ident),
    /// `1h`
    Duration(value::Span, Span),
    /// `T1078.004 (InitialAccess)`
    Technique(Ident, Vec<Ident>),
    /// `native`, `sigma wider`
    Word(Ident, Option<Ident>),
}

/// A named set of rows.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its name.
    pub name: Ident,
    /// How its rows are made.
    pub kind: RelationKind,
    /// The steps after it.
    pub steps: Vec<Step>,
    /// The keyword and the name's line, for messages.
    pub head: Span,
    /// All of it.
    pub span: Span,
}

/// How rows are made.
#[derive(Clone, Debug)]
pub enum RelationKind {
    /// `events e = source`
    Events {
        /// `aws.cloudtrail`
        source: Path,
    },
    /// `group g = a, b by k per 1h { .. }`
    Group {
        /// The streams.
        inputs: Vec<Ident>,
        /// The keys.
        keys: Vec<Key>,
        /// The window.
        per: Length,
        /// The columns.
        columns: Vec<Column>,
    },
    /// `baseline p = g over 13d`
    Baseline {
        /// The group.
        group: Ident,
        /// The history.
        over: Length,
    },
    /// `match m = a then b on k within 1h`
    Match {
        /// The parts in order.
        parts: Vec<Ident>,
        /// The words between them, one fewer than parts.
        links: Vec<(Link, Span)>,
        /// The join keys.
        keys: Vec<JoinKey>,
        /// The distance.
        within: Length,
    },
}

/// How two parts of a match stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The second not before the first.
    Then,
    /// Any order.
    With,
    /// The first without the second.
    Without,
}

/// A duration, written out or by the name of a value.
#[derive(Clone, Debug)]
pub enum Length {
    /// `13d`
    Literal(value::Span, Span),
    /// `history`
    Named(Ident),
}

impl Length {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Length::Literal(_, span) => *span,
            Length::Named(name) => name.span,
        }
    }
}

/// `user = userIdentity.arn`
#[derive(Clone, Debug)]
pub struct Key {
    /// A name of its own.
    pub name: Option<Ident>,
    /// What it is.
    pub path: Path,
}

/// `a.x == b.y`, or a path that all parts have
#[derive(Clone, Debug)]
pub struct JoinKey {
    /// The first or only side.
    pub left: Path,
    /// The other side.
    pub right: Option<Path>,
}

/// A column of a group.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// What it holds.
    pub kind: ColumnKind,
    /// All of it.
    pub span: Span,
}

/// What a group's column holds.
#[derive(Clone, Debug)]
pub enum ColumnKind {
    /// `count where c`
    Aggregate {
        /// The word.
        function: AggregateName,
        /// Where the word stands.
        function_span: Span,
        /// The stream or path.
        argument: Option<Path>,
        /// The condition.
        condition: Option<Expr>,
    },
    /// An expression over other columns.
    Computed(Expr),
}

/// The aggregates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregateName {
    /// Rows.
    Count,
    /// Number of distinct values.
    Distinct,
    /// The distinct values.
    Set,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The sum.
    Sum,
    /// The mean.
    Avg,
}

impl AggregateName {
    /// The word in a rule.
    pub fn word(self) -> &'static str {
        match self {
            AggregateName::Count => "count",
            AggregateName::Distinct => "distinct",
            AggregateName::Set => "set",
            AggregateName::Min => "min",
            AggregateName::Max => "max",
            AggregateName::Sum => "sum",
            AggregateName::Avg => "avg",
        }
    }
}

/// A step: what is done to each row.
#[derive(Clone, Debug)]
pub struct Step {
    /// What.
    pub kind: StepKind,
    /// All of it.
    pub span: Span,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// `where c`
    Where(Expr),
    /// `except "reason" where c`
    Except(Text, Expr),
    /// `let x = e`
    Let(Ident, Expr),
    /// `each r in list`
    Each(Ident, Expr),
}

/// `alert g { .. }`
#[derive(Clone, Debug)]
pub struct Alert {
    /// The relation.
    pub input: Ident,
    /// The steps.
    pub steps: Vec<Step>,
    /// What the alert shows.
    pub items: Vec<AlertItem>,
    /// The keyword and the name.
    pub head: Span,
    /// All of it.
    pub span: Span,
}

/// `account user`
#[derive(Clone, Debug)]
pub struct AlertItem {
    /// `title`, `message`, `show`, or an entity's word.
    pub key: Ident,
    /// What follows it.
    pub value: AlertValue,
    /// All of it.
    pub span: Span,
}

/// What follows an alert's word.
#[derive(Clone, Debug)]
pub enum AlertValue {
    /// `"text with {placeholders}"`
    Text(Text),
    /// `user, host`
    Paths(Vec<Path>),
    /// `{ name: n, upnSuffix: s }`
    Identifiers(Vec<(Ident, Path)>),
}

/// `test "name" { .. }`
#[derive(Clone, Debug)]
pub struct Test {
    /// Its name.
    pub name: Text,
    /// The clock.
    pub now: value::Time,
    /// As it was written.
    pub now_text: Ident,
    /// Lists and values that hold something else in this test.
    pub replaced: Vec<Replacement>,
    /// What all events share.
    pub common: Option<Object>,
    /// The events.
    pub given: Vec<Given>,
    /// The expectations.
    pub expect: Vec<Expect>,
    /// All of it.
    pub span: Span,
}

/// `-4m repeat 11 every 20s { .. }`
#[derive(Clone, Debug)]
pub struct Given {
    /// How long before `now`; never negative.
    pub before: value::Span,
    /// Where the offset stands.
    pub before_span: Span,
    /// How often and how far apart.
    pub repeat: Option<(u32, value::Span)>,
    /// The source, where the rule reads several.
    pub source: Option<Path>,
    /// The fields.
    pub fields: Object,
    /// All of it.
    pub span: Span,
}

/// `expect ..`
#[derive(Clone, Debug)]
pub struct Expect {
    /// How many alerts; 0 for `none`.
    pub count: u32,
    /// The columns they have.
    pub columns: Option<Object>,
    /// All of it.
    pub span: Span,
}

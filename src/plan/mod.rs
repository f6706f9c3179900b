//! The plan: what a rule means, typed and relational, with nothing of a target in it.
//!
//! A rule is a short list of [`Relation`]s, each made by one [`Operator`] (scan, aggregate, history, join, anti-join)
//! from those before it, and changed by [`Step`]s (filter, extend, expand, lookup). The alert continues one of them and ends in a
//! projection. Every row of a relation is a tuple of its [`Relation::columns`]; expressions name columns by slot.
//!
//! What the plan promises: names are resolved, types are explicit (a json value is converted where an operator asks for
//! text, a number or a bool), computed fields of the source are written out as steps, conditions known from a selection
//! are folded, every relation is used. What it no longer promises: one expression for each one of the text.

mod expression;
mod fold;
mod lower;
pub mod print;
mod trim;

pub use expression::{Argument, ArithmeticOp, Expr, ExprKind, List, OrderOp, Pattern, SetOp, TextOp};
pub use lower::{as_written, lower};

use crate::diagnostics::Span as Place;
use crate::source::{FieldId, SourceId};
pub use crate::syntax::ast::{AggregateName, Link, Segment};
use crate::value::Span;
use std::collections::BTreeMap;

/// The type of a column or expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Text.
    Text,
    /// Truth value.
    Bool,
    /// Whole number.
    Int,
    /// Fraction.
    Real,
    /// Instant.
    Time,
    /// Length of time (constants only).
    Duration,
    /// A value of an open record, or a list.
    Json,
    /// Distinct values of a type.
    Set(Scalar),
}

/// What a set may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "as in Type")]
pub enum Scalar {
    Text,
    Bool,
    Int,
    Real,
    Time,
}

/// What one rule means.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Metadata.
    pub rule: RuleInfo,
    /// Lists and values that the rule uses, by their names.
    pub constants: Vec<Constant>,
    /// Sets of rows; each uses only those before it.
    pub relations: Vec<Relation>,
    /// What leaves.
    pub alert: Alert,
}

/// Metadata of a rule.
#[derive(Clone, Debug)]
pub struct RuleInfo {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its UUID, as written.
    pub id: Option<String>,
    /// `X.Y.Z`
    pub version: Option<String>,
    /// How bad.
    pub severity: Option<Severity>,
    /// ATT&CK.
    pub attack: Vec<Technique>,
    /// How often it runs.
    pub every: Span,
    /// The promises, if any.
    pub targets: Option<Vec<Promise>>,
    /// The description.
    pub about: Option<String>,
    /// Links and ids.
    pub references: Vec<String>,
    /// What may look like it.
    pub false_positives: Vec<String>,
    /// How ripe it is.
    pub status: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// The day it was written.
    pub date: Option<jiff::civil::Date>,
    /// The day it was changed last; not before `date`.
    pub modified: Option<jiff::civil::Date>,
    /// The rule's place: its name.
    pub span: Place,
    /// Where its title and its metadata lines stand, by their words: `title`, `every`.
    pub places: BTreeMap<String, Place>,
}

impl RuleInfo {
    /// Where a metadata line stands; the rule's name where it has none.
    pub fn place(&self, word: &str) -> Place {
        self.places.get(word).copied().unwrap_or(self.span)
    }
}

/// How bad an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the field's words")]
pub enum Severity {
    Informational,
    Low,
    Medium,
    High,
}

impl Severity {
    /// As a rule writes it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Informational => "informational",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }
}

/// A technique and the tactics it serves here.
#[derive(Clone, Debug)]
pub struct Technique {
    /// `T1078.004`
    pub id: String,
    /// In the words of ATT&CK without blanks: `InitialAccess`.
    pub tactics: Vec<String>,
    /// Where.
    pub span: Place,
}

/// A target that the rule promises to reach.
#[derive(Clone, Debug)]
pub struct Promise {
    /// `native`, `sentinel`, `sigma`, `rust`
    pub target: String,
    /// `wider`, `narrower`, `differs`
    pub permit: Option<String>,
    /// Where.
    pub span: Place,
}

/// A named list or value.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub value: ConstantValue,
    /// Whether it may hold something else where the plan is used, in a test above all: nothing was decided by what it
    /// holds.
    pub open: bool,
    /// The watchlist that keeps its items. Who runs the plan natively puts them into `value`.
    pub watchlist: Option<Watchlist>,
}

/// A list of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watchlist {
    /// What the workspace calls it.
    pub alias: String,
    /// The column that holds the items, texts.
    pub column: String,
    /// Where it is declared.
    pub span: Place,
}

/// What a constant holds.
#[derive(Clone, Debug, PartialEq)]
pub enum ConstantValue {
    /// `list`
    List(Vec<Literal>),
    /// `value`
    Scalar(Literal),
}

/// A literal.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "as in Type")]
pub enum Literal {
    Text(String),
    Int(i64),
    Real(f64),
    Bool(bool),
    Duration(Span),
}

impl Literal {
    /// Whether `==` holds between the two: `5` and `5.0` are one number.
    pub fn same(&self, other: &Literal) -> bool {
        use crate::runtime::number::Number;
        match (self, other) {
            (Literal::Int(a), Literal::Real(b)) | (Literal::Real(b), Literal::Int(a)) => {
                Number::real(*b).is_some_and(|b| b == Number::Int(*a))
            }
            _ => self == other,
        }
    }
}

/// Index of a relation in [`Plan::relations`].
pub type RelationId = usize;
/// Index of a column in [`Relation::columns`].
pub type Slot = usize;

/// Slots that every relation has: the row's time, its first and its last event's time.
pub const TIME: Slot = 0;
/// See [`TIME`].
pub const FIRST: Slot = 1;
/// See [`TIME`].
pub const LAST: Slot = 2;
/// The start of a group's window; groups and histories only (its end is [`TIME`]).
pub const WINDOW_START: Slot = 3;

/// A named set of rows.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its name in the rule.
    pub name: String,
    /// What its rows hold, by slot. Filled by the operator and, from left to right, by the steps.
    pub columns: Vec<Column>,
    /// How its rows are made.
    pub operator: Operator,
    /// What is done to each row, in order.
    pub steps: Vec<Step>,
    /// Its place: keyword and name.
    pub span: Place,
}

/// A column of a relation.
#[derive(Clone, Debug)]
pub struct Column {
    /// As the rule knows it: `userIdentity.arn`, `upload.owner`, `n`.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Whether it can be missing.
    pub nullable: bool,
    /// What fills it.
    pub origin: Origin,
}

/// What fills a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Slots 0 to 2 (3 for groups).
    Clock,
    /// A field of the source (scan).
    Field(FieldId),
    /// An `extend` step (a `let`, or a computed field of the source).
    Extend,
    /// An `expand` step.
    Expand,
    /// Key number n of a group or join.
    Key(usize),
    /// Aggregate number n of a group.
    Aggregate(usize),
    /// Computed column number n of a group.
    Computed(usize),
    /// Column number n of [`Operator::Join::columns`] or [`Operator::AntiJoin::columns`].
    Part(usize),
    /// A lookup step: the column `slot` of the baseline relation.
    Baseline(RelationId, Slot),
    /// A lookup step: true where the baseline has a row, else missing.
    BaselinePresent(RelationId),
}

/// How rows are made. Times, see `docs/language.md`, "Time": E is the run's clock, S is E minus `every`.
#[derive(Clone, Debug)]
pub enum Operator {
    /// Every event of a source.
    Scan {
        /// Which.
        source: SourceId,
    },
    /// One row for each key and window that any event fell in; `time` is the window's end.
    Aggregate {
        /// The streams; an event that two of them take counts in both.
        inputs: Vec<RelationId>,
        /// Key columns. A row that lacks one is left out and counted.
        keys: Vec<Key>,
        /// Window: aligned to the epoch, half-open `[start, end)`.
        per: Span,
        /// Aggregates.
        aggregates: Vec<Aggregate>,
        /// Computed columns in order: slot and expression over this relation's columns.
        computed: Vec<(Slot, Expr)>,
    },
    /// For each window of `group`: its body (keys, aggregates and computed columns, in the same slots; none of its steps) over the events in `[end - over, start)` of that window.
    History {
        /// The group.
        group: RelationId,
        /// The length.
        over: Span,
    },
    /// Every combination of one row from each part with equal keys, at most `within` apart.
    Join {
        /// The parts in order.
        parts: Vec<RelationId>,
        /// `Then`: times do not fall from part to part; `With`: any order.
        link: Link,
        /// Equalities; each names two parts, the second is the later one in the list of parts.
        keys: Vec<JoinKey>,
        /// Last minus first time, both ends included.
        within: Span,
        /// What is taken from the parts.
        columns: Vec<PartColumn>,
    },
    /// Rows of the first part for which no row of the second has equal keys and a time from `within` before up to the row's own.
    AntiJoin {
        /// The rows.
        left: RelationId,
        /// What must be absent.
        right: RelationId,
        /// Equalities between part 0 (`left`) and part 1 (`right`).
        keys: Vec<JoinKey>,
        /// How far back.
        within: Span,
        /// What is taken from `left` (part 0).
        columns: Vec<PartColumn>,
    },
}

/// A key of a group.
#[derive(Clone, Debug)]
pub struct Key {
    /// The slot it fills.
    pub slot: Slot,
    /// Its value in each stream, in the order of the streams (over the stream's columns).
    pub values: Vec<Expr>,
}

/// An aggregate of a group.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// The slot it fills.
    pub slot: Slot,
    /// Which.
    pub function: AggregateName,
    /// Index into the streams.
    pub input: usize,
    /// What is aggregated (over the stream's columns); none for `count`. Json is converted already: to text for
    /// `distinct` and `set`, to a number for the others.
    pub argument: Option<Expr>,
    /// Only rows that satisfy it.
    pub condition: Option<Expr>,
}

/// An equality between two parts of a match.
#[derive(Clone, Debug)]
pub struct JoinKey {
    /// The slot of the match that holds it.
    pub slot: Slot,
    /// Part and value (over the part's columns); text for json.
    pub left: (usize, Expr),
    /// The other side; its part stands later in the list.
    pub right: (usize, Expr),
}

/// A column taken from a part of a match.
#[derive(Clone, Debug)]
pub struct PartColumn {
    /// The slot it fills.
    pub slot: Slot,
    /// Index into the parts.
    pub part: usize,
    /// Its value, over the part's columns.
    pub value: Expr,
}

/// What is done to each row.
#[derive(Clone, Debug)]
pub struct Step {
    /// What.
    pub kind: StepKind,
    /// Where it stands in the rule.
    pub span: Place,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// Keeps rows for which the condition is true.
    Filter(Expr),
    /// Removes rows for which the condition is true.
    Except {
        /// Why, in the author's words.
        reason: String,
        /// Which.
        condition: Expr,
    },
    /// Fills a slot.
    Extend {
        /// Which.
        slot: Slot,
        /// With what.
        value: Expr,
    },
    /// One row for each element; a scalar or object is one element, a missing or empty list gives no row, a null element
    /// a row in which the slot is missing.
    Expand {
        /// The slot of the element.
        slot: Slot,
        /// The list.
        list: Expr,
    },
    /// Joins the row of the history with the same key and window, where there is one (alerts only). Fills the
    /// slots of origin [`Origin::Baseline`] and [`Origin::BaselinePresent`] of that relation; without a row sets are empty, the rest missing.
    Lookup {
        /// The history.
        baseline: RelationId,
    },
}

/// What leaves.
#[derive(Clone, Debug)]
pub struct Alert {
    /// The relation it continues.
    pub input: RelationId,
    /// Steps of the alert, over that relation's columns.
    pub steps: Vec<Step>,
    /// The projection: keys first, then entities and shown columns, each once.
    pub columns: Vec<OutputColumn>,
    /// What identifies an alert besides rule and time: key slots (for an alert on events: none, the event's id serves).
    pub keys: Vec<Slot>,
    /// Entities.
    pub entities: Vec<Entity>,
    /// The alert's name; the rule's title where not given.
    pub title: Option<Template>,
    /// The alert's description.
    pub message: Option<Template>,
    /// Its place.
    pub span: Place,
}

/// A column of the result.
#[derive(Clone, Debug)]
pub struct OutputColumn {
    /// Its name in an alert: the words of its path joined by `_`.
    pub name: String,
    /// Its path as the rule writes it: `upload.owner`.
    pub path: String,
    /// Its value, over the relation's columns.
    pub value: Expr,
    /// Named by `show` or a key; false for one that only an entity or a template needs.
    pub shown: bool,
}

/// Something the alert is about.
#[derive(Clone, Debug)]
pub struct Entity {
    /// `account`, `ip`, `host`, `resource`, `url`, `file`, `process`
    pub kind: String,
    /// Identifiers (`FullName`, `Address`, ..) and indexes into [`Alert::columns`].
    pub identifiers: Vec<(String, usize)>,
    /// Where.
    pub span: Place,
}

/// `"{user} ran {n} commands"`
#[derive(Clone, Debug)]
pub struct Template {
    /// Literal text and indexes into [`Alert::columns`], in order.
    pub parts: Vec<TemplatePart>,
    /// Where the text stands.
    pub span: Place,
}

/// A part of a template.
#[derive(Clone, Debug)]
pub enum TemplatePart {
    /// Text as it is.
    Literal(String),
    /// The value of a column.
    Column(usize),
}

impl Plan {
    /// The watchlist that keeps a list's items, and the list's name.
    pub fn watchlist(&self, list: &List) -> Option<(&str, &Watchlist)> {
        match list {
            List::Inline(_) => None,
            List::Constant(index) => {
                let constant = self.constants.get(*index)?;
                Some((constant.name.as_str(), constant.watchlist.as_ref()?))
            }
        }
    }

    /// The elements of a list.
    pub fn elements<'a>(&'a self, list: &'a List) -> &'a [Literal] {
        match list {
            List::Inline(elements) => elements,
            List::Constant(index) => match self.constants.get(*index).map(|c| &c.value) {
                Some(ConstantValue::List(elements)) => elements,
                Some(ConstantValue::Scalar(literal)) => std::slice::from_ref(literal),
                None => &[],
            },
        }
    }

    /// The texts of a list.
    pub fn texts<'a>(&'a self, list: &'a List) -> impl Iterator<Item = &'a str> {
        self.elements(list).iter().filter_map(|element| match element {
            Literal::Text(text) => Some(text.as_str()),
            Literal::Int(_) | Literal::Real(_) | Literal::Bool(_) | Literal::Duration(_) => None,
        })
    }

    /// How far before S the rule looks: events 0, group `per`, alert with a baseline `over`, match `within` and the
    /// largest depth of its parts.
    pub fn depth(&self) -> Span {
        let own = self.relation_depth(self.alert.input);
        let histories = self.alert.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Lookup { baseline } => match self.relations.get(*baseline).map(|r| &r.operator) {
                Some(Operator::History { over, .. }) => Some(*over),
                _ => None,
            },
            _ => None,
        });
        histories.fold(own, Span::max)
    }

    fn relation_depth(&self, id: RelationId) -> Span {
        match self.relations.get(id).map(|r| &r.operator) {
            Some(Operator::Aggregate { per, .. }) => *per,
            Some(Operator::History { over, .. }) => *over,
            Some(Operator::Join { parts, within, .. }) => {
                let deepest = parts.iter().map(|p| self.relation_depth(*p)).fold(Span(0), Span::max);
                Span(within.0.saturating_add(deepest.0))
            }
            Some(Operator::AntiJoin {
                left, right, within, ..
            }) => {
                let deepest = self.relation_depth(*left).max(self.relation_depth(*right));
                Span(within.0.saturating_add(deepest.0))
            }
            Some(Operator::Scan { .. }) | None => Span(0),
        }
    }
}

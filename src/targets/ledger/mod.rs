//! The ledger: for each rule and target, whether the text says the same, and where it does not, why, where in the rule,
//! and the smallest log that shows it.

mod judge;
mod record;
mod table;

pub use judge::{Entry, Verdict, judge};
pub(crate) use record::slashes;
pub use record::{Ledger, Names, Place, Record, SCHEMA_VERSION};
pub use table::table;

use crate::diagnostics::{Diagnostic, Span};
use crate::plan::RelationId;
use crate::source::SourceId;
use crate::value::{Json, Time};

/// How what a target finds compares with what the rule finds.
#[derive(serde::Serialize, serde::Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The same.
    Exact,
    /// All of it, and more.
    Wider,
    /// Some of it, and nothing else.
    Narrower,
    /// More in some places, less in others.
    Differs,
    /// The target has no text for the rule.
    Refused,
}

impl State {
    /// As the ledger writes it.
    pub fn word(self) -> &'static str {
        match self {
            State::Exact => "exact",
            State::Wider => "wider",
            State::Narrower => "narrower",
            State::Differs => "differs",
            State::Refused => "refused",
        }
    }

    /// Of two differences together.
    #[must_use]
    pub fn and(self, other: State) -> State {
        match (self, other) {
            (State::Refused, _) | (_, State::Refused) => State::Refused,
            (State::Exact, other) | (other, State::Exact) => other,
            (one, other) if one == other => one,
            _ => State::Differs,
        }
    }

    /// Whether a rule that permits `permit` (`wider`, `narrower`, `differs`) permits this; nothing permits a refusal.
    pub fn permitted(self, permit: Option<&str>) -> bool {
        match self {
            State::Exact => true,
            State::Refused => false,
            State::Wider | State::Narrower | State::Differs => permit == Some(self.word()) || permit == Some("differs"),
        }
    }
}

/// What a target makes of a rule.
#[derive(Clone, Debug)]
pub struct Text {
    /// The file.
    pub text: String,
    /// Where it finds something else than the rule does; empty where it is exact.
    pub differences: Vec<Difference>,
    /// What a reviewer should know and what changes no result: output that the target does not carry, limits of the
    /// service, what the specification leaves open.
    pub notes: Vec<Note>,
}

/// A text, or every reason why there is none.
pub type Answer = Result<Text, Vec<Diagnostic>>;

/// A place in which a target finds something else than the rule.
#[derive(Clone, Debug)]
pub struct Difference {
    /// `Wider`, `Narrower` or `Differs`.
    pub state: State,
    /// The construct: `group`, `match`.
    pub construct: &'static str,
    /// Why, in one or two sentences.
    pub reason: String,
    /// Where in the rule.
    pub span: Span,
    /// What makes the difference, for a log that shows it.
    pub cause: Cause,
    /// The smallest log that shows it; `crate::examples` finds it.
    pub example: Option<Example>,
}

/// What makes a difference.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// The target's window slides, the rule's is fixed.
    SlidingWindow(Threshold),
    /// A group that takes part in a match has the time of its last event in the target, and the end of its window in the
    /// rule.
    GroupInMatch {
        /// The match.
        join: RelationId,
        /// Which of its parts is the group.
        part: usize,
        /// What the group's rows have to reach.
        threshold: Option<Threshold>,
    },
}

/// The one condition on an aggregate of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The group.
    pub group: RelationId,
    /// Index of its aggregate.
    pub aggregate: usize,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub bound: i64,
}

/// How a threshold compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words themselves")]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// Something to know that changes no result.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// The construct: `let`, `show`, `alert`.
    pub construct: &'static str,
    /// What, in a sentence.
    pub text: String,
    /// Where in the rule.
    pub span: Span,
}

/// Events on which a rule and its text differ.
#[derive(Clone, Debug)]
pub struct Example {
    /// In order of time.
    pub events: Vec<ExampleEvent>,
    /// The keys of the alerts of the native run over these events (the whole log), one text a key column.
    pub native: Vec<Vec<String>>,
    /// The keys that the target's text finds.
    pub target: Vec<Vec<String>>,
}

/// An event of an example, in the fields of its source.
#[derive(Clone, Debug)]
pub struct ExampleEvent {
    /// Its source.
    pub source: SourceId,
    /// When.
    pub time: Time,
    /// Its fields, nested; without its time.
    pub body: Json,
}

//! The evaluator: runs a plan over events and says what the rule found.
//!
//! It is written plainly and is the reference for any faster one. A rule's [`Plan`] is prepared once ([`Compiled`]);
//! events are pushed into a [`State`], in any order, into several states by several threads if need be, which are then
//! merged; [`State::finish`] gives the [`Outcome`].
//!
//! | step | what happens | where |
//! |---|---|---|
//! | prepare | patterns, address blocks, lists, literals | `compiled`, `expr`, `step` |
//! | push | an event passes the steps of each selection; what survives is folded into groups, kept as a slim row for matches, or as an alert on events | `state`, `step`, `group`, `join` |
//! | finish | rows of groups with their baselines, then of matches; the alert's steps | `finish`, `history`, `join` |
//! | project | columns, entities, title, message, id | `alert` |
//!
//! What is found depends on the set of events alone: not on their order, nor on how they were split into states. What
//! is kept is the rule's own state (windows by key, rows that can take part in a match, alerts), never the log.
//!
//! **Times.** An event has its own time as `time`, `first` and `last`. A group's row has the end of its window, the
//! earliest and the latest event in it. A match has the latest time of its parts, their earliest `first` and latest
//! `last`; a match `without` those of its first part. A baseline's row carries the window it is compared with.
//!
//! **Windows** are half-open, `[start, end)`, and close at the end of the input: an alert may have a time after the
//! last event. **Late events**: none, unless a lateness is given. Then the watermark is the latest time seen among the
//! events of the rule's sources minus the lateness; an event for a window that ends at the watermark or before is
//! counted and dropped, for that group. The order of arrival matters then, so one state takes all events.

mod alert;
mod compiled;
mod expr;
mod finish;
mod group;
mod history;
mod join;
mod state;
mod step;

pub use compiled::{Compiled, Unfit};
pub use state::State;

#[cfg(doc)]
use crate::plan::Plan;
use crate::runtime::alert::Alert;
use crate::source::{ShapeId, SourceId};
use crate::value::{Json, Span, Time, Value};
use std::sync::Arc;

/// An event, as readers deliver it.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// What log it belongs to.
    pub source: SourceId,
    /// How its body is spelled.
    pub shape: ShapeId,
    /// The record.
    pub body: &'a Json,
    /// When it happened.
    pub time: Time,
    /// What identifies it.
    pub id: &'a Arc<str>,
}

/// Which alerts are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// All of the complete log.
    #[default]
    Stream,
    /// Those with a time in `(from, to]`. Earlier events are history, events after `to` are not read.
    Between {
        /// Not this instant itself.
        from: Option<Time>,
        /// This instant too.
        to: Option<Time>,
    },
    /// What the scheduled run whose clock reads so reports: `(T - every, T]`.
    Now(Time),
}

impl Asked {
    /// The interval `(from, to]` for a rule that runs so often; an end that is not there is open.
    #[must_use]
    pub fn interval(self, every: Span) -> (Option<Time>, Option<Time>) {
        match self {
            Asked::Stream => (None, None),
            Asked::Between { from, to } => (from, to),
            Asked::Now(now) => (Some(now.minus(every)), Some(now)),
        }
    }
}

/// What a rule found, and what is to be said about the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The alerts in their order ([`Alert::in_order`]).
    pub alerts: Vec<AlertRow>,
    /// Per selection in the order of the rule: its name and how many events it took. Events that are too old to
    /// matter for the alerts asked for are not looked at, and not counted.
    pub matched: Vec<(String, u64)>,
    /// Per group and match: its name and how many rows it left out because a key is missing; those with none are not
    /// named.
    pub left_out: Vec<(String, u64)>,
    /// Events that came after their window was closed, once for each group; always 0 without a lateness.
    pub late: u64,
    /// Alerts whose baseline reaches back before the first event of the rule's sources.
    pub short_baselines: u64,
}

/// An alert and the row that it was made of.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRow {
    /// What leaves.
    pub alert: Alert,
    /// All columns of the relation that the alert continues, by slot; [`Compiled::evaluate`] reads more out of them.
    pub row: Vec<Value>,
}

#[cfg(test)]
mod tests;

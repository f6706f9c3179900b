//! Agreement: a rule's texts, read back and run by their witnesses, against the native run over the same events.
//!
//! A [`Subject`] is a rule with everything that its witnesses need; a [`Case`] is some events and a clock.
//! [`Subject::compare`] says for each target whether both sides find the same.
//!
//! | side | runs it | compared |
//! |---|---|---|
//! | native | `evaluate` | |
//! | kql, sentinel, arm | the reader of KQL (`kql`), on the query as it stands in the emitted file | rows, as multisets: the text at `now = T + delay` against the native run at `T` |
//! | sigma | an engine that somebody else wrote (`engine`), where it is built in | the events, or the keys that alert, over the whole log |
//!
//! [`Subject::laid_end_to_end`] holds the runs of the text, one after the other, against the stream. `generate` makes cases,
//! `shrink` makes them small, `block` writes them as a test of the rule.

mod block;
mod case;
#[cfg(feature = "sigma-engine")]
pub mod engine;
mod generate;
mod kql;
mod prove;
mod rows;
mod shrink;
mod sigma;
mod stream;
mod subject;
mod tally;

pub use block::block;
pub use case::{Case, CaseEvent};
pub use generate::Generator;
pub use prove::prove;
pub use rows::{Cell, Row};
pub use shrink::shrink;
pub use subject::{Comparison, Disagreement, Outcome, Subject};
pub use tally::{Tally, TargetTally};

//! A case: some events, and when to look at them.

use crate::evaluate;
use crate::input;
use crate::source::{ShapeId, SourceId};
use crate::value::{Json, Time};
use std::sync::Arc;

/// Events, in the order in which they arrive, and the clock of the native run.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The events; those of one source may be out of order, repeated, or later than the clock.
    pub events: Vec<CaseEvent>,
    /// The run that is compared is the one whose clock reads this.
    pub now: Time,
}

/// An event, as a test of a rule writes it or as a log holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseEvent {
    /// Its source.
    pub source: SourceId,
    /// How its body is spelled: `FIELDS` for an object of the source's own fields.
    pub shape: ShapeId,
    /// When it happened.
    pub time: Time,
    /// The record; its time is the one above, whatever stands here.
    pub body: Json,
    /// What identifies it: its place in the case, or what a log says.
    pub id: Arc<str>,
}

impl CaseEvent {
    /// As the evaluator takes it.
    pub fn as_event(&self) -> evaluate::Event<'_> {
        evaluate::Event {
            source: self.source,
            shape: self.shape,
            body: &self.body,
            time: self.time,
            id: &self.id,
        }
    }

    /// As a reader of logs delivers it.
    pub fn as_input(&self) -> input::Event {
        input::Event {
            source: self.source,
            shape: self.shape,
            body: self.body.clone(),
            time: Some(self.time),
            id: Arc::clone(&self.id),
            place: input::Place::default(),
        }
    }

    /// An event of a log; none without a time.
    pub fn of_log(event: &input::Event) -> Option<CaseEvent> {
        Some(CaseEvent {
            source: event.source,
            shape: event.shape,
            time: event.time?,
            body: event.body.clone(),
            id: Arc::clone(&event.id),
        })
    }
}

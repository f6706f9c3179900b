//! What is wrong with a query, and where.

use std::fmt;

/// A range of bytes in the text of the query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Place {
    /// From the start of this place to the end of the other.
    #[must_use]
    pub fn to(self, other: Place) -> Place {
        Place {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// Why a query cannot be read, bound or run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KqlError {
    /// What is wrong, lower case, without a full stop; names the construct.
    pub message: String,
    /// Where.
    pub place: Place,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl KqlError {
    /// An error at a place; line and column are found by [`KqlError::located`].
    pub(super) fn at(place: Place, message: impl Into<String>) -> KqlError {
        KqlError {
            message: message.into(),
            place,
            line: 0,
            column: 0,
        }
    }

    /// With line and column in that text.
    #[must_use]
    pub(super) fn located(mut self, text: &str) -> KqlError {
        (self.line, self.column) = position(text, self.place.start);
        self
    }
}

impl fmt::Display for KqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for KqlError {}

/// Line and column (both from 1, columns in characters) of a byte.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset = offset.saturating_sub(1);
    }
    let before = text.get(..offset).unwrap_or("");
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

//! Log readers: files, folders, globs and standard input, plain or gzip, in the layouts that logs come in.
//!
//! What a file holds is found from its content, never from its name. Records are cut out of the stream one at a time
//! (`split.rs`, `table.rs`), so memory is bounded by the largest record; one that is broken is counted and located in the
//! [`Report`], and reading goes on behind it.

mod discover;
mod open;
mod read;
mod report;
mod sample;
mod split;
mod table;

pub use discover::{InputFile, discover};
pub use open::whole;
pub use read::read;
pub use report::{FIRST_REJECTS, Reject, Report};
pub use sample::records;

use crate::source::{ShapeId, SourceId};
use crate::value::{Json, Time};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub use crate::source::DateOrder;

/// The largest record that is read, in bytes; a longer one is rejected without being held in memory.
pub const MAX_RECORD: usize = 64 * 1024 * 1024;

/// A record of a known source.
#[derive(Clone, Debug)]
pub struct Event {
    /// What log it belongs to.
    pub source: SourceId,
    /// How its body is spelled.
    pub shape: ShapeId,
    /// The record.
    pub body: Json,
    /// When it happened. Readers deliver only events that have a time.
    pub time: Option<Time>,
    /// The source's identifier of the event, else one made from the content of the record.
    pub id: Arc<str>,
    /// Where it was read.
    pub place: Place,
}

/// Where an event was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, by its number in the answer of [`discover`].
    pub file: u32,
    /// The record in the file, from 1.
    pub record: u64,
    /// The line on which the record begins, from 1.
    pub line: u64,
}

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which number of a date with slashes is the day; found from the file where nothing is said.
    pub date_order: Option<DateOrder>,
    /// Is increased by the bytes taken from files, as they lie on the disk: for a progress bar.
    pub progress: Option<Arc<AtomicU64>>,
}

/// Why a path or a whole file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// The path as it was given.
    pub path: PathBuf,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.message)
    }
}

impl std::error::Error for InputError {}

#[cfg(test)]
mod tests;

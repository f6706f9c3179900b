use crate::source::SourceId;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How many rejects a [`Report`] keeps with their places.
pub const FIRST_REJECTS: usize = 10;

/// A record that was not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reject {
    /// The file.
    pub path: PathBuf,
    /// The line on which the record begins, from 1; 0 where the whole file is meant.
    pub line: u64,
    /// The record in the file, from 1; 0 where the whole file is meant.
    pub record: u64,
    /// Why, lower case, without a full stop.
    pub reason: String,
}

/// What reading found. Every record is counted once, as read or as rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Events delivered, per source.
    pub events: BTreeMap<SourceId, u64>,
    /// Events delivered.
    pub read: u64,
    /// Records not delivered, for whatever reason.
    pub rejected: u64,
    /// The first rejects of each file, at most [`FIRST_REJECTS`] in all.
    pub first_rejects: Vec<Reject>,
    /// Of the rejected: records of a known source whose time is missing or does not parse.
    pub without_time: u64,
    /// Of the rejected: well-formed records of no known source.
    pub unrecognised: u64,
    /// Fields of delivered events whose value does not convert to the field's type and so counts as missing.
    pub unconverted: u64,
    /// Object keys that a delivered event repeats; the last value of each stands.
    pub repeated_keys: u64,
    /// Bytes taken from the file, as it lies on the disk.
    pub bytes: u64,
}

impl Report {
    /// Adds the report of another file. The outcome does not depend on the order in which reports are merged.
    pub fn merge(&mut self, other: Report) {
        for (source, count) in other.events {
            *self.events.entry(source).or_default() += count;
        }
        self.read += other.read;
        self.rejected += other.rejected;
        self.without_time += other.without_time;
        self.unrecognised += other.unrecognised;
        self.unconverted += other.unconverted;
        self.repeated_keys += other.repeated_keys;
        self.bytes += other.bytes;
        self.first_rejects.extend(other.first_rejects);
        self.first_rejects.sort();
        self.first_rejects.truncate(FIRST_REJECTS);
    }

    pub(super) fn reject(&mut self, reject: impl FnOnce() -> Reject) {
        self.rejected += 1;
        if self.first_rejects.len() < FIRST_REJECTS {
            self.first_rejects.push(reject());
        }
    }
}

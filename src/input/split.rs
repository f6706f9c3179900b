//! Cuts a stream of JSON into records without reading it whole.
//!
//! One machine serves every layout: a record a line, pretty-printed and concatenated records, arrays, and objects that
//! hold the records in an array (`{"Records":[…]}`). It tracks strings and brackets only; whether a record is JSON is
//! found later, so that one broken record costs one reject. A record that is cut off would swallow its successors, so
//! a line that begins with `{` ends the record before it, unless that record is printed over several lines without
//! indentation.

use super::MAX_RECORD;
use std::ops::Range;

/// Keys whose array holds the records.
const CONTAINERS: [&[u8]; 5] = [b"Records", b"records", b"Events", b"value", b"logEvents"];

/// What was cut out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    pub(super) content: Result<&'a [u8], Bad>,
}

/// Why a piece is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    NoJson,
    NoObject,
    CutOff,
    EndsInRecord,
    EndsInList,
    TooLong,
}

impl Bad {
    pub(super) fn reason(self) -> String {
        match self {
            Bad::NoJson => "not JSON".to_owned(),
            Bad::NoObject => "a list element that is no object".to_owned(),
            Bad::CutOff => "the record is cut off at the end of its line".to_owned(),
            Bad::EndsInRecord => "the file ends inside the record".to_owned(),
            Bad::EndsInList => "the file ends inside a list of records".to_owned(),
            Bad::TooLong => format!("the record is longer than {} MiB", MAX_RECORD / (1024 * 1024)),
        }
    }
}

/// What encloses the records at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// An array.
    List,
    /// An object, one of whose members is such an array.
    Envelope,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a record.
    Between,
    /// In a record, or in an envelope outside its list.
    Inside,
    /// In text at the top that is no JSON, up to the end of the line.
    Junk,
    /// In a list element that is no object.
    Scalar,
}

pub(super) struct Splitter {
    state: State,
    levels: Vec<(Level, u64)>,
    line: u64,
    at_line_start: bool,
    limit: usize,

    // The piece at hand.
    buffer: Vec<u8>,
    piece_line: u64,
    depth: u64,
    in_string: bool,
    escaped: bool,
    too_long: bool,
    envelope: bool,
    /// The record's first line is a bracket alone.
    lone: bool,
    /// The record's second line is indented.
    indented: bool,
    first_line: bool,
    /// Where the last string at depth 1 lies in the buffer, while only a colon and blanks followed it.
    key: Option<Range<usize>>,
    colon: bool,
}

impl Splitter {
    /// The line that is being read, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn new() -> Splitter {
        Splitter::with_limit(MAX_RECORD)
    }

    pub(super) fn with_limit(limit: usize) -> Splitter {
        Splitter {
            state: State::Between,
            levels: Vec::new(),
            line: 1,
            at_line_start: true,
            limit,
            buffer: Vec::new(),
            piece_line: 1,
            depth: 0,
            in_string: false,
            escaped: false,
            too_long: false,
            envelope: false,
            lone: false,
            indented: false,
            first_line: true,
            key: None,
            colon: false,
        }
    }

    /// Takes the next bytes of the stream.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut dyn FnMut(Piece<'_>)) {
        let mut rest = bytes;
        while let Some((&byte, tail)) = rest.split_first() {
            if self.state == State::Inside && self.in_string && !self.escaped && !self.at_line_start {
                // Most of a log is text without anything to see.
                let plain = rest
                    .iter()
                    .position(|byte| matches!(byte, b'"' | b'\\' | b'\n'))
                    .unwrap_or(rest.len());
                if plain > 0 {
                    let (text, behind) = rest.split_at(plain);
                    self.keep(text);
                    rest = behind;
                    continue;
                }
            }
            rest = tail;
            match self.state {
                State::Between => self.between(byte, out),
                State::Inside => self.inside(byte, out),
                State::Junk => {
                    if byte == b'\n' {
                        self.state = State::Between;
                    }
                }
                State::Scalar => self.scalar(byte, out),
            }
            if byte == b'\n' {
                self.line += 1;
                self.at_line_start = true;
            } else {
                self.at_line_start = false;
            }
        }
    }

    /// The stream has ended.
    pub(super) fn finish(&mut self, out: &mut dyn FnMut(Piece<'_>)) {
        if self.state == State::Inside && !self.envelope {
            self.bad(if self.too_long { Bad::TooLong } else { Bad::EndsInRecord }, out);
        } else if let Some((_, line)) = self.levels.first() {
            self.piece_line = *line;
            self.bad(Bad::EndsInList, out);
        }
        self.levels.clear();
        self.state = State::Between;
    }

    fn bad(&self, bad: Bad, out: &mut dyn FnMut(Piece<'_>)) {
        out(Piece {
            line: self.piece_line,
            content: Err(bad),
        });
    }

    fn between(&mut self, byte: u8, out: &mut dyn FnMut(Piece<'_>)) {
        let level = self.levels.last().map(|(level, _)| *level);
        match (byte, level) {
            (b' ' | b'\t' | b'\r' | b'\n' | b',', _) => {}
            (b'{', _) => self.begin(byte),
            (b'[', None) => self.levels.push((Level::List, self.line)),
            (b'[', Some(_)) if self.at_line_start => {
                // A list a line, and the one before was not closed.
                self.piece_line = self.levels.first().map_or(self.line, |(_, line)| *line);
                self.bad(Bad::CutOff, out);
                self.levels.clear();
                self.levels.push((Level::List, self.line));
            }
            (b'[', Some(_)) => self.begin(byte),
            (b']', Some(_)) => {
                self.levels.pop();
                if self.levels.last().is_some_and(|(level, _)| *level == Level::Envelope) {
                    self.enter_envelope();
                }
            }
            // A record separator (RFC 7464) or a byte-order mark of a file that was appended.
            (0x1e | 0xef | 0xbb | 0xbf, None) => {}
            (_, None) => {
                self.piece_line = self.line;
                self.bad(Bad::NoJson, out);
                self.state = State::Junk;
            }
            (_, Some(_)) => {
                self.piece_line = self.line;
                self.bad(Bad::NoObject, out);
                self.in_string = byte == b'"';
                self.escaped = false;
                self.state = State::Scalar;
            }
        }
    }

    fn begin(&mut self, byte: u8) {
        self.state = State::Inside;
        self.buffer.clear();
        self.buffer.push(byte);
        self.piece_line = self.line;
        self.depth = 1;
        self.in_string = false;
        self.escaped = false;
        self.too_long = false;
        self.envelope = false;
        self.lone = false;
        self.indented = false;
        self.first_line = true;
        self.key = None;
        self.colon = false;
    }

    fn enter_envelope(&mut self) {
        self.begin(b'{');
        self.envelope = true;
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.buffer.len() + bytes.len() <= self.limit {
            self.buffer.extend_from_slice(bytes);
        } else {
            self.too_long = true;
        }
    }

    fn inside(&mut self, byte: u8, out: &mut dyn FnMut(Piece<'_>)) {
        if self.at_line_start {
            let second_line = self.first_line;
            if second_line {
                self.first_line = false;
                self.lone = self.buffer.trim_ascii().len() == 1;
                self.indented = matches!(byte, b' ' | b'\t');
            }
            if self.is_cut_off(byte, second_line) {
                return self.cut_off(byte, out);
            }
        }
        self.keep(&[byte]);
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_string = false;
                    if let (1, Some(key)) = (self.depth, &mut self.key) {
                        key.end = self.buffer.len().saturating_sub(1);
                    }
                }
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.colon = false;
                self.key = (self.depth == 1).then_some(self.buffer.len()..self.buffer.len());
            }
            b':' => self.colon = true,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'[' if self.is_container() => {
                if !self.envelope {
                    self.levels.push((Level::Envelope, self.piece_line));
                }
                self.levels.push((Level::List, self.line));
                self.state = State::Between;
            }
            b'{' | b'[' => {
                self.depth += 1;
                self.key = None;
            }
            b'}' | b']' => {
                self.depth -= 1;
                self.key = None;
                self.colon = false;
                if self.depth == 0 {
                    self.end(out);
                }
            }
            _ => {
                self.key = None;
                self.colon = false;
                if self.envelope && self.depth == 1 && byte == b',' {
                    // What stands beside the records is not kept.
                    self.buffer.clear();
                    self.too_long = false;
                }
            }
        }
    }

    fn is_container(&self) -> bool {
        let key = self.key.clone().and_then(|key| self.buffer.get(key));
        self.depth == 1 && self.colon && !self.too_long && key.is_some_and(|key| CONTAINERS.contains(&key))
    }

    /// The record at hand is complete.
    fn end(&mut self, out: &mut dyn FnMut(Piece<'_>)) {
        self.state = State::Between;
        if self.envelope {
            self.levels.pop();
        } else if self.too_long {
            self.bad(Bad::TooLong, out);
        } else {
            out(Piece {
                line: self.piece_line,
                content: Ok(&self.buffer),
            });
        }
        if self.buffer.capacity() > 1024 * 1024 {
            // One huge record must not cost its size for the rest of the file.
            self.buffer = Vec::new();
        }
    }

    /// Whether a byte at the start of a line, inside a record, can only be the begin of another record.
    fn is_cut_off(&self, byte: u8, second_line: bool) -> bool {
        // Where the list that encloses the record, or the object that encloses its list, began on the record's line.
        let same_line = self.levels.last().is_some_and(|(_, line)| *line == self.piece_line);
        // Printed without indentation: a bracket may stand anywhere but directly below the first.
        let flat = self.lone && !self.indented && !second_line;
        match byte {
            b'{' if self.envelope => same_line || !self.colon,
            b'{' => !flat,
            b'[' => !flat && (same_line || self.levels.is_empty()),
            _ => false,
        }
    }

    fn cut_off(&mut self, byte: u8, out: &mut dyn FnMut(Piece<'_>)) {
        self.bad(if self.too_long { Bad::TooLong } else { Bad::CutOff }, out);
        if self.envelope {
            self.levels.pop();
        } else {
            // What encloses the record and began on its line was cut off with it.
            let line = self.piece_line;
            self.levels.retain(|(_, level_line)| *level_line != line);
            if self.levels.last().is_some_and(|(level, _)| *level == Level::Envelope) {
                self.levels.pop();
            }
        }
        self.state = State::Between;
        self.between(byte, out);
    }

    fn scalar(&mut self, byte: u8, out: &mut dyn FnMut(Piece<'_>)) {
        if self.at_line_start && matches!(byte, b'{' | b'[') {
            self.state = State::Between;
            self.between(byte, out);
        } else if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => self.in_string = true,
                b',' => self.state = State::Between,
                b']' => {
                    self.state = State::Between;
                    self.between(byte, out);
                }
                _ => {}
            }
        }
    }
}

//! Opens a file, unpacks it, and finds out what it holds.

use super::table::{self, Layout};
use super::{InputError, InputFile};
use crate::source::Catalog;
use flate2::bufread::MultiGzDecoder;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// So much of a file is looked at to find out what it holds.
const HEAD: usize = 64 * 1024;

/// What a file holds.
pub(super) enum Kind {
    Json,
    Table(Layout),
    /// Nothing that can be read, and why.
    Unreadable(String),
}

/// An opened file.
pub(super) struct Input {
    /// What was read ahead.
    head: Cursor<Vec<u8>>,
    /// What went wrong while reading ahead; told when the head is used up.
    error: Option<io::Error>,
    rest: Box<dyn Read>,
    bytes: Rc<Cell<u64>>,
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.head.read(buffer)?;
        if count > 0 || buffer.is_empty() {
            return Ok(count);
        }
        match self.error.take() {
            Some(error) => Err(error),
            None => self.rest.read(buffer),
        }
    }
}

/// Opens a file (or standard input) and unpacks gzip, also of several members.
pub(super) fn open(file: &InputFile, progress: Option<Arc<AtomicU64>>) -> Result<Input, InputError> {
    let bytes = Rc::new(Cell::new(0));
    let source: Box<dyn Read> = if file.is_stdin() {
        Box::new(io::stdin())
    } else {
        let opened = File::open(&file.path).map_err(|error| InputError {
            path: file.path.clone(),
            message: format!("cannot be read: {error}"),
        })?;
        Box::new(opened)
    };
    let counting = Counting {
        source,
        bytes: Rc::clone(&bytes),
        progress,
    };
    Ok(Input::new(BufReader::with_capacity(HEAD, counting), bytes))
}

/// Files that are held in memory whole are not longer than this.
const MAX_WHOLE: u64 = 1024 * 1024 * 1024;

/// The whole text of a file (or of standard input), unpacked, without a byte order mark.
///
/// # Errors
/// When the file cannot be read, is longer than 1 GiB, or is no UTF-8 text.
pub fn whole(file: &InputFile) -> Result<String, InputError> {
    let error = |message: String| InputError {
        path: file.path.clone(),
        message,
    };
    let input = open(file, None)?;
    let head = input.head();
    if is_utf16(head) {
        return Err(error(UTF16.to_owned()));
    }
    if let Some(reason) = packed(head) {
        return Err(error(reason.to_owned()));
    }
    if is_binary(head) {
        return Err(error(BINARY.to_owned()));
    }
    let mut content = Vec::new();
    let read = input.take(MAX_WHOLE + 1).read_to_end(&mut content);
    read.map_err(|problem| error(format!("cannot be read: {problem}")))?;
    if content.len() as u64 > MAX_WHOLE {
        return Err(error("is longer than 1 GiB".to_owned()));
    }
    String::from_utf8(content).map_err(|problem| {
        let before = problem.as_bytes().iter().take(problem.utf8_error().valid_up_to());
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        error(format!("line {line} is not UTF-8 text"))
    })
}

const UTF16: &str = "is UTF-16 text; save it as UTF-8";

fn is_utf16(head: &[u8]) -> bool {
    let unmarked = matches!(head, [1..=255, 0, 1..=255, 0, ..] | [0, 1..=255, 0, 1..=255, ..]);
    unmarked || head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff])
}

impl Input {
    fn new(mut reader: BufReader<Counting>, bytes: Rc<Cell<u64>>) -> Input {
        let packed = loop {
            match reader.fill_buf() {
                Ok(start) => break start.starts_with(&[0x1f, 0x8b]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break false,
            }
        };
        let rest: Box<dyn Read> = if packed {
            Box::new(Unpacked(MultiGzDecoder::new(reader)))
        } else {
            Box::new(reader)
        };
        Input::ahead(rest, bytes)
    }

    /// Reads the head.
    fn ahead(mut rest: Box<dyn Read>, bytes: Rc<Cell<u64>>) -> Input {
        let mut head = Vec::new();
        let mut chunk = vec![0; HEAD];
        let mut error = None;
        while head.len() < HEAD {
            match rest.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => head.extend_from_slice(chunk.get(..count).unwrap_or_default()),
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
                Err(problem) => {
                    error = Some(problem);
                    break;
                }
            }
        }
        if head.starts_with(&[0xef, 0xbb, 0xbf]) {
            head.drain(..3);
        }
        Input {
            head: Cursor::new(head),
            error,
            rest,
            bytes,
        }
    }

    /// What was read whole into memory, and how its reading ended.
    pub(super) fn from_memory(content: &Rc<[u8]>, end: Option<io::Error>, bytes: Rc<Cell<u64>>) -> Input {
        Input::ahead(Box::new(Cursor::new(Rc::clone(content)).chain(Failing(end))), bytes)
    }

    pub(super) fn counter(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.bytes)
    }

    /// Bytes taken from the disk so far.
    pub(super) fn taken(&self) -> u64 {
        self.bytes.get()
    }

    pub(super) fn head(&self) -> &[u8] {
        self.head.get_ref()
    }

    /// What the file holds, from its beginning.
    pub(super) fn kind(&self, catalog: &Catalog) -> Kind {
        let head = self.head();
        if is_utf16(head) {
            return Kind::Unreadable(UTF16.to_owned());
        }
        match head.trim_ascii_start().first() {
            None | Some(b'{' | b'[') => return Kind::Json,
            _ => {}
        }
        if let Some(layout) = table::layout(head, catalog) {
            return match layout {
                Ok(layout) => Kind::Table(layout),
                Err(reason) => Kind::Unreadable(reason),
            };
        }
        // A log whose first line is cut off or is a remark.
        let json_line = |line: &[u8]| line.starts_with(b"{\"") || line.starts_with(b"[{");
        if head.split(|byte| *byte == b'\n').any(json_line) {
            return Kind::Json;
        }
        Kind::Unreadable(unreadable(head))
    }
}

/// What a file of another kind is, by its first bytes.
fn packed(head: &[u8]) -> Option<&'static str> {
    let known = [
        (&b"PK\x03\x04"[..], "is a zip archive; unpack it first"),
        (b"\x28\xb5\x2f\xfd", "is packed with zstd; unpack it first"),
        (b"BZh", "is packed with bzip2; unpack it first"),
        (b"\xfd7zXZ\0", "is packed with xz; unpack it first"),
        (b"PAR1", "is a Parquet file; export JSON or CSV"),
        (b"Obj\x01", "is an Avro file; export JSON or CSV"),
    ];
    let found = known.iter().find(|(magic, _)| head.starts_with(magic));
    found.map(|(_, reason)| *reason)
}

const BINARY: &str = "is a binary file";

/// Whether there are bytes that no text has.
fn is_binary(head: &[u8]) -> bool {
    let odd = |byte: &u8| *byte == 0 || (*byte < 0x20 && !byte.is_ascii_whitespace());
    head.iter().any(odd)
}

fn unreadable(head: &[u8]) -> String {
    let no_text = |head: &[u8]| std::str::from_utf8(head).is_err_and(|e| e.error_len().is_some());
    let reason = match packed(head) {
        Some(reason) => reason,
        None if is_binary(head) || no_text(head.get(..1024).unwrap_or(head)) => BINARY,
        None => "is neither JSON nor an export of a known table",
    };
    reason.to_owned()
}

/// Nothing but an error, told once.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Counts what is taken from the disk.
struct Counting {
    source: Box<dyn Read>,
    bytes: Rc<Cell<u64>>,
    progress: Option<Arc<AtomicU64>>,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        let more = u64::try_from(count).unwrap_or(0);
        self.bytes.set(self.bytes.get() + more);
        if let Some(progress) = &self.progress {
            progress.fetch_add(more, Ordering::Relaxed);
        }
        Ok(count)
    }
}

/// Says what is wrong with gzip data in words.
struct Unpacked<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "the gzip data ends early"),
            _ => io::Error::new(error.kind(), format!("the gzip data is damaged ({error})")),
        })
    }
}

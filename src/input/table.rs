//! Exports of tables as CSV.

use super::open::{Input, open};
use super::read::Reader;
use super::{InputError, MAX_RECORD};
use crate::source::{Catalog, DateOrder, FieldType, ShapeId, Slashed, SourceId};
use crate::value::Json;
use csv::ByteRecord;
use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::Arc;

/// Standard input cannot be read twice; so much of it is kept to find the order of its dates.
const MAX_KEPT: u64 = 256 * 1024 * 1024;

/// How a file is laid out.
pub(super) struct Layout {
    delimiter: u8,
    columns: Vec<Arc<str>>,
    /// Columns that hold times.
    times: Vec<usize>,
    /// The column that names the table.
    table: Option<usize>,
    /// Lines end with two bytes: the reader counts a line when it sees the second, which then belongs to the next row.
    crlf: u64,
}

/// What a row was found to be.
type Known = Option<(SourceId, ShapeId)>;

/// Recognises an export by its header; none when it is no CSV of a table, an error when it cannot be used.
pub(super) fn layout(head: &[u8], catalog: &Catalog) -> Option<Result<Layout, String>> {
    for delimiter in [b',', b';', b'\t'] {
        let mut header = ByteRecord::new();
        if !matches!(reader(head, delimiter).read_byte_record(&mut header), Ok(true)) || header.len() < 2 {
            continue;
        }
        let names: Vec<String> = header
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).trim().to_owned())
            .collect();
        let plain = |name: &String| Arc::from(name.split(" [").next().unwrap_or_default());
        let columns: Vec<Arc<str>> = names.iter().map(plain).collect();
        let is_table = |name: &str| matches!(name, "$table" | "Type" | "TimeGenerated" | "Timestamp");
        let empty = Json::Object(columns.iter().map(|name| (Arc::clone(name), Json::Null)).collect());
        if catalog.recognise(&empty).is_none() && !columns.iter().any(|name| is_table(name)) {
            continue;
        }
        // The portal writes the zone of the viewer's settings into the header.
        if let Some(local) = names
            .iter()
            .find(|name| name.ends_with(']') && !name.ends_with(" [UTC]"))
        {
            return Some(Err(format!(
                "has times that are not in UTC (column `{local}`); export them in UTC"
            )));
        }
        let is_time = |name: &str| {
            let mut fields = catalog
                .iter()
                .filter_map(|(_, source)| Some(source.get(source.by_column(name)?)));
            fields.any(|field| field.ty == FieldType::Time)
        };
        let times = columns
            .iter()
            .enumerate()
            .filter(|(_, name)| is_time(name))
            .map(|(at, _)| at)
            .collect();
        let position = |wanted: &str| columns.iter().position(|name| &**name == wanted);
        return Some(Ok(Layout {
            delimiter,
            table: position("$table").or_else(|| position("Type")),
            times,
            columns,
            crlf: u64::from(
                head.split(|byte| *byte == b'\n')
                    .next()
                    .is_some_and(|line| line.ends_with(b"\r")),
            ),
        }));
    }
    None
}

fn reader<R: Read>(source: R, delimiter: u8) -> csv::Reader<R> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(source)
}

/// Reads the rows of an export.
pub(super) fn read(reader: &mut Reader<'_>, input: &mut Input, layout: Layout) -> Result<(), InputError> {
    if reader.options.date_order.is_some() || !has_slashed_dates(input.head(), &layout) {
        rows(reader, input, &layout);
        return Ok(());
    }
    // The order of day and month is a matter of the whole file: look through it first.
    let error = |message: String| InputError {
        path: reader.file.path.clone(),
        message,
    };
    if !reader.file.is_stdin() {
        let mut first = open(reader.file, None)?;
        reader.options.date_order = order(&mut first, &layout).map_err(error)?;
        rows(reader, input, &layout);
        return Ok(());
    }
    let mut content = Vec::new();
    let end = input.by_ref().take(MAX_KEPT + 1).read_to_end(&mut content).err();
    if content.len() as u64 > MAX_KEPT {
        return Err(error(
            "is too long to find the order of its dates; say `--date-order dmy|mdy`".to_owned(),
        ));
    }
    let content = Rc::from(content);
    let mut first = Input::from_memory(&content, None, input.counter());
    reader.options.date_order = order(&mut first, &layout).map_err(error)?;
    rows(reader, &mut Input::from_memory(&content, end, input.counter()), &layout);
    Ok(())
}

fn time_cells<'a>(row: &'a ByteRecord, layout: &'a Layout) -> impl Iterator<Item = &'a str> {
    let cells = layout.times.iter().filter_map(|at| row.get(*at));
    cells.filter_map(|cell| std::str::from_utf8(cell).ok())
}

fn has_slashed_dates(head: &[u8], layout: &Layout) -> bool {
    let mut rows = reader(head, layout.delimiter);
    let mut row = ByteRecord::new();
    while let Ok(true) = rows.read_byte_record(&mut row) {
        if time_cells(&row, layout).any(|cell| Slashed::parse(cell).is_some()) {
            return true;
        }
    }
    false
}

/// The order that the dates of the file prove.
fn order(input: &mut Input, layout: &Layout) -> Result<Option<DateOrder>, String> {
    let limited = Limited::new(input);
    let since = Rc::clone(&limited.since);
    let mut rows = reader(limited, layout.delimiter);
    let mut row = ByteRecord::new();
    let (mut proven, mut doubtful) = (None, None);
    // What cannot be read is counted in the second pass.
    while let Ok(true) = rows.read_byte_record(&mut row) {
        since.set(0);
        for cell in time_cells(&row, layout) {
            let Some(date) = Slashed::parse(cell) else { continue };
            match (proven, date.proves()) {
                (None, Some(order)) => proven = Some(order),
                (Some(before), Some(order)) if before != order => {
                    return Err(format!(
                        "has dates with the day first and dates with the month first (`{cell}`); \
                                        say `--date-order dmy|mdy`"
                    ));
                }
                _ => {}
            }
            if date.ambiguous() && doubtful.is_none() {
                doubtful = Some(cell.to_owned());
            }
        }
    }
    match (proven, doubtful) {
        (None, Some(cell)) => Err(format!(
            "has only dates that can be read either way (`{cell}`); say `--date-order dmy|mdy`"
        )),
        (proven, _) => Ok(proven),
    }
}

fn rows(reader: &mut Reader<'_>, input: &mut Input, layout: &Layout) {
    let limited = Limited::new(input);
    let since = Rc::clone(&limited.since);
    let mut rows = self::reader(limited, layout.delimiter);
    let mut row = ByteRecord::new();
    let mut header = true;
    let mut last: Option<(Vec<u8>, Known)> = None;
    loop {
        match rows.read_byte_record(&mut row) {
            Ok(true) => since.set(0),
            Ok(false) => return,
            Err(error) => {
                let line = rows.position().line();
                return match error.into_kind() {
                    csv::ErrorKind::Io(error) => reader.reject_rest(line, &error),
                    _ => reader.reject_rest(line, &io::Error::other("not CSV")),
                };
            }
        }
        if std::mem::take(&mut header) {
            continue;
        }
        let line = row.position().map_or(0, csv::Position::line) + layout.crlf;
        reader.next_record();
        if row.len() != layout.columns.len() {
            reader.reject(
                line,
                format!("{} cells under {} columns", row.len(), layout.columns.len()),
            );
            continue;
        }
        if row.as_slice().contains(&0) {
            reader.reject(line, "holds a NUL byte");
            continue;
        }
        let Some(body) = body(&row, layout) else {
            reader.reject(line, "invalid UTF-8");
            continue;
        };
        // Rows are recognised by all columns, also those that are empty in this row, and by the table's name.
        let table = layout.table.and_then(|at| row.get(at)).unwrap_or_default();
        let known = match &last {
            Some((name, known)) if name == table => *known,
            _ => {
                let known = recognise(reader.catalog, layout, table);
                last = Some((table.to_vec(), known));
                known
            }
        };
        match known {
            Some((source, shape)) => reader.event(source, shape, body, line, 0),
            None => reader.unrecognised(line),
        }
    }
}

/// The row as a record, without its empty cells; none where a cell is not UTF-8.
fn body(row: &ByteRecord, layout: &Layout) -> Option<Json> {
    let mut members = Vec::new();
    for (name, cell) in layout.columns.iter().zip(row) {
        if !cell.is_empty() {
            members.push((Arc::clone(name), Json::Text(Arc::from(std::str::from_utf8(cell).ok()?))));
        }
    }
    Some(Json::Object(members.into()))
}

fn recognise(catalog: &Catalog, layout: &Layout, table: &[u8]) -> Known {
    let table = std::str::from_utf8(table).ok().filter(|table| !table.is_empty());
    let value = |at: usize| match table {
        Some(table) if Some(at) == layout.table => Json::Text(Arc::from(table)),
        _ => Json::Null,
    };
    let members = layout
        .columns
        .iter()
        .enumerate()
        .map(|(at, name)| (Arc::clone(name), value(at)));
    catalog.recognise(&Json::Object(members.collect()))
}

/// Stops a row from growing without bound (a quote that is never closed).
struct Limited<'a> {
    input: &'a mut Input,
    /// Bytes since the last complete row.
    since: Rc<Cell<usize>>,
}

impl Limited<'_> {
    fn new(input: &mut Input) -> Limited<'_> {
        Limited {
            input,
            since: Rc::new(Cell::new(0)),
        }
    }
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since.get() > MAX_RECORD {
            return Err(io::Error::other(format!(
                "a row is longer than {} MiB",
                MAX_RECORD / (1024 * 1024)
            )));
        }
        let count = self.input.read(buffer)?;
        self.since.set(self.since.get().saturating_add(count));
        Ok(count)
    }
}

//! Files as tables: CSV with a header, JSON, and results as we print them. Cells are read first and get their types after,
//! when all files of a table are there.

use super::cast::{self, Cast};
use super::logs::complete_times;
use super::table::{Column, Row, Table};
use super::value::{Type, Value};
use crate::input::{self, InputError, InputFile};
use crate::source::DateOrder;
use crate::value::{Json, Keys};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// No table of a workspace has so many columns; a file with more has data for names.
const MOST_COLUMNS: usize = 2_000;

/// An export's own mark for the table; no column of it.
const TABLE_MARK: &str = "$table";

/// The rows of a file whose cells have no types yet.
#[derive(Debug)]
pub struct FileRows {
    path: PathBuf,
    columns: Vec<FileColumn>,
    rows: Vec<FileRow>,
    /// Every cell is text: a text may stand for any value.
    texts: bool,
    /// What `FileRow::at` counts.
    unit: &'static str,
}

#[derive(Debug)]
struct FileColumn {
    name: Arc<str>,
    /// The type that the file itself states.
    ty: Option<Type>,
}

#[derive(Debug)]
struct FileRow {
    at: u64,
    /// As many as there are columns, or fewer: the rest is null.
    cells: Vec<Json>,
}

/// What did not go smoothly when cells got their types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Misfits {
    /// Columns whose types were found from the values, because neither the table nor the file says them.
    pub inferred: Vec<Column>,
    /// Cells that do not fit the type of their column, and are null.
    pub cells: u64,
    /// Where the first of these stands, and what it is.
    pub first: Option<String>,
}

impl FileRows {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn new(path: PathBuf, texts: bool, unit: &'static str) -> FileRows {
        FileRows {
            path,
            columns: Vec::new(),
            rows: Vec::new(),
            texts,
            unit,
        }
    }

    fn error(&self, message: impl Into<String>) -> InputError {
        InputError {
            path: self.path.clone(),
            message: message.into(),
        }
    }

    /// Adds a column under the name that the header gives it; the portal's mark for UTC is taken off.
    fn column(&mut self, header: &str, ty: Option<Type>) -> Result<usize, InputError> {
        let header = header.trim();
        let (name, ty) = match header.strip_suffix(" [UTC]") {
            Some(name) => (name, Some(Type::Datetime)),
            None => (header, ty),
        };
        let at = self.columns.len();
        if name.is_empty() {
            return Err(self.error(format!("column {} has no name", at + 1)));
        }
        if name.ends_with(']') && name.contains(" [") {
            return Err(self.error(format!(
                "has times that are not in UTC (column `{name}`); export them in UTC"
            )));
        }
        if self.columns.iter().any(|column| &*column.name == name) {
            return Err(self.error(format!("two columns are called `{name}`")));
        }
        if at >= MOST_COLUMNS {
            return Err(self.error(format!("there are more than {MOST_COLUMNS} columns")));
        }
        self.columns.push(FileColumn { name: name.into(), ty });
        Ok(at)
    }

    fn cell(&self, row: &FileRow, column: usize) -> Json {
        debug_assert!(column < self.columns.len());
        row.cells.get(column).cloned().unwrap_or(Json::Null)
    }

    fn place(&self, row: &FileRow) -> String {
        match self.unit {
            "line" => format!("{}:{}", self.path.display(), row.at),
            unit => format!("{}: {unit} {}", self.path.display(), row.at),
        }
    }
}

/// Reads a file: CSV with a header (comma, semicolon or tab), a JSON array of objects, objects one after the other, or
/// `{"columns": [{"name", "type"}], "rows": [[..]]}`, as we print results, alone or as the answer of the query interface
/// (`{"tables": [..]}`). Also packed with gzip.
///
/// # Errors
/// When the file cannot be read or is none of these; for rows of uneven length, with the line.
pub fn read_file(file: &InputFile) -> Result<FileRows, InputError> {
    let text = input::whole(file)?;
    let path = file.path.clone();
    match text.trim_start().as_bytes().first() {
        None => Err(InputError {
            path,
            message: "is empty".to_owned(),
        }),
        Some(b'[' | b'{') => json(path, &text),
        Some(_) => csv(path, &text),
    }
}

fn csv(path: PathBuf, text: &str) -> Result<FileRows, InputError> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |delimiter: &u8| first.bytes().filter(|byte| byte == delimiter).count();
    let delimiter = [b',', b';', b'\t'].into_iter().rev().max_by_key(count).unwrap_or(b',');
    let mut read = FileRows::new(path, true, "line");
    let mut records = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut header = true;
    // The reader counts a line when it sees the second byte of its end, which then belongs to the next row.
    let crlf = u64::from(text.split('\n').next().is_some_and(|line| line.ends_with('\r')));
    while records
        .read_record(&mut record)
        .map_err(|error| read.error(format!("is no CSV: {error}")))?
    {
        if std::mem::take(&mut header) {
            for name in &record {
                read.column(name, None)?;
            }
            continue;
        }
        let at = record.position().map_or(0, csv::Position::line) + crlf;
        if record.len() != read.columns.len() {
            let (cells, columns) = (record.len(), read.columns.len());
            return Err(read.error(format!(
                "line {at} is uneven: cells {cells}, columns of the header {columns}"
            )));
        }
        let cell = |text: &str| {
            if text.is_empty() {
                Json::Null
            } else {
                Json::Text(text.into())
            }
        };
        read.rows.push(FileRow {
            at,
            cells: record.iter().map(cell).collect(),
        });
    }
    Ok(read)
}

fn json(path: PathBuf, text: &str) -> Result<FileRows, InputError> {
    let mut read = FileRows::new(path, false, "line");
    let mut keys = Keys::default();
    let mut names: HashMap<Arc<str>, usize> = HashMap::new();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    let (mut line, mut counted, mut number) = (1, 0, 0);
    loop {
        let start = values.byte_offset();
        match values.next() {
            None => return Ok(read),
            Some(Err(error)) => return Err(read.error(format!("is no JSON: {error}"))),
            Some(Ok(_)) => {}
        }
        number += 1;
        let before = text.get(start..values.byte_offset()).unwrap_or_default();
        let value = before.trim_start();
        let begins = values.byte_offset() - value.len();
        let lines = |from: usize, to: usize| {
            text.get(from..to)
                .map_or(0, |t| t.bytes().filter(|b| *b == b'\n').count())
        };
        line += lines(counted, begins);
        counted = begins;
        let (value, _) = Json::parse_with(value.as_bytes(), &mut keys)
            .map_err(|error| read.error(format!("line {line}: is no JSON: {error}")))?;
        let whole = number == 1
            && text
                .get(values.byte_offset()..)
                .is_some_and(|rest| rest.trim().is_empty());
        match value {
            Json::Array(elements) if whole => {
                read.unit = "row";
                for (at, element) in (1..).zip(elements.iter()) {
                    object(&mut read, &mut names, element, at)?;
                }
            }
            value if whole && is_result(&value) => {
                read.unit = "row";
                result(&mut read, &value)?;
            }
            value => object(&mut read, &mut names, &value, u64::try_from(line).unwrap_or(u64::MAX))?,
        }
    }
}

/// A row that is an object.
fn object(read: &mut FileRows, names: &mut HashMap<Arc<str>, usize>, value: &Json, at: u64) -> Result<(), InputError> {
    let Json::Object(members) = value else {
        let unit = read.unit;
        return Err(read.error(format!("{unit} {at} is no object, but a row is one")));
    };
    let mut cells = vec![Json::Null; read.columns.len()];
    for (key, value) in members.iter() {
        let column = match names.get(key) {
            Some(column) => *column,
            None => {
                let column = read.column(key, None)?;
                names.insert(Arc::clone(key), column);
                column
            }
        };
        cells.resize(read.columns.len().max(cells.len()), Json::Null);
        if let Some(cell) = cells.get_mut(column) {
            *cell = value.clone();
        }
    }
    read.rows.push(FileRow { at, cells });
    Ok(())
}

/// Whether it is the result of a query rather than a row.
fn is_result(value: &Json) -> bool {
    let table = |value: &Json| {
        matches!(value.get("columns"), Some(Json::Array(_))) && matches!(value.get("rows"), Some(Json::Array(_)))
    };
    table(value) || value.get("tables").and_then(|tables| tables.at(0)).is_some_and(table)
}

/// The rows of a result.
fn result(read: &mut FileRows, value: &Json) -> Result<(), InputError> {
    let value = match value.get("tables").and_then(|tables| tables.at(0)) {
        Some(first) => first,
        None => value,
    };
    let (Some(Json::Array(columns)), Some(Json::Array(rows))) = (value.get("columns"), value.get("rows")) else {
        return Ok(());
    };
    for column in columns.iter() {
        let text = |key: &str| column.get(key).and_then(Json::as_text);
        let name = text("name").ok_or_else(|| read.error("a column of the result has no `name`"))?;
        let ty = match text("type") {
            None => None,
            Some(ty) => match Type::named(&ty) {
                Some(ty) => Some(ty),
                None => return Err(read.error(format!("the type `{ty}` of the column `{name}` is not known"))),
            },
        };
        read.column(&name, ty)?;
    }
    for (at, row) in (1..).zip(rows.iter()) {
        match row {
            Json::Array(cells) if cells.len() == read.columns.len() => read.rows.push(FileRow {
                at,
                cells: cells.to_vec(),
            }),
            _ => {
                let columns = read.columns.len();
                return Err(read.error(format!("row {at} is no list of {columns} cells")));
            }
        }
    }
    Ok(())
}

/// One table of the rows of files: its columns are those of the known table, then the others in the order of the files.
/// Cells get the type that the table says, else the file, else one that all values of the column have.
///
/// # Errors
/// When the dates of a file can be read in two ways.
pub fn table_of(
    files: &[FileRows],
    known: Option<&Table>,
    order: Option<DateOrder>,
) -> Result<(Table, Misfits), InputError> {
    let mut table = Table {
        columns: known.map(|known| known.columns.clone()).unwrap_or_default(),
        ..Table::default()
    };
    let mut misfits = Misfits::default();
    for file in files {
        for column in &file.columns {
            if table.column(&column.name).is_some() || &*column.name == TABLE_MARK {
                continue;
            }
            let stated = files.iter().find_map(|file| {
                let same = |other: &&FileColumn| other.name == column.name;
                file.columns.iter().find(same).and_then(|other| other.ty)
            });
            let ty = if &*column.name == super::INGESTION_TIME {
                Some(Type::Datetime)
            } else {
                stated
            };
            let new = Column {
                name: Arc::clone(&column.name),
                ty: ty.unwrap_or_else(|| inferred(files, &column.name)),
            };
            if ty.is_none() {
                misfits.inferred.push(new.clone());
            }
            table.columns.push(new);
        }
    }
    for file in files {
        fill(&mut table, file, order, &mut misfits)?;
    }
    Ok((table, misfits))
}

/// The type that all values of the column have.
fn inferred(files: &[FileRows], name: &str) -> Type {
    let mut seen = cast::Seen::default();
    for file in files {
        if let Some(at) = file.columns.iter().position(|column| &*column.name == name) {
            for row in &file.rows {
                seen.take(row.cells.get(at).unwrap_or(&Json::Null), file.texts);
            }
        }
    }
    seen.ty()
}

fn fill(table: &mut Table, file: &FileRows, order: Option<DateOrder>, misfits: &mut Misfits) -> Result<(), InputError> {
    let places: Vec<Option<usize>> = file.columns.iter().map(|column| table.column(&column.name)).collect();
    let ty = |at: &Option<usize>| at.and_then(|at| table.columns.get(at)).map(|column| column.ty);
    let types: Vec<Option<Type>> = places.iter().map(ty).collect();
    let times = file.rows.iter().flat_map(|row| row.cells.iter().zip(&types));
    let texts = times.filter_map(|(cell, ty)| match (cell, ty) {
        (Json::Text(text), Some(Type::Datetime)) => Some(&**text),
        _ => None,
    });
    let cast = Cast {
        texts: file.texts,
        order: match order {
            Some(order) => Some(order),
            None => cast::order_of(texts).map_err(|message| file.error(message))?,
        },
    };
    let empty: Row = table.columns.iter().map(|column| column.ty.null()).collect();
    for row in &file.rows {
        let mut cells = empty.clone();
        for (column, (place, ty)) in places.iter().zip(&types).enumerate() {
            let (Some(ty), Some(cell)) = (ty, place.and_then(|at| cells.get_mut(at))) else {
                continue;
            };
            let json = file.cell(row, column);
            if let Some(value) = cast.cell(&json, *ty) {
                *cell = value;
                continue;
            }
            misfits.cells += 1;
            misfits.first.get_or_insert_with(|| {
                let text = json.as_text().unwrap_or_default();
                let short: String = text.chars().take(60).collect();
                let name = file.columns.get(column).map_or("", |column| &*column.name);
                format!("{}: `{short}` in `{name}` is no {ty}", file.place(row))
            });
        }
        complete_times(table, &mut cells);
        table.rows.push(cells);
    }
    Ok(())
}

/// A watchlist of the rows of files: every column is text, as a watchlist keeps its items. `SearchKey` is the column
/// named by `key`, or one that the files have; `_DTItemId` and `LastUpdatedTimeUTC`, which the service adds, are made where
/// the files have none: an identifier of the content, and the given time (ticks of 100 ns since 1970).
///
/// # Errors
/// When no column is called as `key` says, or a file has a time that can be read in two ways.
pub fn watchlist_of(
    files: &[FileRows],
    key: Option<&str>,
    updated: i64,
    order: Option<DateOrder>,
) -> Result<(Table, Misfits), InputError> {
    const ID: &str = "_DTItemId";
    const UPDATED: &str = "LastUpdatedTimeUTC";
    const KEY: &str = "SearchKey";
    let mut known = Table::new([(ID, Type::String), (UPDATED, Type::Datetime)]);
    let has = |name: &str| {
        files
            .iter()
            .any(|file| file.columns.iter().any(|column| &*column.name == name))
    };
    if let Some(key) = key
        && !has(key)
    {
        let path = files.first().map(|file| file.path.clone()).unwrap_or_default();
        return Err(InputError {
            path,
            message: format!("no column is called `{key}`"),
        });
    }
    let (has_id, has_update) = (has(ID), has(UPDATED));
    if key.is_some() || has(KEY) {
        known.columns.push(Column {
            name: KEY.into(),
            ty: Type::String,
        });
    }
    for column in files.iter().flat_map(|file| &file.columns) {
        if known.column(&column.name).is_none() {
            known.columns.push(Column {
                name: Arc::clone(&column.name),
                ty: Type::String,
            });
        }
    }
    let (mut table, misfits) = table_of(files, Some(&known), order)?;
    let source = key.and_then(|key| table.column(key)).zip(table.column(KEY));
    for (number, row) in table.rows.iter_mut().enumerate() {
        if let Some((from, to)) = source
            && let Some(value) = row.get(from).cloned()
            && let Some(cell) = row.get_mut(to)
        {
            *cell = value;
        }
        let content: Vec<Arc<str>> = row.iter().map(Value::to_text).collect();
        let content = format!("{number}\u{1f}{}", content.join("\u{1f}"));
        if !has_id && let Some(cell) = row.first_mut() {
            *cell = Value::text(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, content.as_bytes()).to_string());
        }
        if !has_update && let Some(cell) = row.get_mut(1) {
            *cell = updated
                .checked_add(super::time::EPOCH)
                .map_or(Value::Null, Value::Datetime);
        }
    }
    Ok((table, misfits))
}

#[cfg(test)]
mod tests;

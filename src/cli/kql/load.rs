//! The tables and watchlists that a query runs on.

use super::super::args::{DateOrder, Kql, Named};
use super::super::output::{self, many, many64};
use super::super::{Misuse, rules};
use crate::diagnostics::Sources;
use crate::input::{self, Event, InputFile, Options, Report};
use crate::kql::{self, Database, FileRows, Misfits, Table};
use crate::source::Catalog;
use crate::value::Time;
use std::path::{Path, PathBuf};

/// A database with its rows.
pub(super) struct Loaded {
    pub(super) database: Database,
    /// Records and cells that could not be taken as they are.
    pub(super) losses: u64,
}

pub(super) fn load(options: &Kql, now: Time) -> Result<Loaded, Misuse> {
    let mut catalog = Catalog::builtin()?;
    let mut workspace = kql::workspace();
    let (mut sources, mut findings) = (Sources::default(), Vec::new());
    for folder in rules::target_folders(std::slice::from_ref(&options.file)) {
        catalog = catalog.with_folder(&folder, &mut sources, &mut findings)?;
        for file in schemas(&folder.join("tables"))? {
            schema(&mut workspace, &file)?;
        }
    }
    if !findings.is_empty() {
        output::findings(&findings, &sources);
        return Err(Misuse(format!(
            "source files cannot be used: {}",
            output::counts(&findings)
        )));
    }
    for file in &options.schema {
        schema(&mut workspace, file)?;
    }
    let (events, report) = events(options, &catalog)?;
    let mut database = kql::database(&catalog, workspace, &events);
    drop(events);
    let mut losses = report.rejected;
    let order = options.date_order.map(DateOrder::order);
    for (name, files) in grouped(&options.table) {
        let rows = read(&files)?;
        let known = database.get_mut(name).map(std::mem::take);
        let count = rows.iter().map(FileRows::len).sum();
        let (table, misfits) = kql::table_of(&rows, known.as_ref(), order)?;
        tell(name, count, &files, &misfits);
        losses += misfits.cells;
        database.add(name, together(known, table));
    }
    for (written, files) in grouped(&options.watchlist) {
        let (name, key) = watchlist_name(written);
        let (table, misfits) = kql::watchlist_of(&read(&files)?, key, now.0, order)?;
        losses += misfits.cells;
        tell(name, table.rows.len(), &files, &misfits);
        database.add_watchlist(name, table);
    }
    Ok(Loaded { database, losses })
}

/// `NAME`, and after a colon the column that is the search key.
pub(super) fn watchlist_name(written: &str) -> (&str, Option<&str>) {
    written
        .split_once(':')
        .map_or((written, None), |(name, key)| (name, Some(key)))
}

/// Standard input can be read once.
///
/// # Errors
/// When it is named twice.
pub(super) fn once_from_stdin(options: &Kql) -> Result<(), Misuse> {
    let named = options.table.iter().chain(&options.watchlist).map(|named| &named.path);
    let all = named.chain(&options.input).chain(std::iter::once(&options.file));
    match all.filter(|path| path.as_os_str() == "-").count() {
        0 | 1 => Ok(()),
        _ => Err(Misuse(
            "standard input (`-`) is named twice and can be read once".to_owned(),
        )),
    }
}

/// The files of each name, in the order in which the names come.
fn grouped(named: &[Named]) -> Vec<(&str, Vec<PathBuf>)> {
    let mut groups: Vec<(&str, Vec<PathBuf>)> = Vec::new();
    for Named { name, path } in named {
        match groups.iter_mut().find(|(known, _)| known == name) {
            Some((_, files)) => files.push(path.clone()),
            None => groups.push((name, vec![path.clone()])),
        }
    }
    groups
}

fn read(paths: &[PathBuf]) -> Result<Vec<FileRows>, Misuse> {
    input::discover(paths)?
        .iter()
        .map(|file| kql::read_file(file).map_err(Misuse::from))
        .collect()
}

/// The rows that a table had from logs, and those of files; the files may have brought further columns.
fn together(before: Option<Table>, mut table: Table) -> Table {
    let columns = &table.columns;
    let longer = |mut row: kql::Row| {
        let missing = columns.iter().skip(row.len()).map(|column| column.ty.null());
        row.extend(missing.collect::<Vec<_>>());
        row
    };
    let mut rows: Vec<kql::Row> = before
        .map(|table| table.rows)
        .unwrap_or_default()
        .into_iter()
        .map(longer)
        .collect();
    rows.append(&mut table.rows);
    table.rows = rows;
    table
}

/// Says what a table was made of.
fn tell(name: &str, rows: usize, files: &[PathBuf], misfits: &Misfits) {
    let from: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    say!("{name}: {} from {}", many(rows, "row"), from.join(", "));
    if !misfits.inferred.is_empty() {
        let columns: Vec<String> = misfits
            .inferred
            .iter()
            .map(|c| format!("{}: {}", c.name, c.ty))
            .collect();
        say!("  types found from the values: {}", columns.join(", "));
    }
    if misfits.cells > 0 {
        let fit = if misfits.cells == 1 { "does" } else { "do" };
        say!(
            "  {} {fit} not fit and count as null; the first:",
            many64(misfits.cells, "cell")
        );
        say!("  {}", misfits.first.as_deref().unwrap_or_default());
    }
}

fn events(options: &Kql, catalog: &Catalog) -> Result<(Vec<Event>, Report), Misuse> {
    let mut events = Vec::new();
    let mut report = Report::default();
    if options.input.is_empty() {
        return Ok((events, report));
    }
    let files = input::discover(&options.input)?;
    let reading = Options {
        date_order: options.date_order.map(DateOrder::order),
        progress: None,
    };
    for file in &files {
        report.merge(input::read(file, catalog, &reading, &mut |event| events.push(event))?);
    }
    output::reading(&report, files.len(), catalog);
    output::losses(&report);
    Ok((events, report))
}

/// The files of a folder of tables, sorted by name.
/// Our tables, and those of `targets` folders.
pub(in crate::cli) fn tables(folders: &[PathBuf]) -> Result<Database, Misuse> {
    let mut tables = kql::workspace();
    for folder in folders {
        for file in schemas(&folder.join("tables"))? {
            schema(&mut tables, &file)?;
        }
    }
    Ok(tables)
}

fn schemas(folder: &Path) -> Result<Vec<PathBuf>, Misuse> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = |error: std::io::Error| Misuse(format!("{}: cannot be read: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Adds the table that a file describes, or replaces the one of its name.
fn schema(database: &mut Database, path: &Path) -> Result<(), Misuse> {
    let text = input::whole(&InputFile {
        path: path.to_owned(),
        number: 0,
        size: None,
    })?;
    let columns = kql::columns(&text).map_err(|error| Misuse(format!("{}:{error}", path.display())))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    database.add(
        name,
        Table {
            columns,
            ..Table::default()
        },
    );
    Ok(())
}

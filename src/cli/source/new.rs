//! `tripline source new`

use super::super::args::NewSource;
use super::super::{Exit, Misuse, kql, output, rules};
use super::draft::Draft;
use super::{getschema, sample};
use crate::input::{self, InputFile};
use crate::source::Catalog;
use std::path::{Path, PathBuf};

/// So many records are looked at.
const MOST: usize = 10_000;

pub(in crate::cli) fn new(options: &NewSource) -> Result<Exit, Misuse> {
    let name = &options.name;
    if !name.split('.').all(is_word) {
        return Err(Misuse(format!(
            "`{name}` cannot be the name of a source: write words of letters, digits and `_`, joined by dots"
        )));
    }
    let mut folders = rules::target_folders(&[PathBuf::from("rules/")]);
    folders.extend(options.out.clone());
    let tables = kql::tables(&folders)?;
    let text = input::whole(&InputFile {
        path: options.from.clone(),
        number: 0,
        size: None,
    })?;
    let made_from = options
        .from
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let catalog = Catalog::builtin()?;
    let draft = if getschema::is_schema(&text) {
        let table = options.table.clone().unwrap_or_else(|| stem(&options.from));
        if !is_word(&table) {
            return Err(Misuse(format!(
                "`{table}` cannot be the name of a table; say it with `--table NAME`"
            )));
        }
        getschema::draft(name, &table, &text, &made_from, &tables)?
    } else {
        let (records, bad) = input::records(&text, MOST);
        if records.is_empty() {
            return Err(Misuse(format!(
                "{}: holds neither JSON records nor an answer of getschema (a CSV with the column ColumnName)",
                options.from.display()
            )));
        }
        if bad > 0 {
            say!("{} no record", output::many(bad, "piece is"));
        }
        if let Some((source, _)) = records.iter().find_map(|record| catalog.recognise(record)) {
            let known = &catalog.get(source).name;
            say!("records like these are read as `{known}`; this source goes before it, and takes them");
        }
        let table = options.table.clone().unwrap_or_else(|| sample::table_of(name));
        sample::draft(name, &table, &records, &made_from, &tables)?
    };
    if catalog.find(name).is_some() {
        say!("`{name}` is a source of ours: a file of this name replaces it");
    }
    let unknown_table = tables.get(&draft.table).is_none();
    if unknown_table && options.table.is_none() {
        say!(
            "the table is taken to be `{}`; `--table NAME` says otherwise",
            draft.table
        );
    }
    match &options.out {
        None => {
            output::result(&draft.text())?;
            if unknown_table {
                say!(
                    "the columns of `{}` are not known; `--out targets` writes them into targets/tables too",
                    draft.table
                );
            }
        }
        Some(folder) => write(folder, &draft, unknown_table)?,
    }
    Ok(Exit::Clean)
}

fn write(folder: &Path, draft: &Draft, unknown_table: bool) -> Result<(), Misuse> {
    let mut files = vec![(
        folder.join("sources").join(format!("{}.yaml", draft.name)),
        draft.text(),
    )];
    if unknown_table {
        let path = folder.join("tables").join(format!("{}.yaml", draft.table));
        files.push((path, draft.table_text()));
    }
    // Nothing is written where anything stands already: somebody has worked on it.
    for (path, _) in &files {
        if path.exists() {
            return Err(Misuse(format!(
                "{}: is there already; take it away first, or write to another folder",
                path.display()
            )));
        }
    }
    for (path, text) in files {
        let error = |error: std::io::Error| Misuse(format!("{}: cannot be written: {error}", path.display()));
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(error)?;
        }
        std::fs::write(&path, text).map_err(error)?;
        say!("wrote {}", path.display());
    }
    Ok(())
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The file's name without its endings: `SigninLogs.csv.gz` is `SigninLogs`.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

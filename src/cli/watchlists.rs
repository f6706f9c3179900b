//! The items of watchlists: CSV files that an option or the settings name.

use super::Misuse;
use super::args::Named;
use super::rules::Loaded;
use crate::compile::Compiled;
use crate::diagnostics::nearest;
use crate::plan::{ConstantValue, Literal, Watchlist};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a command puts into watchlists.
#[derive(Clone, Copy)]
pub(super) enum Items<'a> {
    /// Nothing: no event is read, or tests say what they hold.
    None,
    /// What the files say; one that has no file is an error.
    Files(&'a [Named]),
    /// What the files say, else items that are made up.
    FilesOrAny(&'a [Named]),
}

/// Items that nobody wrote: two that differ in case alone, one with characters that a text escapes.
const ANY: [&str; 3] = ["item-1", "Item-1", "third \"item\" \\\\ 3"];

/// Puts the items into the plans of rules.
pub(super) fn fill(compiled: &mut [Compiled<'_>], loaded: &Loaded, items: Items<'_>) -> Result<(), Misuse> {
    let (named, made_up) = match items {
        Items::None => return Ok(()),
        Items::Files(named) => (named, false),
        Items::FilesOrAny(named) => (named, true),
    };
    sound(compiled, named)?;
    let mut read: BTreeMap<(PathBuf, String), Vec<Literal>> = BTreeMap::new();
    for rule in compiled {
        let name = rule.plan.rule.name.clone();
        let file = rule.checked.file;
        for constant in &mut rule.plan.constants {
            let Some(watchlist) = &constant.watchlist else {
                continue;
            };
            let option = named.iter().find(|named| named.name == watchlist.alias);
            let path = option.map(|named| named.path.as_path());
            let elements = match path.or_else(|| loaded.watchlist(file, &watchlist.alias)) {
                Some(path) => {
                    let key = (path.to_owned(), watchlist.column.clone());
                    if !read.contains_key(&key) {
                        read.insert(key.clone(), items_of(path, watchlist)?);
                    }
                    read.get(&key).cloned().unwrap_or_default()
                }
                None if made_up => ANY.iter().map(|item| Literal::Text((*item).to_owned())).collect(),
                None => {
                    let alias = &watchlist.alias;
                    return Err(Misuse(format!(
                        "the rule `{name}` reads the watchlist {alias:?}, and no file holds its items: add \
                         `--watchlist {alias}={alias}.csv`, or a line `{alias} = \"{alias}.csv\"` below `[watchlists]` in tripline.toml"
                    )));
                }
            };
            constant.value = ConstantValue::List(elements);
        }
    }
    Ok(())
}

/// Each option is for a watchlist that a rule reads, and for another one than the rest.
fn sound(compiled: &[Compiled<'_>], named: &[Named]) -> Result<(), Misuse> {
    let mut seen = BTreeSet::new();
    if let Some(again) = named.iter().find(|named| !seen.insert(&named.name)) {
        let name = &again.name;
        return Err(Misuse(format!(
            "--watchlist {name}: it is given twice; put the items into one file"
        )));
    }
    let constants = compiled.iter().flat_map(|rule| &rule.plan.constants);
    let asked: BTreeSet<&str> = constants
        .filter_map(|constant| Some(constant.watchlist.as_ref()?.alias.as_str()))
        .collect();
    let Some(unknown) = named.iter().find(|named| !asked.contains(named.name.as_str())) else {
        return Ok(());
    };
    let rest = match nearest(&unknown.name, asked.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if asked.is_empty() => "; no rule here reads any".to_owned(),
        None => format!(
            "; those that are read are {}",
            asked.into_iter().collect::<Vec<_>>().join(", ")
        ),
    };
    Err(Misuse(format!(
        "--watchlist {}: no rule reads a watchlist of this name{rest}",
        unknown.name
    )))
}

/// The items of a CSV file: the texts of one column, each once, without empty ones.
fn items_of(path: &Path, watchlist: &Watchlist) -> Result<Vec<Literal>, Misuse> {
    let wrong = |why: String| Misuse(format!("{}: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    // Spreadsheets begin a file with a mark of the encoding.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let first = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or(b"");
    if first.iter().all(u8::is_ascii_whitespace) {
        return Err(wrong("its first line is empty, and names the columns".to_owned()));
    }
    let mark = [b';', b'\t'].into_iter().find(|mark| first.contains(mark));
    if let Some(mark) = mark.filter(|_| !first.contains(&b',') && first != watchlist.column.as_bytes()) {
        let mark = if mark == b';' { "semicolons" } else { "tabs" };
        return Err(wrong(format!(
            "its columns are divided by {mark}; save it as CSV with commas"
        )));
    }
    quotes(bytes).map_err(|(line, why)| wrong(format!("line {line}: {why}")))?;
    let mut reader = csv::Reader::from_reader(bytes);
    let columns = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let mut places = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| *column == watchlist.column);
    let (Some((at, _)), again) = (places.next(), places.next()) else {
        let near = match nearest(&watchlist.column, columns.iter()) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => format!("; there are {}", columns.iter().collect::<Vec<_>>().join(", ")),
        };
        return Err(wrong(format!(
            "no column is called `{}`, which the watchlist {:?} is read by{near}",
            watchlist.column, watchlist.alias,
        )));
    };
    if again.is_some() {
        return Err(wrong(format!(
            "two columns are called `{}`, which the watchlist {:?} is read by",
            watchlist.column, watchlist.alias,
        )));
    }
    let mut items = BTreeSet::new();
    let mut blanks = 0;
    for record in reader.records() {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        let Some(item) = record.get(at).filter(|item| !item.is_empty()) else {
            continue;
        };
        if item.trim() != item {
            blanks += 1;
            if blanks == 1 {
                let line = record.position().map_or(0, csv::Position::line);
                say!(
                    "warning: {}: line {line}: the item {item:?} has blanks around it, which are a part of it",
                    path.display()
                );
            }
        }
        items.insert(item.to_owned());
    }
    if blanks > 1 {
        say!("warning: {}: so have {} more", path.display(), blanks - 1);
    }
    Ok(items.into_iter().map(Literal::Text).collect())
}

/// Whether every quote is closed, and a comma or the end of the line stands behind it; else the line where the field
/// begins. A reader of CSV takes everything up to the next quote, or the end of the file, for one field.
fn quotes(bytes: &[u8]) -> Result<(), (usize, &'static str)> {
    enum At {
        Start,
        Plain,
        Quoted(usize),
        Closed(usize),
    }
    let mut at = At::Start;
    let mut line = 1;
    for byte in bytes {
        at = match (at, byte) {
            (At::Start, b'"') => At::Quoted(line),
            (At::Quoted(from), b'"') => At::Closed(from),
            (At::Closed(from), b'"') => At::Quoted(from),
            (At::Quoted(from), _) => At::Quoted(from),
            (At::Start | At::Plain | At::Closed(_), b',' | b'\n' | b'\r') => At::Start,
            (At::Start | At::Plain, _) => At::Plain,
            (At::Closed(from), _) => {
                return Err((
                    from,
                    "behind the quote that closes a field stands neither a comma nor the end of the line; a quote inside is written twice",
                ));
            }
        };
        line += usize::from(*byte == b'\n');
    }
    match at {
        At::Quoted(from) => Err((from, "the quote that begins here is not closed")),
        At::Start | At::Plain | At::Closed(_) => Ok(()),
    }
}

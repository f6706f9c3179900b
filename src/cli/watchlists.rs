//! The items of watchlists: CSV files that an option or the settings name.

use super::Misuse;
use super::args::Named;
use super::rules::Loaded;
use crate::compile::Compiled;
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
    let mut asked = BTreeSet::new();
    let mut read: BTreeMap<(PathBuf, String), Vec<Literal>> = BTreeMap::new();
    for rule in compiled {
        let name = rule.plan.rule.name.clone();
        let file = rule.checked.file;
        for constant in &mut rule.plan.constants {
            let Some(watchlist) = &constant.watchlist else {
                continue;
            };
            asked.insert(watchlist.alias.clone());
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
    match named.iter().find(|named| !asked.contains(&named.name)) {
        Some(unknown) => Err(Misuse(format!(
            "--watchlist {}: no rule reads a watchlist of this name",
            unknown.name
        ))),
        None => Ok(()),
    }
}

/// The items of a CSV file: the texts of one column, each once, without empty ones.
fn items_of(path: &Path, watchlist: &Watchlist) -> Result<Vec<Literal>, Misuse> {
    let wrong = |why: String| Misuse(format!("{}: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    // Spreadsheets begin a file with a mark of the encoding.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let mut reader = csv::Reader::from_reader(bytes);
    let columns = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let Some(at) = columns.iter().position(|column| column == watchlist.column) else {
        let columns: Vec<&str> = columns.iter().collect();
        return Err(wrong(format!(
            "no column is called `{}`, which the watchlist {:?} is read by; there are {}",
            watchlist.column,
            watchlist.alias,
            columns.join(", ")
        )));
    };
    let mut items = BTreeSet::new();
    for record in reader.records() {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        items.extend(record.get(at).filter(|item| !item.is_empty()).map(str::to_owned));
    }
    Ok(items.into_iter().map(Literal::Text).collect())
}

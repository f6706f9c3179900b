//! `tripline index`

use super::args::Index;
use super::output::{self, many};
use super::rules::{self, Rules};
use super::write::{self, Change};
use super::{Exit, Misuse};
use crate::index::{self, MARK, Row};
use crate::targets::{Target, ledger};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The page's file.
const PAGE: &str = "README.md";
/// The layer's file.
const LAYER: &str = "attack-layer.json";

pub(super) fn index(options: &Index) -> Result<Exit, Misuse> {
    if !options.folder.is_dir() {
        return Err(Misuse(format!(
            "{}: there is no such folder; an index is of a folder of rules",
            options.folder.display()
        )));
    }
    rules::with(std::slice::from_ref(&options.folder), |rules| deliver(options, rules))
}

fn deliver(options: &Index, rules: Rules<'_>) -> Result<Exit, Misuse> {
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for rule in rules.compiled {
        let sentinel = rules.judge(rule, Target::Sentinel, &BTreeSet::new());
        let sigma = rules.judge(rule, Target::Sigma, &BTreeSet::new());
        let path = below(&options.folder, rules.loaded.files.sources.path(rule.checked.file));
        let catalog = &rules.loaded.catalog;
        rows.push(index::row(&rule.plan, path, catalog, &sentinel.entry, &sigma.entry));
        errors.extend(sentinel.errors);
        errors.extend(sigma.errors);
    }
    let sources = &rules.loaded.files.sources;
    output::findings(&errors, sources);
    if rules.sound("no index was written").is_none() {
        return Ok(Exit::Findings);
    }
    if !errors.is_empty() {
        say!("no index was written: {}", output::counts(&errors));
        return Ok(Exit::Findings);
    }
    rows.sort_by(|a: &Row, b: &Row| a.name.cmp(&b.name));
    let page = options.folder.join(PAGE);
    match std::fs::read_to_string(&page) {
        Ok(text) if !text.starts_with(MARK) && !options.check => {
            return Err(Misuse(format!(
                "{}: somebody wrote this page, and the index would take its place; move it, or begin it with the line {MARK}",
                page.display()
            )));
        }
        _ => {}
    }
    let files = [
        (page, index::page(&rows)),
        (options.folder.join(LAYER), index::layer(&rows)),
    ];
    if options.check {
        return check(&files);
    }
    let changes: Vec<(PathBuf, Change)> = files
        .into_iter()
        .map(|(path, text)| (path, Change::Write(text)))
        .collect();
    write::all(&changes)?;
    let folder = options.folder.display();
    say!("{} in {PAGE} and {LAYER} of {folder}", many(rows.len(), "rule"));
    Ok(Exit::Clean)
}

fn check(files: &[(PathBuf, String)]) -> Result<Exit, Misuse> {
    let changes: Vec<(PathBuf, Change)> = files
        .iter()
        .map(|(path, text)| (path.clone(), Change::Write(text.clone())))
        .collect();
    write::compare(&changes, 0)
}

/// A path below a folder, with `/`.
fn below(folder: &Path, path: &Path) -> String {
    ledger::slashes(path.strip_prefix(folder).unwrap_or(path))
}

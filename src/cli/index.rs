//! `tripline index`

use super::args::Index;
use super::output::{self, many};
use super::rules::{self, Rules};
use super::write::{self, Change};
use super::{Exit, Misuse};
use crate::index::{self, MARK, Row};
use crate::targets::{Target, ledger};
use std::collections::BTreeSet;
use std::path::Path;

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
    let written = std::fs::read_to_string(&page).is_ok_and(|text| !text.starts_with(MARK));
    if written && !options.check {
        return Err(Misuse(format!(
            "{}: somebody wrote this page, and the index would take its place; move it, or begin it with the line {MARK}",
            page.display()
        )));
    }
    let changes = [
        (page, Change::Write(index::page(&rows))),
        (options.folder.join(LAYER), Change::Write(index::layer(&rows))),
    ];
    if options.check {
        return write::compare(&changes, 0);
    }
    write::all(&changes)?;
    let folder = options.folder.display();
    say!("{} in {PAGE} and {LAYER} of {folder}", many(rows.len(), "rule"));
    Ok(Exit::Clean)
}

/// A path below a folder, with `/`.
fn below(folder: &Path, path: &Path) -> String {
    ledger::slashes(path.strip_prefix(folder).unwrap_or(path))
}

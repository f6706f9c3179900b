//! Finding the values that hold for rules, and the names that they may be meant for.

use super::Misuse;
use super::settings::{Deployment, RuleFile};
use crate::compile::Files;
use crate::diagnostics::{Code, Diagnostic, FileId, Span};
use crate::imports;
use crate::syntax::{self, ast};
use crate::values::{self, Declared, Values};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// Where values come from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// From the files that `tripline.toml` names.
    Settings,
    /// From the rules themselves.
    Rules,
    /// From this file.
    File(&'a Path),
}

impl<'a> Source<'a> {
    /// From the file that an option names, else from the settings.
    pub(super) fn option(path: Option<&'a Path>) -> Source<'a> {
        path.map_or(Source::Settings, Source::File)
    }

    /// From the file that an option names, else from the rules: their tests say what they mean without a deployment.
    pub(super) fn of_tests(path: Option<&'a Path>) -> Source<'a> {
        path.map_or(Source::Rules, Source::File)
    }
}

/// Reads the values of each file of rules; what is wrong joins the findings of the rules.
pub(super) fn read(
    source: Source<'_>,
    rules: &[RuleFile],
    files: &mut Files,
    deployment: &Deployment,
) -> Result<BTreeMap<FileId, Values>, Misuse> {
    // The files of values, and which files of rules each is for.
    let mut wanted: BTreeMap<PathBuf, (PathBuf, Option<Span>, Vec<FileId>)> = BTreeMap::new();
    for rule in rules {
        let (path, written, place) = match source {
            Source::Rules => continue,
            Source::File(path) => (path, path, None),
            Source::Settings => match deployment.values(rule.id) {
                Some((path, written, place)) => (path, written, Some(place)),
                None => continue,
            },
        };
        let of = wanted
            .entry(path.to_owned())
            .or_insert_with(|| (written.to_owned(), place, Vec::new()));
        of.2.push(rule.id);
    }
    let mut values = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(values);
    }
    let declared = declared(rules, files);
    for (path, (written, place, of)) in wanted {
        let bytes = match (std::fs::read(&path), place) {
            (Ok(bytes), _) => bytes,
            (Err(error), None) => return Err(Misuse(format!("{}: {error}", written.display()))),
            (Err(error), Some(place)) => {
                let what = format!("{}: {error}", written.display());
                let finding = Diagnostic::new(Code::UnfitSetting, place, "this file of values cannot be read");
                files
                    .findings
                    .push(finding.label(what).help("its path begins at the folder of this file"));
                continue;
            }
        };
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return Err(Misuse(format!("{}: this file is not UTF-8 text", written.display())));
        };
        let id = files.sources.add(&written, text);
        let read = values::read(id, text, &mut files.findings);
        let bound = values::bind(&read, &declared, &mut files.findings);
        values.extend(of.into_iter().map(|rule| (rule, bound.clone())));
    }
    Ok(values)
}

/// All files of the folders whose rules go together, those that were named and the others beside them, so that a file of
/// values means the same whichever of its rules a command names.
fn declared(rules: &[RuleFile], files: &Files) -> Vec<Declared> {
    let mut tops = BTreeSet::new();
    for rule in rules {
        let home = imports::whole(rule.path.parent().unwrap_or(Path::new("")));
        if let (Ok(home), Ok(root)) = (home, imports::whole(&rule.root)) {
            tops.insert(imports::limit(&home, &root).1);
        }
    }
    let mut read: BTreeMap<PathBuf, (FileId, &ast::File)> = BTreeMap::new();
    for (id, tree) in &files.trees {
        if let Ok(path) = files.sources.path(*id).canonicalize() {
            read.insert(path, (*id, tree));
        }
    }
    let mut declared = Vec::new();
    let mut seen = BTreeSet::new();
    for top in tops {
        for entry in walkdir::WalkDir::new(&top).sort_by_file_name().into_iter().flatten() {
            let path = entry.path();
            let is_rules = entry.file_type().is_file() && path.extension().is_some_and(|e| e == "trip");
            if !is_rules || !seen.insert(path.to_owned()) {
                continue;
            }
            let below = path.strip_prefix(&top).unwrap_or(path);
            if let Some((id, tree)) = read.get(path) {
                declared.push(one(below, files.sources.path(*id), tree, Some(*id)));
            } else if let Ok(text) = std::fs::read_to_string(path)
                && let Ok(tree) = syntax::parse(FileId(u32::MAX), &text)
            {
                // What is wrong with it belongs to the command that names it.
                declared.push(one(below, below, &tree, None));
            }
        }
    }
    declared
}

fn one(below: &Path, path: &Path, tree: &ast::File, file: Option<FileId>) -> Declared {
    let below = below.with_extension("");
    let words = below.components().filter_map(|component| match component {
        Component::Normal(word) => word.to_str(),
        _ => None,
    });
    let constants = tree.items.iter().filter_map(|item| match item {
        ast::Item::List(list) => Some(ast::Replacement::List(list.clone())),
        ast::Item::Value(value) => Some(ast::Replacement::Value(value.clone())),
        ast::Item::Rule(_) => None,
    });
    Declared {
        dotted: words.collect::<Vec<_>>().join("."),
        path: path.to_owned(),
        rules: tree.rules().map(|rule| rule.name.name.clone()).collect(),
        uses: tree.uses.iter().map(|used| used.path.name.clone()).collect(),
        constants: constants.collect(),
        file,
    }
}

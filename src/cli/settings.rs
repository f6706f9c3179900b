//! Finding the settings files that belong to rules, and what they say of each.

use super::Misuse;
use crate::compile::Files;
use crate::diagnostics::{Code, Diagnostic, FileId, Span};
use crate::imports::{self, above, limit};
use crate::settings::{self, FILE, Settings};
use crate::source::Catalog;
use crate::syntax::{self, ast};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The settings of each rule, by its file and name.
#[derive(Default)]
pub(super) struct Deployment {
    of: BTreeMap<(FileId, String), Settings>,
    /// For each file of rules its file of values: where it is, as messages call it, and where it is named.
    values: BTreeMap<FileId, (PathBuf, PathBuf, Span)>,
    /// The files of watchlists' items, for each file of rules by the name of the watchlist.
    watchlists: BTreeMap<(FileId, String), PathBuf>,
    /// Files of watchlists' items that are not there. Only native runs want them, so `check` alone says so.
    pub(super) absent: Vec<Diagnostic>,
    none: Settings,
}

impl Deployment {
    pub(super) fn of(&self, file: FileId, rule: &str) -> &Settings {
        self.of.get(&(file, rule.to_owned())).unwrap_or(&self.none)
    }

    /// The file that holds the items of a watchlist, for a file of rules.
    pub(super) fn watchlist(&self, file: FileId, name: &str) -> Option<&Path> {
        self.watchlists.get(&(file, name.to_owned())).map(PathBuf::as_path)
    }

    /// The file of values for a file of rules: its path, what messages call it, and where it is named.
    pub(super) fn values(&self, file: FileId) -> Option<(&Path, &Path, Span)> {
        let (path, written, place) = self.values.get(&file)?;
        Some((path, written, *place))
    }
}

/// A rule file that was read.
pub(super) struct RuleFile {
    pub(super) id: FileId,
    pub(super) path: PathBuf,
    /// The folder that the command named, or the one of the file that it named.
    pub(super) root: PathBuf,
}

/// A settings file that was read.
struct Found {
    file: settings::File,
    /// Its folder, as messages call it.
    written: PathBuf,
    /// Folders whose rules it is for.
    covers: BTreeSet<PathBuf>,
}

/// Reads the settings files that belong to the given rules; what is wrong joins the findings of the rules.
pub(super) fn read(rules: &[RuleFile], files: &mut Files, catalog: &Catalog) -> Result<Deployment, Misuse> {
    // Folders are known by their whole path, however they were named.
    let mut found: BTreeMap<PathBuf, Option<Found>> = BTreeMap::new();
    let mut chains: BTreeMap<FileId, Vec<PathBuf>> = BTreeMap::new();
    let mut homes: BTreeMap<PathBuf, BTreeSet<FileId>> = BTreeMap::new();
    for rule in rules {
        let home = whole(rule.path.parent().unwrap_or(Path::new("")))?;
        let (last, covered) = limit(&home, &whole(&rule.root)?);
        let mut chain = Vec::new();
        let mut written = rule.path.parent().unwrap_or(Path::new("")).to_owned();
        for folder in home.ancestors() {
            let file = match found.get_mut(folder) {
                Some(known) => known,
                None => {
                    let read = read_file(folder, &written, files, catalog)?;
                    found.entry(folder.to_owned()).or_insert(read)
                }
            };
            if let Some(file) = file {
                // The file beside `rules` is for what is in it, not for whatever else lies about.
                let beside = covered.parent() == Some(folder);
                let covers = if beside { &covered } else { folder };
                file.covers.insert(covers.to_owned());
                chain.push(folder.to_owned());
            }
            if folder == last {
                break;
            }
            written = above(&written);
        }
        chains.insert(rule.id, chain);
        homes.entry(home).or_default().insert(rule.id);
    }
    let found: BTreeMap<PathBuf, Found> = found
        .into_iter()
        .filter_map(|(folder, found)| Some((folder, found?)))
        .collect();
    let mut findings = unknown_rules(&found, &homes, files);
    findings.extend(unknown_watchlists(&found, &homes, files));
    let mut deployment = Deployment::default();
    for Found { file, written, .. } in found.values() {
        for (_, path, place) in file.watchlists() {
            let path = written.join(path);
            if let Err(error) = std::fs::File::open(&path) {
                let what = format!("{}: {error}", path.display());
                let finding = Diagnostic::new(Code::UnfitSetting, place, "this file of a watchlist cannot be read");
                let finding = finding.label(what).help("its path begins at the folder of this file");
                deployment.absent.push(finding);
            }
        }
    }
    for (id, chain) in &chains {
        let mut named = chain.iter().filter_map(|folder| Some((folder, found.get(folder)?)));
        let nearest = named.find_map(|(folder, found)| {
            let (path, place) = found.file.values()?;
            Some((folder.join(path), found.written.join(path), place))
        });
        for folder in chain {
            let Some(found) = found.get(folder) else { continue };
            for (name, path, _) in found.file.watchlists() {
                let of = deployment.watchlists.entry((*id, name.to_owned()));
                of.or_insert_with(|| found.written.join(path));
            }
        }
        deployment.values.extend(nearest.map(|nearest| (*id, nearest)));
    }
    for (id, tree) in &files.trees {
        let chain = chains.get(id).map_or(&[][..], Vec::as_slice);
        let chain: Vec<&settings::File> = chain
            .iter()
            .filter_map(|folder| Some(&found.get(folder)?.file))
            .collect();
        for rule in names(tree) {
            let of_rule = Settings::of(&chain, rule, &mut findings);
            deployment.of.insert((*id, rule.to_owned()), of_rule);
        }
    }
    // Rules that share a mistake give it once.
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert((finding.code, finding.primary.span)));
    files.findings.append(&mut findings);
    Ok(deployment)
}

pub(super) fn whole(folder: &Path) -> Result<PathBuf, Misuse> {
    imports::whole(folder).map_err(|error| Misuse(format!("{}: {error}", folder.display())))
}

fn read_file(folder: &Path, written: &Path, files: &mut Files, catalog: &Catalog) -> Result<Option<Found>, Misuse> {
    let name = written.join(FILE);
    let bytes = match std::fs::read(folder.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Misuse(format!("{}: {error}", name.display()))),
    };
    let file = match std::str::from_utf8(&bytes) {
        Ok(text) => {
            let id = files.sources.add(name, text);
            settings::read(id, text, catalog, &mut files.findings)
        }
        Err(error) => {
            let id = files.sources.add(name, String::new());
            let before = bytes.iter().take(error.valid_up_to());
            let line = before.filter(|byte| **byte == b'\n').count() + 1;
            let start = Span {
                file: id,
                start: 0,
                end: 0,
            };
            files.findings.push(
                Diagnostic::new(Code::SettingsUnreadable, start, "this file is not UTF-8 text")
                    .note(format!("line {line} holds a byte that is no part of a character"))
                    .help("save it as UTF-8"),
            );
            settings::File::default()
        }
    };
    Ok(Some(Found {
        file,
        written: written.to_owned(),
        covers: BTreeSet::new(),
    }))
}

fn names(tree: &ast::File) -> impl Iterator<Item = &str> {
    tree.rules().map(|rule| rule.name.name.as_str())
}

/// Lines for watchlists that no rule reads. A rule may read one though the command did not name its file.
fn unknown_watchlists(
    found: &BTreeMap<PathBuf, Found>,
    homes: &BTreeMap<PathBuf, BTreeSet<FileId>>,
    files: &Files,
) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let trees: BTreeMap<FileId, &ast::File> = files.trees.iter().map(|(id, tree)| (*id, tree)).collect();
    for Found { file, covers, .. } in found.values() {
        let within = homes
            .iter()
            .filter(|(home, _)| covers.iter().any(|folder| home.starts_with(folder)));
        let mut known = BTreeSet::new();
        for tree in within.flat_map(|(_, ids)| ids).filter_map(|id| trees.get(id)) {
            known.extend(aliases(tree));
            let used = tree.uses.iter().filter_map(|used| trees.get(&used.file?));
            known.extend(used.flat_map(|tree| aliases(tree)));
        }
        if file.watchlists().all(|(name, ..)| known.contains(name)) {
            continue;
        }
        // Where a file cannot be read, it may read any.
        if let Some(below) = aliases_below(covers) {
            known.extend(below);
            findings.extend(file.unknown_watchlists(&known));
        }
    }
    findings
}

/// The watchlists of a file.
fn aliases(tree: &ast::File) -> impl Iterator<Item = String> {
    tree.items.iter().filter_map(|item| match item {
        ast::Item::List(list) => Some(list.watchlist.as_ref()?.alias.value.clone()),
        ast::Item::Value(_) | ast::Item::Rule(_) => None,
    })
}

/// The watchlists of all files below some folders, and of those that they use; none where one cannot be read.
fn aliases_below(folders: &BTreeSet<PathBuf>) -> Option<BTreeSet<String>> {
    let mut known = BTreeSet::new();
    for folder in folders {
        for (path, tree) in trees_below(folder)? {
            known.extend(aliases(&tree));
            for used in &tree.uses {
                if let Ok(found) = imports::find(&path, Some(folder), &used.path.name) {
                    known.extend(aliases(&parsed(&found)?));
                }
            }
        }
    }
    Some(known)
}

/// Sections of rules that are not there. A rule may be there though the command did not name its file.
fn unknown_rules(
    found: &BTreeMap<PathBuf, Found>,
    homes: &BTreeMap<PathBuf, BTreeSet<FileId>>,
    files: &Files,
) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for Found { file, covers, .. } in found.values() {
        let loaded: BTreeSet<FileId> = homes
            .iter()
            .filter(|(home, _)| covers.iter().any(|folder| home.starts_with(folder)))
            .flat_map(|(_, ids)| ids.iter().copied())
            .collect();
        let trees = files.trees.iter().filter(|(id, _)| loaded.contains(id));
        let known: BTreeSet<String> = trees.flat_map(|(_, tree)| names(tree).map(str::to_owned)).collect();
        if file.rules().all(|rule| known.contains(rule)) {
            continue;
        }
        // Where a file cannot be read, any rule may be in it.
        if let Some(known) = names_below(covers) {
            findings.extend(file.unknown_rules(&known));
        }
    }
    findings
}

/// The names of all rules below some folders; none where a rule file cannot be read.
fn names_below(folders: &BTreeSet<PathBuf>) -> Option<BTreeSet<String>> {
    let mut known = BTreeSet::new();
    for folder in folders {
        for (_, tree) in trees_below(folder)? {
            known.extend(names(&tree).map(str::to_owned));
        }
    }
    Some(known)
}

/// All files of rules and lists below a folder; none where one cannot be read.
fn trees_below(folder: &Path) -> Option<Vec<(PathBuf, ast::File)>> {
    let mut trees = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.ok()?;
        if entry.file_type().is_file() && entry.path().extension().is_some_and(|e| e == "trip") {
            let tree = parsed(entry.path())?;
            trees.push((entry.into_path(), tree));
        }
    }
    Some(trees)
}

/// Its findings belong to the command that names it; what they point to is left out here.
fn parsed(path: &Path) -> Option<ast::File> {
    syntax::parse(FileId(u32::MAX), &std::fs::read_to_string(path).ok()?).ok()
}

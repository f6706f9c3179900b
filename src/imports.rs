//! Finding the files that `use` names.

use crate::compile::Files;
use crate::diagnostics::{FileId, Span};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The last folder to look into for settings on the way up from a rule's folder, and the folder whose rules go together:
/// `rules`, where there is one above, with the folder that holds it; else what the command named.
pub(crate) fn limit(home: &Path, root: &Path) -> (PathBuf, PathBuf) {
    let rules = home
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "rules"));
    match rules {
        Some(rules) => (rules.parent().unwrap_or(rules).to_owned(), rules.to_owned()),
        None if home.starts_with(root) => (root.to_owned(), root.to_owned()),
        None => (home.to_owned(), home.to_owned()),
    }
}

/// The folder above, as somebody would write it who wrote this.
pub(crate) fn above(written: &Path) -> PathBuf {
    match written.components().next_back() {
        Some(Component::Normal(_)) => written.parent().unwrap_or(Path::new("")).to_owned(),
        None | Some(Component::CurDir) => PathBuf::from(".."),
        Some(Component::ParentDir) => written.join(".."),
        Some(Component::RootDir | Component::Prefix(_)) => written.to_owned(),
    }
}

/// The whole path of a folder.
pub(crate) fn whole(folder: &Path) -> std::io::Result<PathBuf> {
    if folder.as_os_str().is_empty() {
        Path::new(".").canonicalize()
    } else {
        folder.canonicalize()
    }
}

/// See [`Files::link`].
pub(crate) fn link(files: &mut Files, roots: &BTreeMap<FileId, PathBuf>) {
    let mut known: BTreeMap<PathBuf, FileId> = BTreeMap::new();
    if files.trees.iter().all(|(_, tree)| tree.uses.is_empty()) {
        return;
    }
    for id in files.sources.ids() {
        if let Ok(path) = files.sources.path(id).canonicalize() {
            known.insert(path, id);
        }
    }
    // Files with rules, and where the first of them stands.
    let mut holds: BTreeMap<FileId, Span> = BTreeMap::new();
    let mut at = 0;
    // Files that are read on the way stand at the end, and are linked in their turn.
    while let Some((id, tree)) = files.trees.get(at) {
        let (id, uses) = (*id, tree.uses.clone());
        let path = files.sources.path(id).to_owned();
        let mut linked = uses;
        for used in &mut linked {
            match find(&path, roots.get(&id), &used.path.name) {
                Ok(found) => {
                    let before = files.trees.len();
                    used.file = read(files, &mut known, &found, &mut used.tried);
                    if let (Some(id), Some(rule)) = (used.file, rule_in(files, used.file)) {
                        holds.insert(id, rule);
                    }
                    used.rule = used.file.and_then(|id| holds.get(&id).copied());
                    // It was named by nobody, so its rules are not run.
                    if used.rule.is_some() {
                        files.trees.truncate(before);
                    }
                }
                Err(tried) => used.tried = tried,
            }
        }
        if let Some((_, tree)) = files.trees.get_mut(at) {
            tree.uses = linked;
        }
        at += 1;
    }
}

/// The first rule of a file.
fn rule_in(files: &Files, id: Option<FileId>) -> Option<Span> {
    let (_, tree) = files.trees.iter().find(|(other, _)| Some(*other) == id)?;
    tree.rules().next().map(|rule| rule.name.span)
}

fn read(
    files: &mut Files,
    known: &mut BTreeMap<PathBuf, FileId>,
    path: &Path,
    tried: &mut Vec<String>,
) -> Option<FileId> {
    let whole = path.canonicalize().ok()?;
    if let Some(id) = known.get(&whole) {
        return Some(*id);
    }
    match std::fs::read(path) {
        Ok(bytes) => {
            let id = files.add(path, &bytes);
            known.insert(whole, id);
            Some(id)
        }
        Err(error) => {
            tried.push(format!("{}: {error}", path.display()));
            None
        }
    }
}

/// The file that a `use` in another file names, or the paths that were tried.
pub(crate) fn find(from: &Path, root: Option<&PathBuf>, name: &str) -> Result<PathBuf, Vec<String>> {
    let mut tried = Vec::new();
    let mut written = from.parent().unwrap_or(Path::new("")).to_owned();
    let Ok(home) = whole(&written) else {
        return Err(tried);
    };
    let root = root.and_then(|root| whole(root).ok()).unwrap_or_else(|| home.clone());
    let (_, top) = limit(&home, &root);
    let below: PathBuf = name.split('.').collect();
    for folder in home.ancestors() {
        let path = written.join(&below).with_extension("trip");
        if path.is_file() {
            return Ok(path);
        }
        let there = if path.is_dir() {
            ": this is a folder"
        } else if path.is_symlink() {
            ": this link leads to no file"
        } else {
            ""
        };
        tried.push(format!("{}{there}", path.display()));
        if folder == top {
            break;
        }
        written = above(&written);
    }
    Err(tried)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_above_is_written_as_the_folder_was() {
        for (folder, expected) in [
            ("rules/aws", "rules"),
            ("rules", ""),
            ("", ".."),
            (".", ".."),
            ("./rules", "."),
            ("..", "../.."),
            ("../rules", ".."),
            ("/rules", "/"),
            ("/", "/"),
        ] {
            assert_eq!(above(Path::new(folder)), Path::new(expected), "{folder}");
        }
    }

    #[test]
    fn files_are_looked_for_up_to_the_folder_that_holds_the_rules() {
        for (home, root, last, covered) in [
            ("/x/rules/aws", "/x/rules/aws", "/x", "/x/rules"),
            ("/x/rules", "/x", "/x", "/x/rules"),
            ("/x/rules/a/rules/b", "/x", "/x/rules/a", "/x/rules/a/rules"),
            ("/x/ours/aws", "/x/ours", "/x/ours", "/x/ours"),
            ("/x/ours/aws", "/y", "/x/ours/aws", "/x/ours/aws"),
        ] {
            assert_eq!(
                limit(Path::new(home), Path::new(root)),
                (last.into(), covered.into()),
                "{home}"
            );
        }
    }
}

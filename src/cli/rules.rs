//! Finding, reading and compiling the rules that a command names.

use super::settings::{self, Deployment, RuleFile};
use super::watchlists::{self, Items};
use super::{Misuse, output, values};
use crate::compile::{self, Compiled, Files};
use crate::diagnostics::{Diagnostic, FileId, Severity, has_errors};
use crate::settings::Settings;
use crate::source::Catalog;
use crate::targets::ledger::{self, State, Verdict};
use crate::targets::{self, Target};
use crate::values::Values;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// Rule files and the source tables that go with them.
pub(super) struct Loaded {
    pub(super) files: Files,
    pub(super) catalog: Catalog,
    /// The folder of each file below its `rules` folder, for the layout of the output.
    pub(super) folders: BTreeMap<FileId, PathBuf>,
    deployment: Deployment,
    /// What lists and values hold here, for each file of rules.
    values: BTreeMap<FileId, Values>,
    /// A source file has an error, so that nothing can be said about rules of its source.
    pub(super) broken_sources: bool,
    /// How many files there are.
    pub(super) count: usize,
}

impl Loaded {
    /// The file that holds the items of a watchlist, for a file of rules.
    pub(super) fn watchlist(&self, file: FileId, name: &str) -> Option<&Path> {
        self.deployment.watchlist(file, name)
    }

    /// What is wrong with the files of watchlists' items, for whoever reads none of them.
    pub(super) fn absent_watchlists(&self) -> &[Diagnostic] {
        &self.deployment.absent
    }

    /// The settings that hold for a rule.
    pub(super) fn settings(&self, rule: &Compiled<'_>) -> &Settings {
        self.deployment.of(rule.checked.file, &rule.plan.rule.name)
    }
}

/// The rule files below the given paths, in order, each once, with the path that led to it.
pub(super) fn find(paths: &[PathBuf]) -> Result<Vec<(PathBuf, PathBuf)>, Misuse> {
    let mut found: Vec<(PathBuf, PathBuf)> = Vec::new();
    for root in paths {
        let before = found.len();
        if root.is_dir() {
            for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
                let entry = entry.map_err(|error| Misuse(format!("{}: {error}", root.display())))?;
                if entry.file_type().is_file() && entry.path().extension().is_some_and(|e| e == "trip") {
                    found.push((entry.into_path(), root.clone()));
                }
            }
            if found.len() == before {
                return Err(Misuse(format!(
                    "{}: this folder holds no rule (no `.trip` file)",
                    root.display()
                )));
            }
        } else if root.is_file() {
            found.push((root.clone(), root.parent().unwrap_or(Path::new("")).to_owned()));
        } else {
            return Err(Misuse(format!("{}: there is no such file or folder", root.display())));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|(path, _)| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    Ok(found)
}

/// Reads and parses the rules, the source tables of a `targets/` folder beside them, and the settings that belong to them.
pub(super) fn load(paths: &[PathBuf], values: values::Source<'_>) -> Result<Loaded, Misuse> {
    let (mut files, mut folders) = (Files::default(), BTreeMap::new());
    let mut catalog = Catalog::builtin()?;
    for folder in target_folders(paths) {
        catalog = catalog.with_folder(&folder, &mut files.sources, &mut files.findings)?;
    }
    let broken_sources = has_errors(&files.findings);
    let mut rules = Vec::new();
    for (path, root) in find(paths)? {
        let bytes = std::fs::read(&path).map_err(|error| Misuse(format!("{}: {error}", path.display())))?;
        let id = files.add(&path, &bytes);
        folders.insert(id, folder_of(&path, &root));
        rules.push(RuleFile { id, path, root });
    }
    let roots: BTreeMap<FileId, PathBuf> = rules.iter().map(|rule| (rule.id, rule.root.clone())).collect();
    files.link(&roots);
    let deployment = settings::read(&rules, &mut files, &catalog)?;
    let values = values::read(values, &rules, &mut files, &deployment)?;
    Ok(Loaded {
        files,
        catalog,
        folders,
        deployment,
        values,
        broken_sources,
        count: rules.len(),
    })
}

/// Rules that compile, with everything a command needs to know of them.
pub(super) struct Rules<'r> {
    pub(super) compiled: &'r [Compiled<'r>],
    pub(super) loaded: &'r Loaded,
    /// What is wrong, from reading to planning.
    pub(super) findings: Vec<Diagnostic>,
}

impl<'r> Rules<'r> {
    /// The rules, where all of them are sound; else what is wrong has been said, and that nothing was done.
    pub(super) fn sound(mut self, nothing: &str) -> Option<(&'r [Compiled<'r>], &'r Loaded)> {
        self.findings.retain(|finding| finding.severity == Severity::Error);
        if self.findings.is_empty() {
            return Some((self.compiled, self.loaded));
        }
        output::findings(&self.findings, &self.loaded.files.sources);
        say!("{nothing}: {}", output::counts(&self.findings));
        None
    }

    /// What a target makes of a rule, judged by the rule's promises.
    pub(super) fn judge(&self, rule: &Compiled<'_>, target: Target, deny: &BTreeSet<State>) -> Verdict {
        let settings = self.loaded.settings(rule);
        let catalog = settings.catalog(&self.loaded.catalog);
        let answer = targets::emit(target, &rule.plan, &catalog, settings);
        ledger::judge(&rule.plan.rule, target, answer, deny)
    }
}

/// Reads and compiles the rules below the given paths, with the values of their settings, and hands them to a command.
pub(super) fn with<R>(paths: &[PathBuf], command: impl FnOnce(Rules<'_>) -> Result<R, Misuse>) -> Result<R, Misuse> {
    with_values(paths, values::Source::Settings, Items::None, command)
}

/// The same with other values, and with items in the watchlists.
pub(super) fn with_values<R>(
    paths: &[PathBuf],
    values: values::Source<'_>,
    items: Items<'_>,
    command: impl FnOnce(Rules<'_>) -> Result<R, Misuse>,
) -> Result<R, Misuse> {
    let mut loaded = load(paths, values)?;
    let mut world = if loaded.broken_sources {
        None
    } else {
        loaded.files.world(&loaded.catalog)
    };
    if let Some(world) = &mut world {
        world.values = std::mem::take(&mut loaded.values);
    }
    let mut findings = std::mem::take(&mut loaded.files.findings);
    let mut compiled = match &world {
        Some(world) => compile::compile(&loaded.files.trees, world, &mut findings),
        None => Vec::new(),
    };
    // What is wrong with the rules is said first.
    if !has_errors(&findings) {
        watchlists::fill(&mut compiled, &loaded, items)?;
    }
    command(Rules {
        compiled: &compiled,
        loaded: &loaded,
        findings,
    })
}

/// `targets/` folders with sources or tables: beside the `rules` folder that a path lies in, beside or in the folder itself.
/// So a rule means the same whether it is named alone or with its folder. A later folder goes before an earlier one.
pub(super) fn target_folders(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for path in paths {
        let folder = if path.is_dir() {
            path.clone()
        } else {
            path.parent().unwrap_or(Path::new("")).to_owned()
        };
        let folder = if folder.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            folder
        };
        let whole = folder.canonicalize().unwrap_or_default();
        let rules = whole
            .ancestors()
            .find(|f| f.file_name().is_some_and(|name| name == "rules"));
        let parents = [rules, Some(whole.as_path())]
            .into_iter()
            .flatten()
            .filter_map(Path::parent);
        let mut candidates: Vec<PathBuf> = parents.map(|parent| parent.join("targets")).collect();
        candidates.push(folder.join("targets"));
        for candidate in candidates {
            let ours = |below: &str| candidate.join(below).is_dir();
            if (ours("sources") || ours("tables")) && !folders.contains(&candidate) {
                folders.push(candidate);
            }
        }
    }
    folders
}

/// The folder of a rule, as [`below_rules`] has it.
fn folder_of(path: &Path, root: &Path) -> PathBuf {
    below_rules(path.parent().unwrap_or(Path::new("")), root)
}

/// A folder below `rules`, wherever the command was started; else below the path that was named.
pub(super) fn below_rules(folder: &Path, root: &Path) -> PathBuf {
    let components: Vec<Component<'_>> = folder.components().collect();
    let below = match components.iter().rposition(|c| c.as_os_str() == "rules") {
        Some(at) => components.iter().skip(at + 1).collect::<PathBuf>(),
        None => folder.strip_prefix(root).unwrap_or(Path::new("")).to_owned(),
    };
    below
        .components()
        .filter(|c| matches!(c, Component::Normal(_)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_finds_its_sources_however_it_is_named() {
        let root = std::env::temp_dir().join(format!("tripline-targets-{}", std::process::id()));
        let rule = root.join("rules/aws/a.trip");
        std::fs::create_dir_all(root.join("targets/sources")).unwrap();
        std::fs::create_dir_all(rule.parent().unwrap()).unwrap();
        std::fs::write(&rule, "").unwrap();
        let expected = root.canonicalize().unwrap().join("targets");
        for path in [root.join("rules"), root.join("rules/aws"), rule] {
            assert_eq!(
                target_folders(std::slice::from_ref(&path)),
                std::slice::from_ref(&expected),
                "{}",
                path.display()
            );
        }
        std::fs::remove_dir_all(&root).unwrap();
    }
}

//! `tripline build`

use super::args::{Build, Emit};
use super::output::{self, many};
use super::rules::{self, Rules};
use super::watchlists::Items;
use super::write::{self, Change};
use super::{Exit, Misuse, values};
use crate::compile::Compiled;
use crate::diagnostics::{Diagnostic, FileId, has_errors};
use crate::examples;
use crate::plan;
use crate::source::Catalog;
use crate::targets::ledger::{self, Entry, Ledger, Names, Record, State};
use crate::targets::{Target, arm};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// The name of the ledger's file.
const LEDGER: &str = "ledger.json";
/// The name of a template of a whole folder of rules.
const WHOLE_FOLDER: &str = "azuredeploy.json";

/// What one target makes of all rules.
struct Batch {
    target: Target,
    /// Texts by their path below the output folder.
    files: BTreeMap<PathBuf, String>,
    entries: Vec<Built>,
    errors: Vec<Diagnostic>,
}

/// An entry, the file of its rule, and the path of its text.
struct Built {
    entry: Entry,
    source: FileId,
    path: Option<PathBuf>,
}

pub(super) fn build(options: &Build) -> Result<Exit, Misuse> {
    rules::with_values(
        &options.paths,
        values::Source::option(options.values.as_deref()),
        Items::None,
        |rules| match options.emit {
            Some(stage) => emit(stage, &rules),
            None => products(options, &rules),
        },
    )
}

/// Prints a stage of the compiler.
fn emit(stage: Emit, rules: &Rules<'_>) -> Result<Exit, Misuse> {
    let Rules {
        compiled,
        loaded,
        findings,
    } = rules;
    let mut text = String::new();
    match stage {
        Emit::Ast => {
            for (file, tree) in &loaded.files.trees {
                text.push_str(&format!(
                    "# {}\n{tree:#?}\n",
                    loaded.files.sources.path(*file).display()
                ));
            }
        }
        Emit::Plan => {
            for rule in *compiled {
                text.push_str(&plan::print::plan(&rule.plan, &loaded.catalog));
            }
        }
    }
    output::result(&text)?;
    output::findings(findings, &loaded.files.sources);
    Ok(if has_errors(findings) {
        Exit::Findings
    } else {
        Exit::Clean
    })
}

/// Compiles every rule for every target that is asked for. A target whose texts are all there is written; one with an
/// error leaves its files as they are.
fn products(options: &Build, rules: &Rules<'_>) -> Result<Exit, Misuse> {
    if let Some(out) = options.out.as_deref().filter(|out| out.is_file()) {
        let out = out.display();
        return Err(Misuse(format!("{out}: this is a file; `--out` names a folder")));
    }
    let sources = &rules.loaded.files.sources;
    let deny: BTreeSet<State> = options.deny.iter().map(|d| d.state()).collect();
    let mut wanted: Vec<Target> = options.target.iter().flat_map(|t| t.targets()).copied().collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut batches = Vec::new();
    for target in wanted {
        let mut batch = batch(target, rules, &deny)?;
        // Printed one after the other, each rule would stand there twice.
        if target == Target::Arm && options.out.is_some() && batch.errors.is_empty() {
            for (folder, names) in whole_folders(&options.paths, rules, &batch) {
                whole_folder(&folder, &names, rules, &mut batch)?;
            }
        }
        batches.push(batch);
    }

    // What several targets say of a rule is said once.
    let mut findings = rules.findings.clone();
    for error in batches.iter().flat_map(|batch| &batch.errors) {
        if !findings.contains(error) {
            findings.push(error.clone());
        }
    }
    output::findings(&findings, sources);
    let broken = has_errors(&rules.findings);
    if broken {
        say!("nothing was written: {}", output::counts(&findings));
        return Ok(Exit::Findings);
    }
    let (whole, failed): (Vec<Batch>, Vec<Batch>) = batches.into_iter().partition(|batch| batch.errors.is_empty());
    let exit = match &options.out {
        None => {
            refusals(&whole, rules);
            let texts: Vec<&str> = whole
                .iter()
                .flat_map(|b| b.files.values())
                .map(String::as_str)
                .collect();
            output::result(&texts.join("\n"))?;
            Exit::Clean
        }
        Some(out) => {
            table(&whole, rules);
            deliver(out, options, &whole, rules)?
        }
    };
    for batch in &failed {
        let word = batch.target.word();
        say!("{word}: nothing was written: {}", output::counts(&batch.errors));
    }
    Ok(if failed.is_empty() { exit } else { Exit::Findings })
}

/// What a target makes of every rule.
fn batch(target: Target, rules: &Rules<'_>, deny: &BTreeSet<State>) -> Result<Batch, Misuse> {
    let mut batch = Batch {
        target,
        files: BTreeMap::new(),
        entries: Vec::new(),
        errors: Vec::new(),
    };
    for rule in rules.compiled {
        let mut verdict = rules.judge(rule, target, deny);
        for difference in &mut verdict.entry.differences {
            difference.example = examples::find(&rule.plan, &rules.loaded.catalog, &difference.cause);
        }
        let path = verdict.text.is_some().then(|| path_of(target, rule, rules));
        if let (Some(path), Some(text)) = (&path, verdict.text) {
            batch.files.insert(path.clone(), text);
        }
        batch.errors.extend(verdict.errors);
        batch.entries.push(Built {
            entry: verdict.entry,
            source: rule.checked.file,
            path,
        });
    }
    batch.entries.sort_by(|a, b| a.entry.rule.cmp(&b.entry.rule));
    Ok(batch)
}

/// The rules that share a template: those below a folder that was named, and those that settings put into one folder.
fn whole_folders(paths: &[PathBuf], rules: &Rules<'_>, batch: &Batch) -> BTreeMap<PathBuf, BTreeSet<String>> {
    let sources = &rules.loaded.files.sources;
    let mut folders: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    for root in paths.iter().filter(|path| path.is_dir()) {
        for built in batch.entries.iter().filter(|built| built.path.is_some()) {
            let name = &built.entry.rule;
            let rule = rules.compiled.iter().find(|rule| rule.plan.rule.name == *name);
            if let Some(rule) = rule
                && sources.path(built.source).starts_with(root)
            {
                let chosen = rules.loaded.settings(rule).folder.clone();
                let folder = chosen.unwrap_or_else(|| rules::below_rules(root, root));
                folders.entry(folder).or_default().insert(name.clone());
            }
        }
    }
    folders
}

/// One template of several rules.
fn whole_folder(folder: &Path, names: &BTreeSet<String>, rules: &Rules<'_>, batch: &mut Batch) -> Result<(), Misuse> {
    let mut chosen: Vec<(&Compiled<'_>, Cow<'_, Catalog>)> = rules
        .compiled
        .iter()
        .filter(|rule| names.contains(&rule.plan.rule.name))
        .map(|rule| (rule, rules.loaded.settings(rule).catalog(&rules.loaded.catalog)))
        .collect();
    chosen.sort_by(|(a, _), (b, _)| a.plan.rule.name.cmp(&b.plan.rule.name));
    let of_folder: Vec<arm::Rule<'_>> = chosen
        .iter()
        .map(|(rule, catalog)| arm::Rule {
            plan: &rule.plan,
            catalog,
            settings: rules.loaded.settings(rule),
        })
        .collect();
    match arm::folder(&of_folder) {
        Ok(text) => {
            let path = Path::new(Target::Arm.word()).join(folder).join(WHOLE_FOLDER);
            if batch.files.contains_key(&path) {
                return Err(Misuse(format!(
                    "the rule `azuredeploy` and the template of its whole folder would share {}; give the rule another name",
                    path.display()
                )));
            }
            batch.files.insert(path, text.text);
        }
        Err(errors) => batch.errors.extend(errors),
    }
    Ok(())
}

/// Where the text of a rule goes, below the output folder.
fn path_of(target: Target, rule: &Compiled<'_>, rules: &Rules<'_>) -> PathBuf {
    let own = || {
        rules
            .loaded
            .folders
            .get(&rule.checked.file)
            .cloned()
            .unwrap_or_default()
    };
    let folder = rules.loaded.settings(rule).folder.clone().unwrap_or_else(own);
    let name = format!("{}.{}", rule.plan.rule.name, target.extension());
    Path::new(target.word()).join(folder).join(name)
}

fn table(batches: &[Batch], rules: &Rules<'_>) {
    let targets: Vec<Target> = batches.iter().map(|batch| batch.target).collect();
    let count = batches.first().map_or(0, |batch| batch.entries.len());
    let rows: Vec<Vec<&Entry>> = (0..count)
        .map(|n| {
            batches
                .iter()
                .filter_map(|b| b.entries.get(n))
                .map(|b| &b.entry)
                .collect()
        })
        .collect();
    if !targets.is_empty() {
        let table = ledger::table(&targets, &rows, &rules.loaded.files.sources);
        say!("{}", table.strip_suffix('\n').unwrap_or(&table));
    }
    let mut also: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for batch in batches {
        for built in &batch.entries {
            let rule = rules
                .compiled
                .iter()
                .find(|rule| rule.plan.rule.name == built.entry.rule);
            let says = rule.is_some_and(|rule| rule.plan.rule.targets.is_some());
            if says && built.entry.state == State::Exact && !built.entry.promised {
                also.entry(batch.target.promise()).or_default().push(&built.entry.rule);
            }
        }
    }
    for (promise, names) in also {
        let names: BTreeSet<&str> = names.into_iter().collect();
        let names: Vec<&str> = names.into_iter().collect();
        say!(
            "hint: `{promise}` is exact for {}, and could be added to `targets`",
            names.join(", ")
        );
    }
}

/// The rules that were left out, a line each.
fn refusals(batches: &[Batch], rules: &Rules<'_>) {
    for batch in batches {
        for built in batch.entries.iter().filter(|b| b.entry.state == State::Refused) {
            let row = [&built.entry];
            let lines = ledger::table(&[batch.target], &[row.to_vec()], &rules.loaded.files.sources);
            lines.lines().skip(3).for_each(|line| say!("{line}"));
        }
    }
}

/// Writes the texts and the ledger, or compares them with what is there.
fn deliver(out: &Path, options: &Build, batches: &[Batch], rules: &Rules<'_>) -> Result<Exit, Misuse> {
    if batches.is_empty() {
        return Ok(Exit::Findings);
    }
    let old = old_ledger(out)?;
    let (new, gone) = merged(old, out, options, batches, rules);
    let mut changes: Vec<(PathBuf, Change)> = Vec::new();
    for (path, text) in batches.iter().flat_map(|batch| &batch.files) {
        changes.push((out.join(path), Change::Write(text.clone())));
    }
    if options.prune && !options.check {
        changes.extend(gone.iter().map(|path| (out.join(path), Change::Remove)));
    }
    changes.push((out.join(LEDGER), Change::Write(new.text()?)));
    for path in &gone {
        let what = if options.prune && !options.check {
            "removed"
        } else {
            "belongs to no rule any more; `--prune` removes it"
        };
        say!("{}: {what}", out.join(path).display());
    }
    if options.check {
        return write::compare(&changes, gone.len());
    }
    write::all(&changes)?;
    let count = batches.iter().map(|batch| batch.files.len()).sum();
    say!("{} written to {}", many(count, "file"), out.display());
    Ok(Exit::Clean)
}

/// The ledger that is there; none is an empty one.
fn old_ledger(out: &Path) -> Result<Ledger, Misuse> {
    let path = out.join(LEDGER);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Ledger::default()),
        Err(error) => return Err(Misuse(format!("{}: {error}", path.display()))),
    };
    Ledger::read(&text).map_err(|why| {
        let path = path.display();
        Misuse(format!(
            "{path}: this is no ledger of ours: {why}; remove it, or name another folder with `--out`"
        ))
    })
}

/// The old ledger with the targets that were built now, and the files that belong to no rule any more. Records of rules
/// that lie outside the paths that were named stay.
fn merged(
    mut ledger: Ledger,
    out: &Path,
    options: &Build,
    batches: &[Batch],
    rules: &Rules<'_>,
) -> (Ledger, Vec<String>) {
    let sources = &rules.loaded.files.sources;
    let roots: Vec<PathBuf> = options.paths.iter().map(|path| recorded(path)).collect();
    let mut gone: BTreeSet<String> = ledger.gone.iter().cloned().collect();
    for batch in batches {
        let mut records: Vec<Record> = Vec::new();
        for built in &batch.entries {
            records.push(Record::new(
                &built.entry,
                built.source,
                built.path.as_deref(),
                &Names {
                    sources,
                    catalog: &rules.loaded.catalog,
                    path: &recorded,
                },
            ));
        }
        for old in ledger.targets.remove(batch.target.word()).unwrap_or_default() {
            let built = records.iter().any(|new| new.rule == old.rule);
            let named = roots.iter().any(|root| Path::new(&old.source).starts_with(root));
            if built || named {
                gone.extend(old.file);
            } else {
                records.push(old);
            }
        }
        records.sort_by(|a, b| a.rule.cmp(&b.rule));
        ledger.targets.insert(batch.target.word().to_owned(), records);
    }
    let kept: BTreeSet<&String> = ledger
        .targets
        .values()
        .flatten()
        .filter_map(|r| r.file.as_ref())
        .collect();
    let new = batches.iter().flat_map(|batch| batch.files.keys());
    let new = new
        .filter(|path| path.ends_with(WHOLE_FOLDER))
        .map(|path| ledger::slashes(path));
    let new: BTreeSet<String> = new.collect();
    let old = ledger.templates.iter().filter(|path| !new.contains(*path)).cloned();
    let (used, unused): (Vec<String>, Vec<String>) = old.partition(|path| {
        let folder = Path::new(path).parent().unwrap_or(Path::new(""));
        kept.iter().any(|file| Path::new(file).starts_with(folder))
    });
    gone.extend(unused);
    let templates: BTreeSet<String> = new.into_iter().chain(used).collect();
    let gone: Vec<String> = gone
        .into_iter()
        .filter(|path| !kept.contains(path) && !templates.contains(path) && out.join(path).is_file())
        .collect();
    ledger.templates = templates.into_iter().collect();
    ledger.gone = if options.prune { Vec::new() } else { gone.clone() };
    (ledger, gone)
}

/// A path as the ledger writes it, the same however it was named: from its `rules` folder on, else from the folder that the
/// command was started in. What is no file (a source table of ours) keeps its name.
fn recorded(path: &Path) -> PathBuf {
    let Ok(whole) = path.canonicalize() else {
        return path.to_owned();
    };
    let words: Vec<Component<'_>> = whole.components().collect();
    if let Some(at) = words.iter().rposition(|word| word.as_os_str() == "rules") {
        return words.into_iter().skip(at).collect();
    }
    let here = std::env::current_dir()
        .and_then(|here| here.canonicalize())
        .unwrap_or_default();
    let here: Vec<Component<'_>> = here.components().collect();
    let shared = here.iter().zip(&words).take_while(|(a, b)| a == b).count();
    let up = here.iter().skip(shared).map(|_| Component::ParentDir);
    up.chain(words.into_iter().skip(shared)).collect()
}

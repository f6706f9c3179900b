//! `tripline test --mutate`

use super::args::{Test, TestFormat};
use super::output::{self, many};
use super::rules::{Loaded, Rules};
use super::settings::whole;
use super::{Exit, Misuse};
use crate::compile::Compiled;
use crate::diagnostics::{self, Code, Diagnostic, Sources, render};
use crate::imports::{above, limit};
use crate::mutate::listed;
use crate::mutate::{self, Mutant, Mutation};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

pub(super) fn mutate(options: &Test, rules: Rules<'_>) -> Result<Exit, Misuse> {
    let Some((compiled, loaded)) = rules.sound("nothing was changed") else {
        return Ok(Exit::Findings);
    };
    if options.format == TestFormat::Junit {
        return Err(Misuse("`--mutate` prints human or json, and no junit".to_owned()));
    }
    let mut sources = loaded.files.sources.clone();
    let mut findings = Vec::new();
    let mut lists = Vec::new();
    for (path, all) in list_files(options, compiled, loaded)? {
        let text = std::fs::read_to_string(&path).map_err(|error| Misuse(format!("{}: {error}", path.display())))?;
        let file = sources.add(&path, text.as_str());
        lists.push((listed::read(file, &text, &mut findings), all));
    }
    let mut mutations = on_all_cores(compiled.len(), |index| {
        let Some(rule) = compiled.get(index) else {
            return Ok(None);
        };
        let files = &loaded.files;
        let mutation = mutate::mutate(rule, &loaded.catalog, &files.trees, &files.sources);
        mutation.map(Some).map_err(|unfit| unfit.to_string())
    })?;
    for (entries, all) in &lists {
        listed::take(&mut mutations, entries, *all, &mut findings);
    }
    let shown = on_all_cores(compiled.len(), |index| {
        let tests = match (compiled.get(index), mutations.get(index)) {
            (Some(rule), Some(mutation)) if mutation.tests > 0 => {
                mutate::show(rule, &loaded.catalog, &mutation.survivors)
            }
            _ => Vec::new(),
        };
        Ok(Some(tests))
    })?;
    let refuted = on_all_cores(compiled.len(), |index| {
        let (Some(rule), Some(mutation)) = (compiled.get(index), mutations.get(index)) else {
            return Ok(None);
        };
        let listed: Vec<Mutant> = mutation.listed.iter().map(|(mutant, _)| mutant.clone()).collect();
        let tests = mutate::show(rule, &loaded.catalog, &listed);
        let entries = mutation.listed.iter().zip(tests);
        Ok(Some(
            entries
                .filter_map(|((_, entry), test)| Some(listed::refuted(entry, &test?)))
                .collect::<Vec<Diagnostic>>(),
        ))
    })?;
    findings.extend(refuted.into_iter().flatten());
    findings.sort_by_key(|finding| finding.primary.span);
    output::findings(&findings, &sources);
    let summary = summary(&mutations);
    match options.format {
        TestFormat::Human => {
            output::result(&human(&mutations, &shown, &sources))?;
            output::result(&format!("{summary}\n"))?;
        }
        TestFormat::Json | TestFormat::Junit => {
            let report = to_json(&mutations, &shown, &findings, &sources);
            output::result(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
            say!("{summary}");
        }
    }
    let failing = say_failing(&mutations);
    let survived = mutations.iter().any(|mutation| !mutation.survivors.is_empty());
    Ok(if survived || failing || !findings.is_empty() {
        Exit::Findings
    } else {
        Exit::Clean
    })
}

/// Calls `one` with every number below `count`, on all cores; what it gives comes in the order of the numbers.
fn on_all_cores<T: Send>(
    count: usize,
    one: impl Fn(usize) -> Result<Option<T>, String> + Sync,
) -> Result<Vec<T>, Misuse> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(count)
        .max(1);
    let work = || -> Result<Vec<(usize, T)>, String> {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return Ok(done);
            }
            done.extend(one(index)?.map(|result| (index, result)));
        }
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let mut done = Vec::new();
    for result in results {
        let of_thread = result.map_err(|_| Misuse("a thread ended early".to_owned()))?;
        done.extend(of_thread.map_err(Misuse)?);
    }
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

// ---- the list of equivalent mutants -----------------------------------------------------------------------------------

/// The lists that belong to the rules: in a rule's folder, and in those above it up to `rules` or the folder that was named.
/// Beside each stands whether every rule below its folder is read.
fn list_files(options: &Test, compiled: &[Compiled<'_>], loaded: &Loaded) -> Result<Vec<(PathBuf, bool)>, Misuse> {
    let mut roots = Vec::new();
    for path in options.paths.iter().filter(|path| path.is_dir()) {
        roots.push(whole(path)?);
    }
    // By the whole path of their folders, however those were named.
    let mut found: BTreeMap<PathBuf, (PathBuf, bool)> = BTreeMap::new();
    for rule in compiled {
        let path = loaded.files.sources.path(rule.checked.file);
        let mut written = path.parent().unwrap_or(Path::new("")).to_owned();
        let home = whole(&written)?;
        let root = roots.iter().find(|root| home.starts_with(root)).unwrap_or(&home);
        let (_, last) = limit(&home, root);
        for folder in home.ancestors() {
            let file = written.join(listed::FILE);
            // Whatever has the name is read: what cannot be is an error.
            if !found.contains_key(folder) && folder.join(listed::FILE).symlink_metadata().is_ok() {
                let all = roots.iter().any(|root| folder.starts_with(root));
                found.insert(folder.to_owned(), (file, all));
            }
            if folder == last {
                break;
            }
            written = above(&written);
        }
    }
    Ok(found.into_values().collect())
}

// ---- the report -------------------------------------------------------------------------------------------------------

fn summary(mutations: &[Mutation]) -> String {
    let count = |of: fn(&Mutation) -> usize| mutations.iter().map(of).sum::<usize>();
    format!(
        "{} of {}: {} killed, {} survived, {} listed as equivalent; {} more proved to change nothing",
        many(count(Mutation::mutants), "mutant"),
        many(mutations.len(), "rule"),
        count(|mutation| mutation.killed.len()),
        count(|mutation| mutation.survivors.len()),
        count(|mutation| mutation.listed.len()),
        count(|mutation| mutation.proved.len()),
    )
}

fn human(mutations: &[Mutation], shown: &[Vec<Option<String>>], sources: &Sources) -> String {
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let mut out = String::new();
    for (mutation, tests) in mutations.iter().zip(shown) {
        if mutation.tests == 0 {
            if !mutation.survivors.is_empty() {
                out.push_str(&format!("{}\n\n", render(&untested(mutation), sources, color)));
            }
            continue;
        }
        for (number, mutant) in mutation.survivors.iter().enumerate() {
            let test = tests.get(number).and_then(Option::as_deref);
            let finding = finding(mutation, mutant, test.is_some());
            out.push_str(&format!("{}\n\n", render(&finding, sources, color)));
            if let Some(test) = test {
                out.push_str(&format!("{test}\n"));
            }
        }
    }
    out
}

fn finding(mutation: &Mutation, mutant: &Mutant, test: bool) -> Diagnostic {
    let message = format!("{}: {}, every test passes", mutation.rule, mutant.what);
    let finding = Diagnostic::new(Code::Survivor, mutant.span, message).help(mutant.help.clone());
    if test {
        finding.help("this test says what the rule does now, and fails with the change:")
    } else {
        finding
    }
}

/// Where no test runs, all changes are one finding.
fn untested(mutation: &Mutation) -> Diagnostic {
    let changes = many(mutation.survivors.len(), "change");
    let message = format!("{}: no test is there to notice any of {changes}", mutation.rule);
    let finding = Diagnostic::new(Code::Survivor, mutation.span, message);
    if mutation.failing.is_empty() {
        finding.help("write a test with an event that alerts, and one with an event that does not")
    } else {
        finding.note("a test that fails over the rule itself notices nothing")
    }
}

fn to_json(
    mutations: &[Mutation],
    shown: &[Vec<Option<String>>],
    findings: &[Diagnostic],
    sources: &Sources,
) -> serde_json::Value {
    let rules: Vec<serde_json::Value> = mutations
        .iter()
        .zip(shown)
        .map(|(mutation, tests)| {
            let survivors = mutation.survivors.iter().enumerate().map(|(number, mutant)| {
                let (line, column) = sources.position(mutant.span.file, mutant.span.start);
                let (end_line, end_column) = sources.position(mutant.span.file, mutant.span.end);
                json!({
                    "mutant": mutant.what,
                    "file": sources.path(mutant.span.file).display().to_string(),
                    "line": line, "column": column, "endLine": end_line, "endColumn": end_column,
                    "help": mutant.help,
                    "test": tests.get(number).cloned().flatten(),
                })
            });
            let listed = mutation
                .listed
                .iter()
                .map(|(mutant, entry)| json!({ "mutant": mutant.what, "because": entry.because }));
            json!({
                "rule": mutation.rule,
                "mutants": mutation.mutants(),
                "killed": mutation.killed.len(),
                "survivors": survivors.collect::<Vec<_>>(),
                "listed": listed.collect::<Vec<_>>(),
                "proved": mutation.proved.iter().map(|mutant| mutant.what.as_str()).collect::<Vec<_>>(),
                "failing": mutation.failing,
            })
        })
        .collect();
    let count = |of: fn(&Mutation) -> usize| mutations.iter().map(of).sum::<usize>();
    json!({
        "mutants": count(Mutation::mutants),
        "killed": count(|mutation| mutation.killed.len()),
        "survived": count(|mutation| mutation.survivors.len()),
        "listed": count(|mutation| mutation.listed.len()),
        "proved": count(|mutation| mutation.proved.len()),
        "rules": rules,
        "findings": findings.iter().map(|finding| diagnostics::to_json(finding, sources)).collect::<Vec<_>>(),
    })
}

/// Says which tests fail over the rules themselves; whether there are any.
fn say_failing(mutations: &[Mutation]) -> bool {
    let mut failing = false;
    for mutation in mutations {
        for test in &mutation.failing {
            failing = true;
            say!(
                "{}: test \"{test}\" fails over the rule itself, so it notices nothing",
                mutation.rule
            );
        }
    }
    failing
}

//! Mutants that no test can notice, because they mean what the rule means: listed in a file with the reason.

use super::{Mutant, Mutation};
use crate::diagnostics::{Code, Diagnostic, FileId, Span, nearest};
use serde::Deserialize;

/// What such a file is called.
pub const FILE: &str = "equivalent-mutants.yaml";

/// No more than one in so many mutants may be listed; one always may.
const MOST: usize = 50;

/// An entry, with its place.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The rule.
    pub rule: String,
    /// The mutant, as [`Mutant::what`] calls it.
    pub mutant: String,
    /// Why it means the same.
    pub because: String,
    /// The first line of the entry.
    pub span: Span,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    rule: String,
    mutant: String,
    because: String,
}

/// Reads a file; what is wrong with its form is pushed to `findings`.
pub fn read(file: FileId, text: &str, findings: &mut Vec<Diagnostic>) -> Vec<Entry> {
    let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let whole = Span { file, start: 0, end };
    if text
        .lines()
        .all(|line| line.trim_start().is_empty() || line.trim_start().starts_with('#'))
    {
        return Vec::new();
    }
    let written: Vec<Written> = match serde_yaml::from_str(text) {
        Ok(written) => written,
        Err(error) => {
            let span = match error.location() {
                Some(place) => line_at(text, file, place.index()),
                None => Span { end: 0, ..whole },
            };
            findings.push(
                Diagnostic::new(Code::BadEquivalent, span, format!("this list cannot be read: {error}"))
                    .help("an entry has three lines: `- rule: NAME`, `  mutant: '..'`, `  because: '..'`"),
            );
            return Vec::new();
        }
    };
    let mut starts = entries(text, file).into_iter();
    let mut read = Vec::new();
    for entry in written {
        let span = starts.next().unwrap_or(Span { end: 0, ..whole });
        if entry.because.trim().is_empty() {
            findings.push(
                Diagnostic::new(Code::BadEquivalent, span, "this entry does not say why")
                    .help("say after `because` why no event can tell the mutant from the rule"),
            );
        }
        read.push(Entry {
            rule: entry.rule,
            mutant: entry.mutant,
            because: entry.because,
            span,
        });
    }
    read
}

/// The first lines of the entries: those with a dash that stands as far to the right as the first one.
fn entries(text: &str, file: FileId) -> Vec<Span> {
    let mut found = Vec::new();
    let mut column = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let dash = line.len() - line.trim_start().len();
        if line.trim_start().starts_with('-') && line.trim() != "---" && *column.get_or_insert(dash) == dash {
            found.push(span(file, start + dash, start + line.trim_end().len()));
        }
        start += line.len();
    }
    found
}

fn line_at(text: &str, file: FileId, at: usize) -> Span {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if at < start + line.len() {
            return span(file, start, start + line.trim_end().len());
        }
        start += line.len();
    }
    span(file, text.len(), text.len())
}

fn span(file: FileId, start: usize, end: usize) -> Span {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Span {
        file,
        start: number(start),
        end: number(end),
    }
}

/// Takes the listed mutants out of the survivors. What an entry says that is not so is pushed to `findings`. `whole` is
/// whether all rules that the list is for are among the mutations: then an entry may not name another one.
pub fn take(mutations: &mut [Mutation], entries: &[Entry], whole: bool, findings: &mut Vec<Diagnostic>) {
    let names: Vec<String> = mutations.iter().map(|mutation| mutation.rule.clone()).collect();
    for entry in entries {
        let Some(mutation) = mutations.iter_mut().find(|mutation| mutation.rule == entry.rule) else {
            if whole {
                let finding = Diagnostic::new(
                    Code::BadEquivalent,
                    entry.span,
                    format!("there is no rule `{}`", entry.rule),
                );
                findings.push(match nearest(&entry.rule, names.iter().map(String::as_str)) {
                    Some(near) => finding.help(format!("write `{near}`")),
                    None => finding.help("delete this entry"),
                });
            }
            continue;
        };
        match mutation.survivors.iter().position(|mutant| mutant.what == entry.mutant) {
            Some(at) => {
                let mutant = mutation.survivors.remove(at);
                mutation.listed.push((mutant, entry.clone()));
            }
            None => findings.push(unfounded(mutation, entry)),
        }
    }
    let listed: usize = mutations.iter().map(|mutation| mutation.listed.len()).sum();
    let all: usize = mutations.iter().map(Mutation::mutants).sum();
    if let Some(last) = entries.last().filter(|_| whole && listed > 1 && listed * MOST > all) {
        findings.push(
            Diagnostic::new(
                Code::BadEquivalent,
                last.span,
                format!(
                    "{listed} of {all} mutants are listed as equivalent, more than {} %",
                    100 / MOST
                ),
            )
            .help("a condition whose loss no event can show is better taken out of its rule"),
        );
    }
}

/// What is wrong with an entry whose mutant a test could notice.
pub fn refuted(entry: &Entry, test: &str) -> Diagnostic {
    Diagnostic::new(Code::BadEquivalent, entry.span, "events tell this mutant from the rule").help(format!(
        "put this test into the rule, and delete the entry:\n\n{}",
        test.trim_end()
    ))
}

fn unfounded(mutation: &Mutation, entry: &Entry) -> Diagnostic {
    if let Some((_, test)) = mutation.killed.iter().find(|(mutant, _)| mutant.what == entry.mutant) {
        return Diagnostic::new(
            Code::BadEquivalent,
            entry.span,
            format!("test \"{test}\" notices this mutant"),
        )
        .note("an equivalent mutant is one that no event tells from the rule")
        .help("delete this entry");
    }
    if mutation.listed.iter().any(|(mutant, _)| mutant.what == entry.mutant) {
        return Diagnostic::new(Code::BadEquivalent, entry.span, "this mutant is listed already")
            .help("delete one of the two entries");
    }
    let finding = Diagnostic::new(
        Code::BadEquivalent,
        entry.span,
        format!("`{}` has no mutant of this name", mutation.rule),
    )
    .label(entry.mutant.clone());
    let killed = mutation.killed.iter().map(|(mutant, _)| mutant);
    let listed = mutation.listed.iter().map(|(mutant, _)| mutant);
    let all = mutation.survivors.iter().chain(killed).chain(listed);
    match nearest(&entry.mutant, all.map(|mutant: &Mutant| mutant.what.as_str())) {
        Some(near) => finding.help(format!("it has this one: {near}")),
        None => finding.help("delete this entry, or copy the name from the report"),
    }
}

//! `tripline test --mutate`

use super::args::{Test, TestFormat};
use super::output::{self, many};
use super::rules::{Loaded, Rules};
use super::{Exit, Misuse};
use crate::compile::Compiled;
use crate::diagnostics::{Code, Diagnostic, render};
use crate::mutate::{self, Mutant, Mutation};
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(super) fn mutate(options: &Test, rules: Rules<'_>) -> Result<Exit, Misuse> {
    let Some((compiled, loaded)) = rules.sound("nothing was changed") else {
        return Ok(Exit::Findings);
    };
    if options.format == TestFormat::Junit {
        return Err(Misuse("`--mutate` prints human or json, and no junit".to_owned()));
    }
    let mutations = work(compiled, loaded)?;
    let sources = &loaded.files.sources;
    let mut out = String::new();
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    for mutation in &mutations {
        for mutant in &mutation.survivors {
            let finding = finding(mutation, mutant);
            out.push_str(&format!("{}\n\n", render(&finding, sources, color)));
        }
    }
    let count = |of: fn(&Mutation) -> usize| mutations.iter().map(of).sum::<usize>();
    let survivors = count(|m| m.survivors.len());
    out.push_str(&format!(
        "{} of {}: {} killed, {} survived; {} more proved to change nothing\n",
        many(count(Mutation::mutants), "mutant"),
        many(mutations.len(), "rule"),
        count(|m| m.killed.len()),
        survivors,
        count(|m| m.proved),
    ));
    output::result(&out)?;
    let failing = said(&mutations);
    Ok(if survivors > 0 || failing {
        Exit::Findings
    } else {
        Exit::Clean
    })
}

/// Says which tests fail over the rules themselves, and which rules have none.
fn said(mutations: &[Mutation]) -> bool {
    let mut failing = false;
    for mutation in mutations {
        for test in &mutation.failing {
            failing = true;
            eprintln!(
                "{}: test \"{test}\" fails over the rule itself, so it notices nothing",
                mutation.rule
            );
        }
        if mutation.tests == 0 && mutation.failing.is_empty() {
            eprintln!("without a test: {}", mutation.rule);
        }
    }
    failing
}

fn finding(mutation: &Mutation, mutant: &Mutant) -> Diagnostic {
    Diagnostic::new(
        Code::Survivor,
        mutant.span,
        format!("{}: {}, every test passes", mutation.rule, mutant.what),
    )
}

/// Changes all rules, one at a time on each core.
fn work(compiled: &[Compiled<'_>], loaded: &Loaded) -> Result<Vec<Mutation>, Misuse> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(compiled.len())
        .max(1);
    let one = || -> Result<Vec<(usize, Mutation)>, String> {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(rule) = compiled.get(index) else {
                return Ok(done);
            };
            let files = &loaded.files;
            let mutation = mutate::mutate(rule, &loaded.catalog, &files.trees, &files.sources);
            done.push((index, mutation.map_err(|unfit| unfit.to_string())?));
        }
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        handles.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let mut done = Vec::new();
    for result in results {
        let of_thread = result.map_err(|_| Misuse("a thread ended early".to_owned()))?;
        done.extend(of_thread.map_err(Misuse)?);
    }
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, mutation)| mutation).collect())
}

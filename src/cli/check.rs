//! `tripline check`

use super::args::{Check, CheckFormat, Deny};
use super::output::{self, many};
use super::rules::{self, Rules};
use super::watchlists::Items;
use super::{Exit, Misuse, source, values};
use crate::compile::Compiled;
use crate::diagnostics::{Code, Diagnostic, Sources, has_errors, to_json};
use crate::targets::{Target, needs};
use std::collections::BTreeSet;
use std::path::PathBuf;

pub(super) fn check(options: &Check) -> Result<Exit, Misuse> {
    let (yaml, paths): (Vec<PathBuf>, Vec<PathBuf>) = options
        .paths
        .iter()
        .cloned()
        .partition(|path| source::check::is_of_sources(path));
    let from = values::Source::option(options.values.as_deref());
    if yaml.is_empty() {
        return rules::with_values(&options.paths, from, Items::None, |rules| report(options, rules));
    }
    let mut sources = Sources::default();
    let (findings, count) = source::check::files(&yaml, &mut sources)?;
    let exit = say(options, &findings, &sources, &many(count, "source file"))?;
    if paths.is_empty() {
        return Ok(exit);
    }
    match rules::with_values(&paths, from, Items::None, |rules| report(options, rules))? {
        Exit::Clean => Ok(exit),
        Exit::Findings => Ok(Exit::Findings),
    }
}

fn report(options: &Check, rules: Rules<'_>) -> Result<Exit, Misuse> {
    let (compiled, loaded) = (rules.compiled, rules.loaded);
    let mut sources = loaded.files.sources.clone();
    let mut findings = rules.findings.clone();
    findings.extend(loaded.absent_watchlists().iter().cloned());
    if !loaded.broken_sources {
        let more = source::check::of_rules(&options.paths, &loaded.catalog, &mut sources)?;
        let same = |a: &Diagnostic, b: &Diagnostic| a.code == b.code && a.primary == b.primary;
        findings.retain(|old| !more.iter().any(|new| same(old, new)));
        findings.extend(more);
    }
    for rule in compiled {
        findings.extend(promises(rule, &rules));
    }
    let what = format!(
        "{}, {} that compile",
        many(loaded.count, "file"),
        many(compiled.len(), "rule")
    );
    say(options, &findings, &sources, &what)
}

/// Prints findings, and what they are about.
fn say(options: &Check, findings: &[Diagnostic], sources: &Sources, what: &str) -> Result<Exit, Misuse> {
    match options.format {
        CheckFormat::Json => {
            let list: Vec<serde_json::Value> = findings.iter().map(|f| to_json(f, sources)).collect();
            output::result(&format!("{}\n", serde_json::Value::from(list)))?;
        }
        CheckFormat::Human => {
            output::findings(findings, sources);
            say!("{what}: {}", output::counts(findings));
        }
    }
    let failed = has_errors(findings) || (options.deny == Some(Deny::Warnings) && !findings.is_empty());
    Ok(if failed { Exit::Findings } else { Exit::Clean })
}

/// Whether a rule keeps the promises of its `targets` line: a promised target that refuses it, or differs without
/// permission, is an error.
fn promises(rule: &Compiled<'_>, rules: &Rules<'_>) -> Vec<Diagnostic> {
    let mut findings = needs::of_promises(&rule.plan.rule);
    for promise in rule.plan.rule.targets.iter().flatten() {
        if promise.target == "rust" {
            findings.push(
                Diagnostic::new(Code::TargetNotThere, promise.span, "target `rust` is not there yet")
                    .label("nothing checks this promise")
                    .help("leave it out until it is: `targets native, sentinel`"),
            );
        }
        for target in Target::ALL.into_iter().filter(|t| t.promise() == promise.target) {
            let errors = rules.judge(rule, target, &BTreeSet::new()).errors;
            for error in errors {
                // What the query cannot say, Sentinel's rule and template say again; what a target needs is said above, as a
                // warning.
                if error.code != Code::MetadataNeeded && !findings.contains(&error) {
                    findings.push(error);
                }
            }
        }
    }
    findings
}

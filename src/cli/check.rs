//! `tripline check`

use super::args::{Check, CheckFormat, Deny};
use super::output::{self, many};
use super::rules::{self, Rules};
use super::{Exit, Misuse};
use crate::compile::Compiled;
use crate::diagnostics::{Code, Diagnostic, has_errors, to_json};
use crate::targets::{Target, needs};
use std::collections::BTreeSet;

pub(super) fn check(options: &Check) -> Result<Exit, Misuse> {
    rules::with(&options.paths, |rules| report(options, &rules))
}

fn report(options: &Check, rules: &Rules<'_>) -> Result<Exit, Misuse> {
    let mut findings = rules.findings.clone();
    for rule in rules.compiled {
        findings.extend(promises(rule, rules));
    }
    let (compiled, loaded) = (rules.compiled, rules.loaded);
    let sources = &loaded.files.sources;
    match options.format {
        CheckFormat::Json => {
            let list: Vec<serde_json::Value> = findings.iter().map(|f| to_json(f, sources)).collect();
            output::result(&format!("{}\n", serde_json::Value::from(list)))?;
        }
        CheckFormat::Human => {
            output::findings(&findings, sources);
            let files = many(loaded.count, "file");
            eprintln!(
                "{files}, {} that compile: {}",
                many(compiled.len(), "rule"),
                output::counts(&findings)
            );
        }
    }
    let failed = has_errors(&findings) || (options.deny == Some(Deny::Warnings) && !findings.is_empty());
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

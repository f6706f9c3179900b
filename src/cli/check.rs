//! `tripline check`

use super::args::{Check, CheckFormat, Deny};
use super::output::{self, many};
use super::rules::{self, Rules};
use super::{Exit, Misuse};
use crate::compile::Compiled;
use crate::diagnostics::{Code, Diagnostic, has_errors, to_json};
use crate::source::Catalog;
use crate::targets;

pub(super) fn check(options: &Check) -> Result<Exit, Misuse> {
    rules::with(&options.paths, |rules| report(options, rules))
}

fn report(options: &Check, rules: Rules<'_>) -> Result<Exit, Misuse> {
    let Rules {
        compiled,
        loaded,
        mut findings,
    } = rules;
    for rule in compiled {
        findings.extend(promises(rule, &loaded.settings(rule).catalog(&loaded.catalog)));
    }
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

/// Whether a rule keeps the promises of its `targets` line: a promised target that refuses it is an error.
fn promises(rule: &Compiled<'_>, catalog: &Catalog) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for promise in rule.plan.rule.targets.iter().flatten() {
        match promise.target.as_str() {
            "native" => {}
            "sentinel" => findings.extend(targets::kql::emit(&rule.plan, catalog).err().into_iter().flatten()),
            target => findings.push(
                Diagnostic::new(
                    Code::TargetNotThere,
                    promise.span,
                    format!("target `{target}` is not there yet"),
                )
                .label("nothing checks this promise")
                .help("leave it out until it is: `targets native, sentinel`"),
            ),
        }
    }
    findings
}

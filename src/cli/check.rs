//! `tripline check`

use super::args::{Check, CheckFormat, Deny};
use super::output::{self, many};
use super::{Exit, Misuse, rules};
use crate::compile;
use crate::diagnostics::{has_errors, to_json};

pub(super) fn check(options: &Check) -> Result<Exit, Misuse> {
    let mut loaded = rules::load(&options.paths)?;
    let mut findings = Vec::new();
    let mut rules = 0;
    if let Some(world) = loaded.files.world(&loaded.catalog) {
        rules = compile::compile(&loaded.files.trees, &world, &mut findings).len();
    }
    findings.splice(0..0, loaded.files.findings.drain(..));
    let sources = &loaded.files.sources;
    match options.format {
        CheckFormat::Json => {
            let list: Vec<serde_json::Value> = findings.iter().map(|f| to_json(f, sources)).collect();
            println!("{}", serde_json::Value::from(list));
        }
        CheckFormat::Human => {
            output::findings(&findings, sources);
            let files = many(loaded.count, "file");
            eprintln!(
                "{files}, {} that compile: {}",
                many(rules, "rule"),
                output::counts(&findings)
            );
        }
    }
    let failed = has_errors(&findings) || (options.deny == Some(Deny::Warnings) && !findings.is_empty());
    Ok(if failed { Exit::Findings } else { Exit::Clean })
}

//! `tripline build`

use super::args::{Build, Emit, Target};
use super::fmt::write_atomically;
use super::output::{self, many};
use super::rules::{self, Rules};
use super::{Exit, Misuse};
use crate::compile::Compiled;
use crate::diagnostics::{Diagnostic, has_errors};
use crate::plan;
use crate::source::Catalog;
use crate::targets;
use std::path::{Path, PathBuf};

/// A file to be written.
struct Product {
    path: PathBuf,
    text: String,
}

pub(super) fn build(options: &Build) -> Result<Exit, Misuse> {
    rules::with(&options.paths, |rules| match options.emit {
        Some(stage) => emit(stage, &rules),
        None => products(options, rules),
    })
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

/// Compiles every rule for a target and writes the files, or none of them.
fn products(options: &Build, rules: Rules<'_>) -> Result<Exit, Misuse> {
    let Rules {
        compiled,
        loaded,
        mut findings,
    } = rules;
    let mut products = Vec::new();
    let mut refused = Vec::new();
    for rule in compiled {
        let folder = loaded.folders.get(&rule.checked.file).cloned().unwrap_or_default();
        match options.target {
            Some(Target::Kql) | None => match kql(rule, &loaded.catalog) {
                Ok(text) => products.push(Product {
                    path: kql_path(&folder, &rule.plan.rule.name),
                    text,
                }),
                Err(reasons) if promises(rule, "sentinel") => findings.extend(reasons),
                Err(reasons) => refused.push((rule, reasons)),
            },
        }
    }
    output::findings(&findings, &loaded.files.sources);
    for (rule, reasons) in &refused {
        let name = &rule.plan.rule.name;
        let why: Vec<String> = reasons.iter().map(reason).collect();
        eprintln!(
            "{name}: not built for kql, which it does not promise: {}",
            why.join("; ")
        );
    }
    if has_errors(&findings) {
        eprintln!("nothing was written: {}", output::counts(&findings));
        return Ok(Exit::Findings);
    }
    match &options.out {
        Some(out) => {
            write(out, &products)?;
            eprintln!("{} written to {}", many(products.len(), "file"), out.display());
        }
        None => {
            let texts: Vec<&str> = products.iter().map(|product| product.text.as_str()).collect();
            output::result(&texts.join("\n"))?;
        }
    }
    Ok(Exit::Clean)
}

fn kql(rule: &Compiled<'_>, catalog: &Catalog) -> Result<String, Vec<Diagnostic>> {
    targets::kql::emit(&rule.plan, catalog).map(|query| query.text)
}

fn promises(rule: &Compiled<'_>, target: &str) -> bool {
    rule.plan
        .rule
        .targets
        .as_ref()
        .is_some_and(|targets| targets.iter().any(|t| t.target == target))
}

fn kql_path(folder: &Path, rule: &str) -> PathBuf {
    Path::new("kql").join(folder).join(format!("{rule}.kql"))
}

fn write(out: &Path, products: &[Product]) -> Result<(), Misuse> {
    for product in products {
        let path = out.join(&product.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Misuse(format!("{}: {error}", folder.display())))?;
        }
        write_atomically(&path, &product.text)?;
    }
    Ok(())
}

/// A refusal in one line.
fn reason(finding: &Diagnostic) -> String {
    match finding.primary.text.as_str() {
        "" => finding.message.clone(),
        label => format!("{}: {label}", finding.message),
    }
}

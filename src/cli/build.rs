//! `tripline build`

use super::args::{Build, Emit, Target};
use super::fmt::write_atomically;
use super::output::{self, many};
use super::{Exit, Misuse, rules};
use crate::compile::{self, Compiled};
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
    let mut loaded = rules::load(&options.paths)?;
    let mut findings = Vec::new();
    let world = loaded.files.world(&loaded.catalog);
    findings.append(&mut loaded.files.findings);
    if options.emit == Some(Emit::Ast) {
        for (file, tree) in &loaded.files.trees {
            println!("# {}\n{tree:#?}", loaded.files.sources.path(*file).display());
        }
        output::findings(&findings, &loaded.files.sources);
        return Ok(if has_errors(&findings) {
            Exit::Findings
        } else {
            Exit::Clean
        });
    }
    let compiled = match &world {
        Some(world) => compile::compile(&loaded.files.trees, world, &mut findings),
        None => Vec::new(),
    };
    if options.emit == Some(Emit::Plan) {
        for rule in &compiled {
            print!("{}", plan::print::plan(&rule.plan, &loaded.catalog));
        }
        output::findings(&findings, &loaded.files.sources);
        return Ok(if has_errors(&findings) {
            Exit::Findings
        } else {
            Exit::Clean
        });
    }
    let mut products = Vec::new();
    let mut refused = Vec::new();
    for rule in &compiled {
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
        let why: Vec<&str> = reasons.iter().map(|r| r.message.as_str()).collect();
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
            for (n, product) in products.iter().enumerate() {
                if n > 0 {
                    println!();
                }
                print!("{}", product.text);
            }
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

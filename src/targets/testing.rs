//! What tests of targets share: rules compiled from a text.

use crate::compile::{self, Files};
use crate::diagnostics::{Diagnostic, Sources, has_errors, render};
use crate::plan::Plan;
use crate::source::Catalog;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A text of rules, compiled.
pub(super) struct Compiled {
    pub(super) plans: Vec<Plan>,
    pub(super) catalog: Catalog,
    pub(super) sources: Sources,
}

/// Compiles rules that have no error.
pub(super) fn compiled(text: &str) -> Compiled {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    // Rules that we ship find their lists.
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let folder = text.lines().any(|line| line.starts_with("use ")).then_some(shipped);
    files.add(&folder.unwrap_or_default().join("rule.trip"), text.as_bytes());
    files.link(&BTreeMap::new());
    let plans = {
        let world = files.world(&catalog).unwrap();
        let mut findings = std::mem::take(&mut files.findings);
        let compiled = compile::compile(&files.trees, &world, &mut findings);
        assert!(!has_errors(&findings), "{}", pages(&findings, &files.sources));
        compiled.into_iter().map(|rule| rule.plan).collect()
    };
    Compiled {
        plans,
        catalog,
        sources: files.sources,
    }
}

/// The catalog of CloudTrail alone, with other words in its file.
pub(super) fn cloudtrail(from: &str, to: &str) -> Catalog {
    let text = include_str!("../../targets/sources/aws.cloudtrail.yaml");
    assert!(text.contains(from), "{from}");
    Catalog::from_text(Path::new("aws.cloudtrail.yaml"), &text.replace(from, to)).unwrap()
}

/// Findings as people see them.
pub(super) fn pages(findings: &[Diagnostic], sources: &Sources) -> String {
    findings
        .iter()
        .map(|finding| render(finding, sources, false))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The rule files below folders of the project, in order.
fn rules_below(folders: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "trip") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The rules that the project ships and those of its cases.
pub(super) fn rule_files() -> Vec<PathBuf> {
    rules_below(&["rules", "tests/cases"])
}

/// The mistakes that only a target finds, by name.
pub(super) fn errors_targets() -> Vec<(String, String)> {
    let files = rules_below(&["tests/errors_targets"]).into_iter().map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(&path).unwrap())
    });
    files.collect()
}

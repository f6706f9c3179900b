//! What tests of targets share: rules compiled from a text.

use crate::compile::{self, Files};
use crate::diagnostics::{Diagnostic, Sources, has_errors, render};
use crate::plan::Plan;
use crate::source::Catalog;
use std::path::Path;

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
    files.add(Path::new("rule.trip"), text.as_bytes());
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

/// Findings as people see them.
pub(super) fn pages(findings: &[Diagnostic], sources: &Sources) -> String {
    findings.iter().map(|finding| render(finding, sources, false)).collect::<Vec<_>>().join("\n")
}

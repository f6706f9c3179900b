//! The whole way from files to plans: parse, resolve, check, lower.

use crate::check::{self, Checked};
use crate::diagnostics::{Code, Diagnostic, FileId, Severity, Sources, Span};
use crate::imports;
use crate::plan::{self, Plan};
use crate::resolve::{self, World};
use crate::source::Catalog;
use crate::syntax::{self, ast};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files of rules, read and parsed.
#[derive(Debug, Default)]
pub struct Files {
    /// The texts, for messages.
    pub sources: Sources,
    /// The trees of the files that could be read.
    pub trees: Vec<(FileId, ast::File)>,
    /// What was wrong so far.
    pub findings: Vec<Diagnostic>,
}

/// A rule with its plan and its tests.
#[derive(Debug)]
pub struct Compiled<'a> {
    /// The checked rule.
    pub checked: Checked<'a>,
    /// What it means.
    pub plan: Plan,
    /// The same before it was lowered.
    pub written: Written,
}

/// A rule as it was written: nothing folded, nothing taken out.
#[derive(Debug)]
pub struct Written {
    /// The plan, see [`plan::as_written`].
    pub plan: Plan,
    /// What each test expects, over the columns of this plan; as [`check::Test::expect`].
    pub expect: Vec<Vec<check::Expected>>,
}

impl Files {
    /// Parses one file of rules; what is wrong is kept.
    pub fn add(&mut self, path: &Path, bytes: &[u8]) -> FileId {
        let text = match std::str::from_utf8(bytes) {
            Ok(_) if bytes.contains(&0) => {
                let file = self.sources.add(path, String::new());
                self.findings.push(
                    Diagnostic::new(
                        Code::NotText,
                        Span { file, start: 0, end: 0 },
                        "this file is not UTF-8 text",
                    )
                    .note("it holds NUL bytes, as binary files and UTF-16 do")
                    .help("save it as UTF-8, or pass another file"),
                );
                return file;
            }
            Ok(text) => text,
            Err(error) => {
                let file = self.sources.add(path, String::new());
                let line = bytes
                    .get(..error.valid_up_to())
                    .unwrap_or(&[])
                    .iter()
                    .filter(|b| **b == b'\n')
                    .count()
                    + 1;
                self.findings.push(
                    Diagnostic::new(
                        Code::NotText,
                        Span { file, start: 0, end: 0 },
                        "this file is not UTF-8 text",
                    )
                    .note(format!("line {line} holds a byte that is no part of a character"))
                    .help("save it as UTF-8, or pass another file"),
                );
                return file;
            }
        };
        let file = self.sources.add(path, text);
        match syntax::parse(file, text) {
            Ok(tree) => self.trees.push((file, tree)),
            Err(findings) => self.findings.extend(findings),
        }
        file
    }

    /// Finds the files that `use` names, and reads those that are not read yet. They are looked for from the folder of the
    /// file upwards, up to the folder whose rules go together: `rules`, else the one in `roots`, else the file's own.
    pub fn link(&mut self, roots: &BTreeMap<FileId, PathBuf>) {
        imports::link(self, roots);
    }

    /// The computed fields of the source tables, read; findings are kept.
    pub fn world<'c>(&mut self, catalog: &'c Catalog) -> Option<World<'c>> {
        match World::new(catalog, &mut self.sources) {
            Ok(world) => Some(world),
            Err(findings) => {
                self.findings.extend(findings);
                None
            }
        }
    }
}

/// Compiles every rule that has no error; what is wrong is pushed to `findings`.
pub fn compile<'a>(
    trees: &'a [(FileId, ast::File)],
    world: &'a World<'a>,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Compiled<'a>> {
    let program = resolve::resolve(trees, world, findings);
    let checked = check::check(&program, world, findings);
    let mut compiled = Vec::new();
    for mut checked in checked {
        let written = Written {
            plan: plan::as_written(&checked),
            expect: checked.tests.iter().map(|test| test.expect.clone()).collect(),
        };
        match plan::lower(&mut checked) {
            Ok(plan) => compiled.push(Compiled { checked, plan, written }),
            Err(more) => findings.extend(more),
        }
    }
    world.locate(findings);
    without_consequences(findings);
    compiled
}

/// In order, each once, and without what follows from an error: a name in a condition that could not be read is
/// "never used".
fn without_consequences(findings: &mut Vec<Diagnostic>) {
    let follows = |f: &Diagnostic| {
        matches!(
            f.code,
            Code::UnusedLet | Code::UnusedConstant | Code::UnusedImport | Code::DeadRelation
        )
    };
    let broken: Vec<FileId> = findings
        .iter()
        .filter(|f| f.severity == Severity::Error && !follows(f))
        .map(|f| f.primary.span.file)
        .collect();
    findings.retain(|f| !follows(f) || !broken.contains(&f.primary.span.file));
    findings.sort_by_key(|f| (f.primary.span.file, f.primary.span.start, f.code));
    findings.dedup_by(|b, a| a.code == b.code && a.primary.span == b.primary.span && a.message == b.message);
}

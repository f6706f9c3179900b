//! Syntax: from text to the tree of what was written, and back to text in the one layout.
//!
//! [`parse`] is the first arrow of the pipeline. A quick scan (`scan`) finds comments, unclosed brackets and strings
//! and nesting that is too deep; then pest reads the text by `grammar/tripline.pest`; then the tree is built, which is
//! where escapes, numbers, durations and the known slips are judged.

pub mod ast;
mod build;
mod build_test;
mod error;
mod expression;
pub mod format;
mod literal;
mod scan;

pub(crate) use error::METADATA;

use crate::diagnostics::{Code, Diagnostic, FileId, Span};
use pest::Parser as _;

/// The parser that pest makes of the grammar.
mod grammar {
    #![allow(
        missing_docs,
        reason = "pest writes one variant for each rule; they are documented in the grammar"
    )]
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/tripline.pest"]
    pub(super) struct Grammar;
}
use grammar::{Grammar, Rule};

pub use format::format;
pub use literal::{read_duration, read_time};

type Pair<'a> = pest::iterators::Pair<'a, Rule>;

/// Brackets and operators may nest this deep.
pub const MAX_DEPTH: usize = 256;

/// Reads a file of rules.
///
/// # Errors
/// Everything wrong with the text that one reading can find; at least one finding.
pub fn parse(file: FileId, text: &str) -> Result<ast::File, Vec<Diagnostic>> {
    if u32::try_from(text.len()).is_err() {
        let at = Span { file, start: 0, end: 0 };
        return Err(vec![Diagnostic::new(
            Code::NotText,
            at,
            "the file is larger than 4 GiB",
        )]);
    }
    let scanned = scan::scan(file, text)?;
    // Deeply nested text takes more stack than a test's or a worker's thread has.
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new()
            .stack_size(64 << 20)
            .spawn_scoped(scope, || parse_scanned(file, text, scanned))
            .map(std::thread::ScopedJoinHandle::join);
        match reader {
            Ok(Ok(result)) => result,
            _ => {
                let at = Span { file, start: 0, end: 0 };
                Err(vec![Diagnostic::new(
                    Code::TooDeep,
                    at,
                    "the file could not be read: no memory for its nesting",
                )])
            }
        }
    })
}

/// Reads one expression: a computed field of a source table.
///
/// # Errors
/// As [`parse`].
pub fn parse_expression(file: FileId, text: &str) -> Result<ast::Expr, Vec<Diagnostic>> {
    scan::scan(file, text)?;
    let pairs = Grammar::parse(Rule::expr_only, text).map_err(|e| vec![error::explain(file, text, &e)])?;
    let mut builder = build::Builder {
        file,
        findings: Vec::new(),
        depth: 0,
    };
    let expr = pairs
        .flat_map(Pair::into_inner)
        .find(|p| p.as_rule() == Rule::expr)
        .map(|p| builder.expression(p));
    match expr {
        Some(expr) if builder.findings.is_empty() => Ok(expr),
        _ => Err(builder.findings),
    }
}

/// Reads a path inside another text (a placeholder of a template), which begins at byte `offset` of the file.
///
/// `None` where the text is no path.
pub fn parse_path(file: FileId, text: &str, offset: u32) -> Option<ast::Path> {
    let pair = Grammar::parse(Rule::path_only, text)
        .ok()?
        .next()?
        .into_inner()
        .find(|p| p.as_rule() == Rule::any_path)?;
    let mut builder = build::Builder {
        file,
        findings: Vec::new(),
        depth: 0,
    };
    let mut path = builder.path(pair);
    path.span = Span {
        file,
        start: path.span.start + offset,
        end: path.span.end + offset,
    };
    builder.findings.is_empty().then_some(path)
}

fn parse_scanned(file: FileId, text: &str, comments: Vec<ast::Comment>) -> Result<ast::File, Vec<Diagnostic>> {
    let mut pairs = Grammar::parse(Rule::file, text).map_err(|e| vec![error::explain(file, text, &e)])?;
    let mut builder = build::Builder {
        file,
        findings: Vec::new(),
        depth: 0,
    };
    let (uses, items) = pairs.next().map(|pair| builder.items(pair)).unwrap_or_default();
    if !builder.findings.is_empty() {
        return Err(builder.findings);
    }
    let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
    Ok(ast::File {
        uses,
        items,
        comments,
        span: Span { file, start: 0, end },
    })
}

#[cfg(test)]
mod tests;

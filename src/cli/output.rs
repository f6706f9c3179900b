//! Printing results and findings.

use super::Misuse;
use crate::diagnostics::{self, Diagnostic, Severity, Sources};
use std::io::{IsTerminal as _, Write as _};

/// Prints findings for people, to standard error.
pub(super) fn findings(findings: &[Diagnostic], sources: &Sources) {
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    for finding in findings {
        eprintln!("{}\n", diagnostics::render(finding, sources, color));
    }
}

/// `2 errors, 1 warning`
pub(super) fn counts(findings: &[Diagnostic]) -> String {
    let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    format!("{}, {}", many(errors, "error"), many(warnings, "warning"))
}

/// `1 rule`, `2 rules`
pub(super) fn many(n: usize, word: &str) -> String {
    if n == 1 {
        format!("1 {word}")
    } else {
        format!("{n} {word}s")
    }
}

/// Prints a result to standard output. Whoever reads may have seen enough (`| head`): that is no error.
pub(super) fn result(text: &str) -> Result<(), Misuse> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Misuse::from),
    }
}

/// The text without control characters, which XML cannot hold at all.
pub(super) fn without_controls(text: &str) -> String {
    text.chars()
        .filter(|c| *c == '\n' || *c == '\t' || !c.is_control())
        .collect()
}

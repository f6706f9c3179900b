//! Printing results and findings.

use super::Misuse;
use crate::diagnostics::{self, Diagnostic, Severity, Sources};
use crate::input::Report;
use crate::source::Catalog;
use std::io::{IsTerminal as _, Write as _};

/// Prints findings for people, to standard error.
pub(super) fn findings(findings: &[Diagnostic], sources: &Sources) {
    let color = color();
    for finding in findings {
        say!("{}\n", diagnostics::render(finding, sources, color));
    }
}

/// Whether standard error shows colors.
pub(super) fn color() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
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

/// The same for counters of readers.
pub(super) fn many64(n: u64, word: &str) -> String {
    many(usize::try_from(n).unwrap_or(usize::MAX), word)
}

/// Says how many events were read from how many files, and what was rejected.
pub(super) fn reading(report: &Report, files: usize, catalog: &Catalog) {
    let sources: Vec<String> = report
        .events
        .iter()
        .map(|(source, n)| format!("{} {n}", catalog.get(*source).name))
        .collect();
    let of = if sources.is_empty() {
        String::new()
    } else {
        format!(" ({})", sources.join(", "))
    };
    say!("{} read from {}{of}", many64(report.read, "event"), many(files, "file"));
    if report.rejected > 0 {
        let mut parts = Vec::new();
        if report.without_time > 0 {
            parts.push(format!("{} without a time", report.without_time));
        }
        if report.unrecognised > 0 {
            parts.push(format!("{} of no known source", report.unrecognised));
        }
        let detail = if parts.is_empty() {
            String::new()
        } else {
            format!(" ({})", parts.join(", "))
        };
        say!("{} rejected{detail}", many64(report.rejected, "record"));
        for reject in &report.first_rejects {
            let place = if reject.line > 0 {
                format!(":{}", reject.line)
            } else {
                String::new()
            };
            say!("  {}{place}: {}", reject.path.display(), reject.reason);
        }
        let more = report
            .rejected
            .saturating_sub(u64::try_from(report.first_rejects.len()).unwrap_or(0));
        if more > 0 {
            say!("  and {more} more");
        }
    }
}

/// Says what events lost when they were read.
pub(super) fn losses(report: &Report) {
    if report.unconverted > 0 {
        say!(
            "{} did not convert to the type of the field and count as missing",
            many64(report.unconverted, "value")
        );
    }
    if report.repeated_keys > 0 {
        say!(
            "{} stood twice in one object; the last value counts",
            many64(report.repeated_keys, "JSON key")
        );
    }
}

/// The text without control characters, which XML cannot hold at all.
pub(super) fn without_controls(text: &str) -> String {
    text.chars()
        .filter(|c| *c == '\n' || *c == '\t' || !c.is_control())
        .collect()
}

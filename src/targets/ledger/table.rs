//! The ledger as people read it: a table of states, and below it what is not exact.

use super::record::reason;
use super::{Entry, State};
use crate::diagnostics::Sources;
use crate::targets::Target;
use std::fmt::Write as _;

/// A row a rule, a column a target; below it, each difference and refusal in a line with its place.
pub fn table(targets: &[Target], rows: &[Vec<&Entry>], sources: &Sources) -> String {
    let name = |row: &Vec<&Entry>| row.first().map_or(String::new(), |entry| entry.rule.clone());
    let widest = rows.iter().map(|row| name(row).len()).max().unwrap_or(0).max(4);
    let mut out = format!("{:widest$}", "rule");
    for target in targets {
        let _ = write!(out, "  {:8}", target.word());
    }
    trim(&mut out);
    for row in rows {
        let _ = write!(out, "\n{:widest$}", name(row));
        for entry in row {
            let _ = write!(out, "  {:8}", entry.state.word());
        }
        trim(&mut out);
    }
    out.push('\n');
    for row in rows {
        // Targets that say the same of a rule share a line.
        let mut said: Vec<(String, Vec<&str>)> = Vec::new();
        for (target, entry) in targets.iter().zip(row) {
            for text in reasons(entry, sources) {
                match said.iter_mut().find(|(known, _)| *known == text) {
                    Some((_, words)) => words.push(target.word()),
                    None => said.push((text, vec![target.word()])),
                }
            }
        }
        for (text, words) in said {
            let _ = write!(out, "\n{}: {}: {text}", name(row), words.join(", "));
        }
    }
    out.push('\n');
    out
}

fn trim(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
}

fn reasons(entry: &Entry, sources: &Sources) -> Vec<String> {
    let place = |span: crate::diagnostics::Span| {
        let (line, column) = sources.position(span.file, span.start);
        format!("{}:{line}:{column}", sources.path(span.file).display())
    };
    let mut lines: Vec<String> = Vec::new();
    match entry.state {
        State::Exact => {}
        State::Wider | State::Narrower | State::Differs => {
            let each = entry.differences.iter();
            lines.extend(each.map(|d| format!("{}, {} ({})", d.state.word(), d.reason, place(d.span))));
        }
        State::Refused => {
            let each = entry.refusals.iter();
            lines.extend(each.map(|r| format!("refused, {} ({})", reason(r), place(r.primary.span))));
        }
    }
    lines
}

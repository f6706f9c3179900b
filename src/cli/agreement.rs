//! What is said about agreement: the matrix of rules and targets, and disagreements with what shows them.

use super::output::{many, without_controls};
use crate::agreement::{Case, Disagreement, Row, Subject, Tally, TargetTally, block, shrink};
use crate::diagnostics::{Code, Diagnostic, Sources, render};
use crate::evaluate::Asked;
use crate::targets::Target;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What to do where Sigma is to be run and cannot be.
pub(super) const NO_ENGINE: &str = "this build has no Sigma engine; install it with \
    `cargo install --path . --features sigma-engine`";

/// What came of a rule.
pub(super) struct Of<'s> {
    pub(super) subject: Subject<'s>,
    pub(super) tally: Tally,
    /// What came of the tests that replace lists or values: the rule with those, and its disagreements. They are counted
    /// in `tally`.
    pub(super) replaced: Vec<(Subject<'s>, Tally)>,
}

impl<'s> Of<'s> {
    /// A rule none of whose tests replaces anything.
    pub(super) fn new(subject: Subject<'s>, tally: Tally) -> Of<'s> {
        Of {
            subject,
            tally,
            replaced: Vec::new(),
        }
    }

    /// Adds a test that replaces lists or values.
    pub(super) fn take(&mut self, subject: Subject<'s>, tally: Tally) {
        let mut counted = tally.clone();
        for target in &mut counted.targets {
            target.disagreements.clear();
            // That a target does not take what the test puts there says nothing of the rule's own text.
            target.refused = None;
        }
        self.tally.merge(counted);
        self.replaced.push((subject, tally));
    }

    /// The rule's name.
    pub(super) fn name(&self) -> &str {
        &self.subject.plan().rule.name
    }

    /// The disagreements of a target, each with the rule as it was run.
    fn disagreements(&self, target: Target) -> impl Iterator<Item = (&Subject<'s>, &(String, Case, Disagreement))> {
        let own = std::iter::once((&self.subject, &self.tally));
        let replaced = self.replaced.iter().map(|(subject, tally)| (subject, tally));
        own.chain(replaced).flat_map(move |(subject, tally)| {
            let of_target = tally.targets.iter().filter(move |tally| tally.target == target);
            of_target
                .flat_map(|tally| &tally.disagreements)
                .map(move |found| (subject, found))
        })
    }
}

/// The matrix: a line a rule, a column a target.
pub(super) fn matrix(all: &[Of<'_>]) -> String {
    let width = all
        .iter()
        .map(|of| of.name().len())
        .max()
        .unwrap_or(0)
        .max("rule".len());
    let mut out = format!("{:width$}", "rule");
    for target in Target::ALL {
        let _ = write!(out, "  {:9}", target.word());
    }
    let mut lines = vec![out];
    for of in all {
        let mut line = format!("{:width$}", of.name());
        for target in Target::ALL {
            let tally = of.tally.targets.iter().find(|tally| tally.target == target);
            let _ = write!(line, "  {:9}", tally.map_or("untested", TargetTally::word));
        }
        lines.push(line);
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// What the matrix does not say: why something was not run or not settled.
pub(super) fn remarks(all: &[Of<'_>]) -> Vec<String> {
    let mut not_run: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let mut remarks = Vec::new();
    for of in all {
        let mut refused: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for tally in &of.tally.targets {
            if let Some(why) = &tally.refused {
                refused.entry(why).or_default().push(tally.target.word());
            }
        }
        for (why, targets) in refused {
            remarks.push(format!("{}: refused by {}: {why}", of.name(), targets.join(", ")));
        }
        for tally in &of.tally.targets {
            if let Some(why) = &tally.not_run {
                not_run.entry((tally.target.word(), why)).or_default().push(of.name());
            }
            if let Some(why) = &tally.unreadable {
                remarks.push(format!(
                    "{}: the text of {} cannot be read back: {why}",
                    of.name(),
                    tally.target.word()
                ));
            }
            for why in &tally.bad_examples {
                remarks.push(format!("{}: {}: {why}", of.name(), tally.target.word()));
            }
            for (why, count) in &tally.unsettled {
                remarks.push(format!(
                    "{}: {} is not settled in {}: {why}",
                    of.name(),
                    tally.target.word(),
                    many(*count, "case")
                ));
            }
        }
    }
    for ((target, why), rules) in not_run {
        remarks.push(format!("{target} was not run for {}: {why}", rules.join(", ")));
    }
    remarks
}

/// How many rules agree with each target: `kql: 7 agree; sigma: 2 agree, 1 wider as stated, 4 refused`.
pub(super) fn summary(all: &[Of<'_>]) -> String {
    let mut parts = Vec::new();
    for target in Target::ALL {
        let mut words: BTreeMap<&str, usize> = BTreeMap::new();
        for of in all {
            if let Some(tally) = of.tally.targets.iter().find(|tally| tally.target == target) {
                *words.entry(tally.word()).or_default() += 1;
            }
        }
        if words.is_empty() {
            continue;
        }
        let words: Vec<String> = words
            .iter()
            .map(|(word, count)| match *word {
                "wider" | "narrower" | "differs" => format!("{count} {word} as stated"),
                word => format!("{count} {word}"),
            })
            .collect();
        parts.push(format!("{}: {}", target.word(), words.join(", ")));
    }
    parts.join("; ")
}

/// Every disagreement, shown for people.
pub(super) fn disagreements(all: &[Of<'_>], sources: &Sources, color: bool) -> String {
    let mut out = String::new();
    for of in all {
        for tally in &of.tally.targets {
            // The files around a query hold the query of `kql` itself, which is shown already.
            if of.subject.holds_the_query(tally.target) {
                continue;
            }
            for (subject, (called, case, found)) in of.disagreements(tally.target) {
                out.push_str(&one(subject, tally.target, called, case, found, sources, color));
                out.push('\n');
            }
        }
    }
    out
}

fn one(
    subject: &Subject<'_>,
    target: Target,
    called: &str,
    case: &crate::agreement::Case,
    found: &Disagreement,
    sources: &Sources,
    color: bool,
) -> String {
    let mut smallest = found.clone();
    let small = shrink(case, &mut |case| match subject.compare_target(target, case) {
        crate::agreement::Outcome::Disagree(found) => {
            smallest = *found;
            true
        }
        _ => false,
    });
    if let crate::agreement::Outcome::Disagree(found) = subject.compare_target(target, &small) {
        smallest = *found;
    }
    let rule = &subject.plan().rule.name;
    let word = target.word();
    let what = match (smallest.native.first(), smallest.text.first()) {
        (Some(_), Some(_)) => format!("both find rows that the other does not find, here `{word}` and the native run"),
        (Some(_), None) => format!("the native run finds a row that `{word}` does not find"),
        (None, _) => format!("`{word}` finds a row that the native run does not find"),
    };
    let mut finding = Diagnostic::new(
        Code::Disagreement,
        subject.plan().alert.span,
        format!("{rule}, {called}: `{word}` and the native run disagree"),
    )
    .label(what);
    for (side, rows) in [("native", &smallest.native), (word, &smallest.text)] {
        match rows.first() {
            Some(row) => {
                let more = rows.len() - 1;
                let more = if more > 0 {
                    format!(", and {} more", many(more, "row"))
                } else {
                    String::new()
                };
                finding = finding.note(format!("{side}: {}{more}", printed(&smallest.columns, row)));
            }
            None => finding = finding.note(format!("{side}: no such row")),
        }
    }
    let mut out = format!("{}\n", render(&finding, sources, color));
    if let Some(text) = subject.text(target) {
        let _ = writeln!(out, "the text:");
        out.push_str(&numbered(subject, target, &small, text));
    }
    let _ = writeln!(out, "the events, as a test of the rule:");
    for line in written(subject, &small).lines() {
        let _ = writeln!(out, "  {line}");
    }
    out
}

/// The events of a disagreement, as a test of the rule.
fn written(subject: &Subject<'_>, case: &Case) -> String {
    let native = subject.native(case, Asked::Now(case.now));
    block(
        "disagreement",
        subject.compiled,
        subject.plan(),
        subject.catalog(),
        case,
        &native,
    )
}

/// The lines of a text; beside those of a query, how many rows leave them.
fn numbered(subject: &Subject<'_>, target: Target, case: &crate::agreement::Case, text: &str) -> String {
    let traced = match target {
        Target::Kql => subject.trace(case),
        Target::Sentinel | Target::Arm | Target::Sigma => Vec::new(),
    };
    let mut out = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let rows = traced.iter().rev().find(|traced| traced.line == number);
        let rows = rows.map_or(String::new(), |traced| many(traced.rows, "row"));
        let _ = writeln!(out, "  {rows:>8} {number:4} | {line}");
    }
    out
}

fn printed(columns: &[String], row: &Row) -> String {
    let cells = columns.iter().zip(row);
    cells
        .map(|(name, cell)| format!("{name} = {cell}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The matrix for machines.
pub(super) fn to_json(all: &[Of<'_>]) -> serde_json::Value {
    let rules: Vec<serde_json::Value> = all
        .iter()
        .map(|of| {
            let targets: serde_json::Map<String, serde_json::Value> = of
                .tally
                .targets
                .iter()
                .map(|tally| (tally.target.word().to_owned(), target_json(of, tally)))
                .collect();
            json!({
                "rule": of.name(),
                "cases": of.tally.cases,
                "alerting": of.tally.alerting,
                "targets": targets,
            })
        })
        .collect();
    json!(rules)
}

fn target_json(of: &Of<'_>, tally: &TargetTally) -> serde_json::Value {
    let disagreements: Vec<serde_json::Value> = of
        .disagreements(tally.target)
        .map(|(subject, (called, case, found))| {
            let small = shrink(case, &mut |case| {
                matches!(
                    subject.compare_target(tally.target, case),
                    crate::agreement::Outcome::Disagree(_)
                )
            });
            let rows = |rows: &[Row]| rows.iter().map(|row| printed(&found.columns, row)).collect::<Vec<_>>();
            json!({
                "case": called,
                "native": rows(&found.native),
                "text": rows(&found.text),
                "test": written(subject, &small),
            })
        })
        .collect();
    json!({
        "says": tally.word(),
        "state": tally.state.word(),
        "agree": tally.agree,
        "as_stated": tally.as_stated,
        "disagree": tally.disagree,
        "examples": tally.examples,
        "bad_examples": tally.bad_examples,
        "unsettled": tally.unsettled,
        "refused": tally.refused,
        "not_run": tally.not_run,
        "unreadable": tally.unreadable,
        "disagreements": disagreements,
    })
}

/// A test case a target, for JUnit: `agrees with kql`.
pub(super) fn for_junit(of: &Of<'_>, sources: &Sources) -> Vec<serde_json::Value> {
    let span = of.subject.plan().rule.span;
    let (line, _) = sources.position(span.file, span.start);
    let case = |tally: &TargetTally| {
        let shown: Vec<String> = of
            .disagreements(tally.target)
            .map(|(subject, (called, case, found))| one(subject, tally.target, called, case, found, sources, false))
            .collect();
        let skipped = tally.refused.as_deref().or(tally.not_run.as_deref());
        json!({
            "name": format!("agrees with {}", tally.target.word()),
            "file": without_controls(&sources.path(span.file).display().to_string()),
            "line": line,
            "message": match &tally.unreadable {
                Some(why) => Some(format!("the text of {} cannot be read back: {why}", tally.target.word())),
                None => (tally.disagree > 0).then(|| format!("{} and the native run disagree", tally.target.word())),
            },
            "text": without_controls(&shown.join("\n")),
            "skipped": skipped.filter(|_| tally.disagree == 0).map(without_controls),
        })
    };
    of.tally.targets.iter().map(case).collect()
}

#[cfg(test)]
mod tests;

//! `tripline test`

use super::args::{Test, TestFormat};
use super::output::{self, many};
use super::rules::{self, Rules};
use super::{Exit, Misuse};
use crate::diagnostics::{Code, Diagnostic, Severity, Sources, has_errors, render};
use crate::testing::{self, Verdict};
use std::io::IsTerminal as _;

pub(super) fn test(options: &Test) -> Result<Exit, Misuse> {
    rules::with(&options.paths, |rules| run(options, rules))
}

fn run(options: &Test, rules: Rules<'_>) -> Result<Exit, Misuse> {
    let Rules {
        compiled,
        loaded,
        mut findings,
    } = rules;
    findings.retain(|f| f.severity == Severity::Error);
    let mut verdicts = Vec::new();
    let mut untested = Vec::new();
    for rule in compiled {
        let of_rule = testing::run(rule, &loaded.catalog)?;
        if of_rule.is_empty() {
            untested.push(rule.plan.rule.name.as_str());
        }
        verdicts.extend(of_rule);
    }
    let failed = verdicts.iter().filter(|v| !v.failures.is_empty()).count();
    let passed = verdicts.len() - failed;
    let sources = &loaded.files.sources;
    output::findings(&findings, sources);
    match options.format {
        TestFormat::Human => output::result(&human(&verdicts, sources))?,
        TestFormat::Json => output::result(&format!("{}\n", json(&verdicts, sources)))?,
        TestFormat::Junit => output::result(&junit(&verdicts, sources)?)?,
    }
    if !untested.is_empty() {
        eprintln!("without a test: {}", untested.join(", "));
    }
    let summary = format!(
        "{} of {}: {passed} passed, {failed} failed",
        many(verdicts.len(), "test"),
        many(compiled.len(), "rule")
    );
    if options.format == TestFormat::Human {
        output::result(&format!("{summary}\n"))?;
    } else {
        eprintln!("{summary}")
    }
    if has_errors(&findings) {
        eprintln!("{}", output::counts(&findings));
    }
    Ok(if failed > 0 || has_errors(&findings) {
        Exit::Findings
    } else {
        Exit::Clean
    })
}

/// The failures of a test as findings, each at its expectation.
fn findings(verdict: &Verdict) -> Vec<Diagnostic> {
    verdict
        .failures
        .iter()
        .map(|failure| {
            let message = format!("{}, test \"{}\": {}", verdict.rule, verdict.test, failure.message);
            failure.found.iter().fold(
                Diagnostic::new(Code::TestFailed, failure.span, message),
                |finding, line| finding.note(format!("found: {line}")),
            )
        })
        .collect()
}

fn human(verdicts: &[Verdict], sources: &Sources) -> String {
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let all = verdicts.iter().flat_map(findings);
    all.map(|finding| format!("{}\n\n", render(&finding, sources, color)))
        .collect()
}

fn json(verdicts: &[Verdict], sources: &Sources) -> serde_json::Value {
    let tests: Vec<serde_json::Value> = verdicts
        .iter()
        .map(|verdict| {
            let (line, _) = sources.position(verdict.span.file, verdict.span.start);
            let failures: Vec<serde_json::Value> = verdict
                .failures
                .iter()
                .map(|failure| {
                    let (line, _) = sources.position(failure.span.file, failure.span.start);
                    serde_json::json!({ "line": line, "message": failure.message, "found": failure.found })
                })
                .collect();
            serde_json::json!({
                "rule": verdict.rule,
                "test": verdict.test,
                "file": sources.path(verdict.span.file).display().to_string(),
                "line": line,
                "passed": verdict.failures.is_empty(),
                "failures": failures,
            })
        })
        .collect();
    let failed = verdicts.iter().filter(|v| !v.failures.is_empty()).count();
    serde_json::json!({ "tests": tests, "passed": verdicts.len() - failed, "failed": failed })
}

/// JUnit's XML; one suite a rule.
fn junit(verdicts: &[Verdict], sources: &Sources) -> Result<String, Misuse> {
    let mut suites: Vec<(String, Vec<&Verdict>)> = Vec::new();
    for verdict in verdicts {
        match suites.last_mut() {
            Some((rule, tests)) if *rule == verdict.rule => tests.push(verdict),
            _ => suites.push((verdict.rule.clone(), vec![verdict])),
        }
    }
    // XML cannot hold control characters at all.
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|c| *c == '\n' || *c == '\t' || !c.is_control())
            .collect()
    };
    let suites: Vec<serde_json::Value> = suites
        .iter()
        .map(|(rule, tests)| {
            let failed = tests.iter().filter(|t| !t.failures.is_empty()).count();
            let cases: Vec<serde_json::Value> = tests
                .iter()
                .map(|test| {
                    let text: Vec<String> = findings(test).iter().map(|f| render(f, sources, false)).collect();
                    let message = test.failures.first().map(|f| plain(&f.message));
                    let (line, _) = sources.position(test.span.file, test.span.start);
                    serde_json::json!({
                        "name": plain(&test.test),
                        "file": plain(&sources.path(test.span.file).display().to_string()),
                        "line": line,
                        "message": message,
                        "text": plain(&text.join("\n\n")),
                    })
                })
                .collect();
            serde_json::json!({ "name": rule, "tests": tests.len(), "failures": failed, "cases": cases })
        })
        .collect();
    let mut environment = minijinja::Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.add_template("junit.xml", include_str!("junit.xml.j2"))?;
    Ok(environment
        .get_template("junit.xml")?
        .render(minijinja::value::Serde(serde_json::json!({ "suites": suites })))?)
}

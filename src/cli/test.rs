//! `tripline test`

use super::agreement::{self, Of};
use super::args::{Test, TestFormat};
use super::output::{self, many};
use super::rules::{self, Rules};
use super::watchlists::Items;
use super::{Exit, Misuse, mutate, values};
use crate::agreement::{Case, Outcome, Subject, Tally};
use crate::check;
use crate::compile::Compiled;
use crate::diagnostics::{Code, Diagnostic, Severity, Sources, has_errors, render};
use crate::evaluate::Asked;
use crate::plan::Plan;
use crate::targets::Target;
use crate::testing::{self, Verdict};
use std::borrow::Cow;
use std::io::IsTerminal as _;

pub(super) fn test(options: &Test) -> Result<Exit, Misuse> {
    rules::with_values(
        &options.paths,
        values::Source::of_tests(options.values.as_deref()),
        Items::None,
        |rules| {
            if options.mutate {
                mutate::mutate(options, rules)
            } else {
                run(options, rules)
            }
        },
    )
}

fn run(options: &Test, rules: Rules<'_>) -> Result<Exit, Misuse> {
    let Rules {
        compiled,
        loaded,
        mut findings,
    } = rules;
    findings.retain(|f| f.severity == Severity::Error);
    if options.require_sigma && !cfg!(feature = "sigma-engine") {
        return Err(Misuse(agreement::NO_ENGINE.to_owned()));
    }
    let mut verdicts = Vec::new();
    let mut untested = Vec::new();
    for rule in compiled {
        let of_rule = testing::run(rule, &loaded.catalog)?;
        if of_rule.is_empty() {
            untested.push(rule.plan.rule.name.as_str());
        }
        verdicts.extend(of_rule);
    }
    let plans: Vec<Vec<Cow<'_, Plan>>> = compiled.iter().map(plans).collect();
    let mut agreement = Vec::new();
    if !options.native {
        for (rule, plans) in compiled.iter().zip(&plans) {
            let subject = Subject::new(rule, &loaded.catalog, loaded.settings(rule))?;
            let mut tally = Tally::default();
            let mut replaced = Vec::new();
            for (test, plan) in rule.checked.tests.iter().zip(plans) {
                match plan {
                    Cow::Borrowed(_) => compare(test, &subject, &mut tally),
                    Cow::Owned(plan) => {
                        let own = Subject::with_plan(rule, plan, &loaded.catalog, loaded.settings(rule))?;
                        let mut tally = Tally::default();
                        compare(test, &own, &mut tally);
                        replaced.push((own, tally));
                    }
                }
            }
            let mut of = Of::new(subject, tally);
            for (subject, tally) in replaced {
                of.take(subject, tally);
            }
            of.tally.take_examples(of.subject.examples());
            agreement.push(of);
        }
    }
    let disagree = agreement.iter().filter(|of| of.tally.disagrees()).count();
    let failed = verdicts.iter().filter(|v| !v.failures.is_empty()).count();
    let passed = verdicts.len() - failed;
    let sources = &loaded.files.sources;
    output::findings(&findings, sources);
    match options.format {
        TestFormat::Human => output::result(&human(&verdicts, &agreement, sources))?,
        TestFormat::Json => output::result(&format!("{}\n", json(&verdicts, &agreement, sources)))?,
        TestFormat::Junit => output::result(&format!("{}\n", junit(&verdicts, &agreement, sources)?))?,
    }
    if !untested.is_empty() {
        say!("without a test: {}", untested.join(", "));
    }
    let summary = format!(
        "{} of {}: {passed} passed, {failed} failed",
        many(verdicts.len(), "test"),
        many(compiled.len(), "rule")
    );
    let mut summary = vec![summary];
    if agreement.iter().any(|of| of.tally.cases > 0) {
        summary.push(agreement::summary(&agreement));
    }
    for line in summary {
        match options.format {
            TestFormat::Human => output::result(&format!("{line}\n"))?,
            TestFormat::Json | TestFormat::Junit => say!("{line}"),
        }
    }
    if has_errors(&findings) {
        say!("{}", output::counts(&findings));
    }
    Ok(if failed > 0 || disagree > 0 || has_errors(&findings) {
        Exit::Findings
    } else {
        Exit::Clean
    })
}

/// The plan that each test of a rule runs.
fn plans<'r>(rule: &'r Compiled<'_>) -> Vec<Cow<'r, Plan>> {
    let tests = rule.checked.tests.iter();
    tests.map(|test| testing::plan_of(test, &rule.plan)).collect()
}

/// Runs the texts of a rule on the events of a test, as the run of the test and laid end to end.
fn compare(test: &check::Test<'_>, subject: &Subject<'_>, tally: &mut Tally) {
    let case = subject.case_of_test(test);
    let called = format!("test \"{}\"", test.ast.name.value);
    let alerts = !subject.native(&case, Asked::Now(case.now)).is_empty();
    tally.take(&called, &case, alerts, subject.compare(&case));
    if let (_, Some((at, outcome @ Outcome::Disagree(_)))) = subject.laid_end_to_end(&case)
        && let Some(of_kql) = tally.targets.iter_mut().find(|tally| tally.target == Target::Kql)
    {
        of_kql.take(&format!("{called}, run at {at}"), &Case { now: at, ..case }, outcome);
    }
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

fn human(verdicts: &[Verdict], of_texts: &[Of<'_>], sources: &Sources) -> String {
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let all = verdicts.iter().flat_map(findings);
    let mut out: String = all
        .map(|finding| format!("{}\n\n", render(&finding, sources, color)))
        .collect();
    if !of_texts.is_empty() {
        out.push_str(&agreement::disagreements(of_texts, sources, color));
        out.push_str(&agreement::matrix(of_texts));
        out.push('\n');
        for remark in agreement::remarks(of_texts) {
            out.push_str(&format!("{remark}\n"));
        }
    }
    out
}

fn json(verdicts: &[Verdict], of_texts: &[Of<'_>], sources: &Sources) -> serde_json::Value {
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
    serde_json::json!({
        "tests": tests,
        "passed": verdicts.len() - failed,
        "failed": failed,
        "agreement": agreement::to_json(of_texts),
    })
}

/// JUnit's XML; one suite a rule.
fn junit(verdicts: &[Verdict], of_texts: &[Of<'_>], sources: &Sources) -> Result<String, Misuse> {
    let mut suites: Vec<(String, Vec<&Verdict>)> = Vec::new();
    for verdict in verdicts {
        match suites.last_mut() {
            Some((rule, tests)) if *rule == verdict.rule => tests.push(verdict),
            _ => suites.push((verdict.rule.clone(), vec![verdict])),
        }
    }
    let suites: Vec<serde_json::Value> = suites
        .iter()
        .map(|(rule, tests)| {
            let mut cases: Vec<serde_json::Value> = tests
                .iter()
                .map(|test| {
                    let text: Vec<String> = findings(test).iter().map(|f| render(f, sources, false)).collect();
                    let (line, _) = sources.position(test.span.file, test.span.start);
                    serde_json::json!({
                        "name": output::without_controls(&test.test),
                        "file": output::without_controls(&sources.path(test.span.file).display().to_string()),
                        "line": line,
                        "message": test.failures.first().map(|f| output::without_controls(&f.message)),
                        "text": output::without_controls(&text.join("\n\n")),
                        "skipped": null,
                    })
                })
                .collect();
            let of_rule = of_texts.iter().find(|of| of.name() == rule);
            cases.extend(of_rule.into_iter().flat_map(|of| agreement::for_junit(of, sources)));
            let count = |key: &str| cases.iter().filter(|case| !case[key].is_null()).count();
            serde_json::json!({
                "name": rule,
                "tests": cases.len(),
                "failures": count("message"),
                "skipped": count("skipped"),
                "cases": cases,
            })
        })
        .collect();
    let mut environment = minijinja::Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.add_template("junit.xml", include_str!("junit.xml.j2"))?;
    Ok(environment
        .get_template("junit.xml")?
        .render(minijinja::value::Serde(serde_json::json!({ "suites": suites })))?)
}

//! Examples of the rule language: compiled, run, judged.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use tripline::compile::{Files, compile};
use tripline::diagnostics::{Code, render};
use tripline::source::Catalog;
use tripline::testing;

fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| Catalog::builtin().unwrap())
}

/// What came of a text.
struct Outcome {
    codes: BTreeSet<&'static str>,
    /// Findings and failed tests, printed.
    report: String,
}

fn run(text: &str) -> Outcome {
    let mut files = Files::default();
    let mut findings = Vec::new();
    files.add("example.trip".as_ref(), text.as_bytes());
    let world = files.world(catalog()).unwrap();
    findings.append(&mut files.findings);
    let compiled = compile(&files.trees, &world, &mut findings);
    let mut report: Vec<String> = findings.iter().map(|f| render(f, &files.sources, false)).collect();
    let codes = findings.iter().map(|f| f.code.as_str()).collect();
    for rule in &compiled {
        for verdict in testing::run(rule, catalog()).unwrap() {
            for failure in verdict.failures {
                report.push(format!(
                    "test {:?}: {}: {:?}",
                    verdict.test, failure.message, failure.found
                ));
            }
        }
    }
    Outcome {
        codes,
        report: report.join("\n"),
    }
}

fn clean(text: &str) -> Result<(), String> {
    let outcome = run(text);
    match outcome.report.as_str() {
        "" => Ok(()),
        report => Err(format!("{report}\n--\n{text}")),
    }
}

/// What an example says, if it holds; else why not.
pub(crate) fn judge(tag: &str, text: &str) -> Result<(), String> {
    let words: Vec<&str> = tag.split_whitespace().collect();
    match words.as_slice() {
        ["trip"] => clean(text),
        ["trip-part", wrapper] => clean(&wrap(wrapper, text)?),
        ["trip-truth"] => text.lines().filter(|line| !line.trim().is_empty()).try_for_each(truth),
        ["trip-error", code] => error(code, text),
        ["trip-error", code, wrapper] => error(code, &wrap(wrapper, text)?),
        _ => Err("the tests do not know this tag".to_owned()),
    }
}

fn error(code: &str, text: &str) -> Result<(), String> {
    if !Code::ALL.iter().any(|known| known.as_str() == code) {
        return Err(format!("there is no code {code}"));
    }
    let outcome = run(text);
    if outcome.codes.iter().copied().eq([code]) {
        return Ok(());
    }
    Err(format!("it gives {:?}\n{}\n--\n{text}", outcome.codes, outcome.report))
}

/// A whole rule around a part.
pub(crate) fn wrap(wrapper: &str, part: &str) -> Result<String, String> {
    // What a line of the part names; shown, so that it is used.
    let named = regex::Regex::new(r"(?m)^\s*(?:let|each)\s+(\w+)").unwrap();
    let shown: Vec<&str> = named
        .captures_iter(part)
        .filter_map(|c| Some(c.get(1)?.as_str()))
        .collect();
    let show = if shown.is_empty() {
        String::new()
    } else {
        format!("show {}", shown.join(", "))
    };
    let last = regex::Regex::new(r"(?m)^\s*(?:events|group|baseline|match)\s+(\w+)").unwrap();
    let last = last
        .captures_iter(part)
        .last()
        .and_then(|c| Some(c.get(1)?.as_str().to_owned()));
    let body = match wrapper {
        "condition" => format!("events e = aws.cloudtrail where\n{part}\nalert e {{ }}"),
        "steps" => format!("events e = aws.cloudtrail\n{part}\nalert e {{ {show} }}"),
        "columns" => format!(
            "events e = aws.cloudtrail where sourceIPAddress is present
             group g = e by sourceIPAddress per 1h {{\n{part}\n}}
             alert g {{ }}"
        ),
        "meta" => format!("{part}\nevents e = aws.cloudtrail where eventName == \"X\"\nalert e {{ }}"),
        "relations" => format!("{part}\nalert {} {{ }}", last.ok_or("no relation in it")?),
        "alert" => format!(
            "events failure = aws.cloudtrail where eventName == \"ConsoleLogin\" and sourceIPAddress is present
             group hour = failure by sourceIPAddress per 1h {{ n = count users = set userIdentity.userName }}
             {part}"
        ),
        _ => return Err(format!("there is no wrapper `{wrapper}`")),
    };
    Ok(format!("rule example \"An example\" {{\n{body}\n}}\n"))
}

/// `{ errorCode: "x" } errorCode is present => true`
fn truth(line: &str) -> Result<(), String> {
    let wrong = || format!("not `{{ event }} condition => true`: {line}");
    let (rest, says) = line.rsplit_once("=>").ok_or_else(wrong)?;
    let (event, condition) = split_event(rest.trim()).ok_or_else(wrong)?;
    let expect = match says.trim() {
        "true" => "expect 1",
        "false" => "expect none",
        _ => return Err(wrong()),
    };
    clean(&format!(
        "rule example \"An example\" {{
           events e = aws.cloudtrail where {condition}
           alert e {{ }}
           test \"it\" {{ now 2025-08-15T10:00Z -1m {event} {expect} }}
         }}"
    ))
}

/// The object at the start, and what follows it.
fn split_event(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (at > 0).then(|| text.split_at(at + 1));
        }
    }
    None
}

/// Whether a call gives a result, both in the language.
pub(crate) fn judge_call(call: &str, result: &str) -> Result<(), String> {
    let result = if result == "missing" { "null" } else { result };
    clean(&format!(
        "rule example \"An example\" {{
           events e = aws.cloudtrail where eventName is present
           let x = {call}
           alert e {{ show x }}
           test \"it\" {{ now 2025-08-15T10:00Z -1m {{ eventName: \"E\" }} expect {{ x: {result} }} }}
         }}"
    ))
}

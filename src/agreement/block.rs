//! A case as a `test` block of the language.

use super::case::{Case, CaseEvent};
use super::generate::sources;
use crate::compile::Compiled;
use crate::diagnostics::FileId;
use crate::evaluate::{self, AlertRow};
use crate::plan::{Constant, ConstantValue, Literal, Plan, Type};
use crate::source::Catalog;
use crate::syntax;
use crate::value::{Json, Span, Time, Value};
use std::fmt::Write;

/// The case as a `test` block that can be pasted into the rule, laid out as `tripline fmt` does, with a line break at its
/// end. `plan` is the one that was run; the lists and values in which it is not the rule's are written out. The shown columns of `expected`, the native alerts, become `expect { .. }`; none becomes `expect none`. What a test
/// cannot hold, an event behind the clock above all, stands in a comment above the block.
pub fn block(
    name: &str,
    compiled: &Compiled<'_>,
    plan: &Plan,
    catalog: &Catalog,
    case: &Case,
    expected: &[AlertRow],
) -> String {
    let several = sources(&compiled.plan).len() > 1;
    let mut comment = String::new();
    let mut test = format!("test {} {{\nnow {}\n", quoted(&free(name, compiled)), clock(case.now));
    for (own, other) in compiled.plan.constants.iter().zip(&plan.constants) {
        if own.value != other.value {
            let _ = writeln!(test, "{}", declared(other));
        }
    }
    let mut number = 0;
    for event in &case.events {
        let source = if several {
            format!("{} ", catalog.get(event.source).name)
        } else {
            String::new()
        };
        let before = case.now.since(event.time);
        if before.0 < 0 || counts(&event.body) {
            let fields = fields(event, catalog, usize::MAX);
            let _ = writeln!(comment, "#   {} {source}{fields}", event.time);
            continue;
        }
        number += 1;
        let fields = fields(event, catalog, number);
        let _ = writeln!(test, "{} {source}{fields}", offset(before));
    }
    for (count, columns) in wanted(compiled, catalog, expected) {
        let count = if count == 1 && !columns.is_empty() {
            String::new()
        } else {
            format!(" {count}")
        };
        let columns = if columns.is_empty() {
            String::new()
        } else {
            format!(" {{ {columns} }}")
        };
        let _ = writeln!(test, "expect{count}{columns}");
    }
    if expected.is_empty() {
        test.push_str("expect none\n");
    }
    test.push_str("}\n");
    if !comment.is_empty() {
        comment.insert_str(0, "# a test cannot hold these events of the case:\n");
    }
    laid_out(&format!("{comment}{test}"))
}

/// In a rule, formatted, and taken out of it again.
fn laid_out(test: &str) -> String {
    const HEAD: &str = "rule r \"r\" {\n  events e = s\n\n  alert e {\n  }\n";
    let text = format!("{HEAD}\n{test}}}\n");
    let Ok(tree) = syntax::parse(FileId(0), &text) else {
        return test.to_owned();
    };
    let text = syntax::format(&tree, &text);
    let lines: Vec<&str> = text.lines().collect();
    let begin = lines
        .iter()
        .position(|line| line.starts_with("  #") || line.starts_with("  test "));
    let body = begin.and_then(|begin| lines.get(begin..lines.len().saturating_sub(1)));
    body.unwrap_or_default()
        .iter()
        .map(|line| format!("{line}\n"))
        .collect()
}

/// A name that no test of the rule has.
fn free(name: &str, compiled: &Compiled<'_>) -> String {
    let taken = |name: &str| compiled.checked.tests.iter().any(|test| test.ast.name.value == name);
    let mut numbered = (2..).map(|n| format!("{name} {n}"));
    let mut free = name.to_owned();
    while taken(&free) {
        free = numbered.next().unwrap_or_default();
    }
    free
}

/// A list or value as its declaration.
fn declared(constant: &Constant) -> String {
    let literal = |literal: &Literal| match literal {
        Literal::Text(text) => quoted(text),
        Literal::Int(n) => n.to_string(),
        Literal::Real(n) => format!("{n:?}"),
        Literal::Bool(b) => b.to_string(),
        Literal::Duration(d) => d.to_string(),
    };
    match &constant.value {
        ConstantValue::List(elements) => {
            let elements: Vec<String> = elements.iter().map(literal).collect();
            format!("list {} = [{}]", constant.name, elements.join(", "))
        }
        ConstantValue::Scalar(value) => format!("value {} = {}", constant.name, literal(value)),
    }
}

fn clock(now: Time) -> String {
    let text = now.to_string();
    match text.strip_suffix(":00Z") {
        // Only the seconds may be left out.
        Some(rest) if rest.matches(':').count() == 1 => format!("{rest}Z"),
        _ => text,
    }
}

fn offset(before: Span) -> String {
    if before.0 == 0 {
        "0".to_owned()
    } else {
        format!("-{before}")
    }
}

/// Whether a text holds what a test replaces by the number of a repetition.
fn counts(json: &Json) -> bool {
    match json {
        Json::Text(text) => text.contains("{n}"),
        Json::Array(elements) => elements.iter().any(counts),
        Json::Object(members) => members.iter().any(|(_, value)| counts(value)),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Real(_) => false,
    }
}

/// The fields of an event. What identifies it is left out where the test gives the same.
fn fields(event: &CaseEvent, catalog: &Catalog, number: usize) -> String {
    let source = catalog.get(event.source);
    let own = source.id.map(|id| source.get(id).name.as_str());
    let given = quoted(&format!("event {number}"));
    let mut pairs = Vec::new();
    if let Json::Object(members) = &event.body {
        below(members, "", &mut pairs);
    }
    pairs.retain(|(path, value)| !(Some(path.as_str()) == own && *value == given));
    braced(&pairs)
}

fn braced(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(path, value)| format!("{path}: {value}")).collect();
    if pairs.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {} }}", pairs.join(", "))
    }
}

/// The values of an object by their paths: what stands in objects inside is named by longer paths.
fn below(members: &[(std::sync::Arc<str>, Json)], prefix: &str, out: &mut Vec<(String, String)>) {
    for (name, value) in members {
        let path = match (is_word(name), prefix.is_empty()) {
            (true, true) => name.to_string(),
            (true, false) => format!("{prefix}.{name}"),
            (false, true) => quoted(name),
            (false, false) => format!("{prefix}[{}]", quoted(name)),
        };
        match value {
            // A path cannot begin with a word in quotes.
            Json::Object(inner) if !inner.is_empty() && (is_word(name) || !prefix.is_empty()) => {
                below(inner, &path, out);
            }
            _ => out.push((path, literal(value))),
        }
    }
}

/// Whether a path may name it without quotes.
fn is_word(name: &str) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '@');
    let rest = name.get(1..).unwrap_or_default();
    first && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn literal(json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(b) => b.to_string(),
        Json::Int(n) => n.to_string(),
        Json::Real(n) => format!("{n:?}"),
        Json::Text(text) => quoted(text),
        Json::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(literal).collect();
            format!("[{}]", elements.join(", "))
        }
        Json::Object(members) => {
            let mut pairs = Vec::new();
            below(members, "", &mut pairs);
            braced(&pairs)
        }
    }
}

/// With the escapes of JSON, which are those of the language.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// The alerts by what they show, equal ones counted.
fn wanted(compiled: &Compiled<'_>, catalog: &Catalog, expected: &[AlertRow]) -> Vec<(usize, String)> {
    let plan = &compiled.plan;
    let ready = evaluate::Compiled::new(plan, catalog).ok();
    let mut out: Vec<(usize, String)> = Vec::new();
    for row in expected {
        let shown = plan.alert.columns.iter().filter(|column| column.shown);
        let pair = |column: &crate::plan::OutputColumn| {
            let value = ready.as_ref()?.evaluate(&column.value, &row.row).ok()?;
            // A test compares lists and objects as such, and an alert holds the text of them, or of a text that looks so.
            let unclear = matches!(&value, Value::Text(text) if text.starts_with(['[', '{']));
            if unclear && is_json(compiled, &column.path) {
                return None;
            }
            Some((column.path.clone(), of_value(&value)?))
        };
        let columns: Vec<(String, String)> = shown.filter_map(pair).collect();
        let columns: Vec<String> = columns.iter().map(|(path, value)| format!("{path}: {value}")).collect();
        let columns = columns.join(", ");
        match out.iter_mut().find(|(_, other)| *other == columns) {
            Some((count, _)) => *count += 1,
            None => out.push((1, columns)),
        }
    }
    out
}

/// Whether a test takes what a path names for a json value.
fn is_json(compiled: &Compiled<'_>, path: &str) -> bool {
    let checked = &compiled.checked;
    let columns = checked.relations.get(checked.alert).map_or(&[][..], |r| &r.columns);
    let column = columns
        .iter()
        .any(|column| column.name == path && column.ty == Type::Json);
    column
        || checked
            .shown
            .iter()
            .any(|(own, value)| own == path && value.ty == Type::Json)
}

/// A value as a test expects it; none where none can be written.
fn of_value(value: &Value) -> Option<String> {
    Some(match value {
        Value::Missing => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Real(n) if n.is_finite() => format!("{n:?}"),
        Value::Real(_) => return None,
        Value::Text(text) => written(&Json::Text(text.clone()))?,
        Value::Time(time) => quoted(&time.to_string()),
        Value::Json(json) => written(json)?,
        Value::Set(set) => {
            let elements: Option<Vec<String>> = set.iter().map(of_value).collect();
            format!("[{}]", elements?.join(", "))
        }
    })
}

fn written(json: &Json) -> Option<String> {
    (!counts(json)).then(|| literal(json))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{self, Files};
    use crate::source::SourceId;

    #[test]
    fn odd_names_and_what_a_test_cannot_hold() {
        let catalog = Catalog::builtin().unwrap();
        let text = r#"
rule r "r" {
  events e = aws.cloudtrail where eventName is present
  alert e { show eventName }
  test "found" { now 2025-08-15T10:00Z 0 { } expect none }
}
"#;
        let mut files = Files::default();
        files.add(std::path::Path::new("r.trip"), text.as_bytes());
        let world = files.world(&catalog).unwrap();
        let compiled = compile::compile(&files.trees, &world, &mut Vec::new());
        let source: SourceId = catalog.find("aws.cloudtrail").unwrap();
        let now = Time::parse("2025-08-15T10:00:00Z").unwrap();
        let event = |n: usize, ago: i64, body: &str| CaseEvent {
            shape: crate::source::FIELDS,
            source,
            time: now.minus(Span(ago)),
            body: Json::parse(body).unwrap(),
            id: format!("event {n}").into(),
        };
        let case = Case {
            events: vec![
                event(
                    1,
                    600_000_001,
                    r#"{"eventID": "event 1", "requestParameters": {"a b": {"c": null}, "x-y": [{"k.l": 1.5}]}}"#,
                ),
                event(
                    2,
                    0,
                    r#"{"eventID": "own", "userIdentity": {"userName": "a \"b\""}, "resources": []}"#,
                ),
                event(3, 0, r#"{"eventName": "{n}"}"#),
                event(4, -1, r#"{"eventName": "late"}"#),
            ],
            now,
        };
        let written = block("found", &compiled[0], &compiled[0].plan, &catalog, &case, &[]);
        let wanted = r#"  # a test cannot hold these events of the case:
  #   2025-08-15T10:00:00Z { eventName: "{n}" }
  #   2025-08-15T10:00:00.0000001Z { eventName: "late" }
  test "found 2" {
    now 2025-08-15T10:00Z
    -1m0.0000001s { requestParameters["a b"].c: null, requestParameters.x-y: [{ "k.l": 1.5 }] }
    0             { eventID: "own", userIdentity.userName: "a \"b\"", resources: [] }
    expect none
  }
"#;
        assert_eq!(written, wanted);
    }
}

//! The parts of the documents that are made by the program. Each stands between two marks.

use super::markdown::{Part, blocks, read, root};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use tripline::diagnostics::{Code, Severity};
use tripline::functions::{self, Accepts, Function, KqlArgument, Result_};
use tripline::plan::Type;
use tripline::source::{Catalog, FieldType};
use tripline::targets::capability::{self, Says};

pub(crate) fn all() -> Vec<Part> {
    let part = |document, mark: &str, text| Part {
        document,
        mark: mark.to_owned(),
        text,
    };
    vec![
        part("docs/language.md", "functions", functions()),
        part("docs/language.md", "findings", findings()),
        part("docs/fields.md", "fields", fields()),
        part("docs/targets.md", "targets", targets()),
        part("README.md", "kql", example_kql()),
        part("README.md", "sigma", example_sigma()),
        part("README.md", "alert", example_alert()),
    ]
}

// ---- targets --------------------------------------------------------------------------------------------------------

fn targets() -> String {
    let mut out = String::from("| construct | KQL, Sentinel, ARM | Sigma |\n|---|---|---|\n");
    for row in capability::ALL {
        let says = |says: Says| format!("**{}**: {}", says.state.word(), says.how);
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            cell(row.construct),
            cell(&says(row.sentinel)),
            cell(&says(row.sigma))
        );
    }
    out
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

// ---- functions ------------------------------------------------------------------------------------------------------

fn functions() -> String {
    let mut out = String::from("| call | meaning | examples | KQL |\n|---|---|---|---|\n");
    for function in functions::ALL {
        let examples: Vec<String> = function
            .examples
            .iter()
            .map(|example| match example.result {
                "missing" => format!("`{}` is missing", example.call),
                result => format!("`{}` is `{result}`", example.call),
            })
            .collect();
        let row = [
            format!("`{}`", signature(function)),
            function.docs.to_owned(),
            examples.join("<br>"),
            format!("`{}`", (function.kql)(&arguments(function))),
        ];
        writeln!(out, "| {} |", row.map(|text| cell(&text)).join(" | ")).unwrap();
    }
    out
}

fn signature(function: &Function) -> String {
    let parameters: Vec<String> = function
        .parameters
        .iter()
        .map(|parameter| {
            let accepts = match parameter.accepts {
                Accepts::Text => "text",
                Accepts::Collection => "set or list",
                Accepts::Condition => "condition",
                Accepts::Any => "T",
                Accepts::Separator => "\"..\"",
                Accepts::Pattern => "/../",
            };
            format!("{}: {accepts}", parameter.name)
        })
        .collect();
    let result = match function.result {
        Result_::Of { ty, .. } => type_name(ty),
        Result_::OfArguments => "T",
    };
    format!("{}({}) -> {result}", function.name, parameters.join(", "))
}

fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Text => "text",
        Type::Bool => "bool",
        Type::Int => "int",
        Type::Real => "real",
        Type::Time => "time",
        Type::Duration => "duration",
        Type::Json => "json",
        Type::Set(_) => "set",
    }
}

/// Arguments called by the names of their parameters.
fn arguments(function: &Function) -> Vec<KqlArgument> {
    let argument = |parameter: &functions::Parameter| {
        let name = parameter.name.to_owned();
        let (text, ty, literal) = match parameter.accepts {
            Accepts::Separator => ("\"@\"".to_owned(), Type::Text, Some("@".to_owned())),
            Accepts::Pattern => ("@\"..\"".to_owned(), Type::Text, Some("..".to_owned())),
            Accepts::Collection => (format!("tostring({name})"), Type::Json, None),
            Accepts::Condition => (name.clone(), Type::Bool, None),
            Accepts::Text | Accepts::Any => (name.clone(), Type::Text, None),
        };
        KqlArgument {
            text,
            dynamic: name,
            ty,
            literal,
        }
    };
    function.parameters.iter().map(argument).collect()
}

// ---- findings -------------------------------------------------------------------------------------------------------

fn findings() -> String {
    let mut out = String::from("| code | | about |\n|---|---|---|\n");
    for code in Code::ALL {
        let kind = match code.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(out, "| `{}` | {kind} | {} |", code.as_str(), cell(code.title())).unwrap();
    }
    out
}

// ---- fields ---------------------------------------------------------------------------------------------------------

fn fields() -> String {
    let catalog = Catalog::builtin().unwrap();
    let mut out = String::new();
    for (_, source) in catalog.iter() {
        writeln!(
            out,
            "## {}\n\n{}. Sentinel table `{}`.\n",
            source.name, source.title, source.table
        )
        .unwrap();
        if !source.computed.is_empty() {
            out.push_str("| computed field | what it is |\n|---|---|\n");
            for field in &source.computed {
                writeln!(out, "| `{}` | {} |", field.name, cell(&field.doc)).unwrap();
            }
            out.push('\n');
        }
        out.push_str("| field | type | column | what it is |\n|---|---|---|---|\n");
        for field in &source.fields {
            let ty = match field.ty {
                FieldType::Text => "text",
                FieldType::Bool => "bool",
                FieldType::Int => "int",
                FieldType::Real => "real",
                FieldType::Time => "time",
                FieldType::Json => "json",
            };
            writeln!(
                out,
                "| `{}` | {ty} | `{}` | {} |",
                field.name,
                field.column,
                cell(&field.doc)
            )
            .unwrap();
        }
        out.push('\n');
    }
    out
}

// ---- the README's example -------------------------------------------------------------------------------------------

/// What the program prints for the rule of the README: its first `trip` block.
/// A command over the README's own rule.
fn tripline(arguments: &[&str]) -> String {
    let rule = blocks(&read("README.md")).into_iter().find(|block| block.tag == "trip");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("example.trip");
    std::fs::write(&path, rule.expect("README.md shows no rule").text).unwrap();
    tripline_on(&path, arguments)
}

fn tripline_on(path: &Path, arguments: &[&str]) -> String {
    let (command, rest) = arguments.split_first().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tripline"))
        .arg(command)
        .arg(path)
        .args(rest)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn example_kql() -> String {
    format!(
        "```kql\n{}\n```",
        tripline(&["build", "--target", "kql", "--stdout"]).trim_end()
    )
}

/// The last document of a correlation's file.
fn example_sigma() -> String {
    let rule = Path::new("rules/aws/iam/login_profile_takeover.trip");
    let text = tripline_on(rule, &["build", "--target", "sigma", "--stdout"]);
    let last = text.rsplit("---\n").next().unwrap();
    format!("```yaml\n{}\n```", last.trim_end())
}

/// The one alert that the rule gives on the samples, laid out for reading.
fn example_alert() -> String {
    let lines = tripline(&["run", "--input", "tests/samples/cloudtrail", "--format", "ndjson"]);
    let alerts: Vec<&str> = lines.lines().collect();
    let [alert] = alerts.as_slice() else {
        panic!("the README's rule gives {} alerts", alerts.len());
    };
    let members: Vec<String> = members(alert).into_iter().map(shortened).collect();
    format!("```json\n{{\n{}\n}}\n```", members.join(",\n"))
}

/// The members of an object in one line, each as it is written.
fn members(object: &str) -> Vec<&str> {
    let inner = object.strip_prefix('{').and_then(|o| o.strip_suffix('}')).unwrap();
    let (mut depth, mut quoted, mut escaped, mut start) = (0, false, false, 0);
    let mut found = Vec::new();
    for (at, c) in inner.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match c {
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                found.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&inner[start..]);
    found
}

/// One line of the example; of many ids the first two.
fn shortened(member: &str) -> String {
    let (key, value) = member.split_once(':').unwrap();
    let ids: Vec<&str> = value.splitn(3, ',').collect();
    match (key, ids.as_slice()) {
        ("\"events\"", [one, two, _]) => format!("  {key}: {one}, {two}, \"..\"]"),
        _ => format!("  {key}: {value}"),
    }
}

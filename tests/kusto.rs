//! Microsoft's own analyser reads everything that we emit: no diagnostic, no deprecated name, and the columns that we
//! say. A missing analyser is a failure: `./.ci/test` installs it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tripline::agreement::{Subject, prove};
use tripline::compile::{Files, compile};
use tripline::plan::Type;
use tripline::settings::Settings;
use tripline::source::Catalog;
use tripline::targets::{self, Target, kql};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn node(arguments: &[&str]) -> Output {
    let oracles = root().join("tests/oracles");
    assert!(
        oracles.join("node_modules/@kusto/language-service-next").is_dir(),
        "Microsoft's analyser is not installed: run ./.ci/test, or npm ci in tests/oracles"
    );
    Command::new("node")
        .args(arguments)
        .current_dir(oracles)
        .output()
        .expect("node is needed (Node 20): https://nodejs.org")
}

fn rule_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["rules", "tests/cases"] {
        for entry in walkdir::WalkDir::new(root().join(folder)).sort_by_file_name() {
            let entry = entry.unwrap();
            if entry.path().extension().is_some_and(|e| e == "trip") {
                files.push(entry.into_path());
            }
        }
    }
    files
}

fn kql_type(ty: Type) -> &'static str {
    match ty {
        Type::Text => "string",
        Type::Bool => "bool",
        Type::Int => "long",
        Type::Real => "real",
        Type::Time => "datetime",
        Type::Duration => "timespan",
        Type::Json | Type::Set(_) => "dynamic",
    }
}

/// A column of the result that a rule of Sentinel names.
struct Mapped {
    name: String,
    /// Of an entity.
    identifier: Option<String>,
}

/// The columns that entities, custom details and the texts of an alert name.
fn columns_of(rule: &Value) -> Vec<Mapped> {
    let mut found = Vec::new();
    for entity in rule["entityMappings"].as_array().into_iter().flatten() {
        for field in entity["fieldMappings"].as_array().unwrap() {
            found.push(Mapped {
                name: field["columnName"].as_str().unwrap().to_owned(),
                identifier: Some(field["identifier"].as_str().unwrap().to_owned()),
            });
        }
    }
    let plain = |name: &str| Mapped {
        name: name.to_owned(),
        identifier: None,
    };
    let details = rule["customDetails"].as_object().into_iter().flatten();
    found.extend(details.map(|(_, column)| plain(column.as_str().unwrap())));
    for text in rule["alertDetailsOverride"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, text)| text)
    {
        let mut rest = text.as_str().unwrap();
        while let Some((_, behind)) = rest.split_once("{{") {
            let (name, behind) = behind.split_once("}}").unwrap();
            found.push(plain(name));
            rest = behind;
        }
    }
    found
}

#[test]
fn every_emitted_query_binds_and_has_the_columns_that_we_say() {
    let catalog = Catalog::builtin().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut expected: BTreeMap<String, Vec<(String, &str)>> = BTreeMap::new();
    let mut mapped: BTreeMap<String, Vec<Mapped>> = BTreeMap::new();
    let mut proofs = 0;
    for path in rule_files() {
        let mut files = Files::default();
        files.add(&path, &std::fs::read(&path).unwrap());
        files.link(&Default::default());
        let world = files.world(&catalog).unwrap();
        let mut findings = Vec::new();
        for rule in compile(&files.trees, &world, &mut findings) {
            let query =
                kql::emit(&rule.plan, &catalog).unwrap_or_else(|refused| panic!("{}: {refused:?}", path.display()));
            let file = folder.path().join(format!("{}.kql", rule.plan.rule.name));
            std::fs::write(&file, &query.text).unwrap();
            let sentinel = targets::emit(Target::Sentinel, &rule.plan, &catalog, &Settings::default());
            let sentinel = sentinel.unwrap_or_else(|refused| panic!("{}: {refused:?}", path.display()));
            let document: Value = serde_yaml::from_str(&sentinel.text).unwrap();
            assert_eq!(document["query"], query.text, "{}", path.display());
            mapped.insert(file.display().to_string(), columns_of(&document));
            let columns: Vec<(String, &str)> = query.columns.iter().map(|c| (c.name.clone(), kql_type(c.ty))).collect();
            expected.insert(file.display().to_string(), columns.clone());
            // The query over the events of a test, for any workspace.
            let settings = Settings::default();
            let subject = Subject::new(&rule, &catalog, &settings).unwrap();
            for test in rule.checked.tests.iter().take(1) {
                let proof = prove(&subject, &test.ast.name.value, &subject.case_of_test(test)).unwrap();
                let file = folder.path().join(format!("{}.proof.kql", rule.plan.rule.name));
                std::fs::write(&file, proof).unwrap();
                mapped.insert(file.display().to_string(), Vec::new());
                expected.insert(file.display().to_string(), columns.clone());
                proofs += 1;
            }
        }
    }
    assert!(expected.len() >= 37, "only {} queries", expected.len());
    assert!(proofs >= 7, "only {proofs} proofs");
    let mut arguments = vec!["kusto.mjs", "../../targets/tables"];
    arguments.extend(expected.keys().map(String::as_str));
    let output = node(&arguments);
    let (mut read, mut columns) = (0, 0);
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let report: serde_json::Value = serde_json::from_str(line).unwrap();
        let file = report["file"].as_str().unwrap();
        assert_eq!(report["diagnostics"], serde_json::json!([]), "{file}");
        assert_eq!(report["deprecated"], serde_json::json!([]), "{file}");
        let found: Vec<(String, &str)> = report["columns"]
            .as_array()
            .unwrap()
            .iter()
            // A column of a table may be an `int`, which is a whole number like a `long`.
            .map(|c| {
                let ty = c["type"].as_str().unwrap();
                let ty = if ty == "int" { "long" } else { ty };
                (c["name"].as_str().unwrap().to_owned(), ty)
            })
            .collect();
        assert_eq!(found, expected[file], "{file}: the result's columns");
        for column in &mapped[file] {
            let of_result = found.iter().find(|(name, _)| *name == column.name);
            let (_, ty) = of_result.unwrap_or_else(|| panic!("{file}: {} is in no result", column.name));
            let fits = match column.identifier.as_deref() {
                None => true,
                Some("ProcessId") => ["string", "long"].contains(ty),
                Some("CreationTimeUtc") => ["string", "datetime"].contains(ty),
                Some("IsDomainJoined") => ["string", "bool"].contains(ty),
                Some(_) => *ty == "string",
            };
            assert!(fits, "{file}: {} is {ty}", column.name);
            columns += 1;
        }
        read += 1;
    }
    assert!(columns >= 80, "only {columns} mapped columns");
    assert_eq!(read, expected.len(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
}

#[test]
fn the_analyser_is_awake() {
    let output = node(&["awake.mjs"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// About half a minute: every word is tried as a column and in a path.
#[test]
fn our_keywords_are_those_of_the_analyser() {
    let list = root().join("targets/kql/keywords.txt");
    let output = node(&["keywords.mjs", "--list", list.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

//! `tripline kql`, through the binary: what it prints, what it says, and what it makes of mistakes.
//!
//! A case is a file `tests/kql_command/NAME.args`: a line that says what is looked at, and the arguments. The files that
//! they name are in `tests/kql_command/files`.

#![cfg(feature = "cli")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

mod common;
#[path = "docs/markdown.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod markdown;

use common::{Said, command, finish, project, snapshot, tripline};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

const FILES: &str = "tests/kql_command/files";

/// The files of a folder of the project with that ending, sorted.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(project().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == ending))
        .collect();
    found.sort();
    found
}

#[test]
fn every_case_says_what_it_should() {
    let folder = Path::new("tests/kql_command");
    let cases = files(folder, "args");
    assert!(cases.len() >= 60, "{}", cases.len());
    for case in &cases {
        let text = std::fs::read_to_string(case).unwrap();
        let (what, args) = text.split_once('\n').unwrap();
        let args: Vec<&str> = std::iter::once("kql").chain(args.split_whitespace()).collect();
        let said = tripline(&args);
        let name = case.file_stem().unwrap().to_str().unwrap();
        let expected = match name.split('_').next().unwrap() {
            "misuse" => Some(2),
            "error" => Some(1),
            _ => said.code,
        };
        assert_eq!(said.code, expected, "{name}\n{}", said.page());
        let page = said.page().replace('\r', "\\r");
        snapshot(folder, name, &format!("{what}\n{page}"));
    }
    let snapshots: Vec<_> = files(folder, "snap");
    assert_eq!(snapshots.len(), cases.len(), "a snapshot without its case");
}

/// The text on standard input.
fn piped(args: &[&str], text: &str) -> Said {
    let mut command = command([&["kql"], args].concat());
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut input).unwrap();
    command.stdin(Stdio::from(input));
    finish(command)
}

fn result(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{}", said.page());
    serde_json::from_str(&said.stdout).unwrap()
}

#[test]
fn standard_input_holds_a_query_a_rule_or_rows() {
    let said = piped(&["-", "--now", "2025-08-15T10:00:00Z"], "print now()");
    assert_eq!(result(&said)["rows"], json!([["2025-08-15T10:00:00.0000000Z"]]));
    for text in [
        "name: r\nquery: |\n  print 1\n",
        "{\"properties\": {\"query\": \"print 1\"}}",
        "print 1",
    ] {
        assert_eq!(result(&piped(&["-"], text))["rows"], json!([[1]]), "{text}");
    }
    let said = piped(&["-"], "print 1\n| where x");
    assert!(said.stderr.starts_with("-:2:9: "), "{}", said.stderr);
    let query = format!("{FILES}/dates.kql");
    let said = piped(&[&query, "--table", "Dates_CL=-"], "{\"a\": 1}\n{\"a\": 2}");
    assert_eq!(result(&said)["rows"], json!([[1], [2]]));
}

/// Where nobody says when, it is now.
#[test]
fn the_clock_of_the_machine_is_the_default() {
    let said = piped(
        &["-"],
        "print now() between (datetime(2025-01-01) .. datetime(9000-01-01)), ago(1d) < now()",
    );
    assert_eq!(result(&said)["rows"], json!([[true, true]]));
}

/// Packed rows are rows, whatever their names say.
#[test]
fn tables_are_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    let mut packed = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
    packed
        .write_all(&std::fs::read(project().join(FILES).join("custom.csv")).unwrap())
        .unwrap();
    packed.finish().unwrap();
    let table = format!("Custom_CL={}", path.display());
    let query = format!("{FILES}/custom.kql");
    let plain = format!("Custom_CL={FILES}/custom.csv");
    let rows = |table: &str| result(&tripline(["kql", &query, "--table", table]));
    assert_eq!(rows(&table), rows(&plain));
}

/// A file that is no text of ours is told apart, before anybody reads it as a query or as rows.
#[test]
fn what_is_no_text_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("query.kql");
    for (bytes, reason) in [
        (&b"print 1 // caf\xe9\n"[..], "line 1 is not UTF-8 text"),
        (b"\xff\xfep\0r\0", "is UTF-16 text; save it as UTF-8"),
        (b"PK\x03\x04...", "is a zip archive; unpack it first"),
        (b"print\0 1", "is a binary file"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let table = format!("T={}", path.display());
        for said in [
            tripline(["kql".as_ref(), path.as_os_str()]),
            piped(&["-", "--table", &table], "T"),
        ] {
            assert_eq!(said.code, Some(2), "{}", said.page());
            assert!(said.stderr.contains(reason), "{}", said.stderr);
        }
    }
}

/// What a run prints can be read again and is the same table.
#[test]
fn results_are_tables() {
    let folder = tempfile::tempdir().unwrap();
    let query = format!("{FILES}/types.kql");
    let first = tripline(["kql", &query, "--format", "json"]);
    let path = folder.path().join("result.json");
    std::fs::write(&path, &first.stdout).unwrap();
    let table = format!("Result={}", path.display());
    let said = piped(&["-", "--table", &table, "--strict"], "Result");
    assert_eq!(result(&said), result(&first));
}

/// A table of one's own lies beside the rules, as a source does.
#[test]
fn tables_beside_a_query_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let tables = folder.path().join("targets/tables");
    let rules = folder.path().join("rules/deep");
    std::fs::create_dir_all(&tables).unwrap();
    std::fs::create_dir_all(&rules).unwrap();
    std::fs::write(tables.join("Ours_CL.yaml"), "TimeGenerated: datetime\nUser: string\n").unwrap();
    let query = rules.join("q.kql");
    std::fs::write(&query, "Ours_CL | project User").unwrap();
    let said = tripline(["kql".as_ref(), query.as_os_str(), "--check".as_ref()]);
    assert_eq!(result(&said)["columns"], json!([{"name": "User", "type": "string"}]));
}

/// Our own texts are read back from the files that `tripline build` writes.
#[test]
fn rules_that_we_emit_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let built = tripline(["build", "rules", "--target", "kql,sentinel,arm", "--out", out]);
    assert_eq!(built.code, Some(0), "{}", built.page());
    let columns = |args: &[&str]| result(&tripline([&["kql", "--check"], args].concat()));
    let template = format!("{out}/arm/azuredeploy.json");
    let mut read = 0;
    for entry in walkdir::WalkDir::new(folder.path().join("sentinel")).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        if !path.is_file() {
            continue;
        }
        let path = path.to_str().unwrap();
        let rule: Value = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let of_rule = columns(&[path]);
        let query = path.replace("/sentinel/", "/kql/").replace(".yaml", ".kql");
        assert_eq!(columns(&[&query]), of_rule, "{path}");
        for name in [&rule["name"], &rule["id"]] {
            assert_eq!(
                columns(&[&template, "--rule", name.as_str().unwrap()]),
                of_rule,
                "{path}"
            );
        }
        read += 1;
    }
    assert!(read >= 7, "only {read}");
}

/// Blocks of the documents that show a terminal: what a command prints is what stands below it.
#[test]
fn the_documents_show_what_happens() {
    let mut shown = 0;
    for document in ["README.md", "docs/kql.md"] {
        for block in markdown::blocks(&markdown::read(document)) {
            if block.tag != "console" {
                continue;
            }
            for part in format!("\n{}", block.text).split("\n$ ").skip(1) {
                let (line, expected) = part.split_once('\n').unwrap_or((part, ""));
                let words: Vec<&str> = line.split_whitespace().collect();
                let printed = match words.split_first() {
                    Some((&"cat", files)) => markdown::read(files[0]),
                    Some((&"tripline", args)) => {
                        let said = tripline(args);
                        match said.code {
                            Some(0) => said.stdout.replace('\r', ""),
                            _ => said.stderr,
                        }
                    }
                    _ => panic!("{document}:{}: the tests cannot run `{line}`", block.line),
                };
                assert_eq!(
                    printed.trim_end(),
                    expected.trim_end(),
                    "{document}:{}: {line}",
                    block.line
                );
                shown += 1;
            }
        }
    }
    assert!(shown >= 6, "only {shown} commands");
}

// ---- facts that are not part of this repository -----------------------------------------------------------------------

fn shared() -> Option<PathBuf> {
    let Some(shared) = std::env::var_os("TRIPLINE_SHARED") else {
        println!("not run: TRIPLINE_SHARED is not set");
        return None;
    };
    Some(PathBuf::from(shared))
}

/// The tables that somebody else compiled have the columns that ours have.
#[test]
fn tables_are_those_of_the_shared_schemas() {
    let Some(shared) = shared() else { return };
    let known = tripline::kql::workspace();
    let mut compared = 0;
    for path in files(&shared.join("schemas"), "yaml") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let facts: Value = serde_yaml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let theirs: BTreeMap<String, String> = facts["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| {
                (
                    c["name"].as_str().unwrap().to_owned(),
                    c["type"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        let table = known.get(name).unwrap_or_else(|| panic!("no table {name}"));
        let ours: BTreeMap<String, String> = table
            .columns
            .iter()
            .map(|c| (c.name.to_string(), c.ty.to_string()))
            .collect();
        assert_eq!(ours, theirs, "{name}");
        compared += 1;
    }
    assert!(compared >= 20, "only {compared} tables");
}

/// The four queries that started it all, as they are.
#[test]
fn the_original_queries_run_unmodified() {
    let Some(shared) = shared() else { return };
    let mut page = String::new();
    let queries = files(&shared.join("seed-queries"), "kql");
    assert_eq!(queries.len(), 4);
    for path in queries {
        let name = path.file_name().unwrap().to_str().unwrap();
        let folder = path.parent().unwrap().display().to_string();
        for now in ["2025-08-15T00:00:00Z", "2025-08-15T03:00:00Z"] {
            let mut args = vec!["kql", path.to_str().unwrap(), "--now", now, "--period", "14d"];
            args.extend([
                "--format",
                "ndjson",
                "--input",
                "tests/samples/cloudtrail",
                "tests/samples/azure",
            ]);
            let said = tripline(args);
            assert_eq!(said.code, Some(0), "{}", said.page());
            page.push_str(&format!(
                "== {name} at {now}\n{}",
                said.stderr.replace(&folder, "<shared>")
            ));
            for row in said.stdout.lines() {
                page.extend(row.chars().take(300).chain(['\n']));
            }
        }
    }
    snapshot(Path::new("tests/snapshots"), "kql_originals", &page);
}

// ---- mappings -----------------------------------------------------------------------------------------------------------

/// Every column that a source maps to is a column of its table, with the same type.
#[test]
fn sources_fit_their_tables() {
    let tables = tripline::kql::workspace();
    let mut compared = 0;
    for source in files(Path::new("targets/sources"), "yaml") {
        let text = std::fs::read_to_string(&source).unwrap();
        let facts: Value = serde_yaml::from_str(&text).unwrap();
        let name = facts["table"].as_str().unwrap();
        let table = tables.get(name).unwrap_or_else(|| panic!("no table {name}"));
        let catalog = tripline::source::Catalog::from_text(&source, &text).unwrap();
        for (_, source) in catalog.iter() {
            for field in &source.fields {
                let column = table.column(&field.column);
                let column = column.unwrap_or_else(|| panic!("{name} has no column {}", field.column));
                let ours = format!("{:?}", field.column_type).to_lowercase();
                assert_eq!(table.columns[column].ty.to_string(), ours, "{name}.{}", field.column);
                compared += 1;
            }
        }
    }
    assert!(compared >= 100, "only {compared} columns");
}

/// The rows of a table, each as its columns by name; empty cells are left out.
fn rows(table: &str, args: &[&str]) -> Vec<BTreeMap<String, Value>> {
    let said = piped(&[&["-", "--format", "json"], args].concat(), table);
    let found = result(&said);
    let names: Vec<&str> = found["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    let row = |row: &Value| {
        let cells = names.iter().zip(row.as_array().unwrap());
        let full = cells.filter(|(_, cell)| !cell.is_null() && cell.as_str() != Some(""));
        full.map(|(name, cell)| ((*name).to_owned(), plain(cell))).collect()
    };
    let mut rows: Vec<BTreeMap<String, Value>> = found["rows"].as_array().unwrap().iter().map(row).collect();
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

/// Text that holds JSON, read: blanks and the order of keys do not matter there.
fn plain(cell: &Value) -> Value {
    match cell.as_str() {
        Some(text) if text.starts_with(['{', '[']) => serde_json::from_str(text).unwrap_or_else(|_| cell.clone()),
        _ => cell.clone(),
    }
}

/// An export read as a table, and the same file read as a log of its source: the log fills every cell that the table has
/// and the source maps, with the same value. It fills one more where two columns hold one thing, as JSON text and parsed.
fn compare_export(table: &str, file: &Path, source: &str, id: &str) {
    let file = file.to_str().unwrap();
    let mut as_table = rows(table, &["--table", &format!("{table}={file}")]);
    let mut as_log = rows(table, &["--input", file]);
    let catalog = tripline::source::Catalog::from_text(
        Path::new(source),
        &std::fs::read_to_string(project().join(source)).unwrap(),
    )
    .unwrap();
    let (_, source) = catalog.iter().next().unwrap();
    let key = |row: &BTreeMap<String, Value>| format!("{} {}", row["TimeGenerated"], row[id]);
    as_table.sort_by_key(key);
    as_log.sort_by_key(key);
    assert_eq!(as_table.len(), as_log.len(), "{file}");
    let mut compared = 0;
    for (row, event) in as_table.iter().zip(&as_log) {
        for column in source.fields.iter().map(|field| field.column.as_str()) {
            let (cell, found) = (row.get(column), event.get(column));
            if cell.is_some() {
                assert_eq!(found, cell, "{file}: {column} of {}", key(row));
                compared += 1;
            } else if found.is_some() {
                let twin = column
                    .strip_suffix("_d")
                    .map_or_else(|| format!("{column}_d"), str::to_owned);
                assert!(row.contains_key(&twin), "{file}: {column} of {} is {found:?}", key(row));
            }
        }
    }
    assert!(compared > 10 * as_table.len(), "{file}: only {compared} cells");
}

#[test]
fn an_export_is_the_same_as_a_table_and_as_a_log() {
    compare_export(
        "AzureActivity",
        Path::new("tests/samples/azure/AzureActivity.ndjson"),
        "targets/sources/azure.activity.yaml",
        "EventDataId",
    );
    let Some(shared) = shared() else { return };
    compare_export(
        "AWSCloudTrail",
        &shared.join("data/sentinel-tables/AWSCloudTrail_ConsoleLogin_excerpt.csv"),
        "targets/sources/aws.cloudtrail.yaml",
        "AwsEventId",
    );
    compare_export(
        "AzureActivity",
        &shared.join("data/azure-activity/AzureActivity_adele.csv"),
        "targets/sources/azure.activity.yaml",
        "EventDataId",
    );
}

/// Names of CloudTrail's record, from its reference, and the columns that hold them.
const RAW: [(&str, &[&str]); 21] = [
    ("AwsEventId", &["eventID"]),
    ("EventVersion", &["eventVersion"]),
    ("EventSource", &["eventSource"]),
    ("EventTypeName", &["eventType"]),
    ("EventName", &["eventName"]),
    ("UserIdentityType", &["userIdentity", "type"]),
    ("UserIdentityPrincipalid", &["userIdentity", "principalId"]),
    ("UserIdentityArn", &["userIdentity", "arn"]),
    ("UserIdentityAccountId", &["userIdentity", "accountId"]),
    ("UserIdentityUserName", &["userIdentity", "userName"]),
    ("AWSRegion", &["awsRegion"]),
    ("SourceIpAddress", &["sourceIPAddress"]),
    ("UserAgent", &["userAgent"]),
    ("ResponseElements", &["responseElements"]),
    ("AdditionalEventData", &["additionalEventData"]),
    ("ReadOnly", &["readOnly"]),
    ("RecipientAccountId", &["recipientAccountId"]),
    ("ManagementEvent", &["managementEvent"]),
    ("TlsVersion", &["tlsDetails", "tlsVersion"]),
    ("CipherSuite", &["tlsDetails", "cipherSuite"]),
    ("ClientProvidedHostHeader", &["tlsDetails", "clientProvidedHostHeader"]),
];

/// Rows that the service wrote, taken back to the records that they were made of, give the same rows.
#[test]
fn records_become_the_rows_that_the_service_writes() {
    let Some(shared) = shared() else { return };
    let export = shared.join("data/sentinel-tables/AWSCloudTrail_ConsoleLogin_excerpt.csv");
    let written = rows(
        "AWSCloudTrail",
        &["--table", &format!("AWSCloudTrail={}", export.display())],
    );
    let mut records = String::new();
    let mut expected = Vec::new();
    let mut used = BTreeMap::new();
    for row in &written {
        let mut record = json!({"eventTime": row["TimeGenerated"].as_str().unwrap().replace(".0000000", "")});
        let mut cells = BTreeMap::from([("TimeGenerated".to_owned(), row["TimeGenerated"].clone())]);
        for (column, path) in RAW {
            if let Some(cell) = row.get(column) {
                let pointer = path.iter().fold(&mut record, |record, key| &mut record[*key]);
                *pointer = cell.clone();
                cells.insert(column.to_owned(), cell.clone());
                *used.entry(column).or_insert(0) += 1;
            }
        }
        records.push_str(&format!("{record}\n"));
        expected.push(cells);
    }
    assert!(used.len() >= 20, "{used:?}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.ndjson");
    std::fs::write(&path, records).unwrap();
    let mut found = rows("AWSCloudTrail", &["--input", path.to_str().unwrap()]);
    for row in &mut found {
        row.remove("Type");
    }
    expected.sort_by_key(|row| format!("{row:?}"));
    found.sort_by_key(|row| format!("{row:?}"));
    assert_eq!(found, expected);
}

//! `tripline source new` through the binary: what it writes of columns and of sample events, that all of it passes `check`, and
//! the walk-through of docs/sources.md.

#![cfg(feature = "cli")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

mod common;

use common::{project, snapshot, tripline};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const FOLDER: &str = "tests/source_new";

/// The arguments of `source new`, each with the name of its snapshot.
const DRAFTS: &[(&str, &[&str])] = &[
    ("doors", &["site.doors", "--from", "doors.ndjson"]),
    ("okta", &["okta.system", "--from", "okta.ndjson"]),
    (
        "okta_of_a_known_table",
        &["okta.system", "--from", "okta.ndjson", "--table", "Okta_CL"],
    ),
    ("odd", &["odd", "--from", "odd.json"]),
    (
        "diagnostics",
        &[
            "entra.silent",
            "--from",
            "diagnostics.json",
            "--table",
            "AADNonInteractiveUserSignInLogs",
        ],
    ),
    ("getschema", &["my.trail", "--from", "MyTrail_CL.csv"]),
];

/// The arguments, with the files of the folder.
fn args<'a>(given: &'a [&'a str]) -> Vec<String> {
    let there = |arg: &&str| project().join(FOLDER).join(arg).is_file();
    let arg = |arg: &&str| {
        if there(arg) {
            format!("{FOLDER}/{arg}")
        } else {
            (*arg).to_owned()
        }
    };
    ["source", "new"]
        .iter()
        .map(|arg| (*arg).to_owned())
        .chain(given.iter().map(arg))
        .collect()
}

/// Drafts a source into a folder and checks it; what it wrote, by its path below the folder.
fn written(given: &[String], folder: &Path) -> Vec<(String, String)> {
    let mut args = given.to_vec();
    args.extend(["--out".to_owned(), folder.to_str().unwrap().to_owned()]);
    let said = tripline(&args);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (Some(0), ""),
        "{args:?}\n{}",
        said.stderr
    );
    let checked = tripline([
        Path::new("check"),
        &folder.join("sources"),
        Path::new("--deny"),
        Path::new("warnings"),
    ]);
    assert_eq!(checked.code, Some(0), "{args:?}\n{}", checked.stderr);
    let mut files = Vec::new();
    for below in ["sources", "tables"] {
        let Ok(entries) = std::fs::read_dir(folder.join(below)) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            files.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn first_versions() {
    for (name, given) in DRAFTS {
        let folder = tempfile::tempdir().unwrap();
        let given = args(given);
        let said = tripline(&given);
        let mut page = said.page();
        let files = written(&given, folder.path());
        assert_eq!(files[0].1, said.stdout, "{name}: both ways write the same");
        for (path, text) in files.iter().skip(1) {
            write!(page, "-- {path}\n{text}").unwrap();
        }
        snapshot(Path::new(FOLDER), name, &page);
    }
}

/// Whatever the table is, a draft of its columns is sound, and tells its rows from those of all other tables.
#[test]
fn every_known_table() {
    let folder = tempfile::tempdir().unwrap();
    let tables = tripline::kql::workspace();
    let names: Vec<&str> = tables.names().step_by(6).collect();
    assert!(names.len() > 10);
    for name in names {
        let mut csv = "ColumnName,ColumnOrdinal,DataType,ColumnType\n".to_owned();
        let table = tables.get(name).unwrap();
        for (number, column) in table.columns.iter().enumerate() {
            writeln!(csv, "{},{number},,{}", column.name, column.ty).unwrap();
        }
        let from = folder.path().join(format!("{name}.csv"));
        std::fs::write(&from, csv).unwrap();
        let out = folder.path().join(name);
        let given = ["source", "new", "a.table", "--from", from.to_str().unwrap()].map(str::to_owned);
        let files = written(&given, &out);
        assert_eq!(files.len(), 1, "{name} is known, so no file of its columns is written");
        let list = |key: &str| -> Vec<String> {
            let line = files[0]
                .1
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(": ["));
            let texts = line
                .unwrap_or("]")
                .trim_end_matches(']')
                .split(", ")
                .filter(|text| !text.is_empty());
            texts.map(|text| text.trim_matches('"').to_owned()).collect()
        };
        let (has, lacks) = (list("table_has"), list("table_lacks"));
        for other in tables.names().filter(|other| *other != name) {
            let column = |column: &String| tables.get(other).unwrap().column(column).is_some();
            assert!(
                !has.iter().all(column) || lacks.iter().any(column),
                "rows of {other} would be taken for {name}: {has:?}, {lacks:?}"
            );
        }
    }
}

/// Logs of every layout that we have are drafted into something sound.
#[test]
fn every_sample() {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in ["tests/samples/cloudtrail", "tests/samples/azure"] {
        for entry in std::fs::read_dir(project().join(folder)).unwrap() {
            files.push(Path::new(folder).join(entry.unwrap().file_name()));
        }
    }
    let mut drafted = 0;
    for file in files {
        let folder = tempfile::tempdir().unwrap();
        let given = ["source", "new", "a.log", "--from", file.to_str().unwrap()].map(str::to_owned);
        if tripline(&given).code == Some(0) {
            written(&given, folder.path());
            drafted += 1;
        }
    }
    assert!(drafted > 2, "{drafted}");
}

#[test]
fn what_it_does_not_do() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let doors = args(&["site.doors", "--from", "doors.ndjson", "--out", out]);
    assert_eq!(tripline(&doors).code, Some(0));
    let before = std::fs::read_to_string(folder.path().join("sources/site.doors.yaml")).unwrap();
    let mut pages = String::new();
    for (name, given) in [
        ("files that are there", doors.clone()),
        ("records without a time", args(&["a", "--from", "no_time.json"])),
        ("columns without a time", args(&["a", "--from", "no_time.csv"])),
        ("another table", args(&["a", "--from", "no_schema.csv"])),
        ("no file", args(&["a", "--from", "missing.json"])),
        ("no name", args(&["site-doors", "--from", "doors.ndjson"])),
    ] {
        let said = tripline(&given);
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{name}");
        writeln!(pages, "== {name}\n{}", said.page().replace(out, "<folder>")).unwrap();
    }
    let after = std::fs::read_to_string(folder.path().join("sources/site.doors.yaml")).unwrap();
    assert_eq!(before, after);
    snapshot(Path::new("tests/snapshots"), "source_new_refused", &pages);
}

/// The walk-through of docs/sources.md: each of its blocks is what the program says or reads.
#[test]
fn the_walk_through_is_true() {
    let page = std::fs::read_to_string(project().join("docs/sources.md")).unwrap();
    let walk = page
        .split("## A source, step by step")
        .nth(1)
        .expect("the section is there");
    let walk = walk.split("\n## ").next().unwrap();
    let blocks: Vec<&str> = walk.split("```").skip(1).step_by(2).collect();
    let block = |kind: &str| -> Vec<&str> {
        let all = blocks
            .iter()
            .filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n'));
        all.collect()
    };
    // The sample.
    let sample = std::fs::read_to_string(project().join(FOLDER).join("doors.ndjson")).unwrap();
    assert_eq!(block("json")[0], sample);
    // The file that is written, and the one that a person makes of it.
    let folder = tempfile::tempdir().unwrap();
    let targets = folder.path().join("targets");
    let files = written(&args(&["site.doors", "--from", "doors.ndjson"]), &targets);
    let yaml = block("yaml");
    assert_eq!((yaml[0], yaml[1]), (files[0].1.as_str(), files[1].1.as_str()));
    std::fs::write(targets.join("sources/site.doors.yaml"), yaml[2]).unwrap();
    // The rule, its check, its tests and its run.
    let rules = folder.path().join("rules");
    std::fs::create_dir(&rules).unwrap();
    std::fs::write(rules.join("doors.trip"), block("text")[0]).unwrap();
    std::fs::write(folder.path().join("doors.ndjson"), &sample).unwrap();
    let mut said = String::new();
    for line in block("console")
        .concat()
        .lines()
        .filter_map(|line| line.strip_prefix("$ tripline "))
    {
        if line.starts_with("source new") {
            continue;
        }
        let at = |word: &str| {
            let path = folder.path().join(word);
            if path.exists() {
                path.to_str().unwrap().to_owned()
            } else {
                word.to_owned()
            }
        };
        let result = tripline(line.split(' ').map(at));
        assert_eq!(result.code, Some(0), "{line}\n{}", result.stderr);
        write!(said, "$ tripline {line}\n{}{}", result.stdout, result.stderr).unwrap();
    }
    let console = block("console").concat();
    let expected = console.lines().skip_while(|line| !line.starts_with("$ tripline check"));
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        expected.collect::<Vec<_>>(),
        "\n{said}"
    );
}

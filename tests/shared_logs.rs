//! The public logs of the shared folder, through the binary: every record is read, or rejected with a reason.
//!
//! `TRIPLINE_SHARED` names the folder; without it these tests do nothing and say so, with it every file must be there.

#![cfg(feature = "cli")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

mod common;

use common::{files_below, snapshot, tripline};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 4] = ["cloudtrail", "azure-activity", "sentinel-tables", "process-creation"];

/// The folder of the public logs.
fn data() -> Option<PathBuf> {
    let Some(shared) = std::env::var_os("TRIPLINE_SHARED") else {
        println!("not run: TRIPLINE_SHARED is not set");
        return None;
    };
    Some(Path::new(&shared).join("data"))
}

/// What was found is a matter of `real_logs.rs`.
fn of_a_rule(line: &str) -> bool {
    line.contains(" alert")
}

fn reading(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().filter(|line| !of_a_rule(line)).collect();
    lines.join("\n")
}

#[test]
fn every_file_by_itself() {
    let Some(data) = data() else { return };
    let mut page = String::new();
    for folder in FOLDERS {
        for file in files_below(&data.join(folder)) {
            let said = tripline(["run".as_ref(), "rules".as_ref(), "--input".as_ref(), file.as_os_str()]);
            assert_eq!(said.code, Some(0), "{}", said.page());
            let name = file.strip_prefix(&data).unwrap().display().to_string();
            writeln!(page, "== {name}").unwrap();
            for line in said.stderr.lines().filter(|line| !of_a_rule(line)) {
                writeln!(page, "{}", line.replace(file.to_str().unwrap(), &name)).unwrap();
            }
            assert!(!said.stderr.starts_with("0 events"), "nothing was read\n{page}");
        }
    }
    snapshot(Path::new("tests/snapshots"), "shared_logs", &page);
}

#[test]
fn all_files_together() {
    let Some(data) = data() else { return };
    let mut args: Vec<PathBuf> = vec!["run".into(), "rules".into(), "--input".into()];
    args.extend(FOLDERS.map(|folder| data.join(folder)));
    let said = tripline(&args);
    assert_eq!(said.code, Some(0), "{}", said.page());
    let name = data.to_str().unwrap();
    snapshot(
        Path::new("tests/snapshots"),
        "shared_logs_together",
        &reading(&said.stderr).replace(name, "<shared>"),
    );
    args.push("--strict".into());
    let strict = tripline(&args);
    assert_eq!(strict.code, Some(i32::from(said.stderr.contains(" rejected"))));
}

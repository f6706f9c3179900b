//! The judges written in Python, asked from Rust. A missing judge is a failure: `./.ci/test` installs them.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "each test uses a part of it"
)]

use serde::Deserialize;
use serde_json::Value;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Something that a judge finds wrong.
#[derive(Debug, Clone, Deserialize)]
pub struct Finding {
    /// `check`, `schema`, `layout`, `convert`; none where there is one judge only.
    #[serde(default)]
    pub judge: String,
    pub finding: String,
    pub file: Option<PathBuf>,
    pub text: String,
}

/// What a converter of Sigma says to a file: `ok`, or the name of what it leaves out.
#[derive(Debug, Clone, Deserialize)]
pub struct Conversion {
    pub file: PathBuf,
    pub target: String,
    pub answer: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Finding(Finding),
    Conversion(Conversion),
}

/// What the judges of Sigma say.
#[derive(Debug, Default)]
pub struct SigmaReport {
    pub findings: Vec<Finding>,
    pub conversions: Vec<Conversion>,
}

/// Judges Sigma files: together as one delivery, or `each` alone.
///
/// Documents are held against the JSON schemas where those are there (`schemas`).
pub fn sigma(paths: &[PathBuf], each: bool) -> SigmaReport {
    let mut arguments: Vec<PathBuf> = vec!["--schemas".into(), schemas().unwrap_or_else(|| "none".into())];
    arguments.extend(each.then(|| "--each".into()));
    arguments.extend_from_slice(paths);
    let mut report = SigmaReport::default();
    for line in ask("sigma_check.py", &arguments, b"").lines() {
        match serde_json::from_str(line).unwrap() {
            Line::Finding(finding) => report.findings.push(finding),
            Line::Conversion(conversion) => report.conversions.push(conversion),
        }
    }
    report
}

/// Where the JSON schemas of Sigma lie. They are no part of this repository; without them that judge does not run, and a
/// test says so.
pub fn schemas() -> Option<PathBuf> {
    let shared = match std::env::var_os("TRIPLINE_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => project().parent()?.join("shared"),
    };
    let schemas = shared.join("schemas/sigma");
    if std::env::var_os("TRIPLINE_SHARED").is_none() && !schemas.is_dir() {
        eprintln!("not run: the JSON schemas of Sigma are not there, set TRIPLINE_SHARED");
        return None;
    }
    assert!(schemas.is_dir(), "TRIPLINE_SHARED has no schemas/sigma");
    Some(schemas)
}

/// Judges deployment templates: folders of `.json` files, or files.
pub fn arm(paths: &[PathBuf]) -> Vec<Finding> {
    ask("arm_check.py", paths, b"")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What a YAML 1.1 reader sees in each text: its documents, or why it is no YAML. One process for all of them.
///
/// Values that JSON has no form for are flagged, `{"!": "date", "text": ".."}`; `yaml11.py` says how.
pub fn yaml11<T: AsRef<str>>(texts: &[T]) -> Vec<Result<Vec<Value>, String>> {
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    let answers: Vec<Value> =
        serde_json::from_str(&ask("yaml11.py", &["--texts"], &serde_json::to_vec(&texts).unwrap())).unwrap();
    assert_eq!(answers.len(), texts.len());
    answers
        .into_iter()
        .map(|answer| match answer.get("documents") {
            Some(documents) => Ok(documents.as_array().unwrap().clone()),
            None => Err(answer["error"].as_str().unwrap().to_owned()),
        })
        .collect()
}

/// Runs a judge of `tests/oracles` and gives its standard output. It may end with 1 (there are findings), and with nothing
/// else but 0.
pub fn ask<A: AsRef<OsStr>>(script: &str, arguments: &[A], input: &[u8]) -> String {
    let oracles = project().join("tests/oracles");
    let installed = std::fs::read(project().join("target/oracles/installed.txt")).ok();
    assert!(
        installed == std::fs::read(oracles.join("requirements.txt")).ok(),
        "the judges of tests/oracles/requirements.txt are not installed: run ./.ci/test"
    );
    let mut child = Command::new(project().join("target/oracles/bin/python"))
        .arg(oracles.join(script))
        .args(arguments)
        .current_dir(project())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // A judge that misuses ends before it has read everything; its own words say more than the broken pipe.
    let written = writer.join().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8(output.stdout).unwrap();
    match output.status.code() {
        Some(0) => {}
        Some(1) if !stdout.is_empty() => {}
        code => panic!("{script} ended with {code:?}: {said}"),
    }
    written.unwrap();
    stdout
}

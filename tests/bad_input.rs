//! What is not as it should be: broken logs, broken rules, wrong arguments. Each gives a clear message that says where,
//! or is counted; nothing panics, nothing hangs, and memory does not grow with the file.
//!
//! Every test works in a folder of its own, with names relative to it.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{Said, snapshot};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const RULE: &str = r#"rule calls "Calls" {
  severity low

  events call = aws.cloudtrail
    where eventName == "StopLogging"

  alert call {
    message "{eventID} {requestParameters.n}"
    show    eventID, requestParameters.n
  }
}
"#;

struct Folder(TempDir);

impl Folder {
    /// A folder with one good rule.
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write("rule.trip", RULE);
        folder
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn tripline(&self, args: &[&str]) -> Said {
        let mut command = common::command(args);
        command.current_dir(self.0.path());
        let said = common::finish(command);
        assert!(said.took < Duration::from_secs(60), "{args:?} took {:?}", said.took);
        assert!(said.code.is_some_and(|code| code <= 2), "{args:?}: {}", said.page());
        said
    }

    /// A run over one log.
    fn run(&self, name: &str, log: impl AsRef<[u8]>) -> Said {
        self.write(name, log);
        self.tripline(&["run", "rule.trip", "--input", name, "--format", "ndjson"])
    }
}

/// A call with that id, as a line of a log; `more` is put into the record.
fn call(id: &str, more: &str) -> String {
    format!(
        "{{\"eventTime\":\"2025-08-15T10:00:00Z\",\"eventSource\":\"cloudtrail.amazonaws.com\",\
         \"eventName\":\"StopLogging\",\"eventID\":\"{id}\"{more}}}\n"
    )
}

fn gzip(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

fn ids(said: &Said) -> Vec<String> {
    let id = |alert: &serde_json::Value| alert["columns"]["eventID"].as_str().unwrap().to_owned();
    said.alerts().iter().map(id).collect()
}

/// Every broken log, and what is said about it, on one page.
#[test]
fn broken_logs() {
    let many: String = (0..2_000).map(|n| call(&format!("e{n}"), "")).collect();
    let packed = gzip(&many);
    let deep = |open: &str, close: &str| {
        let value = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        call("deep", &format!(",\"requestParameters\":{value}"))
    };
    let lines = |broken: &[u8]| {
        let mut log = call("before", "").into_bytes();
        log.extend_from_slice(broken);
        log.push(b'\n');
        log.extend_from_slice(call("after", "").as_bytes());
        log
    };
    let logs: Vec<(&str, Vec<u8>)> = vec![
        ("truncated.json.gz", packed[..packed.len() / 2].to_vec()),
        (
            "no_gzip_behind_its_mark.gz",
            vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3, 4, 5],
        ),
        ("cut_off_line.jsonl", lines(&call("x", "").as_bytes()[..40])),
        (
            "cut_off_last_line.jsonl",
            [call("a", ""), call("b", "")[..60].to_owned()].concat().into_bytes(),
        ),
        (
            "invalid_utf8.jsonl",
            lines(b"{\"eventName\":\"Stop\xff\xfeLogging\",\"eventSource\":\"x\"}"),
        ),
        ("nul_bytes.jsonl", lines(b"\0\0\0\0{\"eventName\":\0}")),
        (
            "nul_in_a_text.jsonl",
            call("nul", ",\"requestParameters\":{\"n\":\"a\\u0000b\"}").into_bytes(),
        ),
        ("nothing_but_nul.jsonl", vec![0; 100_000]),
        ("deep_arrays.jsonl", lines(deep("[", "]").trim().as_bytes())),
        ("deep_objects.jsonl", lines(deep("{\"a\":", "}").trim().as_bytes())),
        ("open_brackets.json", "[".repeat(100_000).into_bytes()),
        ("open_braces.json", "{\"a\":".repeat(100_000).into_bytes()),
        (
            "keys_twice.jsonl",
            call("first", ",\"eventID\":\"last\",\"requestParameters\":{\"n\":1,\"n\":2}").into_bytes(),
        ),
        (
            "numbers.jsonl",
            [
                call("exponent", ",\"requestParameters\":{\"n\":1.68899210862E9}"),
                call("too_large", ",\"requestParameters\":{\"n\":1e400}"),
                call("long", ",\"requestParameters\":{\"n\":12345678901234567890123}"),
                call("minus_zero", ",\"requestParameters\":{\"n\":-0}"),
                call("no_number", ",\"requestParameters\":{\"n\":NaN}"),
                call("hexadecimal", ",\"requestParameters\":{\"n\":0x10}"),
            ]
            .concat()
            .into_bytes(),
        ),
        (
            "times.jsonl",
            [
                call("none", "").replace("\"eventTime\":\"2025-08-15T10:00:00Z\",", ""),
                call("null", "").replace("\"2025-08-15T10:00:00Z\"", "null"),
                call("word", "").replace("2025-08-15T10:00:00Z", "yesterday"),
                call("no_such_day", "").replace("2025-08-15", "2025-02-30"),
                call("year_zero", "").replace("2025-", "0000-"),
                call("year_99999", "").replace("2025-", "99999-"),
                call("number", "").replace("\"2025-08-15T10:00:00Z\"", "1e400"),
                call("good", ""),
            ]
            .concat()
            .into_bytes(),
        ),
        ("empty.json", Vec::new()),
        ("blank.jsonl", b" \n\n\t\n".to_vec()),
        ("no_records.json", b"{\"Records\":[]}".to_vec()),
        (
            "records_of_another_kind.json",
            b"{\"Records\":[1,\"two\",null,[],{}]}".to_vec(),
        ),
        ("text.txt", b"this is no log\nnor is this\n".to_vec()),
        ("other_json.jsonl", b"{\"level\":\"info\",\"msg\":\"hello\"}\n".to_vec()),
        ("header_alone.csv", b"TimeGenerated,EventName,EventSource\n".to_vec()),
        (
            "short_row.csv",
            b"TimeGenerated,EventName,EventSource\n2025-08-15T10:00:00Z,StopLogging\n2025-08-15T10:00:00Z,\"open\n"
                .to_vec(),
        ),
    ];
    let folder = Folder::new();
    let mut page = String::new();
    for (name, log) in logs {
        let said = folder.run(name, log);
        assert_eq!(said.code, Some(0), "{name}\n{}", said.page());
        writeln!(page, "== {name}").unwrap();
        let found = ids(&said);
        match found.len() {
            0..=8 => writeln!(page, "alerts: {}", found.join(" ")).unwrap(),
            n => writeln!(page, "alerts: {n}").unwrap(),
        }
        for line in said.stderr.lines().filter(|line| !line.starts_with("calls: ")) {
            assert!(line.len() < 300, "{name}: {line}");
            writeln!(page, "{line}").unwrap();
        }
        // What is rejected is an error where it is asked for.
        let strict = folder.tripline(&["run", "rule.trip", "--input", name, "--strict"]);
        let rejected = said.stderr.contains(" rejected");
        assert_eq!(strict.code, Some(i32::from(rejected)), "{name} --strict");
    }
    snapshot(Path::new("tests/snapshots"), "broken_logs", &page);
}

/// A line of 50 MB is read or counted, what stands around it is read, and memory holds little more than the line.
#[test]
fn a_line_of_fifty_megabytes() {
    let folder = Folder::new();
    let long = "x".repeat(50 << 20);
    let log = [
        call("before", ""),
        call("long", &format!(",\"requestParameters\":{{\"n\":\"{long}\"}}")).replace("StopLogging", "PutObject"),
        call("after", ""),
    ]
    .concat();
    folder.write("long.jsonl", log);
    let mut command = common::command(["run", "rule.trip", "--input", "long.jsonl", "--format", "ndjson"]);
    command
        .current_dir(folder.0.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let most = peak(child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let alerts = String::from_utf8(output.stdout).unwrap();
    assert_eq!(alerts.lines().count(), 2, "{}", String::from_utf8_lossy(&output.stderr));
    let most = most.join().unwrap();
    assert!(most < 300 << 10, "{most} KiB for a line of 50 MiB");
    if cfg!(target_os = "linux") {
        assert!(most > 10 << 10, "the memory was not measured: {most} KiB");
    }
}

/// A log of 50 MB without a line break and without an end.
#[test]
fn fifty_megabytes_of_nothing_good() {
    let folder = Folder::new();
    for (name, unit) in [
        ("letters", "x"),
        ("quotes", "\""),
        ("brackets", "["),
        ("braces", "{\"a\":["),
    ] {
        let said = folder.run(name, unit.repeat((50 << 20) / unit.len()));
        assert_eq!(said.code, Some(0), "{name}: {}", said.page());
        assert!(said.stderr.contains("1 record rejected"), "{name}: {}", said.page());
    }
}

/// The most memory that a process held, in KiB; 0 where `/proc` does not tell.
fn peak(id: u32) -> std::thread::JoinHandle<u64> {
    std::thread::spawn(move || {
        let mut most = 0;
        while let Ok(status) = std::fs::read_to_string(format!("/proc/{id}/status")) {
            let Some(line) = status.lines().find(|line| line.starts_with("VmHWM:")) else {
                break;
            };
            let words: Vec<&str> = line.split_whitespace().collect();
            most = most.max(words[1].parse().unwrap());
            std::thread::sleep(Duration::from_millis(2));
        }
        most
    })
}

/// Paths and arguments that mean nothing: exit 2 with a line that says which.
#[test]
fn misuse() {
    let folder = Folder::new();
    folder.write("log.jsonl", call("a", ""));
    std::fs::create_dir(folder.0.path().join("empty")).unwrap();
    let run = ["run", "rule.trip", "--input", "log.jsonl"];
    let with = |more: &[&'static str]| [&run[..], more].concat();
    let mut page = String::new();
    for args in [
        vec!["run", "rule.trip", "--input", "empty"],
        vec!["run", "rule.trip", "--input", "missing.jsonl"],
        vec!["run", "rule.trip", "--input", "no/*.jsonl"],
        vec!["run", "rule.trip", "--input", "[.jsonl"],
        vec!["run", "rule.trip"],
        vec!["run", "missing.trip", "--input", "log.jsonl"],
        vec!["run", "empty", "--input", "log.jsonl"],
        with(&["--now", "nonsense"]),
        with(&["--now", "2025-02-30T10:00:00Z"]),
        with(&["--now", "2025-08-15T10:00:00Z", "--from", "2025-08-15T10:00:00Z"]),
        with(&["--from", "2025-08-16T10:00:00Z", "--to", "2025-08-15T10:00:00Z"]),
        with(&["--from", "2025-08-15T10:00:00Z", "--to", "2025-08-15T10:00:00Z"]),
        with(&["--lateness", "soon"]),
        with(&["--threads", "0"]),
        with(&["--threads", "many"]),
        with(&["--format", "xml"]),
        with(&["--no-such-flag"]),
        vec!["check", "missing"],
        vec!["check", "empty"],
        vec!["check", "rule.trip", "--deny", "errors"],
        vec!["fmt", "missing"],
        vec!["test", "missing"],
        vec!["build", "rule.trip"],
        vec!["build", "rule.trip", "--target", "kql"],
        vec!["build", "rule.trip", "--target", "splunk", "--stdout"],
        vec!["build", "rule.trip", "--target", "kql", "--out", "rule.trip"],
        vec!["build", "rule.trip", "--emit", "sigma"],
        vec!["launch"],
        vec![],
    ] {
        let said = folder.tripline(&args);
        assert_eq!(said.code, Some(2), "{args:?}\n{}", said.page());
        assert_eq!(said.stdout, "", "{args:?}");
        let message: Vec<&str> = said
            .stderr
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with("For more information"))
            .take(2)
            .collect();
        writeln!(page, "tripline {}\n  {}", args.join(" "), message.join("\n  ")).unwrap();
    }
    snapshot(Path::new("tests/snapshots"), "misuse", &page);
}

/// Broken and huge rules: a finding that says where, exit 1; huge and good ones are read.
#[test]
fn broken_and_huge_rules() {
    let condition = |text: &str| RULE.replace("eventName == \"StopLogging\"", text);
    let list = |separator: &str| {
        let elements: Vec<String> = (0..60_000).map(|n| format!("\"element {n}\"")).collect();
        format!("eventName in [{}]", elements.join(separator))
    };
    let mebi = 1 << 20;
    let rules: Vec<(&str, Vec<u8>, i32)> = vec![
        ("binary", (0..=255u8).cycle().take(5_000).collect(), 1),
        ("gzip", gzip(RULE), 1),
        ("nul", RULE.replace("calls", "ca\0lls").into_bytes(), 1),
        ("utf16", RULE.encode_utf16().flat_map(u16::to_le_bytes).collect(), 1),
        ("byte_order_mark", format!("\u{FEFF}{RULE}").into_bytes(), 0),
        ("line_ends_of_windows", RULE.replace('\n', "\r\n").into_bytes(), 0),
        ("empty", Vec::new(), 0),
        ("comments_alone", "# nothing\n".repeat(100_000).into_bytes(), 0),
        ("half", RULE.as_bytes()[..RULE.len() / 2].to_vec(), 1),
        ("long_list", condition(&list(", ")).into_bytes(), 0),
        ("long_list_without_commas", condition(&list(" ")).into_bytes(), 1),
        (
            "long_list_of_equal_elements",
            condition(&format!("eventName in [{}]", "\"x\", ".repeat(150_000))).into_bytes(),
            0,
        ),
        (
            "long_text",
            condition(&format!("eventName == \"{}\"", "x".repeat(mebi))).into_bytes(),
            0,
        ),
        (
            "long_name",
            condition(&format!("{} == \"x\"", "x".repeat(mebi))).into_bytes(),
            1,
        ),
        (
            "many_rules",
            (0..5_000)
                .map(|n| RULE.replace("rule calls", &format!("rule r{n}")))
                .collect::<String>()
                .into_bytes(),
            0,
        ),
        ("round_brackets", "(".repeat(mebi).into_bytes(), 1),
        (
            "round_brackets_in_a_condition",
            condition(&"(".repeat(mebi)).into_bytes(),
            1,
        ),
        ("square_brackets", condition(&"[".repeat(mebi)).into_bytes(), 1),
        ("braces", "{".repeat(mebi).into_bytes(), 1),
        ("closing_brackets", ")".repeat(mebi).into_bytes(), 1),
        (
            "many_not",
            condition(&format!("{}success", "not ".repeat(mebi / 4))).into_bytes(),
            1,
        ),
        (
            "many_and",
            condition(&format!("success{}", " and success".repeat(mebi / 48))).into_bytes(),
            0,
        ),
        (
            "many_plus",
            condition(&format!("1{} > 0", " + 1".repeat(mebi / 16))).into_bytes(),
            1,
        ),
        (
            "many_coalesce",
            condition(&format!("errorCode{} == \"x\"", " ?? errorCode".repeat(mebi / 52))).into_bytes(),
            0,
        ),
        (
            "many_dots",
            condition(&format!("requestParameters{} == \"x\"", ".a".repeat(mebi / 2))).into_bytes(),
            0,
        ),
        (
            "many_steps",
            RULE.replace(
                "\n\n  alert",
                &format!("{}\n\n  alert", "\n    where success".repeat(mebi / 72)),
            )
            .into_bytes(),
            0,
        ),
        (
            "many_indexes",
            condition(&format!("resources{} == \"x\"", "[0]".repeat(mebi / 3))).into_bytes(),
            0,
        ),
        (
            "many_braces_in_a_message",
            RULE.replace("{eventID} ", &"{".repeat(mebi + 1)).into_bytes(),
            1,
        ),
        (
            "regex_that_does_not_compile",
            condition("eventName matches /(a/").into_bytes(),
            1,
        ),
        (
            "huge_regex",
            condition(&format!("eventName matches /{}/", "(a|b)?".repeat(mebi / 6))).into_bytes(),
            1,
        ),
        (
            "regex_that_grows",
            condition("eventName matches /((((a{100}){100}){100}){100}){100}/").into_bytes(),
            1,
        ),
        (
            "regex_of_brackets",
            condition(&format!("eventName matches /{}/", "(".repeat(mebi))).into_bytes(),
            1,
        ),
        (
            "many_tests",
            RULE.replace(
                "\n}\n",
                &format!(
                    "\n{}}}\n",
                    (0..10_000)
                        .map(|n| format!("  test \"t{n}\" {{ now 2025-08-15T10:00Z expect none }}\n"))
                        .collect::<String>()
                ),
            )
            .into_bytes(),
            0,
        ),
    ];
    // Two at a time; a debug build takes its time over a megabyte.
    let next = AtomicUsize::new(0);
    let pages: Mutex<BTreeMap<usize, String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let folder = Folder::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((name, rule, code)) = rules.get(at) else { break };
                    let page = broken_rule(&folder, name, rule, *code);
                    pages.lock().unwrap().insert(at, page);
                }
            });
        }
    });
    let pages: Vec<String> = pages.into_inner().unwrap().into_values().collect();
    assert_eq!(pages.len(), rules.len());
    snapshot(Path::new("tests/snapshots"), "broken_and_huge_rules", &pages.concat());
}

/// What is said about a rule, shortened.
fn broken_rule(folder: &Folder, name: &str, rule: &[u8], code: i32) -> String {
    folder.write("rule.trip", rule);
    let said = folder.tripline(&["check", "rule.trip"]);
    assert_eq!(said.code, Some(code), "{name}\n{:.2000}", said.stderr);
    assert!(
        said.stderr.len() < 30_000,
        "{name}: {} bytes of findings",
        said.stderr.len()
    );
    let mut page = format!("== {name}: exit {code}\n");
    let starts = ["error", "warning", " -->", "  -->", "1 file"];
    let of_interest = |line: &&str| starts.iter().any(|start| line.starts_with(start));
    for line in said.stderr.lines().filter(of_interest).take(4) {
        let line: String = line.chars().take(160).collect();
        writeln!(page, "{}", line.trim_end()).unwrap();
    }
    if said.took < Duration::from_secs(1) {
        let laid_out = folder.tripline(&["fmt", "--check", "rule.trip"]);
        assert!(laid_out.code.is_some_and(|code| code < 2), "{name}: fmt");
        let run = folder.tripline(&["run", "rule.trip", "--input", "rule.trip"]);
        assert_eq!(run.code, Some(code), "{name}: run");
        assert_eq!(run.stdout, "", "{name}: run");
    }
    page
}

/// Whoever reads may stop reading (`| head`), on either side, before the first line: the exit code stays what it was.
#[test]
fn nobody_reads() {
    for (args, code) in [
        (&["check", "tests/errors"][..], 1),
        (&["check", "tests/errors", "--format", "json"], 1),
        (&["check", "tests/nowhere"], 2),
        (&["test", "tests/bad/tests_that_fail.trip"], 1),
        (&["run", "rules/azure", "--input", "tests/samples/azure"], 0),
        (&["targets"], 0),
        (&["--help"], 0),
    ] {
        for both in [false, true] {
            let mut command = common::command(args);
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            drop(child.stdout.take());
            let mut said = String::new();
            match child.stderr.take() {
                Some(mut stderr) if !both => drop(stderr.read_to_string(&mut said)),
                _ => {}
            }
            let status = child.wait().unwrap();
            assert_eq!(status.code(), Some(code), "{args:?}, both: {both}: {said}");
            assert!(!said.contains("panicked"), "{said}");
        }
    }
}

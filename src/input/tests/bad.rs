use super::{file, gzip, outcome, read_bytes, trail};
use crate::input::{Options, read};
use crate::source::Catalog;
use std::path::Path;

fn rejects(content: impl AsRef<[u8]>) -> Vec<String> {
    outcome(content).1
}

/// Two good records around a bad line: one reject, nothing else lost.
fn between(bad: &[u8]) -> String {
    let content = [trail("a").as_bytes(), b"\n", bad, b"\n", trail("b").as_bytes(), b"\n"].concat();
    let (ids, mut rejects) = outcome(content);
    assert_eq!(ids, ["a", "b"], "{}", String::from_utf8_lossy(bad));
    assert_eq!(rejects.len(), 1, "{}", String::from_utf8_lossy(bad));
    rejects.remove(0)
}

#[test]
fn a_bad_line_is_one_located_reject() {
    let nan = trail("x").replace('}', ",\"n\":1e400}");
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let lines = [
        between(br#"{"eventSource":"s","eventName":"cut"#),
        between(b"{\"a\":1,}"),
        between(b"{\"a\":\"\xff\xfe\"}"),
        between(b"{\"a\":\"\0\"}"),
        between(b"\0\0\0"),
        between(b"no JSON at all"),
        between(b"7"),
        between(br#"{"a":1]"#),
        between(br#"{"a":"b"c"}"#),
        between(br#"{"a":"\ud800"}"#),
        between(b"{}"),
        between(br#"{"eventSource":"s","eventName":"n"}"#),
        between(br#"{"eventSource":"s","eventName":"n","eventTime":"yesterday"}"#),
        between(br#"{"eventSource":"s","eventName":"n","eventTime":1755252000}"#),
        between(br#"{"eventSource":"s","eventName":"n","eventTime":"1/2/2025, 10:00:00 AM"}"#),
        between(br#"{"eventSource":"s","eventName":"n","eventTime":{"a":1}}"#),
        between(br#"{"eventSource":"s","eventName":"n","eventTime":"+99999-01-01T00:00:00Z"}"#),
        between(nan.as_bytes()),
        between(deep.as_bytes()),
    ];
    insta::assert_snapshot!(lines.join("\n"));
    let (report, _) = read_bytes(br#"{"eventSource":"s","eventName":"n","eventTime":"yesterday"}"#);
    assert_eq!((report.without_time, report.rejected, report.unrecognised), (1, 1, 0));
}

#[test]
fn a_bad_element_is_one_reject() {
    let (a, b) = (trail("a"), trail("b"));
    let (ids, rejects) = outcome(format!("{{\"Records\":[{a},{{\"x\":tru}},7,{b}]}}"));
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(
        rejects,
        [
            "1: not JSON: expected ident at byte 9 of the record",
            "1: a list element that is no object"
        ]
    );
    let (ids, rejects) = outcome(format!("{{\n \"Records\": [\n  {a},\n  {b}"));
    assert_eq!(
        (ids.len(), rejects),
        (2, vec!["1: the file ends inside a list of records".to_owned()])
    );
    let (ids, rejects) = outcome(format!("[{a},{{\"x\":1"));
    assert_eq!(
        (ids.len(), rejects),
        (1, vec!["1: the file ends inside the record".to_owned()])
    );
}

#[test]
fn a_damaged_gzip_gives_what_came_before() {
    let lines: String = (0..5000)
        .map(|n| trail(&format!("id-{n}-{}", n * 7919)) + "\n")
        .collect();
    let packed = gzip(lines.as_bytes());
    let (ids, rejects) = outcome(&packed[..packed.len() / 2]);
    assert!(ids.len() > 500 && ids.len() < 5000, "{}", ids.len());
    assert_eq!(rejects.len(), 1);
    assert!(
        rejects[0].ends_with("reading stopped here: the gzip data ends early"),
        "{rejects:?}"
    );
    assert!(!rejects[0].starts_with("0:"));
    let mut damaged = packed.clone();
    let end = damaged.len() - 6;
    damaged[end] ^= 0xff;
    let (ids, rejects) = outcome(&damaged);
    assert_eq!(ids.len(), 5000);
    assert!(rejects[0].contains("the gzip data is damaged"), "{rejects:?}");
    assert_eq!(
        outcome(&packed[..12]).1,
        ["1: reading stopped here: the gzip data ends early"]
    );
    let trailing = [packed.as_slice(), b"garbage"].concat();
    assert_eq!(outcome(&trailing).0.len(), 5000);
}

#[test]
fn empty_files_are_fine_and_others_say_what_they_are() {
    for empty in [&b""[..], b"\n \r\n", b"\xef\xbb\xbf", b"[]", b"{\"Records\":[]}"] {
        assert_eq!(outcome(empty), (Vec::new(), Vec::new()));
    }
    assert_eq!(outcome(gzip(b"")), (Vec::new(), Vec::new()));
    let utf16: Vec<u8> = trail("a").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let reasons = [
        rejects(&utf16),
        rejects([b"\xff\xfe", utf16.as_slice()].concat()),
        rejects(b"PK\x03\x04...."),
        rejects(b"\x7fELF\x02\x01\x01\0\0"),
        rejects(vec![0; 200_000]),
        rejects(b"# Notes\n\nNothing to read here.\n"),
        rejects(b"a,b,c\n1,2,3\n"),
    ];
    assert!(reasons.iter().all(|reasons| reasons.len() == 1));
    insta::assert_snapshot!(reasons.concat().join("\n"));
}

#[test]
fn a_log_that_begins_in_the_middle_is_read_from_the_next_line() {
    let (ids, rejects) = outcome(format!("me\":\"x\"}}\n{}\n", trail("a")));
    assert_eq!(ids, ["a"]);
    assert_eq!(rejects, ["1: not JSON"]);
}

#[test]
fn long_lines_are_read_up_to_the_limit() {
    let text = "x".repeat(50 * 1024 * 1024);
    let content = trail("a").replace('}', &format!(",\"userAgent\":\"{text}\"}}\n{}", trail("b")));
    assert_eq!(outcome(content).0, ["a", "b"]);
    let content = format!("{{\"a\":\"{text}{text}\"}}\n{}", trail("b"));
    assert_eq!(
        outcome(content),
        (
            vec!["b".to_owned()],
            vec!["1: the record is longer than 64 MiB".to_owned()]
        )
    );
}

#[test]
fn only_the_first_rejects_are_kept() {
    let (report, _) = read_bytes("{}\n".repeat(1000));
    assert_eq!(
        (report.rejected, report.unrecognised, report.first_rejects.len()),
        (1000, 1000, 10)
    );
    let (mut left, mut right) = (report.clone(), read_bytes("x\n{\"a\":1}\n").0);
    let other = right.clone();
    right.merge(report);
    left.merge(other);
    assert_eq!(left, right);
    assert_eq!((left.rejected, left.first_rejects.len()), (1002, 10));
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error() {
    let catalog = Catalog::builtin().unwrap();
    let error = read(
        &file(Path::new("/nowhere/x.json")),
        &catalog,
        &Options::default(),
        &mut |_| {},
    )
    .unwrap_err();
    assert!(
        error.to_string().starts_with("/nowhere/x.json: cannot be read: "),
        "{error}"
    );
    let folder = tempfile::tempdir().unwrap();
    let report = read(&file(folder.path()), &catalog, &Options::default(), &mut |_| {});
    assert!(report.is_err() || report.unwrap().rejected == 1);
}

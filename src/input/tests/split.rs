use crate::input::split::{Bad, Splitter};

type Found = Vec<(u64, Result<String, Bad>)>;

fn pieces(limit: usize, chunks: &[&[u8]]) -> Found {
    let mut splitter = Splitter::with_limit(limit);
    let mut found = Found::new();
    {
        let mut out = |piece: crate::input::split::Piece<'_>| {
            found.push((
                piece.line,
                piece.content.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
            ));
        };
        for chunk in chunks {
            splitter.feed(chunk, &mut out);
        }
        splitter.finish(&mut out);
    }
    found
}

/// The pieces as `line:text` or `line!Bad`, the same whatever the chunks.
fn split(text: &str) -> Vec<String> {
    let whole = pieces(1000, &[text.as_bytes()]);
    let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    assert_eq!(whole, pieces(1000, &bytes), "{text}");
    let show = |(line, content): (u64, Result<String, Bad>)| match content {
        Ok(text) => format!("{line}:{}", text.replace(['\n', '\r'], "~")),
        Err(bad) => format!("{line}!{bad:?}"),
    };
    whole.into_iter().map(show).collect()
}

#[test]
fn layouts() {
    assert!(split("").is_empty() && split(" \n\n").is_empty());
    assert_eq!(
        split("{\"a\":1}\n{\"b\":2}\r\n\n{}"),
        ["1:{\"a\":1}", "2:{\"b\":2}", "4:{}"]
    );
    assert_eq!(split("{}{}\u{1e}{},\n{}"), ["1:{}", "1:{}", "1:{}", "2:{}"]);
    assert_eq!(split("{\n  \"a\": {\n}\n}\n{\n}\n"), ["1:{~  \"a\": {~}~}", "5:{~}"]);
    assert_eq!(split("[{\"a\":[1]},\n{}]\n[{}]"), ["1:{\"a\":[1]}", "2:{}", "3:{}"]);
    assert_eq!(split("[]"), Vec::<String>::new());
    assert_eq!(
        split("[\n{\n\"a\":1\n},\n{\n\"a\":[\n{\n}\n]\n}\n]"),
        ["2:{~\"a\":1~}", "5:{~\"a\":[~{~}~]~}"]
    );
    assert_eq!(
        split(r#"{"s":"}\"{[\\"}{"t":"\\"}"#),
        [r#"1:{"s":"}\"{[\\"}"#, r#"1:{"t":"\\"}"#]
    );
}

#[test]
fn records_inside_an_object() {
    let expected = ["1:{\"a\":1}", "1:{}"];
    assert_eq!(split(r#"{"Records":[{"a":1},{}]}"#), expected);
    assert_eq!(
        split(r#"{"x":{"Records":[1]},"y":"Records", "Records" : [{"a":1},{}],"z":[[],{"value":[]}]}"#),
        expected
    );
    assert_eq!(split(r#"{"value":[{"a":1}],"Events":[{}]}"#), expected);
    assert_eq!(split("{\"Records\":[{}]}\n{\"Records\":[{}]}"), ["1:{}", "2:{}"]);
    assert_eq!(split(r#"[{"Records":[{"a":1},{}]}]"#), expected);
    assert_eq!(
        split("{\n\"Records\": [\n{\"a\":1},\n{}\n]\n}\n"),
        ["3:{\"a\":1}", "4:{}"]
    );
    // No list, no container.
    assert_eq!(split(r#"{"Records":{"a":[1]}}"#), [r#"1:{"Records":{"a":[1]}}"#]);
    assert_eq!(split(r#"{"Records":1,"b":[1]}"#), [r#"1:{"Records":1,"b":[1]}"#]);
}

#[test]
fn a_cut_off_line_costs_itself_only() {
    for cut in [
        "{\"a\":\"x",
        "{\"a\":{\"b\":1",
        "{\"a\":[1,",
        "{\"a\":",
        "{\"a\":1,",
        "{\"a\":[{}",
        "{\"a\":\"\\",
    ] {
        assert_eq!(
            split(&format!("{cut}\n{{\"b\":1}}\n{{}}")),
            ["1!CutOff", "2:{\"b\":1}", "3:{}"],
            "{cut}"
        );
        assert_eq!(
            split(&format!("{{}}\n{cut}\n{{\"b\":1}}\n{{}}"))[1..],
            ["2!CutOff", "3:{\"b\":1}", "4:{}"],
            "{cut}"
        );
        assert_eq!(split(&format!("{{}}\n{cut}")), ["1:{}", "2!EndsInRecord"], "{cut}");
        assert_eq!(
            split(&format!("[{{}},\n{cut}\n{{\"b\":1}}\n]")),
            ["1:{}", "2!CutOff", "3:{\"b\":1}"],
            "{cut}"
        );
    }
    let list = "{\"Records\":[{},{\"a\":1";
    assert_eq!(
        split(&format!("{list}\n{{\"Records\":[{{}}]}}\n{{}}")),
        ["1:{}", "1!CutOff", "2:{}", "3:{}"]
    );
    assert_eq!(
        split(&format!("{list}}}]\n{{\"Records\":[{{}}]}}\n{{}}")),
        ["1:{}", "1:{\"a\":1}", "1!CutOff", "2:{}", "3:{}"]
    );
    assert_eq!(split("[{},{\"a\":1\n[{}]\n[{}]"), ["1:{}", "1!CutOff", "2:{}", "3:{}"]);
    // A printed record that lacks its end, before another one.
    assert_eq!(
        split("{\n  \"a\": 1,\n{\n  \"b\": 1\n}\n"),
        ["1!CutOff", "3:{~  \"b\": 1~}"]
    );
}

#[test]
fn what_is_no_record() {
    assert_eq!(
        split("x\n{}\n}\ny {}\n{}}\n{}"),
        ["1!NoJson", "2:{}", "3!NoJson", "4!NoJson", "5:{}", "5!NoJson", "6:{}"]
    );
    assert_eq!(
        split("[1,\"a,]{\",null,{},[{}]]"),
        ["1!NoObject", "1!NoObject", "1!NoObject", "1:{}", "1:[{}]"]
    );
    assert_eq!(split("[{},"), ["1:{}", "1!EndsInList"]);
    assert_eq!(split("\n{\"Records\":[{}"), ["2:{}", "2!EndsInList"]);
    assert_eq!(split("{\"Records\":[{}]"), ["1:{}", "1!EndsInList"]);
    assert_eq!(split("[1\n{}"), ["1!NoObject", "2:{}", "1!EndsInList"]);
    let mut deep = "{\"a\":".repeat(10_000);
    deep.push_str(&"}".repeat(10_000));
    assert_eq!(pieces(1_000_000, &[deep.as_bytes()]).len(), 1);
    assert_eq!(pieces(1_000_000, &["[".repeat(10_000).as_bytes()]).len(), 1);
}

#[test]
fn a_record_beyond_the_limit_is_passed_over() {
    let long = format!("{{\"a\":\"{}\",\"b\":[{}1]}}", "x".repeat(50), "1,".repeat(50));
    let text = format!("{long}\n{{}}\n[{long},{{}}]\n{long}");
    let found = pieces(40, &[text.as_bytes()]);
    let (ok, bad): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, content)| content.is_ok());
    assert_eq!((ok.len(), bad.len()), (2, 3));
    assert!(bad.iter().all(|(_, content)| *content == Err(Bad::TooLong)));
    // What stands beside the records has no limit.
    let text = format!(
        "{{\"x\":\"{}\",\"Records\":[{{}}],\"y\":\"{}\",\"Events\":[{{}}]}}",
        "x".repeat(9),
        "x".repeat(99)
    );
    assert_eq!(pieces(40, &[text.as_bytes()]).len(), 2);
}

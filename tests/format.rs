//! The formatter: fixtures, and the laws that hold for every file.

#![cfg(feature = "compiler")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

#[path = "format/source.rs"]
mod source;

use proptest::prelude::*;
use std::path::Path;
use tripline::diagnostics::{FileId, Sources, render};
use tripline::syntax::ast::{File, Item, StepKind};
use tripline::syntax::format::{expr_to_string, format, literal_to_string, object_to_string};
use tripline::syntax::parse;

fn read(text: &str) -> File {
    parse(FileId(0), text).unwrap_or_else(|findings| {
        let mut sources = Sources::default();
        sources.add("test.trip", text);
        let findings: Vec<String> = findings
            .iter()
            .map(|finding| render(finding, &sources, false))
            .collect();
        panic!("{}\n{text}", findings.join("\n"))
    })
}

/// The tree without places.
fn without_spans(tree: &impl std::fmt::Debug) -> String {
    let span = regex::Regex::new(r"Span \{ file: FileId\(\d+\), start: \d+, end: \d+ \}").unwrap();
    span.replace_all(&format!("{tree:?}"), "_").into_owned()
}

fn comments(file: &File) -> Vec<&str> {
    file.comments.iter().map(|comment| comment.text.as_str()).collect()
}

/// Formats a text and checks every law.
fn checked(text: &str) -> String {
    let file = read(text);
    let formatted = format(&file, text);
    let again = read(&formatted);
    assert_eq!(
        without_spans(&again.items),
        without_spans(&file.items),
        "the tree changed\n{text}\n--\n{formatted}"
    );
    assert_eq!(
        comments(&again),
        comments(&file),
        "comments changed\n{text}\n--\n{formatted}"
    );
    assert_eq!(format(&again, &formatted), formatted, "not stable\n{text}");
    for line in formatted.lines() {
        let in_block = formatted.contains("\"\"\"");
        assert!(
            in_block || line == line.trim_end() || line.contains('#'),
            "blanks at the end of {line:?}"
        );
    }
    assert!(
        !formatted.contains("\n\n\n") || formatted.contains("\"\"\""),
        "empty lines\n{formatted}"
    );
    formatted
}

fn fixtures() -> impl Iterator<Item = std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "trip"));
    paths.sort();
    paths.into_iter()
}

/// `name.in.trip` becomes `name.trip`, and `name.trip` stays as it is. `UPDATE_FIXTURES=1` writes what is new.
#[test]
fn fixtures_have_the_one_layout() {
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    for path in fixtures() {
        let text = std::fs::read_to_string(&path).unwrap();
        let formatted = checked(&text);
        let name = path.file_name().unwrap().to_str().unwrap();
        let expected = path.with_file_name(name.replace(".in.trip", ".trip"));
        if update {
            std::fs::write(&expected, &formatted).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert!(
            formatted == expected,
            "{name} becomes\n{formatted}\nand not\n{expected}"
        );
    }
}

/// The words of a text without comments and blocks; blanks in strings are no ends of words.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        if c.is_whitespace() && !quoted {
            words.push(String::new());
            continue;
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn line_breaks_of_the_source_do_not_matter() {
    let mut count = 0;
    for path in fixtures() {
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains('#') || text.contains("\"\"\"") {
            continue;
        }
        count += 1;
        // Constants keep the empty lines between them.
        let constants = text.matches("\nvalue ").count() + text.matches("\nlist ").count();
        assert!(constants < 2, "put a comment into {}", path.display());
        let words = words(&text);
        assert_eq!(checked(&words.join(" ")), checked(&text), "{}", path.display());
        assert_eq!(checked(&words.join("\n")), checked(&text), "{}", path.display());
    }
    assert!(count > 8);
}

#[test]
fn empty_files() {
    assert_eq!(checked(""), "");
    assert_eq!(checked("\n\n  \n"), "");
    assert_eq!(checked("\u{FEFF}# one\n\n\n\n# two"), "# one\n\n# two\n");
}

fn parsed_condition(expr: &str) -> tripline::syntax::ast::Expr {
    let text = format!("rule r \"t\" {{ events e = s where {expr} alert e {{}} }}");
    match read(&text).items.into_iter().next() {
        Some(Item::Rule(rule)) => match rule
            .relations
            .into_iter()
            .next()
            .unwrap()
            .steps
            .into_iter()
            .next()
            .unwrap()
            .kind
        {
            StepKind::Where(condition) => condition,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn parentheses_stand_where_they_are_needed() {
    for (written, expected) in [
        ("(a) and ((b or (c)))", "a and (b or c)"),
        ("(a and b) or c", "a and b or c"),
        ("a and (b and c)", "a and b and c"),
        ("not (a == 1)", "not a == 1"),
        ("not (a and b)", "not (a and b)"),
        ("not(not a)", "not not a"),
        ("(a ?? b) == \"x\"", "a ?? b == \"x\""),
        ("a ?? (b + c) == 1", "a ?? (b + c) == 1"),
        ("(a - b) - c > 0", "a - b - c > 0"),
        ("a - (b - c) > 0", "a - (b - c) > 0"),
        ("(a + b) * c > 0", "(a + b) * c > 0"),
        ("(a * b) + c > 0", "a * b + c > 0"),
        ("(a minus b) is not empty", "a minus b is not empty"),
        ("a minus (b union c) is empty", "a minus (b union c) is empty"),
        ("(a is missing)", "a is missing"),
        ("a == (b is missing)", "a == (b is missing)"),
        ("(not a) == b", "(not a) == b"),
        ("(a or b) is present", "(a or b) is present"),
        ("a has (any)", "a has (any)"),
        ("a has (anything)", "a has anything"),
        ("a in (cidr.x)", "a in (cidr.x)"),
        ("a in(list_of)", "a in list_of"),
        ("f( a , (b) )[-1].x", "f(a, b)[-1].x"),
        ("a matches /x\\/y/i", "a matches /x\\/y/i"),
        ("a[\"k\"][0].in == 1.50", "a[\"k\"][0].in == 1.5"),
        ("a in [ \"x\",\"y\" , ]", "a in [\"x\", \"y\"]"),
    ] {
        let condition = parsed_condition(written);
        let printed = expr_to_string(&condition);
        assert_eq!(printed, expected);
        assert_eq!(without_spans(&parsed_condition(&printed)), without_spans(&condition));
    }
}

#[test]
fn parts_print_on_one_line() {
    let text = "list long = [\"a\n".replace('\n', &"x".repeat(150)) + "\", 1, 2.0, true, 1e300]
        rule r \"t\" { events e = s alert e {}
          test \"t\" { now 2025-08-15T10:00Z common { a.b: null, \"c d\": [1, {}], in: { x: \"\\u00e9\" } } expect none } }";
    let file = read(&text);
    let Some(Item::List(list)) = file.items.first() else {
        panic!()
    };
    let printed: Vec<String> = list
        .elements
        .iter()
        .skip(1)
        .map(|element| literal_to_string(&element.kind))
        .collect();
    assert_eq!(printed, ["1", "2.0", "true", "1e300"]);
    let Some(Item::Rule(rule)) = file.items.last() else {
        panic!()
    };
    let common = rule.tests[0].common.as_ref().unwrap();
    assert_eq!(
        object_to_string(common),
        r#"{ a.b: null, "c d": [1, {}], in: { x: "é" } }"#
    );
}

#[test]
fn deep_and_long_files() {
    let deep = |open: &str, close: &str| {
        let condition = format!("{}a{}", open.repeat(250), close.repeat(250));
        checked(&format!(
            "rule r \"t\" {{ events e = s where {condition} alert e {{}} }}"
        ));
    };
    deep("(not ", ")");
    deep("f(b, ", ")");
    deep("(a or b and not ", ")");
    // A comment at every level, in the middle of a comparison.
    deep("(x or y == # c\n", ")");
    let terms = vec!["a"; 900].join(" + ");
    checked(&format!(
        "rule r \"t\" {{ events e = s where {terms} > 1 alert e {{}} }}"
    ));
    let elements: Vec<String> = (0..2_000).map(|n| format!("\"element {n}\" # {n}\n")).collect();
    checked(&format!("list l = [{}]", elements.join(",")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn every_file_keeps_its_tree(tokens in source::file(), choices in prop::collection::vec(0u8..225, 1..40)) {
        checked(&source::spread(&tokens, &choices));
    }

    #[test]
    fn every_comment_is_kept_once(tokens in source::file(), choices in prop::collection::vec(any::<u8>(), 1..200)) {
        checked(&source::spread(&tokens, &choices));
    }

    #[test]
    fn comments_may_stand_everywhere(tokens in source::file(), choices in prop::collection::vec(190u8.., 1..200)) {
        checked(&source::spread(&tokens, &choices));
    }

    #[test]
    fn conditions_print_as_they_are_read(tokens in source::expression()) {
        let condition = parsed_condition(&tokens.join(" "));
        let printed = expr_to_string(&condition);
        prop_assert!(!printed.contains('\n'));
        prop_assert_eq!(without_spans(&parsed_condition(&printed)), without_spans(&condition), "{}", printed);
    }
}

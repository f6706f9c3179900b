use super::{MAX_DEPTH, parse};
use crate::diagnostics::{Code, FileId};

fn rule(condition: &str) -> String {
    format!("rule r \"title\" {{ events e = s where {condition} alert e {{ }} }}")
}

fn code(text: &str) -> Code {
    parse(FileId(0), text).unwrap_err().first().unwrap().code
}

#[test]
fn nesting_has_a_limit_and_long_conditions_have_none() {
    let brackets = |n: usize| rule(&format!("{}x{}", "(".repeat(n), ")".repeat(n)));
    assert!(parse(FileId(0), &brackets(MAX_DEPTH - 1)).is_ok());
    assert_eq!(code(&brackets(MAX_DEPTH)), Code::TooDeep);
    assert_eq!(code(&rule(&format!("{}x", "not ".repeat(20_000)))), Code::TooDeep);
    assert!(parse(FileId(0), &rule(&format!("x{}", " and x".repeat(5_000)))).is_ok());
}

#[test]
fn slips_are_named() {
    for (condition, expected) in [
        ("a = 1", Code::SingleEquals),
        ("a not in [\"x\"]", Code::MisplacedNot),
        ("a !in [\"x\"]", Code::MisplacedNot),
        ("a in [\"x\" \"y\"]", Code::MissingComma),
        ("a == b == c", Code::ChainedComparison),
        ("a == \"\\q\"", Code::BadEscape),
        ("a == \"open", Code::Unclosed),
        ("a matches /open", Code::Unclosed),
        ("(a == 1", Code::Unclosed),
        ("a && b", Code::UnexpectedWord),
        ("a > 99999999999999999999", Code::BadLiteral),
    ] {
        assert_eq!(code(&rule(condition)), expected, "{condition}");
    }
}

#[test]
fn comments_are_kept_and_hashes_in_literals_are_not_comments() {
    let text = "# one\nrule r \"a # title\" { # two\n events e = s where x matches /a#b/ alert e { } }\n";
    let file = parse(FileId(0), text).unwrap();
    let texts: Vec<&str> = file.comments.iter().map(|c| c.text.as_str()).collect();
    assert_eq!(texts, ["# one", "# two"]);
    assert_eq!(
        file.comments.iter().map(|c| c.own_line).collect::<Vec<_>>(),
        [true, false]
    );
}

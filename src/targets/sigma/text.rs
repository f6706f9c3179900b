//! Texts as values of a detection: escaped as the specification says, or as a pattern where a plain value could be
//! mistaken.
//!
//! In a plain value `*` and `?` are wildcards, and a backslash escapes these two and itself. A text that holds one of the
//! two would need escapes that checkers take for mistakes, and so do control characters and texts that look like
//! numbers; these become patterns.

use super::formula::Formula;
use crate::targets::yaml::Node;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Which part of the field's text a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Whole,
    Within,
    Start,
    End,
}

/// `field` is one of the texts, or holds one, or begins or ends with one; these three ignore case in every target.
pub(super) fn one_of(field: &str, place: Place, fold: bool, texts: &[&str]) -> Formula {
    let mut seen = BTreeSet::new();
    let mut is_new = |text: &&str| {
        seen.insert(if fold {
            text.to_ascii_lowercase()
        } else {
            (*text).to_owned()
        })
    };
    let distinct = texts.iter().copied().filter(|text| is_new(text));
    let (patterns, plain): (Vec<&str>, Vec<&str>) = distinct.partition(|text| needs_pattern(text, place));
    let modifiers = match place {
        Place::Whole if fold => "",
        Place::Whole => "|cased",
        Place::Within => "|contains",
        Place::Start => "|startswith",
        Place::End => "|endswith",
    };
    let pattern = |text: &&str| {
        let text = literal(text);
        Node::Quoted(match place {
            Place::Whole => format!("^{text}$"),
            Place::Within => text,
            Place::Start => format!("^{text}"),
            Place::End => format!("{text}$"),
        })
    };
    Formula::any([
        Formula::item(field, modifiers, plain.iter().map(|text| Node::Quoted(escaped(text)))),
        Formula::item(field, re(fold), patterns.iter().map(pattern)),
    ])
}

/// The modifiers of a pattern.
pub(super) fn re(fold: bool) -> &'static str {
    if fold { "|re|i" } else { "|re" }
}

/// Whether any of the texts becomes a pattern.
pub(super) fn has_pattern(texts: &[&str], place: Place) -> bool {
    texts.iter().any(|text| needs_pattern(text, place))
}

fn needs_pattern(text: &str, place: Place) -> bool {
    // What a reader of YAML or Python could take for a whole number: `5`, `-5`, `1_000`, digits of other scripts.
    let digits = |c: char| c.is_numeric() || c.is_whitespace() || matches!(c, '_' | '+' | '-');
    let number = place == Place::Whole && text.chars().all(digits) && text.chars().any(char::is_numeric);
    number || text.contains(['*', '?']) || text.chars().any(char::is_control)
}

/// A text without wildcards as a plain value. A single backslash stands for itself; several, or one at the end, are
/// doubled.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, run) = rest.split_at(at);
        let after = run.trim_start_matches('\\');
        let slashes = run.len() - after.len();
        out.push_str(before);
        let times = if slashes == 1 && !after.is_empty() {
            1
        } else {
            2 * slashes
        };
        out.extend(std::iter::repeat_n('\\', times));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A text as a pattern that matches it and nothing else, in what all dialects share.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_literal(&mut out, c);
    }
    out
}

/// A character as a pattern.
pub(super) fn push_literal(out: &mut String, c: char) {
    // Writing to a string cannot fail.
    let _ = match c {
        '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => write!(out, "\\{c}"),
        '\n' => write!(out, "\\n"),
        '\r' => write!(out, "\\r"),
        '\t' => write!(out, "\\t"),
        c if u32::from(c) < 0x20 => write!(out, "\\x{:02X}", u32::from(c)),
        c => write!(out, "{c}"),
    };
}

/// `has`: the text with no letter or digit beside it.
pub(super) fn word(text: &str) -> Node {
    Node::Quoted(format!("(^|[^0-9A-Za-z]){}($|[^0-9A-Za-z])", literal(text)))
}

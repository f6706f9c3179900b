//! A first look at the text, token by token: comments (the grammar drops them), and what the grammar could only report
//! badly: brackets and strings that are never closed, and nesting that is too deep.

use super::{MAX_DEPTH, ast::Comment};
use crate::diagnostics::{Code, Diagnostic, FileId, Span};

pub(super) fn scan(file: FileId, text: &str) -> Result<Vec<Comment>, Vec<Diagnostic>> {
    let span = |start: usize, end: usize| Span {
        file,
        start: u32::try_from(start).unwrap_or(u32::MAX),
        end: u32::try_from(end).unwrap_or(u32::MAX),
    };
    let bytes = text.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let mut comments = Vec::new();
    let mut open: Vec<(u8, usize)> = Vec::new();
    // The bracket that is open where a statement begins that stands in none, or in the rule's alone: the likely place.
    let mut suspect: Option<(usize, Span)> = None;
    // What stood before, to tell a regular expression from a division.
    let mut regex_may_follow = false;
    let mut line_start = 0;
    let mut i = 0;
    while i < bytes.len() {
        let start = i;
        match at(i) {
            // A lone carriage return ends a line for the grammar too.
            b'\n' | b'\r' => {
                i += 1;
                line_start = i;
                continue;
            }
            b' ' | b'\t' => {
                i += 1;
                continue;
            }
            b'#' => {
                while i < bytes.len() && at(i) != b'\n' && at(i) != b'\r' {
                    i += 1;
                }
                let body = text.get(start..i).unwrap_or("").trim_end();
                let own_line = text
                    .get(line_start..start)
                    .unwrap_or("")
                    .trim_matches('\u{FEFF}')
                    .trim()
                    .is_empty();
                comments.push(Comment {
                    text: body.to_owned(),
                    span: span(start, start + body.len()),
                    own_line,
                });
                continue;
            }
            b'"' if text.get(i..).is_some_and(|t| t.starts_with("\"\"\"")) => {
                match text.get(i + 3..).and_then(|t| t.find("\"\"\"")) {
                    Some(length) => i += length + 6,
                    None => {
                        return Err(vec![unclosed(
                            span(i, i + 3),
                            "this text block is never closed",
                            "\"\"\"",
                        )]);
                    }
                }
                regex_may_follow = false;
            }
            b'"' => {
                i += 1;
                loop {
                    match at(i) {
                        b'\\' if i + 1 < bytes.len() && !matches!(at(i + 1), b'\n' | b'\r') => i += 2,
                        b'"' => {
                            i += 1;
                            break;
                        }
                        b'\n' | b'\r' | 0 if i >= bytes.len() || at(i) != 0 => {
                            return Err(vec![unclosed(
                                span(start, i),
                                "this string is not closed on its line",
                                "\"",
                            )]);
                        }
                        _ => i += 1,
                    }
                }
                regex_may_follow = false;
            }
            b'/' if regex_may_follow => {
                i += 1;
                loop {
                    match at(i) {
                        b'\\' if i + 1 < bytes.len() && !matches!(at(i + 1), b'\n' | b'\r') => i += 2,
                        b'/' => {
                            i += 1;
                            break;
                        }
                        b'\n' | b'\r' | 0 if i >= bytes.len() || at(i) != 0 => {
                            let what = "this regular expression is not closed on its line";
                            return Err(vec![
                                unclosed(span(start, i), what, "/").help("a `/` inside is written `\\/`"),
                            ]);
                        }
                        _ => i += 1,
                    }
                }
                regex_may_follow = false;
            }
            open_bracket @ (b'(' | b'[' | b'{') => {
                open.push((open_bracket, i));
                if open.len() > MAX_DEPTH {
                    let finding = Diagnostic::new(Code::TooDeep, span(i, i + 1), "brackets are nested too deeply")
                        .label(format!("more than {MAX_DEPTH} are open here"))
                        .help("name a part with `let` and use its name");
                    return Err(vec![finding]);
                }
                i += 1;
                regex_may_follow = open_bracket == b'(';
            }
            close @ (b')' | b']' | b'}') => {
                i += 1;
                let expected = open.pop();
                let fits = matches!(
                    (expected.map(|(b, _)| b), close),
                    (Some(b'('), b')') | (Some(b'['), b']') | (Some(b'{'), b'}')
                );
                if !fits {
                    let close = char::from(close);
                    let mut finding =
                        Diagnostic::new(Code::Unclosed, span(start, i), format!("`{close}` closes nothing"));
                    if let Some((bracket, at)) = expected {
                        let bracket = char::from(bracket);
                        let wanted = match bracket {
                            '(' => ')',
                            '[' => ']',
                            _ => '}',
                        };
                        finding = finding
                            .also(span(at, at + 1), format!("`{bracket}` is still open"))
                            .help(format!("close it with `{wanted}` first"));
                    } else {
                        finding = finding.help("delete it");
                    }
                    return Err(vec![finding]);
                }
                regex_may_follow = false;
            }
            b if b.is_ascii_alphanumeric() || b == b'_' => {
                while at(i).is_ascii_alphanumeric() || at(i) == b'_' {
                    i += 1;
                }
                let word = text.get(start..i).unwrap_or("");
                let alone = text.get(line_start..start).is_some_and(|t| t.trim().is_empty());
                if suspect.is_none() && alone && begins_statement(text.get(i..).unwrap_or("")) {
                    let outside = match word {
                        "rule" if start == line_start => open.last(),
                        "events" | "group" | "baseline" | "match" | "alert" | "test" if open.len() > 1 => open.last(),
                        _ => None,
                    };
                    suspect = outside.map(|(_, at)| (*at, span(start, i)));
                }
                regex_may_follow = word == "matches";
            }
            b',' => {
                i += 1;
                regex_may_follow = true;
            }
            b => {
                i += 1;
                while i < bytes.len() && !text.is_char_boundary(i) {
                    i += 1;
                }
                regex_may_follow = b == b'=' || b == b'~';
            }
        }
    }
    if let Some((bracket, at)) = open.pop() {
        let likely = suspect.and_then(|(at, before)| bytes.get(at).map(|bracket| (*bracket, at, before)));
        let (bracket, at, before) = match likely {
            Some((bracket, at, before)) => (bracket, at, Some(before)),
            None => (bracket, at, None),
        };
        let (bracket, close) = match bracket {
            b'(' => ('(', ")"),
            b'[' => ('[', "]"),
            _ => ('{', "}"),
        };
        let finding = unclosed(span(at, at + 1), &format!("`{bracket}` is never closed"), close);
        return Err(vec![match before {
            Some(before) => finding.also(before, "it is still open here"),
            None => finding,
        }]);
    }
    Ok(comments)
}

/// Whether what follows a word makes it the word of a statement: `alert call`, `test "..`, but not `test: 5`.
fn begins_statement(rest: &str) -> bool {
    let name = rest.trim_start_matches([' ', '\t']);
    name.len() < rest.len() && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '"')
}

fn unclosed(span: Span, what: &str, close: &str) -> Diagnostic {
    Diagnostic::new(Code::Unclosed, span, what)
        .label("opened here")
        .help(format!("close it with `{close}`"))
}

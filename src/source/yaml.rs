//! YAML with the place of everything: a tree of texts, lists and maps. Tags and aliases are not read, for no source file
//! needs them.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};
use std::ops::Range;

/// Deeper than any source file is.
const DEEPEST: usize = 32;

/// A value and the bytes that it was written in.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) place: Range<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Any scalar, as it is written. `plain` without quotes.
    Text { text: String, plain: bool },
    /// A list.
    List(Vec<Node>),
    /// A map: keys and values in the order of the file.
    Map(Vec<(Node, Node)>),
}

/// Why a text is no YAML of ours.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) at: usize,
    pub(crate) why: String,
}

impl Node {
    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }
}

/// A list or map that is not closed yet.
struct Open {
    start: usize,
    map: bool,
    nodes: Vec<Node>,
}

/// Reads the one document of a text.
pub(crate) fn parse(text: &str) -> Result<Node, Unreadable> {
    let lines = Lines::new(text);
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Unreadable {
            at: lines.byte(*error.marker()),
            why: error.info().to_owned(),
        })?;
        let place = lines.byte(span.start)..lines.byte(span.end);
        let refused = |why: &str| Unreadable {
            at: place.start,
            why: why.to_owned(),
        };
        let done = match event {
            Event::Alias(_) => return Err(refused("anchors and aliases are not read here")),
            Event::Scalar(.., Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                return Err(refused("tags (`!`, `!!set`) are not read here; write a text in quotes"));
            }
            Event::Scalar(value, style, _, _) => Node {
                kind: Kind::Text {
                    text: value.into_owned(),
                    plain: style == ScalarStyle::Plain,
                },
                place: closed(text, place),
            },
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() == DEEPEST {
                    return Err(refused("this is nested too deeply"));
                }
                open.push(Open {
                    start: place.start,
                    map: matches!(event, Event::MappingStart(..)),
                    nodes: Vec::new(),
                });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open { start, map, nodes }) => {
                    let end = place.end.max(start);
                    // A block ends where the next thing begins; it is shown as far as its last word.
                    let last = nodes.last().map_or(end, |node| node.place.end);
                    let flow = text.get(start..).is_some_and(|rest| rest.starts_with(['{', '[']));
                    let place = start..if flow { end } else { last };
                    let kind = if map {
                        Kind::Map(pairs(nodes))
                    } else {
                        Kind::List(nodes)
                    };
                    Node { kind, place }
                }
                None => continue,
            },
            Event::DocumentStart(_) if root.is_some() => return Err(refused("a second document begins here")),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                continue;
            }
        };
        match open.last_mut() {
            Some(within) => within.nodes.push(done),
            None => root = Some(done),
        }
    }
    root.ok_or(Unreadable {
        at: 0,
        why: "the file is empty".to_owned(),
    })
}

/// A text in quotes ends with its quote; the parser may go on to what follows.
fn closed(text: &str, place: Range<usize>) -> Range<usize> {
    let written = text.get(place.clone()).unwrap_or("");
    let Some(quote) = written.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return place;
    };
    let mut letters = written.char_indices().skip(1).peekable();
    while let Some((at, c)) = letters.next() {
        let escaped = quote == '"' && c == '\\';
        let doubled = quote == '\'' && c == quote && letters.peek().is_some_and(|(_, next)| *next == quote);
        if escaped || doubled {
            letters.next();
        } else if c == quote {
            return place.start..place.start + at + 1;
        }
    }
    place
}

fn pairs(nodes: Vec<Node>) -> Vec<(Node, Node)> {
    let mut pairs = Vec::with_capacity(nodes.len() / 2);
    let mut nodes = nodes.into_iter();
    while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
        pairs.push((key, value));
    }
    pairs
}

/// The bytes at which lines begin: the parser counts characters.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Lines<'a> {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Lines { text, starts }
    }

    fn byte(&self, marker: Marker) -> usize {
        let Some(start) = self.starts.get(marker.line().saturating_sub(1)) else {
            return self.text.len();
        };
        let line = self.text.get(*start..).unwrap_or("");
        let column = line.char_indices().nth(marker.col()).map_or(line.len(), |(at, _)| at);
        start + column
    }
}

/// For each byte of a scalar's text, and for its end, the byte of the file at which it was written.
pub(crate) fn bytes_of(file: &str, place: &Range<usize>, text: &str) -> Vec<usize> {
    let mut at = place.start;
    let indentation = literal(file, place.start);
    let quote = file.get(at..).and_then(|rest| rest.chars().next());
    let quote = quote.filter(|c| indentation.is_none() && matches!(c, '"' | '\''));
    at += usize::from(quote.is_some());
    let mut bytes = Vec::with_capacity(text.len() + 1);
    let rest = |at: usize| file.get(at..place.end).unwrap_or("");
    for c in text.chars() {
        let raw = rest(at);
        let blank = |c: char| c == ' ' || c == '\t';
        let taken = match (c, indentation) {
            ('\n', Some(indentation)) => {
                let line = raw.trim_start_matches('\r').strip_prefix('\n').unwrap_or(raw);
                let blanks = line.bytes().take(indentation).take_while(|byte| *byte == b' ').count();
                raw.len() - line.len() + blanks
            }
            (_, Some(_)) => c.len_utf8(),
            // A folded line break; the indentation behind it is not part of the text.
            (' ' | '\n', None) if raw.trim_start_matches(blank).starts_with(['\n', '\r']) => {
                raw.len() - raw.trim_start_matches(|c: char| c.is_whitespace()).len()
            }
            ('\n', None) if raw.starts_with("\\n") => 2,
            ('\t', None) if raw.starts_with("\\t") => 2,
            _ if quote == Some('"') && raw.starts_with('\\') && raw.get(1..).is_some_and(|r| r.starts_with(c)) => 2,
            ('\'', None) if quote == Some('\'') => 2,
            _ => c.len_utf8(),
        };
        bytes.extend(std::iter::repeat_n(at.min(place.end), c.len_utf8()));
        at += taken;
    }
    bytes.push(at.min(place.end));
    bytes
}

/// The indentation of a block whose line breaks are kept (`|`), where one begins at that byte.
fn literal(file: &str, start: usize) -> Option<usize> {
    let before = file.get(..start)?;
    let (above, indentation) = before.rsplit_once('\n')?;
    let mark = above.trim_end().rsplit('\n').next()?.trim_end();
    let mark = mark.split(" #").next()?.trim_end().trim_end_matches(['-', '+']);
    let block = mark.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with('|');
    (block && indentation.bytes().all(|byte| byte == b' ')).then_some(indentation.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, node: &Node, out: &mut Vec<(String, String)>) {
        let written = text.get(node.place.clone()).unwrap().to_owned();
        match &node.kind {
            Kind::Text { text, .. } => out.push((written, text.clone())),
            Kind::List(nodes) => nodes.iter().for_each(|node| shown(text, node, out)),
            Kind::Map(pairs) => pairs.iter().for_each(|(key, value)| {
                shown(text, key, out);
                shown(text, value, out);
            }),
        }
    }

    #[test]
    fn everything_has_its_place() {
        let text = "é: \"q\\\"r\" # c\nb: |\n  one\n    two\nl: ['it''s', {p: q é}]\n";
        let mut out = Vec::new();
        let root = parse(text).unwrap();
        shown(text, &root, &mut out);
        let expected = [
            ("é", "é"),
            ("\"q\\\"r\"", "q\"r"),
            ("b", "b"),
            ("one\n    two\n", "one\n  two\n"),
            ("l", "l"),
            ("'it''s'", "it's"),
            ("p", "p"),
            ("q é", "q é"),
        ];
        let out: Vec<(&str, &str)> = out.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(out, expected);
    }

    #[test]
    fn a_byte_of_a_text_is_found_in_the_file() {
        for (file, word) in [
            ("a: x == word and y", "word"),
            ("a: \"x == \\\"word\\\" and é\"", "word"),
            ("a: 'it''s word'", "word"),
            ("a: |\n    one\n      two\n    word ==\n", "word"),
            ("a: >-\n  one\n  word\n", "word"),
            ("a: one\n  two word\n", "word"),
        ] {
            let Kind::Map(pairs) = parse(file).unwrap().kind else {
                panic!()
            };
            let node = &pairs[0].1;
            let text = node.text().unwrap();
            let bytes = bytes_of(file, &node.place, text);
            let at = bytes[text.find(word).unwrap()];
            assert!(file[at..].starts_with(word), "{file}: {}", &file[at..]);
            assert_eq!(bytes.len(), text.len() + 1);
        }
    }

    #[test]
    fn what_is_not_read_says_where() {
        for (text, at) in [
            ("a: &x 1\nb: *x", 11),
            ("a: 1\n---\nb: 2", 5),
            ("a: [1", 6),
            ("a: !!set [b]", 9),
            ("", 0),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.at.abs_diff(at) <= 1 && !error.why.is_empty(), "{text}: {error:?}");
        }
        assert!(parse(&format!("{}{}", "[".repeat(500), "]".repeat(500))).is_err());
    }
}

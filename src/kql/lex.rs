//! From text to words, by `grammar/kql.pest`.

use super::error::{KqlError, Place};
use super::time;
use super::value::{Type, Value};
use pest::Parser;
use pest::iterators::Pair;
use std::sync::Arc;

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/kql.pest"]
struct Words;

/// What kind of word it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A literal.
    Literal(Type, Value),
    /// A name or a keyword, also `!has`, `in~`, `!in~`.
    Word(Arc<str>),
    /// An operator or a bracket.
    Mark(Arc<str>),
}

/// A word and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) place: Place,
}

/// The words of a text, and what is odd about it.
pub(super) fn words(text: &str) -> Result<(Vec<Token>, Vec<KqlError>), KqlError> {
    let parsed = Words::parse(Rule::file, text).map_err(|error| {
        let at = match error.location {
            pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at,
        };
        let rest = text.get(at..).unwrap_or("");
        let what = match rest.chars().next() {
            Some(c @ ('"' | '\'')) => format!("the string that begins with {c} is not closed on its line"),
            Some(c @ ('\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}')) => {
                format!("`{c}` is a printed quotation mark; KQL takes `\"` and `'`")
            }
            Some(c) if c.is_control() || c.is_whitespace() || ('\u{200b}'..='\u{200f}').contains(&c) => {
                format!(
                    "the character U+{:04X}, which cannot be seen, is not part of KQL",
                    c as u32
                )
            }
            Some('&') => "`&` is not part of KQL here; write `and`".to_owned(),
            Some(c) => format!("`{c}` is not part of KQL here"),
            None => "the query ends too early".to_owned(),
        };
        KqlError::at(Place { start: at, end: at }, what)
    })?;
    let mut tokens = Vec::new();
    let mut warnings = Vec::new();
    for pair in parsed.flat_map(Pair::into_inner) {
        let span = pair.as_span();
        let place = Place {
            start: span.start(),
            end: span.end(),
        };
        let kind = match pair.as_rule() {
            Rule::EOI => break,
            Rule::odd_blank => {
                let code = pair.as_str().chars().next().map_or(0, |c| c as u32);
                warnings.push(KqlError::at(
                    place,
                    format!("a blank that is no plain space (U+{code:04X}) is read as one"),
                ));
                continue;
            }
            Rule::string => Kind::Literal(Type::String, string(pair, place)?),
            Rule::typed => typed(pair, place)?,
            Rule::timespan => {
                let mut inner = pair.into_inner();
                let count = inner.next().map_or("", |p| p.as_str());
                let unit = inner.next().map_or("", |p| p.as_str());
                let ticks = time::counted(count, unit)
                    .ok_or_else(|| KqlError::at(place, "this timespan is too long for a timespan"))?;
                Kind::Literal(Type::Timespan, Value::Timespan(ticks))
            }
            Rule::real => {
                let number = pair.as_str().parse().ok().filter(|n: &f64| n.is_finite());
                let number = number.ok_or_else(|| KqlError::at(place, "this number is too large for `real`"))?;
                Kind::Literal(Type::Real, Value::Real(number))
            }
            Rule::hex => long(
                i64::from_str_radix(pair.as_str().get(2..).unwrap_or(""), 16).ok(),
                place,
            )?,
            Rule::long => long(pair.as_str().parse().ok(), place)?,
            Rule::mark => Kind::Mark(pair.as_str().into()),
            _ => Kind::Word(pair.as_str().into()),
        };
        tokens.push(Token { kind, place });
    }
    Ok((tokens, warnings))
}

fn long(number: Option<i64>, place: Place) -> Result<Kind, KqlError> {
    number
        .map(|n| Kind::Literal(Type::Long, Value::Long(n)))
        .ok_or_else(|| KqlError::at(place, "this number is too large for `long`"))
}

fn string(pair: Pair<'_, Rule>, place: Place) -> Result<Value, KqlError> {
    let Some(inner) = pair.into_inner().next() else {
        return Ok(Value::text(""));
    };
    let text = inner.as_str();
    let cut = |head: usize, tail: usize| text.get(head..text.len().saturating_sub(tail)).unwrap_or("");
    Ok(match inner.as_rule() {
        Rule::block => Value::text(cut(3, 3)),
        Rule::verbatim => {
            let quote = text.get(1..2).unwrap_or("\"");
            Value::text(cut(2, 1).replace(&quote.repeat(2), quote))
        }
        _ => Value::text(unescape(cut(1, 1)).map_err(|what| KqlError::at(place, what))?),
    })
}

/// Resolves backslash escapes.
fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let c = rest.next().unwrap_or('\\');
        let hex = |rest: &mut std::str::Chars<'_>, digits: usize| {
            let code: String = rest.by_ref().take(digits).collect();
            let unit = u32::from_str_radix(&code, 16).ok().filter(|_| code.len() == digits);
            // Kusto's texts are UTF-16: two halves, one behind the other, are one character.
            let half = unit.filter(|unit| digits == 4 && (0xd800..0xdc00).contains(unit));
            let whole = match half {
                Some(high) => rest
                    .as_str()
                    .strip_prefix("\\u")
                    .and_then(|low| low.get(..4))
                    .and_then(|low| {
                        let low = u32::from_str_radix(low, 16)
                            .ok()
                            .filter(|low| (0xdc00..0xe000).contains(low))?;
                        rest.by_ref().take(6).for_each(drop);
                        Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
                    }),
                None => unit,
            };
            whole
                .and_then(char::from_u32)
                .ok_or_else(|| format!("`\\{c}{code}` is no character"))
        };
        out.push(match c {
            '\\' | '"' | '\'' | '/' => c,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            '0' => '\0',
            'x' => hex(&mut rest, 2)?,
            'u' => hex(&mut rest, 4)?,
            'U' => hex(&mut rest, 8)?,
            other => {
                return Err(format!(
                    "`\\{other}` is not an escape; write the text as `@\"...\"` or double the backslash"
                ));
            }
        });
    }
    Ok(out)
}

fn typed(pair: Pair<'_, Rule>, place: Place) -> Result<Kind, KqlError> {
    let mut inner = pair.into_inner();
    let name = inner.next().map_or("", |p| p.as_str());
    let text = inner.next().map_or("", |p| p.as_str()).trim();
    let text = text
        .strip_prefix(['"', '\''])
        .and_then(|t| t.strip_suffix(['"', '\'']))
        .unwrap_or(text);
    let Some(ty) = Type::named(name) else {
        return Err(KqlError::at(
            place,
            format!("literals of type `{name}` are not supported"),
        ));
    };
    if text == "null" {
        return Ok(Kind::Literal(ty, Value::Null));
    }
    let value = match ty {
        Type::Datetime => datetime(text).map(Value::Datetime),
        Type::Timespan => time::parse_timespan(text).map(Value::Timespan),
        Type::Bool => match text {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Type::Int => text.parse::<i32>().ok().map(|n| Value::Long(n.into())),
        Type::Long => text.parse().ok().map(Value::Long),
        Type::Real => match text {
            "nan" => Some(Value::Real(f64::NAN)),
            "+inf" => Some(Value::Real(f64::INFINITY)),
            "-inf" => Some(Value::Real(f64::NEG_INFINITY)),
            _ => text.parse().ok().filter(|n: &f64| n.is_finite()).map(Value::Real),
        },
        Type::Guid => guid(text).map(|text| Value::Guid(text.into())),
        Type::String | Type::Dynamic | Type::Unknown => None,
    };
    value
        .map(|value| Kind::Literal(ty, value))
        .ok_or_else(|| KqlError::at(place, format!("`{text}` is not read as a `{ty}`")))
}

/// What stands in `datetime(...)`: a datetime, also with blanks around its hyphens, or `year, month, day`.
fn datetime(text: &str) -> Option<i64> {
    time::parse_datetime(text).or_else(|| {
        let between = if text.contains(',') { ',' } else { '-' };
        let parts: Option<Vec<u32>> = text.split(between).map(|part| part.trim().parse().ok()).collect();
        match parts?.as_slice() {
            [year, month, day] => time::parse_datetime(&format!("{year:04}-{month:02}-{day:02}")),
            _ => None,
        }
    })
}

/// A GUID in lower case with hyphens.
pub(super) fn guid(text: &str) -> Option<String> {
    let lower = text.trim().to_ascii_lowercase();
    let parts: Vec<&str> = lower.split('-').collect();
    let fits = parts.iter().map(|p| p.len()).eq([8, 4, 4, 4, 12]);
    let hex = parts.iter().all(|p| p.bytes().all(|b| b.is_ascii_hexdigit()));
    (fits && hex).then_some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        words(text)
            .unwrap()
            .0
            .into_iter()
            .map(|t| match t.kind {
                Kind::Literal(ty, value) => format!("{ty}:{}", value.to_text()),
                Kind::Word(w) | Kind::Mark(w) => w.to_string(),
            })
            .collect()
    }

    #[test]
    fn strings_in_all_their_forms() {
        assert_eq!(
            texts(r#""a\"b\\" 'it\'s' @"c:\x""y" @'a''b' h"hid" ```two "q" lines``` "\u0041""#),
            [
                "string:a\"b\\",
                "string:it's",
                "string:c:\\x\"y",
                "string:a'b",
                "string:hid",
                "string:two \"q\" lines",
                "string:A"
            ]
        );
        assert!(words("\"open").is_err());
        assert!(words("\"a\\qb\"").is_err());
    }

    #[test]
    fn numbers_spans_and_marks() {
        assert_eq!(
            texts("1d 1min 1.5h 3 0x1F 2.5 1e3 1..5 a[-1] x!in~(y) in~ //c\n z"),
            [
                "timespan:1.00:00:00",
                "timespan:00:01:00",
                "timespan:01:30:00",
                "long:3",
                "long:31",
                "real:2.5",
                "real:1000.0",
                "long:1",
                "..",
                "long:5",
                "a",
                "[",
                "-",
                "long:1",
                "]",
                "x",
                "!in~",
                "(",
                "y",
                ")",
                "in~",
                "z"
            ]
        );
    }

    #[test]
    fn literals_of_a_type() {
        assert_eq!(
            texts("datetime(2020-01-01 10:00) int(null) timespan(1.00:00:00) real(2) typeof(long)"),
            [
                "datetime:2020-01-01T10:00:00.0000000Z",
                "int:",
                "timespan:1.00:00:00",
                "real:2.0",
                "typeof",
                "(",
                "long",
                ")"
            ]
        );
        assert!(words("decimal(1)").unwrap_err().message.contains("decimal"));
        assert!(words("datetime(tomorrow)").is_err());
        assert!(words("99999999999999999999").is_err());
    }
}

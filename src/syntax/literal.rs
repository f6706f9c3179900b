//! Literals: strings with JSON's escapes, text blocks, numbers, durations, timestamps.

use super::ast::{LiteralKind, Text};
use super::build::Builder;
use super::{Pair, Rule};
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::value;

impl Builder {
    /// A string or text block.
    pub(super) fn text(&mut self, pair: &Pair<'_>) -> Text {
        let span = self.span(pair);
        if pair.as_rule() == Rule::text_block {
            let inner = pair
                .as_str()
                .strip_prefix("\"\"\"")
                .and_then(|t| t.strip_suffix("\"\"\""))
                .unwrap_or("");
            return Text {
                value: dedent(inner),
                span,
                block: true,
            };
        }
        let inner = pair
            .as_str()
            .strip_prefix('"')
            .and_then(|t| t.strip_suffix('"'))
            .unwrap_or("");
        Text {
            value: self.unescape(inner, span),
            span,
            block: false,
        }
    }

    /// A text block where a text in quotes must stand.
    pub(super) fn no_block(&mut self, pair: &Pair<'_>) -> String {
        let text = self.text(pair);
        let quoted = serde_json::Value::from(text.value.as_str()).to_string();
        let quoted = if quoted.len() > 80 { "\"..\"".to_owned() } else { quoted };
        self.findings.push(
            Diagnostic::new(Code::BadLiteral, text.span, "a text block cannot stand here")
                .note("it can in metadata, in the texts of an alert, and behind the `:` of a field in a test")
                .help(format!("write `{quoted}`")),
        );
        text.value
    }

    /// Escapes as in JSON.
    pub(super) fn unescape(&mut self, inner: &str, span: Span) -> String {
        // JSON wants control characters escaped; a tab inside quotes is harmless and common.
        let quoted = format!("\"{}\"", inner.replace('\t', "\\t"));
        match serde_json::from_str::<String>(&quoted) {
            Ok(text) => text,
            Err(_) => {
                self.findings.push(
                    Diagnostic::new(Code::BadEscape, span, "this text has an escape that is not known")
                        .help("known are `\\\"`, `\\\\`, `\\/`, `\\n`, `\\r`, `\\t`, `\\b`, `\\f` and `\\u00e9`; a backslash is written `\\\\`"),
                );
                String::new()
            }
        }
    }

    pub(super) fn number(&mut self, pair: &Pair<'_>) -> LiteralKind {
        let text = pair.as_str();
        if let Ok(number) = text.parse::<i64>() {
            return LiteralKind::Int(number);
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() && text.contains(['.', 'e', 'E']) => LiteralKind::Real(number),
            _ => {
                let message = format!("the number `{text}` is too large");
                self.findings
                    .push(Diagnostic::new(Code::BadLiteral, self.span(pair), message));
                LiteralKind::Int(0)
            }
        }
    }

    /// `1h30m`, `0.0000001s`; at most ten thousand years.
    pub(super) fn duration(&mut self, text: &str, span: Span) -> value::Span {
        match read_duration(text) {
            Ok(duration) => duration,
            Err(why) => {
                self.findings
                    .push(Diagnostic::new(Code::BadLiteral, span, format!("`{text}`: {why}")));
                value::Span(0)
            }
        }
    }

    pub(super) fn timestamp(&mut self, pair: &Pair<'_>) -> value::Time {
        match read_time(pair.as_str()) {
            Ok(time) => time,
            Err(_) => {
                self.findings.push(
                    Diagnostic::new(
                        Code::BadLiteral,
                        self.span(pair),
                        format!("`{}` is no time", pair.as_str()),
                    )
                    .help("write it in UTC, such as `2025-08-15T10:00Z`"),
                );
                value::Time(0)
            }
        }
    }
}

/// Reads a time as rules and the command line write it: `2025-08-15T10:00Z`, seconds and fractions as needed.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn read_time(text: &str) -> Result<value::Time, String> {
    // RFC 3339 wants seconds; a rule may leave them out.
    let complete = match text.strip_suffix('Z') {
        Some(head) if head.len() == "2025-08-15T10:00".len() => format!("{head}:00Z"),
        _ => text.to_owned(),
    };
    value::Time::parse(&complete)
}

/// Reads a duration as rules and the command line write it: `1h30m`, `90s`, `0.5s`.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn read_duration(text: &str) -> Result<value::Span, String> {
    let mut total: i64 = 0;
    let mut rest = text;
    let mut smaller_than = i64::MAX;
    if rest.is_empty() {
        return Err("a duration is a number with `d`, `h`, `m` or `s`".into());
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at_checked(digits).unwrap_or((rest, ""));
        let unit = match tail.chars().next() {
            Some('d') => value::Span::days(1).0,
            Some('h') => value::Span::hours(1).0,
            Some('m') => value::Span::minutes(1).0,
            Some('s') => value::TICKS_PER_SECOND,
            _ => return Err("a duration is a number with `d`, `h`, `m` or `s`".into()),
        };
        if unit >= smaller_than {
            return Err("its units go from large to small, each once".into());
        }
        smaller_than = unit;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let whole: i64 = whole.parse().map_err(|_| "a number in it cannot be read".to_owned())?;
        let mut ticks = whole.checked_mul(unit).ok_or("it is too long")?;
        if !fraction.is_empty() {
            let scale = 10_i64
                .checked_pow(u32::try_from(fraction.len()).unwrap_or(99))
                .ok_or("it is finer than a tick")?;
            let part: i64 = fraction
                .parse()
                .map_err(|_| "a number in it cannot be read".to_owned())?;
            let part = part.checked_mul(unit).ok_or("it is finer than a tick")?;
            if part % scale != 0 {
                return Err("it is finer than a tick (100 ns, `0.0000001s`)".into());
            }
            ticks = ticks.checked_add(part / scale).ok_or("it is too long")?;
        }
        total = total.checked_add(ticks).ok_or("it is too long")?;
        rest = tail.get(1..).unwrap_or("");
    }
    if total > value::Span::days(3_660_000).0 {
        return Err("it is longer than ten thousand years".into());
    }
    Ok(value::Span(total))
}

/// Drops the common indentation of a text block, and the line breaks next to its marks.
fn dedent(inner: &str) -> String {
    let inner = inner.replace("\r\n", "\n");
    let lines: Vec<&str> = inner.split('\n').collect();
    let common = lines
        .iter()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
        .min()
        .unwrap_or(0);
    let mut kept: Vec<&str> = Vec::with_capacity(lines.len());
    for (number, line) in lines.iter().enumerate() {
        kept.push(if number == 0 {
            line.trim()
        } else {
            line.get(common..).unwrap_or("").trim_end()
        });
    }
    kept.join("\n").trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(read_duration("1h30m"), Ok(value::Span::minutes(90)));
        assert_eq!(read_duration("0.0000001s"), Ok(value::Span(1)));
        assert_eq!(read_duration("1.5h"), Ok(value::Span::minutes(90)));
        for bad in [
            "",
            "h",
            "1h1h",
            "1m1h",
            "0.00000001s",
            "99999999999999999999d",
            "1w",
            "999999999d",
        ] {
            assert!(read_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn blocks_lose_their_common_indentation() {
        assert_eq!(dedent("\n    one\n      two\n\n    three\n  "), "one\n  two\n\nthree");
        assert_eq!(dedent("one line"), "one line");
    }
}

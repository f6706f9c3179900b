//! Literals: text, patterns, lengths of time, numbers. What leaves here is ASCII.

use crate::plan::{Literal, Pattern};
use crate::value::Span;
use std::fmt::Write;

/// A text literal. Control characters and letters beyond ASCII are written as `\uXXXX`, in UTF-16 as KQL reads them.
pub(crate) fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            _ => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
    out
}

/// The text of a pattern as Kusto reads it: `\/` is `/`, letters beyond ASCII are written as `\x{..}`.
pub(super) fn pattern_text(pattern: &Pattern) -> String {
    let mut out = String::from(if pattern.ignore_case { "(?i)" } else { "" });
    let mut letters = pattern.text.chars();
    while let Some(c) = letters.next() {
        match c {
            '\\' => match letters.next() {
                Some('/') => out.push('/'),
                Some(next) => {
                    out.push('\\');
                    out.push(next);
                }
                None => out.push('\\'),
            },
            ' '..='~' => out.push(c),
            _ => {
                let _ = write!(out, "\\x{{{:x}}}", u32::from(c));
            }
        }
    }
    out
}

/// A pattern as a verbatim literal.
pub(super) fn pattern(pattern: &Pattern) -> String {
    format!("@\"{}\"", pattern_text(pattern).replace('"', "\"\""))
}

/// A length of time in its largest whole unit: `90m`, `13d`, `0s`.
pub(super) fn timespan(span: Span) -> String {
    let units = [
        ("d", Span::days(1).0),
        ("h", Span::hours(1).0),
        ("m", Span::minutes(1).0),
        ("s", Span::seconds(1).0),
        ("ms", Span::seconds(1).0 / 1000),
    ];
    if span.0 == 0 {
        return "0s".to_owned();
    }
    units.iter().find(|(_, ticks)| span.0 % ticks == 0).map_or_else(
        || format!("{}tick", span.0),
        |(unit, ticks)| format!("{}{unit}", span.0 / ticks),
    )
}

/// Any literal.
pub(super) fn literal(value: &Literal) -> String {
    match value {
        Literal::Text(value) => text(value),
        Literal::Int(i64::MIN) => format!("long({})", i64::MIN),
        Literal::Int(value) => value.to_string(),
        Literal::Real(value) => real(*value),
        Literal::Bool(value) => value.to_string(),
        Literal::Duration(span) => timespan(*span),
    }
}

fn real(value: f64) -> String {
    let text = value.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// Text for a comment, in ASCII: accents are dropped, typographic marks get their plain form, the rest is left out.
pub(super) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | ' '..='~' => out.push(c),
            _ if c.is_whitespace() => out.push(' '),
            _ => out.push_str(plain(c)),
        }
    }
    out
}

fn plain(c: char) -> &'static str {
    match c {
        'À'..='Å' | 'Ā' | 'Ă' | 'Ą' => "A",
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'Æ' => "AE",
        'æ' => "ae",
        'Ç' | 'Ć' | 'Č' => "C",
        'ç' | 'ć' | 'č' => "c",
        'Ď' | 'Đ' | 'Ð' => "D",
        'ď' | 'đ' | 'ð' => "d",
        'È'..='Ë' | 'Ē' | 'Ė' | 'Ę' | 'Ě' => "E",
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'Ğ' => "G",
        'ğ' => "g",
        'Ì'..='Ï' | 'Ī' | 'İ' => "I",
        'ì'..='ï' | 'ī' | 'ı' => "i",
        'Ł' => "L",
        'ł' => "l",
        'Ñ' | 'Ń' | 'Ň' => "N",
        'ñ' | 'ń' | 'ň' => "n",
        'Ò'..='Ö' | 'Ø' | 'Ō' | 'Ő' => "O",
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
        'Œ' => "OE",
        'œ' => "oe",
        'Ř' => "R",
        'ř' => "r",
        'Ś' | 'Š' | 'Ş' => "S",
        'ś' | 'š' | 'ş' => "s",
        'ß' => "ss",
        'Ť' | 'Ţ' => "T",
        'ť' | 'ţ' => "t",
        'Ù'..='Ü' | 'Ū' | 'Ů' | 'Ű' => "U",
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => "u",
        'Ý' | 'Ÿ' => "Y",
        'ý' | 'ÿ' => "y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'ź' | 'ż' | 'ž' => "z",
        '‐'..='―' | '−' => "-",
        '‘'..='‛' | '′' => "'",
        '“'..='‟' | '″' | '«' | '»' => "\"",
        '…' => "...",
        '•' | '·' => "*",
        '×' => "x",
        '→' | '⇒' => "->",
        '←' => "<-",
        '≤' => "<=",
        '≥' => ">=",
        '≠' => "!=",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn re(text: &str, ignore_case: bool) -> Pattern {
        Pattern {
            text: text.to_owned(),
            ignore_case,
        }
    }

    #[test]
    fn texts_are_escaped() {
        for (value, expected) in [
            ("Jersey/${project.version}", r#""Jersey/${project.version}""#),
            ("a\"b'c\\d", r#""a\"b'c\\d""#),
            ("a\nb\tc\r", r#""a\nb\tc\r""#),
            ("\u{0}\u{7f}", r#""\u0000\u007f""#),
            ("é🦀", r#""\u00e9\ud83e\udd80""#),
            ("{{x}} %%y%%", r#""{{x}} %%y%%""#),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn patterns_are_verbatim() {
        assert_eq!(
            pattern(&re(r"command[\/#]([\w.-]+)", false)),
            r#"@"command[/#]([\w.-]+)""#
        );
        assert_eq!(pattern(&re(r#"a"b\\/"#, true)), r#"@"(?i)a""b\\/""#);
        assert_eq!(pattern(&re("é", false)), r#"@"\x{e9}""#);
    }

    #[test]
    fn lengths_have_one_unit() {
        for (span, expected) in [
            (Span::days(13), "13d"),
            (Span::minutes(90), "90m"),
            (Span::seconds(0), "0s"),
            (Span::hours(24), "1d"),
            (Span(15), "15tick"),
            (Span(10_000), "1ms"),
        ] {
            assert_eq!(timespan(span), expected);
        }
    }

    #[test]
    fn numbers_and_comments() {
        assert_eq!(literal(&Literal::Real(5.0)), "5.0");
        assert_eq!(literal(&Literal::Int(-5)), "-5");
        assert_eq!(ascii("Café – “naïve” 東京…"), "Cafe - \"naive\" ...");
    }
}

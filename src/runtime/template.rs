//! Titles and messages: text with `{path}` placeholders.
//!
//! `{{` and `}}` stand for one brace. What is missing prints `unknown`; a set prints its elements, sorted and with `, `
//! between them; a time as RFC 3339 in UTC, a real in its shortest form, a json object or array as compact JSON (language reference,
//! "Alerts").

use crate::value::Value;
use std::fmt::{self, Write};
use std::ops::Range;

/// What a missing value prints.
pub const UNKNOWN: &str = "unknown";

/// A parsed title or message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text that is printed as it stands; doubled braces are single here.
    Literal(String),
    /// The place of a value.
    Placeholder {
        /// What stands between the braces, without blanks around it.
        path: String,
        /// Where the path stands in the template's text, in bytes.
        range: Range<usize>,
    },
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// What is wrong.
    pub kind: TemplateErrorKind,
    /// Where in the template's text, in bytes.
    pub range: Range<usize>,
}

/// What is wrong with a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateErrorKind {
    /// A `{` whose `}` is missing.
    Unclosed,
    /// A `}` without a `{` before it.
    Unopened,
    /// Nothing between the braces.
    Empty,
    /// A `{` inside a placeholder.
    Nested,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TemplateErrorKind::Unclosed => "`{` is never closed; write `{{` for a literal brace",
            TemplateErrorKind::Unopened => "`}` closes nothing; write `}}` for a literal brace",
            TemplateErrorKind::Empty => "no path between `{` and `}`",
            TemplateErrorKind::Nested => "`{` inside a placeholder",
        })
    }
}

impl std::error::Error for TemplateError {}

impl Template {
    /// Reads a template. A brace inside a quoted member name (`{p["a}b"]}`) closes nothing.
    ///
    /// # Errors
    /// The first brace that does not fit.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let fail = |kind, range| Err(TemplateError { kind, range });
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let doubled = chars.peek().is_some_and(|(_, next)| *next == c);
            match c {
                '{' | '}' if doubled => {
                    chars.next();
                    literal.push(c);
                }
                '}' => return fail(TemplateErrorKind::Unopened, at..at + 1),
                '{' => {
                    let start = at + 1;
                    let end = match end_of_path(&mut chars) {
                        Ok(Some(end)) => end,
                        Ok(None) => return fail(TemplateErrorKind::Unclosed, at..at + 1),
                        Err(nested) => return fail(TemplateErrorKind::Nested, nested..nested + 1),
                    };
                    let written = text.get(start..end).unwrap_or_default();
                    let path = written.trim();
                    if path.is_empty() {
                        return fail(TemplateErrorKind::Empty, at..end + 1);
                    }
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    let start = start + (written.len() - written.trim_start().len());
                    let range = start..start + path.len();
                    parts.push(Part::Placeholder {
                        path: path.to_owned(),
                        range,
                    });
                }
                other => literal.push(other),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Template { parts })
    }

    /// The pieces in order; two literals never stand side by side.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The paths in order, each with its place in the template's text.
    pub fn placeholders(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder { path, range } => Some((path.as_str(), range.clone())),
            Part::Literal(_) => None,
        })
    }

    /// The text with each placeholder replaced by its value; `lookup` is given the placeholder's number, counted from
    /// 0, and its path.
    ///
    /// ```
    /// use tripline::runtime::template::Template;
    /// use tripline::value::Value;
    /// let message = Template::parse("{user} ran {n} commands")?;
    /// let text = message.render(|_, path| if path == "n" { Value::Int(8) } else { Value::Missing });
    /// assert_eq!(text, "unknown ran 8 commands");
    /// # Ok::<(), tripline::runtime::template::TemplateError>(())
    /// ```
    #[must_use]
    pub fn render(&self, mut lookup: impl FnMut(usize, &str) -> Value) -> String {
        let mut out = String::new();
        let mut number = 0;
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Placeholder { path, .. } => {
                    print(&lookup(number, path), &mut out);
                    number += 1;
                }
            }
        }
        out
    }
}

/// Moves past the `}` that ends a placeholder and gives its place; none at the end of the text, an error with its
/// place for a `{` before that.
fn end_of_path(chars: &mut impl Iterator<Item = (usize, char)>) -> Result<Option<usize>, usize> {
    let mut quoted = false;
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted => {
                chars.next();
            }
            '}' if !quoted => return Ok(Some(at)),
            '{' if !quoted => return Err(at),
            _ => {}
        }
    }
    Ok(None)
}

/// The value as a title or message prints it.
#[must_use]
pub fn printed(value: &Value) -> String {
    let mut out = String::new();
    print(value, &mut out);
    out
}

fn print(value: &Value, out: &mut String) {
    // Writing into a String cannot fail.
    let _ = match value {
        Value::Missing => out.write_str(UNKNOWN),
        Value::Bool(b) => write!(out, "{b}"),
        Value::Int(n) => write!(out, "{n}"),
        // Exponents where the plain form would be mostly zeros.
        Value::Real(n) if *n != 0.0 && !(1e-7..1e21).contains(&n.abs()) && n.is_finite() => write!(out, "{n:e}"),
        Value::Real(n) => write!(out, "{}", n + 0.0),
        Value::Text(text) => out.write_str(text),
        Value::Time(time) => write!(out, "{time}"),
        Value::Json(json) => out.write_str(json.as_text().as_deref().unwrap_or(UNKNOWN)),
        Value::Set(set) => {
            for (i, element) in set.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                print(element, out);
            }
            Ok(())
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Json, Set, Time};
    use proptest::prelude::*;

    fn render(text: &str) -> String {
        Template::parse(text)
            .unwrap()
            .render(|n, path| Value::text(format!("<{n}:{path}>")))
    }

    #[test]
    fn literals_and_placeholders() {
        assert_eq!(render(""), "");
        assert_eq!(render("plain é"), "plain é");
        assert_eq!(render("{a.b} to {c[0]}"), "<0:a.b> to <1:c[0]>");
        assert_eq!(render("{a}{a}"), "<0:a><1:a>");
        assert_eq!(render("{{x}} {{{a}}}"), "{x} {<0:a>}");
        assert_eq!(render("{ a }"), "<0:a>");
        assert_eq!(render(r#"{p["a}b"]} {p["\"}"]}"#), r#"<0:p["a}b"]> <1:p["\"}"]>"#);
    }

    #[test]
    fn parts_tell_where_they_stand() {
        let text = "é{{ { user.name }!";
        let template = Template::parse(text).unwrap();
        assert_eq!(template.parts().len(), 3);
        assert_eq!(template.parts()[0], Part::Literal("é{ ".into()));
        for (path, range) in template.placeholders() {
            assert_eq!((path, &text[range]), ("user.name", "user.name"));
        }
    }

    #[test]
    fn braces_that_do_not_fit() {
        use TemplateErrorKind::*;
        for (text, kind, range) in [
            ("a {b", Unclosed, 2..3),
            ("a {", Unclosed, 2..3),
            ("{p[\"}]", Unclosed, 0..1),
            ("a } b", Unopened, 2..3),
            ("{a}}", Unopened, 3..4),
            ("{}", Empty, 0..2),
            ("{  }", Empty, 0..4),
            ("{a {b}}", Nested, 3..4),
            ("{{{{{", Unclosed, 4..5),
        ] {
            assert_eq!(Template::parse(text), Err(TemplateError { kind, range }), "{text}");
        }
        assert!(Template::parse("}").unwrap_err().to_string().contains("`}}`"));
    }

    #[test]
    fn values_as_printed() {
        let json = |text| Value::json(&Json::parse(text).unwrap());
        for (value, text) in [
            (Value::Missing, "unknown"),
            (json("null"), "unknown"),
            (Value::Bool(true), "true"),
            (Value::Int(-5), "-5"),
            (Value::Real(2.0), "2"),
            (Value::Real(-0.0), "0"),
            (Value::Real(0.1 + 0.2), "0.30000000000000004"),
            (Value::Real(1e300), "1e300"),
            (Value::Real(-2.5e-9), "-2.5e-9"),
            (Value::Real(f64::INFINITY), "inf"),
            (Value::text("a, b"), "a, b"),
            (Value::Time(Time(1)), "1970-01-01T00:00:00.0000001Z"),
            (json("\"x\""), "x"),
            (json("[1, {\"b\": 2, \"a\": null}]"), "[1,{\"a\":null,\"b\":2}]"),
            (Value::Set(Set::new([Value::text("b"), Value::text("a")])), "a, b"),
            (Value::Set(Set::new([Value::Int(10), Value::Int(9)])), "9, 10"),
            (Value::Set(Set::default()), ""),
        ] {
            assert_eq!(printed(&value), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_template_once_its_braces_are_doubled(text in any::<String>()) {
            prop_assert_eq!(render(&text.replace('{', "{{").replace('}', "}}")), text);
        }

        #[test]
        fn no_text_panics(text in "[{}\"\\\\aé ]{0,12}") {
            match Template::parse(&text) {
                Ok(template) => for (path, range) in template.placeholders() {
                    prop_assert_eq!(text.get(range), Some(path));
                },
                Err(error) => prop_assert!(text.get(error.range).is_some()),
            }
        }
    }
}

//! The page of a template: JSON in ASCII with two blanks a level, framed by a template and read back.

use super::resource::{Parameters, Resource};
use crate::targets::yaml;
use crate::value::Span;
use serde::{Serialize, Serializer};
use std::fmt::Write as _;

const TEMPLATE: &str = include_str!("../../../targets/arm/template.json.j2");

/// A text that stays what it is: one in square brackets would be evaluated, and has its first bracket doubled.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Literal(pub(super) String);

impl Serialize for Literal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.starts_with('[') && self.0.ends_with(']') {
            serializer.collect_str(&format_args!("[{}", self.0))
        } else {
            serializer.serialize_str(&self.0)
        }
    }
}

/// A text inside of an expression, in its quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A length in the form of ISO 8601: `PT5M`, `P13DT1H`.
pub(super) fn duration(span: Span) -> String {
    let mut rest = span.0.max(0);
    let mut parts = [
        ("D", Span::days(1)),
        ("H", Span::hours(1)),
        ("M", Span::minutes(1)),
        ("S", Span::seconds(1)),
    ]
    .map(|(letter, unit)| {
        let count = rest / unit.0;
        rest %= unit.0;
        if count == 0 {
            String::new()
        } else {
            format!("{count}{letter}")
        }
    })
    .into_iter();
    let days = parts.next().unwrap_or_default();
    let time: String = parts.collect();
    match (days.is_empty(), time.is_empty()) {
        (true, true) => "PT0S".to_owned(),
        (_, true) => format!("P{days}"),
        (_, false) => format!("P{days}T{time}"),
    }
}

/// The file of a template.
///
/// # Errors
/// What the text says instead, where it does not say what it was made of.
pub(super) fn text(parameters: &Parameters, resources: &[Resource]) -> Result<String, String> {
    framed(TEMPLATE, parameters, resources)
}

fn framed(template: &str, parameters: &Parameters, resources: &[Resource]) -> Result<String, String> {
    let values = minijinja::context! {
        parameters => printed(parameters)?,
        resources => printed(resources)?,
    };
    let text = yaml::frame("arm/template.json.j2", template, values)?;
    let text = format!("{}\n", text.trim_end());
    let found: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let expected = serde_json::json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": parameters,
        "resources": resources,
    });
    if found == expected {
        Ok(text)
    } else {
        Err(format!("it says {found}, and not {expected}"))
    }
}

/// A value one level below the top.
fn printed<T: Serialize + ?Sized>(value: &T) -> Result<String, String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // A line end inside of a text is escaped already.
            '\n' => out.push_str("\n  "),
            c if c.is_ascii() => out.push(c),
            // Letters beyond ASCII stand in texts only.
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::arm::resource;

    #[test]
    fn lengths_in_the_form_of_iso_8601() {
        for (span, text) in [
            (Span::minutes(5), "PT5M"),
            (Span::minutes(90), "PT1H30M"),
            (Span::hours(24), "P1D"),
            (Span::minutes(1445), "P1DT5M"),
            (Span::minutes(13 * 1440 + 65), "P13DT1H5M"),
            (Span::seconds(90), "PT1M30S"),
            (Span(0), "PT0S"),
        ] {
            assert_eq!(duration(span), text);
        }
    }

    #[test]
    fn a_text_in_brackets_is_no_expression() {
        for (text, written) in [
            ("[x]", "[[x]"),
            ("[[x]", "[[[x]"),
            ("[]", "[[]"),
            ("[x", "[x"),
            ("x]", "x]"),
            ("[x] y", "[x] y"),
            ("", ""),
        ] {
            let json = serde_json::to_value(Literal(text.to_owned())).unwrap();
            assert_eq!(json, written);
        }
    }

    #[test]
    fn a_template_cannot_say_something_else() {
        let parameters = resource::parameters(None);
        assert!(framed(TEMPLATE, &parameters, &[]).is_ok());
        for template in [
            TEMPLATE.replace("1.0.0.0", "1.0.0.1"),
            TEMPLATE.replace("{{ resources }}", "[{}]"),
            TEMPLATE.replace("{{ resources }}", "{{ resource }}"),
            TEMPLATE.replace(",\n  \"resources\"", "\n  \"resources\""),
            String::new(),
        ] {
            assert!(framed(&template, &parameters, &[]).is_err(), "{template}");
        }
    }
}

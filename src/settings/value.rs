//! Reading the value of a setting, and saying why it does not do.

use crate::attack::Version;
use crate::diagnostics::nearest;
use crate::syntax::read_duration;
use crate::targets::kql;
use crate::value::Span;
use std::ops::Range;
use std::path::PathBuf;
use toml::Spanned;
use toml::de::DeValue;

/// Why a value does not do.
pub(super) struct Wrong {
    /// Where in the file, if not the whole value.
    pub(super) at: Option<Range<usize>>,
    /// A few words under the caret.
    pub(super) why: String,
    /// A value to paste that is nearer to what was meant than the usual one.
    pub(super) write: Option<String>,
}

impl Wrong {
    fn new(why: impl Into<String>) -> Wrong {
        Wrong {
            at: None,
            why: why.into(),
            write: None,
        }
    }

    fn write(mut self, value: impl Into<String>) -> Wrong {
        self.write = Some(value.into());
        self
    }
}

/// What a duration may be.
pub(super) struct Length {
    pub(super) takes: &'static str,
    pub(super) write: &'static str,
    pub(super) least: Span,
    pub(super) most: Span,
    /// It is a multiple of this.
    pub(super) unit: Span,
    pub(super) unit_name: &'static str,
}

/// What somebody wrote, in words.
pub(super) fn form(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}

fn not_this(value: &DeValue<'_>) -> Wrong {
    Wrong::new(format!("this is {}", form(value)))
}

pub(super) fn truth(value: &DeValue<'_>) -> Result<bool, Wrong> {
    match value {
        DeValue::Boolean(truth) => Ok(*truth),
        DeValue::String(text) if text == "true" || text == "false" => {
            Err(Wrong::new("this is a text: leave its quotes out").write(text.as_ref()))
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => Err(not_this(value)),
    }
}

pub(super) fn duration(value: &DeValue<'_>, length: &Length) -> Result<Span, Wrong> {
    let text = match value {
        DeValue::String(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            return Err(without_unit(text, length));
        }
        DeValue::String(text) => text,
        DeValue::Integer(number) => return Err(without_unit(&number.to_string(), length)),
        DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            return Err(not_this(value));
        }
    };
    let span = read_duration(text).map_err(Wrong::new)?;
    if span < length.least {
        return Err(Wrong::new("shorter than that").write(format!("\"{}\"", length.least)));
    }
    if span > length.most {
        return Err(Wrong::new("longer than that").write(format!("\"{}\"", length.most)));
    }
    if span.0.checked_rem(length.unit.0) != Some(0) {
        return Err(Wrong::new(format!("not in whole {}", length.unit_name)));
    }
    Ok(span)
}

fn without_unit(number: &str, length: &Length) -> Wrong {
    let minutes = format!("{number}m");
    let wrong = Wrong::new("a number without a unit");
    match read_duration(&minutes) {
        Ok(span) if span >= length.least && span <= length.most => wrong.write(format!("\"{minutes}\"")),
        Ok(_) | Err(_) => wrong,
    }
}

/// One of some words, exactly.
pub(super) fn word<T: Copy>(value: &DeValue<'_>, known: &[(&'static str, T)]) -> Result<T, Wrong> {
    let DeValue::String(text) = value else {
        return Err(not_this(value));
    };
    match known.iter().find(|(word, _)| word == text) {
        Some((_, meant)) => Ok(*meant),
        None => {
            let wrong = Wrong::new("none of them");
            Err(match nearest(text, known.iter().map(|(word, _)| *word)) {
                Some(near) => wrong.write(format!("\"{near}\"")),
                None => wrong,
            })
        }
    }
}

/// A version of ATT&CK.
pub(super) fn version(value: &DeValue<'_>, known: &[Version]) -> Result<Version, Wrong> {
    let written = match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            return Err(not_this(value));
        }
    };
    let named = |word: &str| Version::from_word(word).filter(|version| known.contains(version));
    if let Some(version) = value.as_str().and_then(named) {
        return Ok(version);
    }
    // `V17`, `17` and `17.1` are version 17.
    let number = written.trim_start_matches(['v', 'V']);
    let number = number.split_once('.').map_or(number, |(whole, _)| whole);
    let wrong = Wrong::new("none of them");
    Err(match named(&format!("v{number}")) {
        Some(version) => wrong.write(format!("\"{}\"", version.word())),
        None => wrong,
    })
}

/// A text that satisfies `check`.
pub(super) fn text(value: &DeValue<'_>, check: impl Fn(&str) -> Result<(), Wrong>) -> Result<String, Wrong> {
    let DeValue::String(text) = value else {
        return Err(not_this(value));
    };
    check(text)?;
    Ok(text.clone().into_owned())
}

/// A list of texts that satisfy `check`, each once.
pub(super) fn texts(value: &DeValue<'_>, check: impl Fn(&str) -> Result<(), Wrong>) -> Result<Vec<String>, Wrong> {
    let elements = match value {
        DeValue::Array(elements) => elements,
        DeValue::String(text) => {
            let wrong = Wrong::new("this is a text: put it into a list");
            return Err(match check(text) {
                Ok(()) => wrong.write(format!("[\"{text}\"]")),
                Err(_) => wrong,
            });
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Table(_) => {
            return Err(not_this(value));
        }
    };
    let mut found: Vec<String> = Vec::new();
    for element in elements {
        let here = |mut wrong: Wrong| {
            wrong.at = Some(Spanned::span(element));
            // What could be written for the element is no list; the usual list stands for it.
            wrong.write = wrong.write.map(|element| format!("[{element}]"));
            wrong
        };
        let text = text(element.get_ref(), &check).map_err(here)?;
        if found.contains(&text) {
            return Err(here(Wrong::new("named twice")));
        }
        found.push(text);
    }
    Ok(found)
}

pub(super) fn one_of(text: &str, known: &[&'static str]) -> Result<(), Wrong> {
    if known.contains(&text) {
        return Ok(());
    }
    let wrong = Wrong::new(format!("known are {}", known.join(", ")));
    Err(match nearest(text, known.iter().copied()) {
        Some(near) => wrong.write(format!("\"{near}\"")),
        None => wrong,
    })
}

pub(super) fn folder(value: &DeValue<'_>) -> Result<PathBuf, Wrong> {
    let text = text(value, |_| Ok(()))?;
    if text == "." {
        return Ok(PathBuf::new());
    }
    if text.starts_with('/') {
        return Err(Wrong::new("it starts at the root: leave the first `/` out"));
    }
    for part in text.split('/') {
        match part {
            "" => {
                return Err(Wrong::new(
                    "a folder in it has no name; `.` is the folder of the target itself",
                ));
            }
            "." | ".." => {
                return Err(Wrong::new(format!(
                    "`{part}` leads elsewhere: name the folder from above"
                )));
            }
            // What some file system does not take as a name.
            _ if part.contains(|c: char| c.is_control() || r#"\:*?"<>|"#.contains(c)) => {
                return Err(Wrong::new(r#"a name with `\ : * ? " < > |` is none everywhere"#));
            }
            _ => {}
        }
    }
    Ok(text.split('/').collect())
}

/// Letters, digits and `_`, a letter (or `_`, where that is allowed) first.
fn is_name(text: &str, underscore_first: bool) -> bool {
    let mut letters = text.bytes();
    letters
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || (underscore_first && b == b'_'))
        && letters.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

pub(super) fn custom_detail(text: &str) -> Result<(), Wrong> {
    if is_name(text, false) {
        Ok(())
    } else {
        Err(Wrong::new("a name is a letter, then letters, digits and `_`"))
    }
}

pub(super) fn parameter(text: &str) -> Result<(), Wrong> {
    if is_name(text, true) {
        Ok(())
    } else {
        Err(Wrong::new("a name is a letter or `_`, then letters, digits and `_`"))
    }
}

pub(super) fn table(text: &str) -> Result<(), Wrong> {
    if !is_name(text, true) {
        Err(Wrong::new("a table is a letter or `_`, then letters, digits and `_`"))
    } else if !kql::is_table_name(text) {
        Err(Wrong::new("a word that KQL keeps for itself"))
    } else {
        Ok(())
    }
}

pub(super) fn connector(text: &str) -> Result<(), Wrong> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        Ok(())
    } else {
        Err(Wrong::new("it has letters, digits, `_`, `-` and `.`, and no other"))
    }
}

pub(super) fn api_version(text: &str) -> Result<(), Wrong> {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = date.split('-').collect();
    match parts.as_slice() {
        [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2) => Ok(()),
        _ => Err(Wrong::new("a version is a date, with `-preview` where it is one")),
    }
}

pub(super) fn workspace(text: &str) -> Result<(), Wrong> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if plain && (4..=63).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-') {
        Ok(())
    } else {
        Err(Wrong::new(
            "it has 4 to 63 letters, digits and `-`, none of these at an end",
        ))
    }
}

//! Calendar dates of metadata: `date 2026-11-21`.

use crate::diagnostics::{Code, Diagnostic};
use crate::syntax::ast::{Meta, MetaValue};
use jiff::civil::Date;

/// The day behind `date` or `modified`, or what is wrong with it.
pub(super) fn read(line: &Meta) -> Result<Date, Box<Diagnostic>> {
    let key = &line.key.name;
    let example = || format!("write year, month and day, such as `{key} 2026-11-21`");
    let wrong = |span, message: String, help| Err(Box::new(Diagnostic::new(Code::BadValue, span, message).help(help)));
    let (text, span, quoted) = match line.values.as_slice() {
        [MetaValue::Date(word) | MetaValue::Version(word)] => (word.name.as_str(), word.span, false),
        [MetaValue::Text(text)] => (text.value.as_str(), text.span, true),
        _ => return wrong(line.span, format!("`{key}` takes one date"), example()),
    };
    let message = match plain(text) {
        Some(Some(date)) if !quoted => return Ok(date),
        Some(Some(_)) => "a date stands without quotes".to_owned(),
        Some(None) => format!("`{text}` is no day of the calendar"),
        None => format!("`{text}` is not a date as rules write it"),
    };
    let meant: Vec<String> = meant(text).iter().map(|date| format!("`{key} {date}`")).collect();
    let help = match meant.as_slice() {
        [] => example(),
        dates => format!("write {}", dates.join(" or ")),
    };
    wrong(span, message, help)
}

/// A text of the form `2026-11-21`, and the day that it is if there is one.
fn plain(text: &str) -> Option<Option<Date>> {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if !digits || lengths != [4, 2, 2] {
        return None;
    }
    let [year, month, day] = numbers(text)?;
    Some(date(year, month, day))
}

fn numbers(text: &str) -> Option<[i16; 3]> {
    let numbers: Result<Vec<i16>, _> = text.split(['-', '/', '.']).map(str::parse).collect();
    numbers.ok()?.try_into().ok()
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    Date::new(year, month, day).ok().filter(|date| date.year() > 0)
}

/// The days that three numbers may mean: the year is the one with four digits; which of the others is the month is not
/// guessed. A day behind the end of its month means the last one.
fn meant(text: &str) -> Vec<Date> {
    let Some([a, b, c]) = numbers(text) else {
        return Vec::new();
    };
    let four = |part: Option<&str>| part.is_some_and(|part| part.len() == 4);
    let mut days = if four(text.split(['-', '/', '.']).next()) {
        let last = || date(a, b, 1).filter(|_| c > 0).map(Date::last_of_month);
        vec![date(a, b, c).or_else(|| date(a, c, b)).or_else(last)]
    } else if four(text.split(['-', '/', '.']).next_back()) {
        vec![date(c, b, a), date(c, a, b)]
    } else {
        Vec::new()
    };
    days.dedup();
    days.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_may_be_meant() {
        for (text, expected) in [
            ("2026-11-21", ["2026-11-21"].as_slice()),
            ("2026-1-5", &["2026-01-05"]),
            ("2026/11/21", &["2026-11-21"]),
            ("2026-21-11", &["2026-11-21"]),
            ("2026-02-30", &["2026-02-28"]),
            ("2028-02-30", &["2028-02-29"]),
            ("21.11.2026", &["2026-11-21"]),
            ("11/21/2026", &["2026-11-21"]),
            ("05/06/2026", &["2026-06-05", "2026-05-06"]),
            ("05/05/2026", &["2026-05-05"]),
            ("31.02.2026", &[]),
            ("0000-01-01", &[]),
            ("2026-00-40", &[]),
            ("2026-11-0", &[]),
            ("1.2.3", &[]),
            ("99999.1.1", &[]),
            ("yesterday", &[]),
            ("", &[]),
            ("2026--1-1", &[]),
        ] {
            let found: Vec<String> = meant(text).iter().map(Date::to_string).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn the_one_form() {
        for text in ["2026-11-21", "2028-02-29", "0001-01-01", "9999-12-31"] {
            let date = plain(text).unwrap().unwrap();
            assert_eq!(date.to_string(), text);
        }
        for text in ["2026-02-29", "2026-13-01", "0000-01-01", "2026-00-01"] {
            assert_eq!(plain(text), Some(None), "{text}");
        }
        for text in [
            "2026-1-1",
            "2026/11/21",
            "21.11.2026",
            "+026-11-21",
            "2026-11-21Z",
            "٢٠٢٦-11-21",
            "",
        ] {
            assert_eq!(plain(text), None, "{text}");
        }
    }
}

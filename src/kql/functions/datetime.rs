//! Functions of datetimes: calendar parts, edges of days and months, formats. All in UTC.

use super::{Answer, arg, number};
use crate::kql::time::{self, DAY, EPOCH, HOUR, MINUTE, SECOND};
use crate::kql::value::Value;
use jiff::ToSpan;
use jiff::civil;

fn ticks(args: &[Value], index: usize) -> Option<i64> {
    match args.get(index) {
        Some(Value::Datetime(ticks)) => Some(*ticks),
        _ => None,
    }
}

fn datetime(ticks: Option<i64>) -> Answer {
    Ok(ticks.and_then(time::in_calendar).map_or(Value::Null, Value::Datetime))
}

fn whole(n: Option<i64>) -> Answer {
    Ok(n.map_or(Value::Null, Value::Long))
}

/// The start of a unit, some units later.
fn start(at: i64, unit: &str, offset: i64) -> Option<i64> {
    let day = at.div_euclid(DAY).checked_mul(DAY)?;
    match unit {
        "day" => day.checked_add(offset.checked_mul(DAY)?),
        // Weeks begin on Sunday; 0001-01-01 was a Monday.
        "week" => {
            let since = day.checked_add(DAY)?.rem_euclid(7 * DAY);
            day.checked_sub(since)?.checked_add(offset.checked_mul(7 * DAY)?)
        }
        _ => {
            let date = time::civil_of(at)?.date();
            let first = if unit == "month" {
                date.first_of_month()
            } else {
                date.first_of_year()
            };
            let by = if unit == "month" {
                jiff::Span::new().try_months(offset)
            } else {
                jiff::Span::new().try_years(offset)
            };
            let moved = first.checked_add(by.ok()?).ok()?;
            time::of_civil(moved.to_datetime(civil::Time::midnight()))
        }
    }
}

/// `startofday` and kin; the end is a tick before the next start.
pub(super) fn edge(args: &[Value], unit: &str, end: bool) -> Answer {
    let offset = number(args, 1).unwrap_or(0);
    let Some(at) = ticks(args, 0) else {
        return Ok(Value::Null);
    };
    let found = if end {
        offset
            .checked_add(1)
            .and_then(|next| start(at, unit, next))
            .map(|next| next - 1)
    } else {
        start(at, unit, offset)
    };
    datetime(found)
}

/// Ticks of the units of fixed length.
fn size(unit: &str) -> Option<i64> {
    Some(match unit {
        "week" => 7 * DAY,
        "day" => DAY,
        "hour" => HOUR,
        "minute" => MINUTE,
        "second" => SECOND,
        "millisecond" => SECOND / 1000,
        "microsecond" => 10,
        _ => return None,
    })
}

pub(super) fn add(args: &[Value]) -> Answer {
    let unit = arg(args, 0).to_ascii_lowercase();
    let (Some(count), Some(at)) = (number(args, 1), ticks(args, 2)) else {
        return Ok(Value::Null);
    };
    if let Some(size) = size(&unit) {
        return datetime(count.checked_mul(size).and_then(|by| at.checked_add(by)));
    }
    let months = match unit.as_str() {
        "month" => Some(count),
        "quarter" => count.checked_mul(3),
        "year" => count.checked_mul(12),
        _ => return Err(format!("`datetime_add` does not know the part `{unit}`")),
    };
    let moved = months.and_then(|months| {
        let by = 0.months().try_months(months).ok()?;
        time::civil_of(at)?.checked_add(by).ok()
    });
    datetime(moved.and_then(time::of_civil))
}

pub(super) fn diff(args: &[Value]) -> Answer {
    let unit = arg(args, 0).to_ascii_lowercase();
    let (Some(a), Some(b)) = (ticks(args, 1), ticks(args, 2)) else {
        return Ok(Value::Null);
    };
    let boundaries = |at: i64| -> Option<i64> {
        let date = time::civil_of(at)?;
        let months = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
        Some(match unit.as_str() {
            "year" => i64::from(date.year()),
            "quarter" => months.div_euclid(3),
            "month" => months,
            "week" => at.checked_add(DAY)?.div_euclid(7 * DAY),
            other => at.div_euclid(size(other)?),
        })
    };
    match (boundaries(a), boundaries(b)) {
        (Some(a), Some(b)) => Ok(Value::Long(a.saturating_sub(b))),
        _ => Err(format!("`datetime_diff` does not know the part `{unit}`")),
    }
}

pub(super) fn part(args: &[Value]) -> Answer {
    let unit = arg(args, 0).to_ascii_lowercase();
    let unit = match unit.as_str() {
        "month" | "quarter" | "year" | "day" | "dayofyear" | "hour" | "minute" | "second" | "millisecond"
        | "microsecond" => unit,
        other => return Err(format!("`datetime_part` of `{other}` is not supported")),
    };
    named_part(args.get(1..).unwrap_or(&[]), &unit)
}

pub(super) fn named_part(args: &[Value], unit: &str) -> Answer {
    let Some(at) = ticks(args, 0).and_then(time::civil_of) else {
        return Ok(Value::Null);
    };
    let nanoseconds = i64::from(at.subsec_nanosecond());
    whole(Some(match unit {
        "year" => at.year().into(),
        "quarter" => (i64::from(at.month()) - 1) / 3 + 1,
        "month" => at.month().into(),
        "day" => at.day().into(),
        "dayofyear" => at.day_of_year().into(),
        "hour" => at.hour().into(),
        "minute" => at.minute().into(),
        "second" => at.second().into(),
        "millisecond" => nanoseconds / 1_000_000,
        _ => nanoseconds / 1000,
    }))
}

/// Days since the Sunday before, as a timespan.
pub(super) fn dayofweek(args: &[Value]) -> Answer {
    let Some(at) = ticks(args, 0) else {
        return Ok(Value::Null);
    };
    Ok(Value::Timespan((at.div_euclid(DAY) + 1).rem_euclid(7) * DAY))
}

pub(super) fn make(args: &[Value]) -> Answer {
    let mut parts = [1, 1, 1, 0, 0];
    for (index, part) in parts.iter_mut().enumerate() {
        if let Some(n) = number(args, index) {
            *part = n;
        }
    }
    let [year, month, day, hour, minute] = parts;
    let second = args.get(5).and_then(Value::number).unwrap_or(0.0);
    let date = i16::try_from(year)
        .ok()
        .zip(i8::try_from(month).ok())
        .zip(i8::try_from(day).ok());
    let date = date.and_then(|((y, m), d)| civil::Date::new(y, m, d).ok());
    let fits = (0..24).contains(&hour) && (0..60).contains(&minute) && (0.0..60.0).contains(&second);
    let Some(date) = date.filter(|_| fits) else {
        return Ok(Value::Null);
    };
    let midnight = time::of_civil(date.to_datetime(civil::Time::midnight()));
    datetime(midnight.map(|at| at + hour * HOUR + minute * MINUTE + (second * SECOND as f64).round() as i64))
}

pub(super) fn from_unix(args: &[Value], unit: i64) -> Answer {
    let since = match args.first() {
        Some(Value::Long(n)) => n.checked_mul(unit),
        Some(Value::Real(n)) if n.abs() < 1e12 => Some((n * unit as f64).round() as i64),
        _ => None,
    };
    datetime(since.and_then(|since| since.checked_add(EPOCH)))
}

pub(super) fn format(args: &[Value]) -> Answer {
    let format = arg(args, 1);
    let Some(at) = ticks(args, 0).and_then(time::civil_of) else {
        return Ok(Value::Null);
    };
    let mut out = String::new();
    let mut rest: &str = &format;
    while let Some(letter) = rest.chars().next() {
        let count = rest.chars().take_while(|c| *c == letter).count();
        let (_, after) = rest.split_at_checked(count * letter.len_utf8()).unwrap_or((rest, ""));
        let hour12 = (at.hour() + 11) % 12 + 1;
        let padded = |n: i64| if count == 1 { n.to_string() } else { format!("{n:02}") };
        let piece = match (letter, count) {
            ('y', 4) => format!("{:04}", at.year()),
            ('y', 2) => format!("{:02}", at.year() % 100),
            ('M', 1 | 2) => padded(at.month().into()),
            ('d', 1 | 2) => padded(at.day().into()),
            ('H', 1 | 2) => padded(at.hour().into()),
            ('h', 1 | 2) => padded(hour12.into()),
            ('m', 1 | 2) => padded(at.minute().into()),
            ('s', 1 | 2) => padded(at.second().into()),
            ('f', 1..=7) => {
                let digits = format!("{:07}", at.subsec_nanosecond() / 100);
                digits.get(..count).unwrap_or("").to_owned()
            }
            ('F', 1..=7) => {
                let digits = format!("{:07}", at.subsec_nanosecond() / 100);
                digits.get(..count).unwrap_or("").trim_end_matches('0').to_owned()
            }
            ('t', 2) => if at.hour() < 12 { "AM" } else { "PM" }.to_owned(),
            (' ' | '/' | '-' | ':' | ',' | '.' | '_' | '[' | ']', _) => letter.to_string().repeat(count),
            _ => {
                let what = letter.to_string().repeat(count);
                return Err(format!("`{what}` is not an element of a `format_datetime` format"));
            }
        };
        out.push_str(&piece);
        rest = after;
    }
    Ok(Value::text(out))
}

//! Functions of datetimes and timespans: calendar parts, edges of days and months, formats. All in UTC.

use super::convert::convert;
use super::{Answer, Function, arg, number, plain, real};
use crate::kql::time::{self, DAY, EPOCH, HOUR, MINUTE, SECOND};
use crate::kql::value::{Type, Value};
use jiff::ToSpan;
use jiff::civil;

pub(super) const TABLE: &[Function] = &[
    plain("startofday", "t?l", Type::Datetime, |a| edge(a, "day", false)),
    plain("startofweek", "t?l", Type::Datetime, |a| edge(a, "week", false)),
    plain("startofmonth", "t?l", Type::Datetime, |a| edge(a, "month", false)),
    plain("startofyear", "t?l", Type::Datetime, |a| edge(a, "year", false)),
    plain("endofday", "t?l", Type::Datetime, |a| edge(a, "day", true)),
    plain("endofweek", "t?l", Type::Datetime, |a| edge(a, "week", true)),
    plain("endofmonth", "t?l", Type::Datetime, |a| edge(a, "month", true)),
    plain("endofyear", "t?l", Type::Datetime, |a| edge(a, "year", true)),
    plain("format_datetime", "ts", Type::String, format),
    plain("format_timespan", "ps", Type::String, format_span),
    plain("datetime_add", "slt", Type::Datetime, add),
    plain("datetime_diff", "stt", Type::Long, diff),
    plain("datetime_part datepart", "st", Type::Int, part),
    plain("dayofweek", "t", Type::Timespan, dayofweek),
    plain("dayofmonth", "t", Type::Int, |a| named_part(a, "day")),
    plain("dayofyear", "t", Type::Int, |a| named_part(a, "dayofyear")),
    plain("hourofday", "t", Type::Int, |a| named_part(a, "hour")),
    plain("monthofyear getmonth", "t", Type::Int, |a| named_part(a, "month")),
    plain("getyear", "t", Type::Int, |a| named_part(a, "year")),
    plain("week_of_year", "t", Type::Int, |a| named_part(a, "week_of_year")),
    plain("make_datetime", "a?nnnnn", Type::Datetime, make),
    plain("make_timespan", "a?nnn", Type::Timespan, make_span),
    plain("unixtime_seconds_todatetime", "n", Type::Datetime, |a| {
        from_unix(a, SECOND)
    }),
    plain("unixtime_milliseconds_todatetime", "n", Type::Datetime, |a| {
        from_unix(a, SECOND / 1000)
    }),
    plain("unixtime_microseconds_todatetime", "n", Type::Datetime, |a| {
        from_unix(a, 10)
    }),
    plain("unixtime_nanoseconds_todatetime", "n", Type::Datetime, from_nanoseconds),
];

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
fn edge(args: &[Value], unit: &str, end: bool) -> Answer {
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

fn add(args: &[Value]) -> Answer {
    let unit = arg(args, 0).to_ascii_lowercase();
    let (Some(count), Some(at)) = (number(args, 1), ticks(args, 2)) else {
        return Ok(Value::Null);
    };
    if unit == "nanosecond" {
        if count % 100 != 0 {
            return Err("`datetime_add` of a part of a tick of 100 nanoseconds: the documents do not say".to_owned());
        }
        return datetime(at.checked_add(count / 100));
    }
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

fn diff(args: &[Value]) -> Answer {
    let unit = arg(args, 0).to_ascii_lowercase();
    let (Some(a), Some(b)) = (ticks(args, 1), ticks(args, 2)) else {
        return Ok(Value::Null);
    };
    if unit == "nanosecond" {
        return whole(a.checked_sub(b).and_then(|ticks| ticks.checked_mul(100)));
    }
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

fn part(args: &[Value]) -> Answer {
    let unit = arg(args, 0).to_ascii_lowercase();
    let unit = match unit.as_str() {
        "month" | "quarter" | "year" | "day" | "dayofyear" | "hour" | "minute" | "second" | "millisecond"
        | "microsecond" | "nanosecond" | "week_of_year" => unit,
        other => return Err(format!("`datetime_part` does not know the part `{other}`")),
    };
    named_part(args.get(1..).unwrap_or(&[]), &unit)
}

fn named_part(args: &[Value], unit: &str) -> Answer {
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
        "microsecond" => nanoseconds / 1000,
        "nanosecond" => nanoseconds,
        // Weeks from Monday; the first has the first Thursday.
        _ => at.date().iso_week_date().week().into(),
    }))
}

/// Days since the Sunday before, as a timespan.
fn dayofweek(args: &[Value]) -> Answer {
    let Some(at) = ticks(args, 0) else {
        return Ok(Value::Null);
    };
    Ok(Value::Timespan((at.div_euclid(DAY) + 1).rem_euclid(7) * DAY))
}

/// Of one argument it is `todatetime`.
fn make(args: &[Value]) -> Answer {
    if let [value] = args {
        return convert(value, Type::Datetime);
    }
    if !matches!(args.len(), 3 | 5 | 6) {
        return Err("`make_datetime` takes year, month, day, and then hour, minute and perhaps second".to_owned());
    }
    let mut parts = [1, 1, 1, 0, 0];
    for (part, value) in parts.iter_mut().zip(args) {
        match value {
            Value::Long(n) => *part = *n,
            _ => return Err("all but the seconds of `make_datetime` are whole numbers".to_owned()),
        }
    }
    let [year, month, day, hour, minute] = parts;
    let date = i16::try_from(year)
        .ok()
        .zip(i8::try_from(month).ok())
        .zip(i8::try_from(day).ok());
    let date = date.and_then(|((y, m), d)| civil::Date::new(y, m, d).ok());
    let Some((date, clock)) = date.zip(clock(hour, minute, real(args, 5).unwrap_or(0.0))) else {
        return Ok(Value::Null);
    };
    let midnight = time::of_civil(date.to_datetime(civil::Time::midnight()));
    datetime(midnight.map(|at| at + clock))
}

/// A time of day in ticks, where the parts are in range.
fn clock(hour: i64, minute: i64, second: f64) -> Option<i64> {
    let fits = (0..24).contains(&hour) && (0..60).contains(&minute) && (0.0..60.0).contains(&second);
    fits.then(|| hour * HOUR + minute * MINUTE + (second * SECOND as f64).round() as i64)
}

/// Of one argument it is `totimespan`; of four the first are days.
fn make_span(args: &[Value]) -> Answer {
    if let [value] = args {
        return convert(value, Type::Timespan);
    }
    let (days, rest) = match args {
        [days, rest @ ..] if args.len() == 4 => (Some(days), rest),
        all => (None, all),
    };
    let whole = |value: Option<&Value>| match value {
        None => Ok(0),
        Some(Value::Long(n)) => Ok(*n),
        Some(_) => Err("all but the seconds of `make_timespan` are whole numbers".to_owned()),
    };
    let (days, hours, minutes) = (whole(days)?, whole(rest.first())?, whole(rest.get(1))?);
    let ticks =
        clock(hours, minutes, real(rest, 2).unwrap_or(0.0)).and_then(|clock| days.checked_mul(DAY)?.checked_add(clock));
    Ok(ticks.map_or(Value::Null, Value::Timespan))
}

fn from_unix(args: &[Value], unit: i64) -> Answer {
    let since = match args.first() {
        Some(Value::Long(n)) => n.checked_mul(unit),
        Some(Value::Real(n)) if (n * unit as f64).abs() < 9e18 => Some((n * unit as f64).round() as i64),
        _ => None,
    };
    datetime(since.and_then(|since| since.checked_add(EPOCH)))
}

fn from_nanoseconds(args: &[Value]) -> Answer {
    match args.first() {
        Some(Value::Long(n)) if n % 100 == 0 => datetime((n / 100).checked_add(EPOCH)),
        Some(Value::Real(n)) if n.abs() < 9e18 => datetime(((n / 100.0).round() as i64).checked_add(EPOCH)),
        Some(Value::Long(_)) => Err("a part of a tick of 100 nanoseconds: the documents do not say".to_owned()),
        _ => Ok(Value::Null),
    }
}

/// A run of one letter in a format, and what stands behind it.
fn run(format: &str) -> Option<(char, usize, &str)> {
    let letter = format.chars().next()?;
    let count = format.chars().take_while(|c| *c == letter).count();
    let (_, after) = format.split_at_checked(count * letter.len_utf8())?;
    Some((letter, count, after))
}

fn padded(n: i64, digits: usize) -> String {
    format!("{n:0digits$}")
}

/// `f` and `F`: so many digits of the fraction; of `F` without its last zeros.
fn fraction(ticks: i64, letter: char, count: usize) -> String {
    let digits = padded(ticks.rem_euclid(SECOND), 7);
    let digits = digits.get(..count).unwrap_or("");
    let digits = if letter == 'F' {
        digits.trim_end_matches('0')
    } else {
        digits
    };
    digits.to_owned()
}

const DELIMITERS: &str = " /-:,._[]";

fn format(args: &[Value]) -> Answer {
    let format = arg(args, 1);
    let Some((ticks, at)) = ticks(args, 0).and_then(|ticks| Some((ticks, time::civil_of(ticks)?))) else {
        return Ok(Value::Null);
    };
    let mut out = String::new();
    let mut rest: &str = &format;
    while let Some((letter, count, after)) = run(rest) {
        let short = i64::from(at.year()) % 100;
        out.push_str(&match (letter, count) {
            ('y', 4) => padded(at.year().into(), 4),
            ('y', 1 | 2) => padded(short, count),
            ('M', 1 | 2) => padded(at.month().into(), count),
            ('d', 1 | 2) => padded(at.day().into(), count),
            ('H', 1 | 2) => padded(at.hour().into(), count),
            ('h', 1 | 2) => padded(i64::from((at.hour() + 11) % 12 + 1), count),
            ('m', 1 | 2) => padded(at.minute().into(), count),
            ('s', 1 | 2) => padded(at.second().into(), count),
            ('f' | 'F', 1..=7) => fraction(ticks, letter, count),
            ('t', 2) => if at.hour() < 12 { "AM" } else { "PM" }.to_owned(),
            _ => other("format_datetime", letter, count)?,
        });
        rest = after;
    }
    Ok(Value::text(out))
}

/// A delimiter; other letters are refused.
fn other(function: &str, letter: char, count: usize) -> Result<String, String> {
    let text = letter.to_string().repeat(count);
    if DELIMITERS.contains(letter) {
        return Ok(text);
    }
    Err(format!("`{text}` is not an element of a `{function}` format"))
}

fn format_span(args: &[Value]) -> Answer {
    let Some(Value::Timespan(ticks)) = args.first() else {
        return Ok(Value::Null);
    };
    if *ticks < 0 {
        return Err("`format_timespan` of a negative timespan: the documents do not say".to_owned());
    }
    let format = arg(args, 1);
    let mut out = String::new();
    let mut rest: &str = &format;
    while let Some((letter, count, after)) = run(rest) {
        out.push_str(&match (letter, count) {
            ('d', 1..=8) => padded(ticks / DAY, count),
            ('H' | 'h', 1 | 2) => padded(ticks / HOUR % 24, count),
            ('m', 1 | 2) => padded(ticks / MINUTE % 60, count),
            ('s', 1 | 2) => padded(ticks / SECOND % 60, count),
            ('f' | 'F', 1..=7) => fraction(*ticks, letter, count),
            _ => other("format_timespan", letter, count)?,
        });
        rest = after;
    }
    Ok(Value::text(out))
}

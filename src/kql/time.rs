//! Datetimes and timespans: reading, printing, calendar parts. Ticks are 100 ns; a datetime counts from 0001-01-01.

use jiff::civil;

/// Ticks in a day.
pub(super) const DAY: i64 = 864_000_000_000;
/// Ticks in an hour.
pub(super) const HOUR: i64 = DAY / 24;
/// Ticks in a minute.
pub(super) const MINUTE: i64 = HOUR / 60;
/// Ticks in a second.
pub(super) const SECOND: i64 = MINUTE / 60;
/// Days from 0001-01-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_162;
/// Ticks from 0001-01-01 to 1970-01-01.
pub(super) const EPOCH: i64 = EPOCH_DAYS * DAY;
/// The last tick of the year 9999.
const LAST: i64 = 3_155_378_975_999_999_999;

/// The datetime, where the calendar reaches.
pub(super) fn in_calendar(ticks: i64) -> Option<i64> {
    (0..=LAST).contains(&ticks).then_some(ticks)
}

/// Ticks of a date and a time of day.
pub(super) fn of_civil(at: civil::DateTime) -> Option<i64> {
    let days = civil::date(1, 1, 1).until(at.date()).ok()?.get_days();
    let t = at.time();
    let seconds = i64::from(t.hour()) * 3600 + i64::from(t.minute()) * 60 + i64::from(t.second());
    in_calendar(i64::from(days) * DAY + seconds * SECOND + i64::from(t.subsec_nanosecond()) / 100)
}

/// Date and time of day of ticks.
pub(super) fn civil_of(ticks: i64) -> Option<civil::DateTime> {
    let ticks = in_calendar(ticks)?;
    let days = ticks.div_euclid(DAY);
    let rest = ticks.rem_euclid(DAY);
    let date = civil::date(1, 1, 1).checked_add(jiff::Span::new().days(days)).ok()?;
    let part = |size: i64, of: i64| i8::try_from(rest / size % of).ok();
    let nanoseconds = i32::try_from(rest % SECOND * 100).ok()?;
    let time = civil::Time::new(part(HOUR, 24)?, part(MINUTE, 60)?, part(SECOND, 60)?, nanoseconds).ok()?;
    Some(date.to_datetime(time))
}

/// Digits at the start of a text, at least one, at most `most`.
fn digits(text: &str, most: usize) -> Option<(i64, &str)> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (head, rest) = text.split_at_checked(length)?;
    Some((head.parse().ok()?, rest))
}

/// A fraction of a second in ticks; digits finer than a tick are cut.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (head, rest) = text.split_at_checked(length)?;
    if head.is_empty() {
        return None;
    }
    let seven: String = head.chars().chain("0000000".chars()).take(7).collect();
    Some((seven.parse().ok()?, rest))
}

/// Midnight of a day.
fn midnight(year: i64, month: i64, day: i64) -> Option<i64> {
    let date = civil::Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    );
    of_civil(date.ok()?.to_datetime(civil::Time::midnight()))
}

/// Reads the layouts of the page of `datetime`: ISO 8601, RFC 822, RFC 850, sortable; and two that other pages show,
/// `2025, 6, 14` and `01-01-2022`, the latter where month and day are the same.
pub(super) fn parse_datetime(text: &str) -> Option<i64> {
    let text = text.trim();
    iso(text).or_else(|| by_name(text)).or_else(|| shown(text))
}

/// Layouts that examples show: `2025, 6, 14`, `01-01-2022`, `02/17/2016 08:40:01`.
fn shown(text: &str) -> Option<i64> {
    if let Some((date, clock)) = text.split_once(' ')
        && let [month, day, year] = *date.split('/').collect::<Vec<_>>()
    {
        return iso(&format!("{year}-{month:0>2}-{day:0>2}T{clock}"));
    }
    let numbers = |separator: char| -> Option<Vec<i64>> {
        text.split(separator)
            .map(|part| {
                let (n, rest) = digits(part.trim(), 4)?;
                rest.is_empty().then_some(n)
            })
            .collect()
    };
    if let Some([year, month, day]) = numbers(',').as_deref() {
        return midnight(*year, *month, *day);
    }
    match *numbers('-')?.as_slice() {
        [first, second, year] if first == second && year >= 1000 => midnight(year, first, second),
        [year, month, day] if year >= 1000 => midnight(year, month, day),
        _ => None,
    }
}

/// `Sat, 8 Nov 14 15:05:02 GMT`, `Saturday, 08-Nov-14 15:05`
fn by_name(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    const DAYS: [&str; 7] = [
        "sunday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
    ];
    let text = text.to_ascii_lowercase();
    let text = match text.split_once(',') {
        None => text.as_str(),
        Some((day, rest)) => {
            let known = DAYS.iter().any(|d| *d == day || d.get(..3) == Some(day));
            known.then_some(rest.trim_start())?
        }
    };
    let (day, rest) = digits(text, 2)?;
    let separator = rest.chars().next().filter(|c| matches!(c, ' ' | '-'))?;
    let (month, rest) = rest.get(1..)?.split_once(separator)?;
    let month = MONTHS.iter().position(|own| *own == month)? + 1;
    let (mut year, after) = digits(rest, 4)?;
    match rest.len() - after.len() {
        4 => {}
        // Which century the years from 30 on are in is open.
        2 if year < 30 => year += 2000,
        _ => return None,
    }
    let start = midnight(year, i64::try_from(month).ok()?, day)?;
    let (clock, rest) = clock(after.strip_prefix(' ')?)?;
    matches!(rest.trim(), "" | "gmt" | "utc" | "z").then_some(start + clock)
}

/// A time of day in ticks, with what stands behind it.
fn clock(text: &str) -> Option<(i64, &str)> {
    let (hour, after) = digits(text, 2)?;
    let (minute, after) = digits(after.strip_prefix(':')?, 2)?;
    let (mut second, mut part) = (0, 0);
    let mut rest = after;
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = digits(after, 2)?;
        if let Some(after) = rest.strip_prefix('.') {
            (part, rest) = fraction(after)?;
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some((hour * HOUR + minute * MINUTE + second * SECOND + part, rest))
}

/// A date, perhaps with a time, a fraction and an offset.
fn iso(text: &str) -> Option<i64> {
    let (year, rest) = digits(text, 4).filter(|_| text.find('-') == Some(4))?;
    let rest = rest.strip_prefix('-')?;
    let (month, rest) = digits(rest, 2)?;
    let (day, mut rest) = match rest.strip_prefix('-') {
        Some(rest) => digits(rest, 2)?,
        None => (1, rest),
    };
    let mut ticks = midnight(year, month, day)?;
    if rest.is_empty() {
        return Some(ticks);
    }
    if let Some(after) = rest.strip_prefix(['T', 't', ' ']) {
        let (clock, after) = clock(after)?;
        ticks += clock;
        rest = after;
    }
    let rest = rest.trim();
    if rest.is_empty() || ["z", "gmt", "utc"].iter().any(|zone| rest.eq_ignore_ascii_case(zone)) {
        return Some(ticks);
    }
    let sign = match rest.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hour, after) = digits(rest.get(1..)?, 2)?;
    let (minute, after) = match after.strip_prefix(':') {
        Some(after) => digits(after, 2)?,
        None if after.is_empty() => (0, after),
        None => digits(after, 2)?,
    };
    if !after.is_empty() || hour > 23 || minute > 59 {
        return None;
    }
    in_calendar(ticks - sign * (hour * HOUR + minute * MINUTE))
}

/// Ticks of a unit of a timespan literal.
pub(super) fn unit(name: &str) -> Option<i64> {
    Some(match name {
        "d" | "day" | "days" => DAY,
        "h" | "hour" | "hours" => HOUR,
        "m" | "min" | "minute" | "minutes" => MINUTE,
        "s" | "sec" | "second" | "seconds" => SECOND,
        "ms" | "millisecond" | "milliseconds" => SECOND / 1000,
        "microsecond" | "microseconds" => 10,
        "tick" | "ticks" => 1,
        _ => return None,
    })
}

/// `1.5` and `h`, exact for whole counts.
pub(super) fn counted(count: &str, name: &str) -> Option<i64> {
    let size = unit(name)?;
    if let Ok(whole) = count.parse::<i64>() {
        return whole.checked_mul(size);
    }
    let ticks = count.parse::<f64>().ok()? * size as f64;
    (ticks.abs() < 9e18).then(|| ticks.round() as i64)
}

/// Reads `1d`, `2.03:04:05.6`, `03:04`, `-1:00`, `3` (days).
pub(super) fn parse_timespan(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('-') {
        return parse_positive(rest).map(|ticks| -ticks);
    }
    parse_positive(text)
}

fn parse_positive(text: &str) -> Option<i64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (count, name) = text.split_at_checked(split)?;
    if !name.is_empty() {
        return counted(count.trim(), name.trim());
    }
    if !text.contains(':') {
        let days: i64 = text.parse().ok()?;
        return days.checked_mul(DAY);
    }
    let first = text.find(':')?;
    let (days, rest) = match text.find('.').filter(|dot| *dot < first) {
        Some(dot) => (text.get(..dot)?.parse::<i64>().ok()?, text.get(dot + 1..)?),
        None => (0, text),
    };
    let (hours, rest) = digits(rest, 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (mut seconds, mut part, mut rest) = (0, 0, rest);
    if let Some(after) = rest.strip_prefix(':') {
        (seconds, rest) = digits(after, 2)?;
        if let Some(after) = rest.strip_prefix('.') {
            (part, rest) = fraction(after)?;
        }
    }
    if !rest.is_empty() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    days.checked_mul(DAY)?
        .checked_add(hours * HOUR + minutes * MINUTE + seconds * SECOND + part)
}

/// `2015-12-31T23:59:59.9000000Z`
pub(super) fn datetime_text(ticks: i64) -> String {
    match civil_of(ticks) {
        Some(at) => format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}Z",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.subsec_nanosecond() / 100
        ),
        None => String::new(),
    }
}

/// `1.02:03:04.5000000`: days and fraction only where there are some.
pub(super) fn timespan_text(ticks: i64) -> String {
    let mut out = String::new();
    if ticks < 0 {
        out.push('-');
    }
    let rest = ticks.unsigned_abs();
    let size = |n: i64| n.unsigned_abs();
    if rest >= size(DAY) {
        out.push_str(&format!("{}.", rest / size(DAY)));
    }
    out.push_str(&format!(
        "{:02}:{:02}:{:02}",
        rest / size(HOUR) % 24,
        rest / size(MINUTE) % 60,
        rest / size(SECOND) % 60
    ));
    if !rest.is_multiple_of(size(SECOND)) {
        out.push_str(&format!(".{:07}", rest % size(SECOND)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datetimes_are_read_and_printed() {
        for (text, printed) in [
            ("2015-12-31 23:59:59.9", "2015-12-31T23:59:59.9000000Z"),
            ("2025-08-15T10:00:00+02:00", "2025-08-15T08:00:00.0000000Z"),
            ("2025-08-15", "2025-08-15T00:00:00.0000000Z"),
            ("2025-08-15T10:00", "2025-08-15T10:00:00.0000000Z"),
            ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"),
            ("2014-11-08 15:05:25 GMT", "2014-11-08T15:05:25.0000000Z"),
            ("Sat, 8 Nov 14 15:05:02 GMT", "2014-11-08T15:05:02.0000000Z"),
            ("8 Nov 14 15:05", "2014-11-08T15:05:00.0000000Z"),
            ("Saturday, 08-Nov-14 15:05:02 GMT", "2014-11-08T15:05:02.0000000Z"),
            ("08-Nov-2014 15:05", "2014-11-08T15:05:00.0000000Z"),
            ("2025, 6, 14", "2025-06-14T00:00:00.0000000Z"),
            ("2017 - 08 - 01", "2017-08-01T00:00:00.0000000Z"),
            ("01-01-2022", "2022-01-01T00:00:00.0000000Z"),
        ] {
            assert_eq!(datetime_text(parse_datetime(text).unwrap()), printed, "{text}");
        }
        for text in [
            "",
            "x",
            "2025-13-01",
            "2025-02-30",
            "2025-01-01T25:00",
            "2025-01-01Tx",
            "12-02-2022",
            "8 Nov 94 15:05",
            "12",
        ] {
            assert_eq!(parse_datetime(text), None, "{text}");
        }
        assert_eq!(parse_datetime("1970-01-01"), Some(EPOCH));
    }

    #[test]
    fn timespans_are_read_and_printed() {
        for (text, printed) in [
            ("1d", "1.00:00:00"),
            ("1.5h", "01:30:00"),
            ("1.02:03:04.5", "1.02:03:04.5000000"),
            ("00:10", "00:10:00"),
            ("-2m", "-00:02:00"),
            ("3", "3.00:00:00"),
            ("1tick", "00:00:00.0000001"),
        ] {
            assert_eq!(timespan_text(parse_timespan(text).unwrap()), printed, "{text}");
        }
        for text in ["", "x", "1w", "25:00", "1:2:3:4"] {
            assert_eq!(parse_timespan(text), None, "{text}");
        }
    }
}

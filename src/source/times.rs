use crate::value::Time;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::fmt;

/// Which of the two first numbers of a date with slashes is the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// `21/04/2025`
    DayFirst,
    /// `4/21/2025`
    MonthFirst,
}

/// Why a text is no time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeError {
    /// A date with slashes that reads as two different days.
    Ambiguous,
    /// Anything else.
    NoTime,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TimeError::Ambiguous => "day and month can be read either way, `--date-order dmy|mdy` decides",
            TimeError::NoTime => "no time that is known",
        })
    }
}

/// Reads a time as logs and table exports write it: RFC 3339, the same with a blank for the `T` or without an offset
/// (then UTC), a date alone, and the portal's `4/28/2021, 2:32:14.029 PM` or `21/04/2025, 09:45:54.000` (UTC).
///
/// # Errors
/// When it is none of these, or when a date with slashes is ambiguous and no order is given.
pub fn parse_time(text: &str, order: Option<DateOrder>) -> Result<Time, TimeError> {
    let text = text.trim();
    if !text.bytes().take(10).any(|b| b == b'/') {
        return iso(text).ok_or(TimeError::NoTime);
    }
    let slashed = Slashed::parse(text).ok_or(TimeError::NoTime)?;
    slashed.time(order)
}

fn iso(text: &str) -> Option<Time> {
    // Both parsers stop at nine digits of a second; a tick needs seven.
    let cut = cut_fraction(text);
    let text = cut.as_deref().unwrap_or(text);
    let stamp = match text.parse::<jiff::Timestamp>() {
        Ok(stamp) => stamp,
        Err(_) => {
            let civil = text
                .parse::<DateTime>()
                .or_else(|_| text.parse::<Date>().map(DateTime::from))
                .ok()?;
            TimeZone::UTC.to_timestamp(civil).ok()?
        }
    };
    in_range(stamp)
}

/// Kusto's `datetime` begins with the year 1.
fn in_range(stamp: jiff::Timestamp) -> Option<Time> {
    const YEAR_ONE: i64 = -62_135_596_800;
    if stamp.as_second() < YEAR_ONE {
        None
    } else {
        Time::from_timestamp(stamp)
    }
}

fn cut_fraction(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 9).then(|| format!("{whole}.{}{}", &fraction[..9], &fraction[digits..]))
}

/// A date with slashes, before anybody knows which number is the day.
pub(crate) struct Slashed {
    first: i8,
    second: i8,
    year: i16,
    clock: jiff::civil::Time,
}

impl Slashed {
    pub(crate) fn parse(text: &str) -> Option<Slashed> {
        // Browsers put a narrow no-break blank before AM and PM.
        let text = text.replace(['\u{202f}', '\u{a0}'], " ");
        let (date, clock) = match text.trim().split_once([',', ' ']) {
            Some((date, clock)) => (date, clock.trim()),
            None => (text.trim(), ""),
        };
        let mut numbers = date.split('/');
        let (first, second, year) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if numbers.next().is_some() || !digits(first) || !digits(second) || !digits(year) || year.len() != 4 {
            return None;
        }
        Some(Slashed {
            first: first.parse().ok()?,
            second: second.parse().ok()?,
            year: year.parse().ok()?,
            clock: if clock.is_empty() {
                jiff::civil::Time::midnight()
            } else {
                clock_time(clock)?
            },
        })
    }

    /// The order that this date proves, if it does.
    pub(crate) fn proves(&self) -> Option<DateOrder> {
        match (self.first > 12, self.second > 12) {
            (true, false) => Some(DateOrder::DayFirst),
            (false, true) => Some(DateOrder::MonthFirst),
            _ => None,
        }
    }

    /// Whether the two orders give different days, both possible.
    pub(crate) fn ambiguous(&self) -> bool {
        self.first <= 12 && self.second <= 12 && self.first != self.second
    }

    fn time(&self, order: Option<DateOrder>) -> Result<Time, TimeError> {
        let order = match order.or_else(|| self.proves()) {
            Some(order) => order,
            None if self.ambiguous() => return Err(TimeError::Ambiguous),
            None => DateOrder::DayFirst,
        };
        let (day, month) = match order {
            DateOrder::DayFirst => (self.first, self.second),
            DateOrder::MonthFirst => (self.second, self.first),
        };
        let date = Date::new(self.year, month, day).map_err(|_| TimeError::NoTime)?;
        let stamp = TimeZone::UTC
            .to_timestamp(date.to_datetime(self.clock))
            .map_err(|_| TimeError::NoTime)?;
        in_range(stamp).ok_or(TimeError::NoTime)
    }
}

/// `2:32:14.029 PM` or `09:45:54.000`.
fn clock_time(text: &str) -> Option<jiff::civil::Time> {
    let upper = text.to_ascii_uppercase();
    let (clock, half) = if let Some(clock) = upper.strip_suffix("AM") {
        (clock.trim(), Some(0))
    } else if let Some(clock) = upper.strip_suffix("PM") {
        (clock.trim(), Some(12))
    } else {
        (upper.as_str(), None)
    };
    let (hour, rest) = clock.split_once(':')?;
    if hour.len() > 2 || !hour.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut hour: i8 = hour.parse().ok()?;
    if let Some(half) = half {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + half;
    }
    let padded = format!("{hour:02}:{rest}");
    cut_fraction(&padded).unwrap_or(padded).parse().ok()
}

use std::fmt;

/// Ticks in a second: a tick is 100 nanoseconds, as in Kusto's `datetime`.
pub const TICKS_PER_SECOND: i64 = 10_000_000;

/// An instant in UTC, in ticks of 100 ns since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// A length of time in ticks of 100 ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub i64);

impl Time {
    /// Reads RFC 3339 (`2025-08-15T10:00:00Z`, with an offset and with fractions too). Digits finer than a tick are cut.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Time, String> {
        let stamp: jiff::Timestamp = text.parse().map_err(|error: jiff::Error| error.to_string())?;
        Time::from_timestamp(stamp).ok_or_else(|| format!("`{text}` is outside the years 1 to 9999"))
    }

    /// The instant of a jiff timestamp; none where ticks cannot hold it.
    pub fn from_timestamp(stamp: jiff::Timestamp) -> Option<Time> {
        i64::try_from(stamp.as_nanosecond().div_euclid(100)).ok().map(Time)
    }

    /// The instant `span` later (earlier, for a negative one); stays inside the range of ticks.
    #[must_use]
    pub fn plus(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }

    /// The instant `span` earlier.
    #[must_use]
    pub fn minus(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }

    /// From `earlier` to here.
    pub fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The multiple of `size` at or before this instant, counted from 1970 (KQL `bin`); `size` must be positive.
    #[must_use]
    pub fn bin(self, size: Span) -> Time {
        if size.0 <= 0 {
            self
        } else {
            Time(self.0.div_euclid(size.0) * size.0)
        }
    }
}

/// RFC 3339 in UTC with as many fractional digits as needed.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0) * 100) {
            Ok(stamp) => write!(f, "{stamp}"),
            Err(_) => write!(f, "{} ticks", self.0),
        }
    }
}

impl Span {
    /// So many seconds.
    pub const fn seconds(seconds: i64) -> Span {
        Span(seconds.saturating_mul(TICKS_PER_SECOND))
    }
    /// So many minutes.
    pub const fn minutes(minutes: i64) -> Span {
        Span::seconds(minutes.saturating_mul(60))
    }
    /// So many hours.
    pub const fn hours(hours: i64) -> Span {
        Span::minutes(hours.saturating_mul(60))
    }
    /// So many days.
    pub const fn days(days: i64) -> Span {
        Span::hours(days.saturating_mul(24))
    }
}

/// As a rule writes it: `13d`, `1h30m`, `0s`, with a fraction of a second where needed (`0.0000001s`).
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            write!(f, "-")?;
        }
        let mut rest = self.0.unsigned_abs();
        let mut wrote = false;
        for (unit, ticks) in [("d", Span::days(1)), ("h", Span::hours(1)), ("m", Span::minutes(1))] {
            let size = ticks.0.unsigned_abs();
            if rest >= size {
                write!(f, "{}{unit}", rest / size)?;
                rest %= size;
                wrote = true;
            }
        }
        if rest > 0 || !wrote {
            let per_second = TICKS_PER_SECOND.unsigned_abs();
            let (whole, fraction) = (rest / per_second, rest % per_second);
            write!(f, "{whole}")?;
            if fraction > 0 {
                write!(f, ".{}", format!("{fraction:07}").trim_end_matches('0'))?;
            }
            write!(f, "s")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_spans_print_as_rules_write_them() {
        let time = Time::parse("2025-08-15T10:00:00.0000001+02:00").unwrap();
        assert_eq!(time.to_string(), "2025-08-15T08:00:00.0000001Z");
        assert_eq!(time.bin(Span::hours(1)).to_string(), "2025-08-15T08:00:00Z");
        assert_eq!(
            Time::parse("1969-12-31T23:30:00Z")
                .unwrap()
                .bin(Span::hours(1))
                .to_string(),
            "1969-12-31T23:00:00Z"
        );
        assert_eq!(Span(Span::minutes(90).0 + 1).to_string(), "1h30m0.0000001s");
        assert_eq!(Span(0).to_string(), "0s");
    }
}

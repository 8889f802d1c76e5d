//! Points in time and spans, as whole milliseconds, because figures that are compared are never floats.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z. May be wrong or go back: it comes from somebody's clock.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Millis(pub u64);

impl Millis {
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds * 1000)
    }
}

impl Timestamp {
    /// Reads a day (`2026-07-22`: its beginning, in UTC) or a point in time with its offset (RFC 3339).
    pub fn parse(text: &str) -> Option<Self> {
        let day = || {
            let date: jiff::civil::Date = text.parse().ok().filter(|_| text.len() == 10)?;
            Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
        };
        let time = day().or_else(|| text.parse().ok())?;
        Some(Self(time.as_millisecond()))
    }

    /// This point plus a span; stops at the last representable one.
    #[must_use]
    pub fn after(self, span: Millis) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(span.0).unwrap_or(i64::MAX)),
        )
    }

    /// Time from `earlier` until this point; zero where the clock went back.
    pub fn since(self, earlier: Self) -> Millis {
        Millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Whole seconds since the epoch, as git and HTTP count.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// `2026-11-21`, in UTC.
    pub fn date(self) -> String {
        self.to_string().chars().take_while(|c| *c != 'T').collect()
    }
}

impl fmt::Display for Timestamp {
    /// `2026-11-21T10:00:00Z`, in UTC (RFC 3339).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.seconds()) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => write!(f, "{} ms since 1970", self.0),
        }
    }
}

impl fmt::Display for Millis {
    /// `250 ms`, `4.2 s`, `3 min 05 s`, `2 h 30 min`: what a person reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0;
        match ms {
            0..1_000 => write!(f, "{ms} ms"),
            1_000..60_000 => write!(f, "{}.{} s", ms / 1000, ms % 1000 / 100),
            60_000..3_600_000 => write!(f, "{} min {:02} s", ms / 60_000, ms / 1000 % 60),
            _ => write!(f, "{} h {:02} min", ms / 3_600_000, ms / 60_000 % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_printed_in_utc() {
        assert_eq!(
            Timestamp(1_795_255_200_123).to_string(),
            "2026-11-21T10:00:00Z"
        );
        assert_eq!(Timestamp(1_795_255_200_123).date(), "2026-11-21");
        assert_eq!(Timestamp(-1).to_string(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn days_and_points_in_time_are_read() {
        let day = Timestamp::parse("2026-11-21").unwrap();
        assert_eq!(day.to_string(), "2026-11-21T00:00:00Z");
        let point = Timestamp::parse("2026-11-21T12:00:00+02:00").unwrap();
        assert_eq!(point.to_string(), "2026-11-21T10:00:00Z");
        for text in ["", "2026-02-30", "20261121", "2026-11-21T12:00", "tomorrow"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_clock_that_went_back_gives_no_negative_span() {
        assert_eq!(Timestamp(5).since(Timestamp(9)), Millis(0));
        assert_eq!(
            Timestamp(i64::MAX).after(Millis(u64::MAX)),
            Timestamp(i64::MAX)
        );
    }

    #[test]
    fn spans_read_well() {
        let texts = [250, 4_250, 185_000, 9_000_000].map(|ms| Millis(ms).to_string());
        assert_eq!(texts, ["250 ms", "4.2 s", "3 min 05 s", "2 h 30 min"]);
    }
}

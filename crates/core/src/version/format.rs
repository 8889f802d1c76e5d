//! The formats of calendar versions, made of calver.org's tokens.
//!
//! Invariants: a [`CalendarFormat`] that exists gives versions that rise with time: its date begins with a year, units go from
//! large to small, counters likewise.
//!
//! Weeks are those of ISO 8601, and the year before a week is the week's year: 2027-01-01 lies in week 53 of 2026.

use super::Level;
use super::calendar::{Calendar, tail};
use crate::time::Timestamp;
use std::fmt;

/// `YYYY.MM.MICRO` and its like: up to five tokens with dots between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarFormat {
    tokens: [Token; MOST],
    count: u8,
}

/// The most numbers of a calendar version.
pub(super) const MOST: usize = 5;

/// One place of a format. Its order is the one that places must have, counters aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Token {
    /// `YYYY`: 2026
    FullYear,
    /// `YY`: 6, 26, 126: years since 2000
    ShortYear,
    /// `0Y`: 06, 26, 126
    PaddedYear,
    Month,
    PaddedMonth,
    Week,
    PaddedWeek,
    Day,
    PaddedDay,
    Counter(Level),
}

const NAMES: &[(&str, Token)] = &[
    ("YYYY", Token::FullYear),
    ("YY", Token::ShortYear),
    ("0Y", Token::PaddedYear),
    ("MM", Token::Month),
    ("0M", Token::PaddedMonth),
    ("WW", Token::Week),
    ("0W", Token::PaddedWeek),
    ("DD", Token::Day),
    ("0D", Token::PaddedDay),
    ("MAJOR", Token::Counter(Level::Major)),
    ("MINOR", Token::Counter(Level::Minor)),
    ("MICRO", Token::Counter(Level::Patch)),
    ("PATCH", Token::Counter(Level::Patch)),
];

impl Token {
    /// 0 for years, 1 for months and weeks, 2 for days; `None` for counters.
    pub(super) fn unit(self) -> Option<u8> {
        match self {
            Self::FullYear | Self::ShortYear | Self::PaddedYear => Some(0),
            Self::Month | Self::PaddedMonth | Self::Week | Self::PaddedWeek => Some(1),
            Self::Day | Self::PaddedDay => Some(2),
            Self::Counter(_) => None,
        }
    }

    fn is_week(self) -> bool {
        matches!(self, Self::Week | Self::PaddedWeek)
    }

    fn is_padded(self) -> bool {
        matches!(
            self,
            Self::PaddedYear | Self::PaddedMonth | Self::PaddedWeek | Self::PaddedDay
        )
    }

    fn name(self) -> &'static str {
        let found = NAMES.iter().find(|(_, token)| *token == self);
        found.map_or("", |(name, _)| name)
    }

    pub(super) fn read(self, text: &str) -> Result<u64, &'static str> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err("it begins with numbers and dots only, then `-` and the pre-release");
        }
        if self.is_padded() && text.len() < 2 {
            return Err("the format writes that number with two digits");
        }
        let zeros = text.len() > 1 && text.starts_with('0');
        if zeros && !(self.is_padded() && text.len() == 2) {
            return Err("a number begins with 0");
        }
        let number: u64 = text.parse().map_err(|_| "a number is too large")?;
        let (range, why) = match self {
            Self::FullYear => (1000..=9999, "a year has four digits"),
            Self::ShortYear | Self::PaddedYear => (0..=7999, "a short year counts from 2000"),
            Self::Month | Self::PaddedMonth => (1..=12, "a month is 1 to 12"),
            Self::Week | Self::PaddedWeek => (1..=53, "a week is 1 to 53"),
            Self::Day | Self::PaddedDay => (1..=31, "a day is 1 to 31"),
            Self::Counter(_) => (0..=u64::MAX, ""),
        };
        if range.contains(&number) {
            Ok(number)
        } else {
            Err(why)
        }
    }

    pub(super) fn write(self, number: u64) -> String {
        if self.is_padded() {
            format!("{number:02}")
        } else {
            number.to_string()
        }
    }
}

impl Default for CalendarFormat {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl CalendarFormat {
    /// `YYYY.MM.MICRO`
    pub const DEFAULT: Self = {
        let micro = Token::Counter(Level::Patch);
        Self {
            tokens: [Token::FullYear, Token::Month, micro, micro, micro],
            count: 3,
        }
    };

    /// Reads a format: tokens of calver.org (`PATCH` is `MICRO`) with dots between them.
    ///
    /// # Errors
    /// The reason why it is none, or why its versions would not rise with time.
    pub fn parse(text: &str) -> Result<Self, super::VersionError> {
        let fault = |why| super::VersionError::Calendar {
            text: text.to_owned(),
            why,
        };
        let mut format = Self::DEFAULT;
        let mut count = 0;
        for word in text.split('.') {
            let token = NAMES.iter().find(|(name, _)| *name == word);
            let (_, token) =
                token.ok_or_else(|| fault("it has a part that calver.org does not know"))?;
            *format
                .tokens
                .get_mut(count)
                .ok_or_else(|| fault("it has more than five parts"))? = *token;
            count += 1;
        }
        format.count = u8::try_from(count).unwrap_or(0);
        format.sound().map_err(fault)?;
        // What is not used is equal in equal formats.
        for unused in format.tokens.iter_mut().skip(count) {
            *unused = Token::Counter(Level::Patch);
        }
        Ok(format)
    }

    fn sound(self) -> Result<(), &'static str> {
        let units: Vec<u8> = self
            .tokens()
            .iter()
            .filter_map(|token| token.unit())
            .collect();
        if units.first() != Some(&0) {
            return Err("its date begins with a year");
        }
        if !units.is_sorted_by(|a, b| a < b) {
            return Err("a date goes from year to day, with each unit at most once");
        }
        if units.contains(&2) && (!units.contains(&1) || self.weeks()) {
            return Err("a day stands behind a month");
        }
        let counters: Vec<Level> = self.tokens().iter().copied().filter_map(counter).collect();
        if !counters.is_sorted_by(|a, b| a > b) {
            return Err("counters go from MAJOR to MICRO, each at most once");
        }
        let dates = self.tokens().iter().map(|token| token.unit().is_some());
        let dates: Vec<bool> = dates.collect();
        let first = dates.iter().position(|date| *date).unwrap_or(0);
        if !dates[first..first + units.len()].iter().all(|date| *date) {
            return Err("a counter stands before the date or behind it, not within");
        }
        Ok(())
    }

    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens[..usize::from(self.count)]
    }

    fn weeks(self) -> bool {
        self.tokens().iter().any(|token| token.is_week())
    }

    /// The place of the first counter behind the date.
    pub(super) fn behind_date(self) -> usize {
        let last = self
            .tokens()
            .iter()
            .rposition(|token| token.unit().is_some());
        last.map_or(0, |last| last + 1)
    }

    fn is_short(self) -> bool {
        let short = |token: &Token| matches!(token, Token::ShortYear | Token::PaddedYear);
        self.tokens().iter().any(short)
    }

    /// The numbers of a day (UTC), with 0 for every counter. A short year cannot write the days before its first week (a clock
    /// that was never set): they count as that week's Monday.
    pub(super) fn on(self, day: Timestamp) -> [u64; MOST] {
        const MONDAY: i64 = 946_857_600;
        let seconds = if self.is_short() {
            day.seconds().max(MONDAY)
        } else {
            day.seconds()
        };
        let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
        let date = jiff::tz::Offset::UTC.to_datetime(time).date();
        let week = date.iso_week_date();
        let number = |number: i8| u64::try_from(number).unwrap_or(0);
        let year = if self.weeks() {
            week.year()
        } else {
            date.year()
        };
        let year = u64::try_from(year).unwrap_or(0).max(1000);
        let mut numbers = [0; MOST];
        for (to, token) in numbers.iter_mut().zip(self.tokens()) {
            *to = match token {
                Token::FullYear => year,
                Token::ShortYear | Token::PaddedYear => year.saturating_sub(2000),
                Token::Month | Token::PaddedMonth => number(date.month()),
                Token::Week | Token::PaddedWeek => number(week.week()),
                Token::Day | Token::PaddedDay => number(date.day()),
                Token::Counter(_) => 0,
            };
        }
        numbers
    }

    /// Reads a version of this format.
    pub(super) fn read(self, text: &str) -> Result<Calendar, &'static str> {
        if text.is_empty() {
            return Err("it is empty");
        }
        if text.starts_with(['v', 'V']) {
            return Err("the `v` belongs to the tag, not to the version");
        }
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        // `2026.11.0.dev0`: that dot belongs to what follows.
        let core = text[..end].strip_suffix('.').unwrap_or(&text[..end]);
        let (pre, build) = tail(&text[core.len()..])?;
        let parts: Vec<&str> = core.split('.').collect();
        if parts.len() != self.tokens().len() {
            return Err("it has more or fewer numbers than the format");
        }
        let mut numbers = [0; MOST];
        for ((to, token), part) in numbers.iter_mut().zip(self.tokens()).zip(parts) {
            *to = token.read(part)?;
        }
        self.exists(&numbers)?;
        Ok(Calendar {
            numbers,
            pre,
            build,
            format: self,
        })
    }

    /// Refuses 30 February, and a 53rd week where there is none.
    fn exists(self, numbers: &[u64]) -> Result<(), &'static str> {
        let at = |unit| {
            let place = self
                .tokens()
                .iter()
                .position(|token| token.unit() == Some(unit))?;
            i16::try_from(numbers[place]).ok()
        };
        let (Some(year), Some(middle)) = (at(0), at(1)) else {
            return Ok(());
        };
        let year = if self.is_short() { year + 2000 } else { year };
        let middle = i8::try_from(middle).unwrap_or(0);
        let exists = if self.weeks() {
            jiff::civil::ISOWeekDate::new(year, middle, jiff::civil::Weekday::Monday).is_ok()
        } else {
            let day = at(2).map_or(1, |day| i8::try_from(day).unwrap_or(0));
            jiff::civil::Date::new(year, middle, day).is_ok()
        };
        exists.then_some(()).ok_or("there is no such date")
    }

    /// A text of numbers, each with as many digits as the format wants.
    pub(super) fn padded(self, text: &str) -> Option<String> {
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let core = text[..end].trim_end_matches('.');
        let parts = core
            .split('.')
            .map(|part| part.parse().ok())
            .collect::<Option<Vec<u64>>>()?;
        let missing = self.tokens().iter().skip(parts.len());
        if parts.len() > self.tokens().len() || missing.clone().any(|token| token.unit().is_some())
        {
            return None;
        }
        let numbers = parts.into_iter().chain(std::iter::repeat(0));
        let written = self
            .tokens()
            .iter()
            .zip(numbers)
            .map(|(token, number)| token.write(number));
        let written: Vec<String> = written.collect();
        Some(format!("{}{}", written.join("."), &text[core.len()..]))
    }

    /// For hints.
    pub(super) fn example(self) -> String {
        // 2026-11-21
        let numbers = self.on(Timestamp(1_795_255_200_000));
        let release = Calendar::new(self, numbers);
        format!("{release} or {release}-rc.1")
    }
}

/// The level that a place counts; `None` for dates.
pub(super) fn counter(token: Token) -> Option<Level> {
    match token {
        Token::Counter(level) => Some(level),
        _ => None,
    }
}

impl fmt::Display for CalendarFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.tokens().iter().map(|token| token.name()).collect();
        f.write_str(&names.join("."))
    }
}

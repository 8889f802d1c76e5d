//! Dates as headings have them, read into `2026-11-21`.
//!
//! Read: year first in numbers with `-`, `/`, `.` or `年月日`; a month's name in the languages of most changelogs with day and
//! year around it; day, month and year in numbers, where only one order is possible or `.` stands between (`21.11.2026`).
//! A date that could be two (`01/02/2026`) is none.

use std::ops::Range;

/// The first letters of the months' names, lower case, January first. Enough of them to tell one from another.
const MONTHS: [&[&str]; 12] = [
    &["jan", "янв", "ene", "gen", "led", "sty", "січ", "oca"],
    &["feb", "fév", "fev", "фев", "úno", "lut", "şub", "лют"],
    &["mar", "mär", "мар", "maart", "mrt", "bře", "бер"],
    &["apr", "avr", "апр", "abr", "dub", "kwi", "nis", "кві"],
    &[
        "may", "mai", "мая", "май", "mag", "mei", "maj", "kvě", "тра",
    ],
    &["jun", "juin", "июн", "giu", "čerwna", "cze", "haz", "чер"],
    &["jul", "juil", "июл", "lug", "lip", "tem", "лип"],
    &[
        "aug", "aoû", "aou", "авг", "ago", "srp", "sie", "ağu", "сер",
    ],
    &["sep", "сен", "set", "zář", "wrz", "eyl", "вер"],
    &[
        "oct", "okt", "окт", "ott", "out", "říj", "paź", "eki", "жов",
    ],
    &["nov", "ноя", "lis", "kas", "лис"],
    &[
        "dec", "dez", "déc", "дек", "dic", "pro", "gru", "ara", "гру",
    ],
];

/// Where a date stands in a title, and the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DateIn {
    pub at: Range<usize>,
    /// `2026-11-21`
    pub day: String,
}

/// The first date in a text.
pub(super) fn date_in(text: &str) -> Option<DateIn> {
    numeric(text).or_else(|| named(text))
}

/// Whether a text of the form `2026-11-21` names a day that exists.
pub(super) fn is_day(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut next = |length: usize| {
        let part = parts.next().filter(|part| part.len() == length)?;
        part.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| part.parse::<u32>().ok())?
    };
    match (next(4), next(2), next(2)) {
        (Some(year), Some(month), Some(day)) => parts.next().is_none() && exists(year, month, day),
        _ => false,
    }
}

/// Days from 1970-01-01 to a day of the form `2026-11-21` (the civil calendar's arithmetic).
pub(super) fn days(text: &str) -> Option<i64> {
    if !is_day(text) {
        return None;
    }
    let number = |range: Range<usize>| text[range].parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    // Years begin in March, so that the leap day is the last.
    let year = year - i64::from(month <= 2);
    let from_march = (month + 9) % 12;
    let in_year = (153 * from_march + 2) / 5 + day - 1;
    Some(365 * year + year / 4 - year / 100 + year / 400 + in_year - 719_468)
}

fn exists(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1970..=9999).contains(&year) && (1..=last).contains(&day)
}

fn made(at: Range<usize>, year: u32, month: u32, day: u32) -> Option<DateIn> {
    exists(year, month, day).then(|| DateIn {
        at,
        day: format!("{year:04}-{month:02}-{day:02}"),
    })
}

/// Runs of digits with where they stand.
fn numbers(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        if byte.is_ascii_digit() {
            match found.last_mut() {
                Some(last) if last.end == at => last.end += 1,
                _ => found.push(at..at + 1),
            }
        }
    }
    found
}

fn numeric(text: &str) -> Option<DateIn> {
    let found = numbers(text);
    let value = |at: &Range<usize>| {
        text[at.clone()]
            .parse::<u32>()
            .ok()
            .filter(|_| at.len() <= 4)
    };
    found.windows(3).find_map(|three| {
        let [a, b, c] = three else { return None };
        let between = [text[a.end..b.start].trim(), text[b.end..c.start].trim()];
        let sign = match between {
            ["-", "-"] | ["年", "月"] | ["년", "월"] => "-",
            ["/", "/"] => "/",
            [".", "."] => ".",
            _ => return None,
        };
        // Not the middle of a version or a longer number.
        let before = text[..a.start].chars().next_back();
        let after = text[c.end..].chars().next();
        if before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.') {
            return None;
        }
        let goes_on = text[c.end..].starts_with('.')
            && text[c.end + 1..].starts_with(|c: char| c.is_ascii_digit());
        if goes_on || after.is_some_and(|c| c.is_ascii_alphabetic() && c != 'T') {
            return None;
        }
        let (first, second, third) = (value(a)?, value(b)?, value(c)?);
        if a.len() == 4 {
            let end = text[c.end..]
                .chars()
                .next()
                .filter(|sign| "日일".contains(*sign));
            return made(
                a.start..c.end + end.map_or(0, char::len_utf8),
                first,
                second,
                third,
            );
        }
        if c.len() != 4 || a.len() > 2 || b.len() > 2 {
            return None;
        }
        let at = a.start..c.end;
        match (sign, first > 12, second > 12) {
            (".", _, false) | ("-" | "/", true, false) => made(at, third, second, first),
            ("-" | "/", false, true) => made(at, third, first, second),
            ("-" | "/", false, false) if first == second => made(at, third, second, first),
            _ => None,
        }
    })
}

/// `January 5, 2026`, `5th of January 2026`, `Jan 05 2026`.
fn named(text: &str) -> Option<DateIn> {
    let mut words = Vec::new();
    for (at, word) in text
        .split(|c: char| c.is_whitespace() || "(),:[]_*".contains(c))
        .filter(|w| !w.is_empty())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
    {
        words.push((at, word));
    }
    let number = |word: &str| {
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let rest = word[digits..].to_lowercase();
        let ends = ["", "st", "nd", "rd", "th", ".", "er", "º", "ª"].contains(&rest.as_str());
        (1..=4)
            .contains(&digits)
            .then(|| word[..digits].parse::<u32>().ok())
            .flatten()
            .filter(|_| ends)
    };
    words.iter().enumerate().find_map(|(position, (at, word))| {
        let lower = word.trim_end_matches('.').to_lowercase();
        let month = MONTHS
            .iter()
            .position(|names| names.iter().any(|name| lower.starts_with(name)))?;
        if lower.chars().count() > 10 || lower.chars().any(|c| !c.is_alphabetic()) {
            return None;
        }
        let linking = |word: &str| ["of", "de", "del"].contains(&word.to_lowercase().as_str());
        let near = |mut position: usize, back: bool| {
            loop {
                position = if back {
                    position.checked_sub(1)?
                } else {
                    position + 1
                };
                let (at, word) = *words.get(position)?;
                if !linking(word) {
                    return number(word).map(|n| (at, word.len(), n, position));
                }
            }
        };
        let month = u32::try_from(month).ok()? + 1;
        let before = near(position, true);
        let after = near(position, false);
        let (day, year) = match (before, after) {
            (Some(day), Some(year)) if day.2 <= 31 && year.2 > 31 => (day, year),
            (_, Some(day)) if day.2 <= 31 => (day, near(day.3, false)?),
            (Some(year), Some(day)) if year.2 > 31 => (day, year),
            _ => return None,
        };
        let start = (*at).min(day.0).min(year.0);
        let end = [(*at, word.len()), (day.0, day.1), (year.0, year.1)];
        let end = end.iter().map(|(at, length)| at + length).max()?;
        made(start..end, year.2, month, day.2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_the_forms_that_headings_have() {
        for (text, day) in [
            ("1.0.0 - 2026-01-05", "2026-01-05"),
            ("1.0.0 (2026/1/5)", "2026-01-05"),
            ("v1.0 2026.01.05", "2026-01-05"),
            ("2026年1月5日", "2026-01-05"),
            ("2026년 1월 5일", "2026-01-05"),
            ("1.0.0 (January 5th, 2026)", "2026-01-05"),
            ("1.0.0 / Jan 5 2026", "2026-01-05"),
            ("5. Januar 2026", "2026-01-05"),
            ("5 января 2026", "2026-01-05"),
            ("5 de enero de 2026", "2026-01-05"),
            ("21.11.2026", "2026-11-21"),
            ("21/11/2026", "2026-11-21"),
            ("11/21/2026", "2026-11-21"),
            ("2024-02-29", "2024-02-29"),
            ("2026-01-05T10:00:00Z", "2026-01-05"),
            ("30th of April, 2020", "2020-04-30"),
        ] {
            assert_eq!(
                date_in(text).map(|found| found.day).as_deref(),
                Some(day),
                "{text}"
            );
        }
        for text in [
            "1.0.0",
            "2026-13-01",
            "2026-02-30",
            "2023-02-29",
            "01/02/2026",
            "1.2.2026.4",
            "10.2.3-1",
            "yyyy-mm-dd",
            "Marvellous 1.0",
            "2026-XX-XX",
            "",
            "0000-01-01",
            "may 2026",
        ] {
            assert_eq!(date_in(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_counted() {
        assert_eq!(days("1970-01-01"), Some(0));
        assert_eq!(days("2000-03-01"), Some(11017));
        assert_eq!(days("2026-11-25"), Some(20782));
        assert_eq!(days("2026-11-31"), None);
    }

    #[test]
    fn a_day_is_checked_against_the_calendar() {
        assert!(
            is_day("2024-02-29")
                && !is_day("2023-02-29")
                && !is_day("2023-2-9")
                && !is_day("2023-02-01-01")
        );
    }
}

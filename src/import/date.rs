//! Dates as a person's computer writes them: Excel changes those of a log when it opens and saves the file.
//!
//! In: a text of which the column says that it is UTC. Out: the moment, or none where day and month cannot be told apart.

use jiff::{civil, tz::TimeZone};

/// A moment in UTC, RFC 3339: `30.11.2026 22:01`, `11/30/2026 10:01:00 PM`, `2026-11-30 22:01`.
#[must_use]
pub fn in_utc(text: &str) -> Option<String> {
    let text = text.trim().replace(['\u{202f}', '\u{a0}'], " "); // what stands before AM and PM in some languages
    let (date, time) = text.split_once([' ', 'T'])?;
    let (year, month, day) = day(date.trim_end_matches(','))?;
    let (hour, minute, second) = clock(time)?;
    let moment = civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    moment.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp().to_string())
}

/// Year, month and day. Between dots the day is first everywhere; between other signs only a number above 12 tells.
fn day(text: &str) -> Option<(i16, i8, i8)> {
    let sign = text.chars().find(|c| !c.is_ascii_digit()).filter(|c| ['.', '/', '-'].contains(c))?;
    let numbers: Vec<i16> = text.split(sign).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [first, second, third] = numbers[..] else { return None };
    let (year, month, day) = match (first, second, third) {
        (1000.., ..) => (first, second, third),
        (_, _, ..1000) => return None,
        _ if sign == '.' || first > 12 || first == second => (third, second, first),
        _ if second > 12 => (third, first, second),
        _ => return None,
    };
    Some((year, i8::try_from(month).ok()?, i8::try_from(day).ok()?))
}

/// Hour, minute and second, of 24 hours or of twice 12.
fn clock(text: &str) -> Option<(i8, i8, i8)> {
    let upper = text.trim().to_uppercase();
    let half = ["AM", "PM"].into_iter().find(|half| upper.ends_with(half));
    let numbers = half.and_then(|half| upper.strip_suffix(half)).unwrap_or(&upper);
    let mut parts = numbers.trim().split(':').map(|part| part.split('.').next()?.parse::<i8>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some("PM") => hour % 12 + 12,
        Some(_) => hour % 12,
    };
    parts.next().is_none().then_some((hour, minute, second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_excel_are_read_where_day_and_month_are_told_apart() {
        for (text, at) in [
            ("11/30/2026 10:01:00 PM", Some("2026-11-30T22:01:00Z")),
            ("11/30/2026 12:01 am", Some("2026-11-30T00:01:00Z")),
            ("11/30/2026 12:01\u{202f}PM", Some("2026-11-30T12:01:00Z")),
            ("30.11.2026 22:01", Some("2026-11-30T22:01:00Z")),
            ("1.12.2026 7:05:09", Some("2026-12-01T07:05:09Z")),
            ("30/11/2026 22:01", Some("2026-11-30T22:01:00Z")),
            ("30-11-2026 22:01", Some("2026-11-30T22:01:00Z")),
            ("11/11/2026, 22:01", Some("2026-11-11T22:01:00Z")),
            ("2026-11-30 22:01:02.5", Some("2026-11-30T22:01:02Z")),
            ("2026/11/30 22:01", Some("2026-11-30T22:01:00Z")),
            ("01/12/2026 10:01", None),
            ("11/30/26 10:01", None),
            ("13/13/2026 10:01", None),
            ("11/30/2026 13:01 PM", None),
            ("11/30/2026", None),
            ("46356.9173611111", None),
            ("yesterday 10:01", None),
        ] {
            assert_eq!(in_utc(text).as_deref(), at, "{text}");
        }
    }
}

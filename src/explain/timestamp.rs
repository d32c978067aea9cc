//! The time of an event, as the log writes it.
//!
//! In: the text of an event. Out: `2026-11-23 04:01:20`, the day first, so that two can be compared; the zone stays that of
//! the log. Known are `2026-11-23 04:01:20` with `/` and `T` for its signs, as ECE, log4j and IIS write it, and
//! `23-Nov-2026 04:01:20` and `23/Nov/2026:04:01:20`, as Tomcat and web servers do.

/// A time stands in the first so many bytes of a line, or the line has none.
const WITHIN: usize = 80;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What the shapes look like: `0` is a digit, `a` a letter, `-` a hyphen or a slash, `_` what stands before the hour.
const YEAR_FIRST: &[u8] = b"0000-00-00_00:00:00";
const DAY_FIRST: &[u8] = b"00-aaa-0000_00:00:00";

/// The time in the first line of an event.
#[must_use]
pub fn of(text: &str) -> Option<String> {
    let (begin, shape) = find(text)?;
    let piece = text.get(begin..begin + shape.len())?;
    if shape == YEAR_FIRST {
        return Some(format!("{} {}", piece[..10].replace('/', "-"), &piece[11..]));
    }
    let month = 1 + MONTHS.iter().position(|month| month.eq_ignore_ascii_case(&piece[3..6]))?;
    Some(format!("{}-{month:02}-{} {}", &piece[7..11], &piece[..2], &piece[12..]))
}

/// What stands before and behind the time in the first line, with its fraction; all of it when there is no time.
#[must_use]
pub fn cut(text: &str) -> (&str, &str) {
    let Some((begin, shape)) = find(text) else { return ("", text) };
    let behind = &text[begin + shape.len()..];
    let fraction = behind.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',')).count();
    (&text[..begin], &behind[fraction..])
}

fn find(text: &str) -> Option<(usize, &'static [u8])> {
    let line = &text.as_bytes()[..text.len().min(WITHIN)];
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let has = |begin: usize, shape: &[u8]| {
        line.get(begin..begin + shape.len())
            .is_some_and(|piece| piece.iter().zip(shape).all(|(byte, shape)| fits(*byte, *shape)))
    };
    // both shapes have a hyphen or a slash first of all signs: behind four digits, or behind two
    memchr::memchr2_iter(b'-', b'/', line).find_map(|sign| {
        let shapes = [(4, YEAR_FIRST), (2, DAY_FIRST)];
        let begins = shapes.into_iter().filter_map(|(before, shape)| Some((sign.checked_sub(before)?, shape)));
        begins.into_iter().find(|(begin, shape)| has(*begin, shape))
    })
}

fn fits(byte: u8, shape: u8) -> bool {
    match shape {
        b'0' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_alphabetic(),
        b'-' => matches!(byte, b'-' | b'/'),
        b'_' => matches!(byte, b' ' | b'T' | b':'),
        other => byte == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_first_whoever_writes() {
        for text in [
            "2026-11-23 04:01:20.006 GMT+0000 <@> INFO",
            "2026/11/23 04:01:20 x",
            "[2026-11-23T04:01:20,123Z] x",
            "23-Nov-2026 04:01:20.006 SEVERE [main]",
            "127.0.0.1 - - [23/Nov/2026:04:01:20 +0000] \"GET /\"",
        ] {
            assert_eq!(of(text).as_deref(), Some("2026-11-23 04:01:20"), "{text}");
        }
    }

    #[test]
    fn only_in_the_first_line_and_only_a_time() {
        for text in ["", "at a.b\n2026-11-23 04:01:20", "2026-11-23", "23-Xyz-2026 04:01:20", "é2026-11-23 04:01:2"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_cut_is_the_time_with_its_fraction() {
        assert_eq!(cut("[2026-11-23 04:01:20.006] x"), ("[", "] x"));
        assert_eq!(cut("no time"), ("", "no time"));
    }
}

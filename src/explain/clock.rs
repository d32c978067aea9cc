//! How far a clock is off, as the tools of time services print it.
//!
//! In: a text in small letters. Out: whether the last offset in it is as much as five minutes. Entra ID and Webex accept no token or
//! assertion beyond that, nor does Kerberos. The forms: `w32tm /stripchart` (`10:00:01, +1129.4s` and `d:+00.03s o:+1129.4s`), `w32tm /query /status /verbose`
//! (`phase offset: 1129.4s`), `chronyc tracking` (`1129.4 seconds slow of ntp time`), `ntpdate -q` (`offset 1129.4, delay 0.02`).

/// Said where a clock is off.
pub const OFF: &str = "clock of this server is wrong";

/// So many seconds a clock may be off, see
/// <https://learn.microsoft.com/previous-versions/windows/it-pro/windows-10/security/threat-protection/security-policy-settings/maximum-tolerance-for-computer-clock-synchronization>.
const MOST: f64 = 300.0;

/// What names an offset, and where the number stands.
const BEHIND: [&str; 4] = ["phase offset:", "offset ", "s o:+", "s o:-"];
/// See [`BEHIND`].
const BEFORE: [&str; 2] = ["seconds slow of ntp time", "seconds fast of ntp time"];
/// In each row of `w32tm /stripchart /dataonly` before the offset.
const ROW: [&str; 2] = [", +", ", -"];
/// How `ntpdate` says that it sets the clock: the offset was that before.
const SET: &str = "step time server";
/// What the output of a tool of a time service names.
pub const TOOLS: [&str; 3] = ["w32tm", "ntp", "collecting "];

/// Whether a text shows an offset of five minutes or more; the last one counts.
#[must_use]
pub fn is_off(words: &str) -> bool {
    if !TOOLS.iter().any(|tool| words.contains(tool)) {
        return false;
    }
    let found = |marks: &'static [&str]| marks.iter().flat_map(|mark| words.match_indices(mark));
    let of_now = |at: usize| !words[..at].lines().next_back().is_some_and(|line| line.contains(SET));
    let behind =
        found(&BEHIND).filter(|(at, _)| of_now(*at)).chain(found(&ROW).filter(|(at, _)| is_time(&words[..*at])));
    let behind = behind.filter_map(|(at, mark)| Some((at, first_number(&words[at + mark.len()..])?)));
    let before = found(&BEFORE)
        .filter_map(|(at, _)| Some((at, words[..at].split_whitespace().next_back()?.parse::<f64>().ok()?)));
    behind.chain(before).max_by_key(|(at, _)| *at).is_some_and(|(_, seconds)| seconds.abs() >= MOST)
}

/// Whether a text ends in a time: `10:00:01`.
fn is_time(text: &str) -> bool {
    let time = text.rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default();
    time.len() >= 7 && time.matches(':').count() == 2 && time.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
}

/// The number at the beginning of a text, where seconds or the delay of a server follow.
fn first_number(text: &str) -> Option<f64> {
    let text = text.trim_start().trim_start_matches(['+', '-']);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let unit = text[end..].trim_start();
    let is_of_server = unit.starts_with(", delay");
    let unit = &unit[..unit.find(|c: char| !c.is_alphabetic()).unwrap_or(unit.len())];
    (is_of_server || ["s", "sec"].contains(&unit)).then(|| text[..end].parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offset_of_five_minutes_is_read_in_the_form_of_each_tool() {
        for words in [
            "tracking time.windows.com [52.231.114.183:123].\ncollecting 3 samples.\n10:00:01, +1129.4105573s",
            "c:\\>w32tm /query /status /verbose\nphase offset: -412.1234567s",
            "ntp time\nsystem time     : 312.000000013 seconds slow of ntp time",
            "server 10.1.1.1, stratum 2, offset 4000.5, delay 0.02\nntpdate[12]: step time server 10.1.1.1 offset 4000.5 sec",
            "tracking a [10.1.1.1:123].\ncollecting 1 samples.\n10:00:01, d:+00.0312500s o:+1129.4105573s  [    |    *]",
            "tracking a [10.1.1.1:123].\ncollecting 1 samples.\n10:00:01, d:+00.0312500s o:-1129.4105573s  [*   |     ]",
        ] {
            assert!(is_off(words), "{words}");
        }
        for words in [
            "tracking time.windows.com [52.231.114.183:123].\n10:00:01, +00.0123456s",
            "c:\\>w32tm /query /status /verbose\nphase offset: 0.0000012s",
            "system time     : 0.000000013 seconds fast of ntp time",
            "ntpdate[12]: step time server 10.1.1.1 offset 4000.5 sec",
            "collecting 2 samples.\n10:00:01, +4000.5s\n10:00:03, +00.01s",
            "collecting 1 samples.\n10:00:01, d:+00.0312500s o:+00.0105573s  [    *    ]",
            "collecting order, +4000s",
            "kafka offset 4000 skipped, ntp ok",
        ] {
            assert!(!is_off(words), "{words}");
        }
    }
}

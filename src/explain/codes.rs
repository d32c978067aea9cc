//! Codes in the words of a text: enhanced status codes of mail (RFC 3463), the reply codes before them, and the numbers of Entra.
//!
//! In: a text in small letters. Out: codes with their places.

/// What Entra's numbers stand behind: in its sentences, in its JSON, in the address of its page of errors, and in its sign-in logs
/// (<https://learn.microsoft.com/azure/azure-monitor/reference/tables/signinlogs>).
pub const ENTRA_MARKS: &[&str] = &[
    "aadsts",
    "error_codes",
    "\"errorno\":",
    "error?code=",
    "\"errorcode\":",
    "\"resulttype\":",
    "sign-in error code",
    "{errorcode=",
    "aadsts ",
    "aadsts: ",
    "aadsts-",
];

/// The number at the beginning of a text, of 4 to 8 digits.
#[must_use]
pub fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if (4..=8).contains(&digits) { text[..digits].parse().ok() } else { None }
}

/// Whether a text in small letters holds an enhanced status code of a failure, of class 4 or 5 (RFC 3463, section 2).
#[must_use]
pub fn has_code(words: &str) -> bool {
    enhanced_codes(words).iter().any(|(_, code)| !code.starts_with('2'))
}

/// Where the first code of a failure begins in a text in small letters: an enhanced one, or one of Entra's.
#[must_use]
pub fn first_code(words: &str) -> Option<usize> {
    let of_mail = enhanced_codes(words).into_iter().find(|(_, code)| !code.starts_with('2')).map(|(at, _)| at);
    let mut marks = words.match_indices(ENTRA_MARKS[0]);
    let of_entra = marks.find_map(|(at, mark)| number(&words[at + mark.len()..]).map(|_| at));
    of_mail.into_iter().chain(of_entra).min()
}

/// Where the reply begins whose enhanced code is at this place: at the reply code, where there is one.
#[must_use]
pub fn begin_of_reply(words: &str, at: usize) -> usize {
    let bare = words[..at].trim_end_matches(BEFORE_ENHANCED);
    if reply_code(&words[..at]).is_some() { bare.len() - 3 } else { at }
}

/// Enhanced status codes and their places. Versions and addresses are none.
#[must_use]
pub fn enhanced_codes(words: &str) -> Vec<(usize, &str)> {
    let mut codes = Vec::new();
    let mut at = 0;
    while let Some(found) = words[at..].find(['2', '4', '5']).map(|step| at + step) {
        let length = enhanced_length(&words[found..]).filter(|_| {
            let before = words[..found].chars().next_back();
            let is_dsn = words[..found].ends_with("dsn=");
            !is_dsn && before.is_none_or(|c| !c.is_alphanumeric() && c != '.' && c != '/')
        });
        match length {
            Some(length) => {
                codes.push((found, &words[found..found + length]));
                at = found + length;
            }
            None => at = found + 1,
        }
    }
    codes
}

/// The length of `class.subject.detail` at the beginning of a text.
fn enhanced_length(text: &str) -> Option<usize> {
    let rest = text.get(1..)?.strip_prefix('.')?;
    let subject = rest.bytes().take_while(u8::is_ascii_digit).count();
    let rest = rest[subject..].strip_prefix('.').filter(|_| (1..=2).contains(&subject))?;
    let detail = rest.bytes().take_while(u8::is_ascii_digit).count();
    let after = &rest[detail..];
    let goes_on = after.starts_with(|c: char| c.is_ascii_alphabetic())
        || (after.starts_with('.') && after[1..].starts_with(|c: char| c.is_ascii_digit()));
    (1..=3).contains(&detail).then_some(2 + subject + 1 + detail).filter(|_| !goes_on)
}

/// What can be between a reply code and an enhanced code.
const BEFORE_ENHANCED: [char; 11] = [' ', '-', ':', ',', '\'', '"', ']', ')', '(', '#', 'b'];

/// The three-digit reply code right before an enhanced code: `535 5.7.3`, `535: 5.7.3`, `(535, b'5.7.3`, `[504] 5.7.4`.
#[must_use]
pub fn reply_code(before: &str) -> Option<u16> {
    let bare = before.trim_end_matches(BEFORE_ENHANCED);
    let digits = bare.bytes().rev().take_while(u8::is_ascii_digit).count();
    let code: u16 = bare.get(bare.len() - digits..)?.parse().ok().filter(|_| digits == 3)?;
    (200..600).contains(&code).then_some(code)
}

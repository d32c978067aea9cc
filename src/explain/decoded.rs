//! A text that is nothing but something encoded: a token, a line of XOAUTH2, a challenge, the name of a server.
//!
//! In: a text, and the time. Out: a [`Decoded`]: what it is, what is in it, and what is wrong with its form. A token and a
//! password are never in it. Form of XOAUTH2:
//! <https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth#sasl-xoauth2>.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode::Indifferent, GeneralPurpose, GeneralPurposeConfig},
};
use jiff::Timestamp;

use super::{
    blob::{self, Proof},
    redact::redact,
};
use crate::{
    evidence::Protocol,
    oauth::{
        claims::{Claims, Kind},
        what::{self, What},
    },
};

const PLAIN: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(Indifferent));
const URL: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, GeneralPurposeConfig::new().with_decode_padding_mode(Indifferent));

/// The longest text that is opened, in bytes.
const LONGEST: usize = 64 << 10;
/// What may stand before it, in small letters; a tag of IMAP may, too.
const BEFORE: &[&str] = &[
    "334",
    "+",
    "*",
    "c:",
    "s:",
    ">",
    "<",
    ">>",
    "<<",
    ">>>",
    "<<<",
    "->",
    "<-",
    "-->",
    "<--",
    "auth",
    "authenticate",
    "xoauth2",
    "bearer",
    "authorization:",
    "token",
    "token:",
    "access_token",
    "access_token:",
];
/// How people write the byte 0x01 where it cannot be seen.
const WRITTEN: [&str; 5] = ["^A", "\\x01", "\\u0001", "\\001", "%01"];
/// Lines that were wrapped have so many characters at least.
const SHORTEST_LINE: usize = 40;
/// Clocks may differ by so many seconds.
const GRACE: i64 = 300;

/// What was in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// What it is.
    pub what: String,
    /// What is in it, by name.
    pub fields: Vec<(&'static str, String)>,
    /// What is wrong with it, a sentence each.
    pub faults: Vec<String>,
    /// What it proves by itself.
    pub proofs: Vec<Proof>,
}

/// Opens a text that is nothing but something encoded; none for every other text.
#[must_use]
pub fn read(text: &str, protocol: Option<Protocol>, now: Timestamp) -> Option<Decoded> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    if text.starts_with("user=") && text.contains("auth=") {
        let line = WRITTEN.iter().fold(text.to_owned(), |line, written| line.replace(written, "\u{1}"));
        return Some(of_line(&line, Copied::AsText, protocol, now));
    }
    let piece = alone(text)?;
    let found = of_base64(&piece, protocol, now);
    found.or_else(|| of_known(&piece, protocol, now)).or_else(|| of_greeting(text))
}

/// The encoded part, without what may stand before it, in one line.
fn alone(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().skip_while(|word| is_before(word)).collect();
    let of_piece = |c: char| c.is_ascii_alphanumeric() || "+/=-_.".contains(c);
    let trimmed: Vec<&str> = words.iter().map(|word| word.trim_matches(|c| "\"'`[](),;".contains(c))).collect();
    let trimmed: Vec<&str> = trimmed.into_iter().map(without_name).collect();
    let (last, lines) = trimmed.split_last()?;
    let is_wrapped = lines.iter().all(|line| line.len() >= SHORTEST_LINE && line.chars().all(of_piece));
    let is_bracketed = words.last()?.starts_with('[') && words.last()?.ends_with(']');
    if is_bracketed {
        return Some((*last).to_owned());
    }
    (is_wrapped && last.chars().all(of_piece)).then(|| trimmed.concat())
}

/// A token without the name that it is given to: `access_token=eyJ…`.
fn without_name(word: &str) -> &str {
    match word.find("eyJ") {
        Some(at) if word[..at].trim_end_matches(['"', '\'']).ends_with(['=', ':']) => &word[at..],
        _ => word,
    }
}

/// A word of the protocol, or a tag of IMAP.
fn is_before(word: &str) -> bool {
    let small = word.to_ascii_lowercase();
    let is_tag = word.len() <= 6
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && word.bytes().any(|byte| byte.is_ascii_digit());
    BEFORE.contains(&small.as_str()) || is_tag
}

/// What is in base64: a line of XOAUTH2, a challenge, the name of a server, a user name.
fn of_base64(piece: &str, protocol: Option<Protocol>, now: Timestamp) -> Option<Decoded> {
    let (line, mut faults) = opened(piece)?;
    if is_line(&line) {
        return Some(of_line(&line, Copied::Encoded(faults), protocol, now));
    }
    if let Some((inner, _)) = opened(line.trim()).filter(|(inner, _)| is_line(inner)) {
        faults.push("it is base64-encoded twice".to_owned());
        return Some(of_line(&inner, Copied::Encoded(faults), protocol, now));
    }
    of_challenge(&line)
}

/// Base64 of either alphabet, of UTF-8 or of UTF-16.
fn opened(piece: &str) -> Option<(String, Vec<String>)> {
    let mut faults = Vec::new();
    let bytes = if let Ok(bytes) = PLAIN.decode(piece) {
        bytes
    } else {
        let words = "it is in base64url (with - and _); SASL requires base64 (with + and /, RFC 4648, section 4)";
        faults.push(words.to_owned());
        URL.decode(piece).ok()?
    };
    let is_wide = bytes.len() > 4 && bytes.chunks_exact(2).all(|pair| pair[1] == 0);
    if !is_wide {
        return Some((String::from_utf8(bytes).ok()?, faults));
    }
    faults.push("it was made from UTF-16 text; UTF-8 is required".to_owned());
    Some((bytes.iter().step_by(2).map(|byte| char::from(*byte)).collect(), faults))
}

fn is_line(text: &str) -> bool {
    text.starts_with("user=") || text.to_ascii_lowercase().contains("auth=bearer")
}

/// How a line of XOAUTH2 was copied.
enum Copied {
    /// In base64, which keeps each byte: what is wrong with the encoding.
    Encoded(Vec<String>),
    /// As text: control characters and spaces are easily lost from it.
    AsText,
}

/// A line of XOAUTH2: `user=U^Aauth=Bearer T^A^A`.
fn of_line(line: &str, copied: Copied, protocol: Option<Protocol>, now: Timestamp) -> Decoded {
    let (user, token) = (user(line), token(line));
    let mut faults = line_faults(line, &user, token);
    let mut is_truncated = false;
    if let Copied::Encoded(of_encoding) = copied {
        faults.extend(of_encoding);
        faults.extend(byte_faults(line, &user));
        is_truncated = !line.ends_with(['\u{1}', '\n', '\r']);
    }
    let mut proofs = if faults.is_empty() { Vec::new() } else { vec![Proof::MalformedLine] };
    if is_truncated {
        faults.push("it does not end with two Ctrl-A (byte 0x01): it was truncated, or they are missing".to_owned());
    }
    let mut fields = vec![("user", redact(&user))];
    let inner = of_token(token, protocol, now);
    if let Some(claims) = Claims::read(token).filter(|claims| claims.kind() == Kind::Delegated) {
        let names = claims.users();
        if !user.is_empty() && !names.is_empty() && !names.iter().any(|name| name.eq_ignore_ascii_case(user.trim())) {
            let words = format!("{}: it works only if that user has Full Access to this mailbox", names[0]);
            fields.push(("note", format!("the token belongs to another user, {}", redact(&words))));
            proofs.push(Proof::OtherUser);
        }
    }
    fields.push(("token", if token.is_empty() { "none".to_owned() } else { inner.what }));
    let of_token = |name: &'static str| if name == "user" { "token user" } else { name };
    fields.extend(inner.fields.into_iter().map(|(name, value)| (of_token(name), value)));
    faults.extend(inner.faults);
    proofs.extend(inner.proofs);
    Decoded { what: "an XOAUTH2 sign-in line".to_owned(), fields, faults, proofs }
}

/// The user, up to what ends it.
fn user(line: &str) -> String {
    let user = line.split_once("user=").map_or("", |(_, user)| user);
    let ends = ["\u{1}", "auth=", "\n", "\r"].iter().chain(&WRITTEN).filter_map(|end| user.find(end)).min();
    user[..ends.unwrap_or(user.len())].chars().take(254).collect()
}

/// The token, up to what ends it.
fn token(line: &str) -> &str {
    let small = line.to_ascii_lowercase();
    let Some(at) = small.find("auth=") else { return "" };
    let rest = line[at + "auth=".len()..].trim_start();
    let bare = if rest.to_ascii_lowercase().starts_with("bearer") { rest["bearer".len()..].trim_start() } else { rest };
    let ends = bare.find(|c: char| c.is_control() || c.is_whitespace() || "^\\%".contains(c));
    &bare[..ends.unwrap_or(bare.len())]
}

/// What is wrong with a line, however it was copied.
fn line_faults(line: &str, user: &str, token: &str) -> Vec<String> {
    let is_written = WRITTEN.iter().any(|written| line.contains(written));
    let has_sign = line.contains('\u{1}');
    let small = line.to_ascii_lowercase();
    let has_auth = small.contains("auth=");
    told(&[
        (!line.starts_with("user="), "user= is missing at the beginning"),
        (user.starts_with(char::is_whitespace) && !user.trim().is_empty(), "there is a space after user="),
        (line.starts_with("user=") && user.trim().is_empty(), "there is no user after user="),
        (is_written, "the separator is spelled out (such as ^A or \\x01); it must be the byte 0x01"),
        (has_sign && has_auth && !line.contains("\u{1}auth="), "Ctrl-A (byte 0x01) is missing before auth="),
        (has_auth && !small.contains("auth=bearer "), "the word Bearer and a space are missing after auth="),
        (token.eq_ignore_ascii_case("bearer"), "the word Bearer is there twice"),
        (has_auth && token.is_empty(), "there is no token after auth="),
        (
            line.trim_end().ends_with('\u{1}') && !line.trim_end().ends_with("\u{1}\u{1}"),
            "there is only one Ctrl-A (byte 0x01) at its end; two are required",
        ),
    ])
}

/// What is wrong with the bytes of a line that was copied in base64.
fn byte_faults(line: &str, user: &str) -> Vec<String> {
    let is_written = WRITTEN.iter().any(|written| line.contains(written));
    let has_auth = line.to_ascii_lowercase().contains("auth=");
    told(&[
        (user.trim_start() != user.trim(), "there is a space after the user"),
        (has_auth && !line.contains('\u{1}') && !is_written, "the separators (Ctrl-A, byte 0x01) are missing"),
        (line.ends_with(['\n', '\r']), "there is a line break at its end"),
    ])
}

/// The words of what is so.
fn told(checks: &[(bool, &str)]) -> Vec<String> {
    checks.iter().filter(|(is_so, _)| *is_so).map(|(_, words)| (*words).to_owned()).collect()
}

/// `{"status":"400","schemes":"bearer","scope":"…"}`, which a server sends behind `334` or `+` when it refuses a token.
fn of_challenge(line: &str) -> Option<Decoded> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    value.get("status")?;
    let field = |name: &'static str| {
        let value = value.get(name)?;
        Some((name, redact(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))))
    };
    let mut fields: Vec<(&'static str, String)> =
        ["status", "schemes", "scope"].into_iter().filter_map(field).collect();
    fields
        .push(("meaning", "the server refused the token; after an empty line from the client it says why".to_owned()));
    Some(Decoded { what: What::Challenge.name().to_owned(), fields, ..Decoded::default() })
}

/// A token, or what a text is by its form besides.
fn of_known(piece: &str, protocol: Option<Protocol>, now: Timestamp) -> Option<Decoded> {
    let found = what::identify(piece);
    match found.what {
        What::Unknown | What::Guid | What::Address => None,
        What::ServerName => of_greeting(piece),
        What::LoginStep | What::Password => {
            // what of it is the user and what the password only the dialogue tells: neither is shown
            let faults = found.what.objection().map(str::to_owned).into_iter().collect();
            Some(Decoded { what: found.what.name().to_owned(), faults, ..Decoded::default() })
        }
        _ => Some(of_token(piece, protocol, now)),
    }
}

fn of_token(token: &str, protocol: Option<Protocol>, now: Timestamp) -> Decoded {
    let found = what::identify(token);
    let mut faults: Vec<String> =
        found.what.objection().filter(|_| !token.is_empty()).map(str::to_owned).into_iter().collect();
    faults.extend(found.faults.into_iter().chain(found.origin_faults));
    let mut decoded = Decoded { what: found.what.name().to_owned(), ..Decoded::default() };
    if let Some(claims) = Claims::read(token) {
        let now = now.as_second();
        decoded.fields = of_claims(&claims, now);
        decoded.proofs = blob::of_claims(&claims, protocol);
        if let Some(words) = claims.not_valid(now, GRACE) {
            let is = if words.starts_with("expired") { "" } else { "is " };
            faults.push(format!("it {is}{words}"));
            decoded.proofs.push(Proof::Expired);
        }
        faults.extend(claims.user_remarks().into_iter().map(|remark| format!("its user {remark}")));
    }
    decoded.faults = faults;
    decoded
}

fn of_claims(claims: &Claims, now: i64) -> Vec<(&'static str, String)> {
    let is_application = claims.kind() == Kind::Application;
    let kind = if is_application { "application (no user)" } else { "delegated (on behalf of a user)" };
    let user = claims.user().or_else(|| is_application.then(|| "none: the application itself".to_owned()));
    let audience = claims.audience().map(|audience| format!("{audience} ({})", claims.service().name()));
    let permissions = [claims.scopes(), claims.roles()].concat().join(" ");
    let moment = claims.expires().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let minutes = |seconds: i64| format!("valid for another {} minutes", (seconds - now) / 60);
    let ends = |moment: Timestamp| {
        let left = claims.not_valid(now, GRACE).unwrap_or_else(|| minutes(moment.as_second()));
        format!("{moment} ({left})")
    };
    let fields = [
        ("user", user),
        ("kind", Some(kind.to_owned())),
        ("audience", audience.or_else(|| Some("none".to_owned()))),
        ("scopes", Some(permissions).filter(|words| !words.is_empty())),
        ("expires", moment.map(ends).or_else(|| Some("not known".to_owned()))),
        ("tenant", claims.tenant()),
        ("app", claims.application()),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, redact(&value?)))).collect()
}

/// The name of the server that Exchange Online greets with, in brackets.
fn of_greeting(text: &str) -> Option<Decoded> {
    let piece = text.split_whitespace().next_back()?.trim_matches(['[', ']']);
    if what::identify(piece).what != What::ServerName {
        return None;
    }
    let (host, _) = opened(piece)?;
    let fields = vec![("server", host), ("meaning", "Exchange Online answered; this is its machine".to_owned())];
    Some(Decoded { what: What::ServerName.name().to_owned(), fields, ..Decoded::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn token(audience: &str, expires: i64) -> String {
        let claims = format!(
            "{{\"aud\":\"{audience}\",\"upn\":\"sales@example.com\",\"scp\":\"IMAP.AccessAsUser.All SMTP.Send\",\"exp\":{expires}}}"
        );
        let part = |text: &str| URL.encode(text).trim_end_matches('=').to_owned();
        format!("{}.{}.{}", part("{\"typ\":\"JWT\",\"alg\":\"RS256\"}"), part(&claims), "A".repeat(342))
    }

    fn good() -> String {
        token("https://outlook.office365.com", NOW + 3_000)
    }

    fn decoded(text: &str) -> Decoded {
        let now = Timestamp::from_second(NOW).expect("a time");
        read(text, None, now).unwrap_or_else(|| panic!("nothing in {text}"))
    }

    fn field(decoded: &Decoded, name: &str) -> String {
        decoded.fields.iter().find(|(of, _)| *of == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    #[test]
    fn a_good_line_and_a_token_alone_are_told_without_faults() {
        let line = PLAIN.encode(format!("user=sales@example.com\u{1}auth=Bearer {}\u{1}\u{1}", good()));
        for text in [
            good(),
            line.clone(),
            format!("A1 AUTHENTICATE XOAUTH2 {line}"),
            format!("C: {line}"),
            format!("access_token={}", good()),
        ] {
            let decoded = decoded(&text);
            assert!(decoded.faults.is_empty() && decoded.proofs.is_empty(), "{decoded:?}");
            assert_eq!(field(&decoded, "user"), "sales@example.com");
            assert_eq!(field(&decoded, "kind"), "delegated (on behalf of a user)");
            assert_eq!(field(&decoded, "audience"), "https://outlook.office365.com (Exchange Online)");
            assert_eq!(field(&decoded, "expires"), "2027-01-15T08:50:00Z (valid for another 50 minutes)");
            assert!(!format!("{decoded:?}").contains("eyJ"), "{decoded:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told() {
        let good = good();
        let encoded = |line: String| PLAIN.encode(line);
        for (text, fault) in [
            (encoded(format!("user=sales@example.com\u{1}auth=Bearer {good}\u{1}")), "only one Ctrl-A"),
            (encoded(format!("user=sales@example.com\u{1}auth={good}\u{1}\u{1}")), "the word Bearer"),
            (encoded(format!("user= sales@example.com\u{1}auth=Bearer {good}\u{1}\u{1}")), "a space after user="),
            (encoded(format!("user=sales@example.com^Aauth=Bearer {good}^A^A")), "spelled out"),
            (
                encoded(format!("user=sales@example.comauth=Bearer {good}")),
                "separators (Ctrl-A, byte 0x01) are missing",
            ),
            (encoded(format!("user=\u{1}auth=Bearer {good}\u{1}\u{1}")), "no user after"),
            (encoded("user=sales@example.com\u{1}auth=Bearer \u{1}\u{1}".to_owned()), "no token after"),
            (encoded(format!("auth=Bearer {good}\u{1}\u{1}")), "user= is missing"),
            (encoded(format!("user=sales@example.com\u{1}auth=Bearer {good}\u{1}\u{1}\n")), "a line break at its end"),
            (encoded(encoded(format!("user=sales@example.com\u{1}auth=Bearer {good}\u{1}\u{1}"))), "encoded twice"),
        ] {
            let decoded = decoded(&text);
            assert!(decoded.faults.iter().any(|found| found.contains(fault)), "{fault}: {decoded:?}");
            assert!(decoded.proofs.contains(&Proof::MalformedLine), "{fault}: {decoded:?}");
            assert!(!format!("{decoded:?}").contains("eyJ"), "{decoded:?}");
        }
    }

    #[test]
    fn what_copying_loses_from_a_text_is_no_fault_of_its_line() {
        for line in [
            "user=sales@example.comauth=Bearer {}",
            "user=sales@example.com auth=Bearer {}",
            "user=sales@example.com^Aauth=Bearer {}^A^A",
        ] {
            let decoded = decoded(&line.replace("{}", &good()));
            assert!(decoded.faults.is_empty() && decoded.proofs.is_empty(), "{line}: {decoded:?}");
            assert_eq!(field(&decoded, "user").trim(), "sales@example.com");
        }
    }

    #[test]
    fn a_password_in_base64_shows_no_part_of_it() {
        for text in ["svc@example.com:Welcome@2024.1", "\0svc@example.com\0Welcome@2024.1", "Welcome@2024.1"] {
            let told = read(&PLAIN.encode(text), None, Timestamp::UNIX_EPOCH);
            assert!(!format!("{told:?}").contains("2024"), "{told:?}");
        }
    }

    #[test]
    fn audience_expiry_and_user_are_judged() {
        let line = |user: &str, token: &str| PLAIN.encode(format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}"));
        let graph = token("https://graph.microsoft.com", NOW + 3_000);
        assert_eq!(decoded(&line("sales@example.com", &graph)).proofs, [Proof::WrongAudience]);
        let shared = decoded(&line("other@example.com", &good()));
        assert_eq!(shared.proofs, [Proof::OtherUser]);
        assert!(shared.faults.is_empty() && field(&shared, "note").contains("Full Access"), "{shared:?}");
        let old = decoded(&token("https://outlook.office365.com", NOW - 660));
        assert_eq!(
            (old.proofs.as_slice(), old.faults.as_slice()),
            (&[Proof::Expired][..], &["it expired 11 minutes ago".to_owned()][..])
        );
    }

    #[test]
    fn challenges_and_greetings_are_opened_and_sentences_are_not() {
        let challenge =
            PLAIN.encode("{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"https://outlook.office.com/\"}");
        for text in [format!("334 {challenge}"), format!("+ {challenge}"), challenge] {
            assert_eq!(
                (field(&decoded(&text), "status").as_str(), field(&decoded(&text), "schemes").as_str()),
                ("401", "bearer")
            );
        }
        let wide: Vec<u8> = "BL0PR02CA0964.eurprd02.prod.outlook.com".bytes().flat_map(|byte| [byte, 0]).collect();
        let greeting = format!("* OK The Microsoft Exchange IMAP4 service is ready. [{}]", PLAIN.encode(wide));
        assert_eq!(field(&decoded(&greeting), "server"), "BL0PR02CA0964.eurprd02.prod.outlook.com");
        for text in [
            "",
            "all is well",
            "535 5.7.3 Authentication unsuccessful",
            "A1 NO AUTHENTICATE failed.",
            "AADSTS50126",
            "701018",
        ] {
            assert_eq!(read(text, None, Timestamp::UNIX_EPOCH), None, "{text}");
        }
    }
}

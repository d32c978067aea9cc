//! What libraries and products say at large, in place of what they were told: that a connection or a sign-in failed.
//!
//! In: a text in small letters. Out: what it says, where it names a service of mail or login.

use super::restate;
use crate::{
    diagnose::ErrorDetails,
    evidence::{FailureKind, Protocol, Stage},
};

/// What libraries and products put in place of what they were told, and what it means.
const AT_LARGE: &[(&[&str], Stage, FailureKind)] = &[
    (
        &[
            "authenticationfailedexception",
            "authorization failure",
            "(authfail)",
            "denied authentication",
            "authentication failed",
            "authentication failure",
            "authentication unsuccessful",
            "authenticate failed",
            "cannot login",
            "could not login",
            "could not authenticate",
            "cannot authenticate",
            "unable to authenticate",
            "auth for user",
            "couldn't open stream",
            "password wrong",
            "password is wrong",
            "invalid credentials",
            "credentials are invalid",
            "credentials are wrong",
            "credentials are incorrect",
            "invalid username or password",
            "invalid user name or password",
            "invalid user or password",
            "incorrect username or password",
            "incorrect user name or password",
            "username or password is incorrect",
            "user name or password is incorrect",
            "bad credentials",
            "invalid login",
            "login denied",
            "rejected your login",
            "login incorrect",
            "authentication credentials invalid",
            "not accepted from server",
            "setup failed - authenticate",
            "logging in failed",
            "login failure",
            "failed to authenticate",
            "authentifizierung fehlgeschlagen",
            "anmeldung fehlgeschlagen",
            "échec de l'authentification",
            "error de autenticación",
            "autenticación fallida",
            "autenticazione fallita",
            "falha na autenticação",
            "authenticatie mislukt",
            "uwierzytelnianie nie powiodło się",
            "認証に失敗しました",
            "身份验证失败",
            "驗證失敗",
            "인증에 실패",
            "ошибка аутентификации",
        ],
        Stage::Authenticate,
        FailureKind::Rejected,
    ),
    (&["timed out", "timed-out", "timeout", "time out"], Stage::Request, FailureKind::TimedOut),
    (
        &["temporarily", "try again later", "unavailable", "internal server error", "bad gateway"],
        Stage::Request,
        FailureKind::BadStatus,
    ),
    (
        &[
            "handshake",
            "certificate",
            "ssl error",
            "tls error",
            "ssl connect",
            "tls connect",
            "socket to tls",
            "starttls failed",
        ],
        Stage::Handshake,
        FailureKind::TlsAlert,
    ),
    (
        &[
            "unable to connect",
            "could not connect",
            "failed to connect",
            "cannot connect",
            "connect() failed",
            "connection failed",
            "connect failed",
            "failure sending mail",
            "fehler beim senden von mail",
            "échec d'envoi de courrier",
            "échec de l'envoi du courrier",
            "error al enviar correo",
            "errore durante l'invio della posta",
            "falha ao enviar email",
        ],
        Stage::Connect,
        FailureKind::Rejected,
    ),
];

/// What a sign-in is called, when nothing more exact says what failed.
const SIGN_INS: &[&str] = &[
    "authentication",
    "authenticate",
    "login to",
    "logon to",
    "log in",
    "sign in",
    "sign-in",
    "anmeldung",
    "authentifizierung",
    "authentification",
    "autenticación",
    "autenticazione",
    "autenticação",
    "aanmelden",
    "uwierzytelni",
    "認証",
    "登录",
    "登入",
    "인증",
];

/// The phrases of what is said at large that ordinary lines do not hold: of more than one word.
pub fn phrases() -> impl Iterator<Item = &'static str> {
    AT_LARGE
        .iter()
        .flat_map(|(phrases, ..)| phrases.iter().copied())
        .filter(|phrase| phrase.contains(' ') || !phrase.is_ascii())
}

/// The services and programs that a text about mail or sign-in names.
const SERVICES: &[&str] = &[
    "smtp",
    "imap",
    "pop3",
    "office365",
    "outlook",
    "microsoftonline",
    "graph.microsoft",
    "exchange online",
    "mail server",
    "connection setup failed",
    "535 ",
    "javax.mail",
    "jakarta.mail",
    "mailkit",
    "outgoing server",
    "xoauth2",
    "msal",
    "webex",
    "microsoft 365",
    "office 365",
    "microsoft exchange",
    "fetchmail",
    "getmail",
    "msmtp",
    "davmail",
];

/// How a text says that something failed.
const FAILED: &[&str] = &[
    "failed",
    "failure",
    "exception",
    "error:",
    "error ",
    "refused",
    "unable",
    "could not",
    "couldn't",
    "unsuccessful",
    "cannot",
    "can't",
    "denied",
    "invalid",
    "fatal",
    "timed out",
    "timed-out",
    "rejected",
    "fehlgeschlagen",
    "échec",
    "fallida",
    "error de",
    "fallita",
    "falha",
    "mislukt",
    "nie powiodło",
    "失敗",
    "失败",
    "실패",
    "ошибка",
];

/// Whether a text says that something of mail or login failed.
pub fn is_failure(words: &str) -> bool {
    holds(words, SERVICES) && FAILED.iter().any(|part| is_said(words, part))
}

fn holds(words: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| words.contains(part))
}

/// Right before a word, these say the opposite of it.
const DENIALS: [&str; 6] = ["no", "0", "zero", "without", "not", "never"];
/// Right behind what was done, these say that it worked.
const SUCCESSES: &[&str] = &["succeeded", "successful", "successfully", "success", "completed"];
/// The same, in words that other words hold.
const SHORT_SUCCESSES: [&str; 2] = ["ok", "works"];

/// Whether a part stands in a text somewhere where it is neither denied (`0 errors`) nor said to have worked
/// (`authentication succeeded`).
fn is_said(words: &str, part: &str) -> bool {
    is_said_where(words, part, |_| true)
}

/// The same where what is right before the part fulfills a condition.
fn is_said_where(words: &str, part: &str, may_precede: fn(char) -> bool) -> bool {
    let is_meant = |at: usize| {
        if !words[..at].chars().next_back().is_none_or(may_precede) {
            return false;
        }
        let before = words[..at].trim_end().rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let rest = &words[at + part.len()..];
        let next = |text: &str| {
            text.trim_start_matches([' ', ':', '=']).split(|c: char| !c.is_alphanumeric()).next().map(str::to_owned)
        };
        let behind = next(rest).unwrap_or_default();
        let has_worked = SUCCESSES.contains(&&*behind) || SHORT_SUCCESSES.contains(&&*behind);
        !DENIALS.contains(&before) && !has_worked && !counts_none(rest)
    };
    words.match_indices(part).any(|(at, _)| is_meant(at))
}

/// Whether a word goes on as a counter of nothing: `failures: 0`, `timeouts_total 0`, `refused=0 resets=0`. In `failed: 0 bytes
/// received` and `failed: 0 of 3` the number belongs to what follows.
fn counts_none(rest: &str) -> bool {
    let value = rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    let signs = value.len() - value.trim_start_matches([' ', ':', '=', '"']).len();
    let (signs, number) = value.split_at(signs);
    let Some(behind) = number.strip_prefix('0').filter(|_| !signs.is_empty()) else { return false };
    let mut next = behind.chars();
    match next.next() {
        None | Some(',' | ';' | ')' | '}' | ']' | '|' | '%') => true,
        Some('.') => !next.next().is_some_and(|c| c.is_ascii_digit()),
        Some(' ') => signs.contains('=') || is_counter(behind.trim_start()),
        _ => false,
    }
}

/// Whether a text begins with a further counter: `sent: 4213`, `resets=0`, `smtp_timeouts_total 0`.
fn is_counter(text: &str) -> bool {
    let begins_with_number = |text: &str| text.trim_start().starts_with(|c: char| c.is_ascii_digit());
    let name = &text[..text.find(|c: char| !c.is_alphabetic() && c != '_' && c != ' ').unwrap_or(text.len())];
    let behind = &text[name.len()..];
    let is_metric = || name.trim_end().contains('_') && name.ends_with(' ') && begins_with_number(behind);
    behind.strip_prefix([':', '=']).is_some_and(begins_with_number) || is_metric()
}

/// What a text says at large, when it names a mail or login service and nothing more exact is in it: libraries and
/// products put such words in place of what they were told. Where there is no token, that is why a sign-in failed.
pub fn extract(words: &str) -> Option<ErrorDetails> {
    if !is_failure(words) || restate::lacks_token(words) {
        return None;
    }
    let named = || SIGN_INS.iter().any(|part| is_said_where(words, part, |before| !before.is_ascii_alphanumeric()));
    let (_, stage, kind) = AT_LARGE
        .iter()
        .find(|(parts, ..)| parts.iter().any(|part| is_said(words, part)))
        .or_else(|| named().then_some(&(SIGN_INS, Stage::Authenticate, FailureKind::Rejected)))?;
    let protocol = match stage {
        Stage::Handshake => Protocol::Tls,
        Stage::Request | Stage::Connect => Protocol::Tcp,
        _ => spoken(words),
    };
    Some(ErrorDetails {
        protocol: Some(protocol),
        stage: Some(*stage),
        kind: Some(*kind),
        words: words.to_owned(),
        ..ErrorDetails::default()
    })
}

/// Every string that a text is searched for.
pub fn searched() -> impl Iterator<Item = &'static str> {
    // a short word counts only with what stands beside it
    const AROUND: &[&str] =
        &["no ", "0 ", "zero ", "without ", "not ", "never ", " ok", ":ok", "=ok", " works", " 0", ":0", "=0"];
    [SERVICES, FAILED, SIGN_INS, SUCCESSES, AROUND]
        .into_iter()
        .chain(AT_LARGE.iter().map(|(phrases, ..)| *phrases))
        .flatten()
        .copied()
}

/// The mail protocol that the text names.
fn spoken(words: &str) -> Protocol {
    if words.contains("imap") {
        Protocol::Imap
    } else if words.contains("pop3") {
        Protocol::Pop3
    } else {
        Protocol::Smtp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_of_nothing_is_no_failure() {
        for words in [
            "smtp authentication failures: 0, timeouts: 0, sent: 4213",
            "timeouts=0 refused=0 resets=0 dnsfail=0 host=smtp.office365.com",
            "imap_auth_failures_total 0 smtp_timeouts_total 0",
            "smtp: sent 12, failed: 0.",
            "imap errors: 0 sent: 12",
            "imap (0 errors, failed: 0)",
            "{\"service\":\"smtp\",\"failed\":0}",
        ] {
            assert!(!is_failure(words), "{words}");
        }
    }

    #[test]
    fn a_sign_in_is_a_word_of_its_own_and_needs_a_token() {
        assert!(
            extract("set-casmailbox: cannot find parameter smtpclientauthenticationdisabled of exchange online")
                .is_none()
        );
        assert!(extract("oauth2 authentication failed for the mail server: token is null").is_none());
        let heard = extract("javax.mail.authenticationfailedexception: failed to connect, no password specified?");
        assert_eq!(heard.and_then(|heard| heard.stage), Some(Stage::Authenticate));
    }

    #[test]
    fn a_number_that_belongs_to_what_follows_is_no_counter() {
        for words in [
            "imap login to mail server failed: 0 bytes received",
            "smtp authentication failed: 0 of 3 mailboxes connected",
            "smtp login (code 0) failed",
            "imap login failed after 0 retries",
            "imap login failed: 0.5 s",
        ] {
            assert!(is_failure(words), "{words}");
        }
    }
}

//! What libraries and products say at large, in place of what they were told: that a connection or a sign-in failed.
//!
//! In: a text in small letters. Out: what it says, where it names a service of mail or login.

use crate::{
    diagnose::ErrorDetails,
    evidence::{FailureKind, Protocol, Stage},
};

/// What libraries and products put in place of what they were told, and what it means.
const AT_LARGE: &[(&[&str], Stage, FailureKind)] = &[
    (
        &[
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
            "bad credentials",
            "invalid login",
            "login denied",
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
    let is_meant = |at: usize| {
        let before = words[..at].trim_end().rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let rest = &words[at + part.len()..];
        // a counter: `failures: 0`, `timeouts_total 0`
        let value = rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        let next = |text: &str| {
            text.trim_start_matches([' ', ':', '=']).split(|c: char| !c.is_alphanumeric()).next().map(str::to_owned)
        };
        let is_none = next(value).as_deref() == Some("0");
        let behind = next(rest).unwrap_or_default();
        let has_worked = SUCCESSES.contains(&&*behind) || SHORT_SUCCESSES.contains(&&*behind);
        !DENIALS.contains(&before) && !has_worked && !is_none
    };
    words.match_indices(part).any(|(at, _)| is_meant(at))
}

/// What a text says at large, when it names a mail or login service and nothing more exact is in it: libraries and
/// products put such words in place of what they were told.
pub fn extract(words: &str) -> Option<ErrorDetails> {
    if !is_failure(words) {
        return None;
    }
    let (_, stage, kind) = AT_LARGE
        .iter()
        .chain([&(SIGN_INS, Stage::Authenticate, FailureKind::Rejected)])
        .find(|(parts, ..)| parts.iter().any(|part| is_said(words, part)))?;
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

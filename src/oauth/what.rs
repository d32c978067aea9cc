//! What a text is that somebody holds for a token: named by its form, never believed and never printed.
//!
//! In: a text. Out: an [`Identified`]: its [`What`], the access token in it if there is one, and the faults of its form.
//! Sources of the forms: JSON Web Tokens RFC 7519, their signature RFC 7515 (RS256 has as many bytes as the key, Entra's
//! keys have 2048 bits), encrypted ones RFC 7516 (five parts); SASL XOAUTH2 of Microsoft Learn, "Authenticate an IMAP, POP
//! or SMTP connection using OAuth"; a token response RFC 6749, section 5.1. Entra's refresh tokens and codes are opaque
//! by Microsoft's word; their usual beginnings are those seen in public logs.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode::Indifferent, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::Value;

use super::claims::Claims;
use crate::secret::Secret;

/// RS256 with a key of 2048 bits.
const SIGNATURE_BYTES: usize = 256;
/// A longer text is not taken apart.
const LONGEST: usize = 64 << 10;

const PLAIN: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(Indifferent));
const URL: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, GeneralPurposeConfig::new().with_decode_padding_mode(Indifferent));

/// What a text is, by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A JSON Web Token with an audience: an access token of Entra.
    AccessToken,
    /// A JSON Web Token about a sign-in, for the application itself.
    IdToken,
    /// An assertion that an application made to prove itself.
    Assertion,
    /// A sealed access token of a personal account (compact ticket).
    CompactTicket,
    /// An encrypted JSON Web Token.
    Encrypted,
    /// A JSON Web Token of which a part is missing.
    CutToken,
    /// A JSON Web Token without claims: what should hold them is no JSON object.
    Claimless,
    /// A refresh token.
    RefreshToken,
    /// An authorization code.
    AuthorizationCode,
    /// A token of Google.
    GoogleToken,
    /// The value of a client secret.
    ClientSecret,
    /// A GUID: the id of an application, a tenant or a secret.
    Guid,
    /// The address at which a browser ended.
    Address,
    /// A SASL challenge: the server's refusal.
    Challenge,
    /// A sign-in with user name and password (SASL PLAIN, RFC 4616).
    Password,
    /// A user name, or the server's question for it or for the password (AUTH LOGIN).
    LoginStep,
    /// The name of a server's machine, as Exchange Online greets with it.
    ServerName,
    /// None of these.
    Unknown,
}

impl What {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "an access token",
            Self::IdToken => "an ID token",
            Self::Assertion => "a client assertion",
            Self::CompactTicket => "a sealed access token of a personal account",
            Self::Encrypted => "an encrypted token (JWE)",
            Self::CutToken => "a part of a token",
            Self::Claimless => "a token without readable claims",
            Self::RefreshToken => "a refresh token",
            Self::AuthorizationCode => "an authorization code",
            Self::GoogleToken => "a token of Google",
            Self::ClientSecret => "a client secret",
            Self::Guid => "a GUID",
            Self::Address => "a web address",
            Self::Challenge => "a SASL challenge with the server's refusal",
            Self::Password => "a sign-in line with user name and password (SASL PLAIN)",
            Self::LoginStep => "a step of AUTH LOGIN in base64",
            Self::ServerName => "the name of a mail server in base64, from its greeting",
            Self::Unknown => "not a token of a known form",
        }
    }

    /// Why it cannot serve as an access token, and what it is for. None when it can.
    #[must_use]
    pub fn objection(self) -> Option<&'static str> {
        Some(match self {
            Self::AccessToken | Self::CompactTicket => return None,
            Self::IdToken => {
                "it tells the application who signed in; mail servers need the access token of the same response"
            }
            Self::Assertion => {
                "the application sends it to Entra ID in place of a secret; mail servers need an access token"
            }
            Self::Encrypted => {
                "only the service that it was encrypted for can read it; Exchange Online access tokens are not encrypted"
            }
            Self::CutToken => "it was truncated on the way, or copied in part; read it from its source again",
            Self::Claimless => "its payload is not a JSON object: it was damaged, or is not a token of Entra ID",
            Self::RefreshToken => {
                "it is exchanged for access tokens at Entra ID; put it into the site file as refresh_token"
            }
            Self::AuthorizationCode => "it is exchanged once, within about 10 minutes, for tokens at Entra ID",
            Self::GoogleToken => "Exchange Online accepts only tokens of Entra ID",
            Self::ClientSecret => {
                "the application proves itself with it at Entra ID; put it into the site file as client_secret, and replace it if others have seen it"
            }
            Self::Guid => {
                "it is an identifier, such as an application, tenant or secret ID; the secret's value is another text, shown only once"
            }
            Self::Address => "it is an address, not a token",
            Self::Challenge => "the server sent it to refuse a sign-in",
            Self::Password => {
                "Exchange Online accepts no passwords (basic authentication); configure OAuth 2.0 in ECE, and replace the password if others have seen it"
            }
            Self::LoginStep => {
                "AUTH LOGIN uses a password, which Exchange Online does not accept; configure OAuth 2.0 in ECE"
            }
            Self::ServerName => "the server sent it to say which machine answers; it is neither a secret nor a token",
            Self::Unknown => "it has none of the forms that tokens of Entra ID have",
        })
    }
}

/// What people put around a token.
const QUOTES: [char; 10] = ['"', '\'', '`', '“', '”', '„', '‘', '’', '«', '»'];

/// What a text is, with the access token in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// What it is.
    pub what: What,
    /// The token itself, without what was around it.
    pub token: Secret,
    /// What it was wrapped in, such as a token response.
    pub wrapping: Option<&'static str>,
    /// What is wrong with its form.
    pub faults: Vec<String>,
    /// What shows that Entra ID did not issue it. Its form may be right all the same.
    pub origin_faults: Vec<String>,
}

impl Identified {
    /// What is around the token in a text that should be the token alone; none when it is, or when a fault says so.
    #[must_use]
    pub fn surroundings(&self, given: &Secret) -> Option<String> {
        match self.wrapping {
            Some(wrapping) => Some(format!("it is {wrapping}: give only the access token in it")),
            None if !self.faults.is_empty() || self.token == *given => None,
            None => Some("spaces or other invisible characters are around it".to_owned()),
        }
    }
}

/// Names a text.
#[must_use]
pub fn identify(text: &str) -> Identified {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let given = text.trim();
    let bare = given.trim_matches(QUOTES);
    if let Some(found) = of_response(bare).or_else(|| of_sasl(bare)) {
        return found;
    }
    let (bare, mut faults) = unwrapped(given);
    let what = kind(&bare);
    faults.extend(form_faults(&bare, what));
    let origin_faults = origin_faults(&bare, what);
    Identified { what, token: Secret::new(bare), wrapping: None, faults, origin_faults }
}

/// The text without quotation marks around it, without `Bearer` before it and without line ends in it.
fn unwrapped(given: &str) -> (String, Vec<String>) {
    let mut faults = Vec::new();
    let text = given.trim_matches(QUOTES).trim();
    let without = |prefix: &str| {
        text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix)).map(|_| text[prefix.len()..].trim())
    };
    let bare = ["Authorization: Bearer ", "Bearer "].iter().find_map(|prefix| without(prefix));
    if bare.is_some() {
        faults.push("the word Bearer is before it".to_owned());
    }
    let quoted = bare.unwrap_or(text);
    let bare = quoted.trim_matches(QUOTES).trim();
    if text != given || bare != quoted {
        faults.insert(0, "quotation marks are around it, which are not part of the token".to_owned());
    }
    if bare.contains(char::is_whitespace) && bare.starts_with("eyJ") {
        faults.push("there are spaces or line breaks in it".to_owned());
        return (bare.split_whitespace().collect(), faults);
    }
    (bare.to_owned(), faults)
}

fn kind(text: &str) -> What {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
    let is_opaque = text.len() > 60 && !text.contains(char::is_whitespace);
    let parts: Vec<&str> = text.split('.').collect();
    match parts.len() {
        _ if uuid::Uuid::try_parse(text).is_ok() => What::Guid,
        _ if text.contains("://") => What::Address,
        _ if is_challenge(text) => What::Challenge,
        _ if is_password(text) => What::Password,
        _ if is_login_step(text) => What::LoginStep,
        _ if is_server_name(text) => What::ServerName,
        5 if parts[0].starts_with("eyJ") => What::Encrypted,
        3 if parts[0].starts_with("eyJ") && !parts[2].is_empty() && !is_object(parts[1]) => What::Claimless,
        3 if parts[0].starts_with("eyJ") => of_claims(parts[1]),
        _ if text.starts_with("eyJ") => What::CutToken,
        _ if starts(&["ya29.", "1//"]) => What::GoogleToken,
        _ if starts(&["EwA", "EwB", "EwC", "EwD"]) && is_opaque => What::CompactTicket,
        _ if starts(&["0.A", "1.A", "M.C", "M.R"]) && is_opaque => of_opaque(text),
        _ if is_client_secret(text) => What::ClientSecret,
        _ => What::Unknown,
    }
}

fn is_object(payload: &str) -> bool {
    json(payload).is_some_and(|value| value.is_object())
}

/// A token with an audience that is not the application itself is an access token.
fn of_claims(payload: &str) -> What {
    let Some(claims) = json(payload) else { return What::CutToken };
    let has = |name: &str| claims.get(name).is_some();
    match () {
        () if ["scp", "roles", "appid", "azp", "idtyp"].iter().any(|name| has(name)) => What::AccessToken,
        () if claims.get("iss").is_some_and(|iss| Some(iss) == claims.get("sub")) => What::Assertion,
        () if has("nonce") || has("at_hash") || has("c_hash") || has("preferred_username") => What::IdToken,
        () => What::AccessToken,
    }
}

/// Codes and refresh tokens look alike: in the part that begins with `AgAB` the seventh letter is `I` in a code and `E` in
/// a refresh token, in all that public logs show.
fn of_opaque(text: &str) -> What {
    let says_code = |part: &str| part.starts_with("AgAB") && part.as_bytes().get(6) == Some(&b'I');
    let is_code = text.split('.').any(says_code) || text.starts_with("M.R3");
    if is_code { What::AuthorizationCode } else { What::RefreshToken }
}

/// As Entra makes them: about 40 characters with `Q~` in the fifth place.
fn is_client_secret(text: &str) -> bool {
    let bytes = text.as_bytes();
    (34..=44).contains(&bytes.len()) && bytes[3].is_ascii_digit() && &bytes[4..6] == b"Q~"
}

/// `{"status":"400","schemes":"bearer",…}` in base64, which a server sends behind `334` or `+`.
fn is_challenge(text: &str) -> bool {
    let text = text.trim_start_matches("334 ").trim_start_matches("+ ");
    text.len() < 1000 && json(text).is_some_and(|value| value.get("status").is_some() && value.get("schemes").is_some())
}

/// The last word, as base64: what a client or a server says stands behind a command or a reply code.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let last = text.rsplit(' ').next()?.trim_matches(['[', ']']);
    PLAIN.decode(last).ok().filter(|bytes| !bytes.is_empty())
}

/// `authzid NUL authcid NUL passwd`, of which the first may be empty (RFC 4616, section 2).
fn is_password(text: &str) -> bool {
    let Some(plain) = decoded(text).and_then(|bytes| String::from_utf8(bytes).ok()) else { return false };
    let parts: Vec<&str> = plain.split('\0').collect();
    matches!(parts[..], [_, user, password] if !user.is_empty() && !password.is_empty())
}

/// A mail address, or the questions `Username:` and `Password:`.
fn is_login_step(text: &str) -> bool {
    let Some(plain) = decoded(text).and_then(|bytes| String::from_utf8(bytes).ok()) else { return false };
    let is_address = || {
        let (local, domain) = plain.split_once('@').unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-+'".contains(c);
        !local.is_empty() && domain.contains('.') && local.chars().chain(domain.chars()).all(is_plain)
    };
    ["username:", "user name", "password:"].contains(&plain.trim_end_matches('\0').to_ascii_lowercase().as_str())
        || is_address()
}

/// A host name in UTF-16, as in `* OK The Microsoft Exchange IMAP4 service is ready. [QQBNADYA…]`, or in ASCII.
fn is_server_name(text: &str) -> bool {
    let Some(bytes) = decoded(text) else { return false };
    let wide: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let name = String::from_utf16(&wide).ok().filter(|name| name.is_ascii()).or_else(|| String::from_utf8(bytes).ok());
    name.is_some_and(|name| {
        let is_host = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
        is_host && name.to_ascii_lowercase().ends_with(".outlook.com")
    })
}

fn of_response(text: &str) -> Option<Identified> {
    let Value::Object(fields) = serde_json::from_str(text).ok()? else { return None };
    let token = ["access_token", "id_token", "refresh_token"].iter().find_map(|name| fields.get(*name)?.as_str())?;
    let inner = identify(token);
    Some(Identified { wrapping: Some("a token response"), ..inner })
}

/// The line that a client sends: base64 of `user=…^Aauth=Bearer …^A^A`, or that text itself.
fn of_sasl(text: &str) -> Option<Identified> {
    let last = text.rsplit(' ').next().unwrap_or(text);
    let (decoded, times) = match (utf8(last), text.contains("auth=Bearer")) {
        (_, true) => (text.to_owned(), 0),
        (Some(once), _) if once.contains("auth=Bearer") => (once, 1),
        (Some(once), _) => (utf8(once.trim()).filter(|twice| twice.contains("auth=Bearer"))?, 2),
        (None, _) => return None,
    };
    let (_, token) = decoded.split_once("auth=Bearer")?;
    let end = token.find(|c: char| c.is_control()).unwrap_or(token.len());
    let inner = identify(&token[..end]);
    let mut faults = sasl_faults(&decoded, times);
    faults.extend(inner.faults);
    Some(Identified { wrapping: Some("an XOAUTH2 sign-in line"), faults, ..inner })
}

fn sasl_faults(decoded: &str, times: u8) -> Vec<String> {
    let checks = [
        (times == 2, "it is base64-encoded twice"),
        (!decoded.starts_with("user="), "user= is missing at the beginning"),
        (!decoded.contains("\u{1}auth=Bearer "), "Ctrl-A (0x01) is missing before auth=Bearer"),
        (!decoded.ends_with("\u{1}\u{1}"), "it does not end with two Ctrl-A (0x01)"),
    ];
    checks.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, words)| words.to_owned()).collect()
}

fn form_faults(token: &str, what: What) -> Vec<String> {
    let parts: Vec<&str> = token.split('.').collect();
    if !matches!(what, What::AccessToken | What::IdToken) || parts.len() != 3 {
        return Vec::new();
    }
    let claims = Claims::read(token).filter(|_| what == What::AccessToken);
    let of_claims = claims.iter().flat_map(Claims::moment_faults);
    signature_fault(parts[0], parts[2]).into_iter().chain(of_claims).collect()
}

/// What shows that another provider issued the token: the issuer, and a signature with a key that both sides know. Entra ID
/// signs with a private key, whose public half it publishes
/// (<https://learn.microsoft.com/entra/identity-platform/access-tokens>, "Validate the signature").
fn origin_faults(token: &str, what: What) -> Vec<String> {
    let Some(header) = token.split('.').next().filter(|_| what == What::AccessToken).and_then(json) else {
        return Vec::new();
    };
    let algorithm = header.get("alg").and_then(Value::as_str).filter(|name| !name.eq_ignore_ascii_case("none"));
    let shared = algorithm.filter(|name| !is_of_key_pair(name)).map(|name| {
        let name: String = name.chars().take(20).collect();
        format!("it is signed with {name}; Entra ID signs with its private key (RS256)")
    });
    let of_claims = Claims::read(token)
        .into_iter()
        .flat_map(|claims| [claims.issuer_fault(), claims.audience_fault(), claims.endless()]);
    shared.into_iter().chain(of_claims.flatten()).collect()
}

/// What is wrong with the signature, as far as its length shows.
fn signature_fault(header: &str, signature: &str) -> Option<String> {
    let header = json(header);
    let algorithm = header.as_ref().and_then(|header| header.get("alg")?.as_str());
    let signature = URL.decode(signature).map(|bytes| bytes.len());
    let Some(algorithm) = algorithm else { return Some("its header names no signature algorithm".to_owned()) };
    Some(match (algorithm, signature) {
        _ if algorithm.eq_ignore_ascii_case("none") => "it is not signed (alg none)".to_owned(),
        (_, Ok(0)) => "its signature is missing".to_owned(),
        (_, Err(_)) => "its signature is damaged or cut off".to_owned(),
        (_, Ok(bytes)) if matches!(algorithm, "RS256" | "PS256") && bytes < SIGNATURE_BYTES => {
            format!("its signature has {bytes} of {SIGNATURE_BYTES} bytes: it was cut off")
        }
        _ => return None,
    })
}

/// True for a signature with a private key (RFC 7518, section 3.1; RFC 8037, section 3.1), unlike one with a shared secret.
fn is_of_key_pair(algorithm: &str) -> bool {
    let (family, bits) = algorithm.split_at_checked(2).unwrap_or_default();
    algorithm == "EdDSA" || (["RS", "PS", "ES"].contains(&family) && ["256", "384", "512"].contains(&bits))
}

fn json(part: &str) -> Option<Value> {
    let bytes = URL.decode(part).or_else(|_| PLAIN.decode(part)).ok()?;
    serde_json::from_slice(&bytes).ok().filter(Value::is_object)
}

fn utf8(text: &str) -> Option<String> {
    let bytes = PLAIN.decode(text).or_else(|_| URL.decode(text)).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(header: &Value, claims: &Value, signature_bytes: usize) -> String {
        let encode = |bytes: &[u8]| URL.encode(bytes).trim_end_matches('=').to_owned();
        let parts = [header.to_string(), claims.to_string()].map(|part| encode(part.as_bytes()));
        format!("{}.{}.{}", parts[0], parts[1], encode(&vec![7; signature_bytes]))
    }

    fn access(signature_bytes: usize) -> String {
        token(
            &json!({"alg": "RS256"}),
            &json!({"aud": "https://outlook.office365.com", "scp": "SMTP.Send", "exp": 1_800_000_000}),
            signature_bytes,
        )
    }

    fn what(text: &str) -> What {
        identify(text).what
    }

    #[test]
    fn each_form_is_named() {
        let rs256 = json!({"alg": "RS256"});
        let long = "A".repeat(300);
        for (text, expected) in [
            (access(256), What::AccessToken),
            (token(&rs256, &json!({"aud": "app", "nonce": "n", "preferred_username": "a@b"}), 256), What::IdToken),
            (token(&rs256, &json!({"iss": "app", "sub": "app", "aud": "login"}), 256), What::Assertion),
            (format!("0.AXoA{long}"), What::RefreshToken),
            (format!("1.AXoA{long}"), What::RefreshToken),
            (format!("M.C5{long}"), What::RefreshToken),
            (format!("0.AXoA.x.AgABBAIAAAD{long}"), What::AuthorizationCode),
            (format!("EwBA{long}"), What::CompactTicket),
            (format!("eyJhbGciOiJSU0EtT0FFUCJ9.{long}.{long}.{long}.{long}"), What::Encrypted),
            (access(256)[..60].to_owned(), What::CutToken),
            (format!("eyJhbGciOiJSUzI1NiJ9.{}.{long}", URL.encode("[1]")), What::Claimless),
            (format!("eyJhbGciOiJSUzI1NiJ9.{}.{long}", URL.encode([0xff, 0xfe])), What::Claimless),
            (access(256)[5..].to_owned(), What::Unknown),
            (format!("ya29.{long}"), What::GoogleToken),
            (format!("abc8Q~{}", "x".repeat(34)), What::ClientSecret),
            ("1b4e28ba-2fa1-11d2-883f-0016d3cca427".to_owned(), What::Guid),
            ("https://ece.example.com/?code=x".to_owned(), What::Address),
            (PLAIN.encode(r#"{"status":"400","schemes":"bearer","scope":"x"}"#), What::Challenge),
            (PLAIN.encode("\0sales@example.com\0secret"), What::Password),
            (format!("AUTH PLAIN {}", PLAIN.encode("\0sales@example.com\0secret")), What::Password),
            (PLAIN.encode("sales@example.com"), What::LoginStep),
            ("334 VXNlcm5hbWU6".to_owned(), What::LoginStep),
            (
                PLAIN.encode(
                    "AM6PR0.EURPRD04.PROD.OUTLOOK.COM".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
                ),
                What::ServerName,
            ),
            (PLAIN.encode("AM6PR0.eurprd04.prod.outlook.com"), What::ServerName),
            ("abc".to_owned(), What::Unknown),
            (String::new(), What::Unknown),
        ] {
            assert_eq!(what(&text), expected, "{}", &text[..text.len().min(40)]);
        }
    }

    #[test]
    fn cut_signature_and_unsigned_tokens_are_faults() {
        assert_eq!(identify(&access(256)).faults, Vec::<String>::new());
        assert!(identify(&access(190)).faults[0].contains("190 of 256"));
        assert!(identify(&access(0)).faults[0].contains("missing"));
        let claims = json!({"aud": "x", "scp": "y", "exp": 1_800_000_000});
        let signed = |algorithm: Value, bytes| identify(&token(&json!({"alg": algorithm}), &claims, bytes)).faults;
        assert!(signed(json!("none"), 0)[0].contains("alg none"));
        assert!(signed(json!(5), 256)[0].contains("names no signature algorithm"));
        assert!(signed(json!("ES256"), 64).is_empty());
        for algorithm in ["HS256", "HS512", "XX256", "R", "é"] {
            let found = identify(&token(&json!({"alg": algorithm}), &claims, 256));
            assert!(found.faults.is_empty(), "another provider may sign so: {found:?}");
            assert!(found.origin_faults[0].contains(&format!("signed with {algorithm};")), "{algorithm}");
        }
        assert!(identify(&access(256)).origin_faults.is_empty());
    }

    #[test]
    fn claims_that_no_token_of_entra_id_has_are_faults() {
        let faults = |claims: Value| identify(&token(&json!({"alg": "RS256"}), &claims, 256)).faults;
        let of = |expires: Value, issuer: &str| faults(json!({"aud": "x", "scp": "y", "exp": expires, "iss": issuer}));
        assert_eq!(of(json!(1_800_000_000), "https://sts.windows.net/t/"), Vec::<String>::new());
        assert_eq!(of(json!(1_800_000_000), "https://accounts.google.com"), Vec::<String>::new());
        let google = json!({"aud": "x", "scp": "y", "exp": 1_800_000_000, "iss": "https://accounts.google.com"});
        let found = identify(&token(&json!({"alg": "RS256"}), &google, 256));
        assert!(found.origin_faults[0].contains("not Microsoft Entra ID"), "{found:?}");
        assert!(of(json!(true), "https://sts.windows.net/t/")[0].contains("(exp) is true"));
        let endless = identify(&token(&json!({"alg": "RS256"}), &json!({"aud": "x", "scp": "y"}), 256));
        assert!(endless.faults.is_empty() && endless.origin_faults[0].contains("(exp) is missing"), "{endless:?}");
    }

    #[test]
    fn what_is_around_a_token_is_removed_and_told() {
        let token = access(256);
        let folded = format!("{}\r\n {}", &token[..50], &token[50..]);
        for (text, fault) in [
            (format!(" {token}\n"), None),
            (format!("\"{token}\"\n"), Some("quotation marks")),
            (format!("“{token}”"), Some("quotation marks")),
            (format!("'Bearer {token}'"), Some("quotation marks")),
            (format!("Bearer \"{token}\""), Some("quotation marks")),
            (format!("Bearer {token}"), Some("Bearer")),
            (format!("Authorization: Bearer {token}"), Some("Bearer")),
            (folded, Some("line breaks")),
        ] {
            let found = identify(&text);
            assert_eq!((found.what, found.token.expose()), (What::AccessToken, token.as_str()));
            assert_eq!(
                found.faults.first().map(|said| said.contains(fault.unwrap_or("no fault"))),
                fault.map(|_| true)
            );
        }
        let response = json!({"token_type": "Bearer", "access_token": token, "refresh_token": "0.A"}).to_string();
        assert_eq!(identify(&response).wrapping, Some("a token response"));
    }

    #[test]
    fn sign_in_lines_are_decoded_and_their_framing_is_judged() {
        let token = access(256);
        let line = |frame: &str| PLAIN.encode(frame.replace("TOKEN", &token));
        let good = line("user=a@b.test\u{1}auth=Bearer TOKEN\u{1}\u{1}");
        for (text, words) in [
            (good.clone(), None),
            (format!("AUTH XOAUTH2 {good}"), None),
            (PLAIN.encode(&good), Some("twice")),
            (line("user=a@b.test\u{1}auth=Bearer TOKEN\u{1}"), Some("two Ctrl-A")),
            (line("user=a@b.test^Aauth=Bearer TOKEN\u{1}\u{1}"), Some("missing before auth")),
            (line("a@b.test\u{1}auth=Bearer TOKEN\u{1}\u{1}"), Some("user= is missing")),
        ] {
            let found = identify(&text);
            assert_eq!((found.what, found.wrapping), (What::AccessToken, Some("an XOAUTH2 sign-in line")), "{words:?}");
            assert_eq!(found.token.expose(), token);
            assert_eq!(found.faults.first().is_some_and(|said| said.contains(words.unwrap_or("-"))), words.is_some());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_named_without_harm(text in "\\PC{0,200}") {
            let _ = identify(&text);
        }
    }
}

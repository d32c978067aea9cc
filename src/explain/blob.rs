//! What a text holds in base64: access tokens, lines of XOAUTH2, challenges; judged, never printed.
//!
//! In: a text. Out: what such a piece proves by itself: a token that was issued for another service cannot sign in to a
//! mailbox, whatever the server's words are, and a line that was encoded twice is not XOAUTH2.
//! Form: <https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth#sasl-xoauth2>.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    evidence::Protocol,
    finding::Certainty,
    oauth::claims::{Audience, Claims, Kind},
};

/// The longest piece that is opened, in bytes.
const LONGEST: usize = 32 << 10;
/// So many pieces of a text are opened.
const MOST: usize = 8;

/// What a piece proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The token is for another service than Exchange Online.
    WrongAudience,
    /// The token has no permission for the protocol.
    WrongScope,
    /// The application's own token has no permission at all.
    NoRole,
    /// The line is not in the form of XOAUTH2: encoded twice, or with other separators.
    MalformedLine,
    /// Scopes of another service than Exchange Online were asked for.
    AskedOther,
    /// The scopes that were asked for do not permit the protocol.
    AskedOtherScope,
    /// The token's user is a guest of the tenant.
    Guest,
    /// The line names another user than the token's.
    OtherUser,
    /// The token is said to be expired.
    Expired,
}

impl Proof {
    /// The cause that it proves.
    #[must_use]
    pub fn cause(self, protocol: Option<Protocol>) -> &'static str {
        match self {
            Self::WrongAudience | Self::AskedOther => "token-wrong-audience",
            Self::WrongScope | Self::AskedOtherScope => "token-wrong-scope",
            Self::Guest => "wrong-account-or-tenant",
            Self::Expired => "token-expired",
            Self::NoRole => "app-permissions-missing",
            Self::MalformedLine => "xoauth2-string-malformed",
            Self::OtherUser if protocol == Some(Protocol::Smtp) => "smtp-user-must-be-token-owner",
            Self::OtherUser => "token-user-mismatch",
        }
    }

    /// Whether it alone makes every sign-in fail. Another user may have been given the mailbox.
    #[must_use]
    pub fn settles(self) -> bool {
        !matches!(self, Self::OtherUser | Self::Guest | Self::Expired)
    }

    /// How sure its cause is. What was asked for need not be what was used, and the other user may have Full Access.
    #[must_use]
    pub fn certainty(self) -> Certainty {
        match self {
            Self::WrongAudience | Self::WrongScope | Self::NoRole | Self::MalformedLine => Certainty::Certain,
            Self::AskedOther | Self::AskedOtherScope | Self::Guest | Self::Expired => Certainty::Likely,
            Self::OtherUser => Certainty::Possible,
        }
    }
}

/// What the pieces of a text prove, when it is about a sign-in by this protocol.
#[must_use]
pub fn proofs(text: &str, protocol: Option<Protocol>) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for piece in pieces(text) {
        for proof in of_piece(piece, protocol) {
            if !proofs.contains(&proof) {
                proofs.push(proof);
            }
        }
    }
    proofs
}

/// Runs of the letters of base64 and of tokens that are long enough to hold something.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_' | '.');
    let long = text.split(move |c: char| !is_inside(c)).filter(|piece| (24..=LONGEST).contains(&piece.len()));
    long.filter(|piece| is_token(piece) || is_line(piece) || is_twice(piece)).take(MOST)
}

fn is_token(piece: &str) -> bool {
    piece.starts_with("eyJ") && piece.matches('.').count() == 2
}

/// `user=` in base64.
fn is_line(piece: &str) -> bool {
    piece.starts_with("dXNlcj")
}

/// `user=` in base64 of base64.
fn is_twice(piece: &str) -> bool {
    piece.starts_with("ZFhObGNq")
}

fn of_piece(piece: &str, protocol: Option<Protocol>) -> Vec<Proof> {
    if is_twice(piece) {
        return vec![Proof::MalformedLine];
    }
    if is_token(piece) {
        return Claims::read(piece).map(|claims| of_claims(&claims, protocol)).unwrap_or_default();
    }
    let Some(line) = STANDARD.decode(piece).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return Vec::new();
    };
    of_line(&line, protocol)
}

/// A line of XOAUTH2: `user=U^Aauth=Bearer T^A^A`.
fn of_line(line: &str, protocol: Option<Protocol>) -> Vec<Proof> {
    let mut fields = line.split('\u{1}');
    let user = fields.next().and_then(|field| field.strip_prefix("user="));
    let token = fields.next().and_then(|field| field.strip_prefix("auth=Bearer "));
    let (Some(user), Some(token)) = (user, token) else {
        // where only the begin of a line was copied, nothing is wrong with it
        let has_both = line.starts_with("user=") && line.contains("auth=Bearer ");
        return if has_both { vec![Proof::MalformedLine] } else { Vec::new() };
    };
    let is_cut = !line.ends_with('\u{1}');
    let mut proofs = if is_cut || line.ends_with("\u{1}\u{1}") { Vec::new() } else { vec![Proof::MalformedLine] };
    if let Some(claims) = Claims::read(token) {
        proofs.extend(of_claims(&claims, protocol));
        let is_other = claims.kind() == Kind::Delegated
            && !claims.users().is_empty()
            && !claims.users().iter().any(|of| of.eq_ignore_ascii_case(user));
        if is_other {
            proofs.push(Proof::OtherUser);
        }
    }
    proofs
}

/// What the claims of a token prove, when it is used to sign in by this protocol.
pub fn of_claims(claims: &Claims, protocol: Option<Protocol>) -> Vec<Proof> {
    if claims.audience().is_none() {
        return Vec::new();
    }
    if claims.service() != Audience::Exchange {
        return vec![Proof::WrongAudience];
    }
    let Some(protocol) = protocol.filter(|of| matches!(of, Protocol::Smtp | Protocol::Imap | Protocol::Pop3)) else {
        return Vec::new();
    };
    match claims.kind() {
        _ if claims.permits(protocol) => Vec::new(),
        Kind::Application => vec![Proof::NoRole],
        Kind::Delegated => vec![Proof::WrongScope],
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn token(payload: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2lnbmF0dXJl", part("{\"typ\":\"JWT\",\"alg\":\"RS256\"}"), part(payload))
    }

    fn line(user: &str, token: &str) -> String {
        STANDARD.encode(format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}"))
    }

    const GRAPH: &str = "{\"aud\":\"https://graph.microsoft.com\",\"upn\":\"a@example.com\",\"scp\":\"User.Read\"}";
    const GOOD: &str = "{\"aud\":\"https://outlook.office365.com\",\"upn\":\"a@example.com\",\"scp\":\"SMTP.Send\"}";

    #[test]
    fn a_token_for_graph_is_proved_wherever_it_is() {
        for text in [
            format!("Authorization: Bearer {}", token(GRAPH)),
            format!("AUTH XOAUTH2 {}", line("a@example.com", &token(GRAPH))),
        ] {
            assert_eq!(proofs(&text, Some(Protocol::Smtp)), [Proof::WrongAudience], "{text}");
        }
    }

    #[test]
    fn a_good_line_proves_nothing() {
        assert!(proofs(&line("A@example.com", &token(GOOD)), Some(Protocol::Smtp)).is_empty());
        assert!(proofs("eyJhbGciOiJ9.x.y dXNlcj0= ZFhO", Some(Protocol::Smtp)).is_empty());
    }

    #[test]
    fn a_line_that_was_copied_in_part_is_not_malformed() {
        for part in
            ["user=a@example.com\u{1}auth=Bearer abcdef", "user=other@example.com", "user=a@example.com\u{1}aut"]
        {
            assert!(proofs(&STANDARD.encode(part), Some(Protocol::Smtp)).is_empty(), "{part}");
        }
    }

    #[test]
    fn permission_user_and_form_are_judged() {
        assert_eq!(proofs(&token(GOOD), Some(Protocol::Imap)), [Proof::WrongScope]);
        assert_eq!(proofs(&line("shared@example.com", &token(GOOD)), Some(Protocol::Smtp)), [Proof::OtherUser]);
        assert_eq!(proofs(&STANDARD.encode(line("a@example.com", "x")), None), [Proof::MalformedLine]);
        assert_eq!(
            proofs(&STANDARD.encode("user=a@example.com\u{1}auth=Bearer abc\u{1}"), None),
            [Proof::MalformedLine]
        );
        assert_eq!(proofs(&STANDARD.encode("user=a@example.com^Aauth=Bearer abc^A^A"), None), [Proof::MalformedLine]);
    }
}

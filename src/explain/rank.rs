//! The order of causes that one refusal allows: by the way of signing in, by what a token in the text proves, and by how
//! often each was the cause in threads and articles where the cause was found.
//!
//! In: the causes of a refusal. Out: the same, without those that cannot be, the likeliest first.

use super::{blob::Proof, session::Mechanism};
use crate::{catalogue::Catalogue, diagnose::Meant, evidence::Protocol};

/// Causes that only a sign-in with a password has: the server never sees a password when a token is used.
const OF_PASSWORDS: [&str; 4] =
    ["basic-auth-retired", "username-or-password-wrong", "password-expired", "security-defaults-blocked"];

/// Causes that only a sign-in with a token has.
const OF_TOKENS: [&str; 11] = [
    "token-wrong-audience",
    "token-wrong-scope",
    "token-expired",
    "token-malformed",
    "token-user-mismatch",
    "smtp-user-must-be-token-owner",
    "app-permissions-missing",
    "exchange-service-principal-missing",
    "xoauth2-string-malformed",
    "pop3-xoauth2-one-line",
    "pop3-token-line-too-long",
];

/// Causes that leave an open sign-in refusal, the more frequent first, after the threads that name the cause that was found
/// (sources in the texts of the accuracy test): another user than the token's, a token for the wrong service, SMTP AUTH
/// disabled, a service principal that was never created.
const FREQUENT_FIRST: [&str; 14] = [
    "basic-auth-retired",
    "smtp-user-must-be-token-owner",
    "token-wrong-audience",
    "exchange-service-principal-missing",
    "smtp-auth-disabled-mailbox",
    "token-wrong-scope",
    "token-user-mismatch",
    "app-permissions-missing",
    "no-full-access-to-mailbox",
    "imap-disabled-for-mailbox",
    "pop-disabled-for-mailbox",
    "token-expired",
    "xoauth2-string-malformed",
    "username-or-password-wrong",
];

/// Takes out what cannot be when a password, or a token, was used. Where that would leave nothing, it is left as it is.
pub fn by_mechanism(causes: &mut Vec<Meant<'_>>, mechanism: Option<Mechanism>) {
    let excluded: &[&str] = match mechanism {
        Some(Mechanism::Token) => &OF_PASSWORDS,
        Some(Mechanism::Password) => &OF_TOKENS,
        None => &[],
    };
    let can_be = |meant: &Meant<'_>| !excluded.contains(&meant.cause.code.as_str());
    if causes.len() > 1 && causes.iter().any(can_be) {
        causes.retain(can_be);
    }
    let place = |meant: &Meant<'_>| FREQUENT_FIRST.iter().position(|code| *code == meant.cause.code);
    let is_open = causes.len() > 2 && causes.iter().filter(|meant| place(meant).is_some()).count() > 2;
    if is_open {
        causes.sort_by_key(|meant| (meant.certainty, place(meant).unwrap_or(FREQUENT_FIRST.len())));
    }
}

/// What a token in the text proves makes its cause certain, and no other is left. A refusal that a token cannot explain is
/// left as it is.
pub fn by_proof<'c>(
    causes: &mut Vec<Meant<'c>>,
    proofs: &[Proof],
    protocol: Option<Protocol>,
    catalogue: &'c Catalogue,
) {
    let is_about_tokens = causes.iter().any(|meant| OF_TOKENS.contains(&meant.cause.code.as_str()));
    for proof in proofs {
        let code = proof.cause(protocol);
        let known = causes.iter().find(|meant| meant.cause.code == code).map(|meant| meant.cause);
        let Some(cause) = known.or_else(|| catalogue.cause(code).filter(|_| is_about_tokens)) else { continue };
        causes.retain(|meant| meant.cause.code != code && !proof.settles());
        causes.insert(0, Meant { cause, certainty: proof.certainty() });
        return;
    }
}

#[cfg(test)]
mod tests {
    use crate::{catalogue::Catalogue, explain::explain};

    fn codes(text: &str) -> Vec<String> {
        let catalogue = Catalogue::built_in();
        explain(text, None, &catalogue).causes.iter().map(|meant| meant.cause.code.clone()).collect()
    }

    #[test]
    fn a_password_and_a_token_leave_different_causes() {
        let password = codes("A1 LOGIN a@example.com x\nA1 NO LOGIN failed.");
        assert!(!password.contains(&"token-wrong-audience".to_owned()), "{password:?}");
        assert!(password.contains(&"basic-auth-retired".to_owned()), "{password:?}");
        let token = codes("AUTH XOAUTH2 abc\n535 5.7.3 Authentication unsuccessful");
        assert!(!token.contains(&"basic-auth-retired".to_owned()), "{token:?}");
        assert!(token.contains(&"token-wrong-audience".to_owned()), "{token:?}");
    }

    #[test]
    fn what_is_left_is_never_nothing() {
        assert!(
            !codes("535 5.7.139 Authentication unsuccessful, basic authentication is disabled. xoauth2").is_empty()
        );
    }
}

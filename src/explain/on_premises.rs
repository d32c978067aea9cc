//! What an Exchange server of the site says, which is not Exchange Online.
//!
//! In: a text in small letters. Out: whether such a server refused something. Both put the server's name in brackets behind a
//! reply (<https://learn.microsoft.com/exchange/mail-flow/non-delivery-reports-in-exchange-server>); the names tell them apart.

use super::codes;

/// What the servers of Exchange Online have in their names, see
/// <https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges>.
const EXCHANGE_ONLINE: [&str; 5] = ["outlook.", "exchangelabs", "office365", "microsoft", "hotmail"];
/// The codes with which a server refuses a sign-in.
const SIGN_IN: [&str; 3] = ["535 5.7.", "535: 5.7.", "534 5.7."];

/// Whether an Exchange server of the site refused something.
#[must_use]
pub fn is_said(words: &str) -> bool {
    !EXCHANGE_ONLINE.iter().any(|name| words.contains(name))
        && codes::has_code(words)
        && words.match_indices('[').any(|(at, _)| names_server(words, at))
}

/// Whether such an Exchange server refused a sign-in.
#[must_use]
pub fn refuses_sign_in(words: &str) -> bool {
    SIGN_IN.iter().any(|code| words.contains(code)) && is_said(words)
}

/// Whether the name of a server stands in brackets here, behind a reply and at the end of a line or of the text.
fn names_server(words: &str, at: usize) -> bool {
    let Some((name, rest)) = words[at + 1..].split_once(']') else { return false };
    let is_name = name.contains('.')
        && name.contains(char::is_alphabetic)
        && name.chars().all(|c| c.is_alphanumeric() || ".-".contains(c));
    let line = words[..at].rsplit('\n').next().unwrap_or_default();
    let is_behind_reply = words[..at].ends_with([' ', '.']) && codes::has_code(line);
    let is_end = rest.trim_start_matches(['"', '\'', ')', '}', ' ', '.', '\r']).is_empty() || rest.starts_with('\n');
    is_name && is_behind_reply && is_end
}

/// Every string of this module that a text is searched for.
pub fn searched() -> impl Iterator<Item = &'static str> {
    EXCHANGE_ONLINE.into_iter().chain(SIGN_IN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_in_brackets_tells_whose_server_it_is() {
        for words in [
            "550 5.7.54 smtp; unable to relay recipient in non-accepted domain [ex01.corp.example]",
            "send failed: 550 5.7.54 smtp; unable to relay [ex01.corp.example]\nnext line",
            "535 5.7.3 authentication unsuccessful [ex01.corp.example]\"}",
        ] {
            assert!(is_said(words), "{words}");
        }
        for words in [
            "535 5.7.3 authentication unsuccessful [lo2p123ca0001.gbrp123.prod.outlook.com]",
            "432 4.3.2 concurrent connections limit exceeded. [vi1pr01ca0001.eurprd01.prod.exchangelabs.com]",
            "451 4.7.651 the mail server [192.0.2.1] has been temporarily rate limited",
            "550 5.7.54 smtp; unable to relay recipient in non-accepted domain",
            "[pool-1.worker.example] 535 5.7.3 authentication unsuccessful",
            "535 5.7.3 authentication unsuccessful [o365.connection] retrying",
        ] {
            assert!(!is_said(words), "{words}");
        }
        assert!(refuses_sign_in("535 5.7.3 authentication unsuccessful [ex01.corp.example]"));
        assert!(!refuses_sign_in("550 5.7.54 smtp; unable to relay [ex01.corp.example]"));
    }
}

//! The server that Exchange names in its IMAP and POP3 greetings.
//!
//! Exchange Online ends these greetings with brackets around the base64 of the server's name in UTF-16 (little endian):
//! `* OK The Microsoft Exchange IMAP4 service is ready. [TABPADQAUAAx…]`. That is seen in practice and described by no
//! document of Microsoft's, so whatever does not decode to a host name is passed over.

use base64::{Engine, alphabet, engine};

/// The longest host name, in characters (RFC 1035 2.3.4).
const LONGEST_NAME: usize = 253;

/// The server that a greeting names, if it names one.
#[must_use]
pub fn server_name(greeting: &str) -> Option<String> {
    let (_, coded) = greeting.trim_end().strip_suffix(']')?.rsplit_once('[')?;
    let bytes = BASE64.decode(coded).ok()?;
    let name = String::from_utf16(&units(&bytes)?).ok()?;
    is_host(&name).then_some(name)
}

/// Base64 with or without its padding.
const BASE64: engine::GeneralPurpose = engine::GeneralPurpose::new(
    &alphabet::STANDARD,
    engine::GeneralPurposeConfig::new().with_decode_padding_mode(engine::DecodePaddingMode::Indifferent),
);

fn units(bytes: &[u8]) -> Option<Vec<u16>> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
}

fn is_host(name: &str) -> bool {
    let label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    name.len() <= LONGEST_NAME && name.contains('.') && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(name: &str) -> String {
        let bytes: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        format!("The Microsoft Exchange IMAP4 service is ready. [{}]", BASE64.encode(bytes))
    }

    #[test]
    fn greeting_of_exchange_online_names_its_server() {
        let seen = "The Microsoft Exchange POP3 service is ready. \
                    [TABPADQAUAAxADIAMwBDAEEAMAAzADkANwAuAEcAQgBSAFAAMQAyADMALgBQAFIATwBEAC4ATwBVAFQATABPAE8ASwAuAEMATwBNAA==]";
        assert_eq!(server_name(seen).as_deref(), Some("LO4P123CA0397.GBRP123.PROD.OUTLOOK.COM"));
        assert_eq!(server_name(&greeting("a-1.example.com")).as_deref(), Some("a-1.example.com"));
    }

    #[test]
    fn what_is_no_host_name_is_passed_over() {
        for name in ["", "nodots", "a..b", "a.b c", "a.\u{1b}[2J", "é.example", &"a.".repeat(200)] {
            assert_eq!(server_name(&greeting(name)), None, "{name}");
        }
        for text in
            ["ready", "ready []", "ready [QQ==]", "ready [not base64!]", "ready [AAA", "ready ]", "[APOP] ready"]
        {
            assert_eq!(server_name(text), None, "{text}");
        }
    }
}

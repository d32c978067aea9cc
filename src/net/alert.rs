//! What an alert of TLS says, in the words of RFC 8446.
//!
//! In: the alert. Out: `alert handshake_failure`. Used by the handshake and by the session inside TLS, where TLS 1.3
//! tells of a missing client certificate.

use rustls::AlertDescription;

/// The alert as RFC 8446, section 6 writes it.
#[must_use]
pub fn words(alert: AlertDescription) -> String {
    let asks =
        if alert == AlertDescription::CertificateRequired { "; the server asks for a client certificate" } else { "" };
    format!("alert {}{asks}", name(alert))
}

fn name(alert: AlertDescription) -> String {
    let Some(name) = alert.as_str() else { return u8::from(alert).to_string() };
    let letters: Vec<char> = name.chars().collect();
    let begins_word = |at: usize| {
        let is_last_of_acronym = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        letters[at].is_ascii_uppercase() && at > 0 && (letters[at - 1].is_ascii_lowercase() || is_last_of_acronym)
    };
    let mut text = String::new();
    for (at, letter) in letters.iter().enumerate() {
        if begins_word(at) {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text.replace("unrecognised", "unrecognized")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_rfc() {
        for (alert, said) in [
            (AlertDescription::HandshakeFailure, "alert handshake_failure"),
            (AlertDescription::UnknownCA, "alert unknown_ca"),
            (AlertDescription::UnrecognisedName, "alert unrecognized_name"),
            (AlertDescription::UnknownPSKIdentity, "alert unknown_psk_identity"),
            (AlertDescription::BadRecordMac, "alert bad_record_mac"),
            (AlertDescription::from(255), "alert 255"),
        ] {
            assert_eq!(words(alert), said);
        }
        let asked = words(AlertDescription::CertificateRequired);
        assert_eq!(asked, "alert certificate_required; the server asks for a client certificate");
    }
}

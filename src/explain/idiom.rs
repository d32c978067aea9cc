//! How operating systems, languages and libraries say what happened to a name, a connection or a certificate.
//!
//! In: a text in small letters. Out: what was [`Heard`], what stands last first. One table: a phrase and what it means.
//! The phrases are those of errno (POSIX and Winsock, which Windows says in the language of the place), Java, .NET,
//! Python, Node, Go, Ruby, curl, OpenSSL, GnuTLS, rustls and Schannel.

use crate::{
    diagnose::Heard,
    seen::{
        Kind::{
            self, Alert, AliasLoop, AnswerRefused, BadCertificate, BadStatus, Closed, Expired, Forbidden, Gibberish,
            Injected, MissingIntermediate, NameUnknown, NoAddress, NotOffered, NotYetValid, OldVersion, Refused,
            Rejected, Reset, SelfSigned, ServerFailure, SpokeHttp, SpokePlain, SpokeTls, TimedOut, TooMuch,
            UnknownIssuer, Unreachable, WebPage, WrongName,
        },
        Protocol::{self, Dns, Https, Imap, Pop3, Smtp, Tcp, Tls},
        Stage::{self, Capabilities, Certificate, Connect, Ehlo, Greeting, Handshake, Lookup, Request, Starttls},
    },
};

/// A phrase in small letters, and what it means. A longer phrase outranks a shorter one at the same place.
type Idiom = (&'static str, Protocol, Option<Stage>, Kind);

const IDIOMS: &[Idiom] = &[
    // names
    ("nxdomain", Dns, Some(Lookup), NameUnknown),
    ("non-existent domain", Dns, Some(Lookup), NameUnknown),
    ("servfail", Dns, Some(Lookup), ServerFailure),
    ("eservfail", Dns, Some(Lookup), ServerFailure),
    ("server failed", Dns, Some(Lookup), ServerFailure),
    (": refused", Dns, Some(Lookup), AnswerRefused),
    ("5(refused)", Dns, Some(Lookup), AnswerRefused),
    ("erefused", Dns, Some(Lookup), AnswerRefused),
    ("query refused", Dns, Some(Lookup), AnswerRefused),
    ("enodata", Dns, Some(Lookup), NoAddress),
    ("cname loop", Dns, Some(Lookup), AliasLoop),
    ("no servers could be reached", Dns, Some(Lookup), TimedOut),
    ("dns request timed out", Dns, Some(Lookup), TimedOut),
    ("temporary failure in name resolution", Dns, Some(Lookup), TimedOut),
    ("eai_again", Dns, Some(Lookup), TimedOut),
    ("resolving timed out", Dns, Some(Lookup), TimedOut),
    ("name server timed out", Dns, Some(Lookup), TimedOut),
    ("refused by the resolver", Dns, Some(Lookup), Refused),
    ("no road to the resolver", Dns, Some(Lookup), Unreachable),
    ("the resolver answered", Dns, Some(Lookup), Gibberish),
    (": notimp", Dns, Some(Lookup), Gibberish),
    (": formerr", Dns, Some(Lookup), Gibberish),
    ("got bad packet", Dns, Some(Lookup), Gibberish),
    // connections
    ("etimedout", Tcp, Some(Connect), TimedOut),
    ("connect timed out", Tcp, Some(Connect), TimedOut),
    ("connection timed out", Tcp, Some(Connect), TimedOut),
    (": connection timeout", Tcp, Some(Connect), TimedOut),
    ("connect: timeout", Tcp, Some(Connect), TimedOut),
    ("request failed! (code: 0)", Tcp, Some(Connect), Rejected),
    ("connecttimeout", Tcp, Some(Connect), TimedOut),
    ("connect timeout error", Tcp, Some(Connect), TimedOut),
    ("connect timeout=none", Tcp, Some(Connect), TimedOut),
    ("timed out while connecting", Tcp, Some(Connect), TimedOut),
    ("operation timed out", Tcp, Some(Connect), TimedOut),
    ("i/o timeout", Tcp, Some(Connect), TimedOut),
    (": timed out", Tcp, Some(Connect), TimedOut),
    ("timed out connecting", Tcp, Some(Connect), TimedOut),
    ("did not properly respond after a period of time", Tcp, Some(Connect), TimedOut),
    ("10060", Tcp, Some(Connect), TimedOut),
    ("wsaetimedout", Tcp, Some(Connect), TimedOut),
    ("errno=110", Tcp, Some(Connect), TimedOut),
    ("os error 110", Tcp, Some(Connect), TimedOut),
    ("net::opentimeout", Tcp, Some(Connect), TimedOut),
    ("the operation has timed out", Tcp, Some(Connect), TimedOut),
    ("tcptestsucceeded : false", Tcp, Some(Connect), TimedOut),
    ("couldn't connect to host", Tcp, Some(Connect), TimedOut),
    ("could not connect to smtp host", Tcp, Some(Connect), TimedOut),
    ("failed to connect to server", Tcp, Some(Connect), TimedOut),
    ("econnrefused", Tcp, Some(Connect), Refused),
    ("connection refused", Tcp, Some(Connect), Refused),
    ("actively refused", Tcp, Some(Connect), Refused),
    ("10061", Tcp, Some(Connect), Refused),
    ("errno=111", Tcp, Some(Connect), Refused),
    ("os error 111", Tcp, Some(Connect), Refused),
    ("econnreset", Tcp, None, Reset),
    ("connection reset", Tcp, None, Reset),
    ("connectionreseterror", Tcp, None, Reset),
    ("forcibly closed", Tcp, None, Reset),
    ("10054", Tcp, None, Reset),
    ("errno=104", Tcp, None, Reset),
    ("os error 104", Tcp, None, Reset),
    ("connection was aborted by the software", Tcp, None, Reset),
    ("established connection was aborted", Tcp, None, Reset),
    ("10053", Tcp, None, Reset),
    ("econnaborted", Tcp, None, Reset),
    ("connection abort", Tcp, None, Reset),
    ("ssl_error_syscall", Tls, Some(Handshake), Reset),
    ("epipe", Tcp, None, Reset),
    ("broken pipe", Tcp, None, Reset),
    ("ehostunreach", Tcp, Some(Connect), Unreachable),
    ("enetunreach", Tcp, Some(Connect), Unreachable),
    ("no route to host", Tcp, Some(Connect), Unreachable),
    ("network is unreachable", Tcp, Some(Connect), Unreachable),
    ("host is unreachable", Tcp, Some(Connect), Unreachable),
    ("unreachable network", Tcp, Some(Connect), Unreachable),
    ("unreachable host", Tcp, Some(Connect), Unreachable),
    ("10051", Tcp, Some(Connect), Unreachable),
    ("10065", Tcp, Some(Connect), Unreachable),
    ("network unreachable", Tcp, Some(Connect), Unreachable),
    ("errno=101", Tcp, Some(Connect), Unreachable),
    ("errno=113", Tcp, Some(Connect), Unreachable),
    ("eacces", Tcp, Some(Connect), Forbidden),
    ("forbidden by its access permissions", Tcp, Some(Connect), Forbidden),
    ("10013", Tcp, Some(Connect), Forbidden),
    ("unexpected eof", Tcp, None, Closed),
    ("unexpected_eof", Tcp, None, Closed),
    ("eof occurred in violation of protocol", Tls, Some(Handshake), Reset),
    ("premature eof", Tcp, None, Closed),
    ("socket hang up", Tcp, None, Closed),
    ("connection unexpectedly closed", Tcp, None, Closed),
    ("connection closed by remote host", Tcp, None, Closed),
    ("lost connection with", Tcp, None, Closed),
    ("nohttpresponseexception", Tcp, None, Closed),
    ("response: -1", Tcp, None, Closed),
    ("[eof]", Tcp, None, Closed),
    ("unexpectedly disconnected", Tcp, None, Closed),
    // the same in other languages, as Windows says it
    ("gegenstelle nach einer bestimmten zeitspanne nicht richtig reagiert", Tcp, Some(Connect), TimedOut),
    ("zielcomputer die verbindung verweigerte", Tcp, Some(Connect), Refused),
    ("vom remotehost geschlossen", Tcp, None, Reset),
    ("n'a pas répondu convenablement au-delà d'une certaine durée", Tcp, Some(Connect), TimedOut),
    ("l'ordinateur cible l'a expressément refusée", Tcp, Some(Connect), Refused),
    ("connexion existante a dû être fermée par l'hôte distant", Tcp, None, Reset),
    ("parte conectada no respondió adecuadamente tras un periodo de tiempo", Tcp, Some(Connect), TimedOut),
    ("equipo de destino denegó expresamente dicha conexión", Tcp, Some(Connect), Refused),
    ("interrupción de una conexión existente por el host remoto", Tcp, None, Reset),
    ("parte connessa non ha risposto correttamente", Tcp, Some(Connect), TimedOut),
    ("rifiuto persistente del computer di destinazione", Tcp, Some(Connect), Refused),
    ("connessione in corso interrotta forzatamente dall'host remoto", Tcp, None, Reset),
    ("componente conectado não respondeu corretamente após um período de tempo", Tcp, Some(Connect), TimedOut),
    ("a máquina de destino as recusou ativamente", Tcp, Some(Connect), Refused),
    ("cancelamento de uma conexão existente pelo host remoto", Tcp, None, Reset),
    ("wartezeit für die verbindung ist abgelaufen", Tcp, Some(Connect), TimedOut),
    ("verbindungsaufbau abgelehnt", Tcp, Some(Connect), Refused),
    ("vom kommunikationspartner zurückgesetzt", Tcp, None, Reset),
    ("remote host closed connection during handshake", Tls, Some(Handshake), Reset),
    ("remote host terminated the handshake", Tls, Some(Handshake), Reset),
    ("closed before the greeting", Tcp, Some(Greeting), Closed),
    ("empty reply from server", Tcp, Some(Request), Closed),
    ("greeting never received", Tcp, Some(Greeting), TimedOut),
    ("timed out waiting for the answer to ehlo", Smtp, Some(Ehlo), TimedOut),
    ("timed out waiting for the answer to starttls", Smtp, Some(Starttls), TimedOut),
    ("timed out waiting for the capability list", Tcp, Some(Capabilities), TimedOut),
    ("timed out waiting for the http answer", Https, Some(Request), TimedOut),
    ("wouldblock", Tcp, Some(Request), TimedOut),
    ("os error 11", Tcp, Some(Request), TimedOut),
    ("handshake timed out", Tls, Some(Handshake), TimedOut),
    ("tls handshake timeout", Tls, Some(Handshake), TimedOut),
    ("handshake operation timed out", Tls, Some(Handshake), TimedOut),
    ("ssl connection timeout", Tls, Some(Handshake), TimedOut),
    // answers that are not of the protocol, as our own reports have it
    ("a web server or proxy answered", Https, None, SpokeHttp),
    ("bytes came behind the starttls answer", Smtp, Some(Starttls), Injected),
    ("a web page came where data was asked for", Https, Some(Request), WebPage),
    ("the answer was a refusal", Https, Some(Request), BadStatus),
    ("not a discovery document", Https, Some(Request), Gibberish),
    ("the answer is longer than", Https, Some(Request), TooMuch),
    ("invalid http version parsed", Https, Some(Request), Gibberish),
    ("capability is not available", Imap, Some(Capabilities), Rejected),
    ("-err protocol error. 14", Pop3, Some(Capabilities), Rejected),
    // certificates and encryption
    ("wrong version number", Tls, Some(Handshake), SpokePlain),
    ("wrong_version_number", Tls, Some(Handshake), SpokePlain),
    ("unknown protocol", Tls, Some(Handshake), SpokePlain),
    ("plaintext connection?", Tls, Some(Handshake), SpokePlain),
    ("packet length too long", Tls, Some(Handshake), SpokePlain),
    ("record layer failure", Tls, Some(Handshake), SpokePlain),
    ("unexpected packet format", Tls, Some(Handshake), SpokePlain),
    ("unexpected tls packet was received", Tls, Some(Handshake), SpokePlain),
    ("message of type invalidcontenttype", Tls, Some(Handshake), SpokePlain),
    ("sec_e_invalid_token", Tls, Some(Handshake), SpokePlain),
    ("0x80090308", Tls, Some(Handshake), SpokePlain),
    ("does not look like a tls handshake", Tls, Some(Handshake), SpokePlain),
    ("invalid greeting", Smtp, Some(Greeting), SpokeTls),
    ("certificate has expired", Tls, Some(Certificate), Expired),
    ("certificate expired", Tls, Some(Certificate), Expired),
    ("cert_has_expired", Tls, Some(Certificate), Expired),
    ("certificate is expired", Tls, Some(Certificate), Expired),
    ("certificateexpiredexception", Tls, Some(Certificate), Expired),
    ("has expired or is not yet valid", Tls, Some(Certificate), Expired),
    ("validity check failed", Tls, Some(Certificate), Expired),
    ("certificate: expired", Tls, Some(Certificate), Expired),
    ("expired certificate", Tls, Some(Certificate), Expired),
    ("sec_e_cert_expired", Tls, Some(Certificate), Expired),
    ("0x80090328", Tls, Some(Certificate), Expired),
    ("nottimevalid", Tls, Some(Certificate), Expired),
    ("err_cert_date_invalid", Tls, Some(Certificate), Expired),
    ("notafter:", Tls, Some(Certificate), Expired),
    ("not within its validity period", Tls, Some(Certificate), Expired),
    ("certificate is not yet valid", Tls, Some(Certificate), NotYetValid),
    ("certificatenotyetvalidexception", Tls, Some(Certificate), NotYetValid),
    ("cert_not_yet_valid", Tls, Some(Certificate), NotYetValid),
    ("notbefore:", Tls, Some(Certificate), NotYetValid),
    ("does not match certificate's altnames", Tls, Some(Certificate), WrongName),
    ("err_tls_cert_altname_invalid", Tls, Some(Certificate), WrongName),
    ("hostname mismatch", Tls, Some(Certificate), WrongName),
    ("doesn't match host", Tls, Some(Certificate), WrongName),
    ("doesn't match any of the subject alternative names", Tls, Some(Certificate), WrongName),
    ("no subject alternative", Tls, Some(Certificate), WrongName),
    ("no name matching", Tls, Some(Certificate), WrongName),
    ("remotecertificatenamemismatch", Tls, Some(Certificate), WrongName),
    ("ssl_error_bad_cert_domain", Tls, Some(Certificate), WrongName),
    ("no alternative certificate subject name matches", Tls, Some(Certificate), WrongName),
    ("certificate name mismatch", Tls, Some(Certificate), WrongName),
    ("certificate is valid for", Tls, Some(Certificate), WrongName),
    ("doesn't contain any ip sans", Tls, Some(Certificate), WrongName),
    ("notvalidforname", Tls, Some(Certificate), WrongName),
    ("owner does not match hostname", Tls, Some(Certificate), WrongName),
    ("does not match the server certificate", Tls, Some(Certificate), WrongName),
    ("does not match target host name", Tls, Some(Certificate), WrongName),
    ("sec_e_wrong_principal", Tls, Some(Certificate), WrongName),
    ("0x80090322", Tls, Some(Certificate), WrongName),
    ("err_cert_common_name_invalid", Tls, Some(Certificate), WrongName),
    ("did not match expected cn", Tls, Some(Certificate), WrongName),
    ("self-signed certificate", Tls, Some(Certificate), SelfSigned),
    ("self signed certificate", Tls, Some(Certificate), SelfSigned),
    ("depth_zero_self_signed_cert", Tls, Some(Certificate), SelfSigned),
    ("unable to verify the first certificate", Tls, Some(Certificate), MissingIntermediate),
    ("unable_to_verify_leaf_signature", Tls, Some(Certificate), MissingIntermediate),
    ("unable to get issuer certificate", Tls, Some(Certificate), MissingIntermediate),
    ("unable_to_get_issuer_cert", Tls, Some(Certificate), MissingIntermediate),
    ("num=21", Tls, Some(Certificate), MissingIntermediate),
    ("unable to get local issuer certificate", Tls, Some(Certificate), UnknownIssuer),
    ("unable_to_get_issuer_cert_locally", Tls, Some(Certificate), UnknownIssuer),
    ("pkix path building failed", Tls, Some(Certificate), UnknownIssuer),
    ("pkix path validation failed", Tls, Some(Certificate), UnknownIssuer),
    ("unable to find valid certification path", Tls, Some(Certificate), UnknownIssuer),
    ("signed by unknown authority", Tls, Some(Certificate), UnknownIssuer),
    ("invalid peer certificate", Tls, Some(Certificate), UnknownIssuer),
    ("x509:", Tls, Some(Certificate), UnknownIssuer),
    ("certificate: unknownissuer", Tls, Some(Certificate), UnknownIssuer),
    ("certificate issuer is unknown", Tls, Some(Certificate), UnknownIssuer),
    ("hasn't got a known issuer", Tls, Some(Certificate), UnknownIssuer),
    ("untrusted issuer", Tls, Some(Certificate), UnknownIssuer),
    ("certificate verification failed", Tls, Some(Certificate), UnknownIssuer),
    ("issued by an authority that is not trusted", Tls, Some(Certificate), UnknownIssuer),
    ("sec_e_untrusted_root", Tls, Some(Certificate), UnknownIssuer),
    ("0x80090325", Tls, Some(Certificate), UnknownIssuer),
    ("sec_error_unknown_issuer", Tls, Some(Certificate), UnknownIssuer),
    ("err_cert_authority_invalid", Tls, Some(Certificate), UnknownIssuer),
    ("root certificate which is not trusted", Tls, Some(Certificate), UnknownIssuer),
    ("remotecertificatechainerrors", Tls, Some(Certificate), UnknownIssuer),
    ("untrustedroot", Tls, Some(Certificate), UnknownIssuer),
    ("partialchain", Tls, Some(Certificate), UnknownIssuer),
    ("remote certificate is invalid", Tls, Some(Certificate), UnknownIssuer),
    ("unknown ca", Tls, Some(Certificate), UnknownIssuer),
    ("certificate_unknown", Tls, Some(Certificate), UnknownIssuer),
    ("trust anchor for certification path not found", Tls, Some(Certificate), UnknownIssuer),
    ("certificate verify failed", Tls, Some(Certificate), UnknownIssuer),
    ("could not establish trust relationship", Tls, Some(Certificate), UnknownIssuer),
    ("certificate signature failure", Tls, Some(Certificate), BadCertificate),
    ("tlsv1 alert", Tls, Some(Handshake), Alert),
    ("sslv3 alert", Tls, Some(Handshake), Alert),
    ("ssl/tls alert", Tls, Some(Handshake), Alert),
    ("received fatal alert", Tls, Some(Handshake), Alert),
    ("remote error: tls", Tls, Some(Handshake), Alert),
    ("could not generate dh keypair", Tls, Some(Handshake), Alert),
    ("sec_e_illegal_message", Tls, Some(Handshake), Alert),
    ("0x80090326", Tls, Some(Handshake), Alert),
    ("could not create ssl/tls secure channel", Tls, Some(Handshake), Alert),
    ("alert: handshakefailure", Tls, Some(Handshake), Alert),
    ("handshake failure", Tls, Some(Handshake), Alert),
    ("non-properly terminated", Tls, Some(Handshake), Reset),
    ("packet with unexpected length was received", Tls, Some(Handshake), Reset),
    ("failed to receive handshake", Tls, Some(Handshake), Reset),
    ("alert protocol version", Tls, Some(Handshake), OldVersion),
    ("alert handshake failure", Tls, Some(Handshake), Alert),
    ("handshake_failure", Tls, Some(Handshake), Alert),
    ("handshake failed", Tls, Some(Handshake), Alert),
    ("unsupported protocol", Tls, Some(Handshake), OldVersion),
    ("received fatal alert: protocol_version", Tls, Some(Handshake), OldVersion),
];

/// How a server says which sign-ins it offers (RFC 9051, section 6.1.1; RFC 5034, section 3; RFC 4954, section 3).
const OFFERS: &[Idiom] = &[
    ("* capability imap4", Imap, Some(Capabilities), NotOffered),
    ("sasl plain", Pop3, Some(Capabilities), NotOffered),
    ("sasl login", Pop3, Some(Capabilities), NotOffered),
    ("250-auth ", Smtp, Some(Ehlo), NotOffered),
    ("250 auth ", Smtp, Some(Ehlo), NotOffered),
];

/// All phrases, with those of more than one word that say something at large only.
pub fn phrases() -> impl Iterator<Item = &'static str> {
    IDIOMS.iter().chain(OFFERS).map(|(phrase, ..)| *phrase).chain(super::hear::phrases_at_large())
}

/// What a text says in these phrases, what stands last first.
#[must_use]
pub fn hear(words: &str) -> Vec<Heard> {
    let mut found: Vec<(usize, usize, &Idiom)> = IDIOMS
        .iter()
        .filter_map(|idiom| last(words, idiom.0).map(|at| (at + idiom.0.len(), idiom.0.len(), idiom)))
        .collect();
    if found.is_empty() {
        found.extend(lacking(words));
    }
    found.sort_by_key(|(end, length, _)| std::cmp::Reverse((*end, *length)));
    let heard = found.into_iter().map(|(_, _, (_, protocol, stage, kind))| Heard {
        protocol: Some(*protocol),
        stage: *stage,
        kind: Some(*kind),
        words: words.to_owned(),
        ..Heard::default()
    });
    heard.collect()
}

/// An offer of sign-ins among which XOAUTH2 is missing.
fn lacking(words: &str) -> Option<(usize, usize, &'static Idiom)> {
    let (at, idiom) =
        OFFERS.iter().filter_map(|idiom| Some((words.rfind(idiom.0)?, idiom))).max_by_key(|(at, _)| *at)?;
    let offers = &words[at..];
    let names_any = *idiom != OFFERS[0] || offers.contains("auth=");
    (names_any && !offers.contains("xoauth2")).then_some((at + idiom.0.len(), idiom.0.len(), idiom))
}

/// Where a phrase stands last, not as the tail of a longer word, nor as the head of a longer number.
fn last(words: &str, phrase: &str) -> Option<usize> {
    let is_number = phrase.ends_with(|c: char| c.is_ascii_digit());
    let stands_alone = |at: &usize| {
        let tail = phrase.starts_with(char::is_alphanumeric) && words[..*at].ends_with(char::is_alphanumeric);
        let head = is_number && words[at + phrase.len()..].starts_with(|c: char| c.is_ascii_digit());
        !tail && !head
    };
    words.rmatch_indices(phrase).map(|(at, _)| at).find(stands_alone)
}

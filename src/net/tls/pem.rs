//! Certificates and keys in files, in the forms in which systems write them.
//!
//! In: the bytes of a file. Out: the blocks of PEM (RFC 7468), or certificates in DER. PEM is read with a byte order mark, in
//! UTF-16, indented, quoted, with escaped line ends and in one line; under the older labels that RFC 7468, section 5.1,
//! names, and under OpenSSL's `TRUSTED CERTIFICATE`, where uses follow the certificate. A PKCS#7 file (RFC 5652, section
//! 5.1), as Windows exports it, gives the certificates in it. Nothing is verified. Pure.

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use x509_parser::der_parser::asn1_rs::{Any, Class, FromDer as _, Tag};

use crate::table::decode;

/// No file with certificates holds more.
const MOST_BLOCKS: usize = 10_000;
/// No label is longer.
const LONGEST_LABEL: usize = 64;
const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
/// The labels of PKCS#7: that of RFC 7468, and those of Windows and OpenSSL.
const PKCS7: &[&str] = &["PKCS7", "CMS", "PKCS #7 SIGNED DATA"];
/// The labels of a certificate (RFC 7468, section 5.1).
const CERTIFICATE: &[&str] = &["CERTIFICATE", "X509 CERTIFICATE", "X.509 CERTIFICATE"];
/// OpenSSL's label for a certificate with what it may be used for.
const TRUSTED: &str = "TRUSTED CERTIFICATE";
/// The first byte of DER: every form here is a SEQUENCE.
const SEQUENCE: u8 = 0x30;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// One block of a PEM file. It may hold a private key, so it cannot be printed.
pub struct Block<'t> {
    /// What it says that it is, such as `CERTIFICATE`.
    pub label: &'t str,
    /// Its content, or what is wrong with it.
    pub content: Result<Vec<u8>, Flaw>,
}

/// What is wrong with a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It has no end.
    #[error("is cut: its END line is missing; copy the whole file")]
    Cut,
    /// It has a letter that is not Base-64.
    #[error("is not Base-64; copy it again, from BEGIN to END")]
    NotBase64,
}

/// Why no certificate could be read, and what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCertificate {
    /// There is none.
    #[error("holds no certificate; give certificates as PEM (Base-64), DER or PKCS#7")]
    None,
    /// A private key is all that there is.
    #[error("holds a private key and no certificate; give the file of the certificate")]
    OnlyKey,
    /// The certificate of this number, from 1, cannot be read.
    #[error("certificate {0} {1}")]
    Flawed(usize, Flaw),
}

/// The blocks of a text.
pub fn blocks(text: &str) -> impl Iterator<Item = Block<'_>> {
    text.match_indices(BEGIN).take(MOST_BLOCKS).filter_map(|(begin, _)| {
        let rest = &text[begin + BEGIN.len()..];
        let label = &rest[..rest.find(DASHES).filter(|length| *length <= LONGEST_LABEL)?];
        let body = &rest[label.len() + DASHES.len()..];
        let body = &body[..body.find(BEGIN).unwrap_or(body.len())]; // the end of another block is not that of this one
        let end = body.find(&format!("{DASHES}END {label}{DASHES}")).ok_or(Flaw::Cut);
        let content = end.and_then(|end| BASE64.decode(letters(&body[..end])).map_err(|_| Flaw::NotBase64));
        Some(Block { label, content })
    })
}

/// The letters of a body: without line ends, escaped ones too, what quotes a line, and the header lines of old keys
/// (RFC 1421, section 4.4).
fn letters(body: &str) -> String {
    let body = body.replace("\\r", "").replace("\\n", "\n");
    let lines = body.lines().filter(|line| !line.contains(':'));
    lines.flat_map(str::chars).filter(|letter| !letter.is_whitespace() && !">|\"',".contains(*letter)).collect()
}

/// The certificates of a file, in DER.
///
/// # Errors
/// When there is none, or one of them cannot be read.
pub fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, NoCertificate> {
    let mut found = Vec::new();
    if bytes.first() == Some(&SEQUENCE) {
        found = of_der(bytes);
    } else {
        let text = decode(bytes).ok_or(NoCertificate::None)?;
        let (mut has_key, mut number) = (false, 0);
        for Block { label, content } in blocks(&text) {
            let (is_pkcs7, is_certificate) = (PKCS7.contains(&label), CERTIFICATE.contains(&label) || label == TRUSTED);
            has_key |= label.ends_with("PRIVATE KEY");
            if !is_pkcs7 && !is_certificate {
                continue;
            }
            number += 1;
            let der = content.map_err(|flaw| NoCertificate::Flawed(number, flaw))?;
            if is_pkcs7 {
                found.extend(of_der(&der));
            } else {
                found.extend(first(&der).map(<[u8]>::to_vec));
            }
        }
        if found.is_empty() && has_key {
            return Err(NoCertificate::OnlyKey);
        }
    }
    if found.is_empty() { Err(NoCertificate::None) } else { Ok(found) }
}

/// A certificate, or those of a PKCS#7 file.
fn of_der(bytes: &[u8]) -> Vec<Vec<u8>> {
    let own = |bytes: &[u8]| first(bytes).map(<[u8]>::to_vec).into_iter().collect();
    of_pkcs7(bytes).unwrap_or_else(|| own(bytes))
}

/// The certificates of signed data: `ContentInfo` holds its type and, as `[0]`, `SignedData`; there the certificates are the
/// field `[0]`. None where it is something else.
fn of_pkcs7(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (_, content_info) = Any::from_der(bytes).ok()?;
    let content = parts(content_info.data);
    let [(kind, _), (signed, _)] = content.as_slice() else { return None };
    if kind.header.tag() != Tag::Oid || signed.header.class() != Class::ContextSpecific {
        return None;
    }
    let (_, signed_data) = Any::from_der(signed.data).ok()?;
    let fields = parts(signed_data.data);
    let is_list = |field: &Any<'_>| field.header.class() == Class::ContextSpecific && field.header.tag() == Tag(0);
    let (list, _) = fields.into_iter().find(|(field, _)| is_list(field))?;
    let is_certificate = |one: &(Any<'_>, &[u8])| one.0.header.tag() == Tag::Sequence;
    Some(parts(list.data).into_iter().filter(is_certificate).map(|(_, whole)| whole.to_vec()).collect())
}

/// The values of DER one after the other, each with its own bytes.
fn parts(mut bytes: &[u8]) -> Vec<(Any<'_>, &[u8])> {
    let mut parts = Vec::new();
    while let (false, Ok((rest, any))) = (bytes.is_empty() || parts.len() > MOST_BLOCKS, Any::from_der(bytes)) {
        parts.push((any, &bytes[..bytes.len() - rest.len()]));
        bytes = rest;
    }
    parts
}

/// The bytes of the first value, without what follows it.
fn first(bytes: &[u8]) -> Option<&[u8]> {
    let (rest, _) = Any::from_der(bytes).ok()?;
    Some(&bytes[..bytes.len() - rest.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(name: &str) -> (String, Vec<u8>) {
        let key = rcgen::KeyPair::generate().expect("a key");
        let made =
            rcgen::CertificateParams::new([name.to_owned()]).expect("a name").self_signed(&key).expect("a certificate");
        (made.pem(), made.der().to_vec())
    }

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("short").to_be_bytes();
        [&[tag, 0x82, length[0], length[1]], content].concat()
    }

    /// RFC 5652, sections 3 and 5.1, with no signer, as `openssl crl2pkcs7` and Windows write lists of certificates.
    fn pkcs7(certificates: &[&[u8]]) -> Vec<u8> {
        const SIGNED: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
        const DATA: [u8; 13] = [0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
        let fields = [&[2, 1, 1, 0x31, 0][..], &DATA, &tlv(0xa0, &certificates.concat()), &[0x31, 0]].concat();
        tlv(0x30, &[&SIGNED[..], &tlv(0xa0, &tlv(0x30, &fields))].concat())
    }

    #[test]
    fn every_form_gives_the_same_certificates() {
        let ((one_pem, one), (two_pem, two)) = (certificate("a.test"), certificate("b.test"));
        let both = format!("Bag Attributes\n    friendlyName: x\n{one_pem}{two_pem}");
        let utf16 = |text: &str| [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
        let labelled = |label: &str| both.replace("CERTIFICATE", label).into_bytes();
        let armored = |label: &str, der: &[u8]| {
            format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64.encode(der))
        };
        let expected = vec![one.clone(), two.clone()];
        for (form, bytes) in [
            ("plain", both.clone().into_bytes()),
            ("line ends of Windows", both.replace('\n', "\r\n").into_bytes()),
            ("byte order mark", [b"\xef\xbb\xbf", both.as_bytes()].concat()),
            ("UTF-16", utf16(&both)),
            ("indented", both.replace('\n', "\n      ").into_bytes()),
            ("quoted", both.replace('\n', "\n> ").into_bytes()),
            ("one line", both.replace('\n', "").into_bytes()),
            ("JSON", both.replace('\n', "\\n").into_bytes()),
            ("older label", labelled("X509 CERTIFICATE")),
            ("PKCS#7", armored("PKCS7", &pkcs7(&[&one, &two])).into_bytes()),
            ("PKCS#7 in DER", pkcs7(&[&one, &two])),
            (
                "OpenSSL's",
                [&one, &two].map(|der| armored(TRUSTED, &[&der[..], &[0x30, 0]].concat())).concat().into_bytes(),
            ),
        ] {
            assert!(certificates(&bytes) == Ok(expected.clone()), "{form}");
        }
        assert_eq!(certificates(&one), Ok(vec![one.clone()]), "DER");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_number() {
        let (pem, _) = certificate("a.test");
        let key = rcgen::KeyPair::generate().expect("a key").serialize_pem();
        let cut = format!("{pem}{}", &pem[..pem.len() / 2]);
        assert_eq!(certificates(cut.as_bytes()), Err(NoCertificate::Flawed(2, Flaw::Cut)));
        let cut_first = format!("{}\n{key}{pem}", &pem[..pem.len() / 2]);
        assert_eq!(certificates(cut_first.as_bytes()), Err(NoCertificate::Flawed(1, Flaw::Cut)));
        let beside = format!("{key}-----BEGIN X-----\n{pem}");
        assert_eq!(certificates(beside.as_bytes()).map(|found| found.len()), Ok(1), "a cut block of something else");
        assert_eq!(certificates(pem.replacen('M', "é", 1).as_bytes()), Err(NoCertificate::Flawed(1, Flaw::NotBase64)));
        assert_eq!(certificates(key.as_bytes()), Err(NoCertificate::OnlyKey));
        for nothing in [&b""[..], b"hello", b"-----BEGIN ", b"0", &[0x30, 0x82, 0xff, 0xff, 1]] {
            assert_eq!(certificates(nothing), Err(NoCertificate::None), "{nothing:?}");
        }
    }
}

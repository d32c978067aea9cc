//! The outside of a PKCS12 file (RFC 7292, section 4): whether its content is encrypted, and how many rounds it takes to
//! open it. Nothing is decrypted here; that is a library's work, which must not be asked for rounds without end.

/// `encryptedData` (RFC 2315, section 14): 1.2.840.113549.1.7.6.
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// `id-PBKDF2` (RFC 8018, appendix A.2): 1.2.840.113549.1.5.12.
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// `pkcs-12PbeIds` (RFC 7292, appendix C): 1.2.840.113549.1.12.1, to which one number is added.
const PKCS12_PBE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01];
/// No honest file is deeper.
const DEEPEST: usize = 24;

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;

/// What is known of a file from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// True when some of its content is encrypted as a whole, certificates among it.
    pub encrypted: bool,
    /// The most rounds that any key derivation of it asks for.
    pub rounds: u64,
}

/// Reads the outside of a file; none when it is no PKCS12 file.
pub(super) fn parts(bytes: &[u8]) -> Option<Parts> {
    let (SEQUENCE, pfx, _) = value(bytes)? else { return None };
    let (INTEGER, [3], rest) = value(pfx)? else { return None };
    let (SEQUENCE, _, mac) = value(rest)? else { return None };
    let mut parts = Parts::default();
    walk(rest, DEEPEST, &mut parts);
    if let Some((SEQUENCE, mac, _)) = value(mac) {
        parts.rounds = parts.rounds.max(last_number(mac).unwrap_or(1));
    }
    Some(parts)
}

/// Looks into everything that holds values, also where it stands as octets.
fn walk(mut bytes: &[u8], depth: usize, parts: &mut Parts) {
    if depth == 0 {
        return;
    }
    while let Some((tag, content, rest)) = value(bytes) {
        if tag == OID {
            parts.encrypted |= content == ENCRYPTED_DATA;
            let derives = content == PBKDF2 || content.strip_prefix(PKCS12_PBE).is_some_and(|last| last.len() == 1);
            if let Some((SEQUENCE, parameters, _)) = value(rest).filter(|_| derives) {
                parts.rounds = parts.rounds.max(first_number(parameters).unwrap_or(0));
            }
        }
        if tag & CONSTRUCTED != 0 || (tag == OCTETS && value(content).is_some_and(|(tag, ..)| tag == SEQUENCE)) {
            walk(content, depth - 1, parts);
        }
        bytes = rest;
    }
}

/// The first number in a sequence: behind the salt, the rounds.
fn first_number(mut bytes: &[u8]) -> Option<u64> {
    loop {
        let (tag, content, rest) = value(bytes)?;
        if tag == INTEGER {
            return Some(number(content));
        }
        bytes = rest;
    }
}

/// The last value of `MacData`, where it is a number.
fn last_number(mut bytes: &[u8]) -> Option<u64> {
    let mut last = None;
    while let Some((tag, content, rest)) = value(bytes) {
        last = (tag == INTEGER).then(|| number(content));
        bytes = rest;
    }
    last
}

fn number(content: &[u8]) -> u64 {
    if content.len() > 8 { u64::MAX } else { content.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)) }
}

/// Tag, content and what follows, in definite lengths (X.690, section 8.1).
fn value(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

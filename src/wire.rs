//! The mail protocols without sockets: bytes in, replies out. Nothing here waits, dials or judges.
//!
//! A decoder is given all bytes that have come so far and that no reply took. It says which reply stands at their
//! beginning and how many bytes it takes, or that more must come, or that these bytes can never become one. How the
//! bytes were cut into packets makes no difference.

pub mod exchange;
pub mod imap;
pub mod line;
pub mod pop3;
pub mod smtp;
pub mod xoauth2;

use crate::evidence::FailureKind;

/// A whole reply and how many bytes it took, or why there is none.
pub type Decoded<T> = Result<(T, usize), NoReply>;

/// Why bytes are no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoReply {
    /// More bytes are needed.
    Incomplete,
    /// These bytes are no reply of this protocol, whatever follows; with their beginning in words.
    Wrong(FailureKind, String),
}

/// What the tests of every decoder need.
#[cfg(test)]
pub(crate) mod proof {
    use std::fmt::Debug;

    use super::*;

    /// Decodes ever longer beginnings: until the answer is known more bytes are asked for, and then nothing changes it.
    pub fn cut_anywhere<T: PartialEq + Debug>(bytes: &[u8], decode: impl Fn(&[u8]) -> Decoded<T>) {
        let whole = decode(bytes);
        let mut known = false;
        for length in 0..=bytes.len() {
            match decode(&bytes[..length]) {
                Err(NoReply::Incomplete) => assert!(!known, "{length} bytes: known before, and now no more"),
                part => {
                    assert_eq!(part, whole, "{length} bytes of {:?}", String::from_utf8_lossy(bytes));
                    known = true;
                }
            }
        }
    }

    /// What a hostile peer may send: bytes that resemble the protocols more often than chance would.
    pub fn hostile() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
        use proptest::prelude::*;
        let piece = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            "[ -~]{0,20}".prop_map(String::into_bytes),
            proptest::sample::select(vec![
                "\r\n",
                "\n",
                "\r",
                "220 ",
                "250-",
                "250 ",
                "535 5.7.3 ",
                "* ",
                "OK ",
                "A1 ",
                "BYE ",
                "{3}\r\n",
                "{99999999999}\r\n",
                "+OK ",
                "-ERR ",
                "[",
                "]",
                ".",
                "+ ",
                "CAPABILITY ",
                "HTTP/",
                "\0",
                "\x1b[2J",
                "é",
                "AUTH=",
                "SIZE ",
            ])
            .prop_map(|text| text.as_bytes().to_vec()),
        ];
        proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
    }

    /// A decoder never takes more than it was given.
    pub fn taken_is_given<T>(decoded: &Decoded<T>, given: &[u8]) -> bool {
        decoded.as_ref().map_or(true, |(_, taken)| *taken > 0 && *taken <= given.len())
    }
}

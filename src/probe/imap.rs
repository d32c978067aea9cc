//! IMAP up to its capabilities.

use super::{Fact, Shape, fact};

/// What an IMAP greeting and capability list can measure.
pub const FACTS: &[Fact] = &[
    fact("imap.greeting", Shape::Text, "greeting"),
    fact("imap.server", Shape::Text, "server named in the greeting"),
    fact("imap.capabilities", Shape::List, "capabilities"),
    fact("imap.mechanisms", Shape::List, "sign-in methods"),
    fact("imap.xoauth2_offered", Shape::Bool, "XOAUTH2 offered"),
    fact("imap.initial_response_offered", Shape::Bool, "SASL-IR offered"),
];

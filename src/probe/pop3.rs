//! POP3 up to its capabilities.

use super::{Fact, Shape, fact};

/// What an POP3 greeting and capability list can measure.
pub const FACTS: &[Fact] = &[
    fact("pop3.greeting", Shape::Text, "greeting"),
    fact("pop3.server", Shape::Text, "server named in the greeting"),
    fact("pop3.capabilities", Shape::List, "capabilities"),
    fact("pop3.mechanisms", Shape::List, "sign-in methods"),
    fact("pop3.xoauth2_offered", Shape::Bool, "XOAUTH2 offered"),
];

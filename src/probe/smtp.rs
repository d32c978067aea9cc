//! SMTP up to its capabilities.

use super::{Fact, Shape, fact};

/// What an SMTP greeting and capability list can measure.
pub const FACTS: &[Fact] = &[
    fact("smtp.greeting", Shape::Text, "greeting"),
    fact("smtp.capabilities_before_tls", Shape::List, "offered before encryption"),
    fact("smtp.starttls_offered", Shape::Bool, "STARTTLS offered"),
    fact("smtp.starttls_accepted", Shape::Bool, "STARTTLS accepted"),
    fact("smtp.capabilities", Shape::List, "offered inside TLS"),
    fact("smtp.mechanisms", Shape::List, "sign-in methods"),
    fact("smtp.xoauth2_offered", Shape::Bool, "XOAUTH2 offered"),
    fact("smtp.size_limit_bytes", Shape::Int, "largest message (bytes)"),
];

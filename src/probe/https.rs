//! HTTP over TLS: does the service answer, is its clock ours, is the discovery document the tenant's own.

use super::{Fact, Shape, fact};

/// What an HTTP answer can measure.
pub const FACTS: &[Fact] = &[
    fact("https.status", Shape::Int, "HTTP status"),
    fact("https.server", Shape::Text, "server"),
    fact("https.location", Shape::Text, "sends on to"),
    fact("https.content_type", Shape::Text, "content type"),
    fact("https.web_page", Shape::Bool, "answered with a web page"),
    fact("https.page_title", Shape::Text, "title of the page"),
    fact("https.date", Shape::Text, "server's clock"),
    fact("https.clock_ahead_ms", Shape::Int, "this host's clock is ahead by (ms)"),
    fact("https.clock_off_by_seconds", Shape::Int, "clocks differ by (s)"),
    fact("https.document_read", Shape::Bool, "discovery document read"),
    fact("https.issuer", Shape::Text, "issuer in the discovery document"),
    fact("https.issuer_matches", Shape::Bool, "issuer is the login host's"),
    fact("https.token_endpoint", Shape::Text, "token endpoint"),
    fact("https.endpoints_match", Shape::Bool, "token and authorize addresses are on the login host"),
];

/// What is asked over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// One GET of this path; any honest answer will do.
    Answer {
        /// The path, beginning with a slash.
        path: String,
    },
    /// The OpenID discovery document of a tenant (OpenID Connect Discovery 1.0, section 4).
    Discovery {
        /// The tenant: a GUID, a domain, or `common`.
        tenant: String,
    },
}

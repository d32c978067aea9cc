//! 0001: HTTP is spoken with hyper, over a connection that we opened ourselves.
//!
//! # Situation
//!
//! A look at an HTTPS service must tell four things apart: the address did not answer, the handshake failed, the
//! certificate is not to be trusted, the service answered something odd. And it must do so for each address of the
//! name. An HTTP client such as reqwest takes a URL, picks an address itself, tries the next one when that fails,
//! follows redirects, honours proxies from the environment, and folds all of the above into one error. That is what an
//! application wants and what a diagnosis must not have.
//!
//! # Decision
//!
//! [`net::dial`](crate::net::dial) opens one connection to one address and port. [`net::tls`](crate::net::tls) makes
//! the handshake with a verifier that takes any chain, never a wrong signature, and hands over what was shown; the
//! chain is judged afterwards, before a byte is sent. [`net::http`](crate::net::http) gives the stream to hyper's
//! HTTP/1.1 connection for one GET.
//!
//! The same connection code carries SMTP, IMAP and POP3: one piece of code opens, encrypts, times and records, whatever is spoken
//! on it.
//!
//! # Consequences
//!
//! - One connection for each address and port, and none beyond. A test traces the system calls of a run and counts
//!   them.
//! - The certificate is seen even when it is refused: a report can name the issuer of an inspecting device.
//! - Redirects and cookies are not there. Reading a page needs neither. A proxy is part of `net`, where all protocols
//!   get it.
//! - A client for an API that is called once the network is known to work (Microsoft Graph) has other needs: paging,
//!   JSON, Retry-After. reqwest does that, on the rustls configuration of `net`.

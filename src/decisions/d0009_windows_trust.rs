//! 0009: on Windows the roots are read from the store and judged here; Windows itself is not asked.
//!
//! # Situation
//!
//! Windows ships with few roots and fetches a further one from Microsoft when one of its own programs first meets a chain
//! that leads to it. A list of the roots in its store can therefore lack one that Windows would trust.
//!
//! # Decision
//!
//! `rustls-native-certs` reads the logical store `ROOT` of the user: it unites the machine's, the enterprise's, that of
//! group policy and that of Microsoft's programme as far as it was fetched. rustls judges the chain by these roots. When
//! none of them vouches, the cause `trust-store-incomplete` says that Windows may be about to fetch the root and how to
//! have it do so; a second run then decides.
//!
//! # What else there was
//!
//! - `rustls-platform-verifier` (0.6.2 was read) calls `CertGetCertificateChain` with
//!   `CERT_CHAIN_REVOCATION_CHECK_END_CERT` and without a flag that keeps it to its cache; neither can be set from
//!   outside. So each new certificate makes Windows connect to its issuer's revocation servers, to addresses that the
//!   certificate itself names (missing intermediates), and to Windows Update, each for up to ten seconds and in the
//!   calling thread. A run would open connections that `plan` has not announced, with addresses that an unknown server
//!   has written; on the closed networks that ECE stands in they end in time-outs that look like a fault of Microsoft's
//!   network. And its answer mixes trust, name, dates and revocation where this program tells them apart.
//! - Calling the same function with `CERT_CHAIN_CACHE_ONLY_URL_RETRIEVAL`: no crate offers it without `unsafe`, which is
//!   forbidden here; and kept to its cache, Windows knows no root that its store does not show.
//! - The list that Windows keeps of all roots of the programme (`AuthRoot` in the registry): it has fingerprints, and the
//!   server that is looked at does not send its root.
//!
//! # Consequences
//!
//! - A server on which nothing of Windows ever met Microsoft's roots is told that a root is missing, with the remedy. For
//!   ECE it makes no difference: its Java has a store of its own, and `tls.java-trust` asks that one.
//! - Revocation is not looked at. Neither does Java, unless it is told to.
//! - Nothing is connected to but what `plan` lists.

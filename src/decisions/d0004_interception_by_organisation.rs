//! 0004: inspection on the way is told by the organisation of the issuer, not by pinned certificates.
//!
//! # Situation
//!
//! An appliance that decrypts TLS signs the certificate anew with an authority of the company. Windows on the ECE
//! server often trusts that authority (group policy), ECE's Java does not, so "the certificate is trusted" is no
//! answer.
//!
//! # Decision
//!
//! `checks/tables/issuers.toml` lists the organisations that issue certificates to the public and to Microsoft. A
//! certificate of a Microsoft endpoint that names an organisation outside the list as its issuer is an inspecting
//! device's. The table is dated and its sources are named.
//!
//! # What else there was
//!
//! - Pinning Microsoft's intermediates or roots: Microsoft rotates intermediates and serves several at once, so pins
//!   give false alarms on a good day, on machines that cannot be updated quickly.
//! - Asking certificate transparency logs: a connection that was not announced, to a place that many sites block.
//! - Comparing with the roots that Mozilla ships: a copy of hundreds of certificates in the binary, and still blind to
//!   a chain that is sent without its root.
//!
//! # Consequences
//!
//! - A company's authority that calls itself by a listed name is not seen. The chain and the fingerprint stand in the
//!   report for whoever doubts.
//! - A public authority that Microsoft begins to use and that is not in the list is reported as inspection until the
//!   table is renewed. A file in `--checks DIR/tables` renews it without a new binary.

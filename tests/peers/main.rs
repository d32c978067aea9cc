//! `ece-check` beside programs that nobody here wrote. They need root, Linux, and the packages that the Makefile installs.
//!
//! - `directory`: Microsoft's Graph client and scim2-tester before the directory half of the lab.
//! - `foreign`: mail servers, resolvers, proxies and TLS peers under the true names, in network namespaces.
//! - `graph`: Prism, scim2-server and scimmy behind `--graph` and `--webex-connect`.
//! - `java`: trust stores made and read by Java's own `keytool`.
//! - `reports`: a browser, Jenkins, Prometheus and Nagios before the reports.
//! - `limits`: the kernel's limit of processes.
//! - `openid`: a certified OpenID provider, a person at a real browser, and a submission server.
//! - `writers`: evidence files that Python, Node and psrpcore write.

#![expect(clippy::disallowed_methods, reason = "tests open what the program reaches, and start the program")]

mod directory;
mod foreign;
mod graph;
mod java;
mod limits;
mod openid;
mod reports;
mod writers;

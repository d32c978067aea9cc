//! Walks the ECE and Office 365 OAuth2 checklist and names the cause of what fails.
pub mod catalogue;
pub mod cli;
pub mod deployment;
pub mod diagnose;
pub mod finding;
pub mod judge;
pub mod lab;
pub mod net;
pub mod oauth;
pub mod plan;
pub mod probe;
pub mod report;
pub mod run;
pub mod secret;
pub mod seen;
pub mod table;
pub mod wire;

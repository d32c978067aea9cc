//! Walks the ECE and Office 365 OAuth2 checklist and names the cause of what fails.
pub mod finding;
pub mod lab;
pub mod net;
pub mod probe;
pub mod seen;
pub mod table;
pub mod wire;

//! Why it is built as it is: one page for each decision that could have gone another way.
//!
//! A decision is not edited when it is overtaken: a new page says so, and the old one names the new one.

pub mod d0001_own_connection;
pub mod d0002_each_address_by_itself;
pub mod d0003_lab_addresses_are_mapped;
pub mod d0004_interception_by_organisation;
pub mod d0005_strict_files;
pub mod d0006_no_fix_in_a_check;
pub mod d0007_dependencies;
pub mod d0008_delivery_over_our_own_sessions;
pub mod d0009_windows_trust;

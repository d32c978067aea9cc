//! How a token is for Graph, and which permissions reading needs.

/// How Graph is named in a token.
pub(in crate::lab) const AUDIENCES: &[&str] = &["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"];

/// All permissions that reading needs: what the token in the site file's variable has.
pub(in crate::lab) const ALL_READING: &[&str] = &[
    "Application.Read.All",
    "AuditLog.Read.All",
    "Directory.Read.All",
    "Policy.Read.All",
    "Synchronization.Read.All",
    "User.Read.All",
];

//! The token of an account: how it is come by, and what stands in it. The token itself goes into the wallet only.

use std::sync::Arc;

use super::{Fact, Shape, World, fact};
use crate::{
    oauth::{Application, Credential},
    seen::{Facts, Observation},
};

/// What a look at a token can measure.
pub const FACTS: &[Fact] = &[
    fact("token.issued", Shape::Bool, "token at hand"),
    fact("token.come_by", Shape::Text, "come by"),
    fact("token.kind", Shape::Text, "kind of token"),
    fact("token.readable", Shape::Bool, "claims can be read"),
    fact("token.version", Shape::Text, "version"),
    fact("token.length_bytes", Shape::Int, "length (bytes)"),
    fact("token.pop3_line_bytes", Shape::Int, "length of the POP3 sign-in line (bytes)"),
    fact("token.audience", Shape::Text, "made out for"),
    fact("token.audience_name", Shape::Text, "that is"),
    fact("token.audience_is_exchange", Shape::Bool, "made out for Exchange Online"),
    fact("token.user", Shape::Text, "signed in as"),
    fact("token.user_expected", Shape::Text, "should be"),
    fact("token.user_matches", Shape::Bool, "the right user signed in"),
    fact("token.tenant", Shape::Text, "tenant"),
    fact("token.tenant_matches", Shape::Bool, "tenant as configured"),
    fact("token.application", Shape::Text, "application"),
    fact("token.application_matches", Shape::Bool, "application as configured"),
    fact("token.object_id", Shape::Text, "object id"),
    fact("token.not_before", Shape::Text, "valid from"),
    fact("token.expires", Shape::Text, "valid until"),
    fact("token.valid_now", Shape::Bool, "valid now"),
    fact("token.minutes_left", Shape::Int, "minutes left"),
    fact("token.lifetime_minutes", Shape::Int, "lifetime (minutes)"),
    fact("token.scopes", Shape::List, "delegated permissions"),
    fact("token.roles", Shape::List, "application permissions"),
    fact("token.smtp_permission", Shape::Bool, "permission for SMTP"),
    fact("token.imap_permission", Shape::Bool, "permission for IMAP"),
    fact("token.pop3_permission", Shape::Bool, "permission for POP3"),
    fact("token.refreshed", Shape::Bool, "refreshed"),
    fact("token.new_refresh_token", Shape::Text, "new refresh token"),
];

/// A look at the token of an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// The account, as ECE has it.
    pub account: String,
    /// How its token is come by.
    pub credential: Credential,
    /// The application in Entra.
    pub application: Application,
    /// The scopes that are asked for, such as `https://outlook.office.com/IMAP.AccessAsUser.All`.
    pub scopes: Vec<String>,
    /// Who should have signed in.
    pub signs_in_as: Option<String>,
}

/// Comes by the token, keeps it in the wallet and tells what stands in it.
pub async fn observe(look: &Look, _earlier: &[Arc<Observation>], _world: &World) -> Observation {
    Observation {
        probe: "token".to_owned(),
        subject: look.account.clone(),
        own: false,
        road: "direct".to_owned(),
        facts: Facts::default(),
        stop: None,
        paths: Vec::new(),
        transcript: Vec::new(),
        steps: Vec::new(),
        duration_ms: 0.0,
    }
}

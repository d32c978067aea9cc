//! `webex.deleted-users`: users that were deleted in Entra ID and that Control Hub still lists.
//!
//! A deleted user can be restored for 30 days; after that, a user with the same address is a new one to Webex
//! (<https://help.webex.com/aumpbz>). Nothing here fails: whether a user should be restored is not for a program to say.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Integration, Question, Reason, SHOWN, count, days_between, new, restorable_until};
use crate::import::{
    facts::webex as facts,
    recognize,
    record::{EntraUser, Record},
    rules::{Evidence, Outcome, Settled, day},
};

const CHECK: &str = "webex.deleted-users";
const DELETED: &str = "the deleted users of Entra ID (Users > Deleted users, as JSON)";
const HUB: &str = "the list of users of Control Hub (Users > Manage users > Export)";

/// With so many days left it is a warning.
const SOON: i64 = 7;

/// A deleted user's name has the object ID in front of it, without dashes.
const OBJECT_ID: usize = 32;

/// The kind of a list of deleted users that Microsoft Graph has given in this run.
pub const ASKED_FOR_DELETED_USERS: &str = "webex-deleted-users";

pub fn settle(evidence: &Evidence<'_>, question: &Question) -> Settled {
    if super::is_absent(Integration::Gallery, evidence, question) {
        return new(CHECK, Outcome::NotApplicable, Reason::OtherIntegration);
    }
    let users = evidence.rows(|record| if let Record::EntraUser(row) = record { Some(row) } else { None });
    let deleted: Vec<_> = users.into_iter().filter(|hit| hit.row.deleted_at.is_some()).collect();
    let hub = evidence.rows(|record| if let Record::ControlHubUser(row) = record { Some(row) } else { None });
    let asked = evidence.complete(ASKED_FOR_DELETED_USERS);
    if (deleted.is_empty() && asked.is_empty()) || hub.is_empty() {
        let empty = evidence.complete(recognize::NO_USERS);
        if deleted.is_empty() && asked.is_empty() && !empty.is_empty() {
            return new(CHECK, Outcome::NeedsInput, Reason::UsersWithoutRows).from(empty);
        }
        let missing = if hub.is_empty() { HUB } else { DELETED };
        return new(CHECK, Outcome::NeedsInput, Reason::NotExported(missing));
    }
    let listed: HashMap<String, bool> =
        hub.iter().map(|hit| (hit.row.user.trim().to_lowercase(), is_active(hit.row.status.as_deref()))).collect();
    let mut still: Vec<(Timestamp, String)> = deleted
        .iter()
        .filter_map(|hit| {
            let at: Timestamp = hit.row.deleted_at.as_deref()?.parse().ok()?;
            let name = names(hit.row).into_iter().find(|name| listed.get(name) == Some(&false))?;
            Some((restorable_until(at), name))
        })
        .filter(|(until, _)| *until > question.now)
        .collect();
    still.sort();
    let files: Vec<usize> =
        deleted.iter().map(|hit| hit.file).chain(asked).chain(hub.first().map(|hit| hit.file)).collect();
    let Some((first, _)) = still.first() else {
        return new(CHECK, Outcome::Pass, Reason::Confirmed).with(facts::DELETED_USERS, 0).from(files);
    };
    let left = days_between(question.now, *first);
    let (outcome, verdict) = if left <= SOON { (Outcome::Warn, "soon") } else { (Outcome::Pass, "later") };
    new(CHECK, outcome, Reason::DeletedUsers(still.len(), day(Some(*first))))
        .with(facts::DELETED_USERS, count(still.len()))
        .with(facts::DELETED_USERS_END, verdict)
        .with(facts::DELETED_USERS_RESTORABLE_UNTIL, day(Some(*first)))
        .with(facts::DELETED_USERS_DAYS_LEFT, left)
        .with(facts::DELETED_USERS_FIRST, still.into_iter().take(SHOWN).map(|(_, name)| name).collect::<Vec<_>>())
        .from(files)
}

/// The names by which Control Hub may know a deleted user.
fn names(user: &EntraUser) -> Vec<String> {
    let name = user.user_principal_name.trim().to_lowercase();
    let has_id = name.len() > OBJECT_ID
        && name.is_char_boundary(OBJECT_ID)
        && name[..OBJECT_ID].bytes().all(|byte| byte.is_ascii_hexdigit());
    let plain = if has_id { name[OBJECT_ID..].to_owned() } else { name };
    std::iter::once(plain).chain(user.mail.as_ref().map(|mail| mail.trim().to_lowercase())).collect()
}

/// A user that Control Hub lists as active has not been deactivated yet, or was created again.
fn is_active(status: Option<&str>) -> bool {
    status.is_some_and(|status| status.trim().eq_ignore_ascii_case("active"))
}

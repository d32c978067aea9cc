//! The causes of a whole run, in the order in which they are to be fixed: what keeps mail from flowing comes first.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap, HashSet},
};

use super::{
    Diagnosis,
    fill::{self, Looks},
    one_text,
};
use crate::{
    catalogue::{Catalogue, Cause, layer::Layer},
    finding::{Certainty, Finding, Remediation, SkipReason, Status},
};

/// Causes that are fixed before others, however many mailboxes those concern: Exchange grants a right only to a service
/// principal that it has.
/// <https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth>
const BEFORE_RIGHTS: [&str; 2] = ["exchange-service-principal-missing", "exchange-service-principal-wrong-object"];

/// The causes that are fixed by granting a right.
const RIGHTS: [&str; 2] = ["no-full-access-to-mailbox", "send-as-denied"];

/// Where a cause stands in the order of fixing.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// Nothing fails by it.
    warns_only: bool,
    /// So many mailboxes and protocols stay down until it is fixed.
    mailboxes: Reverse<usize>,
    /// Only servers of the site itself show it.
    is_of_site: bool,
    layer: Layer,
    certainty: Certainty,
    explains: Reverse<usize>,
}

/// Which words of a cause are used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variant {
    Usual,
    /// A server of the site itself shows it.
    Site,
    /// An application of Webex shows it.
    Webex,
}

impl Variant {
    fn of(cause: &Cause, finding: &Finding, is_own: bool) -> Self {
        if cause.webex.is_some() && finding.check.starts_with("webex.") {
            Self::Webex
        } else if cause.site.is_some() && is_own {
            Self::Site
        } else {
            Self::Usual
        }
    }
}

/// The causes that stand first for some finding, or are certain, ranked by their effect.
pub(super) fn fix_first(
    diagnoses: &[Diagnosis<'_>],
    findings: &[Finding],
    looks: &Looks<'_>,
    catalogue: &Catalogue,
) -> Vec<Remediation> {
    let shown = shown_in(diagnoses);
    let blocked = blocked_by(findings);
    let own = |at: &usize| findings[*at].look.and_then(|look| looks.get(look)).is_some_and(|look| look.own);
    let mut fixes = Vec::new();
    for cause in &catalogue.causes {
        let Some(all) = shown.get(cause.code.as_str()) else { continue };
        // Microsoft's servers, the site's own and the applications of Webex are fixed by different people
        let variant = |at: &usize| Variant::of(cause, &findings[*at], own(at));
        for variant_is in [Variant::Usual, Variant::Site, Variant::Webex] {
            let shown: Vec<_> = all.iter().copied().filter(|(at, _)| variant(at) == variant_is).collect();
            let Some(certainty) = shown.iter().map(|(_, certainty)| *certainty).min() else { continue };
            let places: Vec<usize> = shown.into_iter().map(|(at, _)| at).collect();
            let explains = explained(&places, &blocked);
            let rank = Rank {
                warns_only: explains.iter().all(|at| findings[*at].status == Status::Warn),
                mailboxes: Reverse(mailboxes_down(&explains, findings)),
                is_of_site: places.iter().all(own),
                layer: cause.layer,
                certainty,
                explains: Reverse(explains.len()),
            };
            fixes.push((rank, remediation(cause, certainty, variant_is, &places, explains, findings, looks)));
        }
    }
    fixes.sort_by(|(one, _), (other, _)| one.cmp(other));
    grantee_first(fixes.into_iter().map(|(_, fix)| fix).collect())
}

/// Puts grants of rights behind what must be there to get them, where that is no less sure.
fn grantee_first(mut fixes: Vec<Remediation>) -> Vec<Remediation> {
    for code in BEFORE_RIGHTS {
        let Some(at) = fixes.iter().position(|fix| fix.cause == code) else { continue };
        let rest = fixes.split_off(at + 1);
        let grantee = fixes.pop();
        let sure = grantee.as_ref().map(|fix| fix.certainty);
        let waits = |fix: &Remediation| RIGHTS.contains(&fix.cause.as_str()) && sure <= Some(fix.certainty);
        let (rights, others): (Vec<_>, Vec<_>) = fixes.into_iter().partition(waits);
        fixes = others.into_iter().chain(grantee).chain(rights).chain(rest).collect();
    }
    fixes
}

fn remediation(
    cause: &Cause,
    certainty: Certainty,
    variant: Variant,
    places: &[usize],
    explains: Vec<usize>,
    findings: &[Finding],
    looks: &Looks<'_>,
) -> Remediation {
    let other = match variant {
        Variant::Usual => None,
        Variant::Site => cause.site.as_ref(),
        Variant::Webex => cause.webex.as_ref(),
    };
    let (owner, fix, templates) =
        other.map_or((cause.owner, &cause.fix, &cause.commands), |other| (other.owner, &other.fix, &other.commands));
    let title = other.and_then(|other| other.title.as_ref()).unwrap_or(&cause.title);
    let mut commands = fill::commands(templates, Some(cause), places, findings, looks);
    commands.extend(fill::log_entries(places, findings, looks));
    Remediation {
        cause: cause.code.clone(),
        title: fill::fill_title(title, Some(cause), places, findings, looks),
        certainty,
        owner,
        fix: fill::fill(fix, Some(cause), places, findings, looks),
        command: one_text(&commands),
        commands,
        takes: cause.takes.clone(),
        sources: cause.sources.clone(),
        explains,
    }
}

/// The findings for which a cause stands first, or is certain beside the first, with how sure that is.
fn shown_in<'c>(diagnoses: &[Diagnosis<'c>]) -> HashMap<&'c str, Vec<(usize, Certainty)>> {
    let mut shown: HashMap<&str, Vec<(usize, Certainty)>> = HashMap::new();
    for (at, diagnosis) in diagnoses.iter().enumerate() {
        for (rank, weighed) in diagnosis.standing.iter().enumerate() {
            if rank == 0 || weighed.certainty == Certainty::Certain {
                shown.entry(weighed.cause.code.as_str()).or_default().push((at, weighed.certainty));
            }
        }
    }
    shown
}

/// The findings that each finding blocks.
fn blocked_by(findings: &[Finding]) -> HashMap<usize, Vec<usize>> {
    let mut blocked: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, finding) in findings.iter().enumerate().filter(|(_, one)| one.reason == Some(SkipReason::Blocked)) {
        if let Some(by) = finding.blocked_by {
            blocked.entry(by).or_default().push(at);
        }
    }
    blocked
}

/// The findings that show a cause, and those that they block, in plan order.
fn explained(shown_in: &[usize], blocked: &HashMap<usize, Vec<usize>>) -> Vec<usize> {
    let all: BTreeSet<usize> =
        shown_in.iter().flat_map(|at| blocked.get(at).into_iter().flatten().chain([at])).copied().collect();
    all.into_iter().collect()
}

/// How many pairs of mailbox and protocol fail or are not reached by these findings.
fn mailboxes_down(explains: &[usize], findings: &[Finding]) -> usize {
    let down = explains.iter().map(|at| &findings[*at]).filter(|finding| {
        let is_of_mailbox = finding.account.is_some() && finding.subject.mailbox().is_some();
        is_of_mailbox && finding.status != Status::Warn
    });
    let protocol = |finding: &Finding| finding.check.split('.').next().unwrap_or_default().to_owned();
    down.map(|finding| (finding.subject.as_str(), protocol(finding))).collect::<HashSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{evidence::Subject, finding::Owner};

    #[test]
    fn service_principal_comes_before_the_rights_that_are_granted_to_it() {
        let fix = |cause: &&str| Remediation {
            cause: (*cause).to_owned(),
            title: String::new(),
            certainty: Certainty::Certain,
            owner: Owner::Exchange,
            fix: String::new(),
            command: None,
            commands: Vec::new(),
            takes: String::new(),
            sources: Vec::new(),
            explains: Vec::new(),
        };
        let [principal, access, send, port] = [BEFORE_RIGHTS[0], RIGHTS[0], RIGHTS[1], "port-blocked"];
        for (before, after) in [
            ([port, access, principal, send], [port, principal, access, send]),
            ([send, port, access, principal], [port, principal, send, access]),
            ([principal, port, access, send], [principal, port, access, send]),
        ] {
            let fixes = grantee_first(before.iter().map(fix).collect());
            let order: Vec<&str> = fixes.iter().map(|fix| fix.cause.as_str()).collect();
            assert_eq!(order, after);
        }
    }

    #[test]
    fn mailbox_is_down_once_a_protocol_and_an_account_is_no_mailbox() {
        let of_account = |check: &str, subject: &str, status| Finding {
            account: Some("sales".into()),
            ..Finding::new(check, Subject::of_text(subject), status)
        };
        let mailbox = "sales@example.com";
        let findings = [
            of_account("imap.sign-in", mailbox, Status::Fail),
            of_account("imap.mailbox-opens", mailbox, Status::Skip),
            of_account("smtp.sign-in", mailbox, Status::Fail),
            of_account("pop3.sign-in", mailbox, Status::Warn),
            of_account("token.issued", "sales", Status::Fail),
        ];
        for (explains, down) in [(&[0][..], 1), (&[0, 1], 1), (&[0, 1, 2], 2), (&[3], 0), (&[4], 0)] {
            assert_eq!(mailboxes_down(explains, &findings), down, "{explains:?}");
        }
    }
}

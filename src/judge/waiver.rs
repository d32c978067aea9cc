//! Waivers, applied to findings that have been judged and diagnosed. Pure.
//!
//! A waiver never hides a finding: it keeps all that was seen, its causes and its place. Up to and including the last day
//! its status is `skip` with the reason `waived`; from the day after it counts as what it is, and says that a waiver ended.

use jiff::Timestamp;

use crate::{
    deployment::Waiver,
    finding::{AppliedWaiver, Certainty, Finding, Remediation, SkipReason, Status},
};

/// Applies the waivers that hold at a time, and names those that have ended.
pub fn waive(findings: &mut [Finding], waivers: &[Waiver], at: Timestamp) {
    for finding in findings.iter_mut().filter(|finding| can_be_waived(finding)) {
        let causes = leading(finding);
        let about = |waiver: &&Waiver| waiver.is_about(&finding.check, finding.subject.as_str(), &causes);
        // where several are about it, the one that holds longest counts
        if let Some(waiver) = waivers.iter().filter(about).max_by_key(|waiver| waiver.until) {
            apply(finding, waiver, !waiver.is_in_force(at));
        }
    }
}

/// The causes of which a waiver may accept one. What is confirmed or likely beside it, or before it, stays open; of causes
/// that are only possible the accepted one may be it.
fn leading(finding: &Finding) -> Vec<&str> {
    let best = finding.causes.first().map(|cause| cause.certainty);
    let leading = finding.causes.iter().filter(|cause| Some(cause.certainty) == best);
    let leading: Vec<&str> = leading.map(|cause| cause.cause.as_str()).collect();
    if leading.len() > 1 && best != Some(Certainty::Possible) { Vec::new() } else { leading }
}

fn can_be_waived(finding: &Finding) -> bool {
    matches!(finding.status, Status::Fail | Status::Warn | Status::Error)
}

fn apply(finding: &mut Finding, waiver: &Waiver, ended: bool) {
    finding.waiver = Some(Box::new(AppliedWaiver {
        reason: waiver.reason.clone(),
        by: waiver.by.clone(),
        until: waiver.until.to_string(),
        status: finding.status,
        ended,
        owner: None,
    }));
    if !ended {
        (finding.status, finding.reason) = (Status::Skip, Some(SkipReason::Waived));
    }
}

/// Notes in each waiver who fixes the first cause of its finding: the action itself may be left out.
pub fn owned(findings: &mut [Finding], fixes: &[Remediation]) {
    for finding in findings {
        let first = finding.causes.first().map(|cause| cause.cause.as_str());
        let fix = fixes.iter().find(|fix| Some(fix.cause.as_str()) == first);
        if let (Some(waiver), Some(fix)) = (&mut finding.waiver, fix) {
            waiver.owner = Some(fix.owner);
        }
    }
}

/// True where an action explains nothing but waived findings and what they block: nothing is to be done about it yet.
#[must_use]
pub fn is_waived(fix: &Remediation, findings: &[Finding]) -> bool {
    let explained: Vec<&Finding> = fix.explains.iter().filter_map(|place| findings.get(*place)).collect();
    let waived = |finding: &&Finding| finding.reason == Some(SkipReason::Waived);
    let open = |finding: &&Finding| finding.status != Status::Skip;
    explained.iter().any(waived) && !explained.iter().any(open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        deployment::Deployment,
        evidence::Subject,
        finding::{NamedCause, Owner},
    };

    #[test]
    fn action_waits_only_where_all_that_it_explains_is_waived_or_skipped() {
        let finding = |status, reason| Finding { reason, ..Finding::new("tls.trusted", Subject::Site, status) };
        let findings = [
            finding(Status::Skip, Some(SkipReason::Waived)),
            finding(Status::Skip, Some(SkipReason::Blocked)),
            finding(Status::Fail, None),
        ];
        for (explains, waits) in
            [(&[0][..], true), (&[0, 1], true), (&[1], false), (&[0, 2], false), (&[2], false), (&[], false)]
        {
            let fix = Remediation {
                cause: "cert-expired".to_owned(),
                title: String::new(),
                certainty: Certainty::Certain,
                owner: Owner::Ece,
                fix: String::new(),
                command: None,
                commands: Vec::new(),
                takes: String::new(),
                sources: Vec::new(),
                explains: explains.to_vec(),
            };
            assert_eq!(is_waived(&fix, &findings), waits, "{explains:?}");
        }
    }

    #[test]
    fn accepted_cause_waives_what_it_leads_and_nothing_that_another_cause_leads() {
        use Certainty::{Certain, Likely, Possible};

        let cause = |code: &str, certainty| NamedCause {
            cause: code.to_owned(),
            title: String::new(),
            certainty,
            because: Vec::new(),
            evidence: Vec::new(),
        };
        let waiver = Deployment::parse(
            "a.toml",
            "[[waiver]]\ncheck = \"imap.sign-in\"\ncause = \"imap-disabled-for-mailbox\"\nreason = \"r\"\nby = \"b\"\nuntil = 2027-01-31\n",
        );
        let waivers = waiver.unwrap().waivers;
        for (first, second, is_waived) in [
            (Likely, Possible, false),
            (Possible, Possible, true),
            (Certain, Certain, false),
            (Possible, Certain, true),
        ] {
            let mut causes =
                vec![cause("no-full-access-to-mailbox", first), cause("imap-disabled-for-mailbox", second)];
            causes.sort_by_key(|cause| cause.certainty);
            let finding = Finding { causes, ..Finding::new("imap.sign-in", Subject::Site, Status::Fail) };
            let mut findings = [finding];
            waive(&mut findings, &waivers, "2026-12-01T00:00:00Z".parse().unwrap());
            assert_eq!(findings[0].waiver.is_some(), is_waived, "{first:?}");
        }
    }

    #[test]
    fn only_what_failed_warns_or_was_not_judged_is_waived() {
        for (status, is_waived) in [
            (Status::Fail, true),
            (Status::Warn, true),
            (Status::Error, true),
            (Status::Pass, false),
            (Status::Skip, false),
        ] {
            assert_eq!(can_be_waived(&Finding::new("tls.trusted", Subject::Site, status)), is_waived, "{status:?}");
        }
    }
}

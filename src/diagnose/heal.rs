//! Failures that may pass without anybody doing more: what `--wait` waits for. Pure.
//!
//! Waiting helps against time-outs, replies that say "later" (RFC 5321, section 4.2.1: 4yz; HTTP 429 and 503), throttling,
//! and changes that Exchange Online takes its time to spread. A wrong secret, an unknown tenant or a bad certificate stays
//! what it is.

use crate::{
    evidence::{Failure, FailureKind, Observation, Unit},
    finding::{Finding, Status},
};

/// Causes that pass, or whose fix takes time to be felt.
const PASSING: [&str; 14] = [
    "throttled",
    "concurrent-connections",
    "sender-ip-or-tenant-throttled",
    "sending-limit-exceeded",
    "temporary-server-error",
    "microsoft-service-error",
    "smtp-auth-disabled-mailbox",
    "smtp-auth-disabled-tenant",
    "imap-disabled-for-mailbox",
    "pop-disabled-for-mailbox",
    "no-full-access-to-mailbox",
    "send-as-denied",
    "exchange-service-principal-missing",
    "consent-missing",
];

/// The places of the findings that failed and may still pass.
#[must_use]
pub fn can_heal(findings: &[Finding], looks: &[Observation]) -> Vec<usize> {
    let heals = |finding: &Finding| {
        let passing = finding.causes.first().is_some_and(|cause| PASSING.contains(&cause.cause.as_str()));
        let seen = finding.look.and_then(|look| looks.get(look));
        finding.status == Status::Fail && (passing || seen.is_some_and(says_later))
    };
    (0..findings.len()).filter(|place| heals(&findings[*place])).collect()
}

fn says_later(seen: &Observation) -> bool {
    seen.units().iter().filter_map(Unit::failure).any(is_later)
}

fn is_later(failure: &Failure) -> bool {
    let code = failure.code.unwrap_or_default();
    let is_mail = matches!(failure.protocol, crate::evidence::Protocol::Smtp);
    failure.kind == FailureKind::TimedOut || (is_mail && (400..500).contains(&code)) || [429, 503].contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Protocol, Stage};

    #[test]
    fn later_is_a_time_out_a_4yz_reply_or_throttling() {
        let failure = |protocol, kind, code| Failure { code, ..Failure::new(protocol, Stage::Request, kind, "") };
        for (protocol, kind, code, later) in [
            (Protocol::Tcp, FailureKind::TimedOut, None, true),
            (Protocol::Smtp, FailureKind::Rejected, Some(421), true),
            (Protocol::Smtp, FailureKind::Rejected, Some(535), false),
            (Protocol::Token, FailureKind::Rejected, Some(400), false),
            (Protocol::Token, FailureKind::BadStatus, Some(503), true),
            (Protocol::Tcp, FailureKind::Refused, None, false),
        ] {
            assert_eq!(is_later(&failure(protocol, kind, code)), later, "{kind:?} {code:?}");
        }
    }
}

//! The output of commands that `ece-check` recommends, pasted back: what it settles.
//!
//! In: a text with rows such as `ImapEnabled : False`, as PowerShell's `Format-List` and `Select-Object` print them, or a
//! table of `Format-Table`. Out: the causes that the values prove, and whether values were seen that prove the opposite.
//! Names of the properties: Get-CASMailbox, Get-TransportConfig, Get-AuthenticationPolicy, Test-ApplicationAccessPolicy,
//! Test-ServicePrincipalAuthorization, Test-NetConnection, Get-MgServicePrincipal on learn.microsoft.com; of the registry, the
//! policy that stops Windows from downloading roots.

use super::Channel;
use crate::finding::Certainty;

/// A property in small letters, the value that proves something, the cause, and how sure that is.
const PROPERTIES: &[(&str, &str, &str, Certainty)] = &[
    ("imapenabled", "false", "imap-disabled-for-mailbox", Certainty::Certain),
    ("popenabled", "false", "pop-disabled-for-mailbox", Certainty::Certain),
    ("smtpclientauthenticationdisabled", "true", "smtp-auth-disabled-mailbox", Certainty::Certain),
    ("accesscheckresult", "denied", "application-access-policy", Certainty::Certain),
    ("accountenabled", "false", "account-disabled", Certainty::Certain),
    ("accountdisabled", "true", "account-disabled", Certainty::Certain),
    ("blockcredential", "true", "account-disabled", Certainty::Certain),
    ("islicensed", "false", "no-exchange-licence", Certainty::Certain),
    ("disablerootautoupdate", "1", "trust-store-incomplete", Certainty::Possible),
    ("inscope", "false", "no-full-access-to-mailbox", Certainty::Possible),
    ("tcptestsucceeded", "false", "port-blocked", Certainty::Likely),
    ("allowbasicauthimap", "false", "basic-auth-retired", Certainty::Likely),
    ("allowbasicauthpop", "false", "basic-auth-retired", Certainty::Likely),
    ("allowbasicauthsmtp", "false", "basic-auth-retired", Certainty::Likely),
];

/// The heads of the table of Get-MailboxPermission, in small letters.
const RIGHTS: [&str; 2] = ["identity", "accessrights"];
/// The row that every mailbox has: its own user.
const SELF: &str = "nt authority\\self";

/// Properties that only the organization's configuration has, so that the same name means the whole tenant.
const OF_TENANT: [&str; 4] =
    ["externaldsndefaultlanguage", "maxreceivesize", "externalpostmasteraddress", "get-transportconfig"];

/// What the rows of an answer say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The causes that they prove.
    pub causes: Vec<(&'static str, Certainty)>,
    /// How many rows say that a setting is as it must be.
    pub good: usize,
}

/// Reads the rows of known properties; none where there is no such row.
#[must_use]
pub fn read(text: &str, channel: Option<Channel>) -> Option<Answer> {
    let small = text.to_lowercase();
    let mut answer = Answer::default();
    let mut seen = 0;
    for (name, value) in rows(&small).into_iter().chain(table(&small)).chain(registry(&small)) {
        let Some((_, bad, cause, certainty)) = PROPERTIES.iter().find(|(known, ..)| *known == name) else { continue };
        seen += 1;
        if value == *bad {
            let cause = if is_of_tenant(name, &small) { "smtp-auth-disabled-tenant" } else { cause };
            if !answer.causes.contains(&(cause, *certainty)) && concerns(cause, channel) {
                answer.causes.push((cause, *certainty));
            }
        } else {
            answer.good += 1;
        }
    }
    if grants_self_only(&small) {
        seen += 1;
        answer.causes.push(("no-full-access-to-mailbox", Certainty::Likely));
    }
    if answer.causes.len() > 1 {
        answer.causes.retain(|(cause, _)| *cause != "port-blocked");
    }
    (seen > 0).then_some(answer)
}

/// The properties that a text is searched for.
pub fn searched() -> impl Iterator<Item = &'static str> {
    PROPERTIES.iter().map(|(name, ..)| *name).chain([SELF])
}

/// Whether the table of a mailbox's permissions has no row but that of its own user.
fn grants_self_only(text: &str) -> bool {
    let mut lines =
        text.lines().skip_while(|line| !RIGHTS.iter().all(|head| line.contains(head)) || line.contains('|'));
    let rows: Vec<&str> = lines.by_ref().skip(2).take_while(|line| !line.trim().is_empty()).collect();
    !rows.is_empty() && rows.iter().all(|row| row.contains(SELF))
}

/// Whether a disabled protocol is the one that the person asks about.
fn concerns(cause: &str, channel: Option<Channel>) -> bool {
    match channel {
        Some(Channel::Imap) => !cause.starts_with("pop-") && !cause.starts_with("smtp-"),
        Some(Channel::Pop3) => !cause.starts_with("imap-") && !cause.starts_with("smtp-"),
        Some(Channel::Smtp) => !cause.starts_with("imap-") && !cause.starts_with("pop-"),
        _ => true,
    }
}

fn is_of_tenant(name: &str, text: &str) -> bool {
    name == "smtpclientauthenticationdisabled" && OF_TENANT.iter().any(|sign| text.contains(sign))
}

/// Rows `Name : Value`, the name being one word.
fn rows(text: &str) -> Vec<(&str, &str)> {
    let row = |line: &'_ str| -> Option<(usize, usize)> {
        let colon = line.find(':')?;
        let name = line[..colon].trim();
        (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some((colon, colon + 1))
    };
    text.lines()
        .filter_map(|line| {
            let line = line.trim_start_matches(['>', ' ', '|']);
            let (end, begin) = row(line)?;
            Some((line[..end].trim(), line[begin..].trim().trim_matches(['"', ',', '\''])))
        })
        .collect()
}

/// Rows of a table with a line of hyphens below its heads; only columns of one word each are read.
fn table(text: &str) -> Vec<(&str, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let Some(rule) = lines.iter().position(|line| is_rule(line)).filter(|at| *at > 0) else { return Vec::new() };
    let heads: Vec<&str> = lines[rule - 1].split_whitespace().collect();
    let mut found = Vec::new();
    for line in lines[rule + 1..].iter().take_while(|line| !line.trim().is_empty()) {
        let values: Vec<&str> = line.split_whitespace().collect();
        // a name may have spaces: columns are counted from the right
        for (head, value) in heads.iter().rev().zip(values.iter().rev()) {
            found.push((*head, *value));
        }
    }
    found
}

/// Values as `reg query` prints them: `Name    REG_DWORD    0x1`.
fn registry(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
        [name, "reg_dword", value] => Some((name, value.strip_prefix("0x")?)),
        _ => None,
    })
}

fn is_rule(line: &str) -> bool {
    line.contains("--") && line.bytes().all(|byte| matches!(byte, b'-' | b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn causes(text: &str) -> Vec<&'static str> {
        read(text, None).map(|answer| answer.causes.iter().map(|(cause, _)| *cause).collect()).unwrap_or_default()
    }

    #[test]
    fn lists_and_tables_of_powershell() {
        let list =
            "\nImapEnabled                      : False\nPopEnabled : True\nSmtpClientAuthenticationDisabled : True\n";
        assert_eq!(causes(list), ["imap-disabled-for-mailbox", "smtp-auth-disabled-mailbox"]);
        assert_eq!(read(list, Some(Channel::Imap)).expect("an answer").causes.len(), 1);
        let table =
            "Name        ImapEnabled PopEnabled\n----        ----------- ----------\nSales Team  False       True\n";
        assert_eq!(causes(table), ["imap-disabled-for-mailbox"]);
    }

    #[test]
    fn the_same_name_in_the_tenant_and_in_the_mailbox() {
        assert_eq!(causes("SmtpClientAuthenticationDisabled : True"), ["smtp-auth-disabled-mailbox"]);
        let tenant = "MaxReceiveSize : 36 MB\nSmtpClientAuthenticationDisabled : True";
        assert_eq!(causes(tenant), ["smtp-auth-disabled-tenant"]);
    }

    #[test]
    fn rights_of_applications_and_policies_of_the_registry() {
        let table = "RoleName                GrantedPermissions AllowedResourceScope ScopeType            InScope\n\
            --------                ------------------ -------------------- ---------            -------\n\
            Application SMTP.Send   SMTP.SendAsApp      Sales                CustomRecipientScope False\n";
        assert_eq!(causes(table), ["no-full-access-to-mailbox"]);
        assert!(causes(&table.replace("False", "True")).is_empty());
        assert_eq!(causes("DisableRootAutoUpdate : 1\nPSPath : x"), ["trust-store-incomplete"]);
        assert_eq!(causes("    DisableRootAutoUpdate    REG_DWORD    0x1"), ["trust-store-incomplete"]);
        for fine in ["DisableRootAutoUpdate : 0", "    DisableRootAutoUpdate    REG_DWORD    0x0"] {
            assert_eq!(causes(fine), Vec::<&str>::new());
        }
    }

    #[test]
    fn a_mailbox_that_only_its_own_user_may_open() {
        let table = "Identity User                AccessRights\n-------- ----                ------------\n\
            support  NT AUTHORITY\\SELF   {FullAccess, ReadPermission}\n";
        assert_eq!(causes(table), ["no-full-access-to-mailbox"]);
        let granted = format!("{table}support  ECE                 {{FullAccess}}\n");
        assert!(causes(&granted).is_empty());
    }

    #[test]
    fn good_values_prove_nothing_and_other_rows_are_no_answer() {
        let good = read("ImapEnabled : True\nPopEnabled : True", None).expect("an answer");
        assert_eq!((good.causes.len(), good.good), (0, 2));
        assert_eq!(read("Status : 401\nError : x", None), None);
        assert_eq!(read("SmtpClientAuthenticationDisabled :", None).map(|answer| answer.good), Some(1));
    }
}

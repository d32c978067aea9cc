//! Rows of the Exchange cmdlets, recognized by their properties.
//!
//! In: an [`Object`]. Out: a [`Record`], or nothing when it is of another kind.
//! <https://learn.microsoft.com/powershell/module/exchangepowershell/get-casmailbox> and its neighbors.

use super::{
    cell::{Cell, Object},
    record::{
        CasMailbox, ExchangeServicePrincipal, Mailbox, MailboxPermission, Named, RecipientPermission, Record,
        TransportConfig, Who,
    },
};

/// Reads a row of an Exchange cmdlet.
#[must_use]
pub fn record(object: &Object) -> Option<Record> {
    let has = |name: &str| object.has(name);
    if has("ImapEnabled") || has("PopEnabled") {
        return Some(Record::CasMailbox(cas_mailbox(object)));
    }
    if has("Trustee") && has("AccessRights") {
        return recipient_permission(object).map(Record::RecipientPermission);
    }
    if has("User") && has("AccessRights") {
        return mailbox_permission(object).map(Record::MailboxPermission);
    }
    if has("AllowBasicAuthImap") || has("AllowBasicAuthSmtp") || has("AllowBasicAuthPop") {
        return Some(Record::AuthenticationPolicy(Named { name: object.text(&["Name", "Identity"]) }));
    }
    if has("SmtpClientAuthenticationDisabled") {
        return Some(alone(object));
    }
    if has("RecipientTypeDetails") && (has("PrimarySmtpAddress") || has("UserPrincipalName")) {
        return Some(Record::Mailbox(mailbox(object)));
    }
    if has("AppId") && has("ObjectId") && !has("accountEnabled") && !has("servicePrincipalType") {
        let id = |name: &str| object.text(&[name]).map(|id| id.to_lowercase());
        return Some(Record::ExchangeServicePrincipal(ExchangeServicePrincipal {
            app_id: id("AppId")?,
            object_id: id("ObjectId")?,
            name: object.text(&["DisplayName"]),
        }));
    }
    None
}

/// True for a plan of mailboxes, which looks as a mailbox does. A plan has the name `ExchangeOnline…` with a GUID.
#[must_use]
pub fn is_mailbox_plan(object: &Object) -> bool {
    let asked = object.asked.as_deref().is_some_and(|asked| asked.contains("CASMailboxPlan"));
    let named = object.text(&["Name", "Identity", "DisplayName"]).is_some_and(|name| {
        name.starts_with("ExchangeOnline")
            && (name.len() < 28 || name.split_once('-').is_some_and(|(_, id)| id.len() >= 32))
    });
    let is_cas = object.has("ImapEnabled") || object.has("PopEnabled");
    is_cas && (asked || (named && !object.has("PrimarySmtpAddress")))
}

/// `SmtpClientAuthenticationDisabled` without the other switches is the organization's, unless the row or its command
/// names a mailbox.
fn alone(object: &Object) -> Record {
    let asked = object.asked.as_deref().unwrap_or_default();
    let of_mailbox = object.has("PrimarySmtpAddress") || object.has("EmailAddresses") || asked.contains("CASMailbox");
    if of_mailbox {
        return Record::CasMailbox(cas_mailbox(object));
    }
    Record::TransportConfig(TransportConfig {
        smtp_auth_disabled: object.switch(&["SmtpClientAuthenticationDisabled"]),
    })
}

fn cas_mailbox(object: &Object) -> CasMailbox {
    CasMailbox {
        who: who(object),
        imap: object.switch(&["ImapEnabled"]),
        pop: object.switch(&["PopEnabled"]),
        smtp_auth_disabled: object.switch(&["SmtpClientAuthenticationDisabled"]),
    }
}

fn mailbox(object: &Object) -> Mailbox {
    let forwards = object.text(&["ForwardingSmtpAddress", "ForwardingAddress"]);
    Mailbox {
        who: who(object),
        user_principal_name: object.text(&["UserPrincipalName"]).map(|name| name.to_lowercase()),
        recipient_type: object.text(&["RecipientTypeDetails"]),
        plan: object.text(&["MailboxPlan"]).map(|plan| plan.split('-').next().unwrap_or_default().to_owned()),
        sku_assigned: object.switch(&["SKUAssigned"]),
        account_disabled: object.switch(&["AccountDisabled"]),
        forwards_to: forwards.map(|to| without_prefix(&to)),
        keeps_copy: object.switch(&["DeliverToMailboxAndForward"]),
    }
}

fn mailbox_permission(object: &Object) -> Option<MailboxPermission> {
    Some(MailboxPermission {
        who: who(object),
        user: object.text(&["User"]).or_else(|| nested_name(object, "User"))?,
        rights: object.texts(&["AccessRights"]),
        deny: object.switch(&["Deny"]),
        inherited: object.switch(&["IsInherited"]),
    })
}

fn recipient_permission(object: &Object) -> Option<RecipientPermission> {
    Some(RecipientPermission {
        who: who(object),
        trustee: object.text(&["Trustee"]).or_else(|| nested_name(object, "Trustee"))?,
        rights: object.texts(&["AccessRights"]),
        control: object.text(&["AccessControlType"]),
        inherited: object.switch(&["IsInherited"]),
    })
}

/// The name of a value that the cmdlet gives as an object, as `Get-MailboxPermission` does in a remote session.
fn nested_name(object: &Object, field: &str) -> Option<String> {
    object.object(field)?.text(&["RawIdentity", "Name", "DisplayName", "SecurityIdentifier"])
}

/// Whose row it is: the column that the printed block adds, addresses, names, or whom the command named.
fn who(object: &Object) -> Who {
    let mut who =
        Who { object_id: object.text(&["ExternalDirectoryObjectId"]).map(|id| id.to_lowercase()), ..Who::default() };
    let listed = object.texts(&["EmailAddresses"]);
    let columns = ["Mailbox", "PrimarySmtpAddress", "WindowsEmailAddress", "UserPrincipalName"];
    let part = |name: &str| object.object(name)?.text(&["Address"]); // Exchange Server gives an address in parts
    let stated = columns.iter().filter_map(|name| object.text(&[name]).or_else(|| part(name)));
    let called = ["Identity", "Name", "Alias", "DisplayName"].iter().filter_map(|name| object.text(&[name]));
    let all = stated.chain(listed.iter().map(|text| without_prefix(text))).chain(called).chain(object.whom.clone());
    for text in all {
        add(&mut who, &text);
    }
    who
}

fn add(who: &mut Who, text: &str) {
    let lower = text.trim().to_lowercase();
    let list = if lower.contains('@') && !lower.contains(' ') { &mut who.addresses } else { &mut who.names };
    if !lower.is_empty() && !list.contains(&lower) {
        list.push(lower);
    }
}

/// An address without `SMTP:` before it. Entries of other kinds, such as `SIP:` and `X500:`, are no mail addresses.
fn without_prefix(text: &str) -> String {
    let text = text.trim();
    match text.split_once(':') {
        Some((kind, address)) if kind.eq_ignore_ascii_case("smtp") => address.to_owned(),
        Some(_) => String::new(),
        None => text.to_owned(),
    }
}

/// True when a list that decides something was cut by its writer.
#[must_use]
pub fn is_cut(object: &Object) -> bool {
    object.is_cut("AccessRights") || matches!(object.get("EmailAddresses"), Some(Cell::Cut))
}

//! Exchange Online as its cmdlets print it: mailboxes, client access, rights, service principals.
//!
//! In: the tenant. Out: one [`Table`] a cmdlet, with the columns in the order in which PowerShell prints them.

use serde_json::{Value, json};

use super::{people, principal_id, registration_id};
use crate::lab::{
    fault::{Plan, PrincipalObject},
    hosts::{CLIENT_ID, object_of},
    tenant::{APPLICATION, Mailbox, Tenant},
};

/// What one cmdlet returns.
pub(in crate::lab) struct Table {
    /// The .NET type of its rows.
    pub kind: &'static str,
    /// The properties, in order.
    pub columns: &'static [&'static str],
    /// One object a row, with these properties.
    pub rows: Vec<Value>,
}

const SELF: &str = "NT AUTHORITY\\SELF";

/// The mailboxes that Exchange has: a user without a license for it has none.
fn mailboxes(tenant: &Tenant) -> impl Iterator<Item = &Mailbox> {
    tenant.mailboxes.values().filter(|mailbox| mailbox.is_there())
}

/// `Get-CASMailbox`. `SmtpClientAuthenticationDisabled` is empty where the organization decides
/// (<https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-casmailbox>).
pub(in crate::lab) fn client_access(tenant: &Tenant) -> Table {
    let row = |mailbox: &Mailbox| {
        let local = people::local_part(&mailbox.address);
        json!({
            "Name": local, "PrimarySmtpAddress": mailbox.address,
            "EmailAddresses": [format!("SMTP:{}", mailbox.address), format!("smtp:{local}@contoso.onmicrosoft.com")],
            "ImapEnabled": mailbox.imap, "PopEnabled": mailbox.pop,
            "SmtpClientAuthenticationDisabled": mailbox.smtp.map(|is_on| !is_on),
            "ExternalDirectoryObjectId": object_of(&mailbox.address), "Identity": local,
        })
    };
    Table {
        kind: "Microsoft.Exchange.Data.Directory.Management.CASMailbox",
        columns: &[
            "Name",
            "PrimarySmtpAddress",
            "EmailAddresses",
            "ImapEnabled",
            "PopEnabled",
            "SmtpClientAuthenticationDisabled",
            "ExternalDirectoryObjectId",
            "Identity",
        ],
        rows: mailboxes(tenant).map(row).collect(),
    }
}

/// `Get-TransportConfig`.
pub(in crate::lab) fn transport(tenant: &Tenant) -> Table {
    Table {
        kind: "Microsoft.Exchange.Data.Directory.SystemConfiguration.TransportConfigContainer",
        columns: &["Name", "SmtpClientAuthenticationDisabled", "AllowLegacyTLSClients", "MaxSendSize"],
        rows: vec![json!({
            "Name": "Transport Settings", "SmtpClientAuthenticationDisabled": !tenant.smtp_auth,
            "AllowLegacyTLSClients": null, "MaxSendSize": "Unlimited",
        })],
    }
}

/// `Get-Mailbox`.
pub(in crate::lab) fn mailbox(tenant: &Tenant) -> Table {
    let row = |mailbox: &Mailbox| {
        let plan = match mailbox.plan {
            _ if !mailbox.is_user => "ExchangeOnline",
            Plan::Kiosk => "ExchangeOnlineDeskless",
            Plan::Plan1 => "ExchangeOnline",
            Plan::E3 | Plan::SwitchedOff | Plan::None => "ExchangeOnlineEnterprise",
        };
        json!({
            "Name": people::local_part(&mailbox.address), "Identity": people::local_part(&mailbox.address),
            "UserPrincipalName": people::principal_name(mailbox), "PrimarySmtpAddress": mailbox.address,
            "RecipientTypeDetails": if mailbox.is_user { "UserMailbox" } else { "SharedMailbox" },
            "MailboxPlan": format!("{plan}-{}", object_of(plan)), "IsShared": !mailbox.is_user,
            "ForwardingSmtpAddress": null, "DeliverToMailboxAndForward": false,
            "ExternalDirectoryObjectId": object_of(&mailbox.address),
        })
    };
    Table {
        kind: "Microsoft.Exchange.Data.Directory.Management.Mailbox",
        columns: &[
            "Name",
            "Identity",
            "UserPrincipalName",
            "PrimarySmtpAddress",
            "RecipientTypeDetails",
            "MailboxPlan",
            "IsShared",
            "ForwardingSmtpAddress",
            "DeliverToMailboxAndForward",
            "ExternalDirectoryObjectId",
        ],
        rows: mailboxes(tenant).map(row).collect(),
    }
}

/// `Get-MailboxPermission`, with the mailbox's address beside the name that the cmdlet prints.
pub(in crate::lab) fn permissions(tenant: &Tenant) -> Table {
    let row = |mailbox: &Mailbox, user: &str, rights: &[&str], deny: bool| {
        json!({
            "Mailbox": mailbox.address, "Identity": people::local_part(&mailbox.address), "User": trustee(user),
            "AccessRights": rights, "IsInherited": false, "Deny": deny, "InheritanceType": "All",
        })
    };
    let rows = mailboxes(tenant).flat_map(|mailbox| {
        let own = row(mailbox, SELF, &["FullAccess", "ReadPermission"], false);
        let denied = mailbox.deny.iter().map(move |user| row(mailbox, user, &["FullAccess"], true));
        let granted = mailbox.full_access.iter().map(move |user| row(mailbox, user, &["FullAccess"], false));
        [own].into_iter().chain(denied).chain(granted)
    });
    Table {
        kind: "Microsoft.Exchange.Management.RecipientTasks.MailboxAcePresentationObject",
        columns: &["Mailbox", "Identity", "User", "AccessRights", "IsInherited", "Deny", "InheritanceType"],
        rows: rows.collect(),
    }
}

/// `Get-RecipientPermission`, with the mailbox's address beside the name that the cmdlet prints.
pub(in crate::lab) fn send_as(tenant: &Tenant) -> Table {
    let row = |mailbox: &Mailbox, user: &str| {
        json!({
            "Mailbox": mailbox.address, "Identity": people::local_part(&mailbox.address), "Trustee": trustee(user),
            "AccessControlType": "Allow", "AccessRights": ["SendAs"], "IsInherited": false, "InheritanceType": "None",
        })
    };
    let rows = mailboxes(tenant).flat_map(|mailbox| {
        let granted = mailbox.send_as.iter().map(move |user| row(mailbox, user));
        [row(mailbox, SELF)].into_iter().chain(granted)
    });
    Table {
        kind: "Microsoft.Exchange.Management.RecipientTasks.RecipientPermission",
        columns: &[
            "Mailbox",
            "Identity",
            "Trustee",
            "AccessControlType",
            "AccessRights",
            "IsInherited",
            "InheritanceType",
        ],
        rows: rows.collect(),
    }
}

/// The application is shown by the object id of its enterprise application.
fn trustee(name: &str) -> String {
    if name == APPLICATION { principal_id().to_owned() } else { name.to_owned() }
}

/// `Get-ServicePrincipal` of Exchange Online.
pub(in crate::lab) fn service_principals(tenant: &Tenant) -> Table {
    let object = match tenant.application.principal_object {
        PrincipalObject::Enterprise => principal_id().to_owned(),
        PrincipalObject::Registration => registration_id(),
    };
    let row = json!({ "DisplayName": "Cisco ECE", "AppId": CLIENT_ID, "ObjectId": object, "Identity": object });
    Table {
        kind: "Microsoft.Exchange.Management.RecipientTasks.ServicePrincipalPresentationObject",
        columns: &["DisplayName", "AppId", "ObjectId", "Identity"],
        rows: if tenant.application.principal { vec![row] } else { Vec::new() },
    }
}

//! Users and their licenses.
//!
//! In: the mailboxes of the tenant. Out: objects of `/users`, `/users/{id}/licenseDetails` and `/subscribedSkus`. Plan
//! ids are those of
//! <https://learn.microsoft.com/en-us/entra/identity/users/licensing-service-plan-reference>.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{aadsts, date, days, refuses};
use crate::lab::{
    fault::Plan,
    hosts::object_of,
    tenant::{Mailbox, Tenant},
};

/// A product: its id, its part number, its service plans with their ids.
type Product = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const E3: Product = (
    "6fd2c87f-b296-42f0-b197-1e91e994b900",
    "ENTERPRISEPACK",
    &[
        ("efb87545-963c-4e0d-99df-69c6916d9eb0", "EXCHANGE_S_ENTERPRISE"),
        ("5dbe027f-2339-4123-9542-606e4d348a72", "SHAREPOINTENTERPRISE"),
    ],
);
const PLAN1: Product = (
    "4b9405b0-7788-4568-add1-99614e613b69",
    "EXCHANGESTANDARD",
    &[("9aaf7827-d63c-4b61-89c3-182f06f82e5c", "EXCHANGE_S_STANDARD")],
);
const KIOSK: Product = (
    "4b585984-651b-448a-9e53-3b10f069cf7f",
    "DESKLESSPACK",
    &[("4a82b400-a79f-41a4-b4e2-e94f5787b113", "EXCHANGE_S_DESKLESS")],
);
/// What the Exchange plan is called, whatever the product.
const EXCHANGE: &str = "EXCHANGE_S_";

/// All users: those with a mailbox, the disabled accounts behind shared mailboxes, and the one whom only Webex knows.
pub(in crate::lab) fn users(tenant: &Tenant, now: Timestamp) -> Vec<Value> {
    let mut users: Vec<_> = tenant.mailboxes.values().map(|mailbox| user(tenant, mailbox, now)).collect();
    let reception = tenant.webex.reception();
    let mut object = person(&reception.name, &reception.mail, &reception.display_name, now);
    object["accountEnabled"] = true.into();
    users.push(object);
    users
}

fn user(tenant: &Tenant, mailbox: &Mailbox, now: Timestamp) -> Value {
    let local = local_part(&mailbox.address);
    let mut user = person(&principal_name(mailbox), &mailbox.address, &capitalized(local), now);
    user["id"] = object_of(&mailbox.address).into();
    user["accountEnabled"] =
        (mailbox.is_user && !refuses(tenant, aadsts::ACCOUNT_DISABLED, Some(&mailbox.address))).into();
    let licenses = products(mailbox);
    user["assignedLicenses"] = licenses.iter().map(|(id, ..)| json!({ "disabledPlans": [], "skuId": id })).collect();
    user["assignedPlans"] = assigned_plans(mailbox, now);
    user
}

fn person(name: &str, mail: &str, display_name: &str, now: Timestamp) -> Value {
    json!({
        "id": object_of(mail), "userPrincipalName": name, "mail": mail, "displayName": display_name,
        "givenName": display_name, "surname": null, "userType": "Member", "usageLocation": "US", "jobTitle": null,
        "createdDateTime": date(days(now, -300)), "onPremisesSyncEnabled": null,
        "proxyAddresses": [format!("SMTP:{mail}"), format!("smtp:{}@contoso.onmicrosoft.com", local_part(mail))],
        "assignedLicenses": [], "assignedPlans": [],
    })
}

/// The user principal name: of a shared mailbox it is seldom its address.
pub(in crate::lab) fn principal_name(mailbox: &Mailbox) -> String {
    if mailbox.is_user {
        return mailbox.principal_name.as_ref().unwrap_or(&mailbox.address).clone();
    }
    format!("{}@contoso.onmicrosoft.com", local_part(&mailbox.address))
}

/// What is before the @.
pub(in crate::lab) fn local_part(address: &str) -> &str {
    address.split('@').next().unwrap_or_default()
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1.min(word.len()));
    format!("{}{rest}", first.to_ascii_uppercase())
}

/// A shared mailbox needs no license.
fn products(mailbox: &Mailbox) -> Vec<Product> {
    match mailbox.plan {
        _ if !mailbox.is_user => Vec::new(),
        Plan::None => Vec::new(),
        Plan::E3 | Plan::SwitchedOff => vec![E3],
        Plan::Plan1 => vec![PLAN1],
        Plan::Kiosk => vec![KIOSK],
    }
}

fn assigned_plans(mailbox: &Mailbox, now: Timestamp) -> Value {
    let of_product = |(_, _, plans): &Product| plans.to_vec();
    let plans = products(mailbox).iter().flat_map(of_product).collect::<Vec<_>>();
    let plan = |(id, name): &(&str, &str)| {
        let is_exchange = name.starts_with(EXCHANGE);
        let deleted = is_exchange && mailbox.plan == Plan::SwitchedOff;
        json!({
            "assignedDateTime": date(days(now, -200)), "capabilityStatus": if deleted { "Deleted" } else { "Enabled" },
            "service": if is_exchange { "exchange" } else { "SharePoint" }, "servicePlanId": id,
        })
    };
    plans.iter().map(plan).collect()
}

/// The licenses of one user.
pub(in crate::lab) fn license_details(mailbox: &Mailbox) -> Vec<Value> {
    let plan = |(id, name): &(&str, &str)| {
        let is_off = name.starts_with(EXCHANGE) && mailbox.plan == Plan::SwitchedOff;
        json!({
            "servicePlanId": id, "servicePlanName": name, "appliesTo": "User",
            "provisioningStatus": if is_off { "Disabled" } else { "Success" },
        })
    };
    let details = |(id, name, plans): Product| {
        let key = object_of(&format!("{} {name}", mailbox.address));
        json!({
            "id": key, "skuId": id, "skuPartNumber": name, "servicePlans": plans.iter().map(plan).collect::<Vec<_>>(),
        })
    };
    products(mailbox).into_iter().map(details).collect()
}

/// What the organization has bought.
pub(in crate::lab) fn subscribed_skus(tenant: &Tenant) -> Vec<Value> {
    let used = |product: &Product| {
        tenant.mailboxes.values().filter(|mailbox| products(mailbox).iter().any(|one| one.0 == product.0)).count()
    };
    let sku = |product: &Product| {
        let plans = product.2.iter().map(|(id, name)| {
            json!({ "servicePlanId": id, "servicePlanName": name, "appliesTo": "User", "provisioningStatus": "Success" })
        });
        json!({
            "id": format!("{}_{}", crate::lab::hosts::TENANT_ID, product.0), "skuId": product.0,
            "skuPartNumber": product.1, "appliesTo": "User", "capabilityStatus": "Enabled",
            "consumedUnits": used(product), "servicePlans": plans.collect::<Vec<_>>(),
            "prepaidUnits": { "enabled": used(product) + 5, "suspended": 0, "warning": 0, "lockedOut": 0 },
        })
    };
    [E3, PLAN1, KIOSK].iter().filter(|product| used(product) > 0).map(sku).collect()
}

//! The files that colleagues would hand over about this tenant: exports of Exchange, Entra ID and Control Hub.
//!
//! In: the [`Tenant`]. Out: named files, in the containers and encodings that PowerShell 5.1, PowerShell 7, the portal and
//! Graph Explorer write. What they say is what the servers of the same tenant answer from.
//!
//! PowerShell's forms: <https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_character_encoding>.

mod container;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    directory::{self, applications, date, exchange, logs, people, webex},
    tenant::Tenant,
};
use container::{
    clixml, csv, format_list, json_of_powershell_5, json_of_powershell_7, portal_csv, pretty, utf8_with_mark,
};

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceFile {
    /// Its path below the folder, with `/`.
    pub name: String,
    /// Its content, in the encoding of the program that would have written it.
    pub bytes: Vec<u8>,
}

/// All files of this tenant: one of each kind, and below `forms/` the same once more in other containers.
pub(super) fn files(tenant: &Tenant, now: Timestamp) -> Vec<EvidenceFile> {
    let mut files = of_exchange(tenant, now);
    files.extend(of_entra(tenant, now));
    files.extend(of_webex(tenant, now));
    files.into_iter().map(|(name, bytes)| EvidenceFile { name, bytes }).collect()
}

type Named = (String, Vec<u8>);

fn of_exchange(tenant: &Tenant, now: Timestamp) -> Vec<Named> {
    let access = exchange::client_access(tenant);
    let transport = exchange::transport(tenant);
    let (mailbox, rights) = (exchange::mailbox(tenant), exchange::permissions(tenant));
    let (send_as, principals) = (exchange::send_as(tenant), exchange::service_principals(tenant));
    let bundle = json!({
        "made": date(now), "cas": access.rows, "org": transport.rows[0], "box": mailbox.rows, "right": rights.rows,
        "as": send_as.rows, "sp": principals.rows,
    });
    vec![
        ("ece-exchange.json".into(), utf8_with_mark(&pretty(&bundle).replace('\n', "\r\n"))),
        ("forms/casmailbox.ps7.json".into(), json_of_powershell_7(&access)),
        ("forms/casmailbox.ps51.json".into(), json_of_powershell_5(&access)),
        ("forms/casmailbox.csv".into(), csv(&access)),
        ("forms/casmailbox.clixml".into(), clixml(&access)),
        ("forms/casmailbox.format-list.txt".into(), format_list(&access)),
        ("forms/transportconfig.ps7.json".into(), json_of_powershell_7(&transport)),
        ("forms/transportconfig.format-list.txt".into(), format_list(&transport)),
        ("forms/mailbox.ps7.json".into(), json_of_powershell_7(&mailbox)),
        ("forms/mailbox.clixml".into(), clixml(&mailbox)),
        ("forms/mailboxpermission.csv".into(), csv(&rights)),
        ("forms/mailboxpermission.ps7.json".into(), json_of_powershell_7(&rights)),
        ("forms/recipientpermission.csv".into(), csv(&send_as)),
        ("forms/serviceprincipal.ps51.json".into(), json_of_powershell_5(&principals)),
    ]
}

fn of_entra(tenant: &Tenant, now: Timestamp) -> Vec<Named> {
    let mut files = Vec::new();
    if let Some(application) = applications::applications(tenant, now).first() {
        files.push(("application.json".into(), pretty(application).into_bytes()));
        let old = applications::old_manifest(application);
        files.push(("forms/manifest.aad-graph.json".into(), pretty(&old).into_bytes()));
    }
    let principal = directory::principal_id();
    let lists = [
        ("servicePrincipals", "servicePrincipals", applications::service_principals(tenant, now)),
        ("oauth2PermissionGrants", "oauth2PermissionGrants", applications::grants(tenant)),
        ("appRoleAssignments", "appRoleAssignments", applications::role_assignments(tenant, principal, now)),
        ("appRoleAssignedTo", "appRoleAssignments", applications::assigned_to(tenant, principal, now)),
        ("subscribedSkus", "subscribedSkus", people::subscribed_skus(tenant)),
        ("directoryAudits", "auditLogs/directoryAudits", logs::audits(tenant, now)),
        ("tokenLifetimePolicies", "policies/tokenLifetimePolicies", applications::lifetime_policies(tenant)),
        ("deletedServicePrincipals", "servicePrincipals", webex::deleted(&tenant.webex, now)),
        ("users", "users", people::users(tenant, now)),
    ];
    for (name, context, objects) in lists {
        files.push((format!("{name}.json"), reply(context, &objects)));
    }
    for mailbox in tenant.mailboxes.values() {
        let name = people::principal_name(mailbox);
        let context = format!("users('{}')/licenseDetails", name.replace('@', "%40"));
        let file = format!("licenseDetails.{}.json", people::local_part(&mailbox.address));
        files.push((file, reply(&context, &people::license_details(mailbox))));
    }
    // the portal writes the rows without the frame of a reply
    let sign_ins = logs::sign_ins(tenant, now).into_iter().filter(|row| row["isInteractive"] == false);
    files.push(("signIns.json".into(), pretty(&sign_ins.collect()).into_bytes()));
    files.push(("forms/users.csv".into(), portal_csv(USER_COLUMNS, &people::users(tenant, now))));
    files
}

/// The columns of the portal's download of users.
const USER_COLUMNS: &[&str] = &[
    "userPrincipalName",
    "displayName",
    "surname",
    "mail",
    "givenName",
    "id",
    "userType",
    "jobTitle",
    "accountEnabled",
    "usageLocation",
];

fn of_webex(tenant: &Tenant, now: Timestamp) -> Vec<Named> {
    if !tenant.webex.in_site {
        return Vec::new();
    }
    let hub = tenant.webex.hub(tenant.users().map(ToOwned::to_owned)).into_iter().map(|person| {
        json!({
            "First Name": person.display_name, "Last Name": "", "Display Name": person.display_name,
            "User ID/Email (Required)": person.name, "User Status": if person.active { "Active" } else { "Inactive" },
        })
    });
    let columns = ["First Name", "Last Name", "Display Name", "User ID/Email (Required)", "User Status"];
    let integration = webex::id("Cisco Webex Identity Integration");
    let roles = applications::role_assignments(tenant, &integration, now);
    let mut files = vec![
        ("control-hub-users.csv".into(), portal_csv(&columns, &hub.collect::<Vec<_>>())),
        ("appRoleAssignments.webex.json".into(), reply("appRoleAssignments", &roles)),
        ("syncJobs.json".into(), reply("servicePrincipals/synchronization/jobs", &webex::jobs(&tenant.webex, now))),
        ("schema.json".into(), pretty(&webex::schema(&tenant.webex)).into_bytes()),
        ("deletedUsers.json".into(), reply("users", &webex::deleted_users(&tenant.webex, now))),
    ];
    if !tenant.webex.is_authorized() {
        files.push(("debug.txt".into(), debug_block(now).into_bytes()));
    }
    files
}

/// A reply of Graph, as Graph Explorer and `az rest` save it.
fn reply(context: &str, objects: &[Value]) -> Vec<u8> {
    let context = format!("https://graph.microsoft.com/v1.0/$metadata#{context}");
    pretty(&json!({ "@odata.context": context, "value": objects })).into_bytes()
}

/// What *Copy Debug Info* of Control Hub gives (Cisco document 220476).
fn debug_block(now: Timestamp) -> String {
    let org = super::hosts::WEBEX_ORG;
    let tracking = "ATLAS_77777777-8888-4999-8aaa-bbbbbbbbbbbb_12";
    format!(
        "Referrer: Control Hub notification toaster-links \nBrowser URL: https://admin.webex.com/settings \n\
         View Org ID: {org} \nLogged-in User Org ID: {org} \nLogged-in User Clock UTC: {} \nCustomer Type: Enterprise \n\
         \u{20}\nStatus: 401 \nStatus Text: Unauthorized \n\
         URL: https://identity-b-us.webex.com/extIntegration/azureAD/{org}/v1/WebexApplications/status \n\
         Tracking ID: {tracking} \nError: {}\n\n\
         Message: Azure AD integration error. The request was unauthorized. Please sign out and try again. TrackingID: \
         {tracking}\n",
        now.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        pretty(&json!({
            "error": {
                "key": "401",
                "message": [{
                    "code": "701018",
                    "description": "Request unauthorized. client-request-id: 33333333-4444-4555-8666-777777777777",
                }],
            },
            "trackingId": tracking,
        }))
    )
}

//! What a colleague is asked to export: commands to paste, downloads to click, and what each of them settles.
//!
//! In: whom to ask, and the mailboxes and ids of the site. Out: a [`Request`]. Every command only reads, is quoted for
//! PowerShell, and names one target. The block for Exchange writes one file that [`super::parse`] reads back.
//! <https://learn.microsoft.com/powershell/exchange/connect-to-exchange-online-powershell>

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::command::{Shell, Wording};

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colleague {
    /// An Exchange administrator.
    Exchange,
    /// An administrator of Microsoft Entra ID.
    Entra,
    /// An administrator of Webex.
    Webex,
    /// The network team.
    Network,
    /// An administrator of ECE.
    Ece,
}

impl Colleague {
    /// The word of the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Entra => "entra",
            Self::Webex => "webex",
            Self::Network => "network",
            Self::Ece => "ece",
        }
    }
}

/// What is known of the site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// The mailboxes, and everybody who signs in.
    pub mailboxes: Vec<String>,
    /// The application (client) ID.
    pub client_id: Option<String>,
    /// True when the application signs in by itself.
    pub application: bool,
    /// The names and ports that ECE connects to.
    pub endpoints: Vec<(String, u16)>,
    /// The words of its cloud.
    pub wording: Wording,
}

/// What a colleague is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Who is asked.
    pub colleague: Colleague,
    /// The rights that suffice.
    pub rights: &'static str,
    /// What to do, the least effort first.
    pub steps: Vec<Step>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it is.
    pub title: &'static str,
    /// How it is done.
    pub how: How,
    /// What must be installed or signed in to first; empty for a browser.
    pub needs: Cow<'static, str>,
    /// The lines to paste, or the places to click.
    pub lines: Vec<String>,
    /// The file that comes of it; empty where there is none.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub file: &'static str,
    /// The checks that the file settles; none where `run --evidence` does not read it.
    pub settles: &'static [&'static str],
    /// The check that it settles only together with the file of another colleague.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub together: Option<Together>,
}

/// A check that needs the files of two colleagues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Together {
    /// The check.
    pub check: &'static str,
    /// Who has the other file.
    pub with: Colleague,
}

/// How a step is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// Pasted into PowerShell.
    Powershell,
    /// Clicked in a browser.
    Browser,
    /// Configured on, or read from, a firewall or a proxy.
    Device,
}

/// <https://learn.microsoft.com/powershell/exchange/exchange-online-powershell-v2>
const EXCHANGE_MODULE: &str = "the module ExchangeOnlineManagement (Install-Module ExchangeOnlineManagement)";
/// <https://learn.microsoft.com/powershell/microsoftgraph/installation>
const GRAPH_MODULE: &str = "the module Microsoft.Graph (Install-Module Microsoft.Graph)";
/// <https://learn.microsoft.com/cli/azure/authenticate-azure-cli>
const AZURE_CLI: &str = "the Azure CLI, signed in (az login)";

/// What to ask a colleague for.
#[must_use]
pub fn request(colleague: Colleague, site: &Site) -> Request {
    let (rights, mut steps) = match colleague {
        Colleague::Exchange => (
            "The roles View-Only Organization Management or Global Reader suffice; nothing is changed.",
            vec![exchange(site)],
        ),
        Colleague::Entra => (
            "Reading applications needs no role for members of most tenants; the logs need Reports Reader. Nothing is changed.",
            entra(site),
        ),
        Colleague::Webex => (
            "A read-only administrator of Control Hub and a Global Reader of Entra ID suffice, but for the provisioning job; nothing is changed.",
            webex(),
        ),
        Colleague::Network => (
            "The ECE administrator runs the lines for PowerShell on the ECE server, which needs no rights and changes nothing. The rest is for the team that manages firewall and proxy.",
            network(site),
        ),
        Colleague::Ece => ("Read access to the folder of ECE's log files suffices; nothing is changed.", vec![ece()]),
    };
    let text = |text: &str| site.wording.text(text).into_owned();
    for step in &mut steps {
        step.needs = text(&step.needs).into();
        step.lines.iter_mut().for_each(|line| *line = text(line));
    }
    Request { colleague, rights, steps }
}

/// A text as PowerShell takes it literally; one with unseen characters becomes a placeholder.
fn quoted(text: &str) -> String {
    Shell::Exchange.quote(text).unwrap_or_else(|| "'ADDRESS'".to_owned())
}

const EXCHANGE_CHECKS: &[&str] = &[
    "mailbox.smtp-enabled",
    "mailbox.imap-enabled",
    "mailbox.pop-enabled",
    "mailbox.full-access",
    "mailbox.send-as",
    "directory.licence",
];

/// Exchange says which object ID it was given, Entra ID which one is right.
const PRINCIPAL: &str = "mailbox.service-principal";

/// What stands in a request for what is not known of the site.
pub const PLACEHOLDERS: [&str; 3] = [MAILBOX, USER, APPLICATION];
const MAILBOX: &str = "ADDRESS OF THE MAILBOX";
const USER: &str = "ADDRESS-OF-THE-USER";
const APPLICATION: &str = "APPLICATION-ID";

fn exchange(site: &Site) -> Step {
    let mailboxes: Vec<String> = site.mailboxes.iter().map(|address| quoted(address)).collect();
    let listed = if mailboxes.is_empty() { quoted(MAILBOX) } else { mailboxes.join(",") };
    let block = format!(
        r"Connect-ExchangeOnline -ShowBanner:$false
$m = {listed}
$o = @{{ made = (Get-Date).ToUniversalTime().ToString('o')
  cas   = @($m | % {{ Get-CASMailbox -Identity $_ | select PrimarySmtpAddress,EmailAddresses,ImapEnabled,PopEnabled,SmtpClientAuthenticationDisabled }})
  org   = Get-TransportConfig | select SmtpClientAuthenticationDisabled
  box   = @($m | % {{ Get-Mailbox -Identity $_ | select PrimarySmtpAddress,UserPrincipalName,Name,RecipientTypeDetails,MailboxPlan,ExternalDirectoryObjectId }})
  right = @($m | % {{ $b = $_; $p = @{{n='Mailbox';e={{$b}}}}, 'User', 'AccessRights', 'Deny', 'IsInherited'; Get-MailboxPermission -Identity $b | select $p }})
  as    = @($m | % {{ $b = $_; $p = @{{n='Mailbox';e={{$b}}}}, 'Trustee', 'AccessRights', 'AccessControlType'; Get-RecipientPermission -Identity $b | select $p }})
  sp    = @(Get-ServicePrincipal | select DisplayName,AppId,ObjectId) }}
$o | ConvertTo-Json -Depth 5 | Out-File ece-exchange.json -Encoding utf8"
    );
    Step {
        title: "Mailbox settings and permissions, in one file",
        how: How::Powershell,
        needs: EXCHANGE_MODULE.into(),
        lines: block.lines().map(str::to_owned).collect(),
        file: "ece-exchange.json",
        settles: EXCHANGE_CHECKS,
        together: Some(Together { check: PRINCIPAL, with: Colleague::Entra }),
    }
}

/// A command that gets one page of Graph through the Azure CLI, which most administrators have; it needs no consent of its
/// own. On Windows `az` is a batch file: `cmd` reads the arguments again, and Windows PowerShell puts only those with a
/// space in quotes. Parentheses and `&` are for a path with a space
/// (<https://github.com/Azure/azure-cli/blob/dev/doc/quoting-issues-with-powershell.md>).
fn az_get(path: &str) -> String {
    format!("az rest --method get --url {}", quoted(&format!("{GRAPH}/{path}")))
}

/// The same, into a file.
fn az(path: &str, file: &str) -> String {
    format!("{} {}", az_get(path), into(file))
}

fn into(file: &str) -> String {
    format!("| Out-File {file} -Encoding utf8")
}

const GRAPH: &str = "https://graph.microsoft.com/v1.0";

/// The command that gets the licenses of one user.
#[must_use]
pub fn az_licenses(address: &str) -> String {
    az_get(&format!("users/{}/licenseDetails", utf8_percent_encode(address, IN_ADDRESS)))
}

/// Of an address, what neither a URL nor `cmd` takes for anything else stays readable.
const IN_ADDRESS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'@').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Commands that get a list of enterprise applications, and the consent of the one with this ID.
fn consent(list: &str, id: &str, [all, roles, grants]: [&str; 3]) -> Vec<String> {
    let id = quoted(id);
    let of_one = |what: &str, file: &str| {
        format!("az rest --method get --url \"{GRAPH}/servicePrincipals/$id/{what}\" {}", into(file))
    };
    vec![
        az(list, all),
        format!("$id = ((Get-Content {all} -Raw | ConvertFrom-Json).value | Where-Object appId -eq {id}).id"),
        of_one("appRoleAssignments", roles),
        of_one("oauth2PermissionGrants", grants),
    ]
}

fn entra(site: &Site) -> Vec<Step> {
    let id = site.client_id.clone().unwrap_or_else(|| APPLICATION.to_owned());
    let click = |title, lines: &[&str], file, settles| Step {
        title,
        how: How::Browser,
        needs: Cow::Borrowed(""),
        lines: lines.iter().map(|line| line.replace("{id}", &id)).collect(),
        file,
        settles,
        together: None,
    };
    let placeholder = [USER.to_owned()];
    let users = if site.mailboxes.is_empty() { &placeholder[..] } else { &site.mailboxes };
    let licenses = users.iter().enumerate().map(|(above, address)| {
        format!("{} {}", az_licenses(address), into(&format!("ece-license-{}.json", above + 1)))
    });
    vec![
        click(
            "Redirect URIs and client secrets (the secrets themselves are not in the file)",
            &["https://entra.microsoft.com", "App registrations > All applications > {id} > Manifest > Download"],
            "the downloaded JSON",
            &["directory.redirect-registered", "directory.secret-lifetime"],
        ),
        click(
            "Sign-ins of ECE during the last days",
            &[
                "https://entra.microsoft.com",
                "Monitoring & health > Sign-in logs > User sign-ins (non-interactive)",
                "Filter Application ID = {id}, then Download > Download JSON",
            ],
            "the downloaded JSON",
            &["entra.sign-in-failures"],
        ),
        Step {
            together: Some(Together { check: PRINCIPAL, with: Colleague::Exchange }),
            ..az_step(
                "Enterprise application and consent",
                consent(
                    &format!("servicePrincipals?$filter=appId eq '{id}'"),
                    &id,
                    ["ece-enterprise.json", "ece-roles.json", "ece-grants.json"],
                ),
                "ece-enterprise.json, ece-grants.json, ece-roles.json",
                &["directory.consent"],
            )
        },
        az_step("Licenses, one file a user", licenses.collect(), "ece-license-N.json", &["directory.licence"]),
    ]
}

fn az_step(title: &'static str, lines: Vec<String>, file: &'static str, settles: &'static [&'static str]) -> Step {
    Step { title, how: How::Powershell, needs: AZURE_CLI.into(), lines, file, settles, together: None }
}

fn webex() -> Vec<Step> {
    let click = |title, lines: &[&str], file, settles| Step {
        title,
        how: How::Browser,
        needs: Cow::Borrowed(""),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        file,
        settles,
        together: None,
    };
    let mut applications = consent(
        "servicePrincipals?$filter=startswith(displayName,'Cisco Webex')",
        super::rules::webex::INTEGRATION_APP,
        ["ece-webex-apps.json", "ece-webex-roles.json", "ece-webex-grants.json"],
    );
    applications.extend([
        az("directory/deletedItems/microsoft.graph.servicePrincipal", "ece-webex-deleted.json"),
        az(
            "auditLogs/directoryAudits?$filter=activityDisplayName eq 'Remove service principal'",
            "ece-webex-audit.json",
        ),
    ]);
    vec![
        click(
            "The error as Control Hub tells it",
            &["https://admin.webex.com", "On the error message: Copy Debug Info, then paste into a text file"],
            "webex-debug.txt",
            &["webex.applications-present"],
        ),
        az_step(
            "Enterprise applications of Webex, also deleted ones, with their consent (an administrator of Entra ID)",
            applications,
            "ece-webex-apps.json, ece-webex-roles.json, ece-webex-grants.json, ece-webex-deleted.json, ece-webex-audit.json",
            &["webex.applications-present", "webex.consent"],
        ),
        Step {
            title: "Provisioning job and attribute mapping, with the gallery application only (role: Application Administrator)",
            how: How::Powershell,
            needs: GRAPH_MODULE.into(),
            lines: [
                "Connect-MgGraph -Scopes Application.Read.All,Synchronization.Read.All -NoWelcome",
                "$g = 'https://graph.microsoft.com/v1.0/servicePrincipals'",
                "$id = (Get-MgServicePrincipal -Filter \"displayName eq 'Cisco Webex'\")[0].Id",
                "Invoke-MgGraphRequest -Uri \"$g/$id/synchronization/jobs\" -OutputType Json | Out-File ece-webex-job.json -Encoding utf8",
                "$job = (Get-Content ece-webex-job.json -Raw | ConvertFrom-Json).value[0].id",
                "Invoke-MgGraphRequest -Uri \"$g/$id/synchronization/jobs/$job/schema\" -OutputType Json | Out-File ece-webex-schema.json -Encoding utf8",
            ]
            .map(str::to_owned)
            .into(),
            file: "ece-webex-job.json, ece-webex-schema.json",
            settles: &["webex.provisioning-on", "webex.mapping"],
            together: None,
        },
        click(
            "Users of Control Hub",
            &["https://admin.webex.com", "Users > Manage users > Export"],
            "the downloaded CSV",
            &["webex.user-names"],
        ),
        click(
            "Users of Microsoft Entra ID",
            &["https://entra.microsoft.com", "Users > All users > Download users"],
            "the downloaded CSV",
            &["webex.user-names"],
        ),
        az_step(
            "Deleted users of Microsoft Entra ID",
            vec![az("directory/deletedItems/microsoft.graph.user", "ece-deleted-users.json")],
            "ece-deleted-users.json",
            &["webex.deleted-users"],
        ),
    ]
}

/// What the network team allows, tests from the ECE server, and finds in its logs. No file of it is read back.
fn network(site: &Site) -> Vec<Step> {
    let step = |title, how, file, lines: Vec<String>| Step {
        title,
        how,
        needs: Cow::Borrowed(""),
        lines,
        file,
        settles: &[],
        together: None,
    };
    let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    vec![
        step(
            "Rules that ECE needs: run on the ECE server and give both files to the team that manages firewall and proxy",
            How::Powershell,
            "ece-network.txt (rules to paste), ece-network.csv (change request)",
            owned(&[
                "ece-check plan --for network | Out-File ece-network.txt -Encoding utf8",
                "ece-check plan --output csv | Out-File ece-network.csv -Encoding ascii",
            ]),
        ),
        step(
            "On firewall and proxy",
            How::Device,
            "",
            owned(&[
                "Allow the rules of the files, by name where the firewall has FQDN objects",
                "Exclude their destinations from TLS inspection",
                "Exclude port 587 from SMTP inspection (Cisco ASA: no inspect esmtp)",
            ]),
        ),
        step(
            "Proof without ece-check, on the ECE server: TcpTestSucceeded must be True, and each name must resolve",
            How::Powershell,
            "",
            proof(site),
        ),
        step(
            "Where one of them fails: lines of the firewall or proxy log from that time, with source and destination",
            How::Device,
            "",
            owned(&[
                "Filter: source = the ECE server, action = deny or reset, ports 53, 443, 587, 993, 995",
                "What a line means is told by: ece-check explain 'LINE'",
            ]),
        ),
    ]
}

fn proof(site: &Site) -> Vec<String> {
    let placeholder = [("HOST".to_owned(), 443)];
    let endpoints = if site.endpoints.is_empty() { &placeholder[..] } else { &site.endpoints };
    let mut lines: Vec<String> = Vec::new();
    for (host, _) in endpoints {
        let line = format!("Resolve-DnsName {}", quoted(host));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    for (host, port) in endpoints {
        let line = format!("Test-NetConnection {} -Port {port}", quoted(host));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

fn ece() -> Step {
    Step {
        title: "ECE's log files of the last day: retriever, dispatcher and token",
        how: How::Browser,
        needs: Cow::Borrowed(""),
        lines: vec!["Copy the log files of the services server into one folder and state it as logs under [ece] in the site file".to_owned()],
        file: "the folder",
        settles: &["ece.log-receiving", "ece.log-sending", "ece.log-token"],
        together: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site {
            mailboxes: vec!["sales@example.com".into(), "o'neil@example.com".into()],
            client_id: Some("aaaaaaaa-0000-4000-8000-00000000000a".into()),
            application: false,
            endpoints: vec![("outlook.office365.com".into(), 993), ("outlook.office365.com".into(), 995)],
            ..Site::default()
        }
    }

    #[test]
    fn network_team_is_asked_for_no_file_that_nothing_reads() {
        let request = request(Colleague::Network, &site());
        assert!(request.steps.iter().all(|step| step.settles.is_empty() && step.together.is_none()));
        let lines: Vec<String> = request.steps.into_iter().flat_map(|step| step.lines).collect();
        assert!(lines.contains(&"Test-NetConnection 'outlook.office365.com' -Port 995".to_owned()), "{lines:?}");
        assert!(lines.iter().all(|line| !line.contains("--evidence")), "{lines:?}");
    }

    #[test]
    fn no_step_is_empty_where_nothing_is_known_of_the_site() {
        for colleague in [Colleague::Exchange, Colleague::Entra, Colleague::Webex, Colleague::Network, Colleague::Ece] {
            for step in request(colleague, &Site::default()).steps {
                assert!(!step.lines.is_empty(), "{}", step.title);
            }
        }
    }

    #[test]
    fn hostile_address_stays_one_text() {
        for hostile in ["a'; Remove-Mailbox x; '@example.com", "a\u{2019}; rm; @example.com", "$(calc)@example.com"] {
            let text = quoted(hostile);
            let inner = &text[1..text.len() - 1];
            let lone = inner.replace("''", "").replace("\u{2019}\u{2019}", "");
            assert!(!lone.contains(['\'', '\u{2019}']), "{text}");
        }
        assert_eq!(quoted("a\r\nb"), "'ADDRESS'");
    }

    #[test]
    fn every_line_for_powershell_only_reads() {
        for colleague in [Colleague::Exchange, Colleague::Entra, Colleague::Webex, Colleague::Network, Colleague::Ece] {
            for step in request(colleague, &site()).steps.iter().filter(|step| step.how == How::Powershell) {
                for line in &step.lines {
                    for verb in [
                        "Set-",
                        "Add-",
                        "Remove-",
                        "New-",
                        "--method post",
                        "--method patch",
                        "--method put",
                        "--method delete",
                    ] {
                        assert!(!line.contains(verb), "{line}");
                    }
                }
            }
        }
    }

    /// The arguments of a command that PowerShell hands on, without its quotes.
    fn arguments(line: &str) -> Vec<String> {
        let (mut arguments, mut quote) = (vec![String::new()], None);
        for character in line.split(" | Out-File").next().unwrap_or_default().chars() {
            match quote {
                None if character == ' ' => arguments.push(String::new()),
                None if character == '\'' || character == '"' => quote = Some(character),
                Some(open) if character == open => quote = None,
                _ => arguments.last_mut().expect("one").push(character),
            }
        }
        arguments
    }

    #[test]
    fn batch_file_of_azure_gets_every_argument_whole() {
        let hostile =
            Site { mailboxes: vec!["a&b^c(d)|e@example.com".into(), "o'n%PATH%<x@example.com".into()], ..site() };
        let mut lines: Vec<String> = [Colleague::Entra, Colleague::Webex]
            .into_iter()
            .flat_map(|colleague| request(colleague, &hostile).steps)
            .flat_map(|step| step.lines)
            .collect();
        lines.extend(hostile.mailboxes.iter().map(|address| az_licenses(address)));
        let commands: Vec<&String> = lines.iter().filter(|line| line.starts_with("az ")).collect();
        assert!(commands.len() > 10, "{lines:#?}");
        for line in commands {
            for argument in arguments(line) {
                let is_quoted = argument.contains(' ');
                assert!(is_quoted || !argument.contains(['&', '|', '<', '>', '^', '(', ')']), "{line}: {argument}");
                assert!(!argument.contains(['"', '\'']) || is_quoted, "{line}: {argument}");
            }
        }
    }

    #[test]
    fn block_for_exchange_has_every_part_that_is_read_back() {
        let block = request(Colleague::Exchange, &site()).steps[0].lines.join("\n");
        for (part, cmdlet) in super::super::json::BUNDLE {
            assert!(block.contains(&format!("\n  {part:<5} = ")) && block.contains(cmdlet), "{part} {cmdlet}");
        }
        assert!(block.contains("'o''neil@example.com'"));
    }

    #[test]
    fn request_is_in_the_words_of_the_cloud() {
        let catalogue = crate::catalogue::Catalogue::built_in();
        let wording = crate::catalogue::wording::of(&catalogue.tables.clouds, "china");
        let site = Site { wording, ..site() };
        let lines = |colleague| {
            let steps = request(colleague, &site).steps;
            steps.into_iter().flat_map(|step| step.lines).collect::<Vec<_>>().join("\n")
        };
        assert!(lines(Colleague::Exchange).starts_with("Connect-ExchangeOnline -ExchangeEnvironmentName O365China "));
        let entra = lines(Colleague::Entra);
        assert!(entra.contains("https://entra.microsoftonline.cn"), "{entra}");
        assert!(!entra.contains("microsoft.com"), "{entra}");
    }
}

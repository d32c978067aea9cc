//! The tenant as it is when all is well: its names, addresses, ports and banners.
//!
//! Names and ports are those of the worldwide cloud; the addresses lie inside the ranges that Microsoft publishes for
//! them (endpoint sets 1, 2 and 56 of
//! <https://learn.microsoft.com/en-us/microsoft-365/enterprise/urls-and-ip-address-ranges>, 2026-08-14), but which of
//! them are used, and the alias names on the way, are the lab's own choice.

use std::net::SocketAddr;

/// One name, and all that answers under it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// The name.
    pub name: &'static str,
    /// The aliases that lead from the name to its addresses, in order.
    pub aliases: &'static [&'static str],
    /// The addresses that the name resolves to.
    pub addresses: &'static [&'static str],
    /// The ports, and what is spoken there.
    pub services: &'static [(u16, Service)],
    /// The names in its certificate, the subject's common name first.
    pub certificate_names: &'static [&'static str],
    /// The machine that banners name.
    pub machine: &'static str,
}

/// Where a tunnel to a name and port ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// The name.
    pub host: &'static str,
    /// The port.
    pub port: u16,
    /// The port on loopback that stands for it.
    pub to: SocketAddr,
}

/// What is spoken on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// The sign-in pages and the token endpoint of Microsoft Entra ID.
    Login,
    /// Outlook on the web.
    Outlook,
    /// ECE's own web server.
    Ece,
    /// SMTP with STARTTLS.
    Smtp,
    /// IMAP inside TLS.
    Imap,
    /// POP3 inside TLS.
    Pop3,
    /// Microsoft Graph.
    Graph,
    /// The SCIM interface of Webex.
    Scim,
    /// The page on which Webex gives tokens.
    WebexLogin,
    /// The proxy of the site.
    Proxy,
}

/// The tenant's own identifier.
pub(super) const TENANT_ID: &str = "7d0b6f3e-52a4-4c1b-9e68-2f6a1c93d7b5";

/// The names by which the tenant may be asked for besides its identifier.
pub(super) const TENANT_DOMAINS: &[&str] = &["contoso.onmicrosoft.com", "contoso.com"];

/// What Entra calls the tenant in its own words.
pub(super) const TENANT_NAME: &str = "Contoso";

/// The application that ECE is registered as.
pub const CLIENT_ID: &str = "3f8a2c61-9b47-4d0e-8a15-c6e2704b19fd";

/// The object of its enterprise application: what Exchange wants to know of it.
pub(super) const PRINCIPAL_ID: &str = "a4c90b17-6d3e-4f52-b8a1-09e7d35c42f6";

/// The redirect address that is registered for ECE. `http://localhost` with any port is registered as well.
pub(super) const REDIRECT_URL: &str = "https://ece.example.com/system/oauth2";

/// The Webex organization.
pub(super) const WEBEX_ORG: &str = "22222222-3333-4444-8555-666666666666";

/// The proxy of the site, there only when it is wanted.
pub(super) const PROXY: Host = Host {
    name: "proxy.example.com",
    aliases: &[],
    addresses: &["10.20.30.80"],
    services: &[(8080, Service::Proxy)],
    certificate_names: &["proxy.example.com"],
    machine: "PROXY01",
};

/// All names of the lab, but for the proxy.
pub(super) const HOSTS: &[Host] = &[
    Host {
        name: "login.microsoftonline.com",
        aliases: &[
            "login.mso.msidentity.com",
            "ak.privatelink.msidentity.com",
            "www.tm.ak.prd.aadg.trafficmanager.net",
        ],
        addresses: &[
            "20.190.151.6",
            "20.190.151.67",
            "40.126.32.72",
            "40.126.32.138",
            "2603:1027:1:28::8",
            "2603:1037:1:c8::9",
        ],
        services: &[(443, Service::Login)],
        certificate_names: &[
            "stamp2.login.microsoftonline.com",
            "login.microsoftonline.com",
            "login.microsoft.com",
            "login.windows.net",
            "*.login.microsoftonline.com",
        ],
        machine: "ESTSFD-PROD-AMS2",
    },
    Host {
        name: "login.microsoft.com",
        aliases: &["login.msa.msidentity.com", "www.tm.lg.prod.aadmsa.trafficmanager.net"],
        addresses: &["20.190.147.2", "40.126.31.69", "2603:1026:3000:d0::2", "2603:1036:3000:d8::5"],
        services: &[(443, Service::Login)],
        certificate_names: &[
            "graph.windows.net",
            "login.microsoft.com",
            "login.microsoftonline.com",
            "*.login.microsoft.com",
        ],
        machine: "ESTSFD-PROD-FRA1",
    },
    Host {
        name: "outlook.office365.com",
        aliases: &["ooc-g2.tm-4.office.com", "outlook.ms-acdc.office.com", "AMS-efz.ms-acdc.office.com"],
        addresses: &[
            "52.98.241.162",
            "52.98.243.18",
            "40.99.201.194",
            "40.101.12.98",
            "2603:1026:206:4::2",
            "2603:1026:c0d:45::2",
            "2603:1026:c0d:82::2",
            "2603:1026:c14:d::2",
        ],
        services: &[(443, Service::Outlook), (587, Service::Smtp), (993, Service::Imap), (995, Service::Pop3)],
        certificate_names: &[
            "outlook.com",
            "*.office365.com",
            "*.outlook.com",
            "*.outlook.office365.com",
            "outlook.office365.com",
            "outlook.office.com",
        ],
        machine: "XX0PR00CA0001.outlook.office365.com",
    },
    Host {
        name: "smtp.office365.com",
        aliases: &["ooc-smtp.tm-4.office.com", "smtp.ms-acdc.office.com"],
        addresses: &["52.97.201.226", "40.100.174.2", "2603:1026:207:7a::2", "2603:1026:c0a:8d1::2"],
        services: &[(587, Service::Smtp)],
        certificate_names: &["outlook.com", "*.office365.com", "*.outlook.com", "smtp.office365.com"],
        machine: "XX0PR00CA0002.outlook.office365.com",
    },
    Host {
        name: "graph.microsoft.com",
        aliases: &["ags.privatelink.msidentity.com", "www.tm.prd.ags.akadns.net"],
        addresses: &["20.190.152.23", "2603:1027:1:90::7"],
        services: &[(443, Service::Graph)],
        certificate_names: &["graph.microsoft.com", "*.graph.microsoft.com"],
        machine: "AGSPROD-AMS2",
    },
    Host {
        name: "api.ciscospark.com",
        aliases: &[],
        addresses: &["170.72.231.19"],
        services: &[(443, Service::Scim)],
        certificate_names: &["api.ciscospark.com", "*.ciscospark.com"],
        machine: "WBXAPI01",
    },
    Host {
        name: "idbroker.webex.com",
        aliases: &[],
        addresses: &["170.72.231.40"],
        services: &[(443, Service::WebexLogin)],
        certificate_names: &["idbroker.webex.com", "*.webex.com"],
        machine: "WBXIDB01",
    },
    Host {
        name: "ece.example.com",
        aliases: &[],
        addresses: &["10.20.30.40"],
        services: &[(443, Service::Ece)],
        certificate_names: &["ece.example.com"],
        machine: "ECEWEB01",
    },
];

/// The object that stands for somebody in the directory: always the same for the same name.
pub(super) fn object_of(name: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
    let mut number = 0_u128;
    for byte in &hash.as_ref()[..16] {
        number = number << 8 | u128::from(*byte);
    }
    let hex = format!("{number:032x}");
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

//! The command that shows whether what was done has helped: the checks that are open, with the flags that made the run.
//!
//! In: a report. Out: one line for the shell of its server. What the report knows of a flag is printed, and a placeholder
//! where it only knows that there was one. Texts of a report are words of this program, or are quoted. Pure.

use std::net::IpAddr;

use super::part;
use crate::{
    command::Shell,
    deployment::{Cloud, Deployment, Role},
    evidence::{SavedEvidence, SavedProxy, SavedSite, Source},
    finding::{AskedOfWebex, Report},
};

/// Where a proxy comes from that the command line named.
const BY_FLAG: &str = "--proxy";

/// The command; nothing where no check is open.
pub(super) fn command(report: &Report) -> Option<String> {
    let is_id = |check: &&str| check.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    let checks: Vec<&str> = part::proof(report).into_iter().filter(is_id).collect();
    if checks.is_empty() {
        return None;
    }
    let program = format!("ece-check run --only {}", in_few_words(&checks).join(","));
    Some(std::iter::once(program).chain(flags(report, &checks)).collect::<Vec<_>>().join(" "))
}

/// So many checks are named one by one.
const MOST_NAMED: usize = 8;

/// The checks; where they are many, those that begin alike by what they begin with.
fn in_few_words<'c>(checks: &[&'c str]) -> Vec<&'c str> {
    if checks.len() <= MOST_NAMED {
        return checks.to_vec();
    }
    let group = |check: &'c str| check.split_once('.').map_or(check, |(group, _)| group);
    let mut words: Vec<&str> = Vec::new();
    for check in checks {
        let alike = checks.iter().filter(|other| group(other) == group(check)).count();
        let word = if alike > 1 { group(check) } else { check };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

fn flags(report: &Report, checks: &[&str]) -> Vec<String> {
    let run = &report.run;
    let stated = report.site.as_ref().and_then(|site| Deployment::parse_sample("the report", &site.file).ok());
    let (role, cloud) = stated.map_or((None, None), |stated| (stated.ece.role, stated.entra.cloud));
    let goes_without_saying = |used: &Role| *used == Role::All && role.is_none_or(|role| role == Role::All);
    let other_role = run.role.parse().ok().filter(|used| !goes_without_saying(used));
    let other_cloud = run.cloud.parse().ok().filter(|used: &Cloud| *used != cloud.unwrap_or(Cloud::Worldwide));
    let mut flags: Vec<String> = lab(report).into_iter().collect();
    flags.extend(config(report));
    flags.extend(other_role.map(|role| format!("--role {}", role.word())));
    flags.extend(other_cloud.map(|cloud| format!("--cloud {}", cloud.word())));
    flags.extend(report.site.iter().flat_map(|site| of_site(report, site, checks)));
    flags.extend(report.site.iter().flat_map(|site| evidence(report, site, checks)));
    let dns_server = |server: &String| format!("--dns-server {}", quoted(report, server, "ADDR[:PORT]"));
    flags.extend(run.named_dns_servers.iter().map(dns_server));
    flags.extend(further(report));
    flags.extend(run.ip_version.as_deref().and_then(|version| match version {
        "IPv4" => Some("-4".to_owned()),
        "IPv6" => Some("-6".to_owned()),
        _ => None,
    }));
    flags
}

/// The flags that nothing else of the report shows.
fn further(report: &Report) -> Vec<String> {
    let run = &report.run.flags;
    let file = |flag: &str, name: &String, meaning: &str| format!("{flag} {}", quoted(report, name, meaning));
    let ca_files = run.ca_files.iter().map(|name| file("--ca-file", name, "CA file"));
    let stores = run.java_trust_stores.iter().map(|name| file("--java-trust-store", name, "Java trust store"));
    let password = run.java_password.then(|| "--java-trust-store-password-env '<variable>'".to_owned());
    let checks = run.checks.iter().map(|name| file("--checks", name, "folder of checks"));
    let webex = run.webex_connect.map(|asked| match asked {
        AskedOfWebex::MadeUpUser => "--webex-connect",
        AskedOfWebex::NamedUser => "--webex-connect='<user name>'",
    });
    let plain = [run.no_proxy.then_some("--no-proxy"), webex];
    let plain = plain.into_iter().flatten().map(str::to_owned);
    ca_files.chain(stores).chain(password).chain(checks).chain(plain).collect()
}

/// The built-in tenant, with the faults that it had.
fn lab(report: &Report) -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-,".contains(c);
    let faults = report.run.lab_faults.as_deref().filter(|faults| faults.chars().all(is_word));
    report.run.lab.then(|| faults.map_or_else(|| "--lab".to_owned(), |faults| format!("--lab={faults}")))
}

/// The files of `--evidence`, where one of the checks reads them; those that the site file names come with it. A file
/// from before the change proves nothing of it, so a new one is asked for.
fn evidence(report: &Report, site: &SavedSite, checks: &[&str]) -> Vec<String> {
    let reads =
        |one: &&SavedEvidence| matches!(one.source, Source::File { .. }) && checks.contains(&one.check.as_str());
    let Some(first) = site.evidence.iter().find(reads) else { return Vec::new() };
    let meaning = format!("new export for {}", first.check);
    if report.run.evidence_files.is_empty() { Vec::new() } else { vec![format!("--evidence '<{meaning}>'")] }
}

/// The site file. A report without personal names does not say where it was, only that there was one.
fn config(report: &Report) -> Option<String> {
    let had_one = !report.run.lab && report.site.as_ref().is_some_and(|site| !site.file.is_empty());
    match &report.run.config {
        Some(file) => Some(format!("-c {}", quoted(report, file, "site file"))),
        None => had_one.then(|| "-c '<site file>'".to_owned()),
    }
}

fn of_site(report: &Report, site: &SavedSite, checks: &[&str]) -> Vec<String> {
    let from_graph =
        site.evidence.iter().any(|one| one.source == Source::Graph && checks.contains(&one.check.as_str()));
    let by_flag = |proxy: &&SavedProxy| proxy.learned_from == BY_FLAG;
    let of_lab = report.run.lab; // the lab turns connections to itself by such flags
    let resolve = site.resolve.iter().filter(|_| !of_lab).map(|rule| {
        let addresses: Vec<String> = rule.addresses.iter().map(|address| bracketed(&address.to_string())).collect();
        let rule = format!("{}:{}:{}", bracketed(&rule.host), rule.port, addresses.join(","));
        format!("--resolve {}", quoted(report, &rule, "HOST:PORT:ADDR"))
    });
    let connect_to = site.connect_to.iter().filter(|_| !of_lab).map(|rule| {
        let to = format!("{}:{}", bracketed(&rule.to_host), rule.to_port);
        let rule = format!("{}:{}:{to}", bracketed(&rule.host), rule.port);
        format!("--connect-to {}", quoted(report, &rule, "HOST:PORT:HOST2:PORT2"))
    });
    let plain = [
        site.pre_install.then(|| "--pre-install".to_owned()),
        site.sample.map(|sample| format!("--sample {sample}")),
        site.send_mail_ms.map(|_| "--send-mail".to_owned()),
        from_graph.then(|| "--graph".to_owned()),
        site.proxy.as_ref().filter(by_flag).map(|proxy| proxy_flag(report, proxy)),
    ];
    plain.into_iter().flatten().chain(resolve).chain(connect_to).collect()
}

/// The proxy, whose password no report holds.
fn proxy_flag(report: &Report, proxy: &SavedProxy) -> String {
    let scheme = if proxy.socks5 { "socks5" } else { "http" };
    let url = format!("{scheme}://{}:{}", bracketed(&proxy.host), proxy.port);
    format!("--proxy {}", quoted(report, &url, "URL of the proxy"))
}

fn bracketed(host: &str) -> String {
    let is_v6 = host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6());
    if is_v6 { format!("[{host}]") } else { host.to_owned() }
}

/// A value for the shell of the server that the report is of, whatever the system that prints it; a placeholder where it
/// would be taken for a flag, or holds what is not seen.
fn quoted(report: &Report, value: &str, meaning: &str) -> String {
    let windows = report.run.os.to_lowercase().starts_with("windows");
    let is_bare = |c: char| c.is_ascii_alphanumeric() || r"._:/\-".contains(c);
    let quoted = match value {
        _ if value.is_empty() || value.starts_with('-') => None,
        _ if windows && !value.is_empty() && value.chars().all(is_bare) => Some(value.to_owned()),
        _ if windows => Shell::Powershell.quote(value),
        _ => Shell::Sh.quote(value),
    };
    quoted.unwrap_or_else(|| format!("'<{meaning}>'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{finding::Flags, report::json};

    /// The golden report, made with this file by this role; its file says nothing of the role.
    fn report(config: Option<&str>, role: &str) -> Report {
        let mut report = json::parse(include_str!("../../tests/all/reports/golden.json")).expect("the golden report");
        let site = serde_json::json!({"file": "site = \"Acme\"\n", "role": role, "cloud": "worldwide"});
        report.site = Some(serde_json::from_value(site).expect("a site"));
        (report.run.config, report.run.role) = (config.map(str::to_owned), role.to_owned());
        report
    }

    fn flags_of(report: &Report) -> String {
        let command = command(report).expect("a command");
        command
            .strip_prefix("ece-check run --only ")
            .and_then(|rest| rest.split_once(' '))
            .unwrap_or_default()
            .1
            .to_owned()
    }

    #[test]
    fn flags_that_made_the_run_are_repeated() {
        let mut report = report(Some("ece-check.toml"), "services");
        let site = report.site.as_mut().expect("a site");
        (site.pre_install, site.sample, site.send_mail_ms) = (true, Some(5), Some(1_000));
        report.run.cloud = "gcc-high".to_owned();
        let flags = "-c ece-check.toml --role services --cloud gcc-high --pre-install --sample 5 --send-mail";
        assert_eq!(flags_of(&report), flags);
        let overrides = serde_json::json!({"file": "", "role": "all", "cloud": "worldwide",
            "resolve": [{"host": "a.test", "port": 993, "addresses": ["10.1.1.1", "2001:db8::1"]}],
            "proxy": {"host": "2001:db8::5", "port": 3128, "learned_from": "--proxy"}});
        let of_flags = super::of_site(&report, &serde_json::from_value(overrides).expect("a site"), &[]);
        assert_eq!(of_flags, ["--proxy 'http://[2001:db8::5]:3128'", "--resolve 'a.test:993:10.1.1.1,[2001:db8::1]'"]);
    }

    #[test]
    fn what_goes_without_saying_is_not_said() {
        let mut report = report(None, "all");
        report.site.as_mut().expect("a site").file = "[ece]\nrole = \"services\"\n".to_owned();
        assert_eq!(flags_of(&report), "-c '<site file>' --role all", "the file says another role");
        report.run.role = "services".to_owned();
        assert_eq!(flags_of(&report), "-c '<site file>' --role services", "said whatever the file says");
        report.site = None;
        report.run.role = "all".to_owned();
        assert_eq!(flags_of(&report), "");
    }

    #[test]
    fn flags_of_network_lab_and_evidence_are_repeated() {
        let mut report = report(None, "all");
        report.run.config = Some("a.toml".to_owned());
        (report.run.lab, report.run.lab_faults) = (true, Some("port-blocked,proxy-denied".to_owned()));
        (report.run.named_dns_servers, report.run.ip_version) =
            (vec!["2001:db8::53".to_owned()], Some("IPv6".to_owned()));
        assert_eq!(flags_of(&report), "--lab=port-blocked,proxy-denied -c a.toml --dns-server 2001:db8::53 -6");
        report.run.lab_faults = Some("x; calc".to_owned());
        assert!(flags_of(&report).starts_with("--lab -c "));
        let site = serde_json::json!({"file": "", "role": "all", "cloud": "worldwide", "evidence": [{
            "check": "mailbox.imap-enabled", "subject": {"mailbox": "a@example.com"}, "account": null, "outcome": "fail", "note": "",
            "facts": {}, "source": {"file": {"sha256": "", "name": "cas.json", "made_at": null, "rows": 1}}}]});
        let site = serde_json::from_value(site).expect("a site");
        report.run.evidence_files = vec!["cas.json".to_owned(), String::new()];
        assert_eq!(super::evidence(&report, &site, &["tcp.opens"]), Vec::<String>::new());
        let named = super::evidence(&report, &site, &["mailbox.imap-enabled"]);
        assert_eq!(
            named,
            ["--evidence '<new export for mailbox.imap-enabled>'"],
            "the old one is from before the change"
        );
    }

    #[test]
    fn trust_and_checks_of_the_run_are_repeated() {
        let mut report = report(Some("a.toml"), "services");
        report.run.flags = Flags {
            ca_files: vec!["corp ca.pem".to_owned(), String::new()],
            java_trust_stores: vec!["cacerts".to_owned()],
            java_password: true,
            checks: Some("mine".to_owned()),
            no_proxy: true,
            webex_connect: Some(AskedOfWebex::MadeUpUser),
        };
        let flags = "-c a.toml --role services --ca-file 'corp ca.pem' --ca-file '<CA file>' --java-trust-store cacerts \
                     --java-trust-store-password-env '<variable>' --checks mine --no-proxy --webex-connect";
        assert_eq!(flags_of(&report), flags);
    }

    #[test]
    fn many_checks_are_named_by_what_they_begin_with() {
        let few = ["tcp.opens", "tls.trusted"];
        assert_eq!(in_few_words(&few), few);
        let many = ["tcp.opens", "tls.a", "tls.b", "tls.c", "https.a", "https.b", "dns.a", "dns.b", "smtp.starttls"];
        assert_eq!(in_few_words(&many), ["tcp.opens", "tls", "https", "dns", "smtp.starttls"]);
    }

    #[test]
    fn names_of_files_are_quoted_for_the_server() {
        let on = |os: &str, file: &str| {
            let mut report = report(Some(file), "all");
            report.run.os = os.to_owned();
            flags_of(&report)
        };
        assert_eq!(on("Windows Server 2019", r"C:\ece\acme.toml"), r"-c C:\ece\acme.toml");
        assert_eq!(on("Windows Server 2019", "it's; calc.toml"), "-c 'it''s; calc.toml'");
        assert_eq!(on("Debian GNU/Linux 12", "my site's.toml"), r"-c 'my site'\''s.toml'");
        assert_eq!(on("Debian GNU/Linux 12", "--lab=x"), "-c '<site file>'");
    }

    #[test]
    fn text_from_outside_enters_no_command() {
        let mut report = report(None, "all");
        for finding in &mut report.findings {
            finding.check = "tcp.opens; calc".into();
        }
        (report.run.role, report.run.cloud) = ("x; calc".to_owned(), "x; calc".to_owned());
        assert_eq!(command(&report), None);
    }
}

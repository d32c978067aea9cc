//! Firewall rules in the forms that firewalls take: Windows, Cisco ASA, Palo Alto Networks PAN-OS, and CSV.
//!
//! In: the rules that a site needs, and the addresses that a server is known to have. Out: lines to paste, one form each,
//! and what to know of them. A host name that holds anything but letters, digits, dots, hyphens and underscores enters
//! none of them. Where the address of a server is not known, a placeholder stands that no firewall reads as an address.
//!
//! Sources: `netsh advfirewall firewall add rule`
//! (<https://learn.microsoft.com/windows-server/administration/windows-commands/netsh-advfirewall>), `New-NetFirewallRule`
//! (<https://learn.microsoft.com/powershell/module/netsecurity/new-netfirewallrule>), the ASA command reference
//! (`object network`, `fqdn`, `object-group network`, `access-list extended`), the PAN-OS CLI (`set address`,
//! `set service`, `set rulebase security rules`).

use std::{collections::BTreeSet, net::IpAddr};

use ring::digest;

use super::{Symbols, csv};
use crate::finding::{FirewallRule, Report};

/// Rules in every form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forms {
    /// What is to be known of them, a paragraph each.
    pub lead: Vec<&'static str>,
    /// The forms.
    pub each: Vec<Form>,
}

/// A form and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// What takes it.
    pub title: &'static str,
    /// The lines.
    pub text: String,
}

/// The rules of a report in every form; nothing where it has none.
#[must_use]
pub fn of_report(report: &Report) -> Option<Forms> {
    forms(LEAD, &report.firewall_rules, &Server::of(&report.run.host, &report.run.source_addresses))
}

/// The rules of a plan in every form. Nothing was connected, so that no server's address is known.
#[must_use]
pub fn of_plan(rules: &[FirewallRule]) -> Option<Forms> {
    forms(LEAD_OF_PLAN, rules, &Server::of("", &[]))
}

fn forms(lead: &'static str, rules: &[FirewallRule], server: &Server<'_>) -> Option<Forms> {
    let rules = usable(rules);
    if rules.is_empty() {
        return None;
    }
    let lead = [
        Some(lead),
        rules.iter().any(|rule| rule.only_without_proxy).then_some(BESIDE_PROXY),
        rules.iter().any(|rule| server.addresses_of(rule).is_err()).then_some(PLACEHOLDER),
        rules.iter().any(is_pattern).then_some(PATTERN),
    ];
    let (beside, rules): (Vec<&FirewallRule>, Vec<&FirewallRule>) =
        rules.iter().partition(|rule| rule.only_without_proxy);
    let form = |title, mark, write: &dyn Fn(&[&FirewallRule]) -> String| Form {
        title,
        text: with_comment(write(&rules), mark, &write(&beside)),
    };
    let each = vec![
        form("Windows PowerShell on the ECE server (as administrator)", "#", &powershell),
        form("Command Prompt on the ECE server (as administrator)", "REM", &netsh),
        form("Cisco ASA", "!", &|rules| asa(rules, server)),
        form("Palo Alto Networks PAN-OS", "#", &|rules| pan_os(rules, server)),
        Form { title: "CSV", text: table(&rules, Symbols::Unicode).trim_end().to_owned() },
    ];
    Some(Forms { lead: lead.into_iter().flatten().collect(), each })
}

/// The lines, and below them, as comments, those that are needed only if ECE does not use the proxy.
fn with_comment(text: String, mark: &str, beside: &str) -> String {
    if beside.is_empty() {
        return text;
    }
    let comment = std::iter::once(ONLY_WITHOUT_PROXY).chain(beside.lines()).map(|line| format!("{mark} {line}"));
    let comment = comment.collect::<Vec<_>>().join("\n");
    if text.is_empty() { comment } else { format!("{text}\n\n{comment}") }
}

/// What is to be known of these rules.
const LEAD: &str = "Outbound rules for the destinations that could not be reached. Windows rules help only where the Windows Firewall \
                    blocks outbound traffic; a blocking rule there outranks them. Adapt the names of access lists and \
                    zones to your firewall.";

/// The same of the rules that a site needs, before anything was tested.
const LEAD_OF_PLAN: &str = "Outbound rules for every destination of ECE. Nothing was tested. Windows rules help only where \
                            the Windows Firewall blocks outbound traffic; a blocking rule there outranks them. Adapt the \
                            names of access lists and zones to your firewall. Mail ports need a direct connection. A name \
                            without published address ranges is allowed to any address in the Windows rules, and is an \
                            FQDN object elsewhere.";

/// Said where a proxy reaches the web services.
const BESIDE_PROXY: &str = "The web services are reached through the proxy. The rules for direct connections to them are \
                            comments, below the others: remove the comment marks only if ECE does not use the proxy. The \
                            CSV does not have them.";

/// The heading of those comments.
const ONLY_WITHOUT_PROXY: &str = "Only if ECE does not use the proxy:";

/// Said where the address of a server is not known.
const PLACEHOLDER: &str = "Before you paste the rules for Cisco ASA and PAN-OS, replace each <…> with that address of the \
                           server, or leave out the rules of an IP version that it does not use.";

/// Said where a rule is for all names of a domain.
const PATTERN: &str = "A name that begins with *. is no address: Cisco ASA and PAN-OS have no rule for it.";

/// A row a rule, ready as a change request: without those that are needed only if ECE does not use the proxy.
#[must_use]
pub fn change_request(rules: &[FirewallRule], symbols: Symbols) -> String {
    let rules = usable(rules);
    table(&rules.iter().filter(|rule| !rule.only_without_proxy).collect::<Vec<_>>(), symbols)
}

/// What a change request leaves out of these rules, as a sentence.
#[must_use]
pub fn left_out(rules: &[FirewallRule]) -> Option<&'static str> {
    rules.iter().any(|rule| rule.only_without_proxy).then_some(LEFT_OUT)
}

const LEFT_OUT: &str = "Direct connections to the web services are left out of the rules: the proxy reaches them. If ECE does \
                        not use the proxy, plan with --no-proxy.";

/// A server, and the addresses that its connections leave from, as far as they are known.
struct Server<'s> {
    name: &'s str,
    addresses: Vec<IpAddr>,
}

impl<'s> Server<'s> {
    fn of(name: &'s str, addresses: &[String]) -> Self {
        let leaves_the_server = |address: &IpAddr| !address.is_loopback() && !address.is_unspecified();
        let addresses = addresses.iter().filter_map(|address| address.parse().ok()).filter(leaves_the_server);
        Self { name, addresses: addresses.collect() }
    }

    /// The addresses that the traffic of a rule comes from; a placeholder where none of its IP version is known.
    fn addresses_of(&self, rule: &FirewallRule) -> Result<Vec<IpAddr>, String> {
        let is_of_rule = |address: &&IpAddr| rule.source == self.name && version_of(address) == rule.ip_version;
        let known: Vec<IpAddr> = self.addresses.iter().filter(is_of_rule).copied().collect();
        if known.is_empty() {
            Err(format!("<{}-address-of-{}>", rule.ip_version, named(&rule.source)))
        } else {
            Ok(known)
        }
    }
}

fn version_of(address: &IpAddr) -> &'static str {
    if address.is_ipv4() { "IPv4" } else { "IPv6" }
}

/// The rules that every form can hold, each once: an address has a range of one and its own family, and a name from
/// outside stays out.
fn usable(rules: &[FirewallRule]) -> Vec<FirewallRule> {
    let is_range = |range: &String| range.parse::<ipnet::IpNet>().is_ok();
    let mut usable: Vec<FirewallRule> = Vec::new();
    for rule in rules {
        let rule = match rule.destination.parse::<IpAddr>() {
            Ok(address) => of_address(rule, address),
            Err(_) if is_host(&rule.destination) && rule.ranges.iter().all(is_range) => rule.clone(),
            Err(_) => continue,
        };
        if !usable.contains(&rule) {
            usable.push(rule);
        }
    }
    usable
}

fn of_address(rule: &FirewallRule, address: IpAddr) -> FirewallRule {
    FirewallRule {
        destination: address.to_string(),
        ranges: vec![ipnet::IpNet::from(address).to_string()],
        ip_version: version_of(&address).to_owned(),
        ..rule.clone()
    }
}

fn is_host(host: &str) -> bool {
    let plain = host.strip_prefix("*.").unwrap_or(host);
    !plain.is_empty() && plain.len() < 254 && plain.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

/// A rule of Windows: one destination and address family, with all its ports.
struct WindowsRule<'r> {
    first: &'r FirewallRule,
    ports: Vec<String>,
}

impl WindowsRule<'_> {
    fn name(&self) -> String {
        let FirewallRule { destination, protocol, ip_version, .. } = self.first;
        format!("ECE to {destination} {protocol} {} ({ip_version})", self.ports.join(" "))
    }
}

fn of_windows<'r>(rules: &[&'r FirewallRule]) -> Vec<WindowsRule<'r>> {
    let mut merged: Vec<WindowsRule<'r>> = Vec::new();
    let key = |rule: &'r FirewallRule| (&rule.destination, &rule.ip_version, &rule.protocol, &rule.ranges);
    for rule in rules {
        let port = rule.port.to_string();
        match merged.iter_mut().find(|known| key(known.first) == key(rule)) {
            Some(known) if known.ports.contains(&port) => {}
            Some(known) => known.ports.push(port),
            None => merged.push(WindowsRule { first: rule, ports: vec![port] }),
        }
    }
    merged
}

fn netsh(rules: &[&FirewallRule]) -> String {
    let line = |rule: &WindowsRule<'_>| {
        let ranges = &rule.first.ranges;
        let remote = if ranges.is_empty() { "any".to_owned() } else { ranges.join(",") };
        format!(
            "netsh advfirewall firewall add rule name=\"{}\" dir=out action=allow protocol={} remoteport={} remoteip={remote}",
            rule.name(),
            rule.first.protocol,
            rule.ports.join(",")
        )
    };
    of_windows(rules).iter().map(line).collect::<Vec<_>>().join("\n")
}

fn powershell(rules: &[&FirewallRule]) -> String {
    let line = |rule: &WindowsRule<'_>| {
        let ranges: Vec<String> = rule.first.ranges.iter().map(|range| format!("'{range}'")).collect();
        let remote = if ranges.is_empty() { "Any".to_owned() } else { ranges.join(",") };
        format!(
            "New-NetFirewallRule -DisplayName '{}' -Direction Outbound -Action Allow -Protocol {} -RemotePort {} -RemoteAddress {remote}",
            rule.name(),
            rule.first.protocol,
            rule.ports.join(",")
        )
    };
    of_windows(rules).iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The longest name of an object: 64 characters on an ASA, 63 in PAN-OS.
const LONGEST_NAME: usize = 60;

/// A name for an object of a firewall: letters, digits, dots, hyphens and underscores. What is cut off a long one is told
/// by a checksum, so that two long names stay two objects.
fn object(text: &str, end: &str) -> String {
    let name = named(&format!("ECE-{text}"));
    let room = LONGEST_NAME - end.len();
    if name.len() <= room {
        return name + end;
    }
    let sum = digest::digest(&digest::SHA256, name.as_bytes());
    let [first, second, third, fourth, ..] = sum.as_ref() else { return name + end };
    let sum = format!("-{first:02x}{second:02x}{third:02x}{fourth:02x}");
    format!("{}{sum}{end}", &name[..room - sum.len()])
}

/// A text in the characters that names of objects may have.
fn named(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '-' };
    text.replace("*.", "all-").chars().map(allowed).collect()
}

/// Lines or blocks of lines, each once.
#[derive(Default)]
struct Once {
    known: BTreeSet<String>,
    text: String,
}

impl Once {
    fn put(&mut self, block: String) {
        if !self.known.contains(&block) {
            self.text.push_str(&block);
            self.text.push('\n');
            self.known.insert(block);
        }
    }

    fn finish(self) -> String {
        self.text.trim_end().to_owned()
    }
}

/// True for a rule for all names of a domain: no firewall has it as an address.
fn is_pattern(rule: &FirewallRule) -> bool {
    rule.destination.starts_with("*.") && rule.ranges.is_empty()
}

/// Address ranges as an object group where Microsoft publishes them, otherwise the name as an FQDN object.
fn asa(rules: &[&FirewallRule], server: &Server<'_>) -> String {
    let mut once = Once::default();
    for rule in rules {
        if is_pattern(rule) {
            once.put(format!("! {}: no address ranges are published; allow the names behind it", rule.destination));
            continue;
        }
        let source = object(&format!("FROM-{}", rule.source), &format!("-{}", asa_version(rule)));
        once.put(format!("object-group network {source}\n{}", asa_source(rule, server)));
        let destination = object(&rule.destination, &format!("-{}", asa_version(rule)));
        let kind = if rule.ranges.is_empty() { "object" } else { "object-group" };
        once.put(asa_destination(rule, &destination));
        once.put(format!(
            "access-list ECE-OUTBOUND extended permit {} object-group {source} {kind} {destination} eq {}",
            rule.protocol.to_lowercase(),
            rule.port
        ));
    }
    once.finish()
}

fn asa_version(rule: &FirewallRule) -> &'static str {
    if rule.ip_version == "IPv6" { "v6" } else { "v4" }
}

fn asa_source(rule: &FirewallRule, server: &Server<'_>) -> String {
    let host = |address: IpAddr| match address {
        IpAddr::V4(address) => format!(" network-object host {address}"),
        IpAddr::V6(address) => format!(" network-object {address}/128"),
    };
    match server.addresses_of(rule) {
        Ok(addresses) => addresses.into_iter().map(host).collect::<Vec<_>>().join("\n"),
        Err(placeholder) => format!(" network-object host {placeholder}"),
    }
}

fn asa_destination(rule: &FirewallRule, name: &str) -> String {
    if rule.ranges.is_empty() {
        return format!("object network {name}\n fqdn {} {}", asa_version(rule), rule.destination);
    }
    let networks = rule.ranges.iter().map(|range| format!("\n network-object {}", asa_network(range)));
    format!("object-group network {name}{}", networks.collect::<String>())
}

/// A network as the ASA writes it: IPv4 with its mask, IPv6 with its prefix.
fn asa_network(range: &str) -> String {
    match range.parse::<ipnet::IpNet>() {
        Ok(ipnet::IpNet::V4(net)) => format!("{} {}", net.network(), net.netmask()),
        _ => range.to_owned(),
    }
}

/// A security rule of PAN-OS: one destination and port, from every server and in every IP version.
struct SecurityRule<'r> {
    first: &'r FirewallRule,
    sources: Vec<String>,
    ranges: Vec<&'r str>,
}

fn of_pan_os<'r>(rules: &[&'r FirewallRule], server: &Server<'_>) -> Vec<SecurityRule<'r>> {
    let mut merged: Vec<SecurityRule<'r>> = Vec::new();
    let key = |rule: &'r FirewallRule| (&rule.destination, &rule.protocol, rule.port);
    for &rule in rules.iter().filter(|rule| !is_pattern(rule)) {
        let sources = match server.addresses_of(rule) {
            Ok(addresses) => addresses.iter().map(ToString::to_string).collect(),
            Err(placeholder) => vec![placeholder],
        };
        let at = merged.iter().position(|known| key(known.first) == key(rule)).unwrap_or_else(|| {
            merged.push(SecurityRule { first: rule, sources: Vec::new(), ranges: Vec::new() });
            merged.len() - 1
        });
        add(&mut merged[at].sources, sources);
        add(&mut merged[at].ranges, rule.ranges.iter().map(String::as_str).collect());
    }
    merged
}

fn add<T: PartialEq>(known: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !known.contains(&one) {
            known.push(one);
        }
    }
}

fn pan_os(rules: &[&FirewallRule], server: &Server<'_>) -> String {
    let mut once = Once::default();
    for SecurityRule { first: rule, sources, ranges } in of_pan_os(rules, server) {
        let protocol = rule.protocol.to_lowercase();
        let service = format!("ECE-{protocol}-{}", rule.port);
        once.put(format!("set service {service} protocol {protocol} port {}", rule.port));
        let is_name = rule.destination.parse::<IpAddr>().is_err() && !rule.destination.starts_with("*.");
        let destination = if is_name {
            let address = object(&rule.destination, "");
            once.put(format!("set address {address} fqdn {}", rule.destination));
            address
        } else {
            format!("[ {} ]", ranges.join(" "))
        };
        once.put(format!(
            "set rulebase security rules {} from any to any source [ {} ] destination {destination} application any service {service} action allow",
            object(&rule.destination, &format!("-{protocol}-{}", rule.port)),
            sources.join(" ")
        ));
    }
    once.finish()
}

const HEADER: [&str; 11] = [
    "source",
    "destination",
    "port",
    "protocol",
    "ip_version",
    "direction",
    "ece_role",
    "purpose",
    "application",
    "microsoft_endpoint_id",
    "address_ranges",
];

fn table(rules: &[&FirewallRule], symbols: Symbols) -> String {
    let row = |rule: &&FirewallRule| {
        [
            rule.source.clone(),
            rule.destination.clone(),
            rule.port.to_string(),
            rule.protocol.clone(),
            rule.ip_version.clone(),
            "outbound".to_owned(),
            rule.role.clone(),
            rule.purpose.clone(),
            rule.application.clone(),
            rule.microsoft_endpoint_id.map_or_else(String::new, |id| id.to_string()),
            rule.ranges.join(" "),
        ]
    };
    csv::rows(&HEADER, rules.iter().map(row), symbols)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(destination: &str, ranges: &[&str]) -> FirewallRule {
        FirewallRule {
            source: "ece".to_owned(),
            destination: destination.to_owned(),
            ranges: ranges.iter().map(|range| (*range).to_owned()).collect(),
            port: 993,
            protocol: "TCP".to_owned(),
            ip_version: "IPv4".to_owned(),
            role: "services".to_owned(),
            purpose: "mail".to_owned(),
            application: "IMAP over TLS".to_owned(),
            microsoft_endpoint_id: None,
            only_without_proxy: false,
        }
    }

    fn form(rules: &[FirewallRule], title: &str) -> String {
        let server = Server::of("ece", &["10.1.2.3".to_owned(), "127.0.0.1".to_owned()]);
        of(&forms(LEAD, rules, &server).expect("forms"), title)
    }

    fn of(forms: &Forms, title: &str) -> String {
        forms.each.iter().find(|form| form.title.contains(title)).expect("the form").text.clone()
    }

    #[test]
    fn published_ranges_are_used_where_there_are_any() {
        let rules = [rule("outlook.office365.com", &["13.107.6.152/31"])];
        assert!(form(&rules, "PowerShell").ends_with("-RemotePort 993 -RemoteAddress '13.107.6.152/31'"));
        assert!(form(&rules, "Command Prompt").ends_with("remoteport=993 remoteip=13.107.6.152/31"));
        assert_eq!(
            form(&rules, "ASA"),
            "object-group network ECE-FROM-ece-v4\n network-object host 10.1.2.3\nobject-group network \
             ECE-outlook.office365.com-v4\n network-object 13.107.6.152 255.255.255.254\naccess-list ECE-OUTBOUND extended \
             permit tcp object-group ECE-FROM-ece-v4 object-group ECE-outlook.office365.com-v4 eq 993"
        );
    }

    #[test]
    fn names_without_ranges_are_names() {
        let rules = [rule("ece.example.com", &[])];
        assert!(form(&rules, "ASA").contains("\n fqdn v4 ece.example.com\n"));
        assert!(form(&rules, "PAN-OS").contains("set address ECE-ece.example.com fqdn ece.example.com\n"));
    }

    #[test]
    fn ports_of_one_destination_are_one_rule_of_windows() {
        let ports = [587, 993, 993].map(|port| FirewallRule { port, ..rule("smtp.office365.com", &["40.96.0.0/13"]) });
        let powershell = form(&ports, "PowerShell");
        assert_eq!(powershell.lines().count(), 1, "{powershell}");
        assert!(powershell.contains("'ECE to smtp.office365.com TCP 587 993 (IPv4)'"), "{powershell}");
        assert!(powershell.contains(" -RemotePort 587,993 "), "{powershell}");
        assert!(form(&ports, "Command Prompt").contains(" remoteport=587,993 "));
    }

    #[test]
    fn addresses_are_ranges_of_one() {
        let six = FirewallRule { ip_version: "IPv6".to_owned(), ..rule("2001:db8::53", &[]) };
        let rules = [rule("10.1.1.53", &[]), six];
        let asa = form(&rules, "ASA");
        assert!(asa.contains(" network-object 10.1.1.53 255.255.255.255\n"), "{asa}");
        assert!(asa.contains("object-group network ECE-2001-db8--53-v6\n network-object 2001:db8::53/128"), "{asa}");
        assert!(form(&rules, "PAN-OS").contains("destination [ 2001:db8::53/128 ]"));
        assert!(form(&rules, "PowerShell").contains("-RemoteAddress '10.1.1.53/32'"));
    }

    #[test]
    fn addresses_stay_addresses_and_have_one_family() {
        let twice =
            ["IPv4", "IPv6"].map(|version| FirewallRule { ip_version: version.to_owned(), ..rule("2001:db8::5", &[]) });
        let csv = form(&twice, "CSV");
        assert!(csv.lines().count() == 2 && csv.contains("\"2001:db8::5\"") && csv.contains("\"IPv6\""), "{csv}");
        assert!(form(&twice, "PowerShell").starts_with("New-NetFirewallRule -DisplayName 'ECE to 2001:db8::5 TCP 993"));
        assert!(!form(&twice, "ASA").contains("-v4"), "{}", form(&twice, "ASA"));
        // a host whose name only resembles an address stays a name
        let alike = form(&[rule("2001-db8--5", &[])], "PAN-OS");
        assert!(alike.contains(" fqdn 2001-db8--5\n"), "{alike}");
    }

    #[test]
    fn source_is_the_server_or_a_placeholder_for_it_and_never_any() {
        let six = FirewallRule { ip_version: "IPv6".to_owned(), ..rule("ece.example.com", &[]) };
        let other = FirewallRule { source: "ECE application server".to_owned(), ..rule("ece.example.com", &[]) };
        let rules = [rule("ece.example.com", &[]), six, other];
        let forms = forms(LEAD, &rules, &Server::of("ece", &["10.1.2.3".to_owned()])).expect("forms");
        let asa = of(&forms, "ASA");
        for line in [
            "object-group network ECE-FROM-ece-v4\n network-object host 10.1.2.3",
            "object-group network ECE-FROM-ece-v6\n network-object host <IPv6-address-of-ece>",
            "object-group network ECE-FROM-ECE-application-server-v4\n network-object host \
             <IPv4-address-of-ECE-application-server>",
            "permit tcp object-group ECE-FROM-ece-v6 object ECE-ece.example.com-v6 eq 993",
        ] {
            assert!(asa.contains(line), "{line} in {asa}");
        }
        let pan_os = of(&forms, "PAN-OS");
        let source = "source [ 10.1.2.3 <IPv6-address-of-ece> <IPv4-address-of-ECE-application-server> ] destination";
        assert_eq!(pan_os.matches("set rulebase").count(), 1, "one rule a destination and port: {pan_os}");
        assert!(pan_os.contains(source) && !asa.contains(" any "), "{pan_os}");
        assert_eq!(forms.lead, [LEAD, PLACEHOLDER]);
        let known = super::forms(LEAD, &rules[..1], &Server::of("ece", &["10.1.2.3".to_owned()])).expect("forms");
        assert_eq!(known.lead, [LEAD], "nothing to replace");
    }

    #[test]
    fn dns_has_a_rule_a_transport() {
        let dns = ["UDP", "TCP"].map(|protocol| FirewallRule {
            protocol: protocol.to_owned(),
            port: 53,
            ..rule("10.1.1.53", &[])
        });
        assert!(form(&dns, "PowerShell").contains("-Protocol UDP -RemotePort 53 -RemoteAddress '10.1.1.53/32'"));
        assert!(form(&dns, "ASA").contains("extended permit udp object-group ECE-FROM-ece-v4 object-group"));
        let pan_os = form(&dns, "PAN-OS");
        assert!(pan_os.contains("ECE-10.1.1.53-udp-53 ") && pan_os.contains("ECE-10.1.1.53-tcp-53 "), "{pan_os}");
    }

    #[test]
    fn direct_rules_beside_a_proxy_are_comments() {
        let direct = FirewallRule { only_without_proxy: true, port: 443, ..rule("*.office365.com", &[]) };
        let rules = [direct.clone(), rule("proxy.example", &[])];
        let forms = of_plan(&rules).expect("forms");
        assert!(forms.lead.contains(&BESIDE_PROXY));
        for (title, mark) in [("PowerShell", "# "), ("Command Prompt", "REM "), ("ASA", "! "), ("PAN-OS", "# ")] {
            let text = of(&forms, title);
            let (first, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
            assert!(first.contains("proxy.example") && !first.contains("office365"), "{text}");
            assert!(rest.lines().all(|line| line.starts_with(mark)), "{text}");
            assert_eq!(rest.contains("Only if ECE does not use the proxy:"), title != "PAN-OS", "{text}");
        }
        assert!(
            !of(&forms, "CSV").contains("office365") && !change_request(&rules, Symbols::Unicode).contains("office365")
        );
        assert!(left_out(&rules).is_some() && left_out(&rules[1..]).is_none());
        let alone = of(&of_plan(&[direct]).expect("forms"), "PowerShell");
        assert!(alone.lines().all(|line| line.starts_with("# ")), "{alone}");
    }

    #[test]
    fn long_names_stay_two_objects() {
        let long = |end: &str| rule(&format!("{}.{end}.example.com", "a".repeat(60)), &[]);
        let asa = form(&[long("one"), long("two")], "ASA");
        let objects: BTreeSet<&str> = asa.lines().filter(|line| line.starts_with("object network ")).collect();
        assert!(objects.len() == 2 && objects.iter().all(|line| line.ends_with("-v4") && line.len() < 80), "{asa}");
    }

    #[test]
    fn range_from_outside_becomes_no_command() {
        assert_eq!(of_plan(&[rule("a.test", &["1.2.3.4/32'; calc"])]), None);
    }

    #[test]
    fn no_name_from_outside_becomes_a_command() {
        let rules = [rule("a.test'; Remove-Item C:\\", &[]), rule("a\"&calc", &[])];
        assert_eq!(of_plan(&rules), None);
    }
}

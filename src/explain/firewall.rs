//! A firewall's line about a connection that it denied, in the form of each maker.
//!
//! In: one line in small letters. Out: whether it says that a connection to a mail port outside the site was denied, to which
//! address and port, and how sure it is that this is one to Exchange Online: only where Microsoft publishes the address. Makers put action, destination and port
//! into fields of many names, or into a sentence; what they have in common is read, not each form.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use super::fields::Fields;
use crate::{catalogue::tables::Clouds, finding::Certainty};

/// Every string of this module that a text with a mail port is searched for.
pub fn searched() -> impl Iterator<Item = &'static str> {
    let lists: [&[&str]; 10] =
        [&DENIES, &DROPS, &ACTIONS, &DESTINATIONS, &SOURCES, &PORTS, &DIRECTIONS, &INBOUND, &NETFILTER, &ARROWS];
    lists.into_iter().flatten().copied().chain([
        "tcp",
        "traffic",
        "eni-",
        "reject",
        "subtype",
        INSPECTED,
        BEFORE_SOURCE,
    ])
}

/// Whether a text holds the number of a mail port: no other one is about a connection to it.
#[must_use]
pub fn names_mail_port(words: &str) -> bool {
    MAIL.iter().any(|port| words.contains(&port.to_string()))
}

/// Strings of which each such line of a log holds one that ordinary lines do not hold.
pub const NEEDLES: [&str; 16] = [
    "-106023: deny",
    "-106100: access-list",
    "ipaccesslogp",
    "rt_flow_session_deny",
    ",traffic,deny,",
    ",traffic,drop,",
    "action=\"deny\"",
    "action=\"drop\"",
    "action=deny",
    "action=drop",
    "act=deny",
    "act=drop",
    "accesscontrolruleaction: block",
    "connection dropped",
    "action: deny",
    " reject ok",
];

/// Words of a line that say that a connection was denied.
const DENIES: [&str; 8] = [
    " deny ",
    " denied ",
    "session denied",
    "session_deny",
    " block out ",
    " block in ",
    "dropped by ",
    "connection dropped",
];
/// What the field of the action says where a connection was denied.
const DROPS: [&str; 13] = [
    "deny",
    "denied",
    "drop",
    "dropped",
    "block",
    "blocked",
    "reject",
    "rejected",
    "reset-both",
    "reset-client",
    "reset-server",
    "server-rst",
    "discard",
];
/// The fields of the action.
const ACTIONS: [&str; 8] =
    ["action", "act", "disposition", "fw_action", "result", "status", "log_subtype", "accesscontrolruleaction"];
/// The fields of the destination's address.
const DESTINATIONS: [&str; 11] = [
    "dst",
    "dstip",
    "dst_ip",
    "dest",
    "destip",
    "dest_ip",
    "destination",
    "destinationip",
    "destination_ip",
    "dst-ip",
    "destination-address",
];
/// The fields of the source's address.
const SOURCES: [&str; 11] = [
    "src",
    "srcip",
    "src_ip",
    "srcaddr",
    "source",
    "sourceip",
    "source_ip",
    "sourceaddress",
    "src-ip",
    "source-address",
    "saddr",
];
/// The fields of the direction.
const DIRECTIONS: [&str; 4] = ["dir", "direction", "traffic_direction", "conn_direction"];
/// What they say of a connection from outside.
const INBOUND: [&str; 4] = ["inbound", "in", "incoming", "ingress"];
/// The fields of the destination's port.
const PORTS: [&str; 11] = [
    "dpt",
    "dport",
    "dstport",
    "dst_port",
    "destport",
    "dest_port",
    "destinationport",
    "destination_port",
    "dst-port",
    "destination-port",
    "service",
];
/// The mail ports of Exchange Online, see <https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/pop3-and-imap4/pop3-and-imap4>.
const MAIL: [u16; 3] = [587, 993, 995];

/// What `FortiOS` says of a connection that its inspection of TLS ended, which no rule denied.
const INSPECTED: &str = "ssl";

/// How sure a line in small letters makes that a firewall denied a connection of the site to Exchange Online, if it tells of a
/// denied connection to a mail port outside the site. A connection from outside is one to the site's own mail server.
#[must_use]
pub fn denied(line: &str, clouds: &Clouds) -> Option<Certainty> {
    let fields = Fields::of(line);
    if fields.value(&["subtype"]) == Some(INSPECTED) {
        return None;
    }
    let denied = read(line, &fields)?;
    let source = denied.source.or_else(|| fields.value(&SOURCES)?.parse().ok()).or_else(|| source(line));
    let is_from_outside = source.is_some_and(is_outside);
    let is_inbound = is_from_outside && fields.value(&DIRECTIONS).is_some_and(|direction| INBOUND.contains(&direction));
    match clouds.publish(IpAddr::V4(denied.to)) {
        _ if is_inbound => None,
        true => Some(Certainty::Certain),
        false if is_from_outside => None,
        false => Some(Certainty::Likely),
    }
}

/// Where the connection was to go that a line in small letters says was denied: a mail port outside the site.
#[must_use]
pub fn target(line: &str) -> Option<SocketAddrV4> {
    read(line, &Fields::of(line)).map(|denied| SocketAddrV4::new(denied.to, denied.port))
}

/// The connection to a mail port outside the site that a line says was denied.
fn read(line: &str, fields: &Fields<'_>) -> Option<Denied> {
    let by_field = fields.value(&ACTIONS).is_some_and(|action| DROPS.contains(&action.trim_end_matches('.')));
    let by_word = DENIES.iter().any(|word| line.contains(word)) || is_netfilter_drop(line, fields);
    let of_fields = || {
        // `dst=52.97.1.2:993:X1`
        let (to, port) = address(fields.value(&DESTINATIONS)?)?;
        let port = fields.value(&PORTS).map_or(port, |port| port.parse().ok())?;
        Some(Denied { source: None, to, port })
    };
    let of_line = || of_fields().or_else(|| of_sentence(line)).filter(|_| by_field || by_word);
    let of_columns = || panorama_drop(line).or_else(|| flow_rejected(line));
    of_line().filter(Denied::is_of_mail).or_else(|| of_columns().filter(Denied::is_of_mail))
}

/// A connection that was denied.
struct Denied {
    source: Option<Ipv4Addr>,
    to: Ipv4Addr,
    port: u16,
}

impl Denied {
    fn is_of_mail(&self) -> bool {
        MAIL.contains(&self.port) && is_outside(self.to)
    }
}

fn is_outside(address: Ipv4Addr) -> bool {
    !address.is_private() && !address.is_loopback() && !address.is_unspecified() && !address.is_link_local()
}

/// The fields of a line of netfilter.
const NETFILTER: [&str; 4] = ["in=", "out=", "proto=", "dpt="];

/// The prefix of a rule of netfilter is free text; it stands before the fields.
fn is_netfilter_drop(line: &str, fields: &Fields<'_>) -> bool {
    let is_netfilter = NETFILTER.iter().all(|field| line.contains(field));
    let prefix = line.split(" in=").next().unwrap_or_default();
    is_netfilter
        && fields.value(&["proto"]) == Some("tcp")
        && ["drop", "deny", "denied", "reject", "block"].iter().any(|word| prefix.contains(word))
}

/// Behind these stands the destination.
const ARROWS: [&str; 4] = ["->", " > ", " dst ", " to "];

/// Behind this stands the source, where the destination stands behind `dst`.
const BEFORE_SOURCE: &str = " src ";

/// The destination behind an arrow or `dst`: `outside:52.96.0.10/587`, `52.96.0.10(587)`, `52.96.0.10.587`, `52.96.0.10:587`.
fn of_sentence(line: &str) -> Option<Denied> {
    let (_, behind) = ARROWS.iter().find_map(|sign| line.split_once(sign))?;
    let (to, port) = address(behind.split_whitespace().next()?)?;
    Some(Denied { source: None, to, port: port? })
}

/// The source behind `src`, or before the arrow, in the same forms.
fn source(line: &str) -> Option<Ipv4Addr> {
    let behind = line.split_once(BEFORE_SOURCE).and_then(|(_, behind)| behind.split_whitespace().next());
    let before = || ARROWS.iter().find_map(|sign| line.split_once(sign))?.0.split_whitespace().next_back();
    address(behind.or_else(before)?).map(|(address, _)| address)
}

/// The address in a word, and the number behind it.
fn address(word: &str) -> Option<(Ipv4Addr, Option<u16>)> {
    let pieces = word.split(|c: char| !c.is_ascii_digit() && c != '.').map(|piece| piece.trim_matches('.'));
    let mut pieces = pieces.skip_while(|piece| piece.matches('.').count() < 3);
    let piece = pieces.next()?;
    let end = piece.match_indices('.').nth(3).map_or(piece.len(), |(at, _)| at);
    let behind = piece[end..].trim_start_matches('.');
    let port = std::iter::once(behind).chain(pieces).find(|number| !number.is_empty());
    Some((piece[..end].parse().ok()?, port.and_then(|port| port.parse().ok())))
}

/// A traffic log of PAN-OS: source, destination, port and action in the fields 8, 9, 26 and 31, see
/// <https://docs.paloaltonetworks.com/ngfw/administration/monitoring/use-syslog-for-monitoring/syslog-field-descriptions/traffic-log-fields>.
fn panorama_drop(line: &str) -> Option<Denied> {
    let fields: Vec<&str> = line.split(',').collect();
    let is_denied = fields.get(3) == Some(&"traffic") && DROPS.contains(fields.get(30)?);
    let (source, to, port) = (fields.get(7)?.parse().ok(), fields.get(8)?.parse().ok()?, fields.get(25)?.parse().ok()?);
    is_denied.then_some(Denied { source, to, port })
}

/// A flow log of a network at Amazon, see <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>: interface,
/// source, destination, port and action in the fields 3, 4, 5, 7 and 13.
fn flow_rejected(line: &str) -> Option<Denied> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let is_rejected = fields.get(2)?.starts_with("eni-") && fields.get(12) == Some(&"reject");
    let (source, to, port) = (fields.get(3)?.parse().ok(), fields.get(4)?.parse().ok()?, fields.get(6)?.parse().ok()?);
    is_rejected.then_some(Denied { source, to, port })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn sure(line: &str) -> Option<Certainty> {
        denied(&line.to_lowercase(), &Catalogue::built_in().tables.clouds)
    }

    #[test]
    fn a_denied_connection_in_the_form_of_each_maker() {
        for line in [
            "%FTD-4-106023: Deny tcp src dmz:10.1.1.1/50123 dst outside:40.101.1.2/587 by access-group \"x\" [0x0, 0x0]",
            "%ASA-6-106100: access-list IN denied tcp inside/10.1.1.1(51234) -> outside/52.96.1.1(993) hit-cnt 1",
            "action=\"Drop\" ifdir=\"inbound\" src=\"10.1.1.1\" dst=\"52.96.1.1\" proto=\"tcp\" service=\"993\" rule=\"88\"",
            "rule 4/0(match): block out on em0: 10.1.1.1.51234 > 52.96.1.1.587: Flags [S], seq 1",
            "CEF:0|x|y|1|z|traffic|5|act=blocked src=10.1.1.1 spt=51234 dst=52.96.1.1 dpt=995 proto=TCP",
            "{\"action\":\"REJECT\",\"dest_ip\":\"52.96.1.1\",\"dest_port\":\"587\",\"proto\":\"TCP\"}",
            "kernel: [UFW BLOCK] IN=eth1 OUT=eth0 SRC=10.1.1.1 DST=52.96.1.1 PROTO=TCP SPT=1 DPT=993 SYN",
            "RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636 source-address=\"10.1.2.3\" destination-address=\"52.97.1.2\" destination-port=\"993\"]",
            "log_component=\"Firewall Rule\" log_subtype=\"Denied\" status=\"Deny\" src_ip=10.1.2.3 dst_ip=52.97.1.2 dst_port=587",
            "%FTD-1-430002: AccessControlRuleAction: Block, SrcIP: 10.1.1.1, DstIP: 52.96.1.1, DstPort: 993, Protocol: tcp",
            "msg=\"TCP connection dropped\" n=12 src=10.1.1.1:51234:X0 dst=52.96.1.1:993:X1 proto=tcp/993",
            "TCP request from 10.1.1.1:51234 to 52.96.1.1:993. Action: Deny. No rule matched. Proceeding with default action",
            "2 123456789010 eni-1235b8ca 10.1.1.1 52.96.1.1 51234 993 6 1 40 1764078922 1764078982 REJECT OK",
            "RT_FLOW_SESSION_DENY: session denied 10.1.1.1/51234->52.96.1.1/587 junos-smtps 6(0) deny-all",
        ] {
            assert_eq!(sure(line), Some(Certainty::Certain), "{line}");
        }
    }

    #[test]
    fn connection_to_an_address_that_microsoft_does_not_publish_is_likely_at_most() {
        for line in [
            "action=deny src=10.1.1.1 dst=142.250.1.2 dpt=993 proto=tcp",
            "action=deny dst=142.250.1.2 dpt=993 proto=tcp",
            "%ASA-4-106023: Deny tcp src inside:10.1.1.1/51234 dst outside:142.250.1.2/993 by access-group \"x\"",
            "%ASA-4-106023: Deny tcp src dmz2:10.1.1.1/51234 dst outside1:142.250.1.2/993 by access-group \"x\"",
        ] {
            assert_eq!(sure(line), Some(Certainty::Likely), "{line}");
        }
        for line in [
            "action=deny dir=inbound src=198.51.100.7 dst=203.0.113.9 dpt=587 proto=tcp",
            "action=deny direction=inbound src=198.51.100.7 dst=52.97.1.2 dpt=587 proto=tcp",
            "%ASA-4-106023: Deny tcp src outside:198.51.100.7/51234 dst dmz:203.0.113.9/587 by access-group \"x\"",
            "rule 4/0(match): block in on em0: 198.51.100.7.51234 > 203.0.113.9.587: Flags [S], seq 1",
            "1,2026/11/20 10:00:00,0128,TRAFFIC,drop,2561,2026/11/20 10:00:00,198.51.100.7,203.0.113.9,0.0.0.0,0.0.0.0,x,,,\
             smtp,vsys1,untrust,dmz,e1,,default,2026/11/20 10:00:00,0,1,51234,587,0,0,0x0,tcp,deny,74,74,0,1,2026,0,any",
        ] {
            assert_eq!(sure(line), None, "{line}");
        }
    }

    #[test]
    fn allowed_and_other_connections_are_no_denial() {
        for line in [
            "action=\"accept\" dst=\"52.96.1.1\" proto=\"tcp\" service=\"993\"",
            "%FTD-6-430003: AccessControlRuleAction: Allow, SrcIP: 10.1.1.1, DstIP: 52.96.1.1, DstPort: 993, Protocol: tcp",
            "TCP request from 10.1.1.1:51234 to 52.96.1.1:993. Action: Allow. Rule Collection: o365. Rule: imap",
            "2 123456789010 eni-1235b8ca 10.1.1.1 52.96.1.1 51234 993 6 20 4249 1764078922 1764078982 ACCEPT OK",
            "%ASA-4-106023: Deny tcp src outside:198.51.100.7/51234 dst inside:10.1.1.1/587 by access-group \"x\"",
            "%ASA-4-106023: Deny tcp src inside:10.1.1.1/993 dst outside:198.51.100.7/22 by access-group \"x\"",
            "kernel: IN=eth1 OUT=eth0 SRC=10.1.1.1 DST=52.96.1.1 PROTO=TCP SPT=1 DPT=993 SYN",
        ] {
            assert_eq!(sure(line), None, "{line}");
        }
    }
}

//! `ece-check` against servers that nobody here wrote, under the true names and on the true ports.
//!
//! Dovecot, Postfix, nginx, dnsmasq, unbound and OpenSSL play Microsoft 365 in a network namespace, and Squid the proxy
//! of the site on the way there; `ece-check` runs in
//! another and may touch nothing else ([`bench`]). What is changed for a case, what foreign clients then see, and what
//! `ece-check` must say stands in `cases.toml` ([`case`]). Other programs judge the bench itself first: see
//! [`bench_is_what_it_says`].
//!
//! Needs root, Linux and the Debian packages in [`bench::PROGRAMS`]. Where they are missing the tests fail and say so,
//! unless `ECE_CHECK_FOREIGN=off` says that this is known.

mod bench;
mod case;
mod sign_in;
mod trace;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use bench::Bench;
use case::Table;

/// The binary under test.
const ECE_CHECK: &str = env!("CARGO_BIN_EXE_ece-check");

/// One test for each case of the table, so that each can be run and read alone.
macro_rules! cases {
    ($($name:ident)*) => {
        const TESTS: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                let Some(bench) = bench() else { return };
                let table = Table::read();
                table.case(stringify!($name)).judge(&table, &bench, ECE_CHECK);
            }
        )*
    };
}

cases! {
    healthy
    site_without_ipv6
    port_587_dropped
    port_993_refused
    port_993_dropped_at_one_address
    port_995_prohibited
    port_443_intercepted_and_trusted
    port_443_intercepted_and_not_trusted
    only_the_proxy_leads_out
    only_the_proxy_leads_out_and_the_firewall_says_no
    proxy_left_out_for_one_name
    proxy_wants_a_password
    proxy_given_the_wrong_password
    proxy_given_the_right_password
    proxy_refuses
    proxy_name_unknown
    proxy_name_refused_by_the_resolver
    proxy_port_closed
    intercepted_behind_the_proxy
    certificate_expired_on_993
    intermediate_missing_on_995
    imap_and_pop3_without_xoauth2
    smtp_without_starttls
    only_old_tls_on_443
    web_page_in_place_of_imap
    discovery_document_not_found
    discovery_document_is_a_web_page
    name_unknown
    resolver_fails
    resolver_refuses
    resolver_gives_a_private_address
    resolver_silent
    hosts_file_points_to_this_host
    no_network_at_all
}

#[test]
fn every_case_of_the_table_is_a_test() {
    let table = Table::read();
    let names: Vec<&str> = table.cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, TESTS, "cases.toml and the list in main.rs must name the same cases in the same order");
}

#[test]
fn makefile_installs_every_program() {
    let makefile = include_str!("../../../Makefile");
    let (_, packages) = makefile.split_once("PACKAGES =").expect("a list of packages");
    let listed: Vec<&str> = packages.split_whitespace().take_while(|word| *word != "#").collect();
    let needed = bench::PROGRAMS.iter().flat_map(|(_, packages)| packages.split(' '));
    let missing: Vec<&str> = needed.filter(|package| !listed.contains(package)).collect();
    assert!(missing.is_empty(), "PACKAGES in the Makefile lacks {missing:?}");
}

#[test]
fn bench_is_what_it_says() {
    let Some(bench) = bench() else { return };
    let wrong: Vec<String> = Table::read().cases.iter().flat_map(|case| case.prove(&bench)).collect();
    assert!(wrong.is_empty(), "foreign clients see another bench than cases.toml says:\n{}", wrong.join("\n"));
}

#[test]
fn tracing_sees_every_socket_and_connection() {
    let Some(bench) = bench() else { return };
    Table::read().case("healthy").lay(&bench);
    let twice = "exec 3<>/dev/tcp/52.96.0.10/993 4<>/dev/tcp/52.96.0.10/993 5<>/dev/tcp/2603:1036::10/995";
    let trace = trace::run(&bench, "bash", &["-c", twice]);
    assert_eq!(trace.connections, ["2603:1036::10 995", "52.96.0.10 993", "52.96.0.10 993"]);
    assert!(trace.sockets.len() >= 3, "{:?}", trace.sockets);
}

#[test]
fn plan_opens_no_socket() {
    let Some(bench) = bench() else { return };
    Table::read().case("healthy").lay(&bench);
    let trace = trace::run(&bench, ECE_CHECK, &["plan"]);
    assert_eq!(trace.exit, Some(0), "{}", trace.stderr);
    assert!(trace.stdout.contains("smtp.office365.com"), "the plan names no host:\n{}", trace.stdout);
    assert!(trace.sockets.is_empty(), "plan must open no socket, and did:\n{}", trace.sockets.join("\n"));
}

#[test]
fn healthy_run_opens_each_address_and_port_once() {
    let Some(bench) = bench() else { return };
    let table = Table::read();
    table.case("healthy").lay(&bench);
    let ca_file = bench.file("root.pem");
    let arguments: Vec<&str> =
        table.arguments.iter().map(String::as_str).chain(["--ca-file", ca_file.as_str()]).collect();
    let trace = trace::run(&bench, ECE_CHECK, &arguments);
    assert_eq!(trace.exit, Some(0), "{}", trace.stderr);
    let mut once = trace.connections.clone();
    once.dedup(); // they are sorted
    assert_eq!(trace.connections, once, "an address and port was connected to more than once");
    assert_eq!(once, bench::services(), "the addresses and ports of the plan, all of them and no other");
}

/// The bench, for one test at a time; none when the user has switched these tests off.
fn bench() -> Option<MutexGuard<'static, Bench>> {
    static BENCH: OnceLock<Result<Mutex<Bench>, String>> = OnceLock::new();
    if std::env::var("ECE_CHECK_FOREIGN").is_ok_and(|value| value == "off") {
        println!("ignored: ECE_CHECK_FOREIGN=off");
        return None;
    }
    match BENCH.get_or_init(|| Bench::start().map(Mutex::new)) {
        // A test that failed leaves nothing half done: each lays the whole bench anew.
        Ok(bench) => Some(bench.lock().unwrap_or_else(PoisonError::into_inner)),
        Err(reason) => panic!("{reason}"),
    }
}

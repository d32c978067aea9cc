//! What a program does with sockets, as strace sees it.

use std::fs;

use crate::foreign::bench::{Bench, Place};

/// A traced run.
pub struct Trace {
    /// The exit code; none when a signal ended it.
    pub exit: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
    /// Every call that makes a socket.
    pub sockets: Vec<String>,
    /// "address port" of every TCP connection that was tried, sorted.
    pub connections: Vec<String>,
}

/// Runs a program in the site under strace.
pub fn run(bench: &Bench, program: &str, arguments: &[&str]) -> Trace {
    let file = bench.file("strace.txt");
    let output = bench
        .command(Place::Site, "strace", 60)
        .args(["-f", "-yy", "-e", "trace=network", "-o", &file, program])
        .args(arguments)
        .output()
        .expect("timeout is of coreutils");
    let calls = fs::read_to_string(&file).expect("strace writes its file, even when nothing is traced");
    let mut connections: Vec<String> = calls.lines().filter_map(connection).collect();
    connections.sort();
    Trace {
        exit: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        sockets: calls.lines().filter(|line| line.contains(" socket(")).map(str::to_owned).collect(),
        connections,
    }
}

/// The peer of a `connect` on a TCP socket.
fn connection(line: &str) -> Option<String> {
    let (_, call) = line.split_once(" connect(")?;
    if !call.split(',').next()?.contains("<TCP") {
        return None; // a question to the resolver over UDP, or a local socket
    }
    let (_, port) = call.split_once("htons(")?;
    let (port, rest) = port.split_once(')')?;
    let (_, address) = rest.split_once("inet_addr(\"").or_else(|| rest.split_once("AF_INET6, \""))?;
    let (address, _) = address.split_once('"')?;
    Some(format!("{address} {port}"))
}

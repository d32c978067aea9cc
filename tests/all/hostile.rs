//! Peers that drip, stall, never end or send what no protocol knows: a run ends in time and takes no more memory.

use std::{
    process::Child,
    time::{Duration, Instant},
};

use crate::{
    accuracy::agree::assert_agrees,
    program::{Place, wait},
    walk::alone,
};

/// The stages of the longest look: lookup, connect, greeting, EHLO, STARTTLS, handshake, capabilities, and the farewell.
const STAGES: u32 = 8;
const STEP: Duration = Duration::from_secs(1);

#[tokio::test]
async fn stalling_peers_end_at_the_step_limit() {
    let _alone = alone().await;
    let place = Place::new();
    let stalled = [
        "no-greeting",
        "no-greeting.dripping",
        "no-greeting.dripping-imap",
        "no-greeting.stalled-handshake",
        "session-ended-early.silent-after-starttls",
        "session-ended-early.silent-at-capability",
        "session-ended-early.silent-at-capabilities",
        "no-greeting.login",
        "dns-resolver-unreachable",
        "dns-resolver-unreachable.no-tcp",
        "port-blocked.all-mail",
    ];
    let runs =
        stalled.map(|fault| (fault, place.start(&["run", &format!("--lab={fault}"), "--timeout", "1s", "-o", "json"])));
    let began = Instant::now();
    for (fault, child) in runs {
        let outcome = wait(child);
        assert_eq!(outcome.code, Some(1), "{fault}: {outcome:?}");
        assert!(began.elapsed() < STEP * STAGES, "{fault} ended after {:?}", began.elapsed());
        assert_agrees(&outcome.report(), fault);
    }
}

#[tokio::test]
async fn endless_peers_take_no_memory() {
    let _alone = alone().await;
    let place = Place::new();
    for fault in [
        "not-microsoft-server.long-line",
        "server-reply-malformed.endless-line",
        "not-microsoft-server.endless-capabilities",
        "server-reply-malformed.endless-capabilities-imap",
        "server-reply-malformed.endless-capabilities-pop3",
        "microsoft-service-error.huge-document",
        "starttls-not-offered.nul",
    ] {
        let began = Instant::now();
        let child = place.start(&[
            "run",
            &format!("--lab={fault}"),
            "--transcript",
            "said.txt",
            "-o",
            "csv",
            "--report",
            "json=report.json",
        ]);
        let (child, most) = watch(child);
        let outcome = wait(child);
        assert_eq!(outcome.code, Some(1), "{fault}: {outcome:?}");
        assert!(began.elapsed() < STEP * STAGES, "{fault} ended after {:?}", began.elapsed());
        // not from standard output: nobody reads there while the memory is watched
        let report = serde_json::from_str(&place.read("report.json")).expect("the report");
        assert_agrees(&report, fault);
        std::fs::remove_file(place.path().join("report.json")).expect("the report");
        // the lab, in the same process, is counted too
        assert!(most < 64 * 1024, "{fault}: {most} kB");
        assert!(most > 0 || cfg!(not(target_os = "linux")), "{fault}: nothing was measured");
        let longest = place.read("said.txt").lines().map(str::len).max();
        assert!(longest < Some(4_000), "{fault}: a line of {longest:?} bytes in the transcript");
    }
}

/// The most memory that a process ever held, in kB, as far as the system tells while it runs.
fn watch(mut child: Child) -> (Child, u64) {
    let mut most = 0;
    while child.try_wait().expect("a child can be asked").is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let held = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let held = held.and_then(|held| held.trim().trim_end_matches("kB").trim().parse().ok());
        most = most.max(held.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1)); // nothing tells when a process grows
    }
    (child, most)
}

#[cfg(target_os = "linux")]
#[test]
fn device_without_an_end_is_no_log() {
    let place = Place::new();
    let zeros = || std::fs::File::open("/dev/zero").expect("Linux has it");
    for arguments in [&["explain", "-f", "/dev/zero"] as &[&str], &["explain", "-f", "/dev/full"], &["explain", "-"]] {
        let child = place.command(arguments).stdin(zeros()).spawn().expect("the program starts");
        let outcome = wait(child);
        assert_eq!(outcome.code, Some(2), "{arguments:?}: {outcome:#?}");
        assert!(outcome.stderr.contains("nothing but zero bytes"), "{arguments:?}: {outcome:#?}");
    }
}

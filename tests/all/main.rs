//! Everything that needs only Rust: no other server, no other client, no network beyond loopback.
//!
//! Where a test goes:
//! - `checks`: what a file below `checks/` says of itself: healthy, and under each of its proofs.
//! - `causes`: a fault of the lab for every cause, or why there is none. What a fault's file says of itself: `accuracy`.
//! - `levels`: the causes that need no lab: the level of ECE and the addresses it is known by.
//! - `shape`: the layers, the names of files and functions, what no source file may hold.
//! - `cli`: the program as people call it: exit codes, flags, bad input, streams.
//! - `asked`: what people type behind `explain` and `list`: names, numbers, files, words without quotes.
//! - `several`: messages that were pasted together, and codes that a sentence only mentions: what `explain` names of them.
//! - `simulator`: `lab` in a process of its own: its site file, its end.
//! - `token`: the exit code of `token show`.
//! - `commands`: every command of every cause with hostile values: what each shell makes of them.
//! - `words`: what people read: banned words, titles of one line, fixes that begin with a verb.
//! - `docs`: what README.md and docs/ show is what the program prints, and what they tell people to type is a command.
//! - `contradictions`: thirty outputs that contradicted the run, each with what is printed instead.
//! - `folder`: checks and causes of somebody else's, laid over ours with `--checks`.
//! - `report`: the JSON report: schema, sums, there and back.
//! - `signin`: tokens and sign-ins: each check of the contract, nothing changed, nothing asked twice.
//! - `delivery`: messages from a mailbox to itself: none unasked, one when asked, nothing else touched; and what other
//!   people's mail clients make of the lab.
//! - `handover`: waivers, one team's part, several servers, bundles, redaction, monitoring, waiting.
//! - `evidence`: files that colleagues export: what is recognized in every form, and what it settles.
//! - `evidence_forms`: every sample through the program, the same rows in every container, ECE's own log.
//! - `evidence_bad`: files that are handed over by mistake: a sentence for each, and exit code 2 for none that can be used.
//! - `evidence_lab`: the lab with a fault and its files: what was possible becomes certain, or is ruled out.
//! - `graph_sign_in`: `--graph` with a person at a browser or with a device code: declined, never completed, only GET.
//! - `webex`: both integrations of Webex: each fault live and by files, Microsoft Graph, the text of Control Hub.
//! - `fixes`: what an action asks for is what the run knows.
//! - `fuzz_targets`: the targets of `fuzz/`: they compile, and take a few inputs.
//! - `hostile`: peers that drip, stall or never end: time and memory stay within bounds.
//! - `hostile_witnesses`: what one part of a run shows against the cause that another part names.
//! - `outputs`: files that a run reads and writes: no output replaces what is read, nothing half is left behind.
//! - `judged`: saved reports judged again and compared.
//! - `accuracy`: how often the cause of a text, or of a fault in the lab, is named rightly.
//! - `reports`: one golden report in every format.
//! - `secrets`: marked secrets through every command; no byte that leaves holds one.
//!
//! `walk` makes a run through the library, `program` runs the binary. Beside this folder: `tests/peers` (programs
//! that nobody here wrote) and `tests/files` (bad files of users).

#![expect(clippy::disallowed_methods, reason = "tests open what the program reaches, and start the program")]

/// The targets of `fuzz/` import a macro by this name.
extern crate self as libfuzzer_sys;

mod accuracy;
mod asked;
mod causes;
mod checks;
mod cli;
mod commands;
mod contradictions;
mod delivery;
mod docs;
mod evidence;
mod evidence_bad;
mod evidence_forms;
mod evidence_lab;
mod fixes;
mod folder;
mod fuzz_targets;
#[cfg(unix)]
mod graph_sign_in;
mod handover;
mod hostile;
mod hostile_witnesses;
mod judged;
mod levels;
mod outputs;
mod program;
mod report;
mod reports;
mod secrets;
mod several;
mod shape;
mod signin;
mod simulator;
mod token;
mod walk;
mod webex;
mod words;

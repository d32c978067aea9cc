//! Walks the ECE and Office 365 OAuth2 checklist on the ECE server itself and names the cause of what fails.
//!
//! This is the map for whoever works on the program. `README.md` tells how to use it, `checks/README.md` how to add a
//! check or a cause, [`decisions`] why it is built as it is.
//!
//! # How data goes
//!
//! One way, and each stage is finished before the next one sees its work:
//!
//! ```text
//! checks/*.toml ─load─▶ Check ─make─▶ Plan ─run─▶ Observation ─judge─▶ Finding ─diagnose─▶ Report ─render─▶ text, json
//!                                      ▲   the only   what was    pure           pure: sees            pure
//! user's file ───read─▶ Deployment ────┘   in- and    seen, not                  all findings
//!                                          output     judged
//! ```
//!
//! Two rules decide the rest. What we know about ECE, Microsoft and Webex lives in `checks/`; what we know about
//! protocols lives in `src/`. And only [`Probe::observe`](probe::Probe::observe) touches the world, and it never judges: a refusal is data, a
//! [`Failure`](evidence::Failure), and no `Err`. So a saved report holds all that was seen.
//!
//! # Vocabulary
//!
//! | word | is |
//! |---|---|
//! | [`Deployment`](deployment::Deployment) | the user's file: ECE's level and URLs, tenant, accounts, further endpoints |
//! | [`Check`](catalogue::Check) | a declared statement that should hold, with its section, needs, words, sources and proofs |
//! | subject | what a check is made for: an endpoint, a name, the site |
//! | probe | how to look: one file a protocol or source in [`probe`] |
//! | [`Fact`](evidence::Fact) | one thing that can be measured, a typed constant of the probe that measures it |
//! | [`AnyProbe`](probe::AnyProbe) | one act of looking; checks of the same place share it |
//! | [`Observation`](evidence::Observation) | all that one look saw: facts, stop, transcript, times; one [`Attempt`](evidence::Attempt) for each address |
//! | [`Failure`](evidence::Failure) | where and why a look could not go on, in the other side's own words |
//! | [`Plan`](plan::Plan) | the looks, and a finding to come for each check and subject |
//! | [`Finding`](finding::Finding) | how one check came out for one subject, and because of what |
//! | [`Cause`](catalogue::Cause) | what is wrong in the world: owner, fix, command, and the signs that show it |
//! | [`Report`](finding::Report) | all of one run; the JSON report is this value |
//! | fault | one thing wrong with the [`lab`]; it has the name of the cause that it shows |
//!
//! # Layers
//!
//! A module uses what stands to its left, never what stands to its right or beside it:
//!
//! [`files`] → [`secret`] [`evidence`] [`table`] → [`wire`] → [`finding`] [`net`] → [`oauth`] → [`probe`] [`graph`] → [`catalogue`]
//! [`deployment`] → [`plan`] [`judge`] → [`diagnose`] → [`engine`] [`explain`] [`report`] → [`lab`] → [`cli`]
//!
//! The [`lab`] uses none of the others, so that one mistake cannot cancel another. The same protocol has the same file
//! name in each layer: `ls src/*/smtp.rs` shows all there is about SMTP.
//!
//! # Where to begin
//!
//! With [`evidence`] and [`finding`], which are the values that everything else makes or reads. Then one check from top to
//! bottom: `checks/imap/xoauth2-offered.toml`, [`plan::Plan::make`], [`probe::service`], [`probe::imap`],
//! [`judge::judge`], [`diagnose::diagnose`]. The command line is thin and comes last: [`cli`].

#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "tests write the files that the program reads"))]

pub mod catalogue;
pub mod cli;
pub mod command;
pub mod decisions;
pub mod deployment;
pub mod diagnose;
pub mod ece;
pub mod engine;
pub mod evidence;
pub mod explain;
pub mod files;
pub mod finding;
pub mod graph;
pub mod import;
pub mod judge;
pub mod lab;
pub mod net;
pub mod oauth;
pub mod plan;
pub mod probe;
pub mod report;
pub mod secret;
pub mod table;
pub mod wire;

//! 0002: each address is judged by itself, and a check owns stages.
//!
//! # Situation
//!
//! `outlook.office365.com` has eight addresses and more. ECE takes any of them, so a firewall rule that leaves one out
//! gives mail that stops now and then: the fault that costs the most days. A look that stops at the first good
//! address, as every ordinary client does, cannot see it.
//!
//! One connection also carries several checks: the port opens, the certificate is trusted, its name is right, XOAUTH2
//! is offered. When it ends half-way, exactly one of them has failed; those before it hold, those after it were never
//! tried.
//!
//! # Decision
//!
//! A look at a service dials every address at once, and each address is a [`Attempt`](crate::evidence::Attempt) with its own
//! facts, stop and transcript. [`judge`](crate::judge) asks each path. One bad address of eight is a failure that
//! names it.
//!
//! A stop says how far the connection came, its [`Stage`](crate::evidence::Stage). A check names the stages that it
//! answers for in `stages`. A stop at one of them speaks against this check. A stop before them says nothing about it:
//! for that address the check was not reached, and when no address reached it, the finding is a skip that names what
//! blocks it.
//!
//! # Consequences
//!
//! - One cause, one failure: a blocked port fails `tcp.opens` and not the five checks behind it.
//! - Nothing is green that was not seen: `seven of eight` stands in the finding, never a bare yes.
//! - A new check on an existing connection must decide whether it owns a stage. Two owners of one stage on one connection would
//!   say the same thing twice; [`judge_all`](crate::judge::judge_all) then lets the one speak that the other needs.
//! - An address family without any route from this host is not a fault of the address: it is noted and passed over.

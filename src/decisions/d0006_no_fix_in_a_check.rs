//! 0006: a check carries no fix; causes carry owner, fix and command.
//!
//! # Situation
//!
//! Most checkers print advice beside each failed check. One blocked port then gives six failures with six different
//! pieces of advice, four teams read one each, and none of it is the truth: the same failure of a check can have ten
//! causes, and one cause shows in ten checks.
//!
//! # Decision
//!
//! A check says what should be seen and what it means for ECE when it is not. Who mends it, how, with what command and
//! how long that takes is said by a cause, and nowhere else. [`diagnose`](crate::diagnose) joins them for a whole run:
//! signs raise causes, the findings of the other checks support them or rule them out, and what is left is named with
//! its certainty.
//!
//! # Consequences
//!
//! - A report opens with a short list, "Fix first", in the order in which things must be mended. Each line has one
//!   owner.
//! - A failure whose cause is not known says so, in place of advice that fits no one.
//! - Every cause has at least one sample of what it looks like. The sample is documentation and test at once.
//! - Whoever adds a check with a new way to fail has to add a cause too. `checks/README.md` shows both.

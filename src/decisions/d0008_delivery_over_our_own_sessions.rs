//! 0008: the message from a mailbox to itself goes over our own sessions, not through a mail library.
//!
//! # Situation
//!
//! `--send-mail` sends a message over SMTP and finds it again over IMAP or POP3. Sending and fetching mail is what mail
//! libraries are for, and the sign-in looks speak the same protocols already. What a library would have to keep:
//!
//! - the overrides: `--resolve`, `--connect-to`, the address that the look at the service found well, the judgement of the
//!   certificate before the token is sent. `lettre` sends only over a connection
//!   that it has opened itself; its session alone accepts an open stream, and that is what `--second-opinion` uses;
//! - the refusal to the letter, with its code, as causes are found by it ([0007](super::d0007_dependencies));
//! - the places at a host and of a sender, so that Exchange Online never sees more sessions than it allows;
//! - that nothing of other people's mail is read, and nothing of it reaches a transcript.
//!
//! # Decision
//!
//! [`probe::round_trip`](crate::probe::round_trip) goes through [`probe::sign_in`](crate::probe::sign_in) as every sign-in does,
//! and adds five commands: DATA; UID SEARCH, UID FETCH of one header and UID MOVE; TOP. lettre
//! builds the message: its headers have rules that a library keeps better. `lettre` and `async-imap` send, find and move
//! a message in the tests as well, and check what a run has left behind.
//!
//! What the probe may do is small on purpose. It searches with EXAMINE and opens with SELECT only when its own message is
//! there; it moves that one number after its header was read again; it never stores a flag, deletes or expunges.
//!
//! # A message that is not found is a warning
//!
//! ECE's retriever reads the same inbox and deletes what it has fetched. On a server where ECE runs and all is well, the
//! message may be gone before anybody can see it. A failure would then be false, and a pass would claim what was not seen.
//! A refusal at DATA is a failure: the dispatcher would be told the same.
//!
//! # Consequences
//!
//! - On ECE's application server nothing is sent: its firewall need not let it fetch mail, so nobody could see the message
//!   arrive, and a message that was only accepted proves no more than `smtp.sender-accepted` does.
//! - Over POP3 each look is a sign-in, as a session shows the mailbox as it was at its beginning. The pauses are longer.
//! - Over POP3 the message stays: DELE is for good, and the administrator could not see it any more.
//! - A round trip is one judgement over two connections, so its observation has no paths
//!   ([0002](super::d0002_each_address_by_itself)); both conversations stand in one transcript.

//! Starting the event loop, when the system gives threads for it.
//!
//! A runtime that cannot start its threads panics, or waits for a thread that never comes; a limit of processes
//! (`ulimit -u`) is reason enough, and so is one of open files (`ulimit -n`). So both are asked for first, and it is said
//! what is missing.

use std::{io, sync::mpsc, thread};

use tokio::runtime::{Builder, Runtime};

use super::CliError;
use crate::files;

/// Files that an event loop opens for itself, and some more: it panics where its last one is missing.
pub const FILES: usize = 16;

/// More threads than this make no run faster: it waits for servers, not for the processor.
const MOST_WORKERS: usize = 8;

/// An event loop on several threads.
///
/// # Errors
/// When this user may not start threads, or the system lacks memory or files for it.
pub fn of_several_threads() -> Result<Runtime, CliError> {
    files::room(FILES).map_err(|error| lacking("files", &error))?;
    let wanted = thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS);
    // one for what blocks, such as a command that prints a token
    let workers = started(2, wanted + 1)? - 1;
    Builder::new_multi_thread().worker_threads(workers).enable_all().build().map_err(|error| missing(&error))
}

/// An event loop on this thread.
///
/// # Errors
/// As [`of_several_threads`].
pub fn of_one_thread() -> Result<Runtime, CliError> {
    files::room(FILES).map_err(|error| lacking("files", &error))?;
    started(1, 1)?;
    Builder::new_current_thread().enable_all().build().map_err(|error| missing(&error))
}

fn missing(error: &io::Error) -> CliError {
    lacking("threads", error)
}

fn lacking(what: &str, error: &io::Error) -> CliError {
    let right =
        "raise the limit of processes and open files of this user (Linux: ulimit -u, ulimit -n), or stop programs";
    CliError::Usage(format!("the system gives this user no further {what}: {error}"), right.to_owned())
}

/// How many threads of those that are wanted can run at the same time.
fn started(least: usize, wanted: usize) -> Result<usize, CliError> {
    let mut threads = Vec::new();
    for _ in 0..wanted {
        let (stop, stopped) = mpsc::channel::<()>();
        let wait = move || {
            let _ = stopped.recv(); // until the other end is dropped
        };
        match thread::Builder::new().name("trial".to_owned()).spawn(wait) {
            Ok(thread) => threads.push((stop, thread)),
            Err(error) if threads.len() < least => return Err(missing(&error)),
            Err(_) => break,
        }
    }
    let started = threads.len();
    for (stop, thread) in threads {
        drop(stop);
        let _ = thread.join();
    }
    Ok(started)
}

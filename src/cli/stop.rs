//! What tells the program to end, and to end in order: with the report so far, and without leaving a file behind.

/// What tells the program to end: Ctrl-C, and what a service manager or a closing terminal sends.
#[cfg(unix)]
pub struct Stop(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Stop {
    /// Listens from now on.
    pub fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        if !outlives_the_terminal() {
            kinds.push(SignalKind::hangup());
        }
        Self(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    /// Waits for the first of them.
    pub async fn wait(&mut self) {
        std::future::poll_fn(|context| {
            let told = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if told { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

/// What tells the program to end: Ctrl-C, Ctrl-Break, and a closing window.
#[cfg(windows)]
pub struct Stop {
    interrupt: Option<tokio::signal::windows::CtrlC>,
    interrupted: Option<tokio::signal::windows::CtrlBreak>,
    close: Option<tokio::signal::windows::CtrlClose>,
}

#[cfg(windows)]
impl Stop {
    /// Listens from now on.
    pub fn listen() -> Self {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};
        Self { interrupt: ctrl_c().ok(), interrupted: ctrl_break().ok(), close: ctrl_close().ok() }
    }

    /// Waits for the first of them.
    pub async fn wait(&mut self) {
        std::future::poll_fn(|context| {
            let told = self.interrupt.as_mut().is_some_and(|signal| signal.poll_recv(context).is_ready())
                || self.interrupted.as_mut().is_some_and(|signal| signal.poll_recv(context).is_ready())
                || self.close.as_mut().is_some_and(|signal| signal.poll_recv(context).is_ready());
            if told { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

/// True when whoever started the program has it ignore the end of its terminal, as `nohup` does.
#[cfg(unix)]
fn outlives_the_terminal() -> bool {
    const HANGUP: u64 = 1; // the first signal is the lowest bit (proc_pid_status(5))
    let status = super::host::system_file("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & HANGUP != 0)
}

/// From now on a file that reaches its limit (`ulimit -f`) is a write that fails; otherwise the system ends the program
/// (`SIGXFSZ`, setrlimit(2)) and leaves half a file behind.
#[cfg(unix)]
pub fn outlive_the_limit_of_files() {
    const FILE_SIZE_EXCEEDED: i32 = 25; // on Linux and BSD
    use tokio::signal::unix::{SignalKind, signal};
    if crate::files::room(super::runtime::FILES).is_err() {
        return;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let _inside = runtime.enter();
    let _ = signal(SignalKind::from_raw(FILE_SIZE_EXCEEDED)); // who listens once is never ended by it
}

#[cfg(not(unix))]
pub fn outlive_the_limit_of_files() {}

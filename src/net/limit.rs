//! The limits of every wait: the step, the whole run, and the user's patience.

use std::{future::Future, time::Duration};

use tokio::{sync::watch, time::Instant};

use super::Halt;
use crate::evidence::FailureKind;

/// How long anything may take. Cheap to clone; all clones end together.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The longest that one step may take: `--timeout`.
    pub step: Duration,
    /// When the run ends: `--deadline`.
    pub deadline: Instant,
    interrupted: watch::Receiver<bool>,
}

impl Limits {
    /// Limits that also end when `interrupted` becomes true.
    #[must_use]
    pub fn new(step: Duration, deadline: Instant, interrupted: watch::Receiver<bool>) -> Self {
        Self { step, deadline, interrupted }
    }

    /// Waits for a step, no longer than it may take. What the step was is for the caller to say.
    ///
    /// # Errors
    /// [`FailureKind::TimedOut`] when the step's own limit ran out, [`FailureKind::Deadline`] when the run's did,
    /// [`FailureKind::Interrupted`] when the user stopped the run.
    pub async fn step<T>(&self, work: impl Future<Output = T>) -> Result<T, Halt> {
        self.wait(work, Instant::now() + self.step).await
    }

    /// Waits for something of our own that is no step, such as a turn: only the run limits it.
    ///
    /// # Errors
    /// [`FailureKind::Deadline`] and [`FailureKind::Interrupted`], as [`Limits::step`].
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, Halt> {
        self.wait(work, self.deadline + self.step).await
    }

    async fn wait<T>(&self, work: impl Future<Output = T>, step_ends: Instant) -> Result<T, Halt> {
        let mut interrupted = self.interrupted.clone();
        let stopped = async {
            if interrupted.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await; // nobody is left who could interrupt
            }
        };
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = tokio::time::sleep_until(step_ends.min(self.deadline)) => Err(self.ran_out(step_ends)),
            () = stopped => Err(Halt::new(FailureKind::Interrupted, "stopped before the answer came")),
        }
    }

    /// The same limits with another for each step: a person needs longer than a server.
    #[must_use]
    pub fn with_step(&self, step: Duration) -> Self {
        Self { step, ..self.clone() }
    }

    /// Waits this long.
    ///
    /// # Errors
    /// [`FailureKind::Deadline`] or [`FailureKind::Interrupted`] when the run ends first; when it is clear from the beginning that the
    /// deadline comes first, at once.
    pub async fn pause(&self, time: Duration) -> Result<(), Halt> {
        if Instant::now() + time > self.deadline {
            return Err(self.ran_out(self.deadline + time));
        }
        match self.with_step(time).step(std::future::pending::<()>()).await {
            Err(halt) if halt.kind != FailureKind::TimedOut => Err(halt),
            _ => Ok(()),
        }
    }

    fn ran_out(&self, step_ends: Instant) -> Halt {
        if step_ends <= self.deadline {
            Halt::new(FailureKind::TimedOut, format!("no answer within {}", spoken(self.step)))
        } else {
            Halt::new(FailureKind::Deadline, "the deadline of the run came before the answer")
        }
    }
}

fn spoken(time: Duration) -> String {
    if time.subsec_millis() == 0 { format!("{} s", time.as_secs()) } else { format!("{} ms", time.as_millis()) }
}

/// Limits of a test: this step, a minute for the whole, nobody interrupts.
#[cfg(test)]
#[must_use]
pub(crate) fn for_tests(step: Duration) -> Limits {
    let (_interrupt, interrupted) = watch::channel(false);
    Limits::new(step, Instant::now() + Duration::from_mins(1), interrupted)
}

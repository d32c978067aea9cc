//! How many connections of a kind there may be at once: a kind is named by a key, each key has so many places.
//!
//! In: a key and its number of places. Out: a [`Permit`] that is given back when it is dropped. A key that nobody holds
//! or waits for is forgotten, so the table never grows beyond what is going on.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Halt, Limits};

/// The places of all keys. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct ConnectionLimiter {
    keys: Arc<Mutex<HashMap<String, Weak<Semaphore>>>>,
}

/// A place that is held until it is dropped.
#[derive(Debug)]
pub struct Permit {
    _held: OwnedSemaphorePermit,
}

impl ConnectionLimiter {
    /// Waits for one of the `most` places of a key; places are given in the order of asking. The wait has no limit but
    /// the run's, as it says nothing about the other side. Whoever wants places of two keys asks for them in one order.
    ///
    /// # Errors
    /// When the run ends first.
    ///
    /// # Panics
    /// Never: the places are not closed as long as somebody waits for one.
    pub async fn take(&self, key: &str, most: usize, limits: &Limits) -> Result<Permit, Halt> {
        let places = self.of(key, most);
        let held = limits.run(places.acquire_owned()).await?;
        Ok(Permit { _held: held.expect("these places are never closed") })
    }

    fn of(&self, key: &str, most: usize) -> Arc<Semaphore> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = keys.get(key).and_then(Weak::upgrade) {
            return known;
        }
        keys.retain(|_, places| places.strong_count() > 0);
        let places = Arc::new(Semaphore::new(most.max(1)));
        keys.insert(key.to_owned(), Arc::downgrade(&places));
        places
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicUsize, sync::atomic::Ordering, time::Duration};

    use futures_util::{FutureExt, future::join_all};
    use tokio::{sync::watch, time::Instant};

    use super::*;
    use crate::{evidence::FailureKind, net::limit::for_tests};

    const STEP: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn never_more_than_the_places_of_a_key_and_all_come_through() {
        let (places, limits) = (ConnectionLimiter::default(), for_tests(STEP));
        let (now, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let one = async |at: usize| {
            let _place = places.take(if at.is_multiple_of(2) { "a" } else { "b" }, 3, &limits).await.unwrap();
            peak.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::Relaxed);
        };
        join_all((0..500).map(one)).await;
        assert_eq!(peak.into_inner(), 6, "three of each key");
    }

    #[tokio::test]
    async fn keys_that_nobody_holds_are_forgotten() {
        let (places, limits) = (ConnectionLimiter::default(), for_tests(STEP));
        let kept = places.take("kept", 1, &limits).await;
        for at in 0..1000 {
            places.take(&at.to_string(), 1, &limits).await.unwrap();
        }
        assert!(places.keys.lock().unwrap().len() <= 2);
        assert!(places.take("kept", 1, &limits).now_or_never().is_none(), "still held");
        drop(kept);
        assert!(places.take("kept", 1, &limits).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn wait_outlasts_a_step_and_ends_with_the_run() {
        let places = ConnectionLimiter::default();
        let limits = Limits::new(STEP, Instant::now() + 5 * STEP, watch::channel(false).1);
        let _held = places.take("a", 1, &limits).await;
        let began = Instant::now();
        assert_eq!(places.take("a", 1, &limits).await.unwrap_err().kind, FailureKind::Deadline);
        assert_eq!(began.elapsed(), 5 * STEP);
    }
}

//! What Entra remembers from one request to the next.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

/// How many used codes and open device codes are remembered; the oldest go.
const MOST_REMEMBERED: usize = 256;

/// What Entra remembers from one request to the next.
#[derive(Debug, Default)]
pub(in crate::lab) struct Memory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    used_codes: VecDeque<String>,
    devices: VecDeque<Device>,
    /// How often each refusal that has a number of times was made.
    refusals: BTreeMap<usize, u64>,
}

#[derive(Clone, Debug)]
pub(super) struct Device {
    pub code: String,
    pub user_code: String,
    pub scope: String,
    pub at: i64,
    pub asked: u32,
    pub user: Option<String>,
    pub is_declined: bool,
}

impl Memory {
    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Uses a code up; false when it was used before.
    pub(super) fn use_up(&self, number: &str) -> bool {
        self.with(|kept| {
            if kept.used_codes.iter().any(|used| used == number) {
                return false;
            }
            kept.used_codes.push_back(number.to_owned());
            kept.used_codes.drain(..kept.used_codes.len().saturating_sub(MOST_REMEMBERED));
            true
        })
    }

    pub(super) fn remember(&self, device: Device) {
        self.with(|kept| {
            kept.devices.push_back(device);
            kept.devices.drain(..kept.devices.len().saturating_sub(MOST_REMEMBERED));
        });
    }

    pub(super) fn ask_for(&self, code: &str) -> Option<Device> {
        self.with(|kept| {
            let device = kept.devices.iter_mut().find(|device| device.code == code)?;
            device.asked += 1;
            Some(device.clone())
        })
    }

    pub(super) fn forget(&self, code: &str) {
        self.with(|kept| kept.devices.retain(|device| device.code != code));
    }

    pub(super) fn approve(&self, user_code: &str, user: &str) -> bool {
        self.with(|kept| {
            let device = kept.devices.iter_mut().find(|device| device.user_code == user_code);
            device.map(|device| device.user = Some(user.to_owned())).is_some()
        })
    }

    pub(super) fn decline(&self, user_code: &str) {
        self.with(|kept| {
            let of_code = kept.devices.iter_mut().filter(|device| device.user_code == user_code);
            of_code.for_each(|device| device.is_declined = true);
        });
    }

    pub(super) fn still_refuses(&self, index: usize, times: Option<u64>) -> bool {
        let Some(times) = times else { return true };
        self.with(|kept| {
            let made = kept.refusals.entry(index).or_default();
            *made += 1;
            *made <= times
        })
    }
}

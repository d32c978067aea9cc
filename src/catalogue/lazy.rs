//! A part of the catalogue that is read when it is first asked for: `list` needs no phrases, `plan` no causes.

use std::{
    ops::{Deref, DerefMut},
    sync::OnceLock,
};

/// A value that is there, or that is made when it is first used.
#[derive(Clone, Debug)]
pub struct Lazy<T> {
    value: OnceLock<T>,
    make: fn() -> T,
}

impl<T> Lazy<T> {
    /// A value that this makes.
    #[must_use]
    pub fn new(make: fn() -> T) -> Self {
        Self { value: OnceLock::new(), make }
    }

    /// The value, where it is there already.
    #[must_use]
    pub fn made(&self) -> Option<&T> {
        self.value.get()
    }
}

impl<T> From<T> for Lazy<T> {
    fn from(value: T) -> Self {
        Self { value: OnceLock::from(value), make: || unreachable!("the value is there") }
    }
}

impl<T: IntoIterator> IntoIterator for Lazy<T> {
    type Item = T::Item;
    type IntoIter = T::IntoIter;

    fn into_iter(mut self) -> T::IntoIter {
        self.value.get_or_init(self.make);
        self.value.take().expect("it was made a line above").into_iter()
    }
}

#[expect(clippy::into_iter_without_iter, reason = "what is in it has that method")]
impl<'l, T> IntoIterator for &'l Lazy<T>
where
    &'l T: IntoIterator,
{
    type Item = <&'l T as IntoIterator>::Item;
    type IntoIter = <&'l T as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (**self).into_iter()
    }
}

impl<T> Deref for Lazy<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.get_or_init(self.make)
    }
}

impl<T> DerefMut for Lazy<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.get_or_init(self.make);
        self.value.get_mut().expect("it was made a line above")
    }
}

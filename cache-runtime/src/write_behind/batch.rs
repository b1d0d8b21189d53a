//! Writes that are made together.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use serde::de::DeserializeOwned;

use super::letter::Pending;
use super::payload;
use super::version::{Version, signed};
use crate::error::Result;
use crate::journal::Claimed;
use crate::key::Key;
use crate::returns::Kind;

/// Writes that are being made: it ends with what became of each, in their order.
pub type Flushing = Pin<Box<dyn Future<Output = Vec<std::result::Result<(), String>>> + Send>>;

/// Writes to be made, of different keys.
#[derive(Debug)]
pub struct Batch(pub(super) Vec<Claimed>);

impl Batch {
    /// Makes each write with `body`, which takes its value, one after another.
    pub fn each_value<K, T, R>(self, _: K, body: fn(T) -> R) -> Flushing
    where
        K: Kind + 'static,
        K::Return: Send,
        K::Error: Debug,
        T: DeserializeOwned + Send + 'static,
        R: Future<Output = K::Return> + Send + 'static,
    {
        self.each::<K, T, R>(payload::value, body)
    }

    /// Makes each write with `body`, which takes its arguments, one after another.
    pub fn each_call<K, A, R>(self, _: K, body: fn(A) -> R) -> Flushing
    where
        K: Kind + 'static,
        K::Return: Send,
        K::Error: Debug,
        A: DeserializeOwned + Send + 'static,
        R: Future<Output = K::Return> + Send + 'static,
    {
        self.each::<K, A, R>(payload::arguments, body)
    }

    fn each<K, A, R>(self, open: fn(bytes::Bytes) -> Result<A>, body: fn(A) -> R) -> Flushing
    where
        K: Kind + 'static,
        K::Return: Send,
        K::Error: Debug,
        A: Send + 'static,
        R: Future<Output = K::Return> + Send + 'static,
    {
        Box::pin(async move {
            let mut endings = Vec::with_capacity(self.0.len());
            for write in self.0 {
                endings.push(match open(write.payload) {
                    Err(error) => Err(error.to_string()),
                    Ok(given) => {
                        let returned = Version::scope(write.sequence, body(given)).await;
                        K::error(&returned).map_or(Ok(()), |error| Err(format!("{error:?}")))
                    }
                });
            }
            endings
        })
    }

    /// Makes all of them with one call of `flush`.
    pub fn together<T, F, R, E>(self, flush: F) -> Flushing
    where
        F: Fn(Vec<Pending<T>>) -> R + Send + 'static,
        R: Future<Output = std::result::Result<(), E>> + Send,
        T: DeserializeOwned + Send + 'static,
        E: Debug,
    {
        Box::pin(async move {
            let opened = self.0.into_iter().map(|write| {
                let value = payload::value(write.payload).map_err(|error| error.to_string())?;
                let (key, version) = (Key::from(write.key), signed(write.sequence));
                Ok(Pending { key, value, version })
            });
            let opened: Vec<std::result::Result<Pending<T>, String>> = opened.collect();
            let failures: Vec<_> = opened.iter().map(|one| one.as_ref().err().cloned()).collect();
            let pending: Vec<_> = opened.into_iter().flatten().collect();
            let flushed = if pending.is_empty() { Ok(()) } else { flush(pending).await };
            let flushed = flushed.map_err(|error| format!("{error:?}"));
            failures.into_iter().map(|failure| failure.map_or(flushed.clone(), Err)).collect()
        })
    }
}

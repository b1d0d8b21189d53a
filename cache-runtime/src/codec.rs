//! Values to bytes and back.

mod message_pack;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Result;
pub(crate) use message_pack::{decode, encode};

/// How values of one type become bytes.
///
/// It holds functions, so what carries it needs no serde bounds of its own.
pub struct Codec<T> {
    encode: fn(&T, usize) -> Result<Vec<u8>>,
    decode: fn(&[u8]) -> Result<T>,
}

impl<T: Serialize + DeserializeOwned> Codec<T> {
    /// `MessagePack` with field names, which survives added, dropped and reordered fields.
    ///
    /// As in JSON, `Some(None)` within a value comes back as `None`.
    pub(crate) const fn message_pack() -> Self {
        Self { encode: message_pack::encode, decode: message_pack::decode }
    }
}

impl<T> Codec<T> {
    /// The bytes of `value`, at most `limit` of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Codec`](crate::ErrorKind::Codec) if it takes more, is nested deeper than 128
    /// levels, or refuses to be serialised.
    pub(crate) fn encode(&self, value: &T, limit: usize) -> Result<Vec<u8>> {
        (self.encode)(value, limit)
    }

    /// The value of `bytes`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Codec`](crate::ErrorKind::Codec) if they are not exactly one value of this
    /// type, nested at most 128 levels deep.
    pub(crate) fn decode(&self, bytes: &[u8]) -> Result<T> {
        (self.decode)(bytes)
    }
}

impl<T> Clone for Codec<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Codec<T> {}

#[cfg(test)]
mod tests;

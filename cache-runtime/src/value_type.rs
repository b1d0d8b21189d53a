//! What the cache has to know of the type of a value, for all the rest to be the same for all types.

use std::any::{TypeId, type_name};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec;
use crate::entry::Entry;
use crate::error::{Error, ErrorKind, Result};
use crate::remote::fingerprint::fingerprint;

/// The type of a value.
pub struct ValueType {
    /// As [`Entry::id_of`] it.
    id: TypeId,
    name: fn() -> &'static str,
    /// An entry of that type that says that there is no value.
    none: fn(u32) -> Arc<Entry>,
    /// `None` where values stay in this process.
    coding: Option<Coding>,
}

/// How values of one type become bytes.
struct Coding {
    encode: fn(&Entry, usize) -> Result<Vec<u8>>,
    decode: fn(&[u8], u32) -> Result<Arc<Entry>>,
}

impl ValueType {
    /// A type of which both tiers hold values.
    ///
    /// They are written in `MessagePack` with field names, which survives added, dropped and reordered
    /// fields. As in JSON, `Some(None)` within a value comes back as `None`.
    pub(crate) const fn shared<T>() -> Self
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let coding = Coding { encode: encode::<T>, decode: decode::<T> };
        Self { coding: Some(coding), ..Self::local::<T>() }
    }

    /// A type of which the local tier alone holds values.
    pub(crate) const fn local<T: Send + Sync + 'static>() -> Self {
        Self {
            id: Entry::id_of::<T>(),
            name: type_name::<T>,
            none: |version| Entry::new::<T>(None, version),
            coding: None,
        }
    }

    /// What entries of this type are told from others by.
    pub(crate) fn id(&self) -> TypeId {
        self.id
    }

    /// What a stored value of this type and `version` has to match.
    pub(crate) fn fingerprint(&self, version: u32) -> u64 {
        fingerprint(self.id, self.name, version)
    }

    /// The bytes of the value in `entry`, at most `limit` of them; `None` of none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Codec`] if it takes more, is nested deeper than 128 levels, refuses to be
    /// serialised or panics at it, or stays in this process.
    pub(crate) fn encode(&self, entry: &Entry, limit: usize) -> Result<Option<Vec<u8>>> {
        if entry.is_none() {
            return Ok(None);
        }
        let encode = self.coding()?.encode;
        unless_it_panics(|| encode(entry, limit)).map(Some)
    }

    /// An entry of the value that `bytes` hold.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Codec`] if they are not exactly one value of this type, nested at most 128 levels
    /// deep, the type's own code panics, or values of this type stay in this process.
    pub(crate) fn decode(&self, bytes: Option<&[u8]>, version: u32) -> Result<Arc<Entry>> {
        match bytes {
            Some(bytes) => {
                let decode = self.coding()?.decode;
                unless_it_panics(|| decode(bytes, version))
            }
            None => Ok((self.none)(version)),
        }
    }

    fn coding(&self) -> Result<&Coding> {
        self.coding.as_ref().ok_or_else(|| Error::new(ErrorKind::Codec, "the value stays local"))
    }
}

/// A value's own code may panic. The value is there, or can be loaded.
fn unless_it_panics<T>(code: impl FnOnce() -> Result<T>) -> Result<T> {
    let panicked = |_| Err(Error::new(ErrorKind::Codec, "the code of the value's type panicked"));
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(panicked)
}

fn encode<T: Serialize + 'static>(entry: &Entry, limit: usize) -> Result<Vec<u8>> {
    match entry.value_of_any_version::<T>() {
        Some(Some(value)) => codec::encode(value, limit),
        _ => Err(Error::new(ErrorKind::Codec, "the value is of another type")),
    }
}

fn decode<T>(bytes: &[u8], version: u32) -> Result<Arc<Entry>>
where
    T: DeserializeOwned + Send + Sync + 'static,
{
    Ok(Entry::new(Some(codec::decode::<T>(bytes)?), version))
}

impl fmt::Debug for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str((self.name)())
    }
}

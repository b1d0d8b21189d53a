//! `MessagePack` with field names, bounded in size and depth.

mod shape;

use std::io::{self, Write};

use rmp_serde::{Deserializer, Serializer};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};

/// How many arrays and maps may stand within each other.
const DEPTH: usize = 128;

pub(crate) fn encode<T: Serialize>(value: &T, limit: usize) -> Result<Vec<u8>> {
    let mut serializer = Serializer::new(Bounded::new(limit)).with_struct_map();
    value
        .serialize(&mut serializer)
        .map_err(|error| codec("the value cannot be encoded").with_source(error))?;
    let bytes = serializer.into_inner().bytes;
    // What could never be read again is not worth storing.
    shape::check(&bytes, DEPTH).map_err(codec)?;
    Ok(bytes)
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // `rmp-serde` counts no level for an enum within an enum, and reads no further than the value.
    shape::check(bytes, DEPTH).map_err(codec)?;
    let mut deserializer = Deserializer::from_read_ref(bytes);
    deserializer.set_max_depth(DEPTH + 1);
    T::deserialize(&mut deserializer)
        .map_err(|error| codec("the value cannot be decoded").with_source(error))
}

fn codec(what: &'static str) -> Error {
    Error::new(ErrorKind::Codec, what)
}

/// A buffer that takes so many bytes and no more, so that a huge value fails early.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl Bounded {
    fn new(limit: usize) -> Self {
        Self { bytes: Vec::with_capacity(limit.min(128)), limit }
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.limit - self.bytes.len() {
            return Err(io::Error::other("the value is larger than the limit"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

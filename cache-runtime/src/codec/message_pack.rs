//! `MessagePack` with field names, bounded in size and depth.

mod decoder;
mod encoder;
mod shape;

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Serialize, de, ser};

use self::decoder::Decoder;
use self::encoder::Encoder;

use crate::error::{Error, ErrorKind, Result};

/// How many arrays and maps may stand within each other.
const DEPTH: usize = 128;

pub(crate) fn encode<T: Serialize>(value: &T, limit: usize) -> Result<Vec<u8>> {
    let mut encoder = Encoder::new(limit, DEPTH);
    value
        .serialize(&mut encoder)
        .map_err(|error| codec("the value cannot be encoded").with_source(error))?;
    let bytes = encoder.into_bytes();
    // What could never be read again is not worth storing.
    shape::check(&bytes, DEPTH).map_err(codec)?;
    Ok(bytes)
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut decoder = Decoder::new(bytes, DEPTH);
    let value = T::deserialize(&mut decoder).and_then(|value| decoder.end().map(|()| value));
    value.map_err(|error| codec("the value cannot be decoded").with_source(error))
}

fn codec(what: &'static str) -> Error {
    Error::new(ErrorKind::Codec, what)
}

/// Why a value is no bytes, or bytes are no value.
#[derive(Debug)]
struct Fault(Box<str>);

impl Fault {
    #[cold]
    fn new(what: &str) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

impl ser::Error for Fault {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self(what.to_string().into())
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self(what.to_string().into())
    }
}

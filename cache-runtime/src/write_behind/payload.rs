//! What waits in a journal: the value as a cell of the remote tier, for readers, and the arguments.
//!
//! ```text
//! 0  length of the cell  4 bytes, big-endian
//! 4  the cell
//!    the arguments, in MessagePack
//! ```

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec;
use crate::entry::Entry;
use crate::entry_ref::{AnyEntryRef, Loaded};
use crate::error::{Error, ErrorKind, Result};
use crate::life::Life;
use crate::remote::envelope;

/// How many bytes a value or arguments may take.
const LIMIT: usize = 16 << 20;

pub(super) fn seal<A: Serialize>(
    entry: &AnyEntryRef,
    value: &Arc<Entry>,
    arguments: &A,
) -> Result<Bytes> {
    // It counts for as long as it waits, however long that is.
    let life = Life { ttl: u64::MAX / 4, ..Life::default() };
    let (began, trust) = (entry.cache.clock().wall(), entry.cache.trust(entry.policy));
    let cell = entry.seal(LIMIT, &Loaded { entry: value.clone(), began, trust, life })?;
    let arguments = codec::encode(arguments, LIMIT)?;
    let length = u32::try_from(cell.len()).map_err(|error| damaged().with_source(error))?;
    let mut payload = BytesMut::with_capacity(4 + cell.len() + arguments.len());
    payload.put_u32(length);
    payload.put_slice(&cell);
    payload.put_slice(&arguments);
    Ok(payload.freeze())
}

fn damaged() -> Error {
    Error::new(ErrorKind::Codec, "the write is damaged")
}

/// The cell and the arguments.
fn parts(mut payload: Bytes) -> Result<(Bytes, Bytes)> {
    if payload.len() < 4 {
        return Err(damaged());
    }
    let length = payload.get_u32() as usize;
    if payload.len() < length {
        return Err(damaged());
    }
    let cell = payload.split_to(length);
    Ok((cell, payload))
}

/// The value, as a cell.
pub(super) fn cell(payload: Bytes) -> Result<Bytes> {
    parts(payload).map(|(cell, _)| cell)
}

/// The value, of whatever version it is.
pub(super) fn value<T: DeserializeOwned>(payload: Bytes) -> Result<T> {
    let value = envelope::payload_of_any_version(&cell(payload)?)?.ok_or_else(damaged)?;
    codec::decode(&value)
}

pub(super) fn arguments<A: DeserializeOwned>(payload: Bytes) -> Result<A> {
    codec::decode(&parts(payload)?.1)
}

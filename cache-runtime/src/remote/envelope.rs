//! The envelope of a stored value: when it was made, until when it counts, and proof of both.
//!
//! ```text
//!  0  C1 'V'         mark
//!  2  format         1
//!  3  codec | flags  high half: 1 is MessagePack with names; low half: 1 none, 2 compressed, 4 tags
//!  4  fill id        random: tells this fill from every other
//! 12  created        ms since the Unix epoch at which the load began
//! 20  soft expiry    ms since the Unix epoch
//! 28  hard expiry    ms since the Unix epoch
//! 36  fingerprint    of the value's type and version
//! 44  load cost      µs
//! 48  raw length     of the payload, uncompressed
//! 52  crc32          of every other byte of the cell
//! 56  payload
//! ```
//! Numbers are big-endian. Compression and tags have their flags and no more yet: a cell that has
//! one of them set is a miss.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::cell::VALUE_MARK;
use super::random::random;
use crate::error::{Error, ErrorKind, Result};

const FORMAT: u8 = 1;
const MESSAGE_PACK: u8 = 1 << 4;
const NONE: u8 = 1;
const FINGERPRINT_AT: usize = 36;
const CRC_AT: usize = 52;
const HEADER: usize = 56;

/// A value as it travels, or the `None` that a function returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Envelope<P> {
    pub(crate) header: Header,
    /// The encoded value; `None` where `None` was stored.
    pub(crate) payload: Option<P>,
}

/// What an envelope says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Tells this fill from every other.
    pub(crate) fill: u64,
    /// When the load began, in ms since the Unix epoch.
    pub(crate) created: u64,
    /// Until when the value is fresh, in ms since the Unix epoch.
    pub(crate) soft: u64,
    /// Until when the value may be served, in ms since the Unix epoch.
    pub(crate) hard: u64,
    /// Of the value's type and version.
    pub(crate) fingerprint: u64,
    /// How long the load took, in µs.
    pub(crate) cost: u32,
}

impl Header {
    /// The header of a new fill, never stale before its end and of no known cost.
    pub(crate) fn new(created: u64, hard: u64, fingerprint: u64) -> Self {
        Self { fill: random(), created, soft: hard, hard, fingerprint, cost: 0 }
    }
}

impl<P: AsRef<[u8]>> Envelope<P> {
    /// The cell to store.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Codec`] if the payload has more bytes than its length field can say.
    pub(crate) fn encode(&self) -> Result<Bytes> {
        let payload = self.payload.as_ref().map(AsRef::as_ref).unwrap_or_default();
        let length = u32::try_from(payload.len())
            .map_err(|_| Error::new(ErrorKind::Codec, "the value takes more than 4 GiB"))?;
        let flags = if self.payload.is_none() { NONE } else { 0 };

        let mut cell = BytesMut::with_capacity(HEADER + payload.len());
        cell.put_slice(&VALUE_MARK);
        cell.put_u8(FORMAT);
        cell.put_u8(MESSAGE_PACK | flags);
        cell.put_u64(self.header.fill);
        cell.put_u64(self.header.created);
        cell.put_u64(self.header.soft);
        cell.put_u64(self.header.hard);
        cell.put_u64(self.header.fingerprint);
        cell.put_u32(self.header.cost);
        cell.put_u32(length);
        cell.put_u32(checksum(&cell, payload));
        cell.put_slice(payload);
        Ok(cell.freeze())
    }
}

impl<'a> Envelope<&'a [u8]> {
    /// Opens a cell that holds a value of the type and version that `fingerprint` is of.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Codec`] for whatever is not exactly what [`Envelope::encode`] makes.
    pub(crate) fn decode(cell: &'a [u8], fingerprint: u64) -> Result<Self> {
        let Some((head, payload)) = cell.split_at_checked(HEADER) else {
            return Err(damaged("the cell is too short"));
        };
        let Some(mut fields) = head.strip_prefix(&VALUE_MARK) else {
            return Err(damaged("the cell holds no value"));
        };
        if fields.get_u8() != FORMAT {
            return Err(damaged("the cell is of another format"));
        }
        let none = match fields.get_u8() {
            MESSAGE_PACK => false,
            flags if flags == MESSAGE_PACK | NONE => true,
            _ => return Err(damaged("the cell is of another codec")),
        };
        let header = Header {
            fill: fields.get_u64(),
            created: fields.get_u64(),
            soft: fields.get_u64(),
            hard: fields.get_u64(),
            fingerprint: fields.get_u64(),
            cost: fields.get_u32(),
        };
        let length = fields.get_u32();
        if fields.get_u32() != checksum(&head[..CRC_AT], payload) {
            return Err(damaged("the cell is damaged"));
        }
        if header.fingerprint != fingerprint {
            return Err(damaged("the cell holds another type or version"));
        }
        if length as usize != payload.len() || (none && length != 0) {
            return Err(damaged("the cell is of another length than it says"));
        }
        Ok(Self { header, payload: (!none).then_some(payload) })
    }
}

/// What `cell` holds, of whatever type and version that is.
///
/// # Errors
///
/// [`ErrorKind::Codec`] for whatever is not exactly what [`Envelope::encode`] makes.
pub(crate) fn payload_of_any_version(cell: &Bytes) -> Result<Option<Bytes>> {
    let fingerprint = cell.get(FINGERPRINT_AT..).and_then(|rest| rest.first_chunk());
    let fingerprint = fingerprint.ok_or_else(|| damaged("the cell is too short"))?;
    let payload = Envelope::decode(cell, u64::from_be_bytes(*fingerprint))?.payload;
    Ok(payload.map(|payload| cell.slice_ref(payload)))
}

#[cold]
fn damaged(what: &'static str) -> Error {
    Error::new(ErrorKind::Codec, what)
}

/// The checksum of a cell, but for the four bytes that hold it.
///
/// Fewer than 128 bytes at a time go by tables, which is slow where those have to be fetched first: what
/// is there is put together.
fn checksum(header: &[u8], payload: &[u8]) -> u32 {
    let mut together = [0; CRC_AT + 256];
    let (near, rest) = payload.split_at(payload.len().min(together.len() - header.len()));
    let (head, tail) = together.split_at_mut(header.len());
    head.copy_from_slice(header);
    tail[..near.len()].copy_from_slice(near);

    let mut crc = crc32fast::Hasher::new();
    crc.update(&together[..header.len() + near.len()]);
    crc.update(rest);
    crc.finalize()
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;

//! What stands under a key of the remote tier, told by its first bytes.

use bytes::{BufMut, Bytes, BytesMut};

use super::random::random;
use crate::error::{ErrorKind, Result};

/// The first bytes of every value. 0xC1 starts no UTF-8, no JSON and no `MessagePack`.
pub(crate) const VALUE_MARK: [u8; 2] = *b"\xC1V";

/// The first bytes of every lease.
pub(crate) const LEASE_MARK: [u8; 2] = *b"\xC1L";

/// The first bytes of every barrier.
pub(crate) const BARRIER_MARK: [u8; 2] = *b"\xC1B";

/// How many bytes of a value tell it from every other: the mark, format, flags and fill id.
pub(crate) const VALUE_PREFIX: usize = 12;

const LEASE_LEN: usize = 2 + 16;

/// What stands under a key, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Nothing.
    Absent,
    /// A value in its envelope, which is still to be checked.
    Value(Bytes),
    /// Somebody is loading the value.
    Lease(Bytes),
    /// Writes are under way: nobody may fill.
    Barrier,
    /// Somebody else's data, or bytes too short or too long to be what they begin like.
    Foreign,
}

impl Cell {
    /// Tells what a backend has answered.
    pub(crate) fn answered(answer: Result<Option<Bytes>>) -> Result<Self> {
        match answer {
            Err(error) if error.kind() == ErrorKind::Foreign => Ok(Self::Foreign),
            answer => answer.map(Self::parse),
        }
    }

    /// Tells what stands there.
    pub(crate) fn parse(bytes: Option<Bytes>) -> Self {
        let Some(bytes) = bytes else {
            return Self::Absent;
        };
        match (bytes.first_chunk(), bytes.len()) {
            // Shorter, its prefix would match values filled later, and a stale fill replace one.
            (Some(&VALUE_MARK), VALUE_PREFIX..) => Self::Value(bytes),
            (Some(&LEASE_MARK), LEASE_LEN) => Self::Lease(bytes),
            (Some(&BARRIER_MARK), _) => Self::Barrier,
            _ => Self::Foreign,
        }
    }

    /// The bytes that a fill over this very cell must find there, unless nothing may be filled.
    pub(crate) fn prefix(&self) -> Option<Bytes> {
        match self {
            Self::Value(value) => Some(value.slice(..VALUE_PREFIX)),
            Self::Lease(lease) => Some(lease.clone()),
            Self::Absent | Self::Barrier | Self::Foreign => None,
        }
    }
}

/// A lease that is unlike every other.
pub(crate) fn new_lease() -> Bytes {
    let mut lease = BytesMut::with_capacity(LEASE_LEN);
    lease.put_slice(&LEASE_MARK);
    lease.put_u64(random());
    lease.put_u64(random());
    lease.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &'static [u8]) -> Cell {
        Cell::parse(Some(Bytes::from_static(bytes)))
    }

    #[test]
    fn a_cell_is_told_by_its_mark_and_length() {
        assert_eq!(Cell::parse(None), Cell::Absent);
        assert!(matches!(parse(b"\xC1V\x01\x10fill-id.rest"), Cell::Value(_)));
        assert!(matches!(parse(b"\xC1L0123456789abcdef"), Cell::Lease(_)));
        assert_eq!(parse(b"\xC1B"), Cell::Barrier);
        assert_eq!(parse(b"\xC1Bwriters"), Cell::Barrier);
    }

    #[test]
    fn what_is_no_cell_is_foreign() {
        for bytes in [
            &b""[..],
            b"\xC1",
            b"\xC1X0123456789abcdef",
            b"{\"a\":1}",
            b"plain text that is long enough",
            b"\xC1V\x01\x10fill-i",
            b"\xC1L0123456789abcde",
            b"\xC1L0123456789abcdef+",
        ] {
            assert_eq!(parse(bytes), Cell::Foreign, "{bytes:?}");
        }
    }

    #[test]
    fn a_new_lease_is_a_lease_unlike_the_last() {
        let lease = new_lease();
        assert_eq!(Cell::parse(Some(lease.clone())), Cell::Lease(lease.clone()));
        assert_ne!(new_lease(), lease);
    }

    #[test]
    fn a_fill_expects_the_whole_lease_or_the_start_of_the_value() {
        let lease = new_lease();
        assert_eq!(Cell::Lease(lease.clone()).prefix(), Some(lease));
        let value = parse(b"\xC1V\x01\x10fill-id.rest");
        assert_eq!(value.prefix().as_deref(), Some(&b"\xC1V\x01\x10fill-id."[..]));
        for cell in [Cell::Absent, Cell::Barrier, Cell::Foreign] {
            assert_eq!(cell.prefix(), None);
        }
    }
}

//! Where a key is rendered: on the stack, unless it is long.

use std::borrow::Cow;

use super::{KeyRef, hash};
use crate::digest::digest;

/// Rendering a key of up to this many bytes allocates nothing.
const INLINE: usize = 128;

/// A longer key is cut, and ends in a hash of the whole.
pub(super) const LONGEST: usize = 200;

/// What parts a cut key from its hash. No segment renders it: `%` there is followed by hex digits.
const CUT: &[u8] = b"%~";

/// Half a BLAKE3 hash, in hex digits.
const DIGITS: usize = 32;

/// The text of a key as far as it is written.
pub(super) struct Buffer {
    len: usize,
    inline: [u8; INLINE],
    spilled: Vec<u8>,
}

impl Buffer {
    #[inline]
    pub(super) fn new() -> Self {
        Self { len: 0, inline: [0; INLINE], spilled: Vec::new() }
    }

    #[inline(never)]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if end <= INLINE && self.spilled.is_empty() {
            self.inline[self.len..end].copy_from_slice(bytes);
        } else {
            self.spill(bytes);
        }
        self.len = end;
    }

    #[inline(never)]
    pub(super) fn push_number(&mut self, number: impl itoa::Integer) {
        self.push(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Adds `text` with all but `[A-Za-z0-9_.-]` percent-encoded.
    #[inline(never)]
    pub(super) fn push_escaped(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|byte| !is_plain(*byte)) {
            self.push(&rest[..at]);
            self.push(&escape(rest[at]));
            rest = &rest[at + 1..];
        }
        self.push(rest);
    }

    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        if self.spilled.is_empty() {
            self.spilled.extend_from_slice(&self.inline[..self.len]);
        }
        self.spilled.extend_from_slice(bytes);
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        if self.spilled.is_empty() { &self.inline[..self.len] } else { &self.spilled }
    }

    pub(super) fn written(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes())
    }

    /// The key, shortened where it is long.
    #[inline]
    pub(super) fn finish(&mut self) -> KeyRef<'_> {
        if self.len > LONGEST {
            self.shorten();
        }
        let bytes = self.bytes();
        KeyRef { hash: hash(bytes), bytes }
    }

    #[cold]
    fn shorten(&mut self) {
        let digest = digest(&self.spilled);
        let mut cut = LONGEST - CUT.len() - DIGITS;
        while cut > 0 && self.spilled[cut] & 0b1100_0000 == 0b1000_0000 {
            cut -= 1; // not inside a character
        }
        self.spilled.truncate(cut);
        self.spilled.extend_from_slice(CUT);
        self.spilled.extend_from_slice(format!("{:032x}", u128::from_be_bytes(digest)).as_bytes());
        self.len = self.spilled.len();
    }
}

#[inline]
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

fn escape(byte: u8) -> [u8; 3] {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    [b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]
}

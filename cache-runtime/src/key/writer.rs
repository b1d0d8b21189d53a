//! The buffer a key is rendered into: on the stack, unless it is long.

use std::fmt::{self, Write};

use super::{KeyPart, KeyRef, hash};
use crate::digest::digest;

/// Rendering a key of up to this many bytes allocates nothing.
const INLINE: usize = 128;

/// A longer key is cut, and ends in a hash of the whole.
pub(super) const LONGEST: usize = 200;

/// What parts a cut key from its hash. No segment renders it: `%` there is followed by hex digits.
const CUT: &[u8] = b"%~";

/// Half a BLAKE3 hash, in hex digits.
const DIGITS: usize = 32;

/// Where a key is rendered, segment by segment.
///
/// A [`KeyPart`] writes itself by writing what it is made of, with [`part`](Self::part), once: a
/// tuple of several fields keeps them apart, several parts in a row would not.
pub struct KeyWriter {
    len: usize,
    inline: [u8; INLINE],
    spilled: Vec<u8>,
}

impl KeyWriter {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { len: 0, inline: [0; INLINE], spilled: Vec::new() }
    }

    /// Adds `text` as it is: the literal parts of a key template.
    #[doc(hidden)]
    #[inline]
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.push(text.as_bytes());
        self
    }

    /// Adds a segment, escaped so that it can't be taken for anything else.
    #[inline]
    pub fn part<P: KeyPart + ?Sized>(&mut self, part: &P) -> &mut Self {
        part.write_key(self);
        self
    }

    /// Adds the path of a type that stands for a function, with the functions it stands in.
    #[doc(hidden)]
    #[inline]
    pub fn path_of<T: ?Sized>(&mut self) -> &mut Self {
        self.text(std::any::type_name::<T>())
    }

    /// Adds the path of a function whose companion has another name.
    #[doc(hidden)]
    pub fn path_beside<T: ?Sized>(&mut self, function: &str) -> &mut Self {
        let companion = std::any::type_name::<T>();
        let scope = companion.rfind("::").map_or("", |at| &companion[..at + 2]);
        self.text(scope).text(function)
    }

    /// Adds the type arguments of a generic function.
    #[doc(hidden)]
    pub fn types<T: ?Sized>(&mut self) -> &mut Self {
        self.push(b"<");
        self.segment(std::any::type_name::<T>());
        self.push(b">");
        self
    }

    /// Adds the type of an argument that is written `impl Trait`.
    #[doc(hidden)]
    pub fn type_of<T: ?Sized>(&mut self, _: &T) -> &mut Self {
        self.types::<T>()
    }

    /// Adds `text` with all but `[A-Za-z0-9_.-]` percent-encoded.
    #[inline]
    pub(super) fn segment(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|byte| !is_plain(*byte)) {
            self.push(&rest[..at]);
            self.push(&escape(rest[at]));
            rest = &rest[at + 1..];
        }
        self.push(rest);
    }

    /// Adds what `value` displays, percent-encoded, without a heap allocation.
    pub(super) fn display(&mut self, value: impl fmt::Display) {
        struct Segment<'a>(&'a mut KeyWriter);
        impl Write for Segment<'_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0.segment(text);
                Ok(())
            }
        }
        // Writing to memory does not fail, and a `Display` that fails by itself has said it all.
        let _ = write!(Segment(self), "{value}");
    }

    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if end <= INLINE && self.spilled.is_empty() {
            self.inline[self.len..end].copy_from_slice(bytes);
        } else {
            self.spill(bytes);
        }
        self.len = end;
    }

    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        if self.spilled.is_empty() {
            self.spilled.extend_from_slice(&self.inline[..self.len]);
        }
        self.spilled.extend_from_slice(bytes);
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All that was written, from `start` on.
    pub(super) fn tail(&self, start: usize) -> &[u8] {
        &self.bytes()[start..]
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        if self.spilled.is_empty() { &self.inline[..self.len] } else { &self.spilled }
    }

    pub(super) fn written(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.bytes())
    }

    /// The key, shortened where it is long.
    #[inline]
    pub(crate) fn finish(&mut self) -> KeyRef<'_> {
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

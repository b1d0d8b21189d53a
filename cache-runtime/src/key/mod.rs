//! Keys: rendered once, hashed once, borrowed until something has to be kept.

mod buffer;
mod part;
mod text;
mod words;
mod writer;

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::LazyLock;

pub use part::KeyPart;
use text::Text;
pub(crate) use words::{FAR, Pair, Words, has_far, hash_of};
pub use writer::KeyWriter;

/// Keys are made of users' input, so their hashes are seeded anew in every process.
static SEED: LazyLock<foldhash::quality::RandomState> = LazyLock::new(Default::default);

#[inline]
fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = SEED.build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// The name of an entry, the same in every process.
///
/// `Key::new("user").part(&42)` is `user:42`, which names the entry of `#[cached(key = "user:<id>")]`
/// for `id = 42`. `Key::from("user:42")` takes its text as it is written.
///
/// The tiers know a key of more than 200 bytes by a readable beginning and a 128-bit BLAKE3 hash of the
/// whole text; so does what an annotated function renders. A `Key` made by hand keeps its text, and names
/// the same entry.
///
/// # Examples
///
/// ```
/// use cache_runtime::Key;
///
/// assert_eq!(Key::new("user").part(&42), Key::from("user:42"));
/// assert_eq!(Key::new("file").part("a/b").to_string(), "file:a%2Fb");
/// ```
#[derive(Clone)]
pub struct Key {
    hash: u64,
    text: Text,
}

impl Key {
    /// Begins a key with `name`, taken as it is written.
    pub fn new(name: &str) -> Self {
        Self::from(name)
    }

    /// Adds a segment: a colon and `part`, escaped.
    pub fn part<P: KeyPart + ?Sized>(&self, part: &P) -> Self {
        let mut writer = KeyWriter::new();
        writer.text(self.as_str()).text(":").part(part);
        Self::from(&*writer.written())
    }

    /// The text of the key.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// This key as tiers know it: shortened where it is long.
    pub(crate) fn canonical(&self) -> Cow<'_, Self> {
        if self.text.as_bytes().len() <= buffer::LONGEST {
            return Cow::Borrowed(self);
        }
        let mut writer = KeyWriter::new();
        writer.text(self.as_str());
        Cow::Owned(writer.finish().to_key())
    }

    pub(crate) fn borrowed(&self) -> KeyRef<'_> {
        KeyRef { hash: self.hash, bytes: self.text.as_bytes() }
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self { hash: hash(text.as_bytes()), text: text.into() }
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.borrowed() == *other
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.as_str())
    }
}

/// A key that is only looked at: its bytes, borrowed, and its hash.
#[derive(Clone, Copy)]
pub struct KeyRef<'a> {
    hash: u64,
    bytes: &'a [u8],
}

impl KeyRef<'_> {
    /// The hash of the key: well mixed, seeded in each process, the same as the [`Key`]'s.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The text of the key, as UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes
    }

    pub(crate) fn to_key(self) -> Key {
        Key { hash: self.hash, text: Text::of_bytes(self.bytes) }
    }
}

impl Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq<Key> for KeyRef<'_> {
    fn eq(&self, other: &Key) -> bool {
        self.hash == other.hash && self.bytes == other.text.as_bytes()
    }
}

/// The key that `render` writes.
pub(crate) fn rendered<W>(render: W) -> Key
where
    W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
{
    let mut writer = KeyWriter::new();
    render(&mut writer);
    writer.finish().to_key()
}

/// A hasher for maps whose keys bring their hash along.
#[derive(Clone, Copy, Default)]
pub(crate) struct Prehashed(u64);

impl BuildHasher for Prehashed {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl Hasher for Prehashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 ^= hash(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod words_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_key_keeps_its_beginning_and_ends_in_a_hash_of_the_whole() {
        for letter in ["x", "é", "😀"] {
            let long = Key::new("file").part("a/b").part(&letter.repeat(100));
            let long = Key::from(format!("{long}{}", letter.repeat(200)));
            let other = Key::from(format!("{long}{letter}"));
            let (short, others) = (long.canonical(), other.canonical());
            assert!(short.as_str().starts_with("file:a%2Fb:"));
            assert!((190..=200).contains(&short.as_str().len()), "{}", short.as_str().len());
            assert_ne!(short, others);
            assert_eq!(short.canonical(), short);
        }
    }

    #[test]
    fn a_key_that_spills_to_the_heap_is_the_same_key() {
        for length in [120, 127, 128, 129, 200] {
            let text = "y".repeat(length);
            let mut writer = KeyWriter::new();
            for letter in text.chars() {
                writer.part(&letter);
            }
            assert_eq!(writer.finish().to_key(), Key::from(text));
        }
    }
}

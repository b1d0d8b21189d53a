//! What writes a key, operation by operation: as text, or as words.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::mem;

use super::buffer::Buffer;
use super::words::{Kind, Words};
use super::{KeyPart, KeyRef};

/// Where a key is rendered, segment by segment.
///
/// A [`KeyPart`] writes itself by writing what it is made of, with [`part`](Self::part): several parts in a
/// row are kept apart by semicolons. What it writes depends on the value alone.
pub struct KeyWriter {
    /// What is written, if not text: a key that is compared only, with others of its site.
    words: Words,
    text: Option<Buffer>,
    /// Whether a part is being written: what that writes may differ from call to call.
    inside: bool,
    /// Whether the last thing that was written is a part.
    is_behind_part: bool,
}

impl KeyWriter {
    pub(crate) fn new() -> Self {
        Self {
            words: Words::of_site(0),
            text: Some(Buffer::new()),
            inside: false,
            is_behind_part: false,
        }
    }

    /// For a key of the site at this address, not to be rendered.
    #[inline]
    pub(crate) fn of_words(site: usize) -> Self {
        Self { words: Words::of_site(site), text: None, inside: false, is_behind_part: false }
    }

    /// What was written, unless it was text.
    #[inline]
    pub(crate) fn words(&self) -> &Words {
        &self.words
    }

    /// Adds `text` as it is: the literal parts of a key template.
    #[doc(hidden)]
    #[inline]
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.is_behind_part = false;
        match &mut self.text {
            None if self.inside => self.words.text_as_part(text),
            None => self.words.mark(Kind::Literal),
            Some(buffer) => buffer.push(text.as_bytes()),
        }
        self
    }

    /// Adds a segment, escaped so that it can't be taken for anything else.
    #[inline]
    pub fn part<P: KeyPart + ?Sized>(&mut self, part: &P) -> &mut Self {
        let inside = mem::replace(&mut self.inside, true);
        if inside && self.is_behind_part {
            self.operator(Kind::Apart, b";");
        }
        self.is_behind_part = false;
        part.write_key(self);
        (self.inside, self.is_behind_part) = (inside, true);
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
        if self.text.is_none() {
            return self.text(function);
        }
        let companion = std::any::type_name::<T>();
        let scope = companion.rfind("::").map_or("", |at| &companion[..at + 2]);
        self.text(scope).text(function)
    }

    /// Adds the type arguments of a generic function.
    #[doc(hidden)]
    pub fn types<T: ?Sized>(&mut self) -> &mut Self {
        let name = std::any::type_name::<T>();
        match &mut self.text {
            None => self.words.fixed(name),
            Some(buffer) => {
                buffer.push(b"<");
                buffer.push_escaped(name);
                buffer.push(b">");
            }
        }
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
        match &mut self.text {
            None => self.words.text(text.as_bytes()),
            Some(buffer) => buffer.push_escaped(text),
        }
    }

    /// Adds what `address` displays, percent-encoded, without a heap allocation; or its words.
    pub(super) fn address(&mut self, address: &impl fmt::Display, words: impl FnOnce(&mut Words)) {
        struct Escaped<'a>(&'a mut Buffer);
        impl Write for Escaped<'_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0.push_escaped(text);
                Ok(())
            }
        }
        match &mut self.text {
            None => words(&mut self.words),
            Some(buffer) => {
                // Writing to memory does not fail.
                let _ = write!(Escaped(buffer), "{address}");
            }
        }
    }

    /// Adds a number.
    #[inline]
    pub(super) fn number<N: Number>(&mut self, number: N) {
        match &mut self.text {
            None => number.add_to(&mut self.words),
            Some(buffer) => buffer.push_number(number),
        }
    }

    /// Adds an operator, which is told from segments by its kind, or by its text.
    #[inline]
    pub(super) fn operator(&mut self, kind: Kind, text: &[u8]) {
        self.is_behind_part = false;
        match &mut self.text {
            None => self.words.mark(kind),
            Some(buffer) => buffer.push(text),
        }
    }

    /// How much is written: bytes of text, or words.
    pub(super) fn len(&self) -> usize {
        match &self.text {
            None => self.words.len(),
            Some(buffer) => buffer.bytes().len(),
        }
    }

    /// The text that was written, from `start` on.
    pub(super) fn tail(&self, start: usize) -> &[u8] {
        match &self.text {
            None => &[],
            Some(buffer) => &buffer.bytes()[start..],
        }
    }

    pub(super) fn written(&self) -> Cow<'_, str> {
        match &self.text {
            None => Cow::Borrowed(""),
            Some(buffer) => buffer.written(),
        }
    }

    /// The key, shortened where it is long.
    pub(crate) fn finish(&mut self) -> KeyRef<'_> {
        match &mut self.text {
            Some(buffer) => buffer.finish(),
            None => KeyRef { hash: 0, bytes: &[] },
        }
    }
}

/// An integer, which may stand in a key.
pub(super) trait Number: itoa::Integer {
    fn add_to(self, words: &mut Words);
}

macro_rules! numbers {
    ($(($($number:ty)*) as $as:ty => $method:ident $kind:ident;)*) => {$($(
        impl Number for $number {
            #[inline]
            #[allow(clippy::cast_lossless, clippy::cast_sign_loss, reason = "its kind tells")]
            fn add_to(self, words: &mut Words) {
                words.$method(Kind::$kind, self as $as);
            }
        }
    )*)*};
}

numbers! {
    (u8 u16 u32 u64 usize) as u64 => word Unsigned;
    (i8 i16 i32 i64 isize) as u64 => word Signed;
    (u128) as u128 => wide Wide;
    (i128) as u128 => wide SignedWide;
}

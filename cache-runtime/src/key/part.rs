//! What may stand in a key, and how it is written.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;
use std::sync::Arc;

use super::KeyWriter;
use super::words::Kind;

/// A value that may stand in a key.
///
/// Each value writes text that no other value of its type writes, so that different arguments
/// never make the same key:
///
/// | value | text |
/// |---|---|
/// | integers, `bool` | as they display |
/// | `char`, strings, ip addresses | percent-encoded but for `[A-Za-z0-9_.-]` |
/// | `None` | `~` (and `Some(None)` is `~~`) |
/// | `Some(x)` | as `x` |
/// | tuples, slices, arrays, `Vec` | `(a,b)`; an element that writes nothing is `!` |
///
/// Floats are left out: `-0.0 == 0.0`, `NaN != NaN`, and most of them are results of arithmetic.
/// `Debug` and `Display` never make keys: they may leave out what tells two values apart.
///
/// # Examples
///
/// ```
/// use cache_runtime::{Key, KeyPart, KeyWriter};
///
/// struct Place {
///     country: String,
///     city: String,
/// }
///
/// impl KeyPart for Place {
///     fn write_key(&self, key: &mut KeyWriter) {
///         key.part(&self.country).part(&self.city);
///     }
/// }
///
/// let place = Place { country: "NL".to_owned(), city: "Den Haag".to_owned() };
/// assert_eq!(Key::new("weather").part(&place).as_str(), "weather:NL;Den%20Haag");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a cache key",
    label = "this is not a `KeyPart`",
    note = "integers, `bool`, `char`, strings, ip addresses, and `Option`, tuples, slices and `Vec` of them can; name a field that can, such as `<user.id>`, or implement `KeyPart` for `{Self}`",
    note = "floats never can: they have more than one text for a value"
)]
pub trait KeyPart {
    /// Writes this value as a segment of a key, by calls of [`KeyWriter::part`].
    fn write_key(&self, key: &mut KeyWriter);
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl KeyPart for $integer {
            #[inline]
            fn write_key(&self, key: &mut KeyWriter) {
                key.number(*self);
            }
        }
    )*};
}
integers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

macro_rules! nonzero {
    ($($integer:ty)*) => {$(
        impl KeyPart for std::num::NonZero<$integer> {
            #[inline]
            fn write_key(&self, key: &mut KeyWriter) {
                self.get().write_key(key);
            }
        }
    )*};
}
nonzero!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

impl KeyPart for bool {
    fn write_key(&self, key: &mut KeyWriter) {
        key.segment(if *self { "true" } else { "false" });
    }
}

impl KeyPart for char {
    fn write_key(&self, key: &mut KeyWriter) {
        key.segment(self.encode_utf8(&mut [0; 4]));
    }
}

impl KeyPart for str {
    #[inline]
    fn write_key(&self, key: &mut KeyWriter) {
        key.segment(self);
    }
}

impl KeyPart for String {
    #[inline]
    fn write_key(&self, key: &mut KeyWriter) {
        key.segment(self);
    }
}

macro_rules! pointers {
    ($($pointer:ty)*) => {$(
        impl<T: KeyPart + ?Sized> KeyPart for $pointer {
            #[inline]
            fn write_key(&self, key: &mut KeyWriter) {
                (**self).write_key(key);
            }
        }
    )*};
}
pointers!(&T &mut T Box<T> Rc<T> Arc<T>);

impl<T: KeyPart + ToOwned + ?Sized> KeyPart for Cow<'_, T> {
    fn write_key(&self, key: &mut KeyWriter) {
        (**self).write_key(key);
    }
}

impl<T: KeyPart> KeyPart for Option<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        let Some(value) = self else { return key.operator(Kind::Nothing, b"~") };
        key.operator(Kind::Something, b"");
        let start = key.len();
        value.write_key(key);
        if key.tail(start).first() == Some(&b'~') {
            key.operator(Kind::Something, b"~");
        }
    }
}

/// Writes the elements of a list, so that nested lists stay apart.
struct List<'a> {
    key: &'a mut KeyWriter,
    empty: bool,
}

impl<'a> List<'a> {
    fn begin(key: &'a mut KeyWriter) -> Self {
        key.operator(Kind::Begin, b"(");
        Self { key, empty: true }
    }

    fn element(&mut self, element: &(impl KeyPart + ?Sized)) {
        self.key.operator(Kind::Element, if self.empty { b"" } else { b"," });
        self.empty = false;
        let start = self.key.len();
        element.write_key(self.key);
        if self.key.len() == start {
            self.key.operator(Kind::Nothing, b"!");
        }
    }

    fn end(self) {
        self.key.operator(Kind::End, b")");
    }
}

impl<T: KeyPart> KeyPart for [T] {
    fn write_key(&self, key: &mut KeyWriter) {
        let mut list = List::begin(key);
        for element in self {
            list.element(element);
        }
        list.end();
    }
}

impl<T: KeyPart> KeyPart for Vec<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        self.as_slice().write_key(key);
    }
}

impl<T: KeyPart, const N: usize> KeyPart for [T; N] {
    fn write_key(&self, key: &mut KeyWriter) {
        self.as_slice().write_key(key);
    }
}

macro_rules! tuples {
    ($(($($name:ident)*))*) => {$(
        #[allow(non_snake_case, unused_mut, reason = "one macro for all lengths, 0 among them")]
        impl<$($name: KeyPart),*> KeyPart for ($($name,)*) {
            fn write_key(&self, key: &mut KeyWriter) {
                let ($($name,)*) = self;
                let mut list = List::begin(key);
                $(list.element($name);)*
                list.end();
            }
        }
    )*};
}
tuples!(() (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H));

impl KeyPart for Ipv4Addr {
    fn write_key(&self, key: &mut KeyWriter) {
        key.address(self, |words| words.word(Kind::Ipv4, self.to_bits().into()));
    }
}

impl KeyPart for Ipv6Addr {
    fn write_key(&self, key: &mut KeyWriter) {
        key.address(self, |words| words.wide(Kind::Ipv6, self.to_bits()));
    }
}

impl KeyPart for IpAddr {
    fn write_key(&self, key: &mut KeyWriter) {
        match self {
            Self::V4(address) => address.write_key(key),
            Self::V6(address) => address.write_key(key),
        }
    }
}

#[cfg(feature = "uuid")]
impl KeyPart for uuid::Uuid {
    fn write_key(&self, key: &mut KeyWriter) {
        key.segment(self.hyphenated().encode_lower(&mut [0; uuid::fmt::Hyphenated::LENGTH]));
    }
}

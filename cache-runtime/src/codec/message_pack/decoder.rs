//! `MessagePack` to values.
//!
//! What is there is told by a function of no type, so that of each value's type, little is compiled.

use std::str;

use serde::de::value::SeqDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::Fault;

/// Reads from bytes.
pub(super) struct Decoder<'de> {
    rest: &'de [u8],
    /// How many arrays and maps may still be opened within each other.
    depth: usize,
    /// How many types that have no bytes of their own may still stand within each other here: one that
    /// holds itself would do so without end.
    wraps: usize,
}

/// As many as no type has that doesn't hold itself.
const WRAPS: usize = 128;

/// What comes next.
#[derive(Clone, Copy)]
enum Token<'de> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Single(f32),
    Double(f64),
    Text(&'de [u8]),
    Bytes(&'de [u8]),
    Array(usize),
    Map(usize),
}

impl<'de> Decoder<'de> {
    /// Reads `bytes`, with at most `depth` arrays and maps within each other.
    pub(super) fn new(bytes: &'de [u8], depth: usize) -> Self {
        Self { rest: bytes, depth, wraps: WRAPS }
    }

    /// The end, behind the one value.
    pub(super) fn end(self) -> Result<(), Fault> {
        if self.rest.is_empty() { Ok(()) } else { Err(Fault::new("bytes follow the value")) }
    }

    fn take(&mut self, length: usize) -> Result<&'de [u8], Fault> {
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or_else(|| Fault::new("the value is cut off"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    /// A big-endian number of so many bytes.
    fn number(&mut self, bytes: usize) -> Result<u64, Fault> {
        Ok(self.take(bytes)?.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
    }

    fn length(&mut self, bytes: usize) -> Result<usize, Fault> {
        usize::try_from(self.number(bytes)?).map_err(|_| Fault::new("the value is too long"))
    }

    fn token(&mut self) -> Result<Token<'de>, Fault> {
        self.wraps = WRAPS;
        let [marker] = self.array()?;
        Ok(match marker {
            0x00..=0x7f => Token::Unsigned(marker.into()),
            0x80..=0x8f => Token::Map(usize::from(marker & 0x0f)),
            0x90..=0x9f => Token::Array(usize::from(marker & 0x0f)),
            0xa0..=0xbf => Token::Text(self.take(usize::from(marker & 0x1f))?),
            0xc0 => Token::Nil,
            0xc2 | 0xc3 => Token::Bool(marker == 0xc3),
            0xc4..=0xc6 => Token::Bytes({
                let length = self.length(1 << (marker - 0xc4))?;
                self.take(length)?
            }),
            0xca => Token::Single(f32::from_be_bytes(self.array()?)),
            0xcb => Token::Double(f64::from_be_bytes(self.array()?)),
            0xcc..=0xcf => Token::Unsigned(self.number(1 << (marker - 0xcc))?),
            0xd0 => Token::Signed(i8::from_be_bytes(self.array()?).into()),
            0xd1 => Token::Signed(i16::from_be_bytes(self.array()?).into()),
            0xd2 => Token::Signed(i32::from_be_bytes(self.array()?).into()),
            0xd3 => Token::Signed(i64::from_be_bytes(self.array()?)),
            0xd9..=0xdb => Token::Text({
                let length = self.length(1 << (marker - 0xd9))?;
                self.take(length)?
            }),
            0xdc | 0xdd => Token::Array(self.length(2 << (marker - 0xdc))?),
            0xde | 0xdf => Token::Map(self.length(2 << (marker - 0xde))?),
            0xe0..=0xff => Token::Signed(i8::from_be_bytes([marker]).into()),
            0xc1 | 0xc7..=0xc9 | 0xd4..=0xd8 => {
                return Err(Fault::new("the value is of a type of somebody's own"));
            }
        })
    }

    fn visit<V: Visitor<'de>>(&mut self, token: Token<'de>, visitor: V) -> Result<V::Value, Fault> {
        match token {
            Token::Nil => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Unsigned(number) => visitor.visit_u64(number),
            Token::Signed(number) => visitor.visit_i64(number),
            Token::Single(number) => visitor.visit_f32(number),
            Token::Double(number) => visitor.visit_f64(number),
            Token::Text(text) => match str::from_utf8(text) {
                Ok(text) => visitor.visit_borrowed_str(text),
                Err(_) => Err(de::Error::invalid_value(Unexpected::Bytes(text), &"UTF-8")),
            },
            Token::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Token::Array(length) => {
                let mut within = self.open(length)?;
                let value = visitor.visit_seq(&mut within)?;
                within.end().map(|()| value)
            }
            Token::Map(length) => {
                let mut within = self.open(length)?;
                let value = visitor.visit_map(&mut within)?;
                within.end().map(|()| value)
            }
        }
    }

    /// An array or a map of so many values.
    fn open(&mut self, values: usize) -> Result<Within<'_, 'de>, Fault> {
        let deeper = self.depth.checked_sub(1);
        self.depth = deeper.ok_or_else(|| Fault::new("the value is nested too deeply"))?;
        Ok(Within { decoder: self, left: values })
    }

    /// A type that has no bytes of its own.
    fn wrap(&mut self) -> Result<&mut Self, Fault> {
        let fewer = self.wraps.checked_sub(1);
        self.wraps = fewer.ok_or_else(|| Fault::new("the value's type has no end"))?;
        Ok(self)
    }

    /// A number of 128 bits, or of less.
    fn wide(&mut self) -> Result<i128, Fault> {
        match self.token()? {
            Token::Unsigned(number) => Ok(number.into()),
            Token::Signed(number) => Ok(number.into()),
            Token::Bytes(bytes) => bytes
                .try_into()
                .map(i128::from_be_bytes)
                .map_err(|_| de::Error::invalid_length(bytes.len(), &"16 bytes")),
            _ => Err(Fault::new("the value is no number")),
        }
    }
}

impl<'de> de::Deserializer<'de> for &mut Decoder<'de> {
    type Error = Fault;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let token = self.token()?;
        self.visit(token, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if let Some((0xc0, rest)) = self.rest.split_first() {
            (self.rest, self.wraps) = (rest, WRAPS);
            return visitor.visit_none();
        }
        visitor.visit_some(self.wrap()?)
    }

    /// Bytes are a sequence, too.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.token()? {
            Token::Bytes(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())),
            token => self.visit(token, visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.token()? {
            Token::Array(0) => visitor.visit_unit(),
            token => self.visit(token, visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self.wrap()?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_i128(self.wide()?)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u128(self.wide()?.cast_unsigned())
    }

    /// The name of a variant, or a map from that to its data.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.token()? {
            Token::Text(name) => visitor.visit_enum(match str::from_utf8(name) {
                Ok(name) => IntoDeserializer::<Fault>::into_deserializer(name),
                Err(_) => return Err(de::Error::invalid_value(Unexpected::Bytes(name), &"UTF-8")),
            }),
            Token::Map(1) => {
                let within = self.open(0)?;
                let value = visitor.visit_enum(&mut *within.decoder)?;
                within.end().map(|()| value)
            }
            _ => Err(Fault::new("the value is no variant")),
        }
    }

    forward_to_deserialize_any! {
        bool u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 char str string bytes byte_buf unit map struct
        identifier ignored_any
    }
}

/// An array or a map that is being read.
struct Within<'a, 'de> {
    decoder: &'a mut Decoder<'de>,
    left: usize,
}

impl<'de> Within<'_, 'de> {
    /// How many values are still to come, at most: what is cut off holds fewer than it says.
    fn size_hint(&self) -> usize {
        self.left.min(self.decoder.rest.len())
    }

    fn next<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        seed.deserialize(&mut *self.decoder).map(Some)
    }

    fn end(self) -> Result<(), Fault> {
        self.decoder.depth += 1;
        if self.left == 0 { Ok(()) } else { Err(Fault::new("the value holds more than its type")) }
    }
}

impl<'de> de::SeqAccess<'de> for &mut Within<'_, 'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        self.next(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(Within::size_hint(self))
    }
}

impl<'de> de::MapAccess<'de> for &mut Within<'_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.next(seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        seed.deserialize(&mut *self.decoder)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(Within::size_hint(self))
    }
}

impl<'de> de::EnumAccess<'de> for &mut Decoder<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        Ok((seed.deserialize(&mut *self)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for &mut Decoder<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        de::Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        de::Deserializer::deserialize_seq(self, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        de::Deserializer::deserialize_any(self, visitor)
    }
}

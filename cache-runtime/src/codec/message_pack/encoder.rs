//! Values to `MessagePack`, as `rmp-serde` writes them with field names.
//!
//! It is of one type, and so is what it writes to: of each value's type, little is compiled.

use serde::ser::{self, Serialize};

use super::Fault;

/// Writes to a buffer that takes so many bytes and no more: a huge value fails early.
pub(super) struct Encoder {
    bytes: Vec<u8>,
    limit: usize,
    /// How many arrays and maps may still be opened within each other.
    depth: usize,
}

/// How the length of a text, an array or the like is written.
struct Header {
    /// The marker of the shortest ones, which holds the length itself, and the longest of these.
    fixed: Option<(u8, u8)>,
    /// The markers of lengths in one, two and four bytes.
    sized: [Option<u8>; 3],
    /// How many values one more of it is: two of a map.
    values: usize,
}

const TEXT: Header =
    Header { fixed: Some((0xa0, 31)), sized: [Some(0xd9), Some(0xda), Some(0xdb)], values: 1 };
const BYTES: Header =
    Header { fixed: None, sized: [Some(0xc4), Some(0xc5), Some(0xc6)], values: 1 };
const ARRAY: Header =
    Header { fixed: Some((0x90, 15)), sized: [None, Some(0xdc), Some(0xdd)], values: 1 };
const MAP: Header =
    Header { fixed: Some((0x80, 15)), sized: [None, Some(0xde), Some(0xdf)], values: 2 };

impl Header {
    /// A marker and its data: so many bytes of what is answered.
    fn of(&self, length: usize) -> Result<([u8; 5], usize), Fault> {
        let length = u32::try_from(length).map_err(|_| Fault::new("the value is too long"))?;
        let [one, two, four] = self.sized;
        let [a, b, c, d] = length.to_be_bytes();
        Ok(match (self.fixed, one, two, four) {
            (Some((marker, most)), ..) if length <= u32::from(most) => {
                ([marker | d, 0, 0, 0, 0], 1)
            }
            (_, Some(marker), ..) if length <= 0xff => ([marker, d, 0, 0, 0], 2),
            (_, _, Some(marker), _) if length <= 0xffff => ([marker, c, d, 0, 0], 3),
            (_, _, _, marker) => ([marker.unwrap_or_default(), a, b, c, d], 5),
        })
    }
}

impl Encoder {
    pub(super) fn new(limit: usize, depth: usize) -> Self {
        Self { bytes: Vec::with_capacity(limit.min(128)), limit, depth }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if bytes.len() > self.limit - self.bytes.len() {
            return Err(Fault::new("the value is larger than the limit"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn number(&mut self, marker: u8, number: &[u8]) -> Result<(), Fault> {
        self.put(&[marker])?;
        self.put(number)
    }

    fn header(&mut self, header: &Header, length: usize) -> Result<(), Fault> {
        let (bytes, of) = header.of(length)?;
        self.put(&bytes[..of])
    }

    /// Opens an array or a map, the length of which may be known by its end alone.
    fn open(&mut self, header: &'static Header, length: Option<usize>) -> Result<Open<'_>, Fault> {
        self.deeper()?;
        let counted = match length {
            Some(length) => {
                self.header(header, length)?;
                None
            }
            None => Some((header, self.bytes.len(), 0)),
        };
        Ok(Open { encoder: self, counted, levels: 1 })
    }

    fn deeper(&mut self) -> Result<(), Fault> {
        let left = self.depth.checked_sub(1);
        self.depth = left.ok_or_else(|| Fault::new("the value is nested too deeply"))?;
        Ok(())
    }

    /// Opens the map of a variant that holds data, behind its name.
    fn variant(&mut self, name: &str) -> Result<(), Fault> {
        self.deeper()?;
        self.header(&MAP, 1)?;
        self.text(name)
    }

    fn text(&mut self, text: &str) -> Result<(), Fault> {
        self.header(&TEXT, text.len())?;
        self.put(text.as_bytes())
    }

    fn unsigned(&mut self, number: u64) -> Result<(), Fault> {
        let [.., a, b, c, d] = number.to_be_bytes();
        match number {
            0..0x80 => self.put(&[d]),
            0x80..=0xff => self.number(0xcc, &[d]),
            0x100..=0xffff => self.number(0xcd, &[c, d]),
            0x1_0000..=0xffff_ffff => self.number(0xce, &[a, b, c, d]),
            _ => self.number(0xcf, &number.to_be_bytes()),
        }
    }

    fn signed(&mut self, number: i64) -> Result<(), Fault> {
        if let Ok(number) = u64::try_from(number) {
            return self.unsigned(number);
        }
        let [.., a, b, c, d] = number.to_be_bytes();
        match number {
            -0x20.. => self.put(&[d]),
            -0x80.. => self.number(0xd0, &[d]),
            -0x8000.. => self.number(0xd1, &[c, d]),
            -0x8000_0000.. => self.number(0xd2, &[a, b, c, d]),
            _ => self.number(0xd3, &number.to_be_bytes()),
        }
    }
}

/// An array or a map that is being written.
pub(super) struct Open<'a> {
    encoder: &'a mut Encoder,
    /// Where its header goes, and how many values it holds by now, where nobody said.
    counted: Option<(&'static Header, usize, usize)>,
    /// How many arrays and maps end with it.
    levels: usize,
}

impl Open<'_> {
    fn value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Fault> {
        if let Some((_, _, values)) = &mut self.counted {
            *values += 1;
        }
        value.serialize(&mut *self.encoder)
    }

    fn close(self) -> Result<(), Fault> {
        self.encoder.depth += self.levels;
        let Some((header, start, values)) = self.counted else {
            return Ok(());
        };
        let (bytes, of) = header.of(values / header.values)?;
        let body = self.encoder.bytes.split_off(start);
        self.encoder.put(&bytes[..of])?;
        self.encoder.put(&body)
    }
}

macro_rules! numbers {
    ($($name:ident: $type:ty => $write:ident;)*) => {$(
        fn $name(self, number: $type) -> Result<(), Fault> {
            self.$write(number.into())
        }
    )*};
}

impl<'a> ser::Serializer for &'a mut Encoder {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    type SerializeTupleVariant = Open<'a>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    numbers! {
        serialize_i8: i8 => signed;
        serialize_i16: i16 => signed;
        serialize_i32: i32 => signed;
        serialize_i64: i64 => signed;
        serialize_u8: u8 => unsigned;
        serialize_u16: u16 => unsigned;
        serialize_u32: u32 => unsigned;
        serialize_u64: u64 => unsigned;
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_i128(self, number: i128) -> Result<(), Fault> {
        self.serialize_bytes(&number.to_be_bytes())
    }

    fn serialize_u128(self, number: u128) -> Result<(), Fault> {
        self.serialize_bytes(&number.to_be_bytes())
    }

    fn serialize_bool(self, value: bool) -> Result<(), Fault> {
        self.put(&[if value { 0xc3 } else { 0xc2 }])
    }

    fn serialize_f32(self, number: f32) -> Result<(), Fault> {
        self.number(0xca, &number.to_be_bytes())
    }

    fn serialize_f64(self, number: f64) -> Result<(), Fault> {
        self.number(0xcb, &number.to_be_bytes())
    }

    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Fault> {
        self.text(text)
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Fault> {
        self.header(&BYTES, bytes.len())?;
        self.put(bytes)
    }

    fn serialize_none(self) -> Result<(), Fault> {
        self.serialize_unit()
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        self.put(&[0xc0])
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        self.header(&ARRAY, 0)
    }

    fn serialize_unit_variant(self, _: &str, _: u32, name: &'static str) -> Result<(), Fault> {
        self.text(name)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.variant(name)?;
        value.serialize(&mut *self)?;
        self.depth += 1;
        Ok(())
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Open<'a>, Fault> {
        self.open(&ARRAY, length)
    }

    fn serialize_tuple(self, length: usize) -> Result<Open<'a>, Fault> {
        self.open(&ARRAY, Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Open<'a>, Fault> {
        self.open(&ARRAY, Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        length: usize,
    ) -> Result<Open<'a>, Fault> {
        self.variant(name)?;
        Ok(Open { levels: 2, ..self.open(&ARRAY, Some(length))? })
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Open<'a>, Fault> {
        self.open(&MAP, length)
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Open<'a>, Fault> {
        self.open(&MAP, Some(length))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        length: usize,
    ) -> Result<Open<'a>, Fault> {
        self.variant(name)?;
        Ok(Open { levels: 2, ..self.open(&MAP, Some(length))? })
    }
}

macro_rules! arrays {
    ($($name:ident: $method:ident;)*) => {$(
        impl ser::$name for Open<'_> {
            type Ok = ();
            type Error = Fault;

            fn $method<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Fault> {
                self.value(value)
            }

            fn end(self) -> Result<(), Fault> {
                self.close()
            }
        }
    )*};
}

arrays! {
    SerializeSeq: serialize_element;
    SerializeTuple: serialize_element;
    SerializeTupleStruct: serialize_field;
    SerializeTupleVariant: serialize_field;
}

impl ser::SerializeMap for Open<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Fault> {
        self.value(key)
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Fault> {
        self.value(value)
    }

    fn end(self) -> Result<(), Fault> {
        self.close()
    }
}

macro_rules! structs {
    ($($name:ident)*) => {$(
        impl ser::$name for Open<'_> {
            type Ok = ();
            type Error = Fault;

            fn serialize_field<T: ?Sized + Serialize>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Fault> {
                self.encoder.text(name)?;
                self.value(value)
            }

            fn end(self) -> Result<(), Fault> {
                self.close()
            }
        }
    )*};
}

structs! { SerializeStruct SerializeStructVariant }

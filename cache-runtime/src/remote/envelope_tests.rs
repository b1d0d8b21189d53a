#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::codec;
use crate::remote::cell::{Cell, VALUE_PREFIX};
use crate::value_type::ValueType;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
    mail: Option<String>,
}

fn header() -> Header {
    Header {
        fill: 0x0102_0304_0506_0708,
        created: 1_700_000_000_000,
        soft: 1_700_000_060_000,
        hard: 1_700_000_300_000,
        fingerprint: ValueType::shared::<User>().fingerprint(1),
        cost: 2_500,
    }
}

fn user() -> Envelope<Bytes> {
    let user = User { id: 42, name: "Ada".to_owned(), mail: None };
    let payload = codec::encode(&user, 1 << 20).unwrap();
    Envelope { header: header(), payload: Some(payload.into()) }
}

fn none() -> Envelope<Bytes> {
    Envelope { header: header(), payload: None }
}

fn open(cell: &[u8], fingerprint: u64) -> Result<Envelope<Bytes>> {
    let Envelope { header, payload } = Envelope::decode(cell, fingerprint)?;
    Ok(Envelope { header, payload: payload.map(Bytes::copy_from_slice) })
}

fn golden(name: &str) -> Bytes {
    let hex: String = match name {
        "value" => include_str!("../../tests/golden/value.hex"),
        _ => include_str!("../../tests/golden/none.hex"),
    }
    .lines()
    .filter(|line| !line.starts_with('#'))
    .flat_map(str::chars)
    .filter(|c| !c.is_whitespace())
    .collect();
    let digits = hex.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

#[test]
fn the_bytes_on_the_wire_are_the_golden_ones() {
    assert_eq!(user().encode().unwrap(), golden("value"));
    assert_eq!(none().encode().unwrap(), golden("none"));
}

#[test]
fn the_golden_bytes_are_read() {
    let read = open(&golden("value"), ValueType::shared::<User>().fingerprint(1)).unwrap();
    let value: User = codec::decode(&read.payload.clone().unwrap()).unwrap();
    assert_eq!(value.name, "Ada");
    assert_eq!(read, user());
    let read = open(&golden("none"), ValueType::shared::<User>().fingerprint(1)).unwrap();
    assert_eq!(read, none());
}

#[test]
fn the_fill_id_stands_in_the_prefix() {
    let mut other = user();
    other.header.fill += 1;
    let (one, other) = (user().encode().unwrap(), other.encode().unwrap());
    assert_ne!(one[..VALUE_PREFIX], other[..VALUE_PREFIX]);
    assert_eq!(one[..VALUE_PREFIX], *b"\xC1V\x01\x10\x01\x02\x03\x04\x05\x06\x07\x08");
    assert!(matches!(Cell::parse(Some(one)), Cell::Value(_)));
}

#[test]
fn every_new_header_has_a_fill_id_of_its_own() {
    assert_ne!(Header::new(0, 1, 2).fill, Header::new(0, 1, 2).fill);
}

#[test]
fn another_type_or_version_is_refused() {
    let cell = user().encode().unwrap();
    for other in [
        ValueType::shared::<User>().fingerprint(2),
        ValueType::shared::<Vec<User>>().fingerprint(1),
    ] {
        assert!(open(&cell, other).is_err());
    }
}

/// The cell with one byte replaced and a checksum that is right for it.
fn forged(at: usize, byte: u8) -> Bytes {
    let mut cell = user().encode().unwrap().to_vec();
    cell[at] = byte;
    let crc = checksum(&cell[..CRC_AT], &cell[HEADER..]);
    cell[CRC_AT..HEADER].copy_from_slice(&crc.to_be_bytes());
    cell.into()
}

#[test]
fn formats_codecs_flags_and_lengths_to_come_are_refused_though_undamaged() {
    let same = forged(2, FORMAT);
    assert!(open(&same, ValueType::shared::<User>().fingerprint(1)).is_ok());
    for (at, byte) in [(2, 2), (3, 0x20), (3, 0x12), (3, 0x14), (3, 0x11), (51, 0)] {
        let cell = forged(at, byte);
        assert!(
            open(&cell, ValueType::shared::<User>().fingerprint(1)).is_err(),
            "byte {at} set to {byte}"
        );
    }
}

#[test]
fn the_checksum_is_the_crc32_of_header_and_payload_however_long_they_are() {
    let bytes: Vec<u8> = (0..700_u32).map(|at| (at * 7 % 251) as u8).collect();
    for length in [0, 1, 75, 76, 77, 255, 256, 257, 700] {
        let (header, payload) = (&bytes[..CRC_AT], &bytes[..length]);
        let expected = crc32fast::hash(&[header, payload].concat());
        assert_eq!(checksum(header, payload), expected, "{length} bytes");
    }
}

#[test]
fn a_truncated_cell_is_refused() {
    let cell = user().encode().unwrap();
    for length in 0..cell.len() {
        let cut = cell.slice(..length);
        assert!(open(&cut, ValueType::shared::<User>().fingerprint(1)).is_err());
    }
}

#[test]
fn every_single_flipped_bit_is_noticed() {
    for cell in [user().encode().unwrap(), none().encode().unwrap()] {
        for bit in 0..cell.len() * 8 {
            let mut flipped = cell.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let read = open(&flipped, ValueType::shared::<User>().fingerprint(1));
            assert!(read.is_err(), "bit {bit}");
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused(bytes: Vec<u8>) {
        prop_assert!(open(&bytes, ValueType::shared::<User>().fingerprint(1)).is_err());
    }

    #[test]
    fn arbitrary_bytes_behind_a_right_start_are_refused(bytes: Vec<u8>) {
        let cell = [&user().encode().unwrap()[..HEADER], &bytes].concat();
        let right = cell == user().encode().unwrap();
        prop_assert_eq!(open(&cell, ValueType::shared::<User>().fingerprint(1)).is_ok(), right);
    }

    #[test]
    fn flipped_bytes_are_refused(at in 0_usize..200, with in prop::collection::vec(1_u8.., 1..8)) {
        let mut cell = user().encode().unwrap().to_vec();
        let at = at % cell.len();
        for (byte, flip) in cell[at..].iter_mut().zip(with) {
            *byte ^= flip;
        }
        prop_assert!(open(&cell, ValueType::shared::<User>().fingerprint(1)).is_err());
    }

    #[test]
    fn what_is_encoded_is_decoded(
        fill: u64, created: u64, soft: u64, hard: u64, cost: u32, payload: Option<Vec<u8>>,
    ) {
        let header = Header { fill, created, soft, hard, fingerprint: 7, cost };
        let envelope = Envelope { header, payload: payload.map(Bytes::from) };
        let cell = envelope.encode().unwrap();
        prop_assert_eq!(open(&cell, 7).unwrap(), envelope);
    }
}

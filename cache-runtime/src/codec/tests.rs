#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::net::IpAddr;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::codec;
use crate::error::{ErrorKind, Result};

const LIMIT: usize = 1 << 20;

fn encode<T: Serialize + serde::de::DeserializeOwned>(value: &T) -> Vec<u8> {
    codec::encode(value, LIMIT).unwrap()
}

fn decode<T: Serialize + serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let value = codec::decode(bytes);
    if let Err(error) = &value {
        assert_eq!(error.kind(), ErrorKind::Codec);
    }
    value
}

/// What is stored by a function before its value type changed.
mod v1 {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(super) struct User {
        pub(super) id: u64,
        pub(super) name: String,
        pub(super) role: Role,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(super) enum Role {
        Guest,
        Member { since: u32 },
        Admin(String),
    }
}

/// The same type, fields reordered and added, variants inserted.
mod v2 {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct User {
        pub(super) role: Role,
        pub(super) mail: Option<String>,
        #[serde(default)]
        pub(super) logins: u32,
        pub(super) name: String,
        pub(super) id: u64,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum Role {
        Robot,
        Guest,
        Admin(String),
        Member { since: u32 },
    }

    /// A field that has no default.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Account {
        pub(super) id: u64,
        pub(super) name: String,
        pub(super) role: Role,
        pub(super) balance: i64,
    }

    /// A field dropped, another of a type that the stored one is not.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Renumbered {
        pub(super) id: String,
        pub(super) name: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Named {
        pub(super) name: String,
    }
}

fn roles() -> Vec<(v1::Role, v2::Role)> {
    vec![
        (v1::Role::Guest, v2::Role::Guest),
        (v1::Role::Member { since: 7 }, v2::Role::Member { since: 7 }),
        (v1::Role::Admin("a".into()), v2::Role::Admin("a".into())),
    ]
}

#[test]
fn reordered_and_added_fields_and_inserted_variants_are_read_right() {
    for (before, after) in roles() {
        let user = v1::User { id: 42, name: "Ada".into(), role: before };
        let read: v2::User = decode(&encode(&user)).unwrap();
        let right = v2::User { role: after, mail: None, logins: 0, name: "Ada".into(), id: 42 };
        assert_eq!(read, right);
        assert_eq!(decode::<v1::User>(&encode(&right)).unwrap(), user);
    }
}

#[test]
fn a_dropped_field_is_passed_over() {
    let user = v1::User { id: 42, name: "Ada".into(), role: v1::Role::Guest };
    assert_eq!(decode::<v2::Named>(&encode(&user)).unwrap().name, "Ada");
}

#[test]
fn a_missing_field_and_one_of_another_type_are_refused() {
    let user = v1::User { id: 42, name: "Ada".into(), role: v1::Role::Guest };
    assert!(decode::<v2::Account>(&encode(&user)).is_err());
    assert!(decode::<v2::Renumbered>(&encode(&user)).is_err());
    assert!(decode::<v1::Role>(&encode(&v2::Role::Robot)).is_err());
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Shape {
    Circle { radius: f64 },
    Square { side: f64 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    #[serde(flatten)]
    shape: Shape,
    #[serde(rename = "ß")]
    bytes: Vec<u8>,
    big: i128,
    map: BTreeMap<u16, Vec<(char, bool)>>,
    ip: IpAddr,
    unit: (),
    nested: Option<Box<Everything>>,
}

fn everything(nested: Option<Box<Everything>>) -> Everything {
    Everything {
        shape: Shape::Circle { radius: 0.1 },
        bytes: vec![0, 255],
        big: i128::MIN,
        map: BTreeMap::from([(1, vec![('ä', true)]), (2, vec![])]),
        ip: IpAddr::from([127, 0, 0, 1]),
        unit: (),
        nested,
    }
}

#[test]
fn serde_attributes_and_unusual_types_survive() {
    let value = everything(Some(Box::new(everything(None))));
    assert_eq!(decode::<Everything>(&encode(&value)).unwrap(), value);
}

#[test]
fn a_value_of_exactly_the_limit_is_encoded_and_one_byte_more_is_not() {
    assert_eq!(codec::encode(&"x".repeat(95), 97).unwrap().len(), 97);
    let error = codec::encode(&"x".repeat(96), 97).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Codec);
}

#[derive(Debug, Serialize, Deserialize)]
enum Chain {
    End,
    Link(Box<Chain>),
}

fn chain(links: usize) -> Chain {
    (0..links).fold(Chain::End, |tail, _| Chain::Link(Box::new(tail)))
}

#[test]
fn a_hundred_and_twenty_eight_levels_are_stored_and_one_more_is_not() {
    let deepest = codec::encode(&chain(128), LIMIT).unwrap();
    assert!(codec::decode::<Chain>(&deepest).is_ok());
    assert!(codec::encode(&chain(129), LIMIT).is_err());

    let link = b"\x81\xa4Link";
    let deeper = [&link[..], &deepest].concat();
    assert!(codec::decode::<Chain>(&deeper).is_err());
}

#[test]
fn bytes_that_would_exhaust_the_stack_or_the_memory_are_refused() {
    let endless = b"\x81\xa4Link".repeat(200_000);
    assert!(decode::<Chain>(&endless).is_err());
    assert!(decode::<Vec<Vec<u64>>>(b"\xdd\xff\xff\xff\xff").is_err());
    assert!(decode::<String>(b"\xdb\xff\xff\xff\xffx").is_err());
    assert!(decode::<BTreeMap<u8, u8>>(b"\xdf\xff\xff\xff\xff\x00").is_err());
}

#[test]
fn what_was_closed_lets_what_follows_be_no_deeper() {
    let two = |deep| [&[0x92][..], &encode(&chain(1)), &encode(&chain(deep))].concat();
    assert!(decode::<Vec<Chain>>(&two(127)).is_ok());
    assert!(decode::<Vec<Chain>>(&two(128)).is_err());
}

/// It holds itself, and has no bytes of its own.
#[derive(Debug, Serialize, Deserialize)]
struct Endless(Option<Box<Endless>>);

#[test]
fn a_type_that_holds_itself_and_nothing_else_ends() {
    let value = Endless(Some(Box::new(Endless(None))));
    assert!(decode::<Endless>(&encode(&value)).unwrap().0.is_none());
    assert!(decode::<Endless>(&[7]).is_err());
    let side_by_side: Vec<Endless> = (0..1000).map(|_| Endless(None)).collect();
    assert_eq!(decode::<Vec<Endless>>(&encode(&side_by_side)).unwrap().len(), 1000);
}

#[test]
fn bytes_after_the_value_are_refused() {
    assert_eq!(decode::<u8>(&[7]).unwrap(), 7);
    assert!(decode::<u8>(&[7, 7]).is_err());
    assert!(decode::<u8>(&[7, 0xc1]).is_err());
}

type Row = (u64, Option<i16>, f64, bool);

/// Every kind of thing that serde knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Any {
    Nothing,
    Unit(()),
    Number(i64),
    Large(u64),
    Wide(i128),
    Small(Option<i8>),
    Single(f32),
    Double(f64),
    Letter(char),
    Text(String),
    Bytes(Raw),
    Wrapped(Wrapper),
    Nested(Box<Any>),
    Pair(u16, Vec<Any>),
    Named { id: u32, of: BTreeMap<String, Any> },
    Flat(Flat),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Wrapper(bool);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Mark;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Flat {
    mark: Mark,
    #[serde(flatten)]
    rest: BTreeMap<String, i32>,
}

/// Bytes that are no sequence.
#[derive(Debug, Clone, PartialEq)]
struct Raw(Vec<u8>);

impl Serialize for Raw {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

fn any_value() -> impl Strategy<Value = Any> {
    let number = prop_oneof![any::<i64>(), -300..300_i64, -70_000..70_000_i64];
    let leaf = prop_oneof![
        Just(Any::Nothing),
        Just(Any::Unit(())),
        number.prop_map(Any::Number),
        any::<u64>().prop_map(Any::Large),
        any::<i128>().prop_map(Any::Wide),
        any::<Option<i8>>().prop_map(Any::Small),
        any::<f32>().prop_map(Any::Single),
        any::<f64>().prop_map(Any::Double),
        any::<char>().prop_map(Any::Letter),
        ".{0,300}".prop_map(Any::Text),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| Any::Bytes(Raw(bytes))),
        any::<bool>().prop_map(|value| Any::Wrapped(Wrapper(value))),
        prop::collection::btree_map("[a-z]{1,9}", any::<i32>(), 0..20)
            .prop_map(|rest| Any::Flat(Flat { mark: Mark, rest })),
    ];
    leaf.prop_recursive(4, 32, 20, |inner| {
        prop_oneof![
            inner.clone().prop_map(|value| Any::Nested(Box::new(value))),
            (any::<u16>(), prop::collection::vec(inner.clone(), 0..20))
                .prop_map(|(id, values)| Any::Pair(id, values)),
            (any::<u32>(), prop::collection::btree_map(".{0,40}", inner, 0..20))
                .prop_map(|(id, of)| Any::Named { id, of }),
        ]
    })
}

#[test]
fn numbers_and_lengths_at_the_ends_of_their_ranges_are_written_as_rmp_serde_writes_them() {
    let around = |number: u64| [number.wrapping_sub(1), number, number.wrapping_add(1)];
    for number in (0..64).flat_map(|bit| around(1 << bit)) {
        let signed = number.cast_signed();
        for value in [Any::Large(number), Any::Number(signed), Any::Number(signed.wrapping_neg())] {
            assert_eq!(encode(&value), rmp_serde::to_vec_named(&value).unwrap(), "{value:?}");
            assert_eq!(decode::<Any>(&encode(&value)).unwrap(), value);
        }
    }
    for length in [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536] {
        let text = "x".repeat(length);
        let numbers = (0..length).map(|number| (number.to_string(), 1));
        for value in [
            Any::Text(text.clone()),
            Any::Bytes(Raw(text.into_bytes())),
            Any::Pair(1, vec![Any::Nothing; length]),
            Any::Flat(Flat { mark: Mark, rest: numbers.collect() }),
        ] {
            assert_eq!(encode(&value), rmp_serde::to_vec_named(&value).unwrap(), "of {length}");
            assert_eq!(decode::<Any>(&encode(&value)).unwrap(), value);
        }
    }
}

proptest! {
    #[test]
    fn it_writes_what_rmp_serde_writes_and_reads_that(value in any_value()) {
        let bytes = encode(&value);
        prop_assert_eq!(&bytes, &rmp_serde::to_vec_named(&value).unwrap());
        prop_assert_eq!(decode::<Any>(&bytes).unwrap(), value);
    }

    #[test]
    fn it_reads_of_other_bytes_what_rmp_serde_reads(at: prop::sample::Index, new: u8, value in any_value()) {
        let mut bytes = encode(&value);
        let at = at.index(bytes.len());
        bytes[at] = new;
        // What follows the value, and what is nested too deeply, is refused by us alone.
        if let Ok(value) = decode::<Any>(&bytes) {
            let theirs = rmp_serde::from_slice::<Any>(&bytes).unwrap();
            prop_assert_eq!(format!("{value:?}"), format!("{theirs:?}"));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let _ = decode::<Everything>(&bytes);
        let _ = decode::<v1::User>(&bytes);
        let _ = decode::<Chain>(&bytes);
        let _ = decode::<Vec<Option<String>>>(&bytes);
    }

    #[test]
    fn a_truncated_value_is_refused(cut: prop::sample::Index) {
        let bytes = encode(&everything(Some(Box::new(everything(None)))));
        prop_assert!(decode::<Everything>(&bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn changed_bytes_never_panic(at: prop::sample::Index, with: Vec<u8>) {
        let mut bytes = encode(&everything(Some(Box::new(everything(None)))));
        let at = at.index(bytes.len());
        for (byte, new) in bytes[at..].iter_mut().zip(with) {
            *byte = new;
        }
        let _ = decode::<Everything>(&bytes);
    }

    #[test]
    fn what_is_encoded_is_decoded(
        value in prop::collection::btree_map(
            ".{0,40}",
            prop::collection::vec(any::<Row>(), 0..20),
            0..20,
        )
    ) {
        let bytes = encode(&value);
        let read: BTreeMap<String, Vec<Row>> = decode(&bytes).unwrap();
        prop_assert_eq!(read, value);
    }
}

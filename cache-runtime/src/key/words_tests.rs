use super::*;
use proptest::prelude::*;

/// Values of the kinds that keys are made of, nested as far as they go.
#[derive(Debug, Clone)]
enum Value {
    Unsigned(u8),
    Signed(i8),
    Wide(u128),
    Flag(bool),
    Text(String),
    Optional(Option<Box<Value>>),
    List(Vec<Value>),
    Empty,
}

impl KeyPart for Value {
    fn write_key(&self, key: &mut KeyWriter) {
        match self {
            Self::Unsigned(number) => number.write_key(key),
            Self::Signed(number) => number.write_key(key),
            Self::Wide(number) => number.write_key(key),
            Self::Flag(flag) => flag.write_key(key),
            Self::Text(text) => text.write_key(key),
            Self::Optional(value) => value.write_key(key),
            Self::List(values) => values.write_key(key),
            Self::Empty => {}
        }
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        (0_u8..3).prop_map(Value::Unsigned),
        (-2_i8..3).prop_map(Value::Signed),
        prop_oneof![Just(0), Just(u128::MAX), Just(1 << 64)].prop_map(Value::Wide),
        any::<bool>().prop_map(Value::Flag),
        "[ab0:~]{0,2}|a{7,9}|a{60,66}".prop_map(Value::Text),
        Just(Value::Empty),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            proptest::option::of(inner.clone().prop_map(Box::new)).prop_map(Value::Optional),
            proptest::collection::vec(inner, 0..3).prop_map(Value::List),
        ]
    })
}

fn both(values: &[Value]) -> (Key, Words) {
    let render = |key: &mut KeyWriter| {
        for value in values {
            key.text(":").part(value);
        }
    };
    let words = words_of(1, |key| {
        render(key);
        key
    });
    let key = rendered(|key| {
        render(key);
        key
    });
    (key, words)
}

fn words_of(site: usize, render: impl Fn(&mut KeyWriter) -> &mut KeyWriter) -> Words {
    *render(&mut KeyWriter::of_words(site)).words()
}

/// As they are compared by who has not far to look.
fn same(one: &Words, other: &Words) -> bool {
    let is_near = one.head == other.head && one.near == other.near;
    is_near && (!has_far(one.head) || one.far == other.far)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_same_words_are_the_same_key(
        one in proptest::collection::vec(values(), 2),
        other in proptest::collection::vec(values(), 2),
    ) {
        let (one, other) = (both(&one), both(&other));
        if one.1.is_whole() && other.1.is_whole() && same(&one.1, &other.1) {
            prop_assert_eq!(one.0, other.0);
        }
    }

    #[test]
    fn the_same_values_are_the_same_words(value in values()) {
        let (one, other) = (both(std::slice::from_ref(&value)), both(&[value]));
        prop_assert!(same(&one.1, &other.1));
        prop_assert_eq!(one.1.hash(), other.1.hash());
    }
}

#[test]
fn sites_and_type_arguments_have_words_of_their_own() {
    let of = |site, typed: bool| {
        words_of(site, |key| if typed { key.types::<u8>() } else { key.types::<u16>() })
    };
    assert!(same(&of(1, true), &of(1, true)));
    assert!(!same(&of(1, true), &of(2, true)));
    assert!(!same(&of(1, true), &of(1, false)));
}

#[test]
fn what_finds_no_room_is_not_whole() {
    let words = |count: usize| words_of(1, |key| key.part(&vec![1_u8; count]));
    assert!(words(5).is_whole());
    assert!(!words(9).is_whole(), "too many operations");
    let text = |length| words_of(1, |key| key.part(&"x".repeat(length)));
    assert!(text(63).is_whole());
    assert!(!text(64).is_whole());
    assert!(!words_of(1, |key| key.part(&"x".repeat(64)).part(&1)).is_whole());
}

/// "no format on a hit": the address displays itself in pieces, each of which is a text.
#[test]
fn an_ip_address_has_words() {
    use std::net::{Ipv4Addr, Ipv6Addr};
    assert!(words_of(1, |key| key.text("geo:").part(&Ipv4Addr::LOCALHOST)).is_whole());
    assert!(
        words_of(1, |key| key.text("geo:").part(&Ipv4Addr::new(192, 168, 100, 200))).is_whole()
    );
    let address: Ipv6Addr = "2001:db8::1:2:3:4".parse().unwrap();
    assert!(words_of(1, |key| key.text("geo:").part(&address)).is_whole());
}

/// `text` is public, if hidden, and does not ask for a literal.
#[test]
fn a_key_part_that_writes_text_has_words_of_its_own() {
    struct Raw(&'static str);
    impl KeyPart for Raw {
        fn write_key(&self, key: &mut KeyWriter) {
            key.text(self.0);
        }
    }
    let both = |raw: Raw| {
        (
            rendered(|key| key.text("raw:").part(&raw)),
            words_of(1, |key| key.text("raw:").part(&raw)),
        )
    };
    let (one, other) = (both(Raw("one")), both(Raw("other")));
    assert_ne!(one.0, other.0);
    assert!(!same(&one.1, &other.1), "two keys, and a hit of the one is a hit of the other");
}

/// Written by hand: a number, or two in a row. No two of it write the same.
struct Span(u64, Option<u64>);

impl KeyPart for Span {
    fn write_key(&self, key: &mut KeyWriter) {
        key.part(&self.0);
        if let Some(to) = self.1 {
            key.part(&to);
        }
    }
}

#[test]
fn parts_in_a_row_are_no_elements_of_the_list_that_they_stand_in() {
    let list = |spans: Vec<Span>| Key::new("spans").part(&spans);
    assert_ne!(list(vec![Span(1, Some(2))]), list(vec![Span(1, None), Span(2, None)]));
    let pair = |one: Span, other: Span| Key::new("spans").part(&(one, other));
    let (one, other) =
        (pair(Span(1, Some(2)), Span(3, None)), pair(Span(1, None), Span(2, Some(3))));
    assert_ne!(one, other);
}

/// Written by hand: as many of it as there are.
struct Marks(usize);

impl KeyPart for Marks {
    fn write_key(&self, key: &mut KeyWriter) {
        for _ in 0..self.0 {
            key.part(&Value::Empty);
        }
    }
}

#[test]
fn the_same_words_are_the_same_key_where_parts_in_a_row_write_nothing() {
    let of = |marks: usize| {
        let key = rendered(|key| key.part(&Marks(marks)));
        (key, words_of(1, |key| key.part(&Marks(marks))))
    };
    let (one, other) = (of(2), of(3));
    assert_ne!(one.0, other.0);
    assert!(!same(&one.1, &other.1), "one is recalled in place of the other");
}

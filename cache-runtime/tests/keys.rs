//! Different arguments never make the same key.
#![allow(clippy::many_single_char_names)]

use std::collections::HashMap;
use std::net::IpAddr;

use cache_runtime::{Key, KeyPart};
use proptest::prelude::*;

fn text(part: &impl KeyPart) -> String {
    Key::new("k").part(part).to_string()
}

/// Strings made of what is likely to be mistaken for structure.
fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(
            prop_oneof![
                Just(":"),
                Just("%"),
                Just("{"),
                Just("*"),
                Just("\n"),
                Just(","),
                Just("("),
                Just(")"),
                Just("~"),
                Just("!"),
                Just("a"),
                Just("b"),
                Just("é"),
                Just("3A"),
                Just("%3A"),
                Just("<"),
            ],
            0..6,
        )
        .prop_map(|parts| parts.concat()),
        any::<String>(),
        "[ab]{0,10000}",
    ]
}

type Arguments = (
    String,
    Option<String>,
    Vec<Vec<Option<String>>>,
    (i64, char, bool),
    Option<Option<(u8, String)>>,
    IpAddr,
);

fn arguments() -> impl Strategy<Value = Arguments> {
    let vectors = proptest::collection::vec(
        proptest::collection::vec(proptest::option::of(nasty()), 0..4),
        0..4,
    );
    let nested = proptest::option::of(proptest::option::of((any::<u8>(), nasty())));
    (
        nasty(),
        proptest::option::of(nasty()),
        vectors,
        any::<(i64, char, bool)>(),
        nested,
        any::<IpAddr>(),
    )
}

fn key(arguments: &Arguments) -> Key {
    let (a, b, c, d, e, f) = arguments;
    Key::new("k").part(a).part(b).part(c).part(d).part(e).part(f)
}

proptest! {
    #[test]
    fn distinct_arguments_make_distinct_keys(one in arguments(), other in arguments()) {
        prop_assert_eq!(one == other, key(&one) == key(&other));
    }

    #[test]
    fn strings_that_differ_by_a_byte_make_distinct_keys(text in nasty(), at in any::<prop::sample::Index>()) {
        let mut other: Vec<char> = text.chars().collect();
        if other.is_empty() {
            other.push(':');
        } else {
            let at = at.index(other.len());
            other[at] = if other[at] == ':' { '%' } else { ':' };
        }
        let other: String = other.into_iter().collect();
        prop_assert_ne!(Key::new("k").part(&text), Key::new("k").part(&other));
    }

    #[test]
    fn a_segment_is_plain_or_encoded(text in nasty()) {
        let key = Key::new("k").part(&text);
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.-%:~".contains(c);
        prop_assert!(key.as_str().chars().all(plain), "{key}");
    }

    #[test]
    fn lists_that_flatten_to_the_same_stay_apart(
        one in proptest::collection::vec(proptest::collection::vec("[a,]{0,2}", 0..3), 0..3),
        other in proptest::collection::vec(proptest::collection::vec("[a,]{0,2}", 0..3), 0..3),
    ) {
        prop_assert_eq!(one == other, text(&one) == text(&other));
    }
}

#[test]
fn the_texts_of_small_values_are_all_different() {
    let strings = ["", "a", "~", "!", "()", "(a)", ",", "a,a", "%", "%7E"];
    let options: Vec<Option<Option<String>>> = [None, Some(None)]
        .into_iter()
        .chain(strings.iter().map(|text| Some(Some((*text).to_owned()))))
        .collect();
    let mut seen = HashMap::new();
    for option in &options {
        if let Some(other) = seen.insert(text(option), option) {
            panic!("{option:?} and {other:?} are both {}", text(option));
        }
    }
    let mut lists: Vec<Vec<String>> = vec![vec![]];
    lists.extend(strings.iter().map(|one| vec![(*one).to_owned()]));
    for one in strings {
        lists.extend(strings.iter().map(|two| vec![one.to_owned(), (*two).to_owned()]));
    }
    let mut seen = HashMap::new();
    for list in &lists {
        if let Some(other) = seen.insert(text(list), list) {
            panic!("{list:?} and {other:?} are both {}", text(list));
        }
    }
}

#[test]
fn keys_read_as_a_person_would_write_them() {
    assert_eq!(text(&42), "k:42");
    assert_eq!(text(&-7_i128), "k:-7");
    assert_eq!(text(&"Ada Lovelace"), "k:Ada%20Lovelace");
    assert_eq!(text(&true), "k:true");
    assert_eq!(text(&Some(3)), "k:3");
    assert_eq!(text(&None::<u8>), "k:~");
    assert_eq!(text(&vec![1, 2]), "k:(1,2)");
    assert_eq!(text(&("a", 1)), "k:(a,1)");
    assert_eq!(text(&[""]), "k:(!)");
    assert_eq!(text(&IpAddr::from([127, 0, 0, 1])), "k:127.0.0.1");
}

#[test]
fn a_long_key_keeps_its_beginning_and_ends_in_a_hash_of_the_whole() {
    let long = "x".repeat(10_000);
    let key = Key::new("file").part(&long);
    let other = Key::new("file").part(&format!("{long}y"));
    assert_ne!(key, other);
    let unicode = Key::from("é".repeat(300));
    assert_ne!(unicode, Key::from("é".repeat(301)));
}

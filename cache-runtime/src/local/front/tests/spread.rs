//! Keys that could fall on each other have slots of their own.

use super::*;

/// How often the backend is asked by so many rounds over `keys`, once they are warm.
fn asked(backend: &Asked, rounds: u64, mut read_all: impl FnMut()) -> u64 {
    (0..400).for_each(|_| read_all());
    let before = backend.gets.load(SeqCst);
    (0..rounds).for_each(|_| read_all());
    backend.gets.load(SeqCst) - before
}

/// Keys of one length that begin alike have the same near words: the first slot of the set is taken
/// for theirs, and the second never looked into.
#[test]
fn two_long_keys_that_begin_alike_have_both_slots_of_a_set() {
    let (front, backend) = front();
    let text = |number: u64| Key::from(format!("customer:{number:08}"));
    let set = |key: &Key| Words::of_text(key.as_str().as_bytes()).hash() % 32;
    let first = text(0);
    let second = (1..100_000).map(text).find(|key| set(key) == set(&first)).unwrap();
    for key in [&first, &second] {
        front.insert(key, entry(1));
    }
    let asked = asked(&backend, 256, || {
        for key in [&first, &second] {
            assert_eq!(value(&front, key), Some(1));
        }
    });
    assert!(asked < 32, "{asked} of 512 hits were told, the table has {} sets", table::sets());
}

/// A cache for each tenant, say: one key of three tiers has one hash, and two slots whatever the size
/// of the table is.
#[test]
fn three_tiers_with_the_same_hot_keys_all_have_a_front() {
    let fronts = [front(), front(), front()];
    for (front, _) in &fronts {
        (0..8).for_each(|number| front.insert(&key(number), entry(number)));
    }
    let read_all = || {
        for (front, _) in &fronts {
            for number in 0..8 {
                assert_eq!(value(front, &key(number)), Some(number));
            }
        }
    };
    (0..2_000).for_each(|_| read_all());
    let gets = || fronts.iter().map(|(_, backend)| backend.gets.load(SeqCst)).sum::<u64>();
    let before = gets();
    (0..100).for_each(|_| read_all());
    let asked = gets() - before;
    assert!(asked < 240, "{asked} of 2,400 hits were told; sets: {}", table::sets());
}

fn words_at(site: usize, id: u64) -> Words {
    *crate::key::KeyWriter::of_words(site).text("user:").part(&id).words()
}

/// The statics of a module lie side by side, so their addresses differ in the bits in which ids do.
#[test]
fn functions_with_the_same_ids_do_not_share_hashes() {
    use crate::{Policy, call_site::Site};
    static SITES: [Site; 6] = [const { Site::new("m", "f", "user:<id>", Policy::new()) }; 6];
    const IDS: u64 = 500;
    let (front, backend) = front();
    let name = |site: usize, id: u64| Key::from(format!("{site}:{id}"));
    let all = || (0..SITES.len()).flat_map(|site| (0..IDS).map(move |id| (site, id)));
    let hashes: std::collections::HashSet<_> =
        all().map(|(site, id)| words_at(SITES[site].address(), id).hash()).collect();
    all().for_each(|(site, id)| front.insert(&name(site, id), entry(id)));
    let read_all = || {
        for (site, id) in all() {
            let words = words_at(SITES[site].address(), id);
            let found = front
                .recall(&words)
                .or_else(|| front.get_and_keep(name(site, id).borrowed(), &words));
            assert_eq!(found.unwrap().value::<u64>(1), Some(&Some(id)));
        }
    };
    let asked = asked(&backend, 100, read_all);
    let calls = 100 * all().count() as u64;
    assert!(
        asked < calls / 20,
        "{asked} of {calls} hits were told; {} hashes of {} keys; sets: {}; a site has {} bytes",
        hashes.len(),
        all().count(),
        table::sets(),
        size_of::<Site>(),
    );
}

/// The first slot is taken where both have no hits, though the second is empty.
#[test]
fn a_second_key_takes_the_empty_slot_of_its_set() {
    let (front, backend) = front();
    let set = |key: &Key| Words::of_text(key.as_str().as_bytes()).hash() % 32;
    let first = key(0);
    let second = (1..100_000).map(key).find(|key| set(key) == set(&first)).unwrap();
    for key in [&first, &second] {
        front.insert(key, entry(1));
        assert_eq!(value(&front, key), Some(1));
    }
    let before = backend.gets.load(SeqCst);
    for key in [&first, &second] {
        assert_eq!(value(&front, key), Some(1));
    }
    assert_eq!(backend.gets.load(SeqCst) - before, 0, "one of the two was not kept");
}

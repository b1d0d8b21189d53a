//! The fingerprint of a value's type, which a stored value must match to be read.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;

use crate::key::Prehashed;

/// A hash of a type's `name` without module paths, and of `version`. `id` tells it from other types in
/// this process.
///
/// It is the same in every process, whatever module a type was moved to. Compilers may spell a type
/// differently one day: the values stored before are then misses.
pub(crate) fn fingerprint(id: TypeId, name: fn() -> &'static str, version: u32) -> u64 {
    thread_local! {
        // Every cell that is read is compared: the names are gone through once.
        static KNOWN: RefCell<HashMap<TypeId, Fnv1a, Prehashed>> = RefCell::default();
    }
    let hash =
        KNOWN.try_with(|known| *known.borrow_mut().entry(id).or_insert_with(|| of_name(name())));
    // A thread that ends has forgotten them.
    hash.unwrap_or_else(|_| of_name(name())).of_version(version)
}

#[cold]
fn of_name(name: &str) -> Fnv1a {
    let mut hash = Fnv1a::new();
    without_modules(name, |part| hash.write(part.as_bytes()));
    hash
}

/// Gives the pieces of a type's name, leaving out every `module::`, also within `<…>`.
fn without_modules(name: &str, mut piece: impl FnMut(&str)) {
    let mut rest = name;
    while !rest.is_empty() {
        let word_end = rest.find(|c| !in_segment(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(word_end);
        if let Some(path) = tail.strip_prefix("::") {
            rest = path;
            continue;
        }
        piece(word);
        let separator_end = tail.chars().next().map_or(0, char::len_utf8);
        piece(&tail[..separator_end]);
        rest = &tail[separator_end..];
    }
}

/// Whether a path segment may hold `c`: `{{closure}}` is a module to the types declared in it.
fn in_segment(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '{' | '}' | '#')
}

/// FNV-1a, 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>): it must never change, and the
/// names are not an attacker's choice.
#[derive(Clone, Copy)]
struct Fnv1a(u64);

impl Fnv1a {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn of_version(mut self, version: u32) -> u64 {
        self.write(&version.to_be_bytes());
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::any::type_name;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;

    fn fingerprint<T: 'static>(version: u32) -> u64 {
        super::fingerprint(TypeId::of::<T>(), type_name::<T>, version)
    }

    fn stripped(name: &str) -> String {
        let mut out = String::new();
        without_modules(name, |piece| out.push_str(piece));
        out
    }

    #[test]
    fn module_paths_are_stripped_wherever_they_stand() {
        assert_eq!(stripped("u64"), "u64");
        assert_eq!(stripped("alloc::vec::Vec<shop::User>"), "Vec<User>");
        assert_eq!(
            stripped("(&str, [core::option::Option<a::b::C>; 4], dyn core::fmt::Debug)"),
            "(&str, [Option<C>; 4], dyn Debug)"
        );
        assert_eq!(stripped("shop::load::{{closure}}::Row"), "Row");
        assert_eq!(stripped("shop::Größe<r#type::Ä>"), "Größe<Ä>");
    }

    #[test]
    fn a_moved_type_keeps_its_fingerprint() {
        mod before {
            pub(super) struct User;
        }
        mod after {
            pub(super) struct User;
        }
        assert_eq!(fingerprint::<Vec<before::User>>(1), fingerprint::<Vec<after::User>>(1));
    }

    #[test]
    fn type_and_version_both_count() {
        let all = [
            fingerprint::<u64>(1),
            fingerprint::<u64>(2),
            fingerprint::<u32>(1),
            fingerprint::<Vec<u64>>(1),
            fingerprint::<Arc<u64>>(1),
            fingerprint::<BTreeMap<String, u64>>(1),
        ];
        for (i, one) in all.iter().enumerate() {
            assert!(!all[..i].contains(one));
        }
    }

    #[test]
    fn the_fingerprint_is_part_of_the_wire_format() {
        assert_eq!(of_name("alloc::vec::Vec<shop::User>").of_version(1), 0xbbf9_a980_ca1d_1065);
    }
}

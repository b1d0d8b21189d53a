//! All that may stand between the parentheses.

use cache_runtime::cached;

#[cached]
async fn patterns((a, b): (u8, u8), [c, ..]: [u8; 2], _: u8, mut d: u8) -> String {
    d += 1;
    format!("{a} {b} {c} {d}")
}

#[tokio::test]
async fn patterns_are_bound_in_the_body_and_all_of_them_key() {
    crate::local();
    assert_eq!(patterns((1, 2), [3, 4], 5, 6).await, "1 2 3 7");
    let keys = [
        patterns::entry(&(1, 2), &[3, 4], &5, &6),
        patterns::entry(&(1, 2), &[3, 5], &5, &6),
        patterns::entry(&(1, 2), &[3, 4], &6, &6),
        patterns::entry(&(1, 3), &[3, 4], &5, &6),
    ]
    .map(|entry| entry.key().as_str().to_owned());
    assert_eq!(keys[0], "attributes::arguments::patterns:(1,2):(3,4):5:6");
    assert!((1..4).all(|other| keys[other] != keys[0]));
    assert_eq!(patterns::entry(&(1, 2), &[3, 4], &5, &6).peek().await.as_deref(), Some("1 2 3 7"));
}

struct Point {
    x: u8,
    y: (u8, u8),
}

#[allow(clippy::toplevel_ref_arg)]
#[cached(key = "pattern:<x>:<second>:<whole.y.0>")]
async fn named_parts(
    Point { x, y: (_, second) }: &Point,
    whole @ Point { .. }: &Point,
    (mut name, &number): (String, &u8),
    ref more: u8,
) -> String {
    name.push('!');
    format!("{x} {second} {} {name} {number} {more}", whole.x)
}

#[tokio::test]
async fn a_key_names_what_patterns_bind() {
    crate::local();
    let point = Point { x: 1, y: (2, 3) };
    let found = named_parts(&point, &point, ("a".to_owned(), &4), 5).await;
    assert_eq!(found, "1 3 1 a! 4 5");
    assert_eq!(named_parts::entry(&point, &point).key().as_str(), "pattern:1:3:2");
}

#[allow(clippy::too_many_arguments)]
#[cached(key = "<key>:<cache>:<call>:<result>:<value>:<site>:<out>:<entry>")]
async fn named_like_ours(
    key: u8,
    cache: u8,
    call: u8,
    result: u8,
    value: u8,
    site: u8,
    out: u8,
    entry: u8,
) -> [u8; 8] {
    [key, cache, call, result, value, site, out, entry]
}

#[tokio::test]
async fn arguments_may_be_named_like_what_the_macro_binds() {
    crate::local();
    let all = [1, 2, 3, 4, 5, 6, 7, 8];
    assert_eq!(named_like_ours(1, 2, 3, 4, 5, 6, 7, 8).await, all);
    let entry = named_like_ours::entry(&1, &2, &3, &4, &5, &6, &7, &8);
    assert_eq!(entry.key().as_str(), "1:2:3:4:5:6:7:8");
    assert_eq!(entry.peek().await, Some(all));
}

#[cached(key = "raw:<type>:<r#match.r#in>")]
async fn r#fn(r#type: u8, r#match: &Raw) -> u8 {
    r#type + r#match.r#in
}

struct Raw {
    r#in: u8,
}

#[cached]
async fn r#loop(r#type: u8) -> u8 {
    r#type
}

#[tokio::test]
async fn raw_identifiers_are_named_without_their_prefix() {
    crate::local();
    let raw = Raw { r#in: 2 };
    assert_eq!(r#fn(1, &raw).await, 3);
    assert_eq!(r#fn::entry(&1, &raw).key().as_str(), "raw:1:2");
    assert_eq!(r#loop(1).await, 1);
    assert_eq!(r#loop::entry(&1).key().as_str(), "attributes::arguments::loop:1");
    assert_eq!(r#fn::stats().misses, 1);
}

#[cached]
async fn references<'a>(
    text: &'a str,
    list: &[u8],
    nested: &&'a u8,
    text_again: &'static str,
) -> usize {
    text.len() + list.len() + usize::from(**nested) + text_again.len()
}

#[tokio::test]
async fn references_key_as_what_they_point_at() {
    crate::local();
    assert_eq!(references("a", &[1, 2], &&3, "b").await, 7);
    let entry = references::entry("a", &[1, 2], &&3, "b");
    assert_eq!(entry.key().as_str(), "attributes::arguments::references:a:(1,2):3:b");
    assert_eq!(entry.peek().await, Some(7));
}

#[cached(key = "impl:<name>")]
async fn opaque(name: &str, parse: impl Fn(&str) -> usize, _more: impl Into<String>) -> usize {
    parse(name)
}

#[cached]
async fn opaque_key(id: impl cache_runtime::KeyPart + Into<u64>) -> u64 {
    id.into()
}

#[tokio::test]
async fn arguments_of_opaque_types_are_passed_on() {
    crate::local();
    assert_eq!(opaque("abc", str::len, "x").await, 3);
    assert_eq!(opaque("abc", |_| 9, "x").await, 3);
}

#[tokio::test]
async fn a_default_key_tells_opaque_types_apart() {
    crate::local();
    assert_eq!((opaque_key(1_u8).await, opaque_key(1_u16).await), (1, 1));
    assert_eq!(opaque_key::stats().misses, 2);
    assert_eq!(opaque_key::entry(&1_u8).key().as_str(), "attributes::arguments::opaque_key:<u8>1");
}

#[cached(key = "exclusive:<id>")]
async fn exclusive(list: &mut Vec<u8>, id: u8) -> usize {
    list.push(id);
    list.len()
}

#[tokio::test]
async fn a_body_may_change_what_its_caller_lends() {
    crate::local();
    let mut list = Vec::new();
    assert_eq!(exclusive(&mut list, 1).await, 1);
    assert_eq!(exclusive(&mut list, 1).await, 1);
    assert_eq!(list, [1]);
}

macro_rules! getters {
    ($($vis:vis fn $name:ident($argument:ident: $ty:ty) -> $returns:ty = $value:expr, $key:literal, $ttl:expr;)*) => {$(
        #[cached(key = $key, ttl = $ttl)]
        $vis async fn $name($argument: $ty) -> $returns {
            $value
        }
    )*};
}

getters! {
    fn first(id: &str) -> Option<String> = None, "macro:<id>", 5;
    pub(crate) fn second(id: Vec<u8>) -> Result<u8, ()> = Ok(2), "macro:<id>", "1h";
}

macro_rules! hidden {
    ($name:ident, $returns:ty) => {
        #[cached]
        async fn $name(id: u8) -> $returns {
            let call = id;
            Some(call)
        }
    };
}
hidden!(of_macro, Option<u8>);

#[tokio::test]
async fn functions_may_come_out_of_macros() {
    crate::local();
    assert_eq!(first("a").await, None);
    assert_eq!(second(vec![1]).await, Ok(2));
    assert_eq!(first::entry("a").key().as_str(), "macro:a");
    assert_eq!(of_macro(3).await, Some(3));
    assert_eq!(of_macro::entry(&3).peek().await, Some(3));
}

//! What is left of a function whose attribute has mistakes.

use expect_test::expect;

use super::{cached, method, write_behind};
use crate::expand;

#[test]
fn the_function_stays_and_each_mistake_is_an_error() {
    let expanded =
        cached(r#"tll = 5, key = "<uid>""#, "#[inline] async fn get(id: u8) -> u8 { id }");
    expect![[r#"
        #[inline]
        async fn get(id: u8) -> u8 {
            id
        }
        ::core::compile_error! {
            "unknown setting `tll`, did you mean `ttl`? the settings of `#[cached]` are `key`, `ttl`, `lock`, `local`, `detach`, `companion`, `cache`, `when`, `unless`, `none_ttl`, `stale`, `refresh`, `timeout`, `hard_timeout`, `err_ttl`, `jitter`, `version`, `crate`"
        }
        ::core::compile_error! {
            "no argument named `uid`; the function has `id`"
        }
    "#]]
    .assert_eq(&expanded);
}

#[test]
fn a_method_stays_in_its_impl() {
    let expanded = method(expand::cached, "", "async fn get(&self) -> u8 { 1 }");
    assert!(expanded.contains("async fn get(&self)"), "{expanded}");
    assert!(expanded.contains("a cached method needs a `key`"), "{expanded}");
}

#[test]
fn what_is_no_function_stays_as_it_is() {
    let expanded = cached("", "struct User { id: u64 }");
    assert!(expanded.contains("struct User"), "{expanded}");
    assert!(expanded.contains("stands on an `async fn`"), "{expanded}");
}

#[test]
fn what_to_write_in_place_of_zero_is_true() {
    let settings = r#"key = "item:<id>", every = 0"#;
    let expanded = write_behind(settings, "async fn save(id: u64) {}");
    assert!(!expanded.contains("leave it out to have none"), "there is one by default: {expanded}");
}

#[test]
fn an_argument_in_braces_is_no_text() {
    let expanded = cached(r#"key = "user:{id}""#, "async fn get(id: u64) -> u64 { id }");
    assert!(expanded.contains("compile_error"), "all users share one entry: {expanded}");
}

#[test]
fn a_type_that_only_the_cache_depends_on_is_no_mistake() {
    let settings = r#"key = "user:<id>", cache = S::cache()"#;
    let expanded = cached(settings, "async fn get<S: Shop>(id: u64) -> u64 { S::get(id).await }");
    assert!(!expanded.contains("compile_error"), "each has a cache of its own: {expanded}");
}

#[test]
fn a_method_is_not_told_to_leave_out_the_key_it_needs() {
    let settings = r#"key = "user:<self.tenant>:<id>""#;
    let function = "async fn get<D: Database>(&self, id: u64) -> u64 { D::get(id).await }";
    let expanded = method(expand::cached, settings, function);
    assert!(!expanded.contains("leave `key` out"), "a method without one is refused: {expanded}");
}

#[test]
fn where_a_bound_stands_makes_no_difference_to_a_key_of_all_types() {
    let settings = r#"key = "row:<id>""#;
    for function in [
        "async fn row<T: Table>(id: u64) -> String { T::row(id).await }",
        "async fn row<T>(id: u64) -> String where T: Table { T::row(id).await }",
    ] {
        let expanded = cached(settings, function);
        assert!(expanded.contains("compile_error"), "all tables share entries: {expanded}");
    }
}

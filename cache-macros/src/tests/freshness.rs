//! The settings of `#[cached]` on how long values live, and on what is not cached.

use expect_test::expect_file;

use super::{cached, method};
use crate::expand;

#[test]
fn a_function_with_every_time() {
    let expanded = cached(
        r#"key = "user:<id>", ttl = "10m", none_ttl = "1500ms", stale = 300, refresh = 0.8,
        timeout = "200ms", hard_timeout = "2s", err_ttl = "5s", jitter = 0.1"#,
        "async fn get_user(id: u64) -> Result<Option<User>, DbError> { db::user(id).await }",
    );
    expect_file!["snapshots/times.rs"].assert_eq(&expanded);
}

#[test]
fn a_method_whose_times_are_constants() {
    let expanded = method(
        expand::cached,
        r#"key = "user:<id>", none_ttl = NONE_TTL, stale = Duration::from_secs(5), refresh = EARLY,
        timeout = TIMEOUT, hard_timeout = 2 * SECOND, err_ttl = ERR_TTL, jitter = JITTER"#,
        "async fn user(&self, id: u64) -> Result<Option<User>, DbError> { self.db.user(id).await }",
    );
    expect_file!["snapshots/constant_times.rs"].assert_eq(&expanded);
}

#[test]
fn words_in_the_place_of_times() {
    let expanded = cached(
        r#"key = "user", ttl = "forever", none_ttl = "never", refresh = "xfetch", jitter = 0"#,
        "async fn get_user() -> Option<User> { db::user().await }",
    );
    let policy = ".forever().none_ttl_millis(0).xfetch(1.0).jitter(0.0)";
    assert!(expanded.replace([' ', '\n'], "").contains(policy), "{expanded}");
}

#[test]
fn a_ttl_that_depends_on_the_value() {
    let expanded = method(
        expand::cached,
        r#"key = "token", ttl = |token: &Token| token.expires_in, companion = token_entry"#,
        "async fn token(&self) -> Result<Token, AuthError> { self.auth.token().await }",
    );
    expect_file!["snapshots/ttl_of_value.rs"].assert_eq(&expanded);
}

#[test]
fn conditions_that_name_arguments() {
    let expanded = cached(
        r#"key = "<id>", when = !force && filter.is_empty(), unless = value.len() > limit || value.has(filter)"#,
        "async fn find(id: u64, force: bool, limit: usize, filter: &str) -> Result<Users, DbError> {
            db::find(id, filter).await
        }",
    );
    expect_file!["snapshots/conditions.rs"].assert_eq(&expanded);
}

#[test]
fn conditions_that_name_parts_of_patterns() {
    let expanded = cached(
        r#"key = "<a>", detach, cache = cache, when = a > 0 && c.is_some(), unless = b == *value || c.is_none()"#,
        "async fn get((mut a, b): (u8, u8), &C { ref c, .. }: &C, cache: Cache) -> u8 { a }",
    );
    expect_file!["snapshots/conditions_on_patterns.rs"].assert_eq(&expanded);
}

#[test]
fn conditions_of_a_method_that_name_it() {
    let expanded = method(
        expand::cached,
        r#"key = "<self.tenant>:<id>", when = self.is_cached(id), unless = self.is_secret(value)"#,
        "async fn user(&self, id: u64) -> Option<User> { self.db.user(id).await }",
    );
    expect_file!["snapshots/conditions_on_self.rs"].assert_eq(&expanded);
}

#[test]
fn settings_under_async_trait() {
    let expanded = method(
        expand::cached,
        r#"key = "<id>", ttl = |value| value.ttl, when = id > 0, unless = id == self.last, err_ttl = 5"#,
        "fn user<'a>(&'a self, id: u64) -> Pin<Box<dyn Future<Output = Result<User, DbError>> + 'a>> {
            Box::pin(async move { self.db.user(id).await })
        }",
    );
    expect_file!["snapshots/freshness_async_trait.rs"].assert_eq(&expanded);
}

#[test]
fn unless_need_not_name_the_value() {
    let expanded = cached(r#"key = "now", unless = is_test()"#, "async fn now() -> u64 { 1 }");
    assert!(expanded.contains(".unless(move |_| is_test())"), "{expanded}");
}

#[test]
fn what_loads_in_the_background_is_detached() {
    for setting in ["stale = 5", "refresh = 0.5", "stale = 5, timeout = 1", "hard_timeout = 1"] {
        let expanded = cached(
            &format!("{setting}, key = \"<name>\""),
            "async fn get(name: &str) -> Result<u8, Error> { db::get(name).await }",
        );
        assert!(expanded.contains(".detached("), "{expanded}");
    }
    let expanded = cached("err_ttl = 5", "async fn get(name: &str) -> Result<u8, Error> { 1 }");
    assert!(!expanded.contains(".detached("), "{expanded}");
}

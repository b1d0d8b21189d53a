//! `#[cached]`. `UPDATE_EXPECT=1 cargo test -p cache-macros` writes the snapshots anew.

use expect_test::expect_file;

use super::{cached, method};
use crate::expand;

#[test]
fn a_function_with_a_key() {
    let expanded = cached(
        r#"ttl = 3600, key = "user:<id>", lock = true"#,
        "async fn get_user(id: u64) -> Result<User, DbError> { db::user(id).await }",
    );
    expect_file!["snapshots/key.rs"].assert_eq(&expanded);
}

#[test]
fn a_function_with_all_defaults() {
    let expanded = cached(
        "",
        "/// Loads.
        pub async fn get_user(id: u64, name: &str) -> Option<User> { db::user(id, name).await }",
    );
    expect_file!["snapshots/default_key.rs"].assert_eq(&expanded);
}

#[test]
fn a_function_with_every_setting() {
    let expanded = cached(
        r#"key = "<<user>>:<user.id>/<_tenant>", ttl = "1m 500ms", lock = "10s", version = VERSION,
        detach = false, companion = users, cache = &app.caches[0], crate = crate::reexported"#,
        "pub(crate) async fn get_user(app: &App, user: UserRef<'_>, _tenant: u8) -> Arc<User> { 1 }",
    );
    expect_file!["snapshots/settings.rs"].assert_eq(&expanded);
}

#[test]
fn a_function_that_returns_an_alias() {
    let expanded =
        cached(r#"key = "user""#, "async fn get_user() -> db::Alias { db::user().await }");
    expect_file!["snapshots/alias.rs"].assert_eq(&expanded);
}

#[test]
fn a_generic_function() {
    let expanded = cached(
        "",
        "async fn get<'a, T: Load + 'a, const N: usize>(id: T::Id, of: [&'a str; N], by: impl Fn() + KeyPart)
            -> Result<Option<T>, Error> where T::Id: KeyPart { T::load(id, of, by).await }",
    );
    expect_file!["snapshots/generic.rs"].assert_eq(&expanded);
}

#[test]
fn arguments_that_are_patterns() {
    let expanded = cached(
        r#"key = "<a>:<c.0>:<d>", detach"#,
        "async fn get((mut a, ref b): (u8, u8), &C { ref c, .. }: &C, mut d: u8, _: &str) -> u8 { a }",
    );
    expect_file!["snapshots/patterns.rs"].assert_eq(&expanded);
}

#[test]
fn attributes_of_the_function() {
    let expanded = cached(
        r#"key = "user""#,
        "#[cfg(unix)] #[deprecated] #[must_use] #[tracing::instrument] #[expect(unused, reason = \"\")]
        #[cfg_attr(test, allow(clippy::all))]
        async fn get_user() -> u64 { #![warn(dead_code)] 1 }",
    );
    expect_file!["snapshots/attributes.rs"].assert_eq(&expanded);
}

#[test]
fn a_method() {
    let expanded = method(
        expand::cached,
        r#"key = "user:<self.tenant>:<id>", ttl = TTL, local, companion = user_entry"#,
        "pub async fn user(&self, id: u64, pool: &Pool) -> Result<User, DbError> {
            Ok(self.db.user(id).await?)
        }",
    );
    expect_file!["snapshots/method.rs"].assert_eq(&expanded);
}

#[test]
fn a_method_whose_load_is_detached() {
    let expanded = method(
        expand::cached,
        r#"key = "user:<self.tenant>:<name>", detach"#,
        "async fn user(&self, name: &str) -> Option<User> {
            fn of(this: &Users) -> &Self { this.me() }
            self::find(self, vec![self.tenant], name).await
        }",
    );
    expect_file!["snapshots/detached_method.rs"].assert_eq(&expanded);
}

#[test]
fn a_method_under_async_trait() {
    let expanded = method(
        expand::cached,
        r#"key = "user:<self.tenant>:<id>", cache = self.cache"#,
        "fn user<'life0, 'async_trait>(&'life0 self, id: u64)
            -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = Option<User>> + Send + 'async_trait>>
            where 'life0: 'async_trait { Box::pin(async move { let __self = self; __self.db.user(id).await }) }",
    );
    expect_file!["snapshots/async_trait.rs"].assert_eq(&expanded);
}

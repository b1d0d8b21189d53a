//! `#[write_through]`. `UPDATE_EXPECT=1 cargo test -p cache-macros` writes the snapshots anew.

use expect_test::expect_file;

use super::{method, write_through};
use crate::expand;

#[test]
fn an_argument_by_its_key() {
    let expanded = write_through(
        r#"key = "user:<user.id>", value = user, ttl = "1h", version = 2"#,
        "pub async fn save_user(user: User) -> Result<(), DbError> { db::save(user).await }",
    );
    expect_file!["snapshots/write_through.rs"].assert_eq(&expanded);
}

#[test]
fn the_result_by_an_entry() {
    let expanded = write_through(
        "entry = users::get_user(id)",
        "async fn rename_user(id: u64, name: &str) -> Result<User, DbError> { db::rename(id, name).await }",
    );
    expect_file!["snapshots/write_through_entry.rs"].assert_eq(&expanded);
}

#[test]
fn the_result_is_the_default() {
    let function = "async fn make(id: u64) -> User { db::make(id).await }";
    let said = write_through(r#"key = "user:<id>", value = result"#, function);
    assert_eq!(said, write_through(r#"key = "user:<id>""#, function));
}

#[test]
fn a_method_under_async_trait() {
    let expanded = method(
        expand::write_through,
        r#"key = "<self.tenant>:<user.id>", value = user.name, cache = self.cache"#,
        "fn save<'a>(&'a self, user: &'a User) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
            Box::pin(async move { self.db.save(user).await })
        }",
    );
    expect_file!["snapshots/write_through_async_trait.rs"].assert_eq(&expanded);
}

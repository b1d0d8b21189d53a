//! `#[invalidates]`. `UPDATE_EXPECT=1 cargo test -p cache-macros` writes the snapshots anew.

use expect_test::expect_file;

use super::{invalidates, method};
use crate::expand;

#[test]
fn what_arguments_name() {
    let expanded = invalidates(
        r#"key = "user:<id>", entry = users::get_user(id, &name), on = "always""#,
        "pub async fn rename_user(id: u64, name: String) -> Result<(), DbError> { db::rename(id, name).await }",
    );
    expect_file!["snapshots/invalidates.rs"].assert_eq(&expanded);
}

#[test]
fn what_the_result_names() {
    let expanded = invalidates(
        r#"key = "users", key = "user:<tenant.id>:<result.id>", entry = get_user(&tenant, result.id)"#,
        "async fn add_user(tenant: Tenant, user: User) -> Result<User, DbError> { db::add(tenant, user).await }",
    );
    expect_file!["snapshots/invalidates_result.rs"].assert_eq(&expanded);
}

#[test]
fn a_barrier_around_the_body() {
    let expanded = invalidates(
        r#"key = "user:<id>", entry = get_group(id), at = "around""#,
        "async fn rename_user(id: u64, name: &str) -> Result<(), DbError> { db::rename(id, name).await }",
    );
    expect_file!["snapshots/invalidates_around.rs"].assert_eq(&expanded);
}

#[test]
fn after_is_what_it_is_without_being_said() {
    let function = "async fn forget(id: u64) { db::forget(id).await }";
    let after = invalidates(r#"key = "user:<id>", at = "after""#, function);
    assert_eq!(after, invalidates(r#"key = "user:<id>""#, function));
}

#[test]
fn a_method_under_async_trait() {
    let expanded = method(
        expand::invalidates,
        "entry = self.user_entry(&id), cache = self.cache",
        "fn forget<'a>(&'a self, id: u64) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
            Box::pin(async move { self.db.forget(id).await })
        }",
    );
    expect_file!["snapshots/invalidates_async_trait.rs"].assert_eq(&expanded);
}

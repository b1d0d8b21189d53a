//! `#[write_behind]`. `UPDATE_EXPECT=1 cargo test -p cache-macros` writes the snapshots anew.

use expect_test::expect_file;

use super::write_behind;

#[test]
fn a_body_that_takes_the_value_alone() {
    let expanded = write_behind(
        r#"key = "item:<item.id>""#,
        "pub async fn save_item(item: Item) -> Result<(), DbError> { db::save(item).await }",
    );
    expect_file!["snapshots/write_behind.rs"].assert_eq(&expanded);
}

#[test]
fn a_body_with_several_arguments_and_every_setting() {
    let expanded = write_behind(
        r#"key = "item:<id>", value = item.stock, batch = 50, every = "250ms", max_pending = ROOM,
        retries = 3, ttl = "1h", version = 2, cache = &CACHE"#,
        "#[cfg(unix)] #[allow(unused)] async fn save_item(id: u64, item: Item) { db::save(id, item).await }",
    );
    expect_file!["snapshots/write_behind_settings.rs"].assert_eq(&expanded);
}

#[test]
fn a_function_that_makes_many_at_once() {
    let expanded = write_behind(
        "entry = get_item(item.id), flush = db::save_items",
        "async fn save_item(item: Item) -> Result<(), DbError> { db::save(item).await }",
    );
    expect_file!["snapshots/write_behind_flush.rs"].assert_eq(&expanded);
}

#[test]
fn the_only_argument_is_the_default() {
    let function = "async fn save(item: Item) { db::save(item).await }";
    let said = write_behind(r#"key = "item:<item.id>", value = item"#, function);
    assert_eq!(said, write_behind(r#"key = "item:<item.id>""#, function));
}

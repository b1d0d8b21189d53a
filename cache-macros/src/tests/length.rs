//! Users read what the attributes write: it stays short.

use super::cached;

const ARGS: &str = r#"ttl = 3600, key = "user:<id>", lock = true"#;
const ITEM: &str = "pub async fn get_user(id: u64) -> Result<User, DbError> { db.user(id).await }";

fn lines_of(expanded: &str, begin: &str) -> usize {
    let from_begin = expanded.lines().skip_while(|line| !line.starts_with(begin));
    from_begin.take_while(|line| *line != "}").count() + 1
}

#[test]
fn a_function_of_one_argument_takes_at_most_20_lines() {
    let lines = lines_of(&cached(ARGS, ITEM), "pub async fn get_user");
    assert!((5..=20).contains(&lines), "{lines} lines");
}

#[test]
fn with_its_companion_it_takes_at_most_45_lines() {
    let expanded = cached(ARGS, ITEM);
    let lines = expanded.lines().count();
    assert!((20..=45).contains(&lines), "{lines} lines:\n{expanded}");
}

#[test]
fn with_the_default_key_it_is_no_longer() {
    let expanded = cached("", ITEM);
    let lines = expanded.lines().count();
    assert!((20..=45).contains(&lines), "{lines} lines:\n{expanded}");
}

#[test]
fn only_core_std_the_hidden_module_and_the_users_tokens_are_named() {
    let expanded = cached(ARGS, ITEM);
    let paths = expanded.match_indices(" ::").map(|(at, _)| &expanded[at + 1..]);
    for path in paths {
        let is_ours = path.starts_with("::cache_runtime::__private::");
        assert!(is_ours || path.starts_with("::core::") || path.starts_with("::std::"), "{path}");
    }
    assert!(!expanded.contains("use "), "{expanded}");
}

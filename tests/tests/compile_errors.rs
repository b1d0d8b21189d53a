//! What the compiler says of mistakes: one mistake a file, and the file is named after it.

#[test]
fn mistakes_are_explained_where_they_are() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*.rs");
}

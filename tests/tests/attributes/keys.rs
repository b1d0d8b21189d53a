//! The keys that templates and their absence make.

use cache_runtime::{KeyPart, KeyWriter, cached};

#[cached(key = "<<a>>:<id>>>")]
async fn brackets(id: u8) -> u8 {
    id
}

#[cached(key = "<pair.0>/<pair.1.name>")]
async fn fields(pair: (u8, &Named)) -> u8 {
    pair.0
}

struct Named {
    name: String,
}

#[cached(key = "constant")]
async fn constant(id: u8) -> u8 {
    id
}

#[cached]
async fn nothing() -> u8 {
    1
}

mod left {
    #[cache_runtime::cached(local)]
    pub(super) async fn value(id: u8) -> &'static str {
        let _ = id;
        "left"
    }
}

mod right {
    #[cache_runtime::cached(local)]
    pub(super) async fn value(id: u8) -> &'static str {
        let _ = id;
        "right"
    }
}

#[tokio::test]
async fn doubled_brackets_are_literal() {
    crate::local();
    assert_eq!(brackets(1).await, 1);
    assert_eq!(brackets::entry(&1).key().as_str(), "<a>:1>");
}

#[tokio::test]
async fn fields_of_arguments_key() {
    crate::local();
    let named = Named { name: "a:b".to_owned() };
    assert_eq!(fields((1, &named)).await, 1);
    assert_eq!(fields::entry(&(1, &named)).key().as_str(), "1/a%3Ab");
}

#[tokio::test]
async fn what_a_key_does_not_name_does_not_count() {
    crate::local();
    assert_eq!([constant(1).await, constant(2).await], [1, 1]);
    assert_eq!(constant::entry().peek().await, Some(1));
}

#[tokio::test]
async fn functions_of_one_name_share_nothing_by_default() {
    crate::local();
    assert_eq!([left::value(1).await, right::value(1).await], ["left", "right"]);
    assert_eq!(left::value::entry(&1).key().as_str(), "attributes::keys::left::value:1");
    assert_eq!(nothing().await, 1);
    assert_eq!(nothing::entry().key().as_str(), "attributes::keys::nothing");
}

struct Point(u8, u8);

impl KeyPart for Point {
    fn write_key(&self, key: &mut KeyWriter) {
        key.part(&self.0).part(&self.1);
    }
}

#[cached(key = "point:<at>")]
async fn point(at: Point) -> (u8, u8) {
    (at.0, at.1)
}

#[tokio::test]
async fn parts_of_a_part_are_kept_apart() {
    crate::local();
    assert_eq!(point(Point(1, 23)).await, (1, 23));
    assert_eq!(point(Point(12, 3)).await, (12, 3));
}

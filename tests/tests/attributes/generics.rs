//! Type parameters, constants and bounds.

use std::fmt::Display;

use cache_runtime::{KeyPart, cached};
use serde::Serialize;
use serde::de::DeserializeOwned;

#[cached]
async fn of_type<T: KeyPart + ToString>(id: T) -> String {
    format!("{} {}", std::any::type_name::<T>(), id.to_string())
}

#[tokio::test]
async fn the_default_key_tells_types_apart() {
    crate::local();
    assert_eq!(of_type(1_u8).await, "u8 1");
    assert_eq!(of_type(1_u16).await, "u16 1");
    assert_eq!(of_type::entry(&1_u8).peek().await.as_deref(), Some("u8 1"));
    assert_eq!(of_type::entry::<u16>(&1).key().as_str(), "attributes::generics::of_type<u16>:1");
    assert_eq!(of_type::stats().misses, 2);
}

trait Source {
    const NAME: &'static str;
}

struct Left;
struct Right;

impl Source for Left {
    const NAME: &'static str = "left";
}

impl Source for Right {
    const NAME: &'static str = "right";
}

#[cached]
async fn named<S>() -> String
where
    S: Source,
{
    S::NAME.to_owned()
}

#[tokio::test]
async fn a_parameter_may_stand_nowhere_else() {
    crate::local();
    assert_eq!(named::<Left>().await, "left");
    assert_eq!(named::<Right>().await, "right");
    assert_eq!(named::refresh::<Left>().await, "left");
    assert_eq!(named::uncached::<Left>().await, "left");
}

#[cached]
async fn sum<const N: usize, const SIGNED: bool>(items: [u8; N]) -> usize {
    usize::from(items.iter().sum::<u8>()) + usize::from(SIGNED)
}

#[tokio::test]
async fn constants_are_part_of_the_default_key() {
    crate::local();
    assert_eq!(sum::<2, true>([1, 2]).await, 4);
    assert_eq!(sum::<2, false>([1, 2]).await, 3);
    let key = sum::entry::<2, true>(&[1, 2]).key().clone();
    assert_eq!(key.as_str(), "attributes::generics::sum:2:true:(1,2)");
}

#[cached(key = "value:<id>")]
async fn of_value<'a, T, E>(id: &'a str, value: Option<T>) -> Result<T, E>
where
    T: Clone + Send + Sync + 'static + Serialize + DeserializeOwned,
    E: From<String> + 'a,
{
    value.ok_or_else(|| E::from(format!("no {id}")))
}

#[tokio::test]
async fn the_return_type_may_be_generic() {
    crate::local();
    assert_eq!(of_value::<u8, String>("a", None).await, Err("no a".to_owned()));
    assert_eq!(of_value::<u8, String>("a", Some(1)).await, Ok(1));
    assert_eq!(of_value::entry::<u8, String>("a").peek().await, Some(1));
}

struct Repository<T, const N: usize> {
    value: T,
}

impl<T: Clone + Display, const N: usize> Repository<T, N> {
    #[cached(key = "repository:<self.value>:<id>", companion = shown_entry)]
    async fn shown<U: Display>(&self, id: u8, more: U) -> String
    where
        T: KeyPart,
    {
        format!("{} {id} {more} {N}", self.value)
    }
}

#[tokio::test]
async fn methods_of_generic_types_are_cached() {
    crate::local();
    let repository = Repository::<_, 3> { value: "a" };
    assert_eq!(repository.shown(1, 'x').await, "a 1 x 3");
    let entry = repository.shown_entry::<char>(&1);
    assert_eq!(entry.peek().await.as_deref(), Some("a 1 x 3"));
}

mod called_alike {
    /// As the constant of a function.
    pub(super) struct N;

    #[cache_runtime::cached]
    pub(super) async fn ones<const N: usize>(value: u8) -> Vec<u8> {
        vec![value; N]
    }
}

#[tokio::test]
async fn a_constant_may_be_called_like_a_type() {
    use called_alike::ones;
    crate::local();
    let _ = called_alike::N;
    assert_eq!(ones::<2>(7).await, [7, 7]);
    assert_eq!(ones::entry::<2>(&7).peek().await, Some(vec![7, 7]));
}

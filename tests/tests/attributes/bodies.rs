//! What may stand between the braces, and around the function.

use cache_runtime::cached;

use crate::Runs;

static SITE: u8 = 7;

#[cached(key = "question:<text>", companion = false)]
async fn question(text: &str) -> Result<u32, std::num::ParseIntError> {
    static RUNS: Runs = Runs::new();
    RUNS.run();
    let number: u32 = text.parse()?;
    if number == 0 {
        return Ok(RUNS.count());
    }
    Ok(number)
}

#[tokio::test]
async fn question_marks_and_returns_stay_inside_the_body() {
    crate::local();
    assert!(question("x").await.is_err());
    assert_eq!(question("0").await, Ok(2));
    assert_eq!(question("0").await, Ok(2));
    assert_eq!(question("7").await, Ok(7));
}

#[cached(key = "infers", companion = false)]
async fn infers() -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    #![allow(unused_mut)]
    let mut parsed = "1 2".split(' ').map(str::parse).collect::<Result<_, _>>()?;
    Ok(parsed)
}

#[tokio::test]
async fn a_body_that_stands_inside_knows_its_return_type() {
    crate::local();
    assert_eq!(infers().await.unwrap(), [1, 2]);
}

#[cached(key = "static", companion = false)]
async fn names_a_static() -> u8 {
    SITE
}

#[tokio::test]
async fn a_body_sees_no_item_of_ours() {
    crate::local();
    assert_eq!(names_a_static().await, 7);
}

#[tokio::test]
async fn a_function_may_stand_inside_of_another() {
    #[cached]
    async fn inner(id: u8) -> u8 {
        #[cached]
        async fn innermost(id: u8) -> u8 {
            id + 1
        }
        innermost(id).await + 1
    }
    crate::local();
    assert_eq!(inner(1).await, 3);
    assert_eq!(inner::stats().loads, 1);
}

#[cached]
async fn fibonacci(n: u64) -> u64 {
    if n < 2 { n } else { Box::pin(fibonacci(n - 1)).await + Box::pin(fibonacci(n - 2)).await }
}

#[tokio::test]
async fn a_function_may_call_itself() {
    crate::local();
    assert_eq!(fibonacci(40).await, 102_334_155);
    assert_eq!(fibonacci::stats().loads, 41);
}

mod module {
    /// Documented.
    #[cache_runtime::cached]
    #[must_use]
    pub(super) async fn visible(id: u8) -> u8 {
        id
    }

    pub(crate) use renamed as other;

    #[cache_runtime::cached]
    pub(crate) async fn renamed(id: u8) -> u8 {
        id
    }
}

#[tokio::test]
async fn a_companion_is_as_visible_as_its_function() {
    crate::local();
    assert_eq!(module::visible(1).await, 1);
    assert_eq!(module::visible::entry(&1).peek().await, Some(1));
    assert_eq!(module::other(1).await, 1);
    assert_eq!(module::other::entry(&1).key().as_str(), "attributes::bodies::module::renamed:1");
}

#[deprecated]
#[cached]
async fn old(id: u8) -> u8 {
    id
}

#[cached]
#[cfg(any())]
async fn absent(id: u8) -> Unknown {
    id
}

#[cfg(any())]
#[cached]
async fn absent(id: u8) -> Unknown {
    id
}

#[cached(key = "absent:<id>", companion = false)]
async fn absent(#[allow(unused)] id: u8) -> u8 {
    8
}

#[tokio::test]
async fn attributes_stay_with_the_function() {
    crate::local();
    #[allow(deprecated)]
    let value = old(1).await;
    assert_eq!(value, 1);
    assert_eq!(absent(1).await, 8);
}

#[cached]
#[tracing::instrument]
async fn traced(id: u8) -> Result<u8, String> {
    if id == 0 {
        return Err("zero".to_owned());
    }
    Ok(id)
}

#[tracing::instrument(ret)]
#[cached(key = "traced:<id>")]
async fn traced_outside(id: u8) -> Result<u8, String> {
    let id = Ok::<_, String>(id)?;
    Ok(id)
}

#[tokio::test]
async fn instrumented_functions_are_cached() {
    crate::local();
    assert_eq!(traced(1).await, Ok(1));
    assert!(traced(0).await.is_err());
    assert_eq!(traced_outside(2).await, Ok(2));
    assert_eq!(traced_outside::entry(&2).peek().await, Some(2));
}

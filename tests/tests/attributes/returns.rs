//! What is stored of what a function returns.

use std::sync::Arc;

use cache_runtime::cached;

use crate::Runs;

type Outcome<T> = Result<T, String>;
type Found = Option<u32>;
type Fetched = Result<Option<u32>, String>;
type Same<T> = T;

#[cached(key = "plain:<id>")]
async fn plain(runs: &Runs, id: u8) -> u32 {
    let _ = id;
    runs.run()
}

#[cached(key = "option:<id>")]
async fn option(runs: &Runs, id: u8) -> Option<u32> {
    runs.run();
    (id > 0).then_some(7)
}

#[cached(key = "result:<id>")]
async fn result(runs: &Runs, id: u8) -> std::result::Result<u32, String> {
    let run = runs.run();
    if id > 0 { Ok(run) } else { Err(format!("run {run}")) }
}

#[cached(key = "both:<id>")]
async fn both(runs: &Runs, id: u8) -> Result<Option<u32>, String> {
    let run = runs.run();
    match id {
        0 => Err(format!("run {run}")),
        1 => Ok(None),
        _ => Ok(Some(run)),
    }
}

#[cached(key = "alias:<id>")]
async fn alias(runs: &Runs, id: u8) -> Outcome<u32> {
    let run = runs.run();
    if id > 0 { Ok(run) } else { Err(format!("run {run}")) }
}

#[cached(key = "found")]
async fn found(runs: &Runs) -> Found {
    runs.run();
    None
}

#[cached(key = "fetched:<id>")]
async fn fetched(runs: &Runs, id: u8) -> Fetched {
    let run = runs.run();
    match id {
        0 => Err(format!("run {run}")),
        1 => Ok(None),
        _ => Ok(Some(run)),
    }
}

#[cached(key = "same")]
async fn same() -> Same<(u8, Vec<Option<u8>>)> {
    (1, vec![None])
}

#[cached(key = "shared", local)]
async fn shared() -> Arc<str> {
    Arc::from("shared")
}

#[tokio::test]
async fn a_plain_value_is_stored() {
    crate::local();
    let runs = Runs::new();
    assert_eq!([plain(&runs, 1).await, plain(&runs, 1).await], [1, 1]);
    assert_eq!(plain::entry(&1).peek().await, Some(1_u32));
}

#[tokio::test]
async fn none_is_stored() {
    crate::local();
    let runs = Runs::new();
    assert_eq!([option(&runs, 0).await, option(&runs, 0).await], [None, None]);
    assert_eq!(option(&runs, 1).await, Some(7));
    assert_eq!(option::entry(&1).peek().await, Some(7_u32));
    assert_eq!(runs.count(), 2);
}

#[tokio::test]
async fn ok_alone_is_stored() {
    crate::local();
    let runs = Runs::new();
    assert_eq!(result(&runs, 0).await, Err("run 1".to_owned()));
    assert_eq!(result(&runs, 0).await, Err("run 2".to_owned()));
    assert_eq!([result(&runs, 1).await, result(&runs, 1).await], [Ok(3), Ok(3)]);
    assert_eq!(result::entry(&1).peek().await, Some(3_u32));
}

#[tokio::test]
async fn ok_none_is_stored() {
    crate::local();
    let runs = Runs::new();
    assert_eq!(both(&runs, 0).await, Err("run 1".to_owned()));
    assert_eq!([both(&runs, 1).await, both(&runs, 1).await], [Ok(None), Ok(None)]);
    assert_eq!([both(&runs, 2).await, both(&runs, 2).await], [Ok(Some(3)), Ok(Some(3))]);
    assert_eq!(both::entry(&2).peek().await, Some(3_u32));
}

#[tokio::test]
async fn aliases_behave_as_what_they_stand_for() {
    crate::local();
    let runs = Runs::new();
    assert_eq!(alias(&runs, 0).await, Err("run 1".to_owned()));
    assert_eq!([alias(&runs, 1).await, alias(&runs, 1).await], [Ok(2), Ok(2)]);
    assert_eq!(alias::entry(&1).peek().await, Some(2_u32));
    assert_eq!([found(&runs).await, found(&runs).await], [None, None]);
    assert_eq!(found::entry().peek().await, None::<u32>);
    assert_eq!(fetched(&runs, 0).await, Err("run 4".to_owned()));
    assert_eq!([fetched(&runs, 1).await, fetched(&runs, 1).await], [Ok(None), Ok(None)]);
    assert_eq!([fetched(&runs, 2).await, fetched(&runs, 2).await], [Ok(Some(6)), Ok(Some(6))]);
    assert_eq!(fetched::entry(&2).peek().await, Some(6_u32));
    assert_eq!(same().await, (1, vec![None]));
    assert_eq!(same::entry().peek().await, Some((1, vec![None])));
}

#[tokio::test]
async fn a_pointer_is_stored_as_it_is() {
    crate::local();
    assert!(Arc::ptr_eq(&shared().await, &shared().await));
}

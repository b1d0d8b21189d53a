use super::*;
use crate::testing::{MemoryRemote, conformance};

const TTL: Duration = Duration::from_mins(1);

fn faulty() -> Faulty<MemoryRemote> {
    Faulty::new(MemoryRemote::new())
}

#[tokio::test]
async fn a_wrapper_without_faults_is_a_remote_tier() {
    conformance::remote(faulty).await;
}

#[tokio::test]
async fn a_fault_once_comes_before_the_lasting_one_and_both_end() {
    let remote = faulty();
    remote.on(Method::Get, Fault::Fail(ErrorKind::Unavailable));
    remote.once(Method::Get, Fault::Fail(ErrorKind::Timeout));
    let kinds =
        [remote.get("a").await.unwrap_err().kind(), remote.get("a").await.unwrap_err().kind()];
    assert_eq!(kinds, [ErrorKind::Timeout, ErrorKind::Unavailable]);
    assert!(remote.invalidate("a").await.is_ok());
    remote.heal();
    assert!(remote.get("a").await.is_ok());
    let call = &remote.calls()[2];
    assert_eq!((call.method, &call.key[..]), (Method::Invalidate, "a"));
}

#[tokio::test]
async fn a_call_that_hangs_runs_when_healed() {
    let remote = faulty();
    remote.on_all(Fault::Hang);
    let hanging = tokio::spawn({
        let remote = remote.clone();
        async move { remote.get_or_set("a", "cell".into(), TTL).await }
    });
    remote.called(Method::GetOrSet, 1).await;
    assert_eq!(remote.inner().cell("a"), None);
    remote.heal();
    assert_eq!(hanging.await.unwrap().unwrap(), None);
    assert!(remote.inner().cell("a").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_delayed_call_and_one_without_a_reply_run_all_the_same() {
    let remote = faulty();
    remote.once(Method::GetOrSet, Fault::Delay(TTL));
    let begun = tokio::time::Instant::now();
    let answer = remote.get_or_set("a", "cell".into(), TTL).await;
    assert_eq!((answer.unwrap(), begun.elapsed()), (None, TTL));
    remote.once(Method::GetOrSet, Fault::LoseReply);
    let call = remote.get_or_set("b", "cell".into(), TTL);
    assert!(tokio::time::timeout(TTL, call).await.is_err());
    assert!(remote.inner().cell("b").is_some());
}

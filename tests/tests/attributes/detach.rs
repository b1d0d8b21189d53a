//! Loads that go on when their callers leave.

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use cache_runtime::cached;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

/// Polls `future` until it waits, and drops it.
async fn leave(future: impl Future) {
    let mut future = Box::pin(future);
    std::future::poll_fn(|cx| {
        assert!(future.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// Waits for what runs in the background.
async fn until<T>(mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = found().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), found).await.unwrap()
}

static OPEN: Semaphore = Semaphore::const_new(0);

async fn wait() {
    OPEN.acquire().await.unwrap().forget();
}

#[cached(key = "owned:<id>")]
async fn owned(id: u64) -> u64 {
    database::owned(id).await
}

mod database {
    pub(super) async fn owned(id: u64) -> u64 {
        super::wait().await;
        id
    }
}

#[cached(key = "borrowed:<name>", detach)]
async fn borrowed(name: &str, mut list: &[u8]) -> String {
    wait().await;
    list = &list[1..];
    format!("{name}{list:?}")
}

#[cached(key = "inside:<name>", detach, companion = false)]
async fn inside(name: &str) -> String {
    wait().await;
    let name: &str = name;
    name.to_owned()
}

#[cached(key = "kept:<id>", detach = false)]
async fn kept(id: u64) -> u64 {
    wait().await;
    id
}

#[derive(Clone)]
struct Users {
    tenant: u32,
}

impl Users {
    #[cached(key = "users:<self.tenant>:<id>", detach, companion = entry)]
    async fn user(&self, id: u64) -> String {
        wait().await;
        let tenants = [id].map(|id| format!("{id} of {}", self.tenant));
        self.shown(&tenants[0])
    }

    #[cached(key = "shared:<self.tenant>", detach, companion = shared_entry)]
    async fn shared(self: Arc<Self>) -> u32 {
        wait().await;
        self.tenant
    }

    fn shown(&self, text: &str) -> String {
        format!("{text} {}", self.tenant)
    }
}

#[tokio::test]
async fn a_load_that_owns_its_arguments_outlives_its_caller() {
    crate::local();
    leave(owned(1)).await;
    OPEN.add_permits(1);
    assert_eq!(until(async || owned::entry(&1).peek().await).await, 1);
}

#[tokio::test]
async fn what_is_borrowed_is_cloned_for_it() {
    crate::local();
    leave(borrowed("a", &[1, 2])).await;
    leave(inside("b")).await;
    OPEN.add_permits(2);
    assert_eq!(until(async || borrowed::entry("a").peek().await).await, "a[2]");
    assert_eq!(inside("b").await, "b");
}

#[tokio::test]
async fn a_method_is_cloned_for_it() {
    crate::local();
    let users = Arc::new(Users { tenant: 7 });
    leave(users.user(1)).await;
    leave(users.clone().shared()).await;
    OPEN.add_permits(2);
    assert_eq!(until(async || users.entry(&1).peek().await).await, "1 of 7 7");
    assert_eq!(until(async || users.shared_entry().peek().await).await, 7);
}

#[tokio::test]
async fn without_it_a_load_ends_with_its_caller() {
    crate::local();
    leave(kept(1)).await;
    let again = kept(1);
    OPEN.add_permits(1);
    assert_eq!(again.await, 1);
    assert_eq!(kept::stats().loads, 2);
}

#[cached(key = "stays:<id>", detach = false)]
async fn stays(id: Rc<u64>) -> u64 {
    let id = Rc::clone(&id);
    tokio::task::yield_now().await;
    *id
}

#[tokio::test]
async fn without_it_a_load_may_stay_on_its_thread() {
    crate::local();
    assert_eq!(stays(Rc::new(3)).await, 3);
}

#[allow(improper_ctypes_definitions)]
#[cached(key = "extern:<id>")]
async extern "C" fn foreign(id: u64) -> u64 {
    id
}

#[tokio::test]
async fn a_function_of_another_abi_is_cached() {
    crate::local();
    assert_eq!(foreign(4).await, 4);
    assert_eq!(foreign::refresh(4).await, 4);
}

#[cached(key = "generic:<id>", detach)]
async fn generic<T>(id: u64, value: T) -> Result<Option<T>, String>
where
    T: Clone + Send + Sync + 'static + Serialize + DeserializeOwned,
{
    wait().await;
    let _ = id;
    Ok(Some(value))
}

#[tokio::test]
async fn a_generic_load_outlives_its_caller_where_its_types_do() {
    crate::local();
    leave(generic(1, 'a')).await;
    OPEN.add_permits(1);
    assert_eq!(until(async || generic::entry::<char>(&1).peek().await).await, 'a');
}

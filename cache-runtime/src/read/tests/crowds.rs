//! Crowds, which are woken in batches: of what is shared, nothing may depend on who else there is.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use tokio::runtime::{Builder, Runtime};

use super::*;

const CROWD: usize = 1_000;

fn runtime(threads: usize) -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(threads).enable_all().build()
}

/// A load that ends when it is told to, and blocks the thread it runs on until it is told to go on.
struct Blocking {
    cache: Cache,
    key: Key,
    begun: Receiver<()>,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    blocked: Receiver<()>,
    /// Dropped, it ends the blockade.
    _release: Sender<()>,
}

impl Blocking {
    fn on(runtime: &Runtime) -> Self {
        let cache = Cache::builder().no_remote().build();
        let key = Key::from("value");
        let (begins, begun) = channel();
        let (end, ends) = tokio::sync::oneshot::channel();
        let (blocks, blocked) = channel();
        let (release, released) = channel::<()>();
        let load = call(&cache, &key).load(async move {
            let _ = begins.send(());
            let _ = ends.await;
            7
        });
        runtime.spawn(async move {
            assert_eq!(load.await, 7);
            let _ = blocks.send(());
            // As a handler does that computes, or calls something that blocks.
            let _ = released.recv();
        });
        let this = Self { cache, key, begun, end: Some(end), blocked, _release: release };
        assert!(this.begun.recv().is_ok());
        this
    }

    /// Has a crowd wait on `runtime`; who is served says so.
    fn crowd(&self, runtime: &Runtime) -> Receiver<u64> {
        let (says, served) = channel();
        for _ in 0..CROWD {
            let (says, load) = (says.clone(), call(&self.cache, &self.key).load(pending()));
            runtime.spawn(async move { says.send(load.await) });
        }
        while self.cache.flights().waiting(&self.key) < CROWD {
            thread::yield_now();
        }
        served
    }

    fn end(&mut self) {
        assert!(self.end.take().is_some_and(|end| end.send(()).is_ok()));
        assert!(self.blocked.recv().is_ok());
    }
}

#[test]
fn a_crowd_is_served_although_the_thread_of_its_load_is_blocked() {
    let runtime = runtime(2).unwrap();
    let mut load = Blocking::on(&runtime);
    let served = load.crowd(&runtime);
    load.end();
    // The last task that a thread wakes is its own, to be run next.
    for _ in 0..CROWD - 1 {
        assert_eq!(served.recv_timeout(Duration::from_secs(20)), Ok(7));
    }
}

#[test]
fn a_crowd_of_another_runtime_is_served_although_that_of_its_load_is_blocked() {
    let (loads, waits) = (runtime(1).unwrap(), runtime(1).unwrap());
    let mut load = Blocking::on(&loads);
    let served = load.crowd(&waits);
    load.end();
    for _ in 0..CROWD {
        assert_eq!(served.recv_timeout(Duration::from_secs(20)), Ok(7));
    }
}

/// Those who wait there are no tasks of the runtime: to wake them puts nothing into a thread's queue.
#[test]
fn a_crowd_that_other_threads_wait_in_is_served_although_the_thread_of_its_load_is_blocked() {
    const THREADS: usize = 300;
    let runtime = runtime(2).unwrap();
    let mut load = Blocking::on(&runtime);
    let (says, served) = channel();
    for _ in 0..THREADS {
        let waits = call(&load.cache, &load.key).load(pending());
        let (says, handle) = (says.clone(), runtime.handle().clone());
        runtime.spawn_blocking(move || says.send(handle.block_on(waits)));
    }
    while load.cache.flights().waiting(&load.key) < THREADS {
        thread::yield_now();
    }
    load.end();
    for _ in 0..THREADS {
        assert_eq!(served.recv_timeout(Duration::from_secs(20)), Ok(7));
    }
}

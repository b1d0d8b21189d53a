//! The promise of the flight table under every interleaving that the model checker tries.
//!
//! Run with `RUSTFLAGS="--cfg shuttle" cargo test -p cache-runtime --lib model`.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use shuttle::future::block_on;
use shuttle::{check_pct, check_random, thread};

use super::*;
use crate::entry::Entry;

mod told;

const ITERATIONS: usize = 3_000;

/// Waits for a member's turn.
fn turn(ticket: &mut Ticket) -> Turn {
    block_on(poll_fn(|context| ticket.poll_turn(None, context)))
}

/// A source of versions, a store of one entry, and the table between them.
struct World {
    flights: Arc<Flights>,
    source: AtomicU64,
    stored: Mutex<Option<u64>>,
    loads: AtomicU64,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            flights: Flights::new(),
            source: AtomicU64::new(0),
            stored: Mutex::default(),
            loads: AtomicU64::new(0),
        })
    }

    fn key() -> Key {
        Key::from("user:42")
    }

    fn id() -> FlightId {
        FlightId { site: 1, ..FlightId::NOBODYS }
    }

    /// As a cached call does it.
    fn read(&self) -> u64 {
        if let Some(version) = *self.stored.lock() {
            return version;
        }
        let id = Self::id();
        let joining = Joining { id, now: 0, oldest: 0, oldest_unheard: 0 };
        match self.flights.join(&Self::key(), joining, || *self.stored.lock()) {
            Joined::Stored(version) => version,
            Joined::First(mut ticket) | Joined::Member(mut ticket) => {
                let turn = turn(&mut ticket);
                match (turn, ticket.flight().outcome()) {
                    (Turn::Load(permit), _) => self.load(&ticket, permit),
                    (Turn::Landed, Some(Outcome::Loaded(entry))) => version_of(entry),
                    (Turn::AtHand(entry, _), _) => version_of(&entry),
                    (Turn::Landed | Turn::Late, _) => unreachable!("not in this model"),
                }
            }
        }
    }

    /// As a cached call does it that finds what is stored past its ttl: it takes that, and replaces
    /// it if nobody else does.
    fn read_stale(&self) -> u64 {
        let Some(version) = *self.stored.lock() else { return self.read() };
        thread::yield_now();
        let id = Self::id();
        let joining = Joining { id, now: 0, oldest: 0, oldest_unheard: 0 };
        let is_gone = || (*self.stored.lock() != Some(version)).then_some(());
        if let Joined::First(ticket) = self.flights.join(&Self::key(), joining, is_gone)
            && let Some(Turn::Load(permit)) = ticket.flight().turn_now()
        {
            thread::yield_now();
            ticket.offer(&Entry::new(Some(version), 1), 0);
            self.load(&ticket, permit);
        }
        version
    }

    fn load(&self, ticket: &Ticket, permit: Permit) -> u64 {
        self.loads.fetch_add(1, SeqCst);
        let version = self.source.load(SeqCst);
        thread::yield_now();
        permit.land(Outcome::Loaded(Entry::new(Some(version), 1)));
        thread::yield_now();
        ticket.commit(|| *self.stored.lock() = Some(version));
        ticket.detach();
        version
    }

    /// As an update does it. Answers the version that no later read may be older than.
    fn update(&self) -> u64 {
        let version = self.source.fetch_add(1, SeqCst) + 1;
        thread::yield_now();
        self.flights.invalidate(&Self::key(), || *self.stored.lock() = None);
        version
    }

    /// As an update with a barrier around it does it.
    fn update_around(&self) -> u64 {
        let barrier = self.flights.enter(&Self::key(), || *self.stored.lock() = None);
        thread::yield_now();
        let version = self.source.fetch_add(1, SeqCst) + 1;
        thread::yield_now();
        assert!(self.stored.lock().is_none(), "nothing is stored under a barrier");
        drop(barrier);
        version
    }

    /// As a function that writes through does it.
    fn write_through(&self) -> u64 {
        let barrier = self.flights.enter(&Self::key(), || *self.stored.lock() = None);
        thread::yield_now();
        let version = self.source.fetch_add(1, SeqCst) + 1;
        thread::yield_now();
        barrier.leave_with(|| *self.stored.lock() = Some(version));
        version
    }

    fn put(&self) -> u64 {
        let ticket = self.flights.ticket(&Self::key());
        let version = self.source.fetch_add(1, SeqCst) + 1;
        thread::yield_now();
        if !ticket.commit_over(|| *self.stored.lock() = Some(version)) {
            self.flights.invalidate(&Self::key(), || *self.stored.lock() = None);
        }
        version
    }
}

fn version_of(entry: &Entry) -> u64 {
    entry.value::<u64>(1).copied().flatten().unwrap_or(u64::MAX)
}

fn check(model: impl Fn() + Send + Sync + Clone + 'static) {
    check_random(model.clone(), ITERATIONS);
    check_pct(model, ITERATIONS, 3);
}

fn spawn(world: &Arc<World>, f: impl FnOnce(&World) + Send + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

#[test]
fn no_read_after_an_invalidation_sees_what_was_loaded_before_it() {
    check(|| {
        let world = World::new();
        let mut threads: Vec<_> =
            (0..2).map(|_| spawn(&world, |world| drop(world.read()))).collect();
        threads.push(spawn(&world, |world| {
            for _ in 0..2 {
                let floor = world.update();
                assert!(world.read() >= floor);
            }
        }));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(world.read() >= 2);
        assert_eq!(world.flights.len(), 0);
    });
}

#[test]
fn nothing_that_was_loaded_under_a_barrier_is_seen_after_it() {
    check(|| {
        let world = World::new();
        let mut threads = vec![spawn(&world, |world| drop(world.read()))];
        for _ in 0..2 {
            threads.push(spawn(&world, |world| {
                let floor = world.update_around();
                assert!(world.read() >= floor);
            }));
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(world.read(), 2);
        assert_eq!(world.flights.len(), 0);
    });
}

#[test]
fn writers_leave_nothing_older_behind_than_what_they_wrote() {
    check(|| {
        let world = World::new();
        let mut threads = vec![spawn(&world, |world| drop(world.read()))];
        for write in [World::write_through, World::write_through, World::update] {
            threads.push(spawn(&world, move |world| {
                let floor = write(world);
                assert!(world.read() >= floor);
            }));
        }
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(world.read(), 3);
        assert_eq!(world.flights.len(), 0);
    });
}

#[test]
fn no_load_that_began_before_a_put_replaces_it() {
    check(|| {
        let world = World::new();
        let mut threads: Vec<_> =
            (0..2).map(|_| spawn(&world, |world| drop(world.read()))).collect();
        threads.push(spawn(&world, |world| {
            let floor = world.put();
            assert!(world.read() >= floor);
        }));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(world.read() >= 1);
        assert_eq!(world.flights.len(), 0);
    });
}

#[test]
fn reads_of_a_cold_key_load_once() {
    check(|| {
        let world = World::new();
        let threads: Vec<_> =
            (0..3).map(|_| spawn(&world, |world| assert_eq!(world.read(), 0))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(world.loads.load(SeqCst), 1);
        assert_eq!(world.flights.len(), 0);
    });
}

#[test]
fn members_that_leave_without_an_outcome_strand_nobody() {
    check(|| {
        let world = World::new();
        let leaver = spawn(&world, |world| {
            let id = World::id();
            let joining = Joining { id, now: 0, oldest: 0, oldest_unheard: 0 };
            if let Joined::First(ticket) | Joined::Member(ticket) =
                world.flights.join(&World::key(), joining, || None::<u64>)
            {
                let permit = ticket.flight().turn_now();
                thread::yield_now();
                drop(permit);
            }
        });
        let readers: Vec<_> = (0..2).map(|_| spawn(&world, |world| drop(world.read()))).collect();
        leaver.join().unwrap();
        readers.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(world.flights.len(), 0);
    });
}

/// All but the last leave without the lock under which others join.
#[test]
fn members_that_leave_while_others_join_leave_nothing_behind() {
    check(|| {
        let world = World::new();
        let visitors: Vec<_> = (0..3)
            .map(|_| {
                spawn(&world, |world| {
                    for _ in 0..2 {
                        let joining =
                            Joining { id: World::id(), now: 0, oldest: 0, oldest_unheard: 0 };
                        let joined = world.flights.join(&World::key(), joining, || None::<u64>);
                        thread::yield_now();
                        let (Joined::First(ticket) | Joined::Member(ticket)) = joined else {
                            unreachable!("nothing is stored")
                        };
                        let member =
                            world.flights.find(&World::key(), joining).expect("it has a member");
                        assert!(
                            Arc::ptr_eq(ticket.flight(), member.flight()),
                            "nobody begins another one beside it"
                        );
                        drop(ticket);
                    }
                })
            })
            .collect();
        visitors.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(world.flights.len(), 0);
    });
}

#[test]
fn what_was_at_hand_before_an_invalidation_is_offered_to_nobody_after_it() {
    check(|| {
        let world = World::new();
        world.read();
        let mut threads: Vec<_> =
            (0..2).map(|_| spawn(&world, |world| drop(world.read_stale()))).collect();
        threads.push(spawn(&world, |world| {
            for _ in 0..2 {
                let floor = world.update();
                assert!(world.read_stale() >= floor);
            }
        }));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(world.read_stale() >= 2);
        assert_eq!(world.flights.len(), 0);
    });
}

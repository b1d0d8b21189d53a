//! The same between two processes, of which one is told what the other changes.

use super::*;

/// Two processes: this one, with the table, and the one elsewhere that commits versions, removes the
/// cell and has that told, in this order.
struct Remote {
    world: Arc<World>,
    /// The lease or the value that stands in the cell: the version it was filled with, if it was.
    cell: Mutex<Option<(u64, Option<u64>)>>,
    leases: AtomicU64,
}

impl Remote {
    fn new() -> Arc<Self> {
        let (cell, leases) = (Mutex::default(), AtomicU64::new(0));
        Arc::new(Self { world: World::new(), cell, leases })
    }

    fn tell(&self) {
        self.world.flights.doubt(&World::key(), || *self.world.stored.lock() = None);
    }

    /// As another process does it. Answers the version that no read is older than that begins once
    /// it was told.
    fn update(&self) -> u64 {
        let version = self.world.source.fetch_add(1, SeqCst) + 1;
        thread::yield_now();
        *self.cell.lock() = None;
        thread::yield_now();
        self.tell();
        version
    }

    /// As a cached call without lock does it, with a lease that is told and a value that isn't.
    fn read(&self) -> u64 {
        loop {
            if let Some(version) = *self.world.stored.lock() {
                return version;
            }
            let id = World::id();
            let joining = Joining { id, now: 0, oldest: 0, oldest_unheard: 0 };
            let stored = || *self.world.stored.lock();
            match self.world.flights.join(&World::key(), joining, stored) {
                Joined::Stored(version) => return version,
                Joined::First(mut ticket) | Joined::Member(mut ticket) => {
                    let turn = turn(&mut ticket);
                    match (turn, ticket.flight().outcome()) {
                        (Turn::Load(permit), _) => {
                            if let Some(version) = self.look(&ticket, permit) {
                                return version;
                            }
                        }
                        (Turn::Landed, Some(Outcome::Loaded(entry))) => return version_of(entry),
                        (Turn::Landed | Turn::AtHand(..) | Turn::Late, _) => {}
                    }
                }
            }
        }
    }

    fn look(&self, ticket: &Ticket, mut permit: Permit) -> Option<u64> {
        let lease = self.leases.fetch_add(1, SeqCst);
        let text = |lease: u64| Some(bytes::Bytes::copy_from_slice(&lease.to_be_bytes()));
        permit.saw(text(lease));
        let (stands, value) = *self.cell.lock().get_or_insert((lease, None));
        if stands == lease {
            self.tell();
        }
        permit.saw(text(stands));
        if let Some(value) = value {
            permit.land(Outcome::Loaded(Entry::new(Some(value), 1)));
            ticket.commit(|| *self.world.stored.lock() = Some(value));
            ticket.detach();
            return Some(value);
        }
        let cell = text(stands).filter(|_| stands != lease);
        match cell.and_then(|cell| ticket.resume(&cell, 0, None)) {
            None => {}
            Some(Resumed::Joinable | Resumed::Landed(Outcome::Merged)) => {
                permit.land(Outcome::Merged);
                return None;
            }
            Some(Resumed::Landed(outcome)) => {
                let Outcome::Loaded(entry) = &outcome else { unreachable!("all loads succeed") };
                let version = entry.value::<u64>(1).copied().flatten();
                permit.land(outcome);
                return version;
            }
        }
        thread::yield_now();
        let version = self.world.source.load(SeqCst);
        self.world.loads.fetch_add(1, SeqCst);
        thread::yield_now();
        permit.land(Outcome::Loaded(Entry::new(Some(version), 1)));
        let mut cell = self.cell.lock();
        if *cell == Some((stands, None)) {
            *cell = Some((self.leases.fetch_add(1, SeqCst), Some(version)));
        }
        drop(cell);
        ticket.detach();
        Some(version)
    }
}

#[test]
fn no_read_after_an_invalidation_elsewhere_was_told_sees_what_was_loaded_before_it() {
    check(|| {
        let remote = Remote::new();
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let remote = remote.clone();
                thread::spawn(move || drop(remote.read()))
            })
            .collect();
        for _ in 0..2 {
            let floor = remote.update();
            assert!(remote.read() >= floor);
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(remote.read() >= 2);
        assert_eq!(remote.world.flights.len(), 0);
    });
}

#[test]
fn reads_of_a_cold_key_load_once_although_the_lease_is_told() {
    check(|| {
        let remote = Remote::new();
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let remote = remote.clone();
                thread::spawn(move || assert_eq!(remote.read(), 0))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(remote.world.loads.load(SeqCst), 1);
        assert_eq!(remote.world.flights.len(), 0);
    });
}

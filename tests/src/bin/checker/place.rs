//! Which keys a process uses.
//!
//! One half of the keys is everybody's. Each of the others is read by one process and written by
//! all: nobody else's fill tells its reader by accident what it should have heard already.

use crate::args::Args;
use crate::random::Random;
use crate::register::KEYS;

const SHARED: u64 = KEYS / 2;

#[derive(Clone, Copy)]
pub(crate) struct Place {
    number: u64,
    processes: u64,
}

impl Place {
    pub(crate) fn of(args: &Args) -> Self {
        Self { number: args.number as u64, processes: args.processes as u64 }
    }

    pub(crate) fn reads(self, key: u64) -> bool {
        key < SHARED || key % self.processes == self.number
    }

    pub(crate) fn to_read(self, random: &mut Random) -> u64 {
        let key = SHARED + random.below(SHARED);
        let own = key - key % self.processes + self.number;
        if random.one_in(2) && (SHARED..KEYS).contains(&own) { own } else { random.skewed(SHARED) }
    }

    pub(crate) fn to_write(random: &mut Random) -> u64 {
        if random.one_in(5) { SHARED + random.below(SHARED) } else { random.skewed(SHARED) }
    }
}

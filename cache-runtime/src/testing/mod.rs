//! What tests of caches and of backends need: a clock that stands still, a remote tier in memory,
//! one that fails on command, and the suites every backend must pass.

mod change_log;
mod clock;
pub mod conformance;
mod faulty;
mod followers;
mod memory;
mod probe;

pub use change_log::ChangeLog;
pub use clock::FakeClock;
pub use faulty::{Call, Fault, Faulty, Method};
pub use memory::MemoryRemote;
pub use probe::Probe;

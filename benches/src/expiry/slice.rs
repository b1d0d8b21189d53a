//! What one slice of the time of one case came to.

use std::time::Duration;

use super::origin::Asked;
use super::times::Times;

/// A slice.
#[derive(Debug, Default)]
pub struct Slice {
    /// How long it was.
    pub length: Duration,
    /// From the call of each read to its end.
    pub took: Times,
    /// How long after it was due each read was called.
    pub late: Times,
    /// How many reads got no value.
    pub failed: usize,
    /// What the origin was asked meanwhile.
    pub asked: Asked,
}

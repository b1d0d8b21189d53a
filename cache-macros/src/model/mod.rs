//! The settings and the function in this crate's own words.

mod cached;
mod duration;
mod invalidates;

pub(crate) use cached::{Cached, Lease, Place};
pub(crate) use duration::Ttl;
pub(crate) use invalidates::{Invalidated, Invalidates};

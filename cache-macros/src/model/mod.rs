//! The settings and the function in this crate's own words.

mod cached;
mod duration;
mod fraction;
mod freshness;
mod invalidates;

pub(crate) use cached::{Cached, Lease, Place};
pub(crate) use duration::Time;
pub(crate) use fraction::Fraction;
pub(crate) use freshness::{Freshness, NoneTtl, Refresh, Ttl};
pub(crate) use invalidates::{Invalidated, Invalidates};

//! The settings and the function in this crate's own words.

mod cached;
mod duration;
mod fraction;
mod freshness;
mod invalidates;
mod write_behind;
mod write_through;
mod written;

pub(crate) use cached::{Cached, Lease, Place};
pub(crate) use duration::Time;
pub(crate) use fraction::Fraction;
pub(crate) use freshness::{Freshness, NoneTtl, Refresh, Ttl};
pub(crate) use invalidates::{Invalidated, Invalidates};
pub(crate) use write_behind::WriteBehind;
pub(crate) use write_through::WriteThrough;
pub(crate) use written::{Path, RESULT, Value, Written};

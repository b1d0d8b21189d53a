//! What generated code names, and nobody else should.

pub use crate::call_site::{Site, SiteOn};
pub use crate::entry_ref::EntryRef;
pub use crate::error::Result;
pub use crate::failure::{AsDynError, Failure, Sharing};
pub use crate::invalidation::Invalidation;
pub use crate::lookup::Lookup;
pub use crate::policy::{Fraction, Policy, Time};
pub use crate::read::{Call, Limited};
pub use crate::returns::{Kind, Returns, Shape};
pub use crate::site_for::{ShapeOf, SiteFor, SiteForOn};
pub use crate::stats::SiteStats;
pub use crate::value_of::{AnyReturn, HasValue, ValueOf};
pub use crate::write_behind::{
    Batch, Behind, Dead, Flushing, Registered, WriteBehind, done, taken_by,
};
pub use crate::write_through::{WriteThrough, Writing};
pub use inventory;

//! What is refused, one function a rule.

mod cached;
mod conditions;
mod detach;
mod freshness;
mod function;
mod invalidates;
mod placeholders;
mod write_behind;
mod write_through;
mod written;

pub(crate) use cached::cached;
pub(crate) use invalidates::invalidates;
pub(crate) use write_behind::write_behind;
pub(crate) use write_through::write_through;

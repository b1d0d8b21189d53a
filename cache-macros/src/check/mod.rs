//! What is refused, one function a rule.

mod cached;
mod conditions;
mod detach;
mod freshness;
mod function;
mod invalidates;
mod placeholders;

pub(crate) use cached::cached;
pub(crate) use invalidates::invalidates;

//! The type that a return type stores, as generated code writes it in signatures.
//!
//! Where the attribute sees `Result` or `Option`, it names their argument. Any other name may be an
//! alias, which only the compiler sees through: an inherent constant is there if it is one of
//! `Result` or `Option`, else the trait's constant of the same name is.

use crate::returns::Returns;

/// Which [`HasValue`] a return type has, where no inherent constant says more.
pub trait AnyReturn {
    /// Neither `Result` nor `Option`.
    const KIND: u8 = PLAIN;
}

const PLAIN: u8 = 0;
const OPTION: u8 = 1;
const RESULT: u8 = 2;

impl<R> AnyReturn for Returns<R> {}

impl<T> Returns<Option<T>> {
    /// An `Option`.
    pub const KIND: u8 = OPTION;
}

impl<T, E> Returns<Result<T, E>> {
    /// A `Result`.
    pub const KIND: u8 = RESULT;
}

/// The type that a return type of kind `KIND` stores.
pub trait HasValue<const KIND: u8> {
    /// That type.
    type Value;
}

impl<T> HasValue<PLAIN> for T {
    type Value = T;
}

impl<T> HasValue<OPTION> for Option<T> {
    type Value = T;
}

impl<T, E> HasValue<RESULT> for Result<T, E> {
    type Value = T;
}

/// The kind of what a return type of kind `outer` holds: only a `Result` may hold an `Option` that
/// counts, and nothing is looked for in what that holds.
pub const fn kind_within(outer: u8, inner: u8) -> u8 {
    if outer == RESULT && inner == OPTION { OPTION } else { PLAIN }
}

/// The type within `R`, of kind `KIND`.
pub type ValueOf<R, const KIND: u8> = <R as HasValue<KIND>>::Value;

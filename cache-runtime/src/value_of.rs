//! The type that a return type stores, as generated code writes it in signatures.
//!
//! Where the attribute sees `Result` or `Option`, it names their argument. Any other name may be an
//! alias, which only the compiler sees through: an inherent constant is there if it stands for one
//! of these, else the trait's constant of the same name is.

use crate::returns::Returns;

/// Which [`HasValue`] a return type has, where no inherent constants say more: the sum of both.
pub trait AnyReturn {
    /// Neither `Result` nor `Option`.
    const OUTER: u8 = PLAIN;
    /// No `Option` in a `Result`.
    const INNER: u8 = 0;
}

const PLAIN: u8 = 0;
const OPTION: u8 = 1;
const RESULT: u8 = 2;
const RESULT_OF_OPTION: u8 = RESULT + 1;

impl<R> AnyReturn for Returns<R> {}

impl<T> Returns<Option<T>> {
    /// An `Option`.
    pub const OUTER: u8 = OPTION;
}

impl<T, E> Returns<Result<T, E>> {
    /// A `Result`.
    pub const OUTER: u8 = RESULT;
}

impl<T, E> Returns<Result<Option<T>, E>> {
    /// An `Option` in a `Result`.
    pub const INNER: u8 = 1;
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

impl<T, E> HasValue<RESULT_OF_OPTION> for Result<Option<T>, E> {
    type Value = T;
}

/// The type that `R` stores, in a signature, where `R` is an alias the attribute can't see through.
pub type ValueOf<R, const KIND: u8> = <R as HasValue<KIND>>::Value;

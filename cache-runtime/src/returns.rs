//! What a function's return type stores, decided by trait and not by name.
//!
//! Generated code writes `Returns::<R>::new().kind().errors().serde()`. Each step is an inherent
//! method that exists on several levels of a chain of `Deref`s, most specific level first, so that
//! the compiler takes the first that fits. Aliases are seen through, and it works where `R` names
//! the type parameters of a generic function.

#![allow(clippy::unused_self, reason = "the steps of a chain take what the last one made")]

mod shape;

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::{AsDynError, Cloned, Rendered, Reported, SharedError, Unshared};

pub(crate) use shape::Form;
pub use shape::Shape;

/// The types of a marker: always `Send`, `Sync` and `'static` where its types are.
type Marker<T> = PhantomData<fn() -> T>;

macro_rules! marker {
    ($($(#[$doc:meta])* $name:ident<$($parameter:ident),*>;)*) => {$(
        $(#[$doc])*
        pub struct $name<$($parameter),*>(Marker<($($parameter,)*)>);
        impl<$($parameter),*> Clone for $name<$($parameter),*> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<$($parameter),*> Copy for $name<$($parameter),*> {}
        impl<$($parameter),*> fmt::Debug for $name<$($parameter),*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

marker! {
    /// The return type of an annotated function; begins the chain.
    Returns<R>;
    /// The second level of [`Returns`].
    ReturnsOne<R>;
    /// The last level of [`Returns`].
    ReturnsPlain<R>;
    /// The kind of a function that returns its value.
    Plain<T>;
    /// The kind of a function that returns `Option<T>`.
    Optional<T>;
    /// The kind of a function that returns `Result<T, E>`.
    Fallible<T, E>;
    /// The kind of a function that returns `Result<Option<T>, E>`.
    FallibleOptional<T, E>;
    /// The level of a kind whose error can be made from a [`SharedError`].
    OrRendered<K>;
    /// The level of a kind whose error is a report (`anyhow`, `eyre`, `Box<dyn Error>`).
    OrReported<K>;
    /// The level of a kind whose error can't be shared.
    OrUnshared<K>;
    /// A kind and how its errors are shared.
    Errors<K, S>;
    /// A kind, how its errors are shared, and how its values cross processes.
    Shaped<K, S, C>;
    /// Values that can be encoded.
    Encoded<T>;
    /// Values that stay in this process.
    Unencoded<T>;
}

impl<R> Returns<R> {
    /// Begins the chain.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<R> Default for Returns<R> {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! next_level {
    ($($level:ident<$($parameter:ident),*> -> $next:ty { $value:expr })*) => {$(
        impl<$($parameter),*> Deref for $level<$($parameter),*> {
            type Target = $next;
            fn deref(&self) -> &$next {
                &const { $value }
            }
        }
    )*};
}

next_level! {
    Returns<R> -> ReturnsOne<R> { ReturnsOne(PhantomData) }
    ReturnsOne<R> -> ReturnsPlain<R> { ReturnsPlain(PhantomData) }
    Fallible<T, E> -> OrRendered<Self> { OrRendered(PhantomData) }
    FallibleOptional<T, E> -> OrRendered<Self> { OrRendered(PhantomData) }
    OrRendered<K> -> OrReported<K> { OrReported(PhantomData) }
    OrReported<K> -> OrUnshared<K> { OrUnshared(PhantomData) }
}

macro_rules! kinds {
    ($($level:ident<$return:ty>: $kind:ident<$($parameter:ident),*>;)*) => {$(
        impl<$($parameter),*> $level<$return> {
            /// How this return type holds its value.
            pub fn kind(&self) -> $kind<$($parameter),*> {
                $kind(PhantomData)
            }
        }
    )*};
}

kinds! {
    Returns<Result<Option<T>, E>>: FallibleOptional<T, E>;
    ReturnsOne<Result<T, E>>: Fallible<T, E>;
    ReturnsOne<Option<T>>: Optional<T>;
    ReturnsPlain<T>: Plain<T>;
}

/// How a return type holds the value that is stored.
pub trait Kind: Copy + Send + Sync {
    /// The return type.
    type Return;
    /// The type of the stored value.
    type Value;
    /// The type of the error, if any.
    type Error;
    /// What `result` stands for in the settings of `#[invalidates]`.
    type Success;

    /// Whether the type has a word for none, so that [`returned`](Self::returned) takes it.
    const HAS_NONE: bool;

    /// What is to be stored of `returned`: a value, or that there is none; nothing of an error.
    fn stored(returned: &Self::Return) -> Option<Option<&Self::Value>>;

    /// The return value that stands for a stored one; `None` where the type has no word for none.
    fn returned(stored: Option<Self::Value>) -> Option<Self::Return>;

    /// The return value that stands for a copy of a stored one, as [`returned`](Self::returned) would
    /// have it. The copy is made where it belongs and not moved there.
    fn copied(stored: &Option<Self::Value>) -> Option<Self::Return>
    where
        Self::Value: Clone;

    /// Whether [`returned`](Self::returned) takes `stored`.
    #[inline]
    fn accepts(stored: &Option<Self::Value>) -> bool {
        stored.is_some() || Self::HAS_NONE
    }

    /// The success value, unless `returned` is an error.
    fn success(returned: &Self::Return) -> Option<&Self::Success>;

    /// The error, if `returned` is one.
    fn error(returned: &Self::Return) -> Option<&Self::Error>;

    /// The return value that holds `error`; `None` where the type has no errors.
    fn failed(error: Self::Error) -> Option<Self::Return>;
}

impl<T> Kind for Plain<T> {
    type Return = T;
    type Value = T;
    type Error = ();
    type Success = T;

    const HAS_NONE: bool = false;

    fn stored(returned: &T) -> Option<Option<&T>> {
        Some(Some(returned))
    }

    #[inline]
    fn returned(stored: Option<T>) -> Option<T> {
        stored
    }

    #[inline]
    fn copied(stored: &Option<T>) -> Option<T>
    where
        T: Clone,
    {
        stored.clone()
    }

    fn success(returned: &T) -> Option<&T> {
        Some(returned)
    }

    fn error(_: &T) -> Option<&()> {
        None
    }

    fn failed((): ()) -> Option<T> {
        None
    }
}

impl<T> Kind for Optional<T> {
    type Return = Option<T>;
    type Value = T;
    type Error = ();
    type Success = Option<T>;

    const HAS_NONE: bool = true;

    fn stored(returned: &Option<T>) -> Option<Option<&T>> {
        Some(returned.as_ref())
    }

    #[inline]
    fn returned(stored: Option<T>) -> Option<Option<T>> {
        Some(stored)
    }

    #[inline]
    fn copied(stored: &Option<T>) -> Option<Option<T>>
    where
        T: Clone,
    {
        Some(stored.clone())
    }

    fn success(returned: &Option<T>) -> Option<&Option<T>> {
        Some(returned)
    }

    fn error(_: &Option<T>) -> Option<&()> {
        None
    }

    fn failed((): ()) -> Option<Option<T>> {
        None
    }
}

impl<T, E> Kind for Fallible<T, E> {
    type Return = Result<T, E>;
    type Value = T;
    type Error = E;
    type Success = T;

    const HAS_NONE: bool = false;

    fn stored(returned: &Result<T, E>) -> Option<Option<&T>> {
        returned.as_ref().ok().map(Some)
    }

    #[inline]
    fn returned(stored: Option<T>) -> Option<Result<T, E>> {
        stored.map(Ok)
    }

    #[inline]
    fn copied(stored: &Option<T>) -> Option<Result<T, E>>
    where
        T: Clone,
    {
        Some(Ok(stored.as_ref()?.clone()))
    }

    fn success(returned: &Result<T, E>) -> Option<&T> {
        returned.as_ref().ok()
    }

    fn error(returned: &Result<T, E>) -> Option<&E> {
        returned.as_ref().err()
    }

    fn failed(error: E) -> Option<Result<T, E>> {
        Some(Err(error))
    }
}

impl<T, E> Kind for FallibleOptional<T, E> {
    type Return = Result<Option<T>, E>;
    type Value = T;
    type Error = E;
    type Success = Option<T>;

    const HAS_NONE: bool = true;

    fn stored(returned: &Result<Option<T>, E>) -> Option<Option<&T>> {
        returned.as_ref().ok().map(Option::as_ref)
    }

    #[inline]
    fn returned(stored: Option<T>) -> Option<Result<Option<T>, E>> {
        Some(Ok(stored))
    }

    #[inline]
    fn copied(stored: &Option<T>) -> Option<Result<Option<T>, E>>
    where
        T: Clone,
    {
        Some(Ok(stored.clone()))
    }

    fn success(returned: &Result<Option<T>, E>) -> Option<&Option<T>> {
        returned.as_ref().ok()
    }

    fn error(returned: &Result<Option<T>, E>) -> Option<&E> {
        returned.as_ref().err()
    }

    fn failed(error: E) -> Option<Result<Option<T>, E>> {
        Some(Err(error))
    }
}

macro_rules! errors {
    ($($level:ty, $kind:ty => $sharing:ty, [$($parameter:ident),*], [$($bound:tt)*];)*) => {$(
        impl<$($parameter),*> $level where $($bound)* {
            /// How an error of one load reaches the callers that waited for it.
            pub fn errors(&self) -> Errors<$kind, $sharing> {
                Errors(PhantomData)
            }
        }
    )*};
}

errors! {
    Plain<T>, Plain<T> => Unshared, [T], [];
    Optional<T>, Optional<T> => Unshared, [T], [];
    Fallible<T, E>, Self => Cloned, [T, E], [E: Clone + Send + 'static];
    FallibleOptional<T, E>, Self => Cloned, [T, E], [E: Clone + Send + 'static];
    OrRendered<Fallible<T, E>>, Fallible<T, E> => Rendered, [T, E],
        [E: From<SharedError> + std::error::Error];
    OrRendered<FallibleOptional<T, E>>, FallibleOptional<T, E> => Rendered, [T, E],
        [E: From<SharedError> + std::error::Error];
    OrReported<Fallible<T, E>>, Fallible<T, E> => Reported, [T, E],
        [E: From<SharedError> + Deref, E::Target: AsDynError];
    OrReported<FallibleOptional<T, E>>, FallibleOptional<T, E> => Reported, [T, E],
        [E: From<SharedError> + Deref, E::Target: AsDynError];
    OrUnshared<Fallible<T, E>>, Fallible<T, E> => Unshared, [T, E], [];
    OrUnshared<FallibleOptional<T, E>>, FallibleOptional<T, E> => Unshared, [T, E], [];
}

impl<T, E> Fallible<T, E> {
    /// For errors of which nothing is known.
    pub(crate) fn unshared(self) -> Errors<Self, Unshared> {
        Errors(PhantomData)
    }
}

impl<K: Kind, S> Errors<K, S> {
    /// The values of this function are kept in both tiers.
    pub const fn serde(self) -> Shaped<K, S, Encoded<K::Value>>
    where
        K::Value: Clone + Send + Sync + 'static,
        K::Value: Serialize + DeserializeOwned, // kept in Redis too; `local` lifts this
    {
        Shaped(PhantomData)
    }

    /// The values of this function are kept in the local tier alone.
    pub const fn local(self) -> Shaped<K, S, Unencoded<K::Value>>
    where
        K::Value: Clone + Send + Sync + 'static,
    {
        Shaped(PhantomData)
    }
}

//! What the read algorithm has to know of a function's return type.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Encoded, Kind, Shaped, Unencoded};
use crate::entry::Entry;
use crate::failure::{Failure, Sharing};
use crate::value_type::ValueType;

/// All that the read algorithm has to know of a function's return type.
pub trait Shape: Copy + Send + Sync {
    /// How the return type holds its value.
    type Kind: Kind<Return = Self::Return, Value = Self::Value>;
    /// The return type.
    type Return;
    /// The type of the stored value.
    type Value: Clone + Send + Sync + 'static;

    /// What is the same for all types but for what it says.
    const FORM: &'static Form;

    /// What the callers that waited for `returned` can be given if it is an error.
    fn share(returned: &Self::Return) -> Option<Failure>;

    /// The return value that such a caller gets.
    fn failed(failure: &Failure) -> Option<Self::Return>;
}

/// What the read algorithm has to know of a return type that it does not name.
pub struct Form {
    /// The type of the stored value.
    pub(crate) value: &'static ValueType,
    /// Whether it has a word for none.
    pub(crate) has_none: bool,
    /// Whether it can hold an error that another call has ended in.
    pub(crate) takes: fn(&Failure) -> bool,
    /// The name of its shape.
    pub(crate) name: fn() -> &'static str,
}

impl Form {
    /// Whether it can hold what is in `entry`, as a value of this version.
    pub(crate) fn takes_entry(&self, entry: &Entry, version: u32) -> bool {
        entry.is_of(self.value.id(), version) && (self.has_none || !entry.is_none())
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str((self.name)())
    }
}

/// Which tiers hold values of a type.
pub trait Storing<T> {
    /// What is to be known of it for that.
    const VALUE: &'static ValueType;
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Storing<T> for Encoded<T> {
    const VALUE: &'static ValueType = &ValueType::shared::<T>();
}

impl<T: Send + Sync + 'static> Storing<T> for Unencoded<T> {
    const VALUE: &'static ValueType = &ValueType::local::<T>();
}

impl<K, S, C> Shape for Shaped<K, S, C>
where
    K: Kind,
    K::Value: Clone + Send + Sync + 'static,
    S: Sharing<K::Error>,
    C: Storing<K::Value>,
{
    type Kind = K;
    type Return = K::Return;
    type Value = K::Value;

    const FORM: &'static Form = &Form {
        value: C::VALUE,
        has_none: K::HAS_NONE,
        takes: S::takes,
        name: std::any::type_name::<Self>,
    };

    fn share(returned: &Self::Return) -> Option<Failure> {
        S::share(K::error(returned)?)
    }

    fn failed(failure: &Failure) -> Option<Self::Return> {
        K::failed(S::restore(failure)?)
    }
}

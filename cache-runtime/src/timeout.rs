//! What a caller gets that waited too long with nothing at hand.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// No value came within the `hard_timeout` of a cached function. The load goes on.
///
/// The function's error type has to be made of it, by `From<Timeout>`; `anyhow::Error`,
/// `eyre::Report` and `Box<dyn Error + Send + Sync>` are.
///
/// # Examples
///
/// ```
/// use cache_runtime::Timeout;
///
/// #[derive(Debug, Clone)]
/// enum DbError {
///     Late,
/// }
///
/// impl From<Timeout> for DbError {
///     fn from(_: Timeout) -> Self {
///         Self::Late
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeout {
    after: Duration,
}

impl Timeout {
    pub(crate) fn new(after: Duration) -> Self {
        Self { after }
    }

    /// How long the caller waited.
    pub fn after(&self) -> Duration {
        self.after
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no value within {:?}", self.after)
    }
}

impl Error for Timeout {}

/// A return type that can hold an error made of a [`Timeout`].
#[diagnostic::on_unimplemented(
    message = "no error of `{Self}` can be made of a `Timeout`",
    label = "`hard_timeout` ends in an error that this can't hold",
    note = "return a `Result<_, E>` with `E: From<cache_runtime::Timeout>`, or leave `hard_timeout` out"
)]
pub trait FromTimeout {
    /// That error.
    fn from_timeout(timeout: Timeout) -> Self;
}

impl<T, E: From<Timeout>> FromTimeout for Result<T, E> {
    fn from_timeout(timeout: Timeout) -> Self {
        Err(timeout.into())
    }
}

//! One load's error, given to every caller that waited for it.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// An error on its way to those who waited for the load that ended in it.
pub type Failure = Arc<dyn Any + Send + Sync>;

/// A copy of an error that can't be cloned: its text and the texts of its sources.
///
/// Callers that waited for a load that failed get one, converted to the function's own error
/// type, where that type implements `From<SharedError>`. `anyhow::Error`, `eyre::Report` and
/// `Box<dyn Error + Send + Sync>` do. The caller that ran the load gets the error itself.
///
/// # Examples
///
/// ```
/// use cache_runtime::SharedError;
///
/// #[derive(Debug)]
/// enum DbError {
///     Query(std::io::Error),
///     Shared(SharedError),
/// }
///
/// impl From<SharedError> for DbError {
///     fn from(error: SharedError) -> Self {
///         Self::Shared(error)
///     }
/// }
/// ```
#[derive(Clone)]
pub struct SharedError(Arc<Link>);

struct Link {
    text: String,
    source: Option<SharedError>,
}

impl SharedError {
    fn copy(error: &(dyn Error + 'static)) -> Self {
        Self::link(error, error.source())
    }

    fn link(error: &dyn fmt::Display, source: Option<&(dyn Error + 'static)>) -> Self {
        Self(Arc::new(Link { text: error.to_string(), source: source.map(Self::copy) }))
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)?;
        match &self.0.source {
            Some(source) => write!(f, ": {source:?}"),
            None => Ok(()),
        }
    }
}

impl Error for SharedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}

/// How errors of type `E` are shared.
pub trait Sharing<E> {
    /// What the callers that wait can be given for `error`.
    fn share(error: &E) -> Option<Failure>;

    /// What one of them gets.
    fn restore(failure: &Failure) -> Option<E>;

    /// Whether [`restore`](Self::restore) takes `failure`. It runs no code of `E`.
    fn takes(failure: &Failure) -> bool;
}

/// A return type whose errors can be remembered.
#[diagnostic::on_unimplemented(
    message = "the errors of `{Self}` can't be remembered",
    label = "`err_ttl` gives each caller a clone of the error, which this has not",
    note = "return a `Result<_, E>` with `E: Clone + Send + 'static`, or leave `err_ttl` out"
)]
pub trait ErrorIsClone {}

impl<T, E: Clone + Send + 'static> ErrorIsClone for Result<T, E> {}

/// Each caller gets a clone.
#[derive(Debug)]
pub struct Cloned;

/// Each caller gets the text of the error and of its sources.
#[derive(Debug)]
pub struct Rendered;

/// As [`Rendered`], for an error that points at a `dyn Error`.
#[derive(Debug)]
pub struct Reported;

/// Nobody gets another's error.
#[derive(Debug)]
pub struct Unshared;

impl<E: Clone + Send + 'static> Sharing<E> for Cloned {
    fn share(error: &E) -> Option<Failure> {
        // A lock and not a bare value: an error need not be `Sync`.
        Some(Arc::new(Mutex::new(error.clone())))
    }

    fn restore(failure: &Failure) -> Option<E> {
        let error = failure.downcast_ref::<Mutex<E>>()?;
        Some(error.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn takes(failure: &Failure) -> bool {
        failure.is::<Mutex<E>>()
    }
}

fn restore_shared<E: From<SharedError>>(failure: &Failure) -> Option<E> {
    failure.downcast_ref::<SharedError>().cloned().map(E::from)
}

impl<E: From<SharedError> + Error> Sharing<E> for Rendered {
    fn share(error: &E) -> Option<Failure> {
        Some(Arc::new(SharedError::link(error, error.source())))
    }

    fn restore(failure: &Failure) -> Option<E> {
        restore_shared(failure)
    }

    fn takes(failure: &Failure) -> bool {
        failure.is::<SharedError>()
    }
}

/// What a report points at.
pub trait AsDynError {
    /// The error in the report.
    fn as_dyn_error(&self) -> &(dyn Error + 'static);
}

impl AsDynError for dyn Error + 'static {
    fn as_dyn_error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl AsDynError for dyn Error + Send + Sync + 'static {
    fn as_dyn_error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl<E> Sharing<E> for Reported
where
    E: From<SharedError> + Deref,
    E::Target: AsDynError,
{
    fn share(error: &E) -> Option<Failure> {
        Some(Arc::new(SharedError::copy(error.as_dyn_error())))
    }

    fn restore(failure: &Failure) -> Option<E> {
        restore_shared(failure)
    }

    fn takes(failure: &Failure) -> bool {
        failure.is::<SharedError>()
    }
}

impl<E> Sharing<E> for Unshared {
    fn share(_: &E) -> Option<Failure> {
        None
    }

    fn restore(_: &Failure) -> Option<E> {
        None
    }

    fn takes(_: &Failure) -> bool {
        false
    }
}

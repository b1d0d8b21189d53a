//! What can go wrong in the cache itself, for callers who ask.

use std::borrow::Cow;
use std::fmt;

/// The result of an operation on the cache.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the cache, never of the function it caches.
///
/// Reading through `#[cached]` does not return one: a read whose cache fails runs the function.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    context: Cow<'static, str>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What kind of failure an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The remote tier could not be reached, or refused to serve.
    Unavailable,
    /// The remote tier did not answer within its budget.
    Timeout,
    /// The remote tier answered that it has no room.
    Full,
    /// A value could not be encoded or decoded.
    Codec,
    /// The cache was configured in a way that cannot work.
    Config,
    /// Under the key stands data that is not the cache's own.
    Foreign,
    /// The remote tier can't do what was asked, and won't until somebody acts.
    Unsupported,
}

impl Error {
    /// Makes an error of `kind`; `context` says what was being done, in lower case.
    pub fn new(kind: ErrorKind, context: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, context: context.into(), source: None }
    }

    /// Names the error that caused this one.
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

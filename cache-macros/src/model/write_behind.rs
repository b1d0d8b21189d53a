//! A function with `#[write_behind]`.

use syn::Expr;

use super::{Path, Time, Value, Written};
use crate::args::WriteBehindArgs;
use crate::crate_path::CratePath;
use crate::diagnostics::Diagnostics;
use crate::function::Function;

pub(crate) struct WriteBehind {
    pub(crate) krate: CratePath,
    pub(crate) function: Function,
    pub(crate) written: Written,
    pub(crate) batch: Option<Expr>,
    pub(crate) every: Option<Time>,
    pub(crate) max_pending: Option<Expr>,
    pub(crate) retries: Option<Expr>,
    /// Makes many writes at once; without it, the body makes them one by one.
    pub(crate) flush: Option<syn::Path>,
}

impl WriteBehind {
    pub(crate) fn new(
        args: WriteBehindArgs,
        function: Function,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut written = Written::new(args.target, diagnostics);
        if let (Value::Unsaid, [only]) = (&written.value, &*function.arguments) {
            let path = Path { root: only.name.clone(), fields: Vec::new() };
            written.value = Value::Argument(path);
        }
        Self {
            krate: CratePath::new(args.krate, diagnostics),
            function,
            written,
            batch: args.batch,
            every: args.every.map(|(name, every)| Time::new(&name, every, diagnostics)),
            max_pending: args.max_pending,
            retries: args.retries,
            flush: args.flush,
        }
    }

    /// Whether the value is all that the body is called with.
    pub(crate) fn value_is_all(&self) -> bool {
        let is_whole =
            matches!(&self.written.value, Value::Argument(path) if path.fields.is_empty());
        is_whole && self.function.arguments.len() == 1
    }
}

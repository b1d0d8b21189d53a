//! A function with `#[write_through]`.

use super::Written;
use crate::args::WriteThroughArgs;
use crate::crate_path::CratePath;
use crate::diagnostics::Diagnostics;
use crate::function::Function;

pub(crate) struct WriteThrough {
    pub(crate) krate: CratePath,
    pub(crate) function: Function,
    pub(crate) written: Written,
}

impl WriteThrough {
    pub(crate) fn new(
        args: WriteThroughArgs,
        function: Function,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let written = Written::new(args.target, diagnostics);
        Self { krate: CratePath::new(args.krate, diagnostics), function, written }
    }
}

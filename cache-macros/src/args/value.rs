//! What may stand behind the `=` of a setting.

use syn::{Expr, ExprLit, Ident, Lit, LitStr, Path};

use super::{Given, Known, Setting};
use crate::diagnostics::Diagnostics;

/// Sees through what `macro_rules!` puts around a matched expression.
pub(super) fn ungrouped(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => ungrouped(*group.expr),
        expr => expr,
    }
}

impl Setting {
    /// The value, of any form.
    pub(super) fn expr(self, known: &Known, diagnostics: &mut Diagnostics) -> Option<Expr> {
        if self.value.is_none() {
            let (name, example) = (&self.name, example(&self.name, known));
            diagnostics.error(name, format!("`{name}` needs a value, such as `{example}`"));
        }
        self.value.map(ungrouped)
    }

    /// The value, of any form, with its name.
    pub(super) fn given(self, known: &Known, diagnostics: &mut Diagnostics) -> Option<Given<Expr>> {
        let name = self.name.clone();
        self.expr(known, diagnostics).map(|value| Given { name, value })
    }

    /// The value, a string literal.
    pub(super) fn string(self, known: &Known, diagnostics: &mut Diagnostics) -> Option<LitStr> {
        let name = self.name.clone();
        match self.expr(known, diagnostics)? {
            Expr::Lit(ExprLit { lit: Lit::Str(string), .. }) => Some(string),
            other => {
                let example = example(&name, known);
                let message = format!("`{name}` is a string literal, such as `{example}`");
                diagnostics.error(other, message);
                None
            }
        }
    }

    /// The value, a path.
    pub(super) fn path(self, known: &Known, diagnostics: &mut Diagnostics) -> Option<Path> {
        let name = self.name.clone();
        match self.expr(known, diagnostics)? {
            Expr::Path(path) if path.qself.is_none() => Some(path.path),
            other => {
                let example = example(&name, known);
                diagnostics.error(other, format!("`{name}` is a path, such as `{example}`"));
                None
            }
        }
    }
}

fn example(name: &Ident, known: &Known) -> &'static str {
    let known = known.iter().find(|(known, _)| name == known);
    known.map_or("", |(_, example)| example)
}

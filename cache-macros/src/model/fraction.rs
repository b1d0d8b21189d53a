//! Parts of one, as users write them.

use syn::{Expr, ExprLit, Lit, UnOp};

use crate::diagnostics::Diagnostics;

pub(crate) enum Fraction {
    Known(f64),
    /// A constant that the compiler has to evaluate.
    Constant(Expr),
}

impl Fraction {
    /// Reads `expr`. What is no number, or none that `is_allowed`, is reported with `message`, and
    /// any number is in its place: nothing is written then.
    pub(super) fn new(
        expr: Expr,
        is_allowed: fn(f64) -> bool,
        message: &str,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        match number(&expr) {
            Number::Known(number) if is_allowed(number) => Self::Known(number),
            Number::Known(_) | Number::Never => {
                diagnostics.error(expr, message);
                Self::Known(0.0)
            }
            Number::Unknown => Self::Constant(expr),
        }
    }

    pub(crate) fn constant(&self) -> Option<&Expr> {
        match self {
            Self::Constant(expr) => Some(expr),
            Self::Known(_) => None,
        }
    }
}

enum Number {
    Known(f64),
    Unknown,
    /// No constant has this form.
    Never,
}

fn is_of_a_float(suffix: &str) -> bool {
    matches!(suffix, "" | "f32" | "f64")
}

/// The value of a literal.
fn number(expr: &Expr) -> Number {
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => {
            let parsed = match lit {
                Lit::Float(literal) if is_of_a_float(literal.suffix()) => {
                    literal.base10_parse().ok()
                }
                Lit::Int(literal) if is_of_a_float(literal.suffix()) => literal.base10_parse().ok(),
                _ => None,
            };
            parsed.map_or(Number::Never, Number::Known)
        }
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match number(&unary.expr) {
            Number::Known(number) => Number::Known(-number),
            other => other,
        },
        Expr::Paren(paren) => number(&paren.expr),
        Expr::Group(group) => number(&group.expr),
        Expr::Closure(_) | Expr::Tuple(_) | Expr::Range(_) => Number::Never,
        _ => Number::Unknown,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Fraction> {
        let mut diagnostics = Diagnostics::default();
        let expr = syn::parse_str(text).unwrap();
        let is_allowed = |number| (0.0..1.0).contains(&number);
        let fraction = Fraction::new(expr, is_allowed, "no fraction", &mut diagnostics);
        diagnostics.is_empty().then_some(fraction)
    }

    #[test]
    fn literals_are_known_and_in_their_range() {
        for (text, expected) in
            [("0.8", "0.8"), ("(0.25f32)", "0.25"), ("0", "0"), ("1e-3", "0.001")]
        {
            match read(text) {
                Some(Fraction::Known(number)) => assert_eq!(number.to_string(), expected),
                _ => panic!("{text} is no fraction"),
            }
        }
        for text in ["1.0", "1", "-0.1", "80", "1e999"] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_the_compiler_evaluates_is_a_constant() {
        for text in ["FRACTION", "1.0 / 3.0", "early::at(3)", "-FRACTION"] {
            assert!(matches!(read(text), Some(Fraction::Constant(_))), "{text}");
        }
    }

    #[test]
    fn what_never_is_a_number_is_none() {
        for text in ["\"80%\"", "true", "|value| 0.8", "(0.8, 0.9)", "0.1..0.2", "0.1x", "0ms"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}

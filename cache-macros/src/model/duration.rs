//! Times as users write them.

use std::fmt::Display;

use syn::{BinOp, Expr, ExprLit, Lit, LitStr, UnOp};

use crate::diagnostics::Diagnostics;

const UNITS: [(u64, &[&str]); 6] = [
    (1, &["ms", "millisecond", "milliseconds"]),
    (1000, &["s", "sec", "secs", "second", "seconds"]),
    (60_000, &["m", "min", "mins", "minute", "minutes"]),
    (3_600_000, &["h", "hour", "hours"]),
    (86_400_000, &["d", "day", "days"]),
    (604_800_000, &["w", "week", "weeks"]),
];

/// How long an entry lives.
pub(crate) enum Ttl {
    Millis(u64),
    /// A constant that the compiler has to evaluate.
    Constant(Expr),
}

impl Ttl {
    pub(super) fn new(expr: Expr, diagnostics: &mut Diagnostics) -> Option<Self> {
        if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &expr {
            return time(text, "ttl", diagnostics).map(Self::Millis);
        }
        if let Some(form) = not_a_time(&expr) {
            let message = format!(
                "{form} is no ttl; write whole seconds, a time such as `\"1h 30m\"` \
                or a constant"
            );
            diagnostics.error(expr, message);
            return None;
        }
        match seconds(&expr) {
            Seconds::Unknown => Some(Self::Constant(expr)),
            Seconds::Known(seconds) => match millis(seconds) {
                Ok(millis) => Some(Self::Millis(millis)),
                Err(message) => {
                    diagnostics.error(expr, message);
                    None
                }
            },
        }
    }
}

/// The milliseconds of a string such as `"1h 30m"`, as the value of the setting `name`.
pub(super) fn time(text: &LitStr, name: &str, diagnostics: &mut Diagnostics) -> Option<u64> {
    match parse(&text.value()) {
        Ok(0) => diagnostics.error(text, format!("`{name}` must be longer than zero")),
        Ok(millis) => return Some(millis),
        Err(message) => diagnostics.error(text, message),
    }
    None
}

fn millis(seconds: Option<i128>) -> Result<u64, String> {
    let Some(seconds) = seconds else {
        return Err(too_long("this"));
    };
    if seconds == 0 {
        return Err(
            "a ttl must be longer than zero; leave `ttl` out for the cache's default".into()
        );
    }
    let millis = seconds.checked_mul(1000).ok_or_else(|| too_long(seconds))?;
    u64::try_from(millis).map_err(|_| match seconds {
        ..0 => "a ttl can't be negative; write the seconds that an entry lives".to_owned(),
        _ => too_long(seconds),
    })
}

fn too_long(shown: impl Display) -> String {
    format!("{shown} seconds are too many; the longest ttl is {} seconds", u64::MAX / 1000)
}

fn parse(text: &str) -> Result<u64, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("this time is empty; write one such as `\"1h 30m\"`".to_owned());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (number, after) = split(rest, |char| char.is_ascii_digit());
        let (unit, after) = split(after.trim_start(), char::is_alphabetic);
        let part = number
            .parse::<u64>()
            .ok()
            .zip(unit_of(unit))
            .ok_or_else(|| unreadable(text, number, unit))?;
        let sum = part.0.checked_mul(part.1).and_then(|part| total.checked_add(part));
        total = sum.ok_or_else(|| format!("`{text}` is too long"))?;
        rest = after.trim_start();
    }
    Ok(total)
}

fn split(text: &str, is_first: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|char| !is_first(char)).unwrap_or(text.len()))
}

fn unit_of(unit: &str) -> Option<u64> {
    let found = UNITS.iter().find(|(_, names)| names.contains(&unit));
    found.map(|(millis, _)| *millis)
}

fn unreadable(text: &str, number: &str, unit: &str) -> String {
    let known = "the units are `ms`, `s`, `m`, `h`, `d` and `w`";
    match (number, unit) {
        ("", _) => format!("`{text}` is no time; write one such as `1h 30m`"),
        (number, "") => format!("`{number}` lacks its unit; {known}, as in `{number}s`"),
        (number, unit) if unit_of(unit).is_some() => format!("`{number}{unit}` is too long"),
        (_, unit) => format!("unknown unit `{unit}`; {known}"),
    }
}

/// How to call an expression that never is a number of seconds.
fn not_a_time(expr: &Expr) -> Option<&'static str> {
    match expr {
        Expr::Closure(_) => Some("a closure"),
        Expr::Tuple(_) => Some("a tuple"),
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Float(_) => Some("a fraction"),
            Lit::Int(_) => None,
            _ => Some("this literal"),
        },
        _ => None,
    }
}

enum Seconds {
    /// `None`: out of range.
    Known(Option<i128>),
    Unknown,
}

/// The value of an expression made of integer literals alone.
fn seconds(expr: &Expr) -> Seconds {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(literal), .. }) => {
            Seconds::Known(literal.base10_parse().ok())
        }
        Expr::Paren(paren) => seconds(&paren.expr),
        Expr::Group(group) => seconds(&group.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match seconds(&unary.expr) {
            Seconds::Known(value) => Seconds::Known(value.and_then(i128::checked_neg)),
            Seconds::Unknown => Seconds::Unknown,
        },
        Expr::Binary(binary) => match (seconds(&binary.left), seconds(&binary.right)) {
            (Seconds::Known(left), Seconds::Known(right)) => calculate(left, &binary.op, right),
            _ => Seconds::Unknown,
        },
        _ => Seconds::Unknown,
    }
}

fn calculate(left: Option<i128>, op: &BinOp, right: Option<i128>) -> Seconds {
    let calculate = match op {
        BinOp::Add(_) => i128::checked_add,
        BinOp::Sub(_) => i128::checked_sub,
        BinOp::Mul(_) => i128::checked_mul,
        BinOp::Div(_) => i128::checked_div,
        BinOp::Rem(_) => i128::checked_rem,
        _ => return Seconds::Unknown,
    };
    Seconds::Known(left.zip(right).and_then(|(left, right)| calculate(left, right)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_sum_of_parts() {
        for (text, expected) in [
            ("250ms", 250),
            ("5s", 5000),
            ("1h 30m", 5_400_000),
            ("1h30m", 5_400_000),
            (" 2 days ", 172_800_000),
            ("1 week 1 hour", 608_400_000),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_time_that_is_none_is_explained() {
        assert!(parse("").unwrap_err().contains("empty"));
        assert!(parse("soon").unwrap_err().contains("is no time"));
        assert!(parse("90").unwrap_err().contains("`90` lacks its unit"));
        assert!(parse("1 parsec").unwrap_err().contains("unknown unit `parsec`"));
        assert!(parse("1.5h").unwrap_err().contains("lacks its unit"));
        assert!(parse("99999999999999999999s").unwrap_err().contains("too long"));
        assert!(parse("999999999999999999w").unwrap_err().contains("too long"));
    }

    #[test]
    fn integers_are_seconds() {
        let known = |text| match seconds(&syn::parse_str(text).unwrap()) {
            Seconds::Known(value) => value,
            Seconds::Unknown => panic!("{text} is not known"),
        };
        assert_eq!(known("60 * 60 - 1"), Some(3599));
        assert_eq!(known("-(3)"), Some(-3));
        assert_eq!(known("1 / 0"), None);
        assert_eq!(millis(Some(3)), Ok(3000));
        assert!(millis(Some(0)).unwrap_err().contains("longer than zero"));
        assert!(millis(Some(-1)).unwrap_err().contains("negative"));
        assert!(millis(Some(i128::from(u64::MAX))).unwrap_err().contains("too many"));
        assert!(millis(None).unwrap_err().contains("too many"));
    }
}

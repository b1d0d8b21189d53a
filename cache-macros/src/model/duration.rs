//! Times as users write them.

use std::fmt::Display;

use proc_macro2::Ident;
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

const INTEGERS: [&str; 12] =
    ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize"];

/// A time that a setting gives.
pub(crate) enum Time {
    Millis(u64),
    /// A constant that the compiler has to evaluate.
    Constant(Expr),
}

impl Time {
    /// Reads the value of the setting `name`. What is none has been reported, and any time is
    /// in its place: nothing is written then.
    pub(super) fn new(name: &Ident, expr: Expr, diagnostics: &mut Diagnostics) -> Self {
        match read(&name.to_string(), expr) {
            Ok(time) => time,
            Err(error) => {
                diagnostics.push(error);
                Self::Millis(0)
            }
        }
    }

    pub(crate) fn constant(&self) -> Option<&Expr> {
        match self {
            Self::Constant(expr) => Some(expr),
            Self::Millis(_) => None,
        }
    }
}

fn read(name: &str, expr: Expr) -> syn::Result<Time> {
    if let Some(text) = string(&expr) {
        return time(name, text).map(Time::Millis);
    }
    if let Some(form) = not_a_time(&expr) {
        let message = format!(
            "{form} is no time; write whole seconds, a time such as `\"1h 30m\"` or a constant"
        );
        return Err(syn::Error::new_spanned(expr, message));
    }
    if let Some(message) = unit_without_quotes(name, &expr) {
        return Err(syn::Error::new_spanned(expr, message));
    }
    match seconds(&expr) {
        Seconds::Unknown => Ok(Time::Constant(expr)),
        Seconds::Known(seconds) => match millis(name, seconds) {
            Ok(millis) => Ok(Time::Millis(millis)),
            Err(message) => Err(syn::Error::new_spanned(expr, message)),
        },
    }
}

/// The text of a string literal.
pub(super) fn string(expr: &Expr) -> Option<&LitStr> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
        _ => None,
    }
}

/// The milliseconds of a string such as `"1h 30m"`, as the value of the setting `name`.
pub(super) fn time(name: &str, text: &LitStr) -> syn::Result<u64> {
    let message = match parse(&text.value()) {
        Ok(0) => zero(name),
        Ok(millis) => return Ok(millis),
        Err(message) => match word(name) {
            Some(word) if !text.value().contains(|char: char| char.is_ascii_digit()) => {
                format!("{message}, or `\"{word}\"`")
            }
            _ => message,
        },
    };
    Err(syn::Error::new_spanned(text, message))
}

fn millis(name: &str, seconds: Option<i128>) -> Result<u64, String> {
    let Some(seconds) = seconds else {
        return Err(too_long("this"));
    };
    if seconds == 0 {
        return Err(zero(name));
    }
    let millis = seconds.checked_mul(1000).ok_or_else(|| too_long(seconds))?;
    u64::try_from(millis).map_err(|_| match seconds {
        ..0 => format!("`{name}` can't be negative; write whole seconds"),
        _ => too_long(seconds),
    })
}

fn zero(name: &str) -> String {
    let instead = match name {
        "ttl" => "leave it out for the cache's default",
        "none_ttl" => "write `\"never\"` to cache no `None`",
        "lock" => "write `lock = true` for the cache's default",
        "every" => "leave it out for the default, one second",
        _ => "leave it out to have none",
    };
    format!("`{name}` must be longer than zero; {instead}")
}

/// What else the setting may be.
fn word(name: &str) -> Option<&'static str> {
    match name {
        "ttl" => Some("forever"),
        "none_ttl" => Some("never"),
        _ => None,
    }
}

fn too_long(shown: impl Display) -> String {
    format!("{shown} seconds are too many; the longest time is {} seconds", u64::MAX / 1000)
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

/// `500ms`, which to the compiler is a number of some type.
fn unit_without_quotes(name: &str, expr: &Expr) -> Option<String> {
    let Expr::Lit(ExprLit { lit: Lit::Int(literal), .. }) = expr else { return None };
    let (number, unit) = (literal.base10_digits(), literal.suffix());
    if unit.is_empty() || INTEGERS.contains(&unit) {
        return None;
    }
    let message = match unit_of(unit) {
        Some(_) => format!("a time with a unit stands in quotes; write `{name} = \"{literal}\"`"),
        None => unreadable(&literal.to_string(), number, unit),
    };
    Some(message)
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
        assert_eq!(millis("ttl", Some(3)), Ok(3000));
        assert!(millis("ttl", Some(-1)).unwrap_err().contains("negative"));
        assert!(millis("ttl", Some(i128::from(u64::MAX))).unwrap_err().contains("too many"));
        assert!(millis("ttl", None).unwrap_err().contains("too many"));
    }

    #[test]
    fn in_the_place_of_zero_each_setting_has_something_else() {
        let zero = |name| millis(name, Some(0)).unwrap_err();
        assert!(zero("ttl").contains("the cache's default"));
        assert!(zero("none_ttl").contains("`\"never\"`"));
        assert!(zero("stale").contains("leave it out to have none"));
    }

    #[test]
    fn a_word_is_offered_where_there_is_one() {
        let mistake = |name, text| {
            let text = LitStr::new(text, proc_macro2::Span::call_site());
            time(name, &text).unwrap_err().to_string()
        };
        assert!(mistake("ttl", "always").ends_with("or `\"forever\"`"));
        assert!(mistake("none_ttl", "").ends_with("or `\"never\"`"));
        assert!(!mistake("ttl", "1 parsec").contains("forever"));
        assert!(!mistake("stale", "forever").contains("or `"));
    }

    /// `500ms` and `5m` are literals to the compiler: digits, and a suffix.
    #[test]
    fn digits_with_a_unit_are_no_seconds() {
        for text in ["500ms", "5m", "1h", "500ns"] {
            let expr = syn::parse_str(text).unwrap();
            let read = read("ttl", expr);
            assert!(!matches!(read, Ok(Time::Millis(_))), "{text} is taken for seconds");
        }
    }
}

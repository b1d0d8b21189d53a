//! What a function writes, and the entry it is kept in.

use proc_macro2::Ident;
use syn::{Expr, Member};

use super::Ttl;
use crate::args::TargetArgs;
use crate::diagnostics::Diagnostics;
use crate::key_template::Template;

/// What the success value is called in the settings.
pub(crate) const RESULT: &str = "result";

pub(crate) struct Written {
    pub(crate) key: Option<Template>,
    /// With the name of the setting.
    pub(crate) entry: Option<(Ident, Expr)>,
    pub(crate) value: Value,
    pub(crate) ttl: Option<Ttl>,
    pub(crate) version: Option<Expr>,
    pub(crate) cache: Option<Expr>,
    /// The settings that an `entry` has by itself, if they are given.
    pub(crate) of_entry: Vec<Ident>,
}

/// The value that is written.
pub(crate) enum Value {
    /// `value` is not given.
    Unsaid,
    /// The success value.
    Result,
    /// An argument, or a path from one.
    Argument(Path),
    /// Something else.
    Other(Expr),
}

/// `user.address.0`
pub(crate) struct Path {
    pub(crate) root: Ident,
    pub(crate) fields: Vec<Member>,
}

impl Written {
    pub(super) fn new(args: TargetArgs, diagnostics: &mut Diagnostics) -> Self {
        let settings = [&args.ttl, &args.version, &args.cache];
        let of_entry = settings.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        Self {
            key: args.key.map(|key| Template::parse(key, diagnostics)),
            entry: args.entry,
            value: args.value.map_or(Value::Unsaid, Value::new),
            ttl: args.ttl.map(|(name, ttl)| Ttl::new(&name, ttl, diagnostics)),
            version: args.version.map(|(_, version)| version),
            cache: args.cache.map(|(_, cache)| cache),
            of_entry,
        }
    }
}

impl Value {
    fn new(expr: Expr) -> Self {
        match Path::new(&expr) {
            Some(path) if path.root == RESULT && path.fields.is_empty() => Self::Result,
            Some(path) => Self::Argument(path),
            None => Self::Other(expr),
        }
    }
}

impl Path {
    fn new(expr: &Expr) -> Option<Self> {
        match expr {
            Expr::Path(path) => {
                Some(Self { root: path.path.get_ident()?.clone(), fields: Vec::new() })
            }
            Expr::Field(field) => {
                let mut path = Self::new(&field.base)?;
                path.fields.push(field.member.clone());
                Some(path)
            }
            Expr::Group(group) => Self::new(&group.expr),
            _ => None,
        }
    }
}

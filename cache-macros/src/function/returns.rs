//! What the user's function returns.

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{
    GenericArgument, Lifetime, Path, PathArguments, PathSegment, ReturnType, Type, TypeParamBound,
};

use super::tokens::find_ident;

/// The return type of the body.
pub(crate) struct Returns {
    pub(crate) ty: Type,
    /// The function was rewritten to return `Pin<Box<dyn Future<Output = …>>>`.
    pub(crate) boxed: bool,
}

impl Returns {
    /// `None` where no return type is written.
    pub(super) fn new(output: &ReturnType, is_async: bool) -> Option<Self> {
        let ReturnType::Type(_, ty) = output else {
            return None;
        };
        let ty = ungrouped(ty);
        let future = if is_async { None } else { boxed_future(ty) };
        Some(match future {
            Some(output) => Self { ty: output.clone(), boxed: true },
            None => Self { ty: ty.clone(), boxed: false },
        })
    }

    /// The part that borrows, if one does: nothing that borrows can stay in a cache.
    pub(crate) fn borrowed(&self) -> Option<&dyn ToTokens> {
        Search { reference: |one| !one.is_some_and(is_static), lifetime: |one| !is_static(one) }
            .within(&self.ty)
    }

    /// The reference to static data, if there is one.
    pub(crate) fn static_reference(&self) -> Option<&dyn ToTokens> {
        Search { reference: |one| one.is_some_and(is_static), lifetime: |_| false }.within(&self.ty)
    }

    /// Whether the type's text says that there never is an error.
    pub(crate) fn never_fails(&self) -> bool {
        argument_of(&self.ty, "Option").is_some() || is_plain(&self.ty)
    }

    /// Whether the type's text says that a value never is `None`.
    pub(crate) fn is_never_none(&self) -> bool {
        is_plain(argument_of(&self.ty, "Result").unwrap_or(&self.ty))
    }

    /// What a hit holds, as far as the type's text says.
    pub(crate) fn stored(&self, is_parameter: impl Fn(&proc_macro2::Ident) -> bool) -> Stored<'_> {
        if let Some(value) = argument_of(&self.ty, "Result") {
            return Stored::As(argument_of(value, "Option").unwrap_or(value));
        }
        if let Some(value) = argument_of(&self.ty, "Option") {
            return Stored::As(value);
        }
        let generic = find_ident(self.ty.to_token_stream(), is_parameter).is_some();
        match &self.ty {
            Type::Path(_) if !generic && !is_familiar(&self.ty) => Stored::AsResolved(&self.ty),
            whole => Stored::As(whole),
        }
    }
}

/// Names that nobody gives to an alias of `Result` or `Option`: for them, signatures stay short.
const FAMILIAR: &[&str] = &[
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
    "f64", "bool", "char", "String", "Arc", "Box", "Vec", "Self", "HashMap", "HashSet", "BTreeMap",
    "BTreeSet", "PathBuf", "Duration",
];

fn is_familiar(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| FAMILIAR.iter().any(|name| segment.ident == name))
}

/// Whether the type is neither a `Result` nor an `Option`, by whatever name.
fn is_plain(ty: &Type) -> bool {
    is_familiar(ty)
        || matches!(ty, Type::Tuple(_) | Type::Array(_) | Type::Slice(_) | Type::Reference(_))
}

/// The type of the values that are kept.
pub(crate) enum Stored<'a> {
    As(&'a Type),
    /// A name that may be an alias: the compiler has to look behind it.
    AsResolved(&'a Type),
}

fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        ty => ty,
    }
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ungrouped(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

fn arguments(segment: &PathSegment) -> Option<&Punctuated<GenericArgument, syn::Token![,]>> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    }
}

/// The first type argument of `ty`, if its last segment is `name`.
fn argument_of<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == name)?;
    arguments(segment)?.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ungrouped(ty)),
        _ => None,
    })
}

/// The `R` of `Pin<Box<dyn Future<Output = R> + …>>`.
fn boxed_future(ty: &Type) -> Option<&Type> {
    let Type::TraitObject(object) = argument_of(argument_of(ty, "Pin")?, "Box")? else {
        return None;
    };
    object.bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => output_of(&bound.path),
        _ => None,
    })
}

fn output_of(path: &Path) -> Option<&Type> {
    let segment = path.segments.last().filter(|segment| segment.ident == "Future")?;
    arguments(segment)?.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(binding) if binding.ident == "Output" => Some(&binding.ty),
        _ => None,
    })
}

fn is_static(lifetime: &Lifetime) -> bool {
    lifetime.ident == "static"
}

/// A search for parts of a type that values of it hold: not what functions in it take.
struct Search {
    reference: fn(Option<&Lifetime>) -> bool,
    lifetime: fn(&Lifetime) -> bool,
}

impl Search {
    fn within<'a>(&self, ty: &'a Type) -> Option<&'a dyn ToTokens> {
        match ty {
            Type::Reference(reference) if (self.reference)(reference.lifetime.as_ref()) => Some(ty),
            Type::Reference(reference) => self.within(&reference.elem),
            Type::Group(group) => self.within(&group.elem),
            Type::Paren(paren) => self.within(&paren.elem),
            Type::Array(array) => self.within(&array.elem),
            Type::Slice(slice) => self.within(&slice.elem),
            Type::Tuple(tuple) => tuple.elems.iter().find_map(|ty| self.within(ty)),
            Type::Path(path) => {
                let mut arguments = path.path.segments.iter().filter_map(arguments).flatten();
                arguments.find_map(|argument| self.within_argument(argument))
            }
            _ => None,
        }
    }

    fn within_argument<'a>(&self, argument: &'a GenericArgument) -> Option<&'a dyn ToTokens> {
        match argument {
            GenericArgument::Type(ty) => self.within(ty),
            GenericArgument::Lifetime(lifetime) if (self.lifetime)(lifetime) => Some(lifetime),
            _ => None,
        }
    }
}

//! The user's function: its signature in parts, its body as raw tokens.

mod argument;
mod attributes;
mod returns;
pub(crate) mod tokens;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{
    Attribute, ConstParam, FnArg, GenericParam, Receiver, ReceiverKind, Signature, Token, Type,
    Visibility,
};

use crate::diagnostics::Diagnostics;

pub(crate) use argument::Argument;
pub(crate) use returns::{Returns, Stored};

pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// The arguments but for the receiver.
    pub(crate) arguments: Vec<Argument>,
    pub(crate) returns: Option<Returns>,
    /// `#![…]` at the beginning of the body.
    pub(crate) inner_attrs: Vec<Attribute>,
    /// The body without them, in its braces.
    pub(crate) body: Group,
}

impl Function {
    /// Reads `item`; `attribute` is the name of ours.
    pub(crate) fn parse(
        item: TokenStream,
        attribute: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let parser = |input: ParseStream| parse(input, attribute);
        match parser.parse2(tokens::ungrouped(item)) {
            Ok(function) => Some(function),
            Err(error) => {
                diagnostics.push(error);
                None
            }
        }
    }

    pub(crate) fn receiver(&self) -> Option<&Receiver> {
        self.sig.receiver()
    }

    /// The receiver is borrowed, and shared.
    pub(crate) fn receiver_is_reference(&self) -> bool {
        self.receiver().is_some_and(|receiver| match &receiver.kind {
            ReceiverKind::Reference(_, _, mutable) => mutable.is_none(),
            ReceiverKind::Typed(_, ty) => {
                matches!(&**ty, Type::Reference(reference) if reference.mutability.is_none())
            }
            _ => false,
        })
    }

    /// Whether this is an `async fn`, or was one before `#[async_trait]` came by.
    pub(crate) fn is_async(&self) -> bool {
        self.sig.asyncness.is_some() || self.is_boxed()
    }

    pub(crate) fn is_boxed(&self) -> bool {
        self.returns.as_ref().is_some_and(|returns| returns.boxed)
    }

    /// The argument that binds `name`, and the name as it was written.
    pub(crate) fn argument(&self, name: &str) -> Option<(&Argument, &Ident)> {
        let mut arguments = self.arguments.iter();
        arguments.find_map(|argument| Some((argument, argument.binding(name)?)))
    }

    /// Whether `name` is the receiver's, or one that an argument binds.
    pub(crate) fn binds(&self, name: &Ident) -> bool {
        name == "self" || self.arguments.iter().any(|argument| argument.bindings.contains(name))
    }

    /// The names that a placeholder may begin with.
    pub(crate) fn names(&self) -> Vec<String> {
        let receiver = self.receiver().map(|_| "self".to_owned());
        let bindings = self.arguments.iter().flat_map(|argument| &argument.bindings);
        receiver.into_iter().chain(bindings.map(|name| name.unraw().to_string())).collect()
    }

    /// Whether `ident` names a type parameter of the function.
    pub(crate) fn is_type_parameter(&self, ident: &Ident) -> bool {
        self.sig.generics.type_params().any(|parameter| parameter.ident == *ident)
    }

    /// The generic parameters that a path may give: not the lifetimes.
    pub(crate) fn generic_arguments(&self) -> Vec<TokenStream> {
        let parameters = self.sig.generics.params.iter();
        let names = parameters.filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(parameter.ident.to_token_stream()),
            // Without braces, a type of that name would be meant.
            GenericParam::Const(ConstParam { ident, .. }) => Some(quote!({ #ident })),
            GenericParam::Lifetime(_) => None,
        });
        names.collect()
    }

    /// Whether the load may outlive the call as it is: the function owns all its arguments, and no
    /// type parameter, which its future would hold, may borrow. Whether a function is `Send` that
    /// calls itself, the compiler can't tell inside of it.
    pub(crate) fn owns_all(&self) -> bool {
        self.receiver().is_none()
            && !self.is_boxed()
            && !tokens::names(self.body.stream(), &self.sig.ident)
            && self.sig.generics.type_params().next().is_none()
            && !self.arguments.iter().any(Argument::may_borrow)
    }
}

fn parse(input: ParseStream, attribute: &str) -> syn::Result<Function> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis = input.parse()?;
    if !has_fn(&input.fork()) {
        return Err(input.error(format!("`#[{attribute}]` stands on an `async fn`, not on this")));
    }
    let sig = input.parse()?;
    if let Some(semicolon) = input.parse::<Option<Token![;]>>()? {
        let message = format!(
            "`#[{attribute}]` needs a body; put it on the functions that implement this one",
        );
        return Err(syn::Error::new_spanned(semicolon, message));
    }
    let body = body(input)?;
    let (inner_attrs, rest) = split_inner_attrs(body.stream())?;
    Ok(Function {
        attrs,
        vis,
        arguments: arguments(&sig),
        returns: Returns::new(&sig.output, sig.asyncness.is_some()),
        inner_attrs,
        body: tokens::refilled(&body, rest),
        sig,
    })
}

/// Whether the keyword stands outside of all groups.
fn has_fn(input: ParseStream) -> bool {
    let rest = input.parse::<TokenStream>().unwrap_or_default();
    rest.into_iter().any(|token| matches!(token, TokenTree::Ident(ident) if ident == "fn"))
}

/// The braces of the body, without the group that `$body:block` puts around them.
fn body(input: ParseStream) -> syn::Result<Group> {
    let tokens = tokens::ungrouped(input.parse::<TokenTree>()?.into());
    match tokens.into_iter().next() {
        Some(TokenTree::Group(body)) => Ok(body),
        _ => Err(input.error("expected the body of a function")),
    }
}

fn split_inner_attrs(body: TokenStream) -> syn::Result<(Vec<Attribute>, TokenStream)> {
    let parser = |input: ParseStream| Ok((input.call(Attribute::parse_inner)?, input.parse()?));
    parser.parse2(body)
}

fn arguments(sig: &Signature) -> Vec<Argument> {
    let typed = sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(argument) => Some(argument.clone()),
        FnArg::Receiver(_) => None,
    });
    typed.enumerate().map(|(index, argument)| Argument::new(index, argument)).collect()
}

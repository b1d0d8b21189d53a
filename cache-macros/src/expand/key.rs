//! The closure that writes a key.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::GenericParam;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::own::at;
use crate::function::tokens::find_ident;
use crate::function::{Argument, Function};
use crate::key_template::{Piece, Placeholder, Template};
use crate::model::{Cached, Place};

/// How the arguments stand where the key is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Arguments {
    /// As the user's signature has them.
    AsWritten,
    /// With a name of ours for each pattern.
    Named,
    /// As `Named`, all by reference.
    ByReference,
}

/// `|key| key.text("user:").part(&id)`
pub(super) fn render(cached: &Cached, arguments: Arguments) -> TokenStream {
    match &cached.key {
        None => default(cached, arguments),
        Some(template) => template_of(template, &cached.function, arguments),
    }
}

/// Begins with the path of the companion, which names the functions it stands in as well.
fn default(cached: &Cached, arguments: Arguments) -> TokenStream {
    let span = Span::mixed_site();
    let function = &cached.function;
    let Place::Companion(companion) = &cached.place else {
        return TokenStream::new(); // refused: only a companion has a path of its own
    };
    let generics = generics(function);
    let parts = function.arguments.iter().map(|argument| {
        let value = place(argument, arguments);
        let is_opaque =
            find_ident(argument.ty.to_token_stream(), |ident| ident == "impl").is_some();
        let ty = is_opaque.then(|| quote_spanned!(span=> .type_of(#value)));
        let part = quote_spanned!(at(&argument.ty)=> part);
        quote_spanned!(span=> .text(":") #ty .#part(#value))
    });
    let name = function.sig.ident.unraw();
    let path = if companion.unraw() == name {
        quote_spanned!(span=> path_of::<#companion>())
    } else {
        let name = name.to_string();
        quote_spanned!(span=> path_beside::<#companion>(#name))
    };
    quote_spanned!(span=> |key| key.#path #generics #(#parts)*)
}

/// What tells the instances of a generic function apart.
fn generics(function: &Function) -> TokenStream {
    let span = Span::mixed_site();
    let generics = &function.sig.generics;
    let types = generics.type_params().map(|parameter| {
        let name = &parameter.ident;
        quote_spanned!(span=> .types::<#name>())
    });
    let constants = generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Const(parameter) => {
            let name = &parameter.ident;
            Some(quote_spanned!(span=> .text(":").part(&#name)))
        }
        _ => None,
    });
    quote!(#(#types)* #(#constants)*)
}

fn template_of(template: &Template, function: &Function, arguments: Arguments) -> TokenStream {
    let span = Span::mixed_site();
    let key = pieces(template, |placeholder| {
        let (place, is_reference) = root(placeholder, template, function, arguments);
        path(&place, is_reference, placeholder, template)
    });
    let is_named = |binding: &Ident| {
        template.placeholders().any(|placeholder| binding.unraw() == placeholder.root)
    };
    let patterns = patterns(function, arguments, is_named);
    if patterns.is_empty() {
        quote_spanned!(span=> |key| key #key)
    } else {
        quote_spanned!(span=> |key| { #patterns key #key })
    }
}

/// `.text("user:").part(&id)`, with what `place` makes of each placeholder.
pub(super) fn pieces(
    template: &Template,
    mut place: impl FnMut(&Placeholder) -> TokenStream,
) -> TokenStream {
    let span = Span::mixed_site();
    let pieces = template.pieces.iter().map(|piece| match piece {
        Piece::Text(text) => quote_spanned!(span=> .text(#text)),
        Piece::Placeholder(placeholder) => {
            let place = place(placeholder);
            let part = Ident::new("part", at(&template.literal));
            quote_spanned!(span=> .#part(#place))
        }
    });
    pieces.collect()
}

/// The variable that a placeholder begins with, and whether it is a reference.
pub(super) fn root(
    placeholder: &Placeholder,
    template: &Template,
    function: &Function,
    arguments: Arguments,
) -> (Ident, bool) {
    let span = template.literal.span();
    if placeholder.root == "self"
        && let Some(receiver) = function.receiver()
    {
        let is_reference = function.receiver_is_reference() || arguments == Arguments::ByReference;
        return (Ident::new("self", span.resolved_at(receiver.self_token.span)), is_reference);
    }
    let Some((argument, binding)) = function.argument(&placeholder.root) else {
        return (Ident::new(&placeholder.root, span), true);
    };
    let mut binding = binding.clone();
    binding.set_span(span.resolved_at(binding.span()));
    let is_reference = match arguments {
        Arguments::AsWritten => !argument.destructured && argument.is_reference(),
        Arguments::Named => argument.destructured || argument.is_reference(),
        Arguments::ByReference => true,
    };
    (binding, is_reference)
}

/// `&user.id`
pub(super) fn path(
    root: &Ident,
    is_reference: bool,
    placeholder: &Placeholder,
    template: &Template,
) -> TokenStream {
    let fields = &placeholder.fields;
    // Not a span of ours: the functions that write the key have one error together then.
    let span = template.literal.span();
    if is_reference && fields.is_empty() {
        quote_spanned!(span=> #root)
    } else {
        quote_spanned!(span=> &#root #(.#fields)*)
    }
}

/// The argument in a default key. What is wrong with it is its type.
fn place(argument: &Argument, arguments: Arguments) -> TokenStream {
    let span = argument.ty.span();
    let mut name = argument.name.clone();
    name.set_span(span.resolved_at(name.span()));
    if argument.is_reference() || arguments == Arguments::ByReference {
        quote!(#name)
    } else {
        quote_spanned!(span=> &#name)
    }
}

/// Binds what is named of patterns that the signature has a name for.
pub(super) fn patterns(
    function: &Function,
    arguments: Arguments,
    is_named: impl Fn(&Ident) -> bool,
) -> TokenStream {
    let span = Span::mixed_site();
    if arguments == Arguments::AsWritten {
        return TokenStream::new();
    }
    let is_named =
        |argument: &&Argument| argument.destructured && argument.bindings.iter().any(&is_named);
    let patterns = function.arguments.iter().filter(is_named).map(|argument| {
        let (pat, name) = (argument.pat_by_ref(), &argument.name);
        let value =
            if arguments == Arguments::ByReference { quote!(#name) } else { quote!(&#name) };
        quote_spanned!(span=> #[allow(unused_variables)] let #pat = #value;)
    });
    patterns.collect()
}

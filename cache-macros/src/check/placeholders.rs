//! Rules on key templates.

use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::key_template::{Piece, Placeholder, Template};

/// Text that what a placeholder becomes could itself hold doesn't part it from the next one:
/// unescaped characters, and those that lists and `None` are written with.
fn is_in_segments(char: char) -> bool {
    char.is_ascii_alphanumeric() || "_.-~(),;!%".contains(char)
}

/// A placeholder names an argument, or what `extra` allows.
pub(super) fn check_name_arguments(
    template: &Template,
    function: &Function,
    extra: Option<&str>,
    diagnostics: &mut Diagnostics,
) {
    for placeholder in template.placeholders() {
        let root = placeholder.root.as_str();
        let is_self = root == "self" && function.receiver().is_some();
        if is_self || extra == Some(root) || function.argument(root).is_some() {
            continue;
        }
        diagnostics.error(&template.literal, unknown(placeholder, function, extra));
    }
    for name in in_braces(template) {
        let is_one = extra == Some(name) || function.argument(name).is_some();
        if is_one && !template.placeholders().any(|placeholder| placeholder.root == name) {
            let message = format!(
                "what stands in braces is text, the same for all calls; write `<{name}>` for the argument"
            );
            diagnostics.error(&template.literal, message);
        }
    }
}

/// What stands in braces, as arguments do in the templates of others.
fn in_braces(template: &Template) -> impl Iterator<Item = &str> {
    let texts = template.pieces.iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(text.as_str()),
        Piece::Placeholder(_) => None,
    });
    let opened = texts.flat_map(|text| text.split('{').skip(1));
    opened.filter_map(|after| after.split_once('}')?.0.split('.').next().map(str::trim))
}

/// A placeholder names an argument: the key is needed before there is a result.
pub(super) fn check_name_arguments_alone(
    template: &Template,
    function: &Function,
    diagnostics: &mut Diagnostics,
) {
    let is_of_result =
        |one: &&Placeholder| one.root == "result" && function.argument("result").is_none();
    if template.placeholders().any(|one| is_of_result(&one)) {
        let message = "the barrier goes up before there is a `result`; name arguments in this key";
        diagnostics.error(&template.literal, message);
    } else {
        check_name_arguments(template, function, None, diagnostics);
    }
}

fn unknown(placeholder: &Placeholder, function: &Function, extra: Option<&str>) -> String {
    let Placeholder { root, .. } = placeholder;
    if root == "self" {
        return "this function has no `self`; name an argument".to_owned();
    }
    if root == "result" && extra.is_none() {
        return "`<result>` is known in `#[invalidates]` alone; the key of what is cached is made \
            of arguments"
            .to_owned();
    }
    let mut names = function.names();
    names.extend(extra.map(str::to_owned));
    if names.is_empty() {
        return format!("no argument named `{root}`; the function has none");
    }
    format!("no argument named `{root}`; the function has `{}`", names.join("`, `"))
}

/// Two placeholders are parted by a character that both escape: else `1` and `23` would make the
/// key of `12` and `3`.
pub(super) fn check_are_parted(template: &Template, diagnostics: &mut Diagnostics) {
    let mut previous: Option<&Placeholder> = None;
    let mut between = "";
    for piece in &template.pieces {
        match piece {
            Piece::Text(text) => between = text,
            Piece::Placeholder(placeholder) => {
                if let Some(previous) = previous
                    && between.chars().all(is_in_segments)
                {
                    let (a, b) = (&previous.source, &placeholder.source);
                    let message = format!(
                        "different arguments could make one key of `<{a}>{between}<{b}>`; part them \
                        by a character that both escape, as in `<{a}>:<{b}>`",
                    );
                    diagnostics.error(&template.literal, message);
                }
                previous = Some(placeholder);
                between = "";
            }
        }
    }
}

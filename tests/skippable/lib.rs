//! A `#[test]` that can be skipped from anywhere within it, which Rust's own cannot: a machine without GnuPG is noticed
//! where the sandbox makes a key, far below most tests. For `tests/it` only, where it takes the place of Rust's by
//! `#[macro_use]`; what ends a test as skipped is `support::leave` there.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

/// As Rust's `#[test]`, with the body run by `crate::support::unless_skipped`.
#[proc_macro_attribute]
pub fn test(_: TokenStream, function: TokenStream) -> TokenStream {
    let tokens = function.into_iter().map(|token| match token {
        TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => run_by_support(body),
        other => other,
    });
    let attribute: TokenStream = "#[::core::prelude::v1::test]".parse().unwrap_or_default();
    attribute.into_iter().chain(tokens).collect()
}

fn run_by_support(body: Group) -> TokenTree {
    let call: TokenStream = "crate::support::unless_skipped".parse().unwrap_or_default();
    let closure: TokenStream = "||".parse().unwrap_or_default();
    let argument = closure.into_iter().chain([TokenTree::Group(body)]).collect();
    let argument = TokenTree::Group(Group::new(Delimiter::Parenthesis, argument));
    TokenTree::Group(Group::new(Delimiter::Brace, call.into_iter().chain([argument]).collect()))
}

//! Values to bytes and back.

mod message_pack;

pub(crate) use message_pack::{decode, encode};

#[cfg(test)]
mod tests;

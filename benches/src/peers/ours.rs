//! stub
use crate::contender::Contender;
use crate::hit::{Case, Returns};
/// x
pub fn hits(_: Returns, _: u64) -> Vec<Case> {
    vec![]
}
/// x
pub fn redis_clients() -> Vec<Contender> {
    vec![]
}
/// x
pub fn stampedes() -> Vec<Contender> {
    vec![]
}
/// x
pub fn fleet_stampedes() -> Vec<Contender> {
    vec![]
}

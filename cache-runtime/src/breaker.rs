use crate::clock::Clock;
pub(crate) struct Breaker;
pub(crate) struct Permit;
impl Breaker {
    pub(crate) fn new(_: &str, _: Clock) -> Self { Self }
    pub(crate) fn allow(&self) -> Option<Permit> { Some(Permit) }
}
impl Permit { pub(crate) fn success(self) {} pub(crate) fn failure(self) {} }

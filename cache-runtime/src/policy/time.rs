//! Times that users write as constants.

use std::time::Duration;

/// A time given as a constant: whole seconds if it is an integer.
#[derive(Debug, Clone, Copy)]
pub struct Time<T>(pub T);

impl Time<Duration> {
    /// The time.
    pub const fn get(self) -> Duration {
        assert!(!self.0.is_zero(), "a time must be longer than zero");
        self.0
    }
}

macro_rules! seconds {
    ($($integer:ty)*) => {$(
        impl Time<$integer> {
            /// The time.
            #[allow(
                clippy::cast_sign_loss,
                clippy::cast_possible_truncation,
                clippy::cast_lossless,
                unused_comparisons,
                reason = "checked to be positive; one macro for all integers"
            )]
            pub const fn get(self) -> Duration {
                assert!(self.0 > 0, "a time must be longer than zero");
                Duration::from_secs(self.0 as u64)
            }
        }
    )*};
}
seconds!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

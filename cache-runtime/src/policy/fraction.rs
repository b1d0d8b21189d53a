//! Fractions of a ttl, as users write them.

/// A fraction of a ttl.
#[derive(Debug, Clone, Copy)]
pub struct Fraction(pub f64);

impl Fraction {
    /// The part of a ttl after which a refresh begins.
    pub const fn early(self) -> f64 {
        assert!(
            self.0 > 0.0 && self.0 < 1.0,
            "a fraction of the ttl lies between 0 and 1, such as 0.8"
        );
        self.0
    }

    /// The part of a ttl that jitter may take.
    pub const fn jitter(self) -> f64 {
        assert!(
            self.0 >= 0.0 && self.0 < 1.0,
            "jitter is a fraction of the ttl, from 0 to less than 1, such as 0.1"
        );
        self.0
    }
}

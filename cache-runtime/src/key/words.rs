//! What a key is made of, before it is written: enough to tell that two calls ask for the same key
//! without a letter of it being rendered.
//!
//! A site writes all its keys by the same literals, in the same order. What stands between them goes
//! into *words*, and which operations there were into the *shape*. An operation takes as many words as
//! its kind and its first word say. So the same shape and the same words are the same operations on the
//! same values, and those render the same key.

/// How many words there is room for: nine numbers, or 63 bytes of text.
const ROOM: usize = NEAR + FAR;
const NEAR: usize = 2;
pub(crate) const FAR: usize = 7;

/// The shape has room for fourteen operations; the number of words stands above them.
const BITS: u32 = 4;
const FULL: u64 = 1 << 52;
const LEN: u32 = 56;
const LEN_BITS: u64 = u64::MAX << LEN;

/// The shape of what found no room.
const OVERFLOW: u64 = u64::MAX;

/// What an operation is.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Literal = 1,
    Unsigned,
    Signed,
    Wide,
    SignedWide,
    Text,
    Fixed,
    Nothing,
    Something,
    Begin,
    Element,
    End,
    Ipv4,
    Ipv6,
    Apart,
}

/// Two words, as processors hand them over.
pub(crate) type Pair = (u64, u64);

/// The words of a key, of which most have no more than the near ones.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Words {
    /// The site and the shape.
    pub(crate) head: Pair,
    pub(crate) near: Pair,
    pub(crate) far: [u64; FAR],
}

impl Words {
    /// Of a key that the site writes which lies at this address.
    #[inline]
    pub(crate) fn of_site(site: usize) -> Self {
        Self { head: (site as u64, 0), near: (0, 0), far: [0; FAR] }
    }

    /// Of a key that is written already, wherever it comes from.
    pub(crate) fn of_text(text: &[u8]) -> Self {
        let mut words = Self::of_site(0);
        words.text(text);
        words
    }

    /// Of a key that can't be told.
    pub(crate) fn of_nothing() -> Self {
        Self { head: (0, OVERFLOW), near: (0, 0), far: [0; FAR] }
    }

    /// A hash, for a table of this process.
    pub(crate) fn hash(&self) -> u64 {
        hash_of(self.head, self.near, &self.far)
    }

    /// Whether all found room.
    #[inline]
    pub(crate) fn is_whole(&self) -> bool {
        self.head.1 != OVERFLOW
    }

    /// How many there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        (self.head.1 >> LEN) as usize
    }

    /// Adds an operation on nothing.
    #[inline]
    pub(super) fn mark(&mut self, kind: Kind) {
        let shape = self.head.1;
        let (len, operations) = (shape & LEN_BITS, shape & !LEN_BITS);
        if operations < FULL {
            self.head.1 = len | operations << BITS | kind as u64;
        } else {
            self.overflow();
        }
    }

    /// Adds an operation on a word.
    #[inline]
    pub(super) fn word(&mut self, kind: Kind, word: u64) {
        self.mark(kind);
        self.push(word);
    }

    /// Adds an operation on two words.
    #[inline]
    pub(super) fn wide(&mut self, kind: Kind, wide: u128) {
        self.mark(kind);
        #[allow(clippy::cast_possible_truncation, reason = "it goes in two halves")]
        for half in [wide as u64, (wide >> 64) as u64] {
            self.push(half);
        }
    }

    /// Adds text that lives as long as the process, by its address.
    #[inline]
    pub(super) fn fixed(&mut self, text: &'static str) {
        self.mark(Kind::Fixed);
        for word in [text.as_ptr().addr(), text.len()] {
            self.push(word as u64);
        }
    }

    /// Adds text by what it says.
    #[inline]
    pub(super) fn text(&mut self, text: &[u8]) {
        self.word(Kind::Text, text.len() as u64);
        let (whole, rest) = text.as_chunks();
        if self.len() + whole.len() >= ROOM {
            return self.overflow();
        }
        for bytes in whole {
            self.push(u64::from_ne_bytes(*bytes));
        }
        self.push(rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    }

    /// Adds text as if it were a part: a literal that is none of the template.
    #[cold]
    #[inline(never)]
    pub(super) fn text_as_part(&mut self, text: &str) {
        self.text(text.as_bytes());
    }

    /// Gives up: what is added can't be told apart.
    #[cold]
    pub(super) fn overflow(&mut self) {
        self.head.1 = OVERFLOW;
    }

    #[inline]
    fn push(&mut self, word: u64) {
        let place = match self.len() {
            0 => Some(&mut self.near.0),
            1 => Some(&mut self.near.1),
            len => self.far.get_mut(len - NEAR),
        };
        match place {
            Some(place) => {
                *place = word;
                self.head.1 += 1 << LEN;
            }
            None => self.overflow(),
        }
    }
}

/// Whether words of this head lie far.
#[inline]
pub(crate) fn has_far(head: Pair) -> bool {
    head.1 >> LEN > NEAR as u64
}

/// A hash of words, for a table of this process.
#[inline]
pub(crate) fn hash_of(head: Pair, near: Pair, far: &[u64; FAR]) -> u64 {
    let hash = mixed(mixed(head.0.rotate_left(32) ^ head.1.rotate_left(24) ^ near.0) ^ near.1);
    if has_far(head) { far.iter().fold(hash, |hash, word| mixed(hash ^ word)) } else { hash }
}

#[inline]
fn mixed(word: u64) -> u64 {
    let product = u128::from(word) * 0x9E37_79B9_7F4A_7C15;
    #[allow(clippy::cast_possible_truncation, reason = "both halves are taken")]
    {
        product as u64 ^ (product >> 64) as u64
    }
}

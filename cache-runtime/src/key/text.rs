//! The text of a key, kept: inside the key where it is short, for the sake of the hit path.

use std::sync::Arc;

/// Most keys fit, and comparing one of these touches no memory but the key's own.
const INLINE: usize = 30;

#[derive(Clone)]
pub(super) enum Text {
    Short { len: u8, bytes: [u8; INLINE] },
    Long(Arc<str>),
}

impl Text {
    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Long(text) => text.as_bytes(),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            // It was made of a `str`.
            Self::Short { .. } => std::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Self::Long(text) => text,
        }
    }

    /// What these bytes say, which are those of a `str`.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        debug_assert!(std::str::from_utf8(bytes).is_ok());
        Self::short(bytes).unwrap_or_else(|| Self::Long(String::from_utf8_lossy(bytes).into()))
    }

    fn short(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; INLINE];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self::Short { len: u8::try_from(text.len()).ok()?, bytes })
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::short(text.as_bytes()).unwrap_or_else(|| Self::Long(text.into()))
    }
}

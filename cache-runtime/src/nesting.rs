//! Which loads this task is running, to notice a function that would wait for itself.

use std::sync::Arc;

use crate::flight::FlightId;
use crate::key::Key;

tokio::task_local! {
    static LOADING: Arc<Frame>;
}

/// A load, and the one it was called from.
pub(crate) struct Frame {
    /// Where the cache's flights stand, to tell caches apart.
    pub(crate) cache: usize,
    pub(crate) key: Key,
    pub(crate) id: FlightId,
    pub(crate) outer: Option<Arc<Frame>>,
}

impl Frame {
    /// A load within what this task is loading.
    pub(crate) fn within_current(cache: usize, key: Key, id: FlightId) -> Arc<Self> {
        let outer = LOADING.try_with(Arc::clone).ok();
        Arc::new(Self { cache, key, id, outer })
    }

    /// Runs `poll` within this load. Not generic: it is compiled once, and not for each function.
    pub(crate) fn enter(self: &Arc<Self>, poll: &mut dyn FnMut()) {
        LOADING.sync_scope(self.clone(), poll);
    }

    fn is(&self, cache: usize, key: &Key, id: Option<FlightId>) -> bool {
        self.cache == cache && id.is_none_or(|id| self.id == id) && self.key == *key
    }
}

/// Whether this task is inside a load of `key`, by this function, or by any.
pub(crate) fn is_loading(cache: usize, key: &Key, id: Option<FlightId>) -> bool {
    LOADING
        .try_with(|innermost| {
            std::iter::successors(Some(innermost), |frame| frame.outer.as_ref())
                .any(|frame| frame.is(cache, key, id))
        })
        .unwrap_or(false)
}

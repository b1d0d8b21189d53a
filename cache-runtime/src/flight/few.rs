//! A list that has one item most of the time, which needs no memory of its own then.

pub(super) struct Few<T> {
    first: Option<T>,
    others: Vec<T>,
}

impl<T> Few<T> {
    pub(super) const fn new() -> Self {
        Self { first: None, others: Vec::new() }
    }

    pub(super) fn push(&mut self, item: T) {
        match self.first {
            None => self.first = Some(item),
            Some(_) => self.others.push(item),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.others)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(&mut self.others)
    }

    /// Takes the one out which `is_it`. The order of the others may change.
    pub(super) fn remove(&mut self, is_it: impl Fn(&T) -> bool) {
        if self.first.as_ref().is_some_and(&is_it) {
            self.first = self.others.pop();
        } else {
            self.others.retain(|item| !is_it(item));
        }
    }

    pub(super) fn clear(&mut self) {
        self.first = None;
        self.others.clear();
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_out_is_the_one_and_no_other() {
        for out in 0..4 {
            let mut few = Few::new();
            (0..4).for_each(|item| few.push(item));
            few.remove(|item| *item == out);
            few.push(4);
            let mut left: Vec<_> = few.iter().copied().collect();
            left.sort_unstable();
            assert_eq!(left, (0..5).filter(|item| *item != out).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_cleared_is_empty() {
        let mut few = Few::new();
        (0..3).for_each(|item| few.push(item));
        few.clear();
        assert_eq!(few.iter_mut().count(), 0);
    }
}

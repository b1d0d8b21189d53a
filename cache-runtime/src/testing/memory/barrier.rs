//! Barriers, as the store in memory keeps them.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::remote::cell::BARRIER_MARK;

/// A writer's id, and when its hold ends.
type Place = (u64, u64);

/// What a barrier's cell says.
#[derive(Default)]
pub(super) struct Barrier {
    overlapped: bool,
    places: Vec<Place>,
}

impl Barrier {
    pub(super) fn is(cell: &Bytes) -> bool {
        cell.starts_with(&BARRIER_MARK)
    }

    /// What `cell` says; `None` where it is of another shape.
    pub(super) fn parse(cell: &Bytes) -> Option<Self> {
        if !Self::is(cell) || cell.len() % 16 != 3 {
            return None;
        }
        let mut rest = cell.slice(2..);
        let overlapped = rest.get_u8() != 0;
        let mut places = Vec::new();
        while rest.has_remaining() {
            places.push((rest.get_u64(), rest.get_u64()));
        }
        Some(Self { overlapped, places })
    }

    pub(super) fn cell(&self) -> Bytes {
        let mut cell = BytesMut::new();
        cell.put_slice(&BARRIER_MARK);
        cell.put_u8(u8::from(self.overlapped));
        for (writer, deadline) in &self.places {
            cell.put_u64(*writer);
            cell.put_u64(*deadline);
        }
        cell.freeze()
    }

    /// When the last hold ends.
    pub(super) fn ends(&self) -> u64 {
        self.places.iter().map(|(_, deadline)| *deadline).max().unwrap_or_default()
    }

    pub(super) fn enter(&mut self, writer: u64, now: u64, deadline: u64) {
        self.overlapped |= self.places.iter().any(|(other, _)| *other != writer);
        self.places.retain(|(other, ends)| *other != writer && *ends > now);
        self.places.push((writer, deadline));
    }

    pub(super) fn stay(&mut self, writer: u64, deadline: u64) -> bool {
        let place = self.places.iter_mut().find(|(other, _)| *other == writer);
        place.map(|place| place.1 = deadline).is_some()
    }

    /// Takes `writer` out, and those whose hold has ended; answers whether it was in.
    pub(super) fn leave(&mut self, writer: u64, now: u64) -> bool {
        let was_in = self.places.iter().any(|(other, _)| *other == writer);
        self.places.retain(|(other, ends)| *other != writer && *ends > now);
        was_in
    }

    pub(super) fn overlapped(self) -> Self {
        Self { overlapped: true, ..self }
    }

    pub(super) fn is_overlapped(&self) -> bool {
        self.overlapped
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

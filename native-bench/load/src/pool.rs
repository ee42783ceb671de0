//! All connections to the server: which of them are free, and which has something to tell.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::http::RequestHead;
use crate::slot::{Flight, Launch, Slot, Turn};
use crate::watch::{Happening, Watch};

pub struct Pool {
    address: SocketAddr,
    head: RequestHead,
    watch: Watch,
    slots: Vec<Slot>,
    /// Places without a flight, longest unused first: so all are used, and a server expires none of a busy pool.
    free: VecDeque<usize>,
}

impl Pool {
    /// Connects all of them, each within the timeout.
    pub fn open(
        address: SocketAddr,
        head: RequestHead,
        connections: u16,
        timeout: Duration,
    ) -> io::Result<Self> {
        let watch = Watch::new()?;
        let slots = (0..u32::from(connections))
            .map(|place| Slot::open(address, place, timeout, &watch))
            .collect::<io::Result<Vec<Slot>>>()?;
        let free = (0..slots.len()).collect();
        Ok(Self { address, head, watch, slots, free })
    }

    pub fn has_free(&self) -> bool {
        !self.free.is_empty()
    }

    pub fn in_flight(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Sends a request over the connection that has been free longest. There must be one.
    pub fn launch(&mut self, flight: Flight, body: &[u8]) -> Launch {
        let place = self.free.pop_front().expect("a free connection");
        let launch = self.slots[place].launch(flight, &self.head, body, self.address, &self.watch);
        if matches!(launch, Launch::Failed(_)) {
            self.free.push_back(place);
        }
        launch
    }

    /// Waits until something happens, at most so long; returns how much did.
    pub fn wait(&mut self, at_most: Duration) -> io::Result<usize> {
        self.watch.wait(at_most)
    }

    /// Does what one happening of the last wait asks for; tells at which place.
    pub fn turn(&mut self, index: usize) -> (usize, Turn) {
        let Happening { mark, is_writable } = self.watch.happening(index);
        let place = mark.place as usize;
        let slot = &mut self.slots[place];
        if !slot.is_marked(mark) {
            return (place, Turn::Nothing);
        }
        let was_free = slot.flight().is_none();
        let turn = slot.turn(is_writable, &self.watch);
        if matches!(turn, Turn::Failed(_)) && !was_free {
            self.free.push_back(place);
        }
        (place, turn)
    }

    /// The body of the answer at that place, until it is released.
    pub fn body(&self, place: usize) -> &[u8] {
        self.slots[place].body()
    }

    /// Frees the connection of an answer that has been read.
    pub fn release(&mut self, place: usize) {
        self.slots[place].release(&self.watch);
        self.free.push_back(place);
    }

    /// Gives up requests launched before then, and tells of each.
    pub fn expire(&mut self, before: Instant, mut tell: impl FnMut(Flight)) {
        for (place, slot) in self.slots.iter_mut().enumerate() {
            if let Some(flight) = slot.flight().copied().filter(|flight| flight.launched < before) {
                slot.fail(&self.watch);
                self.free.push_back(place);
                tell(flight);
            }
        }
    }
}

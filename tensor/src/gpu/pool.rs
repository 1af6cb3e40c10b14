//! Buffers of a few fixed sizes, used again and again.
//!
//! A training step asks for the same sizes at every turn; a driver's allocation costs more than
//! many kernels. A buffer that its last tensor lets go of may be handed out at once, even while
//! recorded commands still read it: what is recorded later also runs later.
//!
//! Of those that fit, the oldest is handed out, not the last that came back: so the order in which a
//! step's tensors go, which a map's order is part of, does not change what the next step gets.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use crate::gpu::wait;

/// The smallest buffer, in bytes: a buffer of no elements must still be there to be bound.
const SMALLEST: u64 = 256;

const USAGE: wgpu::BufferUsages = wgpu::BufferUsages::STORAGE
    .union(wgpu::BufferUsages::COPY_SRC)
    .union(wgpu::BufferUsages::COPY_DST);

/// The size of the buffers that hold `bytes`: a power of two and a whole number of eighths of it,
/// so that at most an eighth is idle and neighbouring sizes share buffers.
fn size_class(bytes: u64, largest: u64) -> u64 {
    let bytes = bytes.max(SMALLEST);
    let eighth = (1 << bytes.ilog2()) / 8;
    // A class may not pass the adapter's limit where the tensor itself does not.
    bytes.next_multiple_of(eighth).min(largest.max(bytes))
}

/// The values of one tensor on the GPU.
pub(crate) struct GpuBuffer {
    buffer: wgpu::Buffer,
    /// The number of the buffer, which no other ever has.
    id: u64,
    bytes: u64,
    pool: Arc<Pool>,
}

impl GpuBuffer {
    /// What a kernel sees: the tensor's elements, without the rest of the size class.
    pub(crate) fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &self.buffer,
            offset: 0,
            size: wgpu::BufferSize::new(self.bytes.max(4)),
        })
    }

    /// A number for the buffer and how much of it a kernel sees: tensors have less than 2³² bytes.
    pub(crate) fn view(&self) -> u64 {
        self.id << 32 | self.bytes
    }

    pub(crate) fn raw(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    pub(crate) fn elements(&self) -> usize {
        (self.bytes / 4) as usize
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for GpuBuffer {
    fn drop(&mut self) {
        self.pool.put(self.id, self.buffer.clone());
    }
}

/// Freed buffers by size and number, and what has been counted.
#[derive(Default)]
pub(crate) struct Pool {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<u64, BTreeMap<u64, wgpu::Buffer>>,
    tally: Tally,
}

/// What the pool has handed out.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    /// Buffers ever created.
    pub(crate) created: u64,
    /// Buffers in the hands of tensors.
    pub(crate) alive: u64,
    /// Bytes in the hands of tensors.
    pub(crate) alive_bytes: u64,
    /// The most bytes that were in the hands of tensors at once.
    pub(crate) peak_bytes: u64,
    /// Bytes of all buffers, those that wait included.
    pub(crate) bytes: u64,
}

impl Pool {
    /// A buffer for `bytes`, with arbitrary contents; `None` where the GPU's memory is full.
    pub(crate) fn take(
        self: &Arc<Self>,
        device: &wgpu::Device,
        bytes: u64,
        largest: u64,
    ) -> Option<GpuBuffer> {
        let class = size_class(bytes, largest);
        let mut state = self.lock();
        let waiting = state.waiting.get_mut(&class);
        let (id, buffer) = match waiting.and_then(BTreeMap::pop_first) {
            Some(oldest) => oldest,
            None => {
                let buffer = create(device, class)?;
                state.tally.created += 1;
                state.tally.bytes += class;
                (state.tally.created, buffer)
            }
        };
        let tally = &mut state.tally;
        tally.alive += 1;
        tally.alive_bytes += class;
        tally.peak_bytes = tally.peak_bytes.max(tally.alive_bytes);
        drop(state);
        Some(GpuBuffer { buffer, id, bytes, pool: self.clone() })
    }

    /// Gives the waiting buffers back to the driver.
    pub(crate) fn release_waiting(&self) {
        let mut state = self.lock();
        for (class, buffers) in std::mem::take(&mut state.waiting) {
            state.tally.bytes -= class * buffers.len() as u64;
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        self.lock().tally
    }

    fn put(&self, id: u64, buffer: wgpu::Buffer) {
        let mut state = self.lock();
        state.tally.alive -= 1;
        state.tally.alive_bytes -= buffer.size();
        state.waiting.entry(buffer.size()).or_default().insert(id, buffer);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is whole after every statement, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn create(device: &wgpu::Device, bytes: u64) -> Option<wgpu::Buffer> {
    let ask = || {
        device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes,
            usage: USAGE,
            mapped_at_creation: false,
        })
    };
    wait::checked(device, wgpu::ErrorFilter::OutOfMemory, ask).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_what_they_are_asked_for_and_little_more() {
        for bytes in [0, 4, 255, 256, 257, 1000, 4096, 4100, 1 << 20, (1 << 27) - 4, 1 << 27] {
            let class = size_class(bytes, 1 << 27);
            assert!(class >= bytes && class.is_multiple_of(4), "{bytes} in {class}");
            assert!(class <= SMALLEST.max(bytes + bytes / 8 + 4), "{bytes} in {class}");
            assert!(class <= 1 << 27);
        }
    }
}

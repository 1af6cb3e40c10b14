//! Buffers that go back to a pool when the last tensor lets go of them.
//!
//! A training step allocates the same sizes again and again. Fresh pages cost a fault each, more
//! than many kernels cost, so a freed buffer waits for the next request of its length.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

use crate::Float;

/// Buffers below this many elements come and go with the allocator, which handles them well.
const SMALLEST_POOLED: usize = 4096;
/// At most this many bytes wait in a pool; what is freed beyond them goes back to the system.
const MOST_WAITING: usize = 4 << 30;

/// Freed buffers by length.
pub struct Pool<T> {
    waiting: Mutex<Option<Waiting<T>>>,
}

struct Waiting<T> {
    by_length: HashMap<usize, Vec<Vec<T>>>,
    bytes: usize,
}

impl<T> Pool<T> {
    pub(crate) const fn new() -> Self {
        Pool { waiting: Mutex::new(None) }
    }

    fn take(&self, length: usize) -> Option<Vec<T>> {
        let mut waiting = self.waiting.lock().expect("no thread panics while it holds the pool");
        let waiting = waiting.as_mut()?;
        let buffer = waiting.by_length.get_mut(&length)?.pop()?;
        waiting.bytes -= size_of::<T>() * length;
        Some(buffer)
    }

    fn clear(&self) {
        if let Ok(mut waiting) = self.waiting.lock() {
            *waiting = None;
        }
    }

    fn put(&self, buffer: Vec<T>) {
        let Ok(mut waiting) = self.waiting.lock() else { return };
        let waiting =
            waiting.get_or_insert_with(|| Waiting { by_length: HashMap::new(), bytes: 0 });
        let bytes = size_of::<T>() * buffer.len();
        if waiting.bytes + bytes > MOST_WAITING {
            return;
        }
        waiting.bytes += bytes;
        waiting.by_length.entry(buffer.len()).or_default().push(buffer);
    }
}

/// Gives back to the system what the CPU devices keep for their next tensors: for a program that
/// has done one piece of work and begins another, of other sizes.
///
/// ```
/// use tensor::{Device, Tensor};
///
/// drop(Tensor::zeros(&Device::cpu(), [1024, 1024]));
/// tensor::release_memory();
/// ```
pub fn release_memory() {
    f32::pool().clear();
    f64::pool().clear();
}

/// The values of one tensor on the processor.
pub(crate) struct Buffer<T: Float>(Vec<T>);

impl<T: Float> Buffer<T> {
    /// A buffer with arbitrary contents, which the caller overwrites.
    pub(crate) fn recycled(length: usize) -> Self {
        Buffer(T::pool().take(length).unwrap_or_else(|| vec![T::zero(); length]))
    }

    pub(crate) fn collect(values: impl ExactSizeIterator<Item = T>) -> Self {
        let mut buffer = Buffer::recycled(values.len());
        for (slot, value) in buffer.iter_mut().zip(values) {
            *slot = value;
        }
        buffer
    }
}

impl<T: Float> Drop for Buffer<T> {
    fn drop(&mut self) {
        if self.0.len() >= SMALLEST_POOLED {
            T::pool().put(std::mem::take(&mut self.0));
        }
    }
}

impl<T: Float> Deref for Buffer<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Float> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

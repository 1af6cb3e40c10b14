//! Scratch memory of a thread, kept from one piece of work to the next.

use std::cell::Cell;
use std::thread::LocalKey;

use crate::Float;

/// The scratch that a thread keeps for one element type.
pub(crate) type Scratch<T> = LocalKey<Cell<Vec<T>>>;

/// Calls `f` with `length` elements of arbitrary contents.
pub(crate) fn with<T: Float>(
    scratch: &'static Scratch<T>,
    length: usize,
    f: impl FnOnce(&mut [T]),
) {
    let mut memory = scratch.take();
    if memory.len() < length {
        memory.resize(length, T::zero());
    }
    f(&mut memory[..length]);
    scratch.set(memory);
}

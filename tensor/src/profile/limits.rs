//! What the processor can do at most: two rates, each measured on work that asks for nothing else.

use std::array::from_fn;
use std::hint::black_box;
use std::time::Instant;

use crate::cpu::lanes::{LANES, Lanes};
use crate::cpu::parallel;
use crate::cpu::tile::{ROWS, WIDE};

/// Rates of `f32` work on all threads of the CPU devices or on a GPU, which no operation exceeds
/// for long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Additions and multiplications a second, with all operands in registers.
    pub flops: f64,
    /// Bytes a second, read and written, of a copy larger than a core's caches. What a last cache
    /// still holds from the operation before can come faster.
    pub bytes: f64,
}

impl Limits {
    /// The least time for so many additions and multiplications on so many bytes: that of the
    /// nearer limit, since a processor computes while it fetches.
    pub fn seconds(&self, flops: f64, bytes: f64) -> f64 {
        (flops / self.flops).max(bytes / self.bytes)
    }
}

/// Measures them, in a fraction of a second.
///
/// ```
/// let limits = tensor::profile::limits();
/// // A product of two matrices of 1024 rows does 2 · 1024³ operations on 3 · 1024² numbers.
/// let [flops, bytes] = [2.0 * 1024f64.powi(3), 4.0 * 3.0 * 1024f64.powi(2)];
/// assert_eq!(limits.seconds(flops, 0.0), flops / limits.flops);
/// assert!(limits.seconds(flops, bytes) >= bytes / limits.bytes);
/// ```
pub fn limits() -> Limits {
    Limits { flops: arithmetic(), bytes: memory() }
}

/// Sums of products, as many side by side as a convolution's tile has: enough for each to be done
/// before its next is due.
fn arithmetic() -> f64 {
    const SUMS: usize = ROWS * WIDE;
    const STEPS: usize = 1 << 21;
    let sum_up = |thread: usize| {
        let [a, b] = black_box([0.5, thread as f32]).map(Lanes::splat);
        let mut sums: [Lanes; SUMS] = from_fn(|_| b);
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = sum.mul_add(a, b);
            }
        }
        for sum in sums {
            let mut lanes = [0.0; LANES];
            sum.store(&mut lanes);
            black_box(lanes);
        }
    };
    let threads = parallel::threads();
    let flops = 2 * STEPS * SUMS * LANES * threads;
    fastest(flops, || {
        parallel::map(threads, sum_up);
    })
}

fn memory() -> f64 {
    const ELEMENTS: usize = 32 << 20;
    let from = vec![1.0f32; ELEMENTS];
    let mut to = from.clone();
    let share = ELEMENTS.div_ceil(parallel::threads());
    fastest(2 * size_of_val(&from[..]), || {
        parallel::pieces(&mut to, share, |i, to| {
            to.copy_from_slice(&from[i * share..][..to.len()]);
        });
        black_box(&mut to);
    })
}

/// The rate of the fastest of some runs, since whatever else a machine does only delays.
fn fastest(amount: usize, mut run: impl FnMut()) -> f64 {
    const RUNS: usize = 10;
    let seconds = (0..RUNS).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    });
    amount as f64 / seconds.fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_limit_counts() {
        let limits = Limits { flops: 100.0, bytes: 10.0 };
        assert_eq!(limits.seconds(200.0, 5.0), 2.0);
        assert_eq!(limits.seconds(20.0, 5.0), 0.5);
        assert_eq!(limits.seconds(0.0, 0.0), 0.0);
    }
}

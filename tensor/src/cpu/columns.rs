//! Sums over rows, column by column, with a fixed order of addition.

use std::ops::Range;

use crate::Float;
use crate::cpu::parallel;

/// Sums `width` running totals over `rows` rows: `f(range, totals)` adds what a block of rows
/// contributes. Blocks depend on the sizes alone and are added in order, so the result has the
/// same bits whatever the number of threads; and the short sums inside blocks keep `f32` exact
/// to a few units in the last place.
pub(crate) fn totals<T: Float>(
    rows: usize,
    row_elements: usize,
    width: usize,
    f: impl Fn(Range<usize>, &mut [T]) + Sync + Send,
) -> Vec<T> {
    let block = (parallel::PIECE / row_elements.max(1)).max(1);
    let blocks = rows.div_ceil(block);
    let partials = parallel::map(blocks, |i| {
        let mut partial = vec![T::zero(); width];
        f(i * block..((i + 1) * block).min(rows), &mut partial);
        partial
    });
    let mut totals = vec![T::zero(); width];
    for partial in partials {
        for (total, part) in totals.iter_mut().zip(partial) {
            *total += part;
        }
    }
    totals
}

/// The sum of one row, in lanes that the compiler keeps in a vector register.
pub(crate) fn row_sum<T: Float>(row: &[T]) -> T {
    const LANES: usize = 16;
    let mut lanes = [T::zero(); LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += x;
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane += x;
    }
    lanes.iter().fold(T::zero(), |total, &lane| total + lane)
}

/// The scalar product of two rows, in the same lanes.
pub(crate) fn row_dot<T: Float>(a: &[T], b: &[T]) -> T {
    row_sum_by(a, b, |a, b| a * b)
}

/// The sum of `f` of two rows' corresponding elements, in the same lanes.
pub(crate) fn row_sum_by<T: Float>(a: &[T], b: &[T], f: impl Fn(T, T) -> T) -> T {
    const LANES: usize = 16;
    let mut lanes = [T::zero(); LANES];
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += f(a, b);
        }
    }
    lanes.iter().fold(T::zero(), |total, &lane| total + lane)
}

/// The largest element of one row, in the same lanes; a NaN is passed over.
pub(crate) fn row_max<T: Float>(row: &[T]) -> T {
    const LANES: usize = 16;
    let larger = |a: T, b: T| if b > a { b } else { a };
    let mut lanes = [T::neg_infinity(); LANES];
    for chunk in row.chunks(LANES) {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, x);
        }
    }
    lanes.into_iter().fold(T::neg_infinity(), larger)
}

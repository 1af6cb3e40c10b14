//! The heart of a convolution: a tile of the result that stays in registers while a sum runs.
//!
//! ```text
//! y[row, ..] += Σₖ a[row, k] · b[k, ..]      for up to ROWS rows, and WIDTH columns
//! ```
//!
//! `a` is read in place and one element at a time, `b` a few registers at a time; each of its
//! loads serves all rows, and each element of `a` all columns.

use crate::cpu::lanes::{LANES, Lanes};

/// Rows of a tile at most, and registers in each of its rows: their product, with a row of `b` and
/// an element of `a`, fills the register file: 32 of 16 lanes with AVX-512, else 32 of 4 or 16 of
/// 8.
pub(crate) const ROWS: usize = if cfg!(target_feature = "avx512f") { 14 } else { 6 };
/// See [`ROWS`]; a result of few columns is computed in tiles of one register a row.
pub(crate) const WIDE: usize = if cfg!(target_feature = "avx512f") { 2 } else { 1 };

/// A tile's row, or a row of `b`: `W` registers.
pub(crate) type Columns<const W: usize> = [[f32; LANES]; W];
/// Rows of `b` that the nearest cache holds, with room for what else passes through it.
pub(crate) const LONGEST: usize = 256;

/// `y[r] += Σₖ a[rows[r] + shift + k] · b[k]`, for at most [`ROWS`] rows and for each part of the
/// sum, given as its shift and its `b`.
pub(crate) fn add_along<const W: usize>(
    a: &[f32],
    rows: &[usize],
    parts: &[(usize, &[Columns<W>])],
    y: &mut [Columns<W>],
) {
    macro_rules! of_rows {
        ($($count:literal)*) => {
            match y.len() {
                0 => {}
                $($count if $count <= ROWS => along::<$count, W>(a, rows, parts, y),)*
                count => unreachable!("a tile of {count} rows"),
            }
        };
    }
    of_rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14)
}

/// `y[r] += Σₖ a[starts[k] + shift + r] · b[k]`, for at most [`ROWS`] rows.
pub(crate) fn add_across<const W: usize>(
    a: &[f32],
    starts: &[usize],
    shift: usize,
    b: &[Columns<W>],
    y: &mut [Columns<W>],
) {
    macro_rules! of_rows {
        ($($count:literal)*) => {
            match y.len() {
                0 => {}
                $($count if $count <= ROWS => across::<$count, W>(a, starts, shift, b, y),)*
                count => unreachable!("a tile of {count} rows"),
            }
        };
    }
    of_rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14)
}

#[inline(never)]
fn along<const R: usize, const W: usize>(
    a: &[f32],
    rows: &[usize],
    parts: &[(usize, &[Columns<W>])],
    y: &mut [Columns<W>],
) {
    let rows: &[usize; R] = rows.try_into().expect("a row of `a` for each of `y`");
    let mut tile: [_; R] = std::array::from_fn(|r| y[r].each_ref().map(Lanes::load));
    for &(shift, b) in parts {
        let a: [&[f32]; R] = std::array::from_fn(|r| &a[rows[r] + shift..][..b.len()]);
        for (k, b) in b.iter().enumerate() {
            let b = b.each_ref().map(Lanes::load);
            for r in 0..R {
                add_product(&mut tile[r], a[r][k], b);
            }
        }
    }
    store(tile, y);
}

#[inline(never)]
fn across<const R: usize, const W: usize>(
    a: &[f32],
    starts: &[usize],
    shift: usize,
    b: &[Columns<W>],
    y: &mut [Columns<W>],
) {
    let mut tile: [_; R] = std::array::from_fn(|r| y[r].each_ref().map(Lanes::load));
    for (start, b) in starts.iter().zip(b) {
        let a: &[f32; R] = a[start + shift..].first_chunk().expect("R elements behind each start");
        let b = b.each_ref().map(Lanes::load);
        for r in 0..R {
            add_product(&mut tile[r], a[r], b);
        }
    }
    store(tile, y);
}

#[inline(always)]
fn add_product<const W: usize>(sum: &mut [Lanes; W], a: f32, b: [Lanes; W]) {
    let a = Lanes::splat(a);
    for (sum, b) in sum.iter_mut().zip(b) {
        *sum = a.mul_add(b, *sum);
    }
}

#[inline(always)]
fn store<const R: usize, const W: usize>(tile: [[Lanes; W]; R], y: &mut [Columns<W>]) {
    for (lanes, columns) in tile.into_iter().zip(y) {
        for (lanes, columns) in lanes.into_iter().zip(columns) {
            lanes.store(columns);
        }
    }
}

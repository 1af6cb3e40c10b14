//! The threads of the CPU devices, in one place.
//!
//! Work is cut into pieces whose size depends on the problem alone, never on the number of
//! threads, so a result has the same bits however many threads compute it.

use rayon::prelude::*;

/// Elements that one piece of memory-bound work covers: long enough to outweigh a hand-over,
/// short enough that a ResNet's smaller maps still feed several threads.
pub(crate) const PIECE: usize = 16 * 1024;

/// Makes the calling thread one of those that share the work of the CPU devices, so that an
/// operation begins at once where it is called, not after another thread has woken up. A program
/// calls it first, from its main thread; later it does nothing.
pub fn lead_from_this_thread() {
    let _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
}

/// How many threads share the work.
pub(crate) fn threads() -> usize {
    rayon::current_num_threads()
}

/// Calls `f(i, piece)` for each piece of `length` elements of `y`; the last may be shorter.
pub(crate) fn pieces<T: Send>(y: &mut [T], length: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    if y.len() <= length {
        if !y.is_empty() {
            f(0, y);
        }
        return;
    }
    y.par_chunks_mut(length).enumerate().for_each(|(i, piece)| f(i, piece));
}

/// Calls `f(i, row)` for each row of `width` elements of `y`, a piece of many short rows at a time.
pub(crate) fn rows<T: Send>(y: &mut [T], width: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    let rows = (PIECE / width).max(1);
    pieces(y, rows * width, |i, y| {
        for (j, row) in y.chunks_mut(width).enumerate() {
            f(i * rows + j, row);
        }
    });
}

/// As [`pieces`], for two outputs that are cut at matching places.
pub(crate) fn pieces2<T: Send>(
    (y, y_length): (&mut [T], usize),
    (z, z_length): (&mut [T], usize),
    f: impl Fn(usize, &mut [T], &mut [T]) + Sync,
) {
    y.par_chunks_mut(y_length)
        .zip(z.par_chunks_mut(z_length))
        .enumerate()
        .for_each(|(i, (y, z))| f(i, y, z));
}

/// As [`pieces2`], for outputs made of parts that are cut each on its own: an output is `(values,
/// length of a part, length of a piece)`, and `f(part, piece, y, z)` is called for each piece.
pub(crate) fn blocks2<T: Send>(
    (y, y_part, y_length): (&mut [T], usize, usize),
    (z, z_part, z_length): (&mut [T], usize, usize),
    f: impl Fn(usize, usize, &mut [T], &mut [T]) + Sync,
) {
    if y.is_empty() {
        return;
    }
    pieces2((y, y_part), (z, z_part), |part, y, z| {
        pieces2((y, y_length), (z, z_length), |piece, y, z| f(part, piece, y, z));
    });
}

/// As [`pieces`], for outputs of one length that are cut at the same places; `f` is told where its
/// pieces start.
pub(crate) fn pieces_of<T: Send, const N: usize>(
    outputs: [&mut [T]; N],
    length: usize,
    f: impl Fn(usize, [&mut [T]; N]) + Sync,
) {
    let count = outputs[0].len().div_ceil(length);
    let mut cut = outputs.map(|y| y.chunks_mut(length));
    let next = |_| cut.each_mut().map(|pieces| pieces.next().expect("outputs of one length"));
    let pieces: Vec<[&mut [T]; N]> = (0..count).map(next).collect();
    pieces.into_par_iter().enumerate().for_each(|(i, pieces)| f(i * length, pieces));
}

/// `f(0), f(1), …, f(n − 1)` in order, computed side by side.
pub(crate) fn map<T: Send>(n: usize, f: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    (0..n).into_par_iter().map(f).collect()
}

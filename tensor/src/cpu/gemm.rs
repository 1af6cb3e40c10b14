//! Matrix products: plain loops that say what is meant, and the fast route.

#![allow(unsafe_code)] // The `gemm` crate takes raw pointers; `fast` checks every extent first.

use crate::Float;
use crate::cpu::buffer::Buffer;
use crate::cpu::parallel;

/// `c = a b`, or `c += a b`, with `a` `[m, k]`, `b` `[k, n]`, `c` `[m, n]` row-major.
pub struct Gemm<'a, T> {
    /// Rows of `c`.
    pub m: usize,
    /// Columns of `c`.
    pub n: usize,
    /// Columns of `a`, rows of `b`.
    pub k: usize,
    /// The left matrix.
    pub a: Matrix<'a, T>,
    /// The right matrix.
    pub b: Matrix<'a, T>,
    /// The result.
    pub c: &'a mut [T],
    /// Add to what `c` holds.
    pub accumulate: bool,
    /// Whether the product may spread over threads; not inside work that is spread already.
    pub parallel: bool,
}

/// A matrix in memory: `values[i * row + j * column]` is its element `(i, j)`.
#[derive(Clone, Copy)]
pub struct Matrix<'a, T> {
    /// Where the elements lie.
    pub values: &'a [T],
    /// The distance between rows.
    pub row: usize,
    /// The distance between columns.
    pub column: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// Row-major with `columns` to a row, or, `transposed`, the transpose of such a matrix.
    pub fn new(values: &'a [T], columns: usize, transposed: bool) -> Self {
        let (row, column) = if transposed { (1, columns) } else { (columns, 1) };
        Matrix { values, row, column }
    }

    /// The transpose, in the same memory.
    pub(crate) fn transposed(self) -> Self {
        Matrix { row: self.column, column: self.row, ..self }
    }

    fn covers(&self, rows: usize, columns: usize) -> bool {
        rows == 0
            || columns == 0
            || (rows - 1) * self.row + (columns - 1) * self.column < self.values.len()
    }
}

/// Row by row: `c[i] += a[i, p] · b[p]` for each `p`, in order.
pub(crate) fn plain<T: Float>(Gemm { m, n, k, a, b, c, accumulate, parallel }: Gemm<'_, T>) {
    if n == 0 {
        return;
    }
    let compute_row = |i: usize, row: &mut [T]| {
        if !accumulate {
            row.fill(T::zero());
        }
        for p in 0..k {
            let scale = a.values[i * a.row + p * a.column];
            if b.column == 1 {
                let b_row = &b.values[p * b.row..][..n];
                for (y, &x) in row.iter_mut().zip(b_row) {
                    *y += scale * x;
                }
            } else {
                for (j, y) in row.iter_mut().enumerate() {
                    *y += scale * b.values[p * b.row + j * b.column];
                }
            }
        }
    };
    let c = &mut c[..m * n];
    if parallel {
        parallel::pieces(c, n, compute_row);
    } else {
        c.chunks_mut(n).enumerate().for_each(|(i, row)| compute_row(i, row));
    }
}

/// The `gemm` crate's packed micro-kernels, chosen for the processor at run time.
pub(crate) fn fast(Gemm { m, n, k, a, b, c, accumulate, parallel }: Gemm<'_, f32>) {
    assert!(a.covers(m, k) && b.covers(k, n) && m * n <= c.len(), "gemm: a matrix is too short");
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if !accumulate {
            c[..m * n].fill(0.0);
        }
        return;
    }
    if parallel && !accumulate && k >= RUNS * m.max(n) / 2 {
        return in_runs([m, n, k], [a, b], c);
    }
    let threads = if parallel { gemm::Parallelism::Rayon(0) } else { gemm::Parallelism::None };
    // SAFETY: the assertion above shows that every index that these extents and strides reach
    // lies inside its slice; `c` is borrowed mutably, so it overlaps neither input.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            n as isize,
            accumulate,
            a.values.as_ptr(),
            a.column as isize,
            a.row as isize,
            b.values.as_ptr(),
            b.column as isize,
            b.row as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            threads,
        );
    }
}

/// A long sum for a small result, as the gradients of weights are, is cut into so many runs, which
/// are summed side by side and then in order.
const RUNS: usize = 8;

/// `c = a b` in [`RUNS`].
fn in_runs([m, n, k]: [usize; 3], [a, b]: [Matrix<'_, f32>; 2], c: &mut [f32]) {
    let sums = parallel::map(RUNS, |run| {
        let [start, end] = [run, run + 1].map(|run| run * k / RUNS);
        let a = Matrix { values: &a.values[start * a.column..], ..a };
        let b = Matrix { values: &b.values[start * b.row..], ..b };
        let mut sum = Buffer::recycled(m * n);
        let c = &mut sum;
        fast(Gemm { m, n, k: end - start, a, b, c, accumulate: false, parallel: false });
        sum
    });
    parallel::pieces(&mut c[..m * n], parallel::PIECE, |i, c| {
        c.fill(0.0);
        for sum in &sums {
            c.iter_mut().zip(&sum[i * parallel::PIECE..]).for_each(|(c, x)| *c += x);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 37 + seed * 101) % 29) as f32 / 29.0 - 0.5).collect()
    }

    /// Both routes agree for every transpose, and threads do not change a bit.
    #[test]
    fn fast_agrees_with_plain() {
        for (m, n, k) in [(1, 1, 1), (5, 7, 3), (33, 65, 130), (257, 100, 64)] {
            let (a, b) = (matrix(m * k, 1), matrix(k * n, 2));
            for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
                let run = |which: fn(Gemm<'_, f32>), parallel| {
                    let mut c = matrix(m * n, 3);
                    which(Gemm {
                        m,
                        n,
                        k,
                        a: Matrix::new(&a, if ta { m } else { k }, ta),
                        b: Matrix::new(&b, if tb { k } else { n }, tb),
                        c: &mut c,
                        accumulate: true,
                        parallel,
                    });
                    c
                };
                let expected = run(plain, false);
                let found = run(fast, false);
                assert_eq!(found, run(fast, true), "threads changed {m}×{n}×{k}");
                for (e, f) in expected.iter().zip(&found) {
                    assert!((e - f).abs() < 1e-4, "{m}×{n}×{k}: {e} and {f}");
                }
            }
        }
    }

    #[test]
    fn long_sums_agree_with_plain() {
        for [m, n, k] in [[1, 1, 4], [3, 5, 67], [40, 17, 300]] {
            let (a, b) = (matrix(m * k, 1), matrix(k * n, 2));
            let [plain, fast] = [plain, fast].map(|which: fn(Gemm<'_, f32>)| {
                let (a, b) = (Matrix::new(&a, m, true), Matrix::new(&b, n, false));
                let mut c = vec![f32::NAN; m * n];
                which(Gemm { m, n, k, a, b, c: &mut c, accumulate: false, parallel: true });
                c
            });
            for (plain, fast) in plain.iter().zip(&fast) {
                assert!((plain - fast).abs() < 1e-4, "{m}×{n}×{k}: {plain} and {fast}");
            }
        }
    }
}

//! The upper or the lower triangle of a matrix.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Float, Tensor, check};

/// Keeps `x[…, i, j]` where `low ≤ j − i ≤ high`; the rest is zero.
struct Triangle {
    rows: usize,
    columns: usize,
    low: i32,
    high: i32,
}

impl Operation<1, 1> for Triangle {
    const NAME: &'static str = "triangle";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y]: [&mut [T]; 1]) {
        let columns = self.columns;
        let block = (parallel::PIECE / columns.max(1)).max(1);
        parallel::pieces(y, block * columns.max(1), |piece, y| {
            for (j, y) in y.chunks_mut(columns).enumerate() {
                let row = piece * block + j;
                let x = &x[row * columns..][..columns];
                let [first, end] = self.kept(row % self.rows);
                y[..first].fill(T::zero());
                y[first..end].copy_from_slice(&x[first..end]);
                y[end..].fill(T::zero());
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [x]: [&GpuBuffer; 1], [y]: [&GpuBuffer; 1]) {
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: include_str!("triangle.wgsl"),
            paste: "",
            inputs: &[x],
            outputs: &[y],
            params: &[
                y.elements().word(),
                self.rows.word(),
                self.columns.word(),
                self.low.cast_unsigned(),
                self.high.cast_unsigned(),
            ],
            grid: Grid::threads(y.elements()),
        });
    }
}

impl Triangle {
    /// The first column that row `i` keeps, and the first behind those.
    fn kept(&self, i: usize) -> [usize; 2] {
        let column = |offset: i64| (i as i64 + offset).clamp(0, self.columns as i64) as usize;
        let first = column(self.low.into());
        [first, column(i64::from(self.high) + 1).max(first)]
    }

    /// `lowest` and `highest` are the diagonals that are kept, 0 being the main one.
    #[track_caller]
    fn of(op: &str, x: &Tensor, lowest: isize, highest: isize) -> Tensor {
        let &[.., rows, columns] = &x.shape()[..] else {
            check::fail(op, &[x], "expected matrices, at least two axes")
        };
        // Diagonals beyond the matrix are all alike; these fit in 32 bits with room to add.
        let clamp = |diagonal: isize| diagonal.clamp(-(1 << 30), 1 << 30) as i32;
        let operation = Triangle { rows, columns, low: clamp(lowest), high: clamp(highest) };
        let [y] = run(&operation, [x], [x.shape().clone()]);
        y
    }
}

impl Tensor {
    /// The upper triangles of `[…, m, n]`: entries on and above a diagonal, 0 being the main one
    /// and 1 the one above it; zero below.
    ///
    /// # Panics
    /// Where there are fewer than two axes.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::ones(&Device::cpu(), [2, 2]);
    /// assert_eq!(x.triu(1).to_vec::<f32>(), [0.0, 1.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn triu(&self, diagonal: isize) -> Tensor {
        Triangle::of("triu", self, diagonal, isize::MAX)
    }

    /// The lower triangles of `[…, m, n]`: entries on and below a diagonal; zero above.
    ///
    /// # Panics
    /// Where there are fewer than two axes.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::ones(&Device::cpu(), [2, 2]);
    /// assert_eq!(x.tril(0).to_vec::<f32>(), [1.0, 0.0, 1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn tril(&self, diagonal: isize) -> Tensor {
        Triangle::of("tril", self, isize::MIN, diagonal)
    }
}

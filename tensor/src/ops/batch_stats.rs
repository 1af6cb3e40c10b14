//! The statistics of a batch: mean and biased variance of each column of `[rows, c]`.

use crate::cpu::parallel;
use crate::gpu::totals::{Rows, Terms};
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Float, Shape, Tensor, check};

/// A number of values, their mean, and the sum of the squares of their distances from it.
#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Those of both sets of values (Chan, Golub & LeVeque 1979, *Updating formulae and a pairwise
    /// algorithm for computing sample variances*).
    fn join(&mut self, other: Moments) {
        let count = self.count + other.count;
        let apart = other.mean - self.mean;
        self.mean += apart * other.count / count;
        self.squares += other.squares + apart * apart * self.count * other.count / count;
        self.count = count;
    }
}

/// Mean and biased variance of each column.
struct Stats {
    rows: usize,
    c: usize,
}

impl Operation<1, 2> for Stats {
    const NAME: &'static str = "batch_stats";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [mean, var]: [&mut [T]; 2]) {
        let Stats { rows, c } = *self;
        // A block's sums are of distances from its own first row, then from its own mean: sums of the
        // values themselves would lose the digits of a small variance, and a collapse is a small
        // variance. A block is short enough to be in cache the second time.
        let block = (parallel::PIECE / c.max(1)).max(1);
        let blocks = parallel::map(rows.div_ceil(block), |i| {
            let x = &x[i * block * c..rows.min((i + 1) * block) * c];
            let (first, count) = (&x[..c], T::from_f64((x.len() / c) as f64));
            let mut sums = vec![T::zero(); 2 * c];
            let (offset, squares) = sums.split_at_mut(c);
            for x in x.chunks_exact(c) {
                for j in 0..c {
                    offset[j] += x[j] - first[j];
                }
            }
            offset.iter_mut().for_each(|offset| *offset /= count);
            for x in x.chunks_exact(c) {
                for j in 0..c {
                    let distance = x[j] - first[j] - offset[j];
                    squares[j] += distance * distance;
                }
            }
            sums
        });
        for j in 0..c {
            let mut all = Moments::default();
            for (i, sums) in blocks.iter().enumerate() {
                let count = block.min(rows - i * block) as f64;
                let mean = x[i * block * c + j].to_f64() + sums[j].to_f64();
                all.join(Moments { count, mean, squares: sums[c + j].to_f64() });
            }
            mean[j] = T::from_f64(all.mean);
            var[j] = T::from_f64(all.squares / all.count);
        }
    }

    fn gpu(&self, gpu: &Gpu, [x]: [&GpuBuffer; 1], [mean, var]: [&GpuBuffer; 2]) {
        let rows = Rows { outer: 1, rows: self.rows, inner: self.c };
        let mean_of = 1.0 / self.rows as f64;
        let offset = gpu.allocate(self.c);
        let distances = Terms {
            name: "batch_offset",
            wgsl: concat!(include_str!("../gpu/columns.wgsl"), include_str!("batch_offset.wgsl")),
            inputs: &[x],
        };
        rows.totals(gpu, distances, mean_of, &offset);
        let squares = Terms {
            name: Self::NAME,
            wgsl: concat!(include_str!("../gpu/columns.wgsl"), include_str!("batch_stats.wgsl")),
            inputs: &[x, &offset],
        };
        rows.totals(gpu, squares, mean_of, var);
        gpu.launch(Launch {
            name: "batch_mean",
            wgsl: include_str!("batch_mean.wgsl"),
            paste: "",
            inputs: &[x, &offset],
            outputs: &[mean],
            params: &[self.c.word()],
            grid: Grid::threads(self.c),
        });
    }
}

impl Tensor {
    /// Mean and biased variance of each column of `[…, c]`, both of shape `[c]`.
    ///
    /// # Panics
    /// Where there are fewer than two rows: one row has no variance.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 1], &[1.0, 3.0]);
    /// let (mean, var) = x.batch_stats();
    /// assert_eq!((mean.item(), var.item()), (2.0, 1.0));
    /// ```
    #[track_caller]
    pub fn batch_stats(&self) -> (Tensor, Tensor) {
        let (rows, c) = self.columns("batch_stats");
        if rows < 2 {
            check::fail("batch_stats", &[self], "needs at least 2 rows, one has no variance");
        }
        let shape = Shape::from([c]);
        let [mean, var] = run(&Stats { rows, c }, [self], [shape.clone(), shape]);
        (mean, var)
    }
}

//! Means over windows of `[n, h, w, c]`, and over whole images.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::ops::pool2d::Windows;
use crate::{Float, Pool2d, Tensor, check};

/// The sum under each window over the window's extent: the padding counts as zeros.
struct AvgPool2d(Windows);

impl Operation<1, 1> for AvgPool2d {
    const NAME: &'static str = "avg_pool2d";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y]: [&mut [T]; 1]) {
        let g = self.0;
        average(g, y, g.output, g.input, x, |axis, o, k| g.under(axis, o, k));
    }

    fn gpu(&self, gpu: &Gpu, [x]: [&GpuBuffer; 1], [y]: [&GpuBuffer; 1]) {
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: concat!(include_str!("../gpu/pool2d.wgsl"), include_str!("avg_pool2d.wgsl")),
            paste: "",
            inputs: &[x],
            outputs: &[y],
            params: &[self.0.words(y.elements()), vec![share(self.0).word()]].concat(),
            grid: Grid::threads(y.elements()),
        });
    }
}

/// Each input gathers its share of the windows that lie over it.
struct AvgPool2dGrad(Windows);

impl Operation<1, 1> for AvgPool2dGrad {
    const NAME: &'static str = "avg_pool2d_grad";

    fn cpu<T: Float>(&self, [dy]: [&[T]; 1], [dx]: [&mut [T]; 1]) {
        let g = self.0;
        average(g, dx, g.input, g.output, dy, |axis, i, k| g.over(axis, i, k));
    }

    fn gpu(&self, gpu: &Gpu, [dy]: [&GpuBuffer; 1], [dx]: [&GpuBuffer; 1]) {
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: concat!(include_str!("../gpu/pool2d.wgsl"), include_str!("avg_pool2d_grad.wgsl")),
            paste: "",
            inputs: &[dy],
            outputs: &[dx],
            params: &[self.0.words(dx.elements()), vec![share(self.0).word()]].concat(),
            grid: Grid::threads(dx.elements()),
        });
    }
}

fn share(g: Windows) -> f64 {
    1.0 / (g.pool.kernel[0] * g.pool.kernel[1]) as f64
}

/// For each pixel of `y`, of size `to`, the scaled sum of the pixels of `x`, of size `from`, where
/// `meets(axis, position, tap)` says which one a tap leads to, if any.
fn average<T: Float>(
    g: Windows,
    y: &mut [T],
    to: [usize; 2],
    from: [usize; 2],
    x: &[T],
    meets: impl Fn(usize, usize, usize) -> Option<usize> + Sync,
) {
    let share = T::from_f64(share(g));
    parallel::pieces(y, to[1] * g.c, |i, y| {
        let (image, row) = (i / to[0], i % to[0]);
        y.fill(T::zero());
        for (column, y) in y.chunks_exact_mut(g.c).enumerate() {
            for from_row in (0..g.pool.kernel[0]).filter_map(|k| meets(0, row, k)) {
                for from_column in (0..g.pool.kernel[1]).filter_map(|k| meets(1, column, k)) {
                    let at = ((image * from[0] + from_row) * from[1] + from_column) * g.c;
                    for (y, &x) in y.iter_mut().zip(&x[at..][..g.c]) {
                        *y += x;
                    }
                }
            }
            for y in y {
                *y *= share;
            }
        }
    });
}

impl Tensor {
    /// The means of each window, `[n, h', w', c]`. The divisor is the window's extent everywhere:
    /// the padding counts as zeros.
    ///
    /// # Panics
    /// Where the tensor is not `[n, h, w, c]`, the window or the stride is 0, or the window is
    /// larger than the padded image.
    ///
    /// ```
    /// # use tensor::{Device, Pool2d, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [1, 2, 2, 1], &[1.0, 4.0, 4.0, 3.0]);
    /// assert_eq!(x.avg_pool2d(Pool2d::new(2, 2, 0)).item(), 3.0);
    /// ```
    #[track_caller]
    pub fn avg_pool2d(&self, pool: Pool2d) -> Tensor {
        let g = Windows::new("avg_pool2d", self, pool);
        let [y] = run(&AvgPool2d(g), [self], [g.output_shape()]);
        y
    }

    /// The cotangent of [`avg_pool2d`](Tensor::avg_pool2d)'s input `self`, given its output's.
    ///
    /// ```
    /// # use tensor::{Device, Pool2d, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [1, 2, 2, 1], &[1.0, 4.0, 3.0, 2.0]);
    /// let dy = Tensor::ones(&Device::cpu(), [1, 1, 1, 1]);
    /// let dx = x.avg_pool2d_grad(&dy, Pool2d::new(2, 2, 0));
    /// assert_eq!(dx.to_vec::<f32>(), [0.25; 4]);
    /// ```
    #[track_caller]
    pub fn avg_pool2d_grad(&self, dy: &Tensor, pool: Pool2d) -> Tensor {
        let g = Windows::new("avg_pool2d_grad", self, pool);
        check::shape("avg_pool2d_grad", dy, g.output_shape());
        let [dx] = run(&AvgPool2dGrad(g), [dy], [self.shape().clone()]);
        dx
    }

    /// The mean of each image's pixels, `[n, h, w, c] → [n, c]`.
    ///
    /// # Panics
    /// Where the tensor is not `[n, h, w, c]`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [1, 1, 2, 2], &[1.0, 2.0, 3.0, 6.0]);
    /// assert_eq!(x.global_avg_pool().to_vec::<f32>(), [2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn global_avg_pool(&self) -> Tensor {
        check::rank("global_avg_pool", self, 4, "[n, h, w, c]");
        self.mean(&[1, 2], false)
    }
}

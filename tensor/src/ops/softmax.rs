//! `softmax(x) = eˣ / Σ eˣ` and its logarithm along an axis.
//!
//! Every row is taken relative to its largest entry, so that logits of any size survive. An entry
//! of −∞ has probability 0; a row of nothing but −∞ has no probabilities, and becomes NaN.

use crate::cpu::{columns, parallel};
use crate::gpu::row::RowKernel;
use crate::gpu::{Gpu, GpuBuffer};
use crate::operation::{Operation, run};
use crate::{Float, Tensor, check};

struct Softmax {
    width: usize,
}

impl Operation<1, 1> for Softmax {
    const NAME: &'static str = "softmax";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y]: [&mut [T]; 1]) {
        let width = self.width;
        parallel::rows(y, width, |row, y| {
            let (_, sum) = exponentials(&x[row * width..][..width], y);
            for y in y {
                *y /= sum;
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 1], [y]: [&GpuBuffer; 1]) {
        let wgsl = concat!(
            include_str!("../gpu/row.wgsl"),
            include_str!("exponentials.wgsl"),
            include_str!("softmax.wgsl")
        );
        launch(gpu, (Self::NAME, wgsl), self.width, &inputs, y);
    }
}

/// Records a kernel that gives a workgroup to each row of `y`, `width` long.
fn launch(
    gpu: &Gpu,
    (name, wgsl): (&'static str, &'static str),
    width: usize,
    inputs: &[&GpuBuffer],
    y: &GpuBuffer,
) {
    let rows = y.elements() / width;
    RowKernel { name, wgsl, rows, width, params: &[] }.launch(gpu, inputs, &[y]);
}

/// `y = e^(x − max)`; returns the row's `max` and the sum of `y`.
pub(crate) fn exponentials<T: Float>(x: &[T], y: &mut [T]) -> (T, T) {
    let max = columns::row_max(x);
    for (y, &x) in y.iter_mut().zip(x) {
        *y = (max - x).decay();
    }
    (max, columns::row_sum(y))
}

/// `dx = y (dy − Σ y dy)`.
struct SoftmaxGrad {
    width: usize,
}

impl Operation<2, 1> for SoftmaxGrad {
    const NAME: &'static str = "softmax_grad";

    fn cpu<T: Float>(&self, [y, dy]: [&[T]; 2], [dx]: [&mut [T]; 1]) {
        let width = self.width;
        parallel::rows(dx, width, |row, dx| {
            let (y, dy) = (&y[row * width..][..width], &dy[row * width..][..width]);
            let product = columns::row_dot(y, dy);
            for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                *dx = y * (dy - product);
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 2], [dx]: [&GpuBuffer; 1]) {
        let wgsl = concat!(include_str!("../gpu/row.wgsl"), include_str!("softmax_grad.wgsl"));
        launch(gpu, (Self::NAME, wgsl), self.width, &inputs, dx);
    }
}

struct LogSoftmax {
    width: usize,
}

impl Operation<1, 1> for LogSoftmax {
    const NAME: &'static str = "log_softmax";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y]: [&mut [T]; 1]) {
        let width = self.width;
        parallel::rows(y, width, |row, y| {
            let x = &x[row * width..][..width];
            let (max, sum) = exponentials(x, y);
            let log_sum = sum.ln();
            for (y, &x) in y.iter_mut().zip(x) {
                *y = (x - max) - log_sum;
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 1], [y]: [&GpuBuffer; 1]) {
        let wgsl = concat!(
            include_str!("../gpu/row.wgsl"),
            include_str!("exponentials.wgsl"),
            include_str!("log_softmax.wgsl")
        );
        launch(gpu, (Self::NAME, wgsl), self.width, &inputs, y);
    }
}

/// `dx = dy − eʸ Σ dy`.
struct LogSoftmaxGrad {
    width: usize,
}

impl Operation<2, 1> for LogSoftmaxGrad {
    const NAME: &'static str = "log_softmax_grad";

    fn cpu<T: Float>(&self, [y, dy]: [&[T]; 2], [dx]: [&mut [T]; 1]) {
        let width = self.width;
        parallel::rows(dx, width, |row, dx| {
            let (y, dy) = (&y[row * width..][..width], &dy[row * width..][..width]);
            let sum = columns::row_sum(dy);
            for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                *dx = dy - y.exp() * sum;
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 2], [dx]: [&GpuBuffer; 1]) {
        let wgsl = concat!(include_str!("../gpu/row.wgsl"), include_str!("log_softmax_grad.wgsl"));
        launch(gpu, (Self::NAME, wgsl), self.width, &inputs, dx);
    }
}

impl Tensor {
    /// `eˣ / Σ eˣ` along an axis: probabilities. The last axis is the fast one; another is
    /// exchanged with it before and after.
    ///
    /// # Panics
    /// Where the axis is not there.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[1000.0, 1000.0]);
    /// assert_eq!(x.softmax(-1).to_vec::<f32>(), [0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Tensor {
        along_last("softmax", axis, [self], |[x], width| run_like(&Softmax { width }, [x]))
    }

    /// The cotangent of [`softmax`](Tensor::softmax)'s input, given its output `self` and the
    /// output's cotangent.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let y = Tensor::from_slice(&Device::cpu(), [2], &[0.5, 0.5]);
    /// let dy = Tensor::from_slice(&Device::cpu(), [2], &[1.0, 0.0]);
    /// assert_eq!(y.softmax_grad(&dy, -1).to_vec::<f32>(), [0.25, -0.25]);
    /// ```
    #[track_caller]
    pub fn softmax_grad(&self, dy: &Tensor, axis: isize) -> Tensor {
        check::shape("softmax_grad", dy, self.shape());
        along_last("softmax_grad", axis, [self, dy], |inputs, width| {
            run_like(&SoftmaxGrad { width }, inputs)
        })
    }

    /// `x − log Σ eˣ` along an axis: the logarithm of [`softmax`](Tensor::softmax), exact where
    /// that rounds to 0.
    ///
    /// # Panics
    /// Where the axis is not there.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[1000.0, 0.0]);
    /// assert_eq!(x.log_softmax(-1).to_vec::<f32>(), [0.0, -1000.0]);
    /// ```
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Tensor {
        along_last("log_softmax", axis, [self], |[x], width| run_like(&LogSoftmax { width }, [x]))
    }

    /// The cotangent of [`log_softmax`](Tensor::log_softmax)'s input, given its output `self` and
    /// the output's cotangent.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let y = Tensor::zeros(&Device::cpu(), [1]); // of one entry, whose probability stays 1
    /// assert_eq!(y.log_softmax_grad(&Tensor::ones(&Device::cpu(), [1]), -1).item(), 0.0);
    /// ```
    #[track_caller]
    pub fn log_softmax_grad(&self, dy: &Tensor, axis: isize) -> Tensor {
        check::shape("log_softmax_grad", dy, self.shape());
        along_last("log_softmax_grad", axis, [self, dy], |inputs, width| {
            run_like(&LogSoftmaxGrad { width }, inputs)
        })
    }
}

/// `f(inputs, width)` with `axis`, `width` long, exchanged with the last one, and back. The
/// inputs have one shape, which is the result's.
#[track_caller]
fn along_last<const N: usize>(
    op: &str,
    axis: isize,
    inputs: [&Tensor; N],
    f: impl FnOnce([&Tensor; N], usize) -> Tensor,
) -> Tensor {
    let axis = check::axes(op, inputs[0], &[axis])[0];
    let shape = inputs[0].shape();
    let (last, width) = (shape.rank() - 1, shape[axis].max(1));
    if axis == last {
        return f(inputs, width);
    }
    let mut order: Vec<usize> = (0..=last).collect();
    order.swap(axis, last);
    let exchanged = inputs.map(|x| x.permute(&order));
    f(exchanged.each_ref(), width).permute(&order)
}

/// Runs an operation whose result has its first input's shape.
#[track_caller]
fn run_like<K: Operation<I, 1>, const I: usize>(operation: &K, inputs: [&Tensor; I]) -> Tensor {
    let [y] = run(operation, inputs, [inputs[0].shape().clone()]);
    y
}

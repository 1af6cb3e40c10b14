//! `y = x / max(‖x‖, eps)` along the last axis.

use crate::cpu::{columns, parallel};
use crate::gpu::row::RowKernel;
use crate::gpu::{Gpu, GpuBuffer, Word};
use crate::operation::{Operation, run};
use crate::{Float, Tensor, check};

struct L2Normalize {
    width: usize,
    eps: f64,
}

impl Operation<1, 1> for L2Normalize {
    const NAME: &'static str = "l2_normalize";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y]: [&mut [T]; 1]) {
        let (width, eps) = (self.width, T::from_f64(self.eps));
        let rows = (parallel::PIECE / width).max(1);
        parallel::pieces(y, rows * width, |i, y| {
            for (j, y) in y.chunks_mut(width).enumerate() {
                let x = &x[(i * rows + j) * width..][..width];
                let norm = columns::row_dot(x, x).sqrt().max(eps);
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = x / norm;
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [x]: [&GpuBuffer; 1], [y]: [&GpuBuffer; 1]) {
        RowKernel {
            name: Self::NAME,
            wgsl: concat!(include_str!("../gpu/row.wgsl"), include_str!("l2_normalize.wgsl")),
            rows: y.elements() / self.width,
            width: self.width,
            params: &[self.eps.word()],
        }
        .launch(gpu, &[x], &[y]);
    }
}

/// `dx = (dy − y (y · dy)) / ‖x‖`; where the norm is below `eps`, which is then a constant,
/// `dx = dy / eps`.
struct L2NormalizeGrad {
    width: usize,
    eps: f64,
}

impl Operation<2, 1> for L2NormalizeGrad {
    const NAME: &'static str = "l2_normalize_grad";

    // ANCHOR: grad
    fn cpu<T: Float>(&self, [x, dy]: [&[T]; 2], [dx]: [&mut [T]; 1]) {
        let (width, eps) = (self.width, T::from_f64(self.eps));
        let rows = (parallel::PIECE / width).max(1);
        parallel::pieces(dx, rows * width, |i, dx| {
            for (j, dx) in dx.chunks_mut(width).enumerate() {
                let at = (i * rows + j) * width;
                let (x, dy) = (&x[at..][..width], &dy[at..][..width]);
                let norm = columns::row_dot(x, x).sqrt();
                // y (y · dy) = x (x · dy) / ‖x‖²
                let along =
                    if norm > eps { columns::row_dot(x, dy) / (norm * norm) } else { T::zero() };
                let norm = norm.max(eps);
                for ((dx, &x), &dy) in dx.iter_mut().zip(x).zip(dy) {
                    *dx = (dy - x * along) / norm;
                }
            }
        });
    }
    // ANCHOR_END: grad

    fn gpu(&self, gpu: &Gpu, [x, dy]: [&GpuBuffer; 2], [dx]: [&GpuBuffer; 1]) {
        RowKernel {
            name: Self::NAME,
            wgsl: concat!(include_str!("../gpu/row.wgsl"), include_str!("l2_normalize_grad.wgsl")),
            rows: dx.elements() / self.width,
            width: self.width,
            params: &[self.eps.word()],
        }
        .launch(gpu, &[x, dy], &[dx]);
    }
}

impl Tensor {
    /// Every feature vector divided by its length, or by `eps` where it is shorter than that:
    /// a zero row stays zero.
    ///
    /// # Panics
    /// Where the tensor has no axis.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[3.0, 4.0]);
    /// assert_eq!(x.l2_normalize(1e-12).to_vec::<f32>(), [0.6, 0.8]);
    /// ```
    #[track_caller]
    pub fn l2_normalize(&self, eps: f64) -> Tensor {
        let width = self.features("l2_normalize");
        let [y] = run(&L2Normalize { width, eps }, [self], [self.shape().clone()]);
        y
    }

    /// The cotangent of [`l2_normalize`](Tensor::l2_normalize)'s input `self`, given its
    /// output's.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[2.0, 0.0]);
    /// // Along itself a vector cannot change its direction.
    /// assert_eq!(x.l2_normalize_grad(&x, 1e-12).to_vec::<f32>(), [0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn l2_normalize_grad(&self, dy: &Tensor, eps: f64) -> Tensor {
        let width = self.features("l2_normalize_grad");
        check::shape("l2_normalize_grad", dy, self.shape());
        let [dx] = run(&L2NormalizeGrad { width, eps }, [self, dy], [self.shape().clone()]);
        dx
    }

    #[track_caller]
    fn features(&self, op: &str) -> usize {
        if self.shape().rank() == 0 {
            check::fail(op, &[self], "expected at least one axis");
        }
        self.shape().features().max(1)
    }
}

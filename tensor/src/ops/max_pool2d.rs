//! Maxima over windows of `[n, h, w, c]`.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch};
use crate::operation::{Operation, run};
use crate::ops::pool2d::Windows;
use crate::{Float, Pool2d, Tensor, check};

/// The maxima, and for each which tap of the window held it: the first, where several are equal,
/// and −1 where the whole window lies in the padding. A NaN is larger than any number, so that
/// it stays visible.
struct MaxPool2d(Windows);

impl Operation<1, 2> for MaxPool2d {
    const NAME: &'static str = "max_pool2d";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y, tap]: [&mut [T]; 2]) {
        let g = self.0;
        let [kh, kw] = g.pool.kernel;
        let row = (g.output[1] * g.c).max(1);
        parallel::pieces2((y, row), (tap, row), |i, y, tap| {
            let (image, oy) = (i / g.output[0], i % g.output[0]);
            y.fill(T::neg_infinity());
            tap.fill(-T::one());
            for ky in 0..kh {
                let Some(iy) = g.under(0, oy, ky) else { continue };
                for (ox, (y, tap)) in
                    y.chunks_exact_mut(g.c).zip(tap.chunks_exact_mut(g.c)).enumerate()
                {
                    for kx in 0..kw {
                        let Some(ix) = g.under(1, ox, kx) else { continue };
                        let at = ((image * g.input[0] + iy) * g.input[1] + ix) * g.c;
                        let this = T::from_f64((ky * kw + kx) as f64);
                        for ((y, tap), &x) in y.iter_mut().zip(&mut *tap).zip(&x[at..][..g.c]) {
                            let first_nan = x.is_nan() & !y.is_nan();
                            if (x > *y) | first_nan | (*tap < T::zero()) {
                                (*y, *tap) = (x, this);
                            }
                        }
                    }
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [x]: [&GpuBuffer; 1], [y, tap]: [&GpuBuffer; 2]) {
        let lowest = f32::NEG_INFINITY.to_bits();
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: concat!(include_str!("../gpu/pool2d.wgsl"), include_str!("max_pool2d.wgsl")),
            paste: "",
            inputs: &[x],
            outputs: &[y, tap],
            params: &[self.0.words(y.elements()), vec![lowest]].concat(),
            grid: Grid::threads(y.elements()),
        });
    }
}

/// Each input gathers from the windows that it won; windows never write into each other.
struct MaxPool2dGrad(Windows);

impl Operation<2, 1> for MaxPool2dGrad {
    const NAME: &'static str = "max_pool2d_grad";

    fn cpu<T: Float>(&self, [tap, dy]: [&[T]; 2], [dx]: [&mut [T]; 1]) {
        let g = self.0;
        let [kh, kw] = g.pool.kernel;
        parallel::pieces(dx, g.input[1] * g.c, |i, dx| {
            let (image, iy) = (i / g.input[0], i % g.input[0]);
            dx.fill(T::zero());
            for ky in 0..kh {
                let Some(oy) = g.over(0, iy, ky) else { continue };
                for (ix, dx) in dx.chunks_exact_mut(g.c).enumerate() {
                    for kx in 0..kw {
                        let Some(ox) = g.over(1, ix, kx) else { continue };
                        let at = ((image * g.output[0] + oy) * g.output[1] + ox) * g.c;
                        let this = T::from_f64((ky * kw + kx) as f64);
                        for (j, dx) in dx.iter_mut().enumerate() {
                            if tap[at + j] == this {
                                *dx += dy[at + j];
                            }
                        }
                    }
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [tap, dy]: [&GpuBuffer; 2], [dx]: [&GpuBuffer; 1]) {
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: concat!(include_str!("../gpu/pool2d.wgsl"), include_str!("max_pool2d_grad.wgsl")),
            paste: "",
            inputs: &[tap, dy],
            outputs: &[dx],
            params: &self.0.words(dx.elements()),
            grid: Grid::threads(dx.elements()),
        });
    }
}

impl Tensor {
    /// The maxima of each window, `[n, h', w', c]`, and which tap of the window (row-major, from
    /// 0) held each: the first one, where several are equal. A NaN counts as the largest; a
    /// window that lies in the padding holds −∞ and no tap, −1.
    ///
    /// # Panics
    /// Where the tensor is not `[n, h, w, c]`, the window or the stride is 0, or the window is
    /// larger than the padded image.
    ///
    /// ```
    /// # use tensor::{Device, Pool2d, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [1, 2, 2, 1], &[1.0, 4.0, 4.0, 3.0]);
    /// let (y, tap) = x.max_pool2d(Pool2d::new(2, 2, 0));
    /// assert_eq!((y.item(), tap.item()), (4.0, 1.0));
    /// ```
    #[track_caller]
    pub fn max_pool2d(&self, pool: Pool2d) -> (Tensor, Tensor) {
        let g = Windows::new("max_pool2d", self, pool);
        let [y, tap] = run(&MaxPool2d(g), [self], [g.output_shape(), g.output_shape()]);
        (y, tap)
    }

    /// The cotangent of [`max_pool2d`](Tensor::max_pool2d)'s input `self`, given the taps that
    /// won and the output's cotangent.
    ///
    /// ```
    /// # use tensor::{Device, Pool2d, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [1, 2, 2, 1], &[1.0, 4.0, 3.0, 2.0]);
    /// let (y, tap) = x.max_pool2d(Pool2d::new(2, 2, 0));
    /// let dx = x.max_pool2d_grad(&tap, &y, Pool2d::new(2, 2, 0));
    /// assert_eq!(dx.to_vec::<f32>(), [0.0, 4.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn max_pool2d_grad(&self, tap: &Tensor, dy: &Tensor, pool: Pool2d) -> Tensor {
        let g = Windows::new("max_pool2d_grad", self, pool);
        check::shape("max_pool2d_grad", tap, g.output_shape());
        check::shape("max_pool2d_grad", dy, g.output_shape());
        let [dx] = run(&MaxPool2dGrad(g), [tap, dy], [self.shape().clone()]);
        dx
    }
}

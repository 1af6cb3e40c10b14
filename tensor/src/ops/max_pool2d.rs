//! Maxima over windows of `[n, h, w, c]`.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Conv2d, Float, Tensor, check};

/// How windows are laid over the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool2d {
    /// Height and width of a window.
    pub kernel: [usize; 2],
    /// Pixels from one window to the next, down and across.
    pub stride: [usize; 2],
    /// Rows and columns around the image; they never win.
    pub padding: [usize; 2],
}

impl Pool2d {
    /// The same extent, stride and padding in both directions.
    pub fn new(kernel: usize, stride: usize, padding: usize) -> Self {
        Pool2d { kernel: [kernel; 2], stride: [stride; 2], padding: [padding; 2] }
    }
}

#[derive(Clone, Copy)]
struct Geometry {
    n: usize,
    input: [usize; 2],
    output: [usize; 2],
    c: usize,
    pool: Pool2d,
}

impl Geometry {
    /// The input row or column under tap `k` of window `o` along `axis`, if inside the image.
    fn under(&self, axis: usize, o: usize, k: usize) -> Option<usize> {
        let i = (o * self.pool.stride[axis] + k).checked_sub(self.pool.padding[axis])?;
        (i < self.input[axis]).then_some(i)
    }

    /// The members of the kernels' `Params`, for `n` invocations.
    fn words(&self, n: usize) -> Vec<u32> {
        let Pool2d { kernel, stride, padding } = self.pool;
        let pairs = [self.input, self.output, kernel, stride, padding];
        [&[n, self.c], pairs.as_flattened()].concat().into_iter().map(Word::word).collect()
    }
}

/// The maxima, and for each which tap of the window held it: the first, where several are equal.
struct MaxPool2d(Geometry);

impl Operation<1, 2> for MaxPool2d {
    const NAME: &'static str = "max_pool2d";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y, tap]: [&mut [T]; 2]) {
        let g = self.0;
        let [kh, kw] = g.pool.kernel;
        let row = g.output[1] * g.c;
        parallel::pieces2((y, row), (tap, row), |i, y, tap| {
            let (image, oy) = (i / g.output[0], i % g.output[0]);
            y.fill(T::neg_infinity());
            tap.fill(T::zero());
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
                            if x > *y {
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
            wgsl: include_str!("max_pool2d.wgsl"),
            paste: "",
            inputs: &[x],
            outputs: &[y, tap],
            params: &[self.0.words(y.elements()), vec![lowest]].concat(),
            grid: Grid::threads(y.elements()),
        });
    }
}

/// Each input gathers from the windows that it won; windows never write into each other.
struct MaxPool2dGrad(Geometry);

impl Operation<2, 1> for MaxPool2dGrad {
    const NAME: &'static str = "max_pool2d_grad";

    fn cpu<T: Float>(&self, [tap, dy]: [&[T]; 2], [dx]: [&mut [T]; 1]) {
        let g = self.0;
        let [kh, kw] = g.pool.kernel;
        parallel::pieces(dx, g.input[1] * g.c, |i, dx| {
            let (image, iy) = (i / g.input[0], i % g.input[0]);
            dx.fill(T::zero());
            for ky in 0..kh {
                let Some(oy) = window(&g, 0, iy, ky) else { continue };
                for (ix, dx) in dx.chunks_exact_mut(g.c).enumerate() {
                    for kx in 0..kw {
                        let Some(ox) = window(&g, 1, ix, kx) else { continue };
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
            wgsl: include_str!("max_pool2d_grad.wgsl"),
            paste: "",
            inputs: &[tap, dy],
            outputs: &[dx],
            params: &self.0.words(dx.elements()),
            grid: Grid::threads(dx.elements()),
        });
    }
}

/// The window along `axis` whose tap `k` lies on input position `i`, if there is one.
fn window(g: &Geometry, axis: usize, i: usize, k: usize) -> Option<usize> {
    let span = (i + g.pool.padding[axis]).checked_sub(k)?;
    let o = span / g.pool.stride[axis];
    (span % g.pool.stride[axis] == 0 && o < g.output[axis]).then_some(o)
}

impl Tensor {
    /// The maxima of each window, `[n, h', w', c]`, and which tap of the window (row-major, from
    /// 0) held each: the first one, where several are equal.
    ///
    /// # Panics
    /// Where the tensor is not `[n, h, w, c]` or the window is larger than the padded image.
    #[track_caller]
    pub fn max_pool2d(&self, pool: Pool2d) -> (Tensor, Tensor) {
        let g = geometry("max_pool2d", self, pool);
        let shape = crate::Shape::from([g.n, g.output[0], g.output[1], g.c]);
        let [y, tap] = run(&MaxPool2d(g), [self], [shape.clone(), shape]);
        (y, tap)
    }

    /// The cotangent of [`max_pool2d`](Tensor::max_pool2d)'s input `self`, given the taps that
    /// won and the output's cotangent.
    #[track_caller]
    pub fn max_pool2d_grad(&self, tap: &Tensor, dy: &Tensor, pool: Pool2d) -> Tensor {
        let g = geometry("max_pool2d_grad", self, pool);
        let output = [g.n, g.output[0], g.output[1], g.c];
        check::shape("max_pool2d_grad", tap, output);
        check::shape("max_pool2d_grad", dy, output);
        let [dx] = run(&MaxPool2dGrad(g), [tap, dy], [self.shape().clone()]);
        dx
    }
}

#[track_caller]
fn geometry(op: &str, x: &Tensor, pool: Pool2d) -> Geometry {
    check::rank(op, x, 4, "[n, h, w, c]");
    let &[n, h, w, c] = x.shape().as_slice() else { unreachable!("the rank is 4") };
    let laid = Conv2d { stride: pool.stride, padding: pool.padding };
    let Some(output) = laid.output_size([h, w], pool.kernel) else {
        check::fail(op, &[x], format_args!("the window is larger than the image, {pool:?}"))
    };
    Geometry { n, input: [h, w], output, c, pool }
}

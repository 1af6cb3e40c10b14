//! Two-dimensional convolution: a matrix product over patches.
//!
//! With images `[n, h, w, c]` and weights `[kh, kw, c_in, c_out]`, the patch under an output
//! pixel is a row of `kh·kw·c_in` values, and the weights are a matrix with as many rows:
//!
//! ```text
//! forward          y[pixel]   = patch(x, pixel) · w            [pixels, kh·kw·c_in] × [·, c_out]
//! weight gradient  dw         = patches(x)ᵀ · dy               [kh·kw·c_in, pixels] × [·, c_out]
//! input gradient   dx[pixel]  = patch(dy, pixel) · wᵀ, flipped  [pixels, kh·kw·c_out] × [·, c_in]
//! ```
//!
//! On the CPU patches are gathered a block at a time, small enough to stay in cache, and each
//! block is one product.

use crate::cpu::gemm::{Gemm, Matrix};
use crate::cpu::parallel;
use crate::cpu::patches::{block, with_patches};
use crate::gpu::{self, Gpu, GpuBuffer};
use crate::operation::{Operation, run};
use crate::{Float, Tensor, check};

/// How a kernel is laid over the image; no dilation, no groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Pixels from one patch to the next, down and across.
    pub stride: [usize; 2],
    /// Zeros around the image, above and below, left and right.
    pub padding: [usize; 2],
}

impl Conv2d {
    /// The same stride and padding in both directions.
    pub fn new(stride: usize, padding: usize) -> Self {
        Conv2d { stride: [stride; 2], padding: [padding; 2] }
    }

    /// The extent of the output for an input and a kernel, `⌊(h + 2p − k) / s⌋ + 1` an axis;
    /// `None` where the kernel is larger than the padded image.
    pub fn output_size(&self, image: [usize; 2], kernel: [usize; 2]) -> Option<[usize; 2]> {
        let axis = |i: usize| {
            let span = (image[i] + 2 * self.padding[i]).checked_sub(kernel[i])?;
            Some(span / self.stride[i].max(1) + 1)
        };
        Some([axis(0)?, axis(1)?])
    }
}

/// The sizes of one convolution.
#[derive(Clone, Copy)]
pub(crate) struct Geometry {
    pub(crate) n: usize,
    /// Height and width of the input, and its channels.
    pub(crate) input: [usize; 2],
    pub(crate) c_in: usize,
    pub(crate) output: [usize; 2],
    pub(crate) c_out: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
}

impl Geometry {
    fn input_pixels(&self) -> usize {
        self.n * self.input[0] * self.input[1]
    }

    fn output_pixels(&self) -> usize {
        self.n * self.output[0] * self.output[1]
    }

    pub(crate) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// What the WGSL kernels take as constants.
    fn constants(&self) -> String {
        let (i, o, k, s, p) = (self.input, self.output, self.kernel, self.stride, self.padding);
        let pairs = [("IMAGE", i), ("OUTPUT", o), ("KERNEL", k), ("STRIDE", s), ("PADDING", p)];
        let pairs = pairs.map(|(name, [h, w])| format!("const {name} = vec2({h}u, {w}u);\n"));
        let channels = format!("const C_IN = {}u; const C_OUT = {}u;\n", self.c_in, self.c_out);
        pairs.concat() + &channels
    }

    /// A 1×1 kernel that visits every pixel: the image is its own matrix of patches.
    fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.padding == [0, 0]
    }
}

struct Forward(Geometry);

impl Operation<2, 1> for Forward {
    const NAME: &'static str = "conv2d";

    fn cpu<T: Float>(&self, [x, w]: [&[T]; 2], [y]: [&mut [T]; 1]) {
        let g = self.0;
        let patch = g.taps() * g.c_in;
        let rows = block(patch);
        parallel::pieces(y, rows * g.c_out, |i, y| {
            let count = y.len() / g.c_out;
            with_patches(
                g.is_pointwise(),
                x,
                i * rows,
                count,
                patch,
                |first, patches| {
                    g.gather_input(x, first, patches);
                },
                |patches| {
                    T::gemm(Gemm {
                        m: count,
                        n: g.c_out,
                        k: patch,
                        a: Matrix::new(patches, patch, false),
                        b: Matrix::new(w, g.c_out, false),
                        c: y,
                        accumulate: false,
                        parallel: false,
                    });
                },
            );
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 2], [y]: [&GpuBuffer; 1]) {
        let g = self.0;
        let product = gpu::gemm::Gemm {
            name: Self::NAME,
            wgsl: concat!(
                include_str!("../gpu/gemm.wgsl"),
                include_str!("../gpu/patches.wgsl"),
                include_str!("conv2d.wgsl")
            ),
            paste: g.constants(),
            batch: 1,
            m: g.output_pixels(),
            n: g.c_out,
            k: g.taps() * g.c_in,
            a_along_k: true,
            b_along_n: true,
            inputs,
            params: &[],
        };
        product.launch(gpu, y);
    }
}

struct InputGrad(Geometry);

impl Operation<2, 1> for InputGrad {
    const NAME: &'static str = "conv2d_input_grad";

    fn cpu<T: Float>(&self, [w, dy]: [&[T]; 2], [dx]: [&mut [T]; 1]) {
        let g = self.0;
        // [tap, c_in, c_out] becomes [tap, c_out, c_in], so that a patch of cotangents
        // multiplies a plain matrix.
        let mut flipped = vec![T::zero(); w.len()];
        for (tap, turned) in w
            .chunks_exact((g.c_in * g.c_out).max(1))
            .zip(flipped.chunks_exact_mut((g.c_in * g.c_out).max(1)))
        {
            for (ci, row) in tap.chunks_exact(g.c_out).enumerate() {
                for (co, &value) in row.iter().enumerate() {
                    turned[co * g.c_in + ci] = value;
                }
            }
        }
        let patch = g.taps() * g.c_out;
        let rows = block(patch);
        parallel::pieces(dx, rows * g.c_in, |i, dx| {
            let count = dx.len() / g.c_in;
            with_patches(
                g.is_pointwise(),
                dy,
                i * rows,
                count,
                patch,
                |first, patches| {
                    g.gather_output(dy, first, patches);
                },
                |patches| {
                    T::gemm(Gemm {
                        m: count,
                        n: g.c_in,
                        k: patch,
                        a: Matrix::new(patches, patch, false),
                        b: Matrix::new(&flipped, g.c_in, false),
                        c: dx,
                        accumulate: false,
                        parallel: false,
                    });
                },
            );
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 2], [dx]: [&GpuBuffer; 1]) {
        let g = self.0;
        let product = gpu::gemm::Gemm {
            name: Self::NAME,
            wgsl: concat!(include_str!("../gpu/gemm.wgsl"), include_str!("conv2d_input_grad.wgsl")),
            paste: g.constants(),
            batch: 1,
            m: g.input_pixels(),
            n: g.c_in,
            k: g.taps() * g.c_out,
            a_along_k: true,
            b_along_n: false,
            inputs,
            params: &[],
        };
        product.launch(gpu, dx);
    }
}

struct WeightGrad(Geometry);

/// The weight gradient sums over all pixels; this many runs of them are summed side by side and
/// then in order, whatever the number of threads.
const RUNS: usize = 8;

impl Operation<2, 1> for WeightGrad {
    const NAME: &'static str = "conv2d_weight_grad";

    fn cpu<T: Float>(&self, [x, dy]: [&[T]; 2], [dw]: [&mut [T]; 1]) {
        let g = self.0;
        let patch = g.taps() * g.c_in;
        let (pixels, rows) = (g.output_pixels(), block(patch));
        let run = pixels.div_ceil(RUNS).next_multiple_of(rows);
        let partials = parallel::map(pixels.div_ceil(run.max(1)), |i| {
            let mut partial = vec![T::zero(); dw.len()];
            let end = ((i + 1) * run).min(pixels);
            for first in (i * run..end).step_by(rows) {
                let count = rows.min(end - first);
                with_patches(
                    g.is_pointwise(),
                    x,
                    first,
                    count,
                    patch,
                    |first, patches| {
                        g.gather_input(x, first, patches);
                    },
                    |patches| {
                        T::gemm(Gemm {
                            m: patch,
                            n: g.c_out,
                            k: count,
                            a: Matrix::new(patches, patch, true),
                            b: Matrix::new(&dy[first * g.c_out..], g.c_out, false),
                            c: &mut partial,
                            accumulate: true,
                            parallel: false,
                        });
                    },
                );
            }
            partial
        });
        dw.fill(T::zero());
        for partial in partials {
            for (dw, part) in dw.iter_mut().zip(partial) {
                *dw += part;
            }
        }
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 2], [dw]: [&GpuBuffer; 1]) {
        let g = self.0;
        let product = gpu::gemm::Gemm {
            name: Self::NAME,
            wgsl: concat!(
                include_str!("../gpu/gemm.wgsl"),
                include_str!("../gpu/patches.wgsl"),
                include_str!("conv2d_weight_grad.wgsl")
            ),
            paste: g.constants(),
            batch: 1,
            m: g.c_out,
            n: g.taps() * g.c_in,
            k: g.output_pixels(),
            a_along_k: false,
            b_along_n: true,
            inputs,
            params: &[],
        };
        product.launch(gpu, dw);
    }
}

impl Tensor {
    /// Cross-correlation of images `[n, h, w, c_in]` with weights `[kh, kw, c_in, c_out]`, zeros
    /// around the image; the result is `[n, h', w', c_out]`.
    ///
    /// # Panics
    /// Where the ranks or channels do not fit, or the kernel is larger than the padded image.
    #[track_caller]
    pub fn conv2d(&self, weight: &Tensor, conv: Conv2d) -> Tensor {
        let g = geometry("conv2d", self, weight, conv);
        let [y] =
            run(&Forward(g), [self, weight], [[g.n, g.output[0], g.output[1], g.c_out].into()]);
        y
    }

    /// The cotangent of [`conv2d`](Tensor::conv2d)'s input `self`, given its output's.
    #[track_caller]
    pub fn conv2d_input_grad(&self, weight: &Tensor, dy: &Tensor, conv: Conv2d) -> Tensor {
        let g = geometry("conv2d_input_grad", self, weight, conv);
        check::shape("conv2d_input_grad", dy, [g.n, g.output[0], g.output[1], g.c_out]);
        let [dx] = run(&InputGrad(g), [weight, dy], [self.shape().clone()]);
        dx
    }

    /// The cotangent of [`conv2d`](Tensor::conv2d)'s weights, given its input `self` and its
    /// output's cotangent.
    #[track_caller]
    pub fn conv2d_weight_grad(&self, weight: &Tensor, dy: &Tensor, conv: Conv2d) -> Tensor {
        let g = geometry("conv2d_weight_grad", self, weight, conv);
        check::shape("conv2d_weight_grad", dy, [g.n, g.output[0], g.output[1], g.c_out]);
        let [dw] = run(&WeightGrad(g), [self, dy], [weight.shape().clone()]);
        dw
    }
}

#[track_caller]
fn geometry(op: &str, x: &Tensor, w: &Tensor, conv: Conv2d) -> Geometry {
    check::rank(op, x, 4, "[n, h, w, c]");
    check::rank(op, w, 4, "[kh, kw, c_in, c_out]");
    let (&[n, h, wide, c_in], &[kh, kw, wc, c_out]) = (x.shape().as_slice(), w.shape().as_slice())
    else {
        unreachable!("both ranks are 4")
    };
    if c_in != wc {
        check::fail(op, &[x, w], format_args!("{c_in} channels meet weights for {wc}"));
    }
    let Some(output) = conv.output_size([h, wide], [kh, kw]) else {
        check::fail(op, &[x, w], format_args!("the kernel is larger than the image, {conv:?}"))
    };
    Geometry {
        n,
        input: [h, wide],
        c_in,
        output,
        c_out,
        kernel: [kh, kw],
        stride: conv.stride,
        padding: conv.padding,
    }
}

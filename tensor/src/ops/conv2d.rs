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
//! Channels in groups are taken apart first, and each group is a product of its own; where every
//! group has one input channel, the sums are computed directly.

mod depthwise;
mod geometry;
mod phases;

pub use self::geometry::Conv2d;
pub(crate) use self::geometry::{Geometry, Side};

use self::phases::Phases;
use crate::cpu::patches::Patches;
use crate::gpu::gemm::{Gemm, Operand};
use crate::gpu::{Gpu, GpuBuffer, Word};
use crate::operation::{Operation, run};
use crate::{Float, Shape, Tensor, check};

struct Forward(Geometry);

impl Operation<2, 1> for Forward {
    const NAME: &'static str = "conv2d";

    fn flops(&self) -> f64 {
        self.0.flops()
    }

    fn cpu<T: Float>(&self, [x, w]: [&[T]; 2], [y]: [&mut [T]; 1]) {
        let g = &self.0;
        if g.is_depthwise() {
            return depthwise::forward(g, x, w, y);
        }
        for (x, w, y) in by_group(g, x, w, y) {
            let patches = Patches { geometry: g, side: Side::Outputs, values: x };
            T::patches_times(&patches, w, y);
        }
    }

    fn gpu(&self, gpu: &Gpu, [x, w]: [&GpuBuffer; 2], [y]: [&GpuBuffer; 1]) {
        let g = &self.0;
        if g.is_depthwise() {
            return depthwise::launch_forward(g, gpu, [x, w], y);
        }
        let product = Gemm {
            name: Self::NAME,
            wgsl: concat!(
                include_str!("../gpu/gemm.wgsl"),
                include_str!("../gpu/patches.wgsl"),
                include_str!("conv2d.wgsl")
            ),
            paste: g.constants(Side::Outputs),
            batch: g.conv.groups,
            m: g.pixels(Side::Outputs),
            n: g.c_out,
            k: g.taps() * g.c_in,
            a: Operand { name: "x", buffer: x, along_k: true, row: g.c_in },
            b: Operand { name: "w", buffer: w, along_k: false, row: g.c_out },
            bias: None,
            y: "y",
            params: &steps(g, [x, w]),
        };
        product.launch(gpu, y);
    }
}

struct InputGrad(Geometry);

impl Operation<2, 1> for InputGrad {
    const NAME: &'static str = "conv2d_input_grad";

    fn flops(&self) -> f64 {
        self.0.flops()
    }

    fn cpu<T: Float>(&self, [w, dy]: [&[T]; 2], [dx]: [&mut [T]; 1]) {
        let g = &self.0;
        if g.is_depthwise() {
            return depthwise::input_grad(g, w, dy, dx);
        }
        for (w, dy, dx) in by_group(g, w, dy, dx) {
            let patches = Patches { geometry: g, side: Side::Inputs, values: dy };
            T::patches_times(&patches, w, dx);
        }
    }

    fn gpu(&self, gpu: &Gpu, [w, dy]: [&GpuBuffer; 2], [dx]: [&GpuBuffer; 1]) {
        let g = &self.0;
        if g.is_depthwise() {
            return depthwise::launch_input_grad(g, gpu, [w, dy], dx);
        }
        let phases = Phases::of(g);
        let product = Gemm {
            name: Self::NAME,
            wgsl: concat!(
                include_str!("../gpu/gemm.wgsl"),
                include_str!("../gpu/patches.wgsl"),
                include_str!("conv2d_input_grad.wgsl")
            ),
            paste: phases.constants(g),
            batch: g.conv.groups * phases.count(),
            m: phases.pixels(g),
            n: g.c_in,
            k: phases.taps() * g.c_out,
            a: Operand { name: "dy", buffer: dy, along_k: true, row: g.c_out },
            b: Operand { name: "w", buffer: w, along_k: true, row: g.c_out },
            bias: None,
            y: "dx",
            params: &steps(g, [dy, w]),
        };
        product.launch(gpu, dx);
    }
}

struct WeightGrad(Geometry);

impl Operation<2, 1> for WeightGrad {
    const NAME: &'static str = "conv2d_weight_grad";

    fn flops(&self) -> f64 {
        self.0.flops()
    }

    fn cpu<T: Float>(&self, [x, dy]: [&[T]; 2], [dw]: [&mut [T]; 1]) {
        let g = &self.0;
        if g.is_depthwise() {
            return depthwise::weight_grad(g, x, dy, dw);
        }
        for (x, dy, dw) in by_group(g, x, dy, dw) {
            let patches = Patches { geometry: g, side: Side::Outputs, values: x };
            T::patches_transposed_times(&patches, dy, g.c_out, dw);
        }
    }

    fn gpu(&self, gpu: &Gpu, [x, dy]: [&GpuBuffer; 2], [dw]: [&GpuBuffer; 1]) {
        let g = &self.0;
        if g.is_depthwise() {
            return depthwise::launch_weight_grad(g, gpu, [x, dy], dw);
        }
        let product = Gemm {
            name: Self::NAME,
            wgsl: concat!(
                include_str!("../gpu/gemm.wgsl"),
                include_str!("../gpu/patches.wgsl"),
                include_str!("conv2d_weight_grad.wgsl")
            ),
            paste: g.constants(Side::Outputs),
            batch: g.conv.groups,
            m: g.taps() * g.c_in,
            n: g.c_out,
            k: g.pixels(Side::Outputs),
            a: Operand { name: "x", buffer: x, along_k: false, row: g.c_in },
            b: Operand { name: "dy", buffer: dy, along_k: false, row: g.c_out },
            bias: None,
            y: "dw",
            params: &steps(g, [x, dy]),
        };
        product.launch(gpu, dw);
    }
}

/// The groups' parts of two inputs and an output, which lie one after the other.
fn by_group<'a, T>(
    g: &Geometry,
    a: &'a [T],
    b: &'a [T],
    y: &'a mut [T],
) -> impl Iterator<Item = (&'a [T], &'a [T], &'a mut [T])> {
    let groups = g.conv.groups;
    let [a_part, b_part, y_part] = [a.len(), b.len(), y.len()].map(|length| length / groups);
    let mut rest = y;
    (0..groups).map(move |group| {
        let (y, others) = std::mem::take(&mut rest).split_at_mut(y_part);
        rest = others;
        (&a[group * a_part..][..a_part], &b[group * b_part..][..b_part], y)
    })
}

/// From one group to the next in either operand.
fn steps(g: &Geometry, operands: [&GpuBuffer; 2]) -> [u32; 2] {
    operands.map(|operand| (operand.elements() / g.conv.groups).word())
}

impl Tensor {
    /// Cross-correlation of images `[n, h, w, c]` with weights `[kh, kw, c / groups, c_out]`,
    /// zeros around the image; the result is `[n, h', w', c_out]`. Output channel `o` sees the
    /// input channels of group `o / (c_out / groups)`.
    ///
    /// # Panics
    /// Where the ranks, channels or groups do not fit, a stride or dilation is 0, or the kernel is
    /// larger than the padded image.
    ///
    /// ```
    /// # use tensor::{Conv2d, Device, Tensor};
    /// let device = Device::cpu();
    /// let x = Tensor::ones(&device, [1, 5, 5, 4]);
    /// let w = Tensor::ones(&device, [3, 3, 2, 6]);
    /// let y = x.conv2d(&w, Conv2d::new(2, 1).groups(2));
    /// assert_eq!(y.shape().as_slice(), [1, 3, 3, 6]);
    /// ```
    #[track_caller]
    pub fn conv2d(&self, weight: &Tensor, conv: Conv2d) -> Tensor {
        let g = Geometry::new("conv2d", self, weight, conv);
        pass(&g, &Forward(g), [self, weight], g.output_shape())
    }

    /// The cotangent of [`conv2d`](Tensor::conv2d)'s input `self`, given its output's.
    ///
    /// ```
    /// # use tensor::{Conv2d, Device, Tensor};
    /// let x = Tensor::ones(&Device::cpu(), [1, 2, 2, 1]);
    /// let w = Tensor::ones(&Device::cpu(), [2, 2, 1, 1]);
    /// let dy = Tensor::ones(&Device::cpu(), [1, 1, 1, 1]);
    /// let dx = x.conv2d_input_grad(&w, &dy, Conv2d::new(1, 0));
    /// assert_eq!(dx.to_vec::<f32>(), [1.0; 4]);
    /// ```
    #[track_caller]
    pub fn conv2d_input_grad(&self, weight: &Tensor, dy: &Tensor, conv: Conv2d) -> Tensor {
        let g = Geometry::new("conv2d_input_grad", self, weight, conv);
        check::shape("conv2d_input_grad", dy, g.output_shape());
        pass(&g, &InputGrad(g), [weight, dy], self.shape().clone())
    }

    /// The cotangent of [`conv2d`](Tensor::conv2d)'s weights, given its input `self` and its
    /// output's cotangent.
    ///
    /// ```
    /// # use tensor::{Conv2d, Device, Tensor};
    /// let x = Tensor::ones(&Device::cpu(), [1, 2, 2, 1]);
    /// let w = Tensor::ones(&Device::cpu(), [2, 2, 1, 1]);
    /// let dy = Tensor::ones(&Device::cpu(), [1, 1, 1, 1]);
    /// let dw = x.conv2d_weight_grad(&w, &dy, Conv2d::new(1, 0));
    /// assert_eq!(dw.to_vec::<f32>(), [1.0; 4]);
    /// ```
    #[track_caller]
    pub fn conv2d_weight_grad(&self, weight: &Tensor, dy: &Tensor, conv: Conv2d) -> Tensor {
        let g = Geometry::new("conv2d_weight_grad", self, weight, conv);
        check::shape("conv2d_weight_grad", dy, g.output_shape());
        pass(&g, &WeightGrad(g), [self, dy], weight.shape().clone())
    }
}

/// Runs a pass. Where there are several products, each group's channels are brought together
/// first, `[…, groups · c]` as `[groups, …, c]`, and taken back afterwards.
#[track_caller]
fn pass(
    g: &Geometry,
    operation: &impl Operation<2, 1>,
    inputs: [&Tensor; 2],
    shape: Shape,
) -> Tensor {
    let groups = g.conv.groups;
    if groups == 1 || g.is_depthwise() {
        let [y] = run(operation, inputs, [shape]);
        return y;
    }
    let cut = |shape: &Shape| [shape[0], shape[1], shape[2], groups, shape[3] / groups];
    let apart = inputs.map(|x| x.reshape(cut(x.shape())).permute(&[3, 0, 1, 2, 4]));
    let [a, b, c, _, d] = cut(&shape);
    let [y] = run(operation, apart.each_ref(), [[groups, a, b, c, d].into()]);
    y.permute(&[1, 2, 3, 0, 4]).reshape(shape)
}

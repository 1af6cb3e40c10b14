//! How a kernel is laid over an image, and which pixels its taps lead to.

use crate::{Shape, Tensor, check};

/// How a kernel is laid over the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Pixels from one patch to the next, down and across.
    pub stride: [usize; 2],
    /// Zeros around the image, above and below, left and right.
    pub padding: [usize; 2],
    /// Pixels from one tap of the kernel to the next, down and across; 1 for a solid kernel.
    pub dilation: [usize; 2],
    /// Into how many groups the channels are cut; each output channel sees one group of inputs.
    pub groups: usize,
}

impl Conv2d {
    /// The same stride and padding in both directions; a solid kernel and one group.
    ///
    /// ```
    /// use tensor::Conv2d;
    /// let conv = Conv2d::new(1, 2).dilation(2).groups(4);
    /// assert_eq!(conv.output_size([8, 9], [3, 3]), Some([8, 9]));
    /// ```
    pub const fn new(stride: usize, padding: usize) -> Self {
        Conv2d { stride: [stride; 2], padding: [padding; 2], dilation: [1; 2], groups: 1 }
    }

    /// With the taps this far apart in both directions.
    ///
    /// ```
    /// # use tensor::Conv2d;
    /// assert_eq!(Conv2d::new(1, 2).dilation(2).output_size([8, 8], [3, 3]), Some([8, 8]));
    /// ```
    pub const fn dilation(self, dilation: usize) -> Self {
        Conv2d { dilation: [dilation; 2], ..self }
    }

    /// With the channels in this many groups.
    ///
    /// ```
    /// # use tensor::Conv2d;
    /// assert_eq!(Conv2d::new(1, 1).groups(4).groups, 4);
    /// ```
    pub const fn groups(self, groups: usize) -> Self {
        Conv2d { groups, ..self }
    }

    /// The extent of the output for an input and a kernel, `⌊(h + 2p − d(k − 1) − 1) / s⌋ + 1` an
    /// axis; `None` where the kernel is larger than the padded image.
    ///
    /// ```
    /// # use tensor::Conv2d;
    /// assert_eq!(Conv2d::new(2, 3).output_size([224, 224], [7, 7]), Some([112, 112]));
    /// ```
    pub fn output_size(&self, image: [usize; 2], kernel: [usize; 2]) -> Option<[usize; 2]> {
        let axis = |i: usize| {
            let extent = self.dilation[i] * kernel[i].saturating_sub(1) + kernel[i].min(1);
            let span = (image[i] + 2 * self.padding[i]).checked_sub(extent)?;
            Some(span / self.stride[i].max(1) + 1)
        };
        Some([axis(0)?, axis(1)?])
    }
}

/// The sizes of one convolution.
#[derive(Clone, Copy)]
pub(crate) struct Geometry {
    pub(crate) n: usize,
    /// Height and width of the input.
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) kernel: [usize; 2],
    /// Channels of one group.
    pub(crate) c_in: usize,
    pub(crate) c_out: usize,
    pub(crate) conv: Conv2d,
}

/// Which pixels have patches.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Side {
    /// An output's patch holds the inputs under its taps.
    Outputs,
    /// An input's patch holds the outputs whose taps lie over it.
    Inputs,
}

impl Geometry {
    #[track_caller]
    pub(crate) fn new(op: &str, x: &Tensor, w: &Tensor, conv: Conv2d) -> Self {
        check::rank(op, x, 4, "[n, h, w, c]");
        check::rank(op, w, 4, "[kh, kw, c_in, c_out]");
        let &[n, h, wide, c] = x.shape().as_slice() else { unreachable!("the rank is 4") };
        let &[kh, kw, c_in, c_out] = w.shape().as_slice() else { unreachable!("the rank is 4") };
        let Conv2d { stride, dilation, groups, .. } = conv;
        if stride.contains(&0) || dilation.contains(&0) || groups == 0 {
            check::fail(op, &[x, w], format_args!("a stride, a dilation or groups of 0, {conv:?}"));
        }
        if c != c_in * groups {
            let expected = c_in * groups;
            check::fail(op, &[x, w], format_args!("{c} channels meet weights for {expected}"));
        }
        if c_out % groups != 0 {
            check::fail(op, &[x, w], format_args!("{groups} groups do not divide {c_out} outputs"));
        }
        let (input, kernel) = ([h, wide], [kh, kw]);
        let Some(output) = conv.output_size(input, kernel) else {
            check::fail(op, &[x, w], format_args!("the kernel is larger than the image, {conv:?}"))
        };
        Geometry { n, input, output, kernel, c_in, c_out: c_out / groups, conv }
    }

    pub(crate) fn output_shape(&self) -> Shape {
        [self.n, self.output[0], self.output[1], self.conv.groups * self.c_out].into()
    }

    pub(crate) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Of any of the three passes; taps beside the image count too.
    pub(crate) fn flops(&self) -> f64 {
        let patch = self.taps() * self.c_in;
        2.0 * (self.pixels(Side::Outputs) * patch * self.c_out * self.conv.groups) as f64
    }

    /// Height and width of a side: the pixels that have patches.
    pub(crate) fn grid(&self, side: Side) -> [usize; 2] {
        match side {
            Side::Outputs => self.output,
            Side::Inputs => self.input,
        }
    }

    /// Height and width of what the patches lie on.
    pub(crate) fn field(&self, side: Side) -> [usize; 2] {
        match side {
            Side::Outputs => self.input,
            Side::Inputs => self.output,
        }
    }

    /// Pixels that have patches, in the whole batch.
    pub(crate) fn pixels(&self, side: Side) -> usize {
        let [h, w] = self.grid(side);
        self.n * h * w
    }

    /// Channels of what the patches lie on: of one group, or of all where each has but one input
    /// channel and they are not taken apart.
    pub(crate) fn channels(&self, side: Side) -> usize {
        let groups = if self.is_depthwise() { self.conv.groups } else { 1 };
        match side {
            Side::Outputs => groups * self.c_in,
            Side::Inputs => groups * self.c_out,
        }
    }

    /// The input along `axis` that tap `k` of output `o` lies on, if inside the image.
    pub(crate) fn under(&self, axis: usize, o: usize, k: usize) -> Option<usize> {
        let Conv2d { stride, padding, dilation, .. } = self.conv;
        let i = (o * stride[axis] + k * dilation[axis]).wrapping_sub(padding[axis]);
        (i < self.input[axis]).then_some(i)
    }

    /// The output along `axis` whose tap `k` lies on input `i`, if there is one.
    pub(crate) fn over(&self, axis: usize, i: usize, k: usize) -> Option<usize> {
        let Conv2d { stride, padding, dilation, .. } = self.conv;
        let span = (i + padding[axis]).checked_sub(k * dilation[axis])?;
        let o = span / stride[axis];
        (span % stride[axis] == 0 && o < self.output[axis]).then_some(o)
    }

    /// What tap `k` of a side's position `at` along an axis leads to, if inside the image.
    pub(crate) fn meets(&self, side: Side, axis: usize, at: usize, k: usize) -> Option<usize> {
        match side {
            Side::Outputs => self.under(axis, at, k),
            Side::Inputs => self.over(axis, at, k),
        }
    }

    /// What the WGSL kernels take as constants; see `patches.wgsl`.
    pub(crate) fn constants(&self, side: Side) -> String {
        let Conv2d { stride, padding, dilation, groups } = self.conv;
        let pairs = [
            ("GRID", self.grid(side)),
            ("FIELD", self.field(side)),
            ("KERNEL", self.kernel),
            ("STRIDE", stride),
            ("PADDING", padding),
            ("DILATION", dilation),
        ];
        let pairs = pairs.map(|(name, [h, w])| format!("const {name} = vec2({h}u, {w}u);\n"));
        let numbers = [
            ("CHANNELS", self.channels(side)),
            ("C_IN", self.c_in),
            ("C_OUT", self.c_out),
            ("GROUPS", groups),
        ];
        let numbers = numbers.map(|(name, value)| format!("const {name} = {value}u;\n"));
        pairs.concat() + &numbers.concat()
    }

    /// A 1×1 kernel that visits every pixel: the image is its own matrix of patches.
    pub(crate) fn is_pointwise(&self) -> bool {
        let Conv2d { stride, padding, .. } = self.conv;
        self.kernel == [1, 1] && stride == [1, 1] && padding == [0, 0]
    }

    /// Each group has one input channel: products of matrices of one column would be silly.
    pub(crate) fn is_depthwise(&self) -> bool {
        self.conv.groups > 1 && self.c_in == 1
    }
}

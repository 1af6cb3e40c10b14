//! Windows over `[n, h, w, c]`: what the poolings share.

use crate::gpu::Word;
use crate::{Conv2d, Shape, Tensor, check};

/// How windows are laid over the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool2d {
    /// Height and width of a window.
    pub kernel: [usize; 2],
    /// Pixels from one window to the next, down and across.
    pub stride: [usize; 2],
    /// Rows and columns around the image: they never are a maximum, and are zeros of an average.
    pub padding: [usize; 2],
}

impl Pool2d {
    /// The same extent, stride and padding in both directions.
    ///
    /// ```
    /// # use tensor::Pool2d;
    /// assert_eq!(Pool2d::new(3, 2, 1).kernel, [3, 3]);
    /// ```
    pub fn new(kernel: usize, stride: usize, padding: usize) -> Self {
        Pool2d { kernel: [kernel; 2], stride: [stride; 2], padding: [padding; 2] }
    }
}

/// The sizes of one pooling.
#[derive(Clone, Copy)]
pub(crate) struct Windows {
    pub(crate) n: usize,
    /// Height and width of the input.
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) c: usize,
    pub(crate) pool: Pool2d,
}

impl Windows {
    #[track_caller]
    pub(crate) fn new(op: &str, x: &Tensor, pool: Pool2d) -> Self {
        check::rank(op, x, 4, "[n, h, w, c]");
        let &[n, h, w, c] = x.shape().as_slice() else { unreachable!("the rank is 4") };
        let Pool2d { kernel, stride, padding } = pool;
        if kernel.contains(&0) || stride.contains(&0) {
            check::fail(op, &[x], format_args!("a window or a stride of 0, {pool:?}"));
        }
        let laid = Conv2d { stride, padding, ..Conv2d::new(1, 0) };
        let Some(output) = laid.output_size([h, w], kernel) else {
            check::fail(op, &[x], format_args!("the window is larger than the image, {pool:?}"))
        };
        Windows { n, input: [h, w], output, c, pool }
    }

    pub(crate) fn output_shape(&self) -> Shape {
        [self.n, self.output[0], self.output[1], self.c].into()
    }

    /// The input row or column under tap `k` of window `o` along `axis`, if inside the image.
    pub(crate) fn under(&self, axis: usize, o: usize, k: usize) -> Option<usize> {
        let i = (o * self.pool.stride[axis] + k).checked_sub(self.pool.padding[axis])?;
        (i < self.input[axis]).then_some(i)
    }

    /// The window along `axis` whose tap `k` lies on input position `i`, if there is one.
    pub(crate) fn over(&self, axis: usize, i: usize, k: usize) -> Option<usize> {
        let span = (i + self.pool.padding[axis]).checked_sub(k)?;
        let o = span / self.pool.stride[axis];
        (span % self.pool.stride[axis] == 0 && o < self.output[axis]).then_some(o)
    }

    /// The members of `Windows` in `pool2d.wgsl`, for `n` invocations.
    pub(crate) fn words(&self, n: usize) -> Vec<u32> {
        let Pool2d { kernel, stride, padding } = self.pool;
        let pairs = [self.input, self.output, kernel, stride, padding];
        [&[n, self.c], pairs.as_flattened()].concat().into_iter().map(Word::word).collect()
    }
}

//! Convolution.

use tensor::Conv2d;

use super::{Row, Setting, Values};
use crate::array::Array;

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("conv2d", CASES),
        row("conv2d, dilated", DILATED),
        row("conv2d in groups", GROUPED),
        row("conv2d, depthwise", DEPTHWISE),
    ]
}

const fn conv(stride: usize, padding: usize) -> Conv2d {
    Conv2d::new(stride, padding)
}

const CASES: &[Setting<Conv2d>] = &[
    (conv(1, 0), &[&[1, 1, 1, 1], &[1, 1, 1, 1]]),
    (conv(1, 0), &[&[2, 5, 7, 3], &[1, 1, 3, 4]]),
    (conv(1, 0), &[&[3, 9, 7, 17], &[1, 1, 17, 15]]),
    (conv(2, 0), &[&[2, 5, 6, 3], &[1, 1, 3, 5]]),
    (conv(1, 1), &[&[1, 4, 4, 1], &[3, 3, 1, 1]]),
    (conv(1, 1), &[&[2, 5, 5, 16], &[3, 3, 16, 17]]),
    (conv(1, 0), &[&[1, 3, 5, 2], &[3, 5, 2, 3]]),
    (conv(2, 1), &[&[2, 7, 8, 15], &[3, 3, 15, 16]]),
    (conv(2, 3), &[&[2, 11, 9, 3], &[7, 7, 3, 8]]),
    (conv(3, 2), &[&[1, 8, 10, 2], &[5, 4, 2, 3]]),
    (Conv2d { stride: [1, 3], padding: [2, 0], ..conv(1, 0) }, &[&[2, 5, 9, 3], &[3, 2, 3, 4]]),
    // Channels by fours, and strides that leave inputs without a tap or cut the image unevenly.
    (conv(2, 1), &[&[2, 7, 8, 4], &[3, 3, 4, 8]]),
    (conv(2, 0), &[&[1, 5, 6, 8], &[1, 1, 8, 4]]),
    (conv(4, 1), &[&[1, 10, 9, 4], &[2, 3, 4, 12]]),
    (conv(5, 0), &[&[1, 4, 4, 2], &[2, 2, 2, 3]]),
    // More pixels than one block of patches holds, more channels than one tile.
    (conv(1, 1), &[&[2, 33, 33, 3], &[3, 3, 3, 5]]),
    (conv(1, 1), &[&[1, 9, 9, 33], &[3, 3, 33, 65]]),
    (conv(1, 1), &[&[0, 4, 4, 2], &[3, 3, 2, 3]]),
];

const DILATED: &[Setting<Conv2d>] = &[
    (conv(1, 0).dilation(2), &[&[1, 1, 1, 1], &[1, 1, 1, 1]]),
    (conv(1, 2).dilation(2), &[&[2, 5, 7, 3], &[3, 3, 3, 5]]),
    (conv(2, 1).dilation(3), &[&[1, 9, 8, 4], &[3, 2, 4, 17]]),
    (conv(4, 3).dilation(6), &[&[1, 15, 9, 4], &[3, 2, 4, 4]]),
    (conv(2, 2).dilation(2), &[&[2, 9, 8, 3], &[3, 3, 3, 4]]),
    (Conv2d { dilation: [1, 4], ..conv(2, 4) }, &[&[2, 7, 9, 16], &[2, 3, 16, 8]]),
    (conv(1, 1).dilation(2), &[&[1, 5, 5, 2], &[3, 1, 2, 3]]),
];

const GROUPED: &[Setting<Conv2d>] = &[
    (conv(1, 0).groups(2), &[&[2, 3, 5, 4], &[1, 1, 2, 6]]),
    (conv(1, 1).groups(3), &[&[2, 5, 4, 6], &[3, 3, 2, 3]]),
    (conv(2, 1).groups(2), &[&[2, 7, 8, 34], &[3, 3, 17, 30]]),
    (conv(2, 2).dilation(2).groups(4), &[&[1, 9, 7, 32], &[3, 3, 8, 16]]),
    (conv(1, 1).groups(2), &[&[1, 17, 33, 8], &[3, 3, 4, 10]]),
    (conv(1, 1).groups(2), &[&[0, 4, 4, 4], &[3, 3, 2, 6]]),
    (conv(1, 1).groups(2), &[&[1, 4, 4, 4], &[3, 3, 2, 0]]),
];

const DEPTHWISE: &[Setting<Conv2d>] = &[
    (conv(1, 0).groups(2), &[&[1, 1, 1, 2], &[1, 1, 1, 2]]),
    (conv(1, 1).groups(5), &[&[2, 5, 7, 5], &[3, 3, 1, 5]]),
    (conv(2, 1).groups(17), &[&[2, 7, 8, 17], &[3, 3, 1, 17]]),
    (conv(1, 1).groups(3), &[&[2, 5, 4, 3], &[3, 3, 1, 6]]),
    (conv(2, 2).dilation(2).groups(4), &[&[1, 9, 8, 4], &[3, 2, 1, 12]]),
    (conv(1, 1).groups(2), &[&[2, 33, 17, 2], &[3, 3, 1, 2]]),
    (conv(1, 2).groups(65), &[&[1, 6, 5, 65], &[5, 5, 1, 65]]),
    (conv(1, 1).groups(2), &[&[0, 4, 4, 2], &[3, 3, 1, 2]]),
];

fn row(name: &'static str, cases: &[Setting<Conv2d>]) -> Row {
    Row::differentiable(
        (name, "conv2d"),
        &[Values::Signed(0.25, 1.0)],
        cases,
        |x, &conv| x[0].conv2d(&x[1], conv),
        |x, conv| convolution(&x[0], &x[1], conv),
    )
}

/// `y[n, oy, ox, o] = Σ x[n, oy·s + ky·d − p, ox·s + kx·d − p, i] w[ky, kx, i, o]`, where the
/// channels `i` are those of the group of `o`.
fn convolution(x: &Array, w: &Array, conv: &Conv2d) -> Array {
    let &[n, h, wide, _] = &x.shape[..] else { panic!("an image") };
    let &[kh, kw, c_in, c_out] = &w.shape[..] else { panic!("a kernel") };
    let length = |axis: usize, image: usize, kernel: usize| {
        (image + 2 * conv.padding[axis] - conv.dilation[axis] * (kernel - 1) - 1)
            / conv.stride[axis]
            + 1
    };
    Array::from_fn(&[n, length(0, h, kh), length(1, wide, kw), c_out], |index| {
        let &[image, oy, ox, o] = index else { panic!("four axes") };
        let first = o / (c_out / conv.groups) * c_in;
        let mut sum = 0.0;
        for ky in 0..kh {
            for kx in 0..kw {
                let Some(iy) =
                    inside(oy * conv.stride[0] + ky * conv.dilation[0], conv.padding[0], h)
                else {
                    continue;
                };
                let Some(ix) =
                    inside(ox * conv.stride[1] + kx * conv.dilation[1], conv.padding[1], wide)
                else {
                    continue;
                };
                for i in 0..c_in {
                    sum += x.at(&[image, iy, ix, first + i]) * w.at(&[ky, kx, i, o]);
                }
            }
        }
        sum
    })
}

/// A position in the padded image as one in the image, if it lies there.
pub(super) fn inside(padded: usize, padding: usize, length: usize) -> Option<usize> {
    padded.checked_sub(padding).filter(|&i| i < length)
}

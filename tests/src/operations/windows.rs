//! Convolution.

use tensor::Conv2d;

use super::{Row, Setting, Values};
use crate::array::Array;

pub(super) fn rows() -> Vec<Row> {
    vec![conv2d()]
}

const fn conv(stride: usize, padding: usize) -> Conv2d {
    Conv2d { stride: [stride; 2], padding: [padding; 2] }
}

fn conv2d() -> Row {
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
        (Conv2d { stride: [1, 3], padding: [2, 0] }, &[&[2, 5, 9, 3], &[3, 2, 3, 4]]),
        // More pixels than one block of patches holds, more channels than one tile.
        (conv(1, 1), &[&[2, 33, 33, 3], &[3, 3, 3, 5]]),
        (conv(1, 1), &[&[1, 9, 9, 33], &[3, 3, 33, 65]]),
        (conv(1, 1), &[&[0, 4, 4, 2], &[3, 3, 2, 3]]),
    ];
    Row::differentiable(
        ("conv2d", "conv2d"),
        &[Values::Signed(0.25, 1.0)],
        CASES,
        |x, &conv| x[0].conv2d(&x[1], conv),
        |x, conv| convolution(&x[0], &x[1], conv),
    )
}

/// `y[n, oy, ox, o] = Σ x[n, oy·s + ky − p, ox·s + kx − p, i] w[ky, kx, i, o]`.
fn convolution(x: &Array, w: &Array, conv: &Conv2d) -> Array {
    let &[n, h, wide, _] = &x.shape[..] else { panic!("an image") };
    let &[kh, kw, c_in, c_out] = &w.shape[..] else { panic!("a kernel") };
    let length = |axis: usize, image: usize, kernel: usize| {
        (image + 2 * conv.padding[axis] - kernel) / conv.stride[axis] + 1
    };
    Array::from_fn(&[n, length(0, h, kh), length(1, wide, kw), c_out], |index| {
        let &[image, oy, ox, o] = index else { panic!("four axes") };
        let mut sum = 0.0;
        for ky in 0..kh {
            for kx in 0..kw {
                let Some(iy) = inside(oy * conv.stride[0] + ky, conv.padding[0], h) else {
                    continue;
                };
                let Some(ix) = inside(ox * conv.stride[1] + kx, conv.padding[1], wide) else {
                    continue;
                };
                for i in 0..c_in {
                    sum += x.at(&[image, iy, ix, i]) * w.at(&[ky, kx, i, o]);
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

//! Blocks of patches, gathered into a thread's scratch for the CPU's convolutions.

use crate::Float;
use crate::ops::conv2d::Geometry;

impl Geometry {
    /// Writes the patches under `count` output pixels from `first` on, a row each; places
    /// outside the image are zero.
    pub(crate) fn gather_input<T: Float>(&self, x: &[T], first: usize, patches: &mut [T]) {
        let [h, w] = self.input;
        let c = self.c_in;
        for (i, patch) in patches.chunks_exact_mut((self.taps() * c).max(1)).enumerate() {
            let (image, oy, ox) = split(first + i, self.output);
            for ky in 0..self.kernel[0] {
                let iy = (oy * self.stride[0] + ky).wrapping_sub(self.padding[0]);
                for kx in 0..self.kernel[1] {
                    let ix = (ox * self.stride[1] + kx).wrapping_sub(self.padding[1]);
                    let tap = &mut patch[(ky * self.kernel[1] + kx) * c..][..c];
                    if iy < h && ix < w {
                        tap.copy_from_slice(&x[((image * h + iy) * w + ix) * c..][..c]);
                    } else {
                        tap.fill(T::zero());
                    }
                }
            }
        }
    }

    /// Writes, for input pixels from `first` on, the cotangents of the outputs that each tap
    /// carried it to; taps that carried it nowhere are zero.
    pub(crate) fn gather_output<T: Float>(&self, dy: &[T], first: usize, patches: &mut [T]) {
        let [oh, ow] = self.output;
        let c = self.c_out;
        for (i, patch) in patches.chunks_exact_mut((self.taps() * c).max(1)).enumerate() {
            let (image, iy, ix) = split(first + i, self.input);
            for ky in 0..self.kernel[0] {
                let oy = reached(iy + self.padding[0], ky, self.stride[0], oh);
                for kx in 0..self.kernel[1] {
                    let ox = reached(ix + self.padding[1], kx, self.stride[1], ow);
                    let tap = &mut patch[(ky * self.kernel[1] + kx) * c..][..c];
                    match (oy, ox) {
                        (Some(oy), Some(ox)) => {
                            tap.copy_from_slice(&dy[((image * oh + oy) * ow + ox) * c..][..c])
                        }
                        _ => tap.fill(T::zero()),
                    }
                }
            }
        }
    }
}

/// The image, row and column of a pixel counted through the whole batch.
fn split(pixel: usize, [h, w]: [usize; 2]) -> (usize, usize, usize) {
    (pixel / (h * w), pixel / w % h, pixel % w)
}

/// The output that tap `k` carries padded input position `i` to, if it lies on the stride's grid.
fn reached(i: usize, k: usize, stride: usize, outputs: usize) -> Option<usize> {
    let span = i.checked_sub(k)?;
    (span % stride == 0 && span / stride < outputs).then_some(span / stride)
}

/// Pixels in a block: its patches fill about half a second-level cache.
pub(crate) fn block(patch: usize) -> usize {
    const CACHED_ELEMENTS: usize = 64 * 1024;
    (CACHED_ELEMENTS / patch.max(1)).clamp(32, 1024)
}

/// Hands `use_patches` the block of `count` patches from `first` on: gathered into scratch, or,
/// where patches are the pixels themselves, straight from `values`.
pub(crate) fn with_patches<T: Float>(
    are_pixels: bool,
    values: &[T],
    first: usize,
    count: usize,
    patch: usize,
    gather: impl Fn(usize, &mut [T]),
    use_patches: impl FnOnce(&[T]),
) {
    if are_pixels {
        return use_patches(&values[first * patch..][..count * patch]);
    }
    T::with_scratch(count * patch, |patches| {
        gather(first, patches);
        use_patches(patches);
    });
}

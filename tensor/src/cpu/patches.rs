//! The matrix of patches of a convolution, and its products. The matrix is never whole: a block
//! of its rows at a time is gathered into a thread's scratch, small enough to stay in cache.

use crate::Float;
use crate::cpu::gemm::{Gemm, Matrix};
use crate::cpu::parallel;
use crate::ops::conv2d::{Geometry, Side};

/// A row for each pixel of one side, which holds what its taps lead to in `values`.
#[derive(Clone, Copy)]
pub struct Patches<'a, T> {
    pub(crate) geometry: &'a Geometry,
    pub(crate) side: Side,
    pub(crate) values: &'a [T],
}

/// A sum over all pixels is cut into this many runs of them; they are summed side by side and
/// then in order, whatever the number of threads.
const RUNS: usize = 8;

impl<T: Float> Patches<'_, T> {
    /// Elements of a patch.
    fn width(&self) -> usize {
        self.geometry.taps() * self.geometry.channels(self.side)
    }

    /// Elements that a product with the weights makes of a patch.
    pub(crate) fn columns(&self) -> usize {
        match self.side {
            Side::Outputs => self.geometry.c_out,
            Side::Inputs => self.geometry.c_in,
        }
    }

    /// Pixels in a block: its patches fill about half a second-level cache.
    fn block(&self) -> usize {
        const CACHED_ELEMENTS: usize = 64 * 1024;
        (CACHED_ELEMENTS / self.width().max(1)).clamp(32, 1024)
    }

    /// `y = patches · w`, with the weights `w` `[taps, c_in, c_out]`. From the side of the outputs
    /// they are the matrix as they lie, `[width, c_out]`; from that of the inputs each tap's part
    /// is turned over, to make `[width, c_in]`. `y` has a row for each pixel.
    pub(crate) fn times(&self, w: &[T], y: &mut [T]) {
        let (width, rows, columns) = (self.width(), self.block(), self.columns());
        if self.geometry.is_pointwise() {
            return T::gemm(Gemm {
                m: y.len() / columns.max(1),
                n: columns,
                k: width,
                a: Matrix::new(self.values, width, false),
                b: Matrix::new(w, self.geometry.c_out, self.side == Side::Inputs),
                c: y,
                accumulate: false,
                parallel: true,
            });
        }
        let turned = (self.side == Side::Inputs).then(|| turned(self.geometry, w));
        let w = turned.as_deref().unwrap_or(w);
        parallel::pieces(y, rows * columns, |i, y| {
            let count = y.len() / columns;
            self.with_block(i * rows, count, |patches| {
                T::gemm(Gemm {
                    m: count,
                    n: columns,
                    k: width,
                    a: Matrix::new(patches, width, false),
                    b: Matrix::new(w, columns, false),
                    c: y,
                    accumulate: false,
                    parallel: false,
                });
            });
        });
    }

    /// `y = patchesᵀ · z`, with `z` `[pixels, columns]` and `y` `[width, columns]`.
    pub(crate) fn transposed_times(&self, z: &[T], columns: usize, y: &mut [T]) {
        let (width, rows) = (self.width(), self.block());
        let pixels = self.geometry.pixels(self.side);
        let run = pixels.div_ceil(RUNS).next_multiple_of(rows);
        let partials = parallel::map(pixels.div_ceil(run.max(1)), |i| {
            let mut partial = vec![T::zero(); y.len()];
            let end = ((i + 1) * run).min(pixels);
            for first in (i * run..end).step_by(rows) {
                let count = rows.min(end - first);
                self.with_block(first, count, |patches| {
                    T::gemm(Gemm {
                        m: width,
                        n: columns,
                        k: count,
                        a: Matrix::new(patches, width, true),
                        b: Matrix::new(&z[first * columns..], columns, false),
                        c: &mut partial,
                        accumulate: true,
                        parallel: false,
                    });
                });
            }
            partial
        });
        y.fill(T::zero());
        for partial in partials {
            for (y, part) in y.iter_mut().zip(partial) {
                *y += part;
            }
        }
    }

    /// Hands over the block of `count` patches from `first` on: gathered, or, where patches are
    /// the pixels themselves, as they lie.
    fn with_block(&self, first: usize, count: usize, use_patches: impl FnOnce(&[T])) {
        let width = self.width();
        if self.geometry.is_pointwise() {
            return use_patches(&self.values[first * width..][..count * width]);
        }
        let channels = self.geometry.channels(self.side);
        T::with_scratch(count * width, |patches| {
            for (i, patch) in patches.chunks_exact_mut(width.max(1)).enumerate() {
                self.taps(first + i, |tap, values| {
                    let place = &mut patch[tap * channels..][..channels];
                    match values {
                        Some(values) => place.copy_from_slice(values),
                        None => place.fill(T::zero()),
                    }
                });
            }
            use_patches(patches);
        });
    }

    /// Calls `f(tap, values)` for each tap of a pixel, counted through the whole batch, with the
    /// channels that it leads to, if it leads anywhere.
    pub(crate) fn taps(&self, pixel: usize, f: impl FnMut(usize, Option<&[T]>)) {
        let g = self.geometry;
        // Which side it is is settled here, outside the loops over taps.
        match self.side {
            Side::Outputs => self.walk(pixel, |axis, o, k| g.under(axis, o, k), f),
            Side::Inputs => self.walk(pixel, |axis, i, k| g.over(axis, i, k), f),
        }
    }

    /// `meets(axis, position, tap)` says where a tap leads along an axis.
    #[inline(always)]
    fn walk(
        &self,
        pixel: usize,
        meets: impl Fn(usize, usize, usize) -> Option<usize>,
        mut f: impl FnMut(usize, Option<&[T]>),
    ) {
        let (g, side) = (self.geometry, self.side);
        let ([h, w], [field_h, field_w]) = (g.grid(side), g.field(side));
        let (image, y, x) = (pixel / (h * w), pixel / w % h, pixel % w);
        let channels = g.channels(side);
        for ky in 0..g.kernel[0] {
            let row = meets(0, y, ky).map(|row| (image * field_h + row) * field_w);
            for kx in 0..g.kernel[1] {
                let place = row.zip(meets(1, x, kx));
                let values = place
                    .map(|(row, column)| &self.values[(row + column) * channels..][..channels]);
                f(ky * g.kernel[1] + kx, values);
            }
        }
    }
}

/// `[tap, c_in, c_out]` as `[tap, c_out, c_in]`, so that a patch of cotangents multiplies a plain
/// matrix.
fn turned<T: Float>(g: &Geometry, w: &[T]) -> Vec<T> {
    let mut turned = vec![T::zero(); w.len()];
    let tap = (g.c_in * g.c_out).max(1);
    for (w, turned) in w.chunks_exact(tap).zip(turned.chunks_exact_mut(tap)) {
        for (ci, row) in w.chunks_exact(g.c_out).enumerate() {
            for (co, &value) in row.iter().enumerate() {
                turned[co * g.c_in + ci] = value;
            }
        }
    }
    turned
}

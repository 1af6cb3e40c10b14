//! The product of a convolution's patches with its weights, fast: [`Patches::times`] for `f32`.
//!
//! Three things make the difference to the plain route. Patches hold only taps that lead inside
//! the image (see [`neighbours`](crate::cpu::neighbours)). They are never gathered: the product
//! reads them in the image, where neighbouring patches overlap (see [`tile`](crate::cpu::tile)). And
//! the loops are cut so that what is read again is in a near cache: a panel of the weights in the
//! first, a block of the image in the second.

use std::ops::Range;

use crate::cpu::buffer::Buffer;
use crate::cpu::lanes::LANES;
use crate::cpu::neighbours::{Neighbours, Span, evenly};
use crate::cpu::panels::{Panels, copy_back, copy_row, copy_rows, copy_turned};
use crate::cpu::parallel;
use crate::cpu::patches::Patches;
use crate::cpu::tile::{Columns, LONGEST, ROWS, WIDE, add_along};
use crate::ops::conv2d::Side;

/// Patches in a block.
const BLOCK: usize = 256;
/// Weights that do not fit a second-level cache are cut among the threads, not read by each.
const CACHED_WEIGHTS: usize = 1 << 20;

/// `y = patches · w`; see [`Patches::times`].
pub(crate) fn times(patches: &Patches<'_, f32>, w: &[f32], y: &mut [f32]) {
    match patches.columns() {
        0 => {}
        1..=LANES => times_in::<1>(patches, w, y),
        _ => times_in::<WIDE>(patches, w, y),
    }
}

/// The same in panels of `W` registers.
fn times_in<const W: usize>(patches: &Patches<'_, f32>, w: &[f32], y: &mut [f32]) {
    let (g, columns) = (patches.geometry, patches.columns());
    let neighbours = Neighbours::new(g, patches.side);
    let weights = &panels_of(patches, &neighbours, w);
    let product = Product::<W> { patches, neighbours: &neighbours, weights, columns };
    let [h, wide] = g.grid(patches.side);
    let panels = columns.div_ceil(Panels::<W>::WIDTH);
    let tasks = 2 * parallel::threads();
    if w.len() <= CACHED_WEIGHTS || panels == 1 {
        let images = g.n.div_ceil(tasks).max(1);
        return parallel::pieces(y, images * h * wide * columns, |i, y| {
            product.compute(i * images, 0..panels, y);
        });
    }
    let parts: Vec<Range<usize>> = evenly(panels, tasks.min(panels)).collect();
    let computed = parallel::map(parts.len(), |i| {
        let width = product.width(&parts[i]);
        let mut part = Buffer::recycled(y.len() / columns * width);
        product.compute(0, parts[i].clone(), &mut part);
        (width, part)
    });
    parallel::rows(y, columns, |i, mut row| {
        for (width, part) in &computed {
            let (place, rest) = row.split_at_mut(*width);
            place.copy_from_slice(&part[i * width..][..*width]);
            row = rest;
        }
    });
}

/// The weights `[taps, c_in, c_out]` as the matrix that patches are multiplied by, each tap's part
/// turned over where the patches are those of the inputs.
fn panels_of<const W: usize>(
    patches: &Patches<'_, f32>,
    neighbours: &Neighbours<'_>,
    w: &[f32],
) -> Panels<W> {
    let (taps, columns) = (patches.geometry.taps(), patches.columns());
    let channels = patches.geometry.channels(patches.side);
    let mut weights = Panels::new(taps * channels, columns);
    parallel::pieces(weights.all_mut(), (taps * channels).max(1), |j, panel| {
        let start = j * Panels::<W>::WIDTH;
        let range = start..columns.min(start + Panels::<W>::WIDTH);
        for tap in 0..taps {
            let rows = &mut panel[neighbours.row_of_tap(tap) * channels..][..channels];
            let w = &w[tap * channels * columns..][..channels * columns];
            match patches.side {
                Side::Outputs => copy_rows(w, columns, range.clone(), rows),
                Side::Inputs => copy_turned(w, range.clone(), rows),
            }
        }
    });
    weights
}

/// What all tasks of a product share.
struct Product<'a, const W: usize> {
    patches: &'a Patches<'a, f32>,
    neighbours: &'a Neighbours<'a>,
    weights: &'a Panels<W>,
    columns: usize,
}

/// Pixels that have the same taps: where their patches begin in the images, and their rows of `y`.
struct Block<'a> {
    values: &'a [f32],
    patches: &'a [usize],
    rows: &'a [usize],
    y: &'a mut [f32],
    width: usize,
}

impl<const W: usize> Product<'_, W> {
    /// Columns of some panels.
    fn width(&self, panels: &Range<usize>) -> usize {
        self.columns.min(panels.end * Panels::<W>::WIDTH) - panels.start * Panels::<W>::WIDTH
    }

    /// The panels' columns of the images from `first` on; `y` holds so many whole images of them.
    fn compute(&self, first: usize, panels: Range<usize>, y: &mut [f32]) {
        let (g, side) = (self.patches.geometry, self.patches.side);
        let width = self.width(&panels);
        let [pixels, field] = [g.grid(side), g.field(side)].map(|[h, w]| h * w);
        let images = y.len() / (pixels * width).max(1);
        let values = &self.patches.values[first * field * g.channels(side)..];
        let pieces = self.neighbours.pieces(LONGEST);
        for group in self.neighbours.groups() {
            let spans: Vec<Vec<Span>> = pieces.iter().map(|piece| group.spans(piece)).collect();
            let pixels = images * group.len();
            for range in evenly(pixels, pixels.div_ceil(BLOCK)) {
                let patches: Vec<usize> = range.clone().map(|i| group.patch(i)).collect();
                let rows: Vec<usize> = range.map(|i| group.pixel(i) * width).collect();
                let mut block = Block { values, patches: &patches, rows: &rows, y, width };
                let mut met = spans.iter().filter(|spans| !spans.is_empty());
                match met.next() {
                    Some(first) => self.add(&mut block, first, panels.clone(), true),
                    None => rows.iter().for_each(|&row| block.y[row..row + width].fill(0.0)),
                }
                for spans in met {
                    self.add(&mut block, spans, panels.clone(), false);
                }
            }
        }
    }

    // ANCHOR: add
    /// Adds the spans' share to a block, or, `first`, puts it there.
    fn add(&self, block: &mut Block<'_>, spans: &[Span], panels: Range<usize>, first: bool) {
        for (j, panel) in panels.enumerate() {
            let weights = self.weights.panel(panel);
            let part = |span: &Span| (span.shift, &weights[span.row..][..span.length]);
            let parts: Vec<(usize, &[Columns<W>])> = spans.iter().map(part).collect();
            let start = j * Panels::<W>::WIDTH;
            let length = Panels::<W>::WIDTH.min(block.width - start);
            for tile in evenly(block.rows.len(), block.rows.len().div_ceil(ROWS)) {
                let mut sums = [[[0.0; LANES]; W]; ROWS];
                let (rows, sums) = (&block.rows[tile.clone()], &mut sums[..tile.len()]);
                if !first {
                    for (sum, row) in sums.iter_mut().zip(rows) {
                        copy_row(&block.y[row + start..][..length], sum);
                    }
                }
                add_along(block.values, &block.patches[tile], &parts, sums);
                for (sum, row) in sums.iter().zip(rows) {
                    copy_back(sum, &mut block.y[row + start..][..length]);
                }
            }
        }
    }
    // ANCHOR_END: add
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::conv2d::{Conv2d, Geometry};

    fn values(length: usize, seed: usize) -> Vec<f32> {
        (0..length).map(|i| ((i * 37 + seed * 101) % 29) as f32 / 29.0 - 0.5).collect()
    }

    /// Both routes agree: at edges, under strides and dilations, where taps lead nowhere at all,
    /// with channels that a tile has room for and with more, and weights beyond a cache.
    #[test]
    fn it_agrees_with_the_plain_route() {
        let cases = [
            ([2, 7, 5, 3, 4], [3, 3], Conv2d::new(1, 1)),
            ([1, 4, 4, 20, 33], [3, 3], Conv2d::new(2, 1)),
            ([3, 6, 9, 2, 17], [2, 5], Conv2d::new(1, 2)),
            ([2, 9, 8, 5, 70], [3, 3], Conv2d::new(1, 2).dilation(2)),
            ([2, 5, 5, 4, 8], [1, 1], Conv2d::new(3, 0)),
            ([1, 1, 1, 2, 3], [3, 3], Conv2d::new(1, 3)),
            ([5, 3, 3, 300, 16], [3, 3], Conv2d::new(1, 1)),
            ([2, 3, 3, 350, 400], [3, 3], Conv2d::new(1, 1)),
        ];
        for ([n, h, w, c_in, c_out], kernel, conv) in cases {
            let output = conv.output_size([h, w], kernel).unwrap();
            let g = Geometry { n, input: [h, w], output, kernel, c_in, c_out, conv };
            let weights = values(g.taps() * c_in * c_out, 1);
            for side in [Side::Outputs, Side::Inputs] {
                let field: usize = g.field(side).iter().product();
                let image = values(n * field * g.channels(side), 2);
                let patches = Patches { geometry: &g, side, values: &image };
                let length = g.pixels(side) * patches.columns();
                let [mut plain, mut fast] = [vec![f32::NAN; length], vec![f32::NAN; length]];
                patches.times(&weights, &mut plain);
                times(&patches, &weights, &mut fast);
                for (plain, fast) in plain.iter().zip(&fast) {
                    assert!((plain - fast).abs() < 1e-3, "{conv:?}: {plain} and {fast}");
                }
            }
        }
    }
}

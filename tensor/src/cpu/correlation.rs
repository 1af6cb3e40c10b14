//! The sums over pixels of a convolution, fast: [`Patches::transposed_times`] for `f32`. As in
//! [`convolution`](crate::cpu::convolution), patches are read in the image, without the taps that
//! lead outside.

use std::ops::Range;

use crate::Float;
use crate::cpu::lanes::LANES;
use crate::cpu::neighbours::{Group, Neighbours, Piece, Span, evenly};
use crate::cpu::panels::{Panels, copy_row, rows_of};
use crate::cpu::parallel;
use crate::cpu::patches::Patches;
use crate::cpu::tile::{Columns, ROWS, WIDE, add_across};
use crate::ops::conv2d::Side;

/// Pixels of a block.
const BLOCK: usize = 128;
/// Sums of so many elements stay in a second-level cache, beside what is summed.
const CACHED_SUMS: usize = 160 * 1024;
/// A sum is cut into so many runs of images that there are about this many pieces of work, whatever
/// the number of threads.
const TASKS: usize = 8;
/// Pixels of a run at least: each has a result of its own, to be summed in the end.
const SHORTEST_RUN: usize = 1024;

/// `y = patchesᵀ · z`; see [`Patches::transposed_times`].
pub(crate) fn transposed_times(
    patches: &Patches<'_, f32>,
    z: &[f32],
    columns: usize,
    y: &mut [f32],
) {
    match columns {
        0 => {}
        1..=LANES => sums_in::<1>(patches, z, columns, y),
        _ => sums_in::<WIDE>(patches, z, columns, y),
    }
}

/// The same in panels of `W` registers.
fn sums_in<const W: usize>(patches: &Patches<'_, f32>, z: &[f32], columns: usize, y: &mut [f32]) {
    let g = patches.geometry;
    let neighbours = Neighbours::new(g, Side::Outputs);
    let pieces = neighbours.pieces(CACHED_SUMS / columns.max(1));
    let longest = (g.pixels(Side::Outputs) / SHORTEST_RUN).min(g.n);
    let runs = TASKS.div_ceil(pieces.len().max(1)).min(longest).max(1);
    let images: Vec<Range<usize>> = evenly(g.n, runs).collect();
    let sums = parallel::map(pieces.len() * runs, |i| {
        let (piece, images) = (&pieces[i / runs], images[i % runs].clone());
        sum_over_pixels::<W>(patches, &neighbours, piece, images, z, columns)
    });
    let rows: Vec<Range<usize>> =
        pieces.iter().map(|piece| piece.rows(g.channels(Side::Outputs))).collect();
    parallel::rows(y, columns, |i, y| {
        let piece = rows.partition_point(|rows| rows.end <= i);
        let runs = &sums[piece * runs..][..runs];
        for (j, y) in y.chunks_mut(Panels::<W>::WIDTH).enumerate() {
            y.fill(0.0);
            for run in runs {
                let part = run.panel(j)[i - rows[piece].start].as_flattened();
                y.iter_mut().zip(part).for_each(|(y, x)| *y += x);
            }
        }
    });
}

/// A piece's rows of the product, summed over some images' pixels.
fn sum_over_pixels<const W: usize>(
    patches: &Patches<'_, f32>,
    neighbours: &Neighbours<'_>,
    piece: &Piece,
    images: Range<usize>,
    z: &[f32],
    columns: usize,
) -> Panels<W> {
    let g = patches.geometry;
    let channels = g.channels(Side::Outputs);
    let rows = piece.rows(channels);
    let panels = columns.div_ceil(Panels::<W>::WIDTH);
    let mut sums = Panels::new(rows.len(), columns);
    sums.all_mut().fill([[0.0; LANES]; W]);
    let [pixels, field] = [g.output, g.input].map(|[h, w]| h * w);
    let values = &patches.values[images.start * field * channels..];
    let z = &z[images.start * pixels * columns..];
    f32::with_scratch(BLOCK * panels * Panels::<W>::WIDTH + LANES, |scratch| {
        let of_z = rows_of(scratch);
        for group in neighbours.groups() {
            let spans = group.spans(piece);
            if spans.is_empty() {
                continue;
            }
            let pixels = images.len() * group.len();
            for range in evenly(pixels, pixels.div_ceil(BLOCK)) {
                let patches: Vec<usize> = range.clone().map(|i| group.patch(i)).collect();
                gather_columns(&group, z, columns, range, of_z);
                for Span { shift, row, length } in &spans {
                    for tile in evenly(*length, length.div_ceil(ROWS)) {
                        let panels = of_z.chunks_exact(patches.len()).take(panels);
                        for (j, of_z) in panels.enumerate() {
                            let at = j * rows.len() + row - rows.start + tile.start;
                            let sums = &mut sums.all_mut()[at..][..tile.len()];
                            add_across(values, &patches, shift + tile.start, of_z, sums);
                        }
                    }
                }
            }
        }
    });
    sums
}

/// The rows of `z` that belong to a group's pixels `range`, in panels of `range.len()` rows.
fn gather_columns<const W: usize>(
    group: &Group<'_>,
    z: &[f32],
    columns: usize,
    range: Range<usize>,
    panels: &mut [Columns<W>],
) {
    let count = range.len();
    for (r, i) in range.enumerate() {
        let row = &z[group.pixel(i) * columns..][..columns];
        for (j, part) in row.chunks(Panels::<W>::WIDTH).enumerate() {
            copy_row(part, &mut panels[j * count + r]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::conv2d::{Conv2d, Geometry};

    fn values(length: usize, seed: usize) -> Vec<f32> {
        (0..length).map(|i| ((i * 37 + seed * 101) % 29) as f32 / 29.0 - 0.5).collect()
    }

    /// Both routes agree, also where the images make several runs and the sums several pieces.
    #[test]
    fn it_agrees_with_the_plain_route() {
        let cases = [
            ([2, 7, 5, 3, 4], [3, 3], Conv2d::new(1, 1)),
            ([40, 9, 8, 5, 33], [3, 3], Conv2d::new(2, 1)),
            ([3, 6, 9, 2, 17], [2, 5], Conv2d::new(1, 2).dilation(2)),
            ([1, 1, 1, 2, 3], [3, 3], Conv2d::new(1, 3)),
            ([2100, 1, 1, 20, 40], [1, 1], Conv2d::new(1, 0)),
            ([2, 3, 3, 300, 600], [3, 3], Conv2d::new(1, 1)),
        ];
        for ([n, h, w, c_in, c_out], kernel, conv) in cases {
            let output = conv.output_size([h, w], kernel).unwrap();
            let g = Geometry { n, input: [h, w], output, kernel, c_in, c_out, conv };
            let image = values(n * h * w * c_in, 1);
            let z = values(g.pixels(Side::Outputs) * c_out, 2);
            let patches = Patches { geometry: &g, side: Side::Outputs, values: &image };
            let length = g.taps() * c_in * c_out;
            let [mut plain, mut fast] = [vec![f32::NAN; length], vec![f32::NAN; length]];
            patches.transposed_times(&z, c_out, &mut plain);
            transposed_times(&patches, &z, c_out, &mut fast);
            for (plain, fast) in plain.iter().zip(&fast) {
                assert!((plain - fast).abs() < 1e-3, "{conv:?}: {plain} and {fast}");
            }
        }
    }
}

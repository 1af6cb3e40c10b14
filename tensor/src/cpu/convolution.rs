//! The products of a convolution's patches, fast: [`Patches::times`] and
//! [`Patches::transposed_times`] for `f32`.
//!
//! Three things make the difference to the plain route. Patches hold only taps that lead inside
//! the image (see [`neighbours`](crate::cpu::neighbours)). They are never gathered: the product
//! reads them in the image, where neighbouring patches overlap (see [`tile`](crate::cpu::tile)). And
//! the loops are cut so that what is read again is in a near cache: a panel of the weights in the
//! first, a block of the image in the second.

use std::ops::Range;

use crate::Float;
use crate::cpu::buffer::Buffer;
use crate::cpu::neighbours::{Group, Neighbours, Piece, Span, evenly};
use crate::cpu::parallel;
use crate::cpu::patches::Patches;
use crate::cpu::tile::{Columns, ROWS, WIDTH, add_across, add_along};
use crate::ops::conv2d::{Conv2d, Geometry, Side};

/// Patches in a block.
const BLOCK: usize = 256;
/// Weights that do not fit a second-level cache are cut among the threads, not read by each.
const CACHED_WEIGHTS: usize = 1 << 20;
/// A sum over pixels is cut into so many parts that there are about this many pieces of work.
const TASKS: usize = 8;

/// A matrix in panels of [`WIDTH`] columns, zeros behind the last.
struct Panels {
    rows: usize,
    memory: Buffer<f32>,
}

impl Panels {
    /// With arbitrary contents.
    fn new(rows: usize, columns: usize) -> Self {
        let length = columns.div_ceil(WIDTH) * rows * WIDTH;
        Panels { rows, memory: Buffer::recycled(length + CACHE_LINE) }
    }

    fn all(&self) -> &[Columns] {
        let memory = &self.memory[..];
        memory[aligned(memory)..].as_chunks().0
    }

    fn all_mut(&mut self) -> &mut [Columns] {
        let at = aligned(&self.memory);
        self.memory[at..].as_chunks_mut().0
    }

    fn panel(&self, j: usize) -> &[Columns] {
        &self.all()[j * self.rows..][..self.rows]
    }
}

/// Elements of a cache line. A register's worth that lies across two costs two loads.
const CACHE_LINE: usize = 16;

/// Where in some memory the first cache line begins.
fn aligned(memory: &[f32]) -> usize {
    memory.as_ptr().align_offset(CACHE_LINE * size_of::<f32>()).min(CACHE_LINE)
}

/// Columns `range` of a matrix.
fn copy_rows(w: &[f32], columns: usize, range: Range<usize>, rows: &mut [Columns]) {
    for (row, w) in rows.iter_mut().zip(w.chunks_exact(columns)) {
        copy_columns(&w[range.clone()], row);
    }
}

/// Columns `range` of the transpose of a matrix, whose rows are as long as there are `rows`.
fn copy_turned(w: &[f32], range: Range<usize>, rows: &mut [Columns]) {
    /// So many rows stay in the nearest cache while all columns are written.
    const NEAR: usize = 64;
    let length = rows.len();
    for (i, rows) in rows.chunks_mut(NEAR).enumerate() {
        rows.fill([0.0; WIDTH]);
        for (c, column) in range.clone().enumerate() {
            let w = &w[column * length + i * NEAR..][..rows.len()];
            for (row, &w) in rows.iter_mut().zip(w) {
                row[c] = w;
            }
        }
    }
}

fn copy_columns(from: &[f32], to: &mut Columns) {
    // Nearly always there are as many as there is room for, and the length is then known.
    match from.first_chunk() {
        Some(from) => *to = *from,
        None => {
            to[..from.len()].copy_from_slice(from);
            to[from.len()..].fill(0.0);
        }
    }
}

/// `y = patches · w`; see [`Patches::times`].
pub(crate) fn times(patches: &Patches<'_, f32>, w: &[f32], y: &mut [f32]) {
    let (g, side, columns) = (patches.geometry, patches.side, patches.columns());
    let neighbours = Neighbours::new(g, side);
    let channels = g.channels(side);
    let mut weights = Panels::new(g.taps() * channels, columns);
    let height = weights.rows;
    parallel::pieces(weights.all_mut(), height.max(1), |j, panel| {
        let range = j * WIDTH..columns.min((j + 1) * WIDTH);
        for tap in 0..g.taps() {
            let rows = &mut panel[neighbours.row_of_tap(tap) * channels..][..channels];
            let w = &w[tap * channels * columns..][..channels * columns];
            match side {
                Side::Outputs => copy_rows(w, columns, range.clone(), rows),
                Side::Inputs => copy_turned(w, range.clone(), rows),
            }
        }
    });
    let product = Product { patches, neighbours: &neighbours, weights: &weights, columns };
    let [grid_h, grid_w] = g.grid(side);
    let image = grid_h * grid_w * columns;
    let panels = columns.div_ceil(WIDTH);
    let tasks = 2 * parallel::threads();
    if w.len() <= CACHED_WEIGHTS || panels == 1 {
        let images = g.n.div_ceil(tasks).max(1);
        return parallel::pieces(y, images * image, |i, y| {
            product.compute(i * images, 0..panels, y);
        });
    }
    let parts: Vec<Range<usize>> = evenly(panels, tasks.min(panels)).collect();
    let computed = parallel::map(parts.len(), |i| {
        let width = columns.min(parts[i].end * WIDTH) - parts[i].start * WIDTH;
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

/// What all tasks of a product share.
struct Product<'a> {
    patches: &'a Patches<'a, f32>,
    neighbours: &'a Neighbours<'a>,
    weights: &'a Panels,
    columns: usize,
}

impl Product<'_> {
    /// The panels' columns of the images from `first` on; `y` holds so many whole images of them.
    fn compute(&self, first: usize, panels: Range<usize>, y: &mut [f32]) {
        let (g, side) = (self.patches.geometry, self.patches.side);
        let width = self.columns.min(panels.end * WIDTH) - panels.start * WIDTH;
        let [pixels, field] = [g.grid(side), g.field(side)].map(|[h, w]| h * w);
        let images = y.len() / (pixels * width).max(1);
        let values = &self.patches.values[first * field * g.channels(side)..];
        let pieces = self.neighbours.pieces();
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

    /// Adds the spans' share to a block, or, `first`, puts it there.
    fn add(&self, block: &mut Block<'_>, spans: &[Span], panels: Range<usize>, first: bool) {
        for (j, panel) in panels.enumerate() {
            let weights = self.weights.panel(panel);
            let part = |span: &Span| (span.shift, &weights[span.row..][..span.length]);
            let parts: Vec<(usize, &[Columns])> = spans.iter().map(part).collect();
            let columns = j * WIDTH..block.width.min((j + 1) * WIDTH);
            for tile in evenly(block.rows.len(), block.rows.len().div_ceil(ROWS)) {
                let mut sums = [[0.0; WIDTH]; ROWS];
                let (rows, sums) = (&block.rows[tile.clone()], &mut sums[..tile.len()]);
                if !first {
                    for (sum, row) in sums.iter_mut().zip(rows) {
                        copy_columns(&block.y[row + columns.start..][..columns.len()], sum);
                    }
                }
                add_along(block.values, &block.patches[tile], &parts, sums);
                for (sum, row) in sums.iter().zip(rows) {
                    let y = &mut block.y[row + columns.start..][..columns.len()];
                    match y.first_chunk_mut() {
                        Some(y) => *y = *sum,
                        None => y.copy_from_slice(&sum[..columns.len()]),
                    }
                }
            }
        }
    }
}

/// Pixels that have the same taps: where their patches begin in the images, and their rows of `y`.
struct Block<'a> {
    values: &'a [f32],
    patches: &'a [usize],
    rows: &'a [usize],
    y: &'a mut [f32],
    width: usize,
}

/// `y = patchesᵀ · z`; see [`Patches::transposed_times`].
pub(crate) fn transposed_times(
    patches: &Patches<'_, f32>,
    z: &[f32],
    columns: usize,
    y: &mut [f32],
) {
    let g = patches.geometry;
    let neighbours = Neighbours::new(g, Side::Outputs);
    let pieces = neighbours.pieces();
    let runs = TASKS.div_ceil(pieces.len().max(1)).clamp(1, g.n.max(1));
    let images: Vec<Range<usize>> = evenly(g.n, runs).collect();
    let sums = parallel::map(pieces.len() * runs, |i| {
        let (piece, images) = (&pieces[i / runs], images[i % runs].clone());
        sum_over_pixels(patches, &neighbours, piece, images, z, columns)
    });
    let channels = g.channels(Side::Outputs);
    let mut rest = y;
    let mut places = Vec::with_capacity(pieces.len());
    for piece in &pieces {
        let (place, behind) = rest.split_at_mut(piece.rows(channels).len() * columns);
        places.push((place, &sums[places.len() * runs..][..runs]));
        rest = behind;
    }
    parallel::each(places, |(place, runs)| {
        for (i, row) in place.chunks_exact_mut(columns.max(1)).enumerate() {
            for (j, y) in row.chunks_mut(WIDTH).enumerate() {
                let mut sum = [0.0; WIDTH];
                for run in runs {
                    sum.iter_mut().zip(&run.panel(j)[i]).for_each(|(sum, x)| *sum += x);
                }
                y.copy_from_slice(&sum[..y.len()]);
            }
        }
    });
}

/// `c = aᵀ b` for `a` `[k, m]` and `b` `[k, n]`: what a 1×1 convolution does with images of one
/// pixel.
pub(crate) fn product_over_rows(a: &[f32], b: &[f32], [m, n, k]: [usize; 3], c: &mut [f32]) {
    let one = [1, 1];
    let conv = Conv2d::new(1, 0);
    let geometry = Geometry { n: k, input: one, output: one, kernel: one, c_in: m, c_out: n, conv };
    let patches = Patches { geometry: &geometry, side: Side::Outputs, values: &a[..k * m] };
    transposed_times(&patches, &b[..k * n], n, &mut c[..m * n]);
}

/// A piece's rows of the product, summed over some images' pixels.
fn sum_over_pixels(
    patches: &Patches<'_, f32>,
    neighbours: &Neighbours<'_>,
    piece: &Piece,
    images: Range<usize>,
    z: &[f32],
    columns: usize,
) -> Panels {
    let g = patches.geometry;
    let channels = g.channels(Side::Outputs);
    let rows = piece.rows(channels);
    let panels = columns.div_ceil(WIDTH);
    let mut sums = Panels::new(rows.len(), columns);
    sums.all_mut().fill([0.0; WIDTH]);
    let [pixels, field] = [g.output, g.input].map(|[h, w]| h * w);
    let values = &patches.values[images.start * field * channels..];
    let z = &z[images.start * pixels * columns..];
    f32::with_scratch(BLOCK * panels * WIDTH + CACHE_LINE, |scratch| {
        let at = aligned(scratch);
        let of_z = scratch[at..].as_chunks_mut().0;
        for group in neighbours.groups() {
            let spans = group.spans(piece);
            if spans.is_empty() {
                continue;
            }
            let pixels = images.len() * group.len();
            for range in evenly(pixels, pixels.div_ceil(BLOCK)) {
                let patches: Vec<usize> = range.clone().map(|i| group.patch(i)).collect();
                gather_columns(&group, z, columns, range, of_z);
                for (j, of_z) in of_z.chunks_exact(patches.len()).take(panels).enumerate() {
                    for Span { shift, row, length } in &spans {
                        for tile in evenly(*length, length.div_ceil(ROWS)) {
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
fn gather_columns(
    group: &Group<'_>,
    z: &[f32],
    columns: usize,
    range: Range<usize>,
    panels: &mut [Columns],
) {
    let count = range.len();
    for (r, i) in range.enumerate() {
        let row = &z[group.pixel(i) * columns..][..columns];
        for (j, part) in row.chunks(WIDTH).enumerate() {
            copy_columns(part, &mut panels[j * count + r]);
        }
    }
}

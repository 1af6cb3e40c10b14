//! Matrix products on the GPU: `gemm.wgsl`, and how a product is cut into workgroups.

use crate::gpu::totals::Rows;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::ops::fill::fill;

/// A kernel that includes `gemm.wgsl`, and the sizes of its product.
pub(crate) struct Gemm<'a> {
    pub(crate) name: &'static str,
    pub(crate) wgsl: &'static str,
    /// Declarations that the kernel needs in front of it.
    pub(crate) paste: String,
    /// How many products there are, each `[m, k] × [k, n]`.
    pub(crate) batch: usize,
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) k: usize,
    pub(crate) a: Operand<'a>,
    pub(crate) b: Operand<'a>,
    /// What is added to every row of the result.
    pub(crate) bias: Option<&'a GpuBuffer>,
    /// By what name the kernel writes the result.
    pub(crate) y: &'static str,
    /// The members of `Params` behind `gemm`.
    pub(crate) params: &'a [u32],
}

/// An operand, as it lies in memory.
#[derive(Clone, Copy)]
pub(crate) struct Operand<'a> {
    /// By what name the kernel reads it.
    pub(crate) name: &'static str,
    pub(crate) buffer: &'a GpuBuffer,
    /// Whether neighbours in memory lie along `k`; else they lie along `m` or `n`.
    pub(crate) along_k: bool,
    /// How many neighbours lie in a row before something else begins.
    pub(crate) row: usize,
}

/// How a kernel moves the elements of rows of this length; see `template.rs`.
fn by(row: usize) -> &'static str {
    if row.is_multiple_of(4) { "fours" } else { "ones" }
}

/// How a workgroup computes a tile, 8 × 8 elements an invocation. The largest takes all that
/// WebGPU promises, 256 invocations and 16 KiB, so every tile runs on every adapter.
#[derive(Clone, Copy)]
struct Tile {
    /// Invocations down and across.
    threads: [usize; 2],
}

/// How far a tile reads ahead along `k`.
const DEPTH: usize = 16;

impl Tile {
    /// What fits a result of `[m, n]`: narrow tiles for narrow results, else as large ones as are
    /// full of it and enough to keep a GPU busy.
    fn of(batch: usize, m: usize, n: usize) -> Self {
        let large = Tile { threads: [m, n].map(Tile::along) };
        let [tile_m, tile_n] = large.size();
        let threads = match (m, n) {
            (_, ..=32) => [16, 4],
            (..=32, _) => [4, 16],
            _ if batch * m.div_ceil(tile_m) * n.div_ceil(tile_n) >= WORKGROUPS => large.threads,
            _ => [8, 8],
        };
        Tile { threads }
    }

    /// Invocations along an axis of some length: tiles of 128, unless they compute an eighth more
    /// than tiles of 64 do. A quarter of what 128 compute for 192 channels is thrown away.
    fn along(length: usize) -> usize {
        let [large, small] = [128, 64].map(|tile| length.next_multiple_of(tile));
        if 8 * large <= 9 * small { 16 } else { 8 }
    }

    fn size(self) -> [usize; 2] {
        self.threads.map(|threads| 8 * threads)
    }
}

/// `k` is cut until there are about this many workgroups: a few for each core of a large GPU.
const WORKGROUPS: usize = 512;
/// The least of `k` that is worth a part of its own.
const SHORTEST_PART: usize = 256;
/// The most of `k` that one sum runs over, for the sake of its digits.
const LONGEST_PART: usize = 8192;

/// The most elements of all parts together, for the sake of memory.
const MOST_PARTIAL: usize = 16 << 20;

/// Into how many parts `k` is cut. The sizes alone decide, so a product has the same bits
/// wherever and whenever it runs.
fn splits(elements: usize, tiles: usize, k: usize) -> usize {
    let wanted = (WORKGROUPS / tiles.max(1)).min(k / SHORTEST_PART);
    wanted.max(k.div_ceil(LONGEST_PART)).min(MOST_PARTIAL / elements.max(1)).max(1)
}

impl Gemm<'_> {
    /// Records the product.
    pub(crate) fn launch(self, gpu: &Gpu, y: &GpuBuffer) {
        let Gemm { batch, m, n, k, a, b, .. } = self;
        if k == 0 {
            return fill(gpu, y, 0.0);
        }
        let tile = Tile::of(batch, m, n);
        let [tile_m, tile_n] = tile.size();
        let (tiles_m, tiles_n) = (m.div_ceil(tile_m), n.div_ceil(tile_n));
        let splits = splits(y.elements(), batch * tiles_m * tiles_n, k);
        let k_part = k.div_ceil(splits).next_multiple_of(DEPTH);
        let splits = k.div_ceil(k_part);

        let sizes = [m, n, k, tiles_m, tiles_n, splits, k_part, batch].map(Word::word);
        let partial = (splits > 1).then(|| gpu.allocate(splits * y.elements()));
        let inputs = [Some(a.buffer), Some(b.buffer), self.bias];
        gpu.launch(Launch {
            name: self.name,
            wgsl: self.wgsl,
            paste: &(self.declarations(tile) + &self.paste),
            inputs: &inputs.into_iter().flatten().collect::<Vec<_>>(),
            outputs: &[partial.as_ref().unwrap_or(y)],
            params: &[&sizes, self.params].concat(),
            grid: Grid::groups(batch * splits * tiles_m * tiles_n),
        });
        if let Some(partial) = partial {
            Rows { outer: 1, rows: splits, inner: y.elements() }.sum(gpu, &partial, 1.0, y);
        }
    }

    /// The constants of the main loop, and the matrices with their readers.
    fn declarations(&self, tile: Tile) -> String {
        let Gemm { n, a, b, .. } = *self;
        let [threads_m, threads_n] = tile.threads;
        let constants = [
            ("THREADS_M", threads_m),
            ("THREADS_N", threads_n),
            ("A_FETCHES", 2 * DEPTH / threads_n),
            ("B_FETCHES", 2 * DEPTH / threads_m),
        ];
        let mut text = String::new();
        for (name, value) in constants {
            text += &format!("const {name} = {value}u;\n");
        }
        text += &format!("const A_ALONG_K = {}; const B_ALONG_N = {};\n", a.along_k, !b.along_k);
        text +=
            &format!("//: read {} 0 {}\n//: read {} 1 {}\n", a.name, by(a.row), b.name, by(b.row));
        if self.bias.is_some() {
            text += &format!("//: read bias 2 {}\n", by(n));
        }
        let binding = 2 + usize::from(self.bias.is_some());
        text + &format!("//: write {} {binding} {}\n", self.y, by(n))
    }
}

#[cfg(test)]
mod tests {
    use super::Tile;

    #[test]
    fn tiles_are_large_where_they_are_full_and_many() {
        let size = |batch, m, n| Tile::of(batch, m, n).size();
        assert_eq!(size(1, 4096, 4096), [128, 128]);
        assert_eq!(size(1, 1024, 1024), [64, 64]); // Of large ones there would be 64.
        assert_eq!(size(1, 65_536, 64), [128, 64]);
        assert_eq!(size(1, 65_536, 192), [128, 64]);
        assert_eq!(size(1024, 65, 65), [128, 128]);
        assert_eq!(size(1, 65_536, 10), [128, 32]);
        assert_eq!(size(1, 3, 65_536), [32, 128]);
    }
}

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
    /// Whether neighbours in memory lie along `k` in the left matrix.
    pub(crate) a_along_k: bool,
    /// Whether neighbours in memory lie along `n` in the right matrix.
    pub(crate) b_along_n: bool,
    /// The two matrices first.
    pub(crate) inputs: &'a [&'a GpuBuffer],
    /// The members of `Params` behind `gemm`.
    pub(crate) params: &'a [u32],
}

/// How a workgroup computes a tile, 8 × 8 elements an invocation.
#[derive(Clone, Copy)]
struct Tile {
    /// Invocations down and across.
    threads: [usize; 2],
    /// How far they read ahead along `k`.
    depth: usize,
}

impl Tile {
    /// What fits a result of `[m, n]`: narrow tiles for narrow results, large ones where there
    /// are enough of them to keep a GPU busy.
    fn of(batch: usize, m: usize, n: usize) -> Self {
        let threads = match (m, n) {
            (_, ..=32) => [16, 4],
            (..=32, _) => [4, 16],
            _ if batch * m.div_ceil(128) * n.div_ceil(128) >= WORKGROUPS => [16, 16],
            _ => [8, 8],
        };
        Tile { threads, depth: 16 }
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

fn constant(name: &str, value: usize) -> String {
    format!("const {name} = {value}u;\n")
}

impl Gemm<'_> {
    /// Records the product.
    pub(crate) fn launch(self, gpu: &Gpu, y: &GpuBuffer) {
        let Gemm { batch, m, n, k, .. } = self;
        if k == 0 {
            return fill(gpu, y, 0.0);
        }
        let tile = Tile::of(batch, m, n);
        let [tile_m, tile_n] = tile.size();
        let (tiles_m, tiles_n) = (m.div_ceil(tile_m), n.div_ceil(tile_n));
        let splits = splits(batch * m * n, batch * tiles_m * tiles_n, k);
        let k_part = k.div_ceil(splits).next_multiple_of(tile.depth);
        let splits = k.div_ceil(k_part);
        let parts = batch * splits;

        let sizes = [m, n, k, tiles_m, tiles_n, splits, k_part, parts].map(Word::word);
        let paste = [
            constant("THREADS_M", tile.threads[0]),
            constant("THREADS_N", tile.threads[1]),
            constant("DEPTH", tile.depth),
            format!(
                "const A_ALONG_K = {}; const B_ALONG_N = {};\n",
                self.a_along_k, self.b_along_n
            ),
            self.paste,
        ];
        let partial = (splits > 1).then(|| gpu.allocate(parts * m * n));
        gpu.launch(Launch {
            name: self.name,
            wgsl: self.wgsl,
            paste: &paste.concat(),
            inputs: self.inputs,
            outputs: &[partial.as_ref().unwrap_or(y)],
            params: &[&sizes, self.params].concat(),
            grid: Grid::groups(parts * tiles_m * tiles_n),
        });
        if let Some(partial) = partial {
            Rows { outer: batch, rows: splits, inner: m * n }.sum(gpu, &partial, 1.0, y);
        }
    }
}

//! Totals over rows on the GPU: `columns.wgsl`, launched until one block is left.

use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};

/// Rows that one workgroup of `columns.wgsl` totals, and columns that it covers.
const BLOCK: usize = 256;
const STRIP: usize = 32;

/// `[outer, rows, inner]`, to be totalled over the middle axis.
#[derive(Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) outer: usize,
    pub(crate) rows: usize,
    pub(crate) inner: usize,
}

/// A kernel that includes `columns.wgsl`: what it adds up, and from what.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) name: &'static str,
    pub(crate) wgsl: &'static str,
    pub(crate) inputs: &'a [&'a GpuBuffer],
}

impl Rows {
    /// How many blocks the rows make; an empty sum is a block too, of value 0.
    pub(crate) fn blocks(self) -> usize {
        self.rows.div_ceil(BLOCK).max(1)
    }

    /// One pass: the scaled totals of each block, `[outer, blocks, inner]`.
    pub(crate) fn block_totals(self, gpu: &Gpu, terms: Terms<'_>, scale: f64, y: &GpuBuffer) {
        self.block_totals_with(gpu, terms, [0, 0], scale, y);
    }

    /// The same for a kernel that reads two numbers of its own, `params.own_0` and `params.own_1`.
    pub(crate) fn block_totals_with(
        self,
        gpu: &Gpu,
        terms: Terms<'_>,
        own: [u32; 2],
        scale: f64,
        y: &GpuBuffer,
    ) {
        let columns = self.outer * self.inner;
        gpu.launch(Launch {
            name: terms.name,
            wgsl: terms.wgsl,
            paste: "",
            inputs: terms.inputs,
            outputs: &[y],
            params: &[
                self.inner.word(),
                self.rows.word(),
                columns.word(),
                self.blocks().word(),
                scale.word(),
                own[0],
                own[1],
            ],
            grid: Grid::groups(columns.div_ceil(STRIP) * self.blocks()),
        });
    }

    /// All passes: `y[o, i] = scale · Σ_r term(o, r, i)`.
    pub(crate) fn totals(self, gpu: &Gpu, terms: Terms<'_>, scale: f64, y: &GpuBuffer) {
        if self.blocks() == 1 {
            return self.block_totals(gpu, terms, scale, y);
        }
        let partial = gpu.allocate(self.outer * self.blocks() * self.inner);
        self.block_totals(gpu, terms, 1.0, &partial);
        Rows { rows: self.blocks(), ..self }.sum(gpu, &partial, scale, y);
    }

    /// [`totals`](Self::totals) of the elements themselves.
    pub(crate) fn sum(self, gpu: &Gpu, x: &GpuBuffer, scale: f64, y: &GpuBuffer) {
        let wgsl = concat!(include_str!("columns.wgsl"), include_str!("../ops/sum.wgsl"));
        self.totals(gpu, Terms { name: "sum", wgsl, inputs: &[x] }, scale, y);
    }
}

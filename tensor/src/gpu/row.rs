//! Kernels that give a workgroup to each row of neighbouring elements: they include `row.wgsl`,
//! and their `Params` begin with the number of rows and the elements of one.

use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};

/// Such a kernel, and how it is run.
pub(crate) struct RowKernel<'a> {
    pub(crate) name: &'static str,
    pub(crate) wgsl: &'static str,
    pub(crate) rows: usize,
    pub(crate) width: usize,
    /// The members of `Params` behind those two.
    pub(crate) params: &'a [u32],
}

impl RowKernel<'_> {
    /// Records its run.
    pub(crate) fn launch(self, gpu: &Gpu, inputs: &[&GpuBuffer], outputs: &[&GpuBuffer]) {
        gpu.launch(Launch {
            name: self.name,
            wgsl: self.wgsl,
            paste: "",
            inputs,
            outputs,
            params: &[&[self.rows.word(), self.width.word()], self.params].concat(),
            grid: Grid::groups(self.rows),
        });
    }
}

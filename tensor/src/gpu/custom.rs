//! Running a kernel that is not this crate's: its faults are errors, and touch nothing else.

use crate::gpu::recorder::{Dispatch, MOST_WORDS};
use crate::gpu::{Gpu, GpuBuffer, Grid, shader};

/// One run of a [`Kernel`](crate::Kernel); as a [`Launch`](super::Launch), with one output.
pub(crate) struct Custom<'a> {
    pub(crate) name: &'a str,
    pub(crate) wgsl: &'a str,
    pub(crate) inputs: &'a [&'a GpuBuffer],
    pub(crate) output: &'a GpuBuffer,
    pub(crate) params: &'a [u32],
    pub(crate) grid: Grid,
}

impl Gpu {
    /// Hands over what is recorded, and then this run by itself: a fault that shows only when
    /// the commands are put together would take everything with it that is recorded beside it.
    ///
    /// Errors are those of the shader's compiler and of wgpu's validation.
    pub(crate) fn run_custom(&self, custom: &Custom<'_>) -> Result<(), String> {
        let Custom { name, wgsl, inputs, output, params, grid } = *custom;
        if params.len() > MOST_WORDS {
            return Err(format!("{} parameters, of which at most {MOST_WORDS} fit", params.len()));
        }
        let mut params = params.to_vec();
        params.resize(params.len().next_multiple_of(4), 0);
        let pipeline = self.shaders.custom(name, wgsl, inputs.len(), params.len())?;
        let mut recorder = self.recorder();
        recorder.submit();
        shader::validated(&self.device, || {
            let group = self.bind(name, &pipeline, inputs, &[output]);
            let bound = (inputs.len() as u64 + 1, output.bytes());
            let (pipeline, buffers, params) = (&pipeline, &group, &params[..]);
            let name = "custom kernel";
            recorder.dispatch(&Dispatch { name, pipeline, buffers, bound, params, grid });
            recorder.submit();
        })
    }
}

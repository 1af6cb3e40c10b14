//! Kernels of one's own.

use std::sync::Arc;

use crate::error::KernelError;
use crate::gpu::{Custom, Gpu, GpuBuffer, Grid};
use crate::ops::fill::fill;
use crate::value::Data;
use crate::{Device, Shape, Tensor, check};

/// A compute kernel in WGSL that is not part of this crate: for experiments, and for an operation
/// that nobody else needs. It runs on the GPU only, and with the shader's checks on: an index
/// outside a tensor reads or writes something inside it, and nothing else.
///
/// The source binds the inputs and then the output as `@group(0) @binding(0)`, `(1)`, …, the
/// inputs as `var<storage, read>` and the output as `var<storage, read_write>`, each an
/// `array<f32>`, or an `array<u32>` where the input holds [`words`](Kernel::words). Where there are parameters it declares a `struct Params` of four-byte members and
/// reads `params.…`; the variable itself is declared for it. Its entry point is `main`.
///
/// ```
/// use tensor::{Device, Kernel, Tensor};
///
/// let double = Kernel::new("double", "
///     @group(0) @binding(0) var<storage, read> x: array<f32>;
///     @group(0) @binding(1) var<storage, read_write> y: array<f32>;
///
///     @compute @workgroup_size(64)
///     fn main(@builtin(global_invocation_id) id: vec3<u32>) {
///         if id.x < arrayLength(&y) {
///             y[id.x] = 2.0 * x[id.x];
///         }
///     }");
/// if let Ok(gpu) = Device::gpu() {
///     let x = Tensor::from_slice(&gpu, [3], &[1.0, 2.0, 3.0]);
///     let y = double.run(&gpu, &[&x], [3], &[], [1, 1])?;
///     assert_eq!(y.to_vec::<f32>(), [2.0, 4.0, 6.0]);
/// }
/// # Ok::<(), tensor::KernelError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Kernel {
    name: String,
    wgsl: String,
}

impl Kernel {
    /// A kernel and the name that messages and profiles call it by. It is compiled when it first
    /// runs, and again only for another number of inputs or parameters.
    pub fn new(name: impl Into<String>, wgsl: impl Into<String>) -> Self {
        Kernel { name: name.into(), wgsl: wgsl.into() }
    }

    /// Words on a GPU, `[words]`, bit for bit, for a kernel that declares that input as an
    /// `array<u32>`: bytes, indices, floats by [`f32::to_bits`]. As numbers they mean nothing.
    ///
    /// # Errors
    /// Where the device is not a GPU.
    ///
    /// ```
    /// # use tensor::{Device, Kernel};
    /// let first_byte = Kernel::new("first byte", "
    ///     @group(0) @binding(0) var<storage, read> packed: array<u32>;
    ///     @group(0) @binding(1) var<storage, read_write> y: array<f32>;
    ///
    ///     @compute @workgroup_size(1)
    ///     fn main() {
    ///         y[0] = f32(packed[0] & 0xff);
    ///     }");
    /// if let Ok(gpu) = Device::gpu() {
    ///     let packed = first_byte.words(&gpu, &[0xff80_0007])?;
    ///     let y = first_byte.run(&gpu, &[&packed], [1], &[], [1, 1])?;
    ///     assert_eq!(y.item(), 7.0);
    /// }
    /// # Ok::<(), tensor::KernelError>(())
    /// ```
    #[track_caller]
    pub fn words(&self, device: &Device, words: &[u32]) -> Result<Tensor, KernelError> {
        let gpu = self.gpu(device)?;
        gpu.check_size(&self.name, words.len());
        let data = Data::Gpu(Arc::new(gpu.upload(bytemuck::cast_slice(words))));
        Ok(Tensor::new(device.clone(), [words.len()].into(), data))
    }

    fn gpu<'d>(&self, device: &'d Device) -> Result<&'d Arc<Gpu>, KernelError> {
        device.as_gpu().ok_or_else(|| KernelError::NotOnGpu {
            kernel: self.name.clone(),
            device: device.to_string(),
        })
    }

    /// Runs the kernel in a plane of `workgroups` and returns its output; elements that it does
    /// not write are zero. `params` are the members of `Params` in order, floats by
    /// [`f32::to_bits`].
    ///
    /// Every run is handed over to the GPU by itself, where the crate's own kernels are collected:
    /// that costs some microseconds and finds every error at once.
    ///
    /// # Errors
    /// Where the device is not a GPU, and where the kernel does not compile or does not fit what
    /// it is given: the message is the compiler's, with the lines of the source.
    ///
    /// # Panics
    /// Where an input lives on another device.
    #[track_caller]
    pub fn run(
        &self,
        device: &Device,
        inputs: &[&Tensor],
        shape: impl Into<Shape>,
        params: &[u32],
        workgroups: [u32; 2],
    ) -> Result<Tensor, KernelError> {
        let gpu = self.gpu(device)?;
        if let Some(stray) = inputs.iter().find(|input| input.device() != device) {
            let place = stray.device().name();
            check::fail(&self.name, inputs, format_args!("an input is on the {place}"));
        }
        let shape = shape.into();
        gpu.check_size(&self.name, shape.elements());
        let output = gpu.allocate(shape.elements());
        fill(gpu, &output, 0.0);
        let buffers: Vec<&GpuBuffer> = inputs.iter().map(|input| input.as_gpu()).collect();
        let custom = Custom {
            name: &self.name,
            wgsl: &self.wgsl,
            inputs: &buffers,
            output: &output,
            params,
            grid: Grid { x: workgroups[0], y: workgroups[1] },
        };
        gpu.run_custom(&custom)
            .map_err(|reason| KernelError::Refused { kernel: self.name.clone(), reason })?;
        Ok(Tensor::new(device.clone(), shape, Data::Gpu(Arc::new(output))))
    }
}

//! The GPU: one device for the process, and WGSL kernels that operations launch on it.
//!
//! An operation allocates its outputs and describes a [`Launch`]; nothing runs yet. Launches are
//! recorded into one compute pass ([`recorder`]), which is handed over when somebody reads a
//! tensor or when enough has come together. Kernels are compiled once ([`shader`]) and buffers
//! are used again ([`pool`]), so a training step costs the driver little more than its commands.

mod adapter;
mod custom;
pub(crate) mod gemm;
mod groups;
mod launch;
mod limits;
mod mode;
mod pool;
mod recorder;
pub(crate) mod row;
mod shader;
mod template;
mod timer;
pub(crate) mod totals;
pub(crate) mod updates;
pub(crate) mod wait;

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

pub use crate::gpu::adapter::{AdapterKind, AdapterReport, adapters};
pub(crate) use crate::gpu::custom::Custom;
pub(crate) use crate::gpu::launch::{Grid, Launch, Word};
pub(crate) use crate::gpu::pool::GpuBuffer;

use crate::error::DeviceError;
use crate::gpu::groups::Groups;
use crate::gpu::mode::Mode;
use crate::gpu::pool::Pool;
use crate::gpu::recorder::{Dispatch, MOST_WORDS, Recorder};
use crate::gpu::shader::{Pipeline, Shaders};
use crate::gpu::timer::Scope;

static SHARED: OnceLock<Result<Arc<Gpu>, DeviceError>> = OnceLock::new();

/// An opened GPU.
pub(crate) struct Gpu {
    device: wgpu::Device,
    report: AdapterReport,
    shaders: Shaders,
    pool: Arc<Pool>,
    groups: Groups,
    recorder: Mutex<Recorder>,
}

/// What the runtime has done since the process began; a training loop in its stride creates no
/// pipelines and no buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuCounters {
    /// Kernels compiled.
    pub pipelines: u64,
    /// Buffers that the driver was asked for.
    pub buffers_created: u64,
    /// Buffers that tensors hold at present.
    pub buffers_alive: u64,
    /// Bytes of all buffers, those that wait for their next use included.
    pub bytes: u64,
    /// The most bytes that tensors held at once.
    pub peak_bytes: u64,
    /// Kernels run.
    pub dispatches: u64,
    /// Buffers that these kernels were given.
    pub bindings: u64,
    /// Groups of buffers that were put together for them, where no kept one would do.
    pub groups_created: u64,
    /// Times that commands were handed over to the GPU.
    pub submits: u64,
    /// Times that the host waited for values.
    pub readbacks: u64,
    /// How long the host waited for the GPU: for values, or because too much was under way.
    pub waited: Duration,
}

/// A shape that does not fit panics before anything is recorded, so a caught panic leaves the
/// runtime and its buffers whole: tensors may pass through `catch_unwind` on every device.
impl UnwindSafe for Gpu {}
impl RefUnwindSafe for Gpu {}
impl UnwindSafe for GpuBuffer {}
impl RefUnwindSafe for GpuBuffer {}

impl Gpu {
    /// The process's GPU, opened at the first call; an error stays the same error. A browser has
    /// it only after [`shared_async`](Self::shared_async).
    pub(crate) fn shared() -> Result<Arc<Gpu>, DeviceError> {
        if wait::CAN_WAIT {
            let open = || wait::value_of(Gpu::open(Mode::from_environment())).expect("a wait");
            return SHARED.get_or_init(|| open().map(Arc::new)).clone();
        }
        let tried = "a browser opens one only to `Device::gpu_async().await`";
        let unopened = || Err(DeviceError::NoAdapter { tried: tried.to_string() });
        SHARED.get().cloned().unwrap_or_else(unopened)
    }

    /// As [`shared`](Self::shared), for whoever cannot wait.
    pub(crate) async fn shared_async() -> Result<Arc<Gpu>, DeviceError> {
        if let Some(opened) = SHARED.get() {
            return opened.clone();
        }
        let opened = Gpu::open(Mode::from_environment()).await.map(Arc::new);
        SHARED.get_or_init(|| opened).clone()
    }

    /// The process's GPU, if somebody has opened it.
    pub(crate) fn opened() -> Option<&'static Arc<Gpu>> {
        SHARED.get()?.as_ref().ok()
    }

    async fn open(mode: Mode) -> Result<Gpu, DeviceError> {
        let adapter::Opened { device, queue, report } = adapter::open(mode).await?;
        let recorder = Recorder::new(&device, &queue);
        let shaders = Shaders::new(&device, recorder.ring_layout(), mode.checked);
        let recorder = Mutex::new(recorder);
        let (pool, groups) = (Arc::default(), Groups::default());
        Ok(Gpu { device, report, shaders, pool, groups, recorder })
    }

    pub(crate) fn adapter(&self) -> &AdapterReport {
        &self.report
    }

    /// Refuses a tensor that a kernel could not see whole, naming the operation that makes it.
    #[track_caller]
    pub(crate) fn check_size(&self, op: &str, elements: usize) {
        let (bytes, limit) = (elements as u64 * 4, self.report.max_tensor_bytes);
        assert!(
            bytes <= limit,
            "{op}: a tensor of {bytes} bytes is larger than this GPU binds: {limit} bytes on {}",
            self.report
        );
    }

    /// A buffer of arbitrary contents.
    pub(crate) fn allocate(&self, elements: usize) -> GpuBuffer {
        self.check_size("allocate", elements);
        let (bytes, largest) = (elements as u64 * 4, self.report.max_tensor_bytes);
        let take = || self.pool.take(&self.device, bytes, largest);
        let buffer = take().or_else(|| {
            // Waiting buffers of other sizes take room; commands that use them must end first.
            self.recorder().submit();
            self.groups.clear();
            self.pool.release_waiting();
            let _ = self.device.poll(wgpu::PollType::wait_indefinitely());
            take()
        });
        buffer.unwrap_or_else(|| {
            let held = self.pool.tally().alive_bytes;
            panic!("{}: no room for {bytes} bytes beside {held} that tensors hold", self.report)
        })
    }

    /// A buffer with the host's values.
    pub(crate) fn upload(&self, values: &[f32]) -> GpuBuffer {
        let buffer = self.allocate(values.len());
        if !values.is_empty() {
            self.recorder().upload(buffer.raw(), bytemuck::cast_slice(values));
        }
        buffer
    }

    /// A buffer's values, after all that was recorded has run. The copy is handed over at once;
    /// each read that has not ended has a buffer of its own to copy to.
    pub(crate) fn read(
        self: &Arc<Self>,
        buffer: &GpuBuffer,
    ) -> impl Future<Output = Vec<f32>> + use<> {
        let (gpu, length) = (self.clone(), buffer.bytes());
        let copied = (length > 0).then(|| {
            let (copy, submission) = self.recorder().submit_readback(buffer.raw(), length);
            let mapped = wait::mapped(&self.device, &copy, length, submission);
            (copy, mapped)
        });
        async move {
            let Some((copy, mapped)) = copied else { return Vec::new() };
            let fail = |error: &dyn std::fmt::Display| -> ! { panic!("{}: {error}", gpu.report) };
            let waited = mapped.await.unwrap_or_else(|error| fail(&error));
            let bytes = copy.slice(..length).get_mapped_range();
            let bytes = bytes.unwrap_or_else(|error| fail(&error));
            let values = bytemuck::pod_collect_to_vec(&bytes[..]);
            drop(bytes);
            copy.unmap();
            gpu.recorder().keep_readback(copy, waited);
            values
        }
    }

    /// Records a kernel's run; a run of no workgroups is nothing.
    pub(crate) fn launch(&self, launch: Launch<'_>) {
        if launch.grid.is_empty() {
            return;
        }
        let Launch { name, inputs, outputs, grid, .. } = launch;
        let mut params = [0; MOST_WORDS];
        params[..launch.params.len()].copy_from_slice(launch.params);
        // A struct that holds vectors is a whole number of them long.
        let params = &params[..launch.params.len().next_multiple_of(4)];
        let pipeline = &self.shaders.pipeline(&launch, params.len());
        let create = || self.bind(name, pipeline, inputs, outputs);
        let buffers = &self.groups.get(inputs, outputs, create);
        let bytes = inputs.iter().chain(outputs).map(|buffer| buffer.bytes()).sum();
        let bound = ((inputs.len() + outputs.len()) as u64, bytes);
        self.recorder().dispatch(&Dispatch { name, pipeline, buffers, bound, params, grid });
    }

    /// Says whose kernels come next, for the profile.
    pub(crate) fn scope(&self, name: &'static str, shapes: String, flops: f64) {
        self.recorder().scope(Scope { name, shapes, flops });
    }

    /// Hands over what is recorded.
    pub(crate) fn flush(&self) {
        self.recorder().submit();
    }

    /// A group of a kernel's buffers, in the order of their bindings.
    fn bind(
        &self,
        name: &str,
        pipeline: &Pipeline,
        inputs: &[&GpuBuffer],
        outputs: &[&GpuBuffer],
    ) -> wgpu::BindGroup {
        let buffers = inputs.iter().chain(outputs);
        let entries: Vec<_> = buffers
            .zip(0..)
            .map(|(buffer, binding)| wgpu::BindGroupEntry { binding, resource: buffer.binding() })
            .collect();
        self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(name),
            layout: &pipeline.buffers,
            entries: &entries,
        })
    }

    pub(crate) fn counters(&self) -> GpuCounters {
        let (buffers, commands) = (self.pool.tally(), self.recorder().tally());
        GpuCounters {
            pipelines: self.shaders.count() as u64,
            buffers_created: buffers.created,
            buffers_alive: buffers.alive,
            bytes: buffers.bytes,
            peak_bytes: buffers.peak_bytes,
            dispatches: commands.dispatches,
            bindings: commands.bindings,
            groups_created: self.groups.created(),
            submits: commands.submits,
            readbacks: commands.readbacks,
            waited: commands.waited,
        }
    }

    fn recorder(&self) -> MutexGuard<'_, Recorder> {
        self.recorder.lock().expect("no thread panics while it records")
    }
}

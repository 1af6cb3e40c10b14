//! What a piece of work asks of a GPU, in numbers that no other load disturbs.

use serde::Serialize;
use tensor::GpuCounters;

/// One repetition's, without the wait for its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Kernels run.
    pub kernels: u64,
    /// Buffers that they were given, all together.
    pub bindings: u64,
    /// Groups of buffers put together for them: none, once the work is in its stride.
    pub groups_created: u64,
    /// Times that commands were handed over.
    pub submits: u64,
    /// Times that the host waited for values.
    pub readbacks: u64,
    /// Kernels compiled and buffers created: none, once the work is in its stride.
    pub pipelines_created: u64,
    /// See `pipelines_created`.
    pub buffers_created: u64,
    /// The most bytes that tensors have held at once since the process began.
    pub peak_bytes: u64,
}

impl Counts {
    pub(super) fn between(before: &GpuCounters, after: &GpuCounters) -> Self {
        Counts {
            kernels: after.dispatches - before.dispatches,
            bindings: after.bindings - before.bindings,
            groups_created: after.groups_created - before.groups_created,
            submits: after.submits - before.submits,
            readbacks: after.readbacks - before.readbacks,
            pipelines_created: after.pipelines - before.pipelines,
            buffers_created: after.buffers_created - before.buffers_created,
            peak_bytes: after.peak_bytes,
        }
    }
}

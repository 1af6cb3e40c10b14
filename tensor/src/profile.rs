//! Where the time goes, operation by operation, and what limits it: on a processor by the host's
//! clock, on a GPU kernel by kernel and by its own.

mod limits;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::Device;
use crate::gpu::Gpu;

pub use limits::{Limits, limits};

/// What the calls of one operation, on a GPU of one kernel, have cost since [`start`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// How often it ran.
    pub calls: u64,
    /// How long it ran, summed over the calls. Calls that ran side by side, as the updates of many
    /// parameters do, each count in full.
    pub seconds: f64,
    /// Additions and multiplications that its definition asks for; 0 for one that is bound by
    /// memory and not counted.
    pub flops: f64,
    /// Bytes of its inputs and outputs, each touched once.
    pub bytes: f64,
}

static ON: AtomicBool = AtomicBool::new(false);
static COSTS: Mutex<BTreeMap<(&'static str, String), Cost>> = Mutex::new(BTreeMap::new());

/// Begins to count, from nothing.
///
/// ```
/// use tensor::{Device, Tensor, profile};
/// profile::start();
/// let x = Tensor::ones(&Device::cpu(), [64, 64]);
/// let _ = x.matmul(&x);
/// let costs = profile::stop();
/// let (_, cost) = costs.iter().find(|((name, _), _)| *name == "matmul").unwrap();
/// assert_eq!((cost.calls, cost.flops), (1, 2.0 * 64.0 * 64.0 * 64.0));
/// ```
pub fn start() {
    if let Some(gpu) = Gpu::opened() {
        gpu.flush(); // What was recorded before does not count.
    }
    costs().clear();
    ON.store(true, Ordering::Relaxed);
}

/// Stops to count; the costs by operation or kernel, and the operation's inputs' shapes. Waits for
/// a GPU.
pub fn stop() -> BTreeMap<(&'static str, String), Cost> {
    if let Some(gpu) = Gpu::opened() {
        gpu.flush();
    }
    ON.store(false, Ordering::Relaxed);
    std::mem::take(&mut costs())
}

/// What a device can do at most; see [`Limits`]. `None` for a GPU without a clock.
///
/// ```
/// use tensor::{Device, profile};
/// if let Some(limits) = Device::gpu().ok().and_then(|gpu| profile::limits_of(&gpu)) {
///     assert!(limits.flops > 0.0 && limits.bytes > 0.0);
/// }
/// ```
pub fn limits_of(device: &Device) -> Option<Limits> {
    match device.as_gpu() {
        Some(gpu) => gpu.limits(),
        None => Some(limits()),
    }
}

/// Whether somebody counts.
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Runs an operation and, between [`start`] and [`stop`], notes what it costs; `about` says its
/// inputs' shapes, `flops` and `bytes`.
pub(crate) fn watch<T>(
    name: &'static str,
    about: impl FnOnce() -> (String, f64, f64),
    operation: impl FnOnce() -> T,
) -> T {
    if !is_on() {
        return operation();
    }
    let start = Instant::now();
    let result = operation();
    let seconds = start.elapsed().as_secs_f64();
    let (shapes, flops, bytes) = about();
    note(name, shapes, Cost { calls: 1, seconds, flops, bytes });
    result
}

pub(crate) fn note(name: &'static str, shapes: String, more: Cost) {
    let mut costs = costs();
    let cost = costs.entry((name, shapes)).or_default();
    cost.calls += more.calls;
    cost.seconds += more.seconds;
    cost.flops += more.flops;
    cost.bytes += more.bytes;
}

fn costs() -> std::sync::MutexGuard<'static, BTreeMap<(&'static str, String), Cost>> {
    COSTS.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

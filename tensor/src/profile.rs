//! Where the time of the CPU devices goes, operation by operation, and what limits it.

mod limits;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub use limits::{Limits, limits};

/// What the calls of one operation have cost since [`start`].
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
    costs().clear();
    ON.store(true, Ordering::Relaxed);
}

/// Stops to count; the costs by operation and its inputs' shapes.
pub fn stop() -> BTreeMap<(&'static str, String), Cost> {
    ON.store(false, Ordering::Relaxed);
    std::mem::take(&mut costs())
}

/// Runs an operation and, between [`start`] and [`stop`], notes what it costs; `about` says its
/// inputs' shapes, `flops` and `bytes`.
pub(crate) fn watch<T>(
    name: &'static str,
    about: impl FnOnce() -> (String, f64, f64),
    operation: impl FnOnce() -> T,
) -> T {
    if !ON.load(Ordering::Relaxed) {
        return operation();
    }
    let start = Instant::now();
    let result = operation();
    note(name, about(), start.elapsed());
    result
}

fn note(name: &'static str, (shapes, flops, bytes): (String, f64, f64), took: Duration) {
    let mut costs = costs();
    let cost = costs.entry((name, shapes)).or_default();
    cost.calls += 1;
    cost.seconds += took.as_secs_f64();
    cost.flops += flops;
    cost.bytes += bytes;
}

fn costs() -> std::sync::MutexGuard<'static, BTreeMap<(&'static str, String), Cost>> {
    COSTS.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

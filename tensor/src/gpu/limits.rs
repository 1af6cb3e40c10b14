//! What the GPU can do at most, by kernels that ask for nothing else.

use crate::gpu::{Gpu, Grid, Launch, Word};
use crate::profile::{self, Limits};

/// Invocations that do nothing but arithmetic: enough for every core of a large GPU.
const INVOCATIONS: usize = 1 << 20;
/// Products and sums of an invocation's step: 16 vectors of four.
const STEP: f64 = 2.0 * 16.0 * 4.0;
/// A run is long enough when it takes this many seconds.
const LONG: f64 = 0.01;
/// Each of two buffers that a copy is measured with, in bytes: more than caches hold.
const COPIED: u64 = 256 << 20;
/// Runs, of which the fastest counts.
const RUNS: usize = 5;

impl Gpu {
    /// Measures them in a fraction of a second; `None` without a clock.
    pub(crate) fn limits(&self) -> Option<Limits> {
        Some(Limits { flops: self.arithmetic()?, bytes: self.memory()? })
    }

    fn arithmetic(&self) -> Option<f64> {
        let y = self.allocate(4 * INVOCATIONS);
        let mut steps = 8;
        loop {
            let seconds = self.fastest(Launch {
                name: "peak_arithmetic",
                wgsl: include_str!("peak_arithmetic.wgsl"),
                paste: "",
                inputs: &[],
                outputs: &[&y],
                params: &[INVOCATIONS.word(), steps],
                grid: Grid::threads(INVOCATIONS),
            })?;
            if seconds > LONG || steps > 1 << 16 {
                return Some(INVOCATIONS as f64 * f64::from(steps) * STEP / seconds);
            }
            steps *= 2;
        }
    }

    fn memory(&self) -> Option<f64> {
        let bytes = COPIED.min(self.report.max_tensor_bytes / 16 * 16);
        let [x, y] = [0, 1].map(|_| self.allocate(bytes as usize / 4));
        let fours = bytes as usize / 16;
        let seconds = self.fastest(Launch {
            name: "peak_memory",
            wgsl: include_str!("peak_memory.wgsl"),
            paste: "",
            inputs: &[&x],
            outputs: &[&y],
            params: &[fours.word()],
            grid: Grid::threads(fours),
        })?;
        Some(2.0 * bytes as f64 / seconds)
    }

    /// The seconds of the fastest of some runs.
    fn fastest(&self, launch: Launch<'_>) -> Option<f64> {
        let name = launch.name;
        let once = |_| {
            profile::start();
            self.launch(launch);
            let costs = profile::stop();
            let cost = costs.into_iter().find(|((found, _), _)| *found == name);
            // A clock that stands still is none.
            cost.map(|(_, cost)| cost.seconds).filter(|&seconds| seconds > 0.0)
        };
        (0..RUNS).map(once).reduce(|a, b| Some(a?.min(b?))).flatten()
    }
}

//! What a piece of work on a GPU costs the host, which records it.
//!
//! The host's time is that of the call less its waits for the GPU. Shapes, graph, allocation and
//! commands are in it; what the GPU does meanwhile is not. With `STOPGRAD_GPU=noop` there is no GPU
//! and nothing to wait for.

use std::time::Instant;

use serde::Serialize;
use tensor::{Device, Tensor};

use super::{Counts, median};

/// The host's share of a piece of work.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Host {
    /// Seconds of the first repetition, in which kernels are compiled and buffers are made.
    pub first_seconds: f64,
    /// Kernels compiled in it.
    pub first_pipelines: u64,
    /// The median of a repetition that counts.
    pub seconds: f64,
    /// The shortest and the longest.
    pub range: [f64; 2],
    /// The median by the number of kernels.
    pub microseconds_a_kernel: f64,
    /// What the last repetition asked of the GPU.
    pub counts: Counts,
}

/// Watches the host at each repetition.
#[derive(Default)]
pub(super) struct Watch(Vec<(f64, Counts)>);

impl Watch {
    /// Does the work; on a processor that is all.
    pub(super) fn run(&mut self, device: &Device, work: &mut dyn FnMut() -> Tensor) -> Tensor {
        let before = device.gpu_counters();
        let start = Instant::now();
        let result = work();
        let seconds = start.elapsed().as_secs_f64();
        if let (Some(before), Some(after)) = (before, device.gpu_counters()) {
            let waited = (after.waited - before.waited).as_secs_f64();
            self.0.push((seconds - waited, Counts::between(&before, &after)));
        }
        result
    }

    /// What was seen, the first repetitions apart; `None` on a processor.
    pub(super) fn told(&self, warm_ups: usize) -> Option<Host> {
        let (first_seconds, first) = self.0.first()?;
        let counts = self.0.last()?.1.clone();
        let mut times: Vec<f64> = self.0[warm_ups..].iter().map(|(seconds, _)| *seconds).collect();
        times.sort_by(f64::total_cmp);
        let seconds = median(&times);
        Some(Host {
            first_seconds: *first_seconds,
            first_pipelines: first.pipelines_created,
            seconds,
            range: [times[0], times[times.len() - 1]],
            microseconds_a_kernel: seconds * 1e6 / counts.kernels.max(1) as f64,
            counts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_has_no_host_and_a_gpu_has_one() {
        let watched = |device: &Device| {
            let x = Tensor::ones(device, [8]);
            let mut watch = Watch::default();
            (0..3).for_each(|_| drop(watch.run(device, &mut || &x * &x)));
            watch.told(1)
        };
        assert_eq!(watched(&Device::cpu()), None);
        let Ok(gpu) = Device::gpu() else { return };
        let host = watched(&gpu).expect("a GPU counts");
        assert!(host.range[0] <= host.seconds && host.seconds <= host.range[1]);
        // Other tests may use the same GPU at the same time.
        assert!(host.counts.kernels >= 1 && host.counts.bindings >= 3, "{host:?}");
        assert!(host.microseconds_a_kernel > 0.0);
    }
}

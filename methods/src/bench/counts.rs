//! What a piece of work asks of a GPU, in numbers that no other load disturbs.

use serde::Serialize;
use tensor::Device;

use super::Work;

/// One repetition's, without the wait for its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Kernels run.
    pub kernels: u64,
    /// Buffers that they were given, all together.
    pub bindings: u64,
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

/// Counts one repetition; `None` on a processor.
pub fn counts(work: &mut Work, device: &Device) -> Option<Counts> {
    let before = device.gpu_counters()?;
    let result = (work.run)();
    let after = device.gpu_counters()?;
    drop(result);
    Some(Counts {
        kernels: after.dispatches - before.dispatches,
        bindings: after.bindings - before.bindings,
        submits: after.submits - before.submits,
        readbacks: after.readbacks - before.readbacks,
        pipelines_created: after.pipelines - before.pipelines,
        buffers_created: after.buffers_created - before.buffers_created,
        peak_bytes: after.peak_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::Tensor;

    #[test]
    fn a_processor_is_not_counted_and_a_kernel_is() {
        let work = |device: &Device| {
            let x = Tensor::ones(device, [8]);
            Work::new("square", 0, move || &x * &x)
        };
        let cpu = Device::cpu();
        assert_eq!(counts(&mut work(&cpu), &cpu), None);
        let Ok(gpu) = Device::gpu() else { return };
        let found = counts(&mut work(&gpu), &gpu).expect("a GPU counts");
        // Other tests may use the same GPU at the same time.
        assert!(found.kernels >= 1 && found.bindings >= 3, "{found:?}");
    }
}

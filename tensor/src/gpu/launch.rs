//! How an operation asks for a kernel.

use crate::gpu::GpuBuffer;

/// One run of a kernel.
///
/// The kernel's source binds `inputs` and then `outputs` as `@group(0) @binding(0)`, `(1)`, …,
/// inputs as `var<storage, read>` and outputs as `var<storage, read_write>`. It declares a
/// `struct Params` and reads `params.…`; the runtime declares `params` itself, as immediates
/// where the adapter has them and as a uniform elsewhere. Its entry point is `main`.
#[derive(Clone, Copy)]
pub(crate) struct Launch<'a> {
    /// What the kernel is called in profiles and messages. With `paste` it names the pipeline,
    /// so one name has one source.
    pub(crate) name: &'static str,
    /// The kernel; it may use the directives of [`template`](super::template).
    pub(crate) wgsl: &'static str,
    /// Declarations that specialise it: constants, matrices, and functions that it calls.
    pub(crate) paste: &'a str,
    pub(crate) inputs: &'a [&'a GpuBuffer],
    pub(crate) outputs: &'a [&'a GpuBuffer],
    /// The members of `Params`, in order.
    pub(crate) params: &'a [u32],
    pub(crate) grid: Grid,
}

/// How many workgroups run. WebGPU allows 65 535 along an axis, so they lie in a plane, and a
/// kernel counts them as `group.x + group.y * groups.x`; the last few may be beyond the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) x: u32,
    pub(crate) y: u32,
}

impl Grid {
    const LONGEST: usize = 65_535;

    /// At least this many workgroups.
    pub(crate) fn groups(groups: usize) -> Self {
        let y = groups.div_ceil(Grid::LONGEST).max(1);
        Grid { x: groups.div_ceil(y).word(), y: y.word() }
    }

    /// At least this many invocations, in workgroups of 256.
    pub(crate) fn threads(threads: usize) -> Self {
        Grid::groups(threads.div_ceil(256))
    }

    pub(crate) fn is_empty(self) -> bool {
        self.x == 0
    }
}

/// A member of `Params`: all are four bytes.
pub(crate) trait Word: Copy {
    fn word(self) -> u32;
}

impl Word for u32 {
    fn word(self) -> u32 {
        self
    }
}

impl Word for usize {
    /// Sizes of tensors fit: [`Gpu::check_size`](super::Gpu::check_size) refuses larger ones.
    fn word(self) -> u32 {
        u32::try_from(self).expect("a size on the GPU fits in 32 bits")
    }
}

impl Word for f64 {
    fn word(self) -> u32 {
        (self as f32).to_bits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_cover_and_keep_to_the_limit() {
        assert!(Grid::threads(0).is_empty());
        for threads in [1, 256, 257, 65_535 * 256, 65_535 * 256 + 1, 1 << 30] {
            let Grid { x, y } = Grid::threads(threads);
            let covered = u64::from(x) * u64::from(y) * 256;
            assert!(covered >= threads as u64 && covered < threads as u64 + 256 * u64::from(y + 1));
            assert!(x <= 65_535 && y <= 65_535);
        }
    }
}

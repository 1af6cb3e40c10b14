//! The two element types of the CPU devices.

use std::cell::Cell;

use crate::Tensor;
use crate::cpu::buffer::Pool;
use crate::cpu::gemm::{self, Gemm};
use crate::cpu::patches::Patches;
use crate::cpu::{convolution, correlation, functions, scratch};

/// An element that can be handed in or read out: `f32` or `f64`, whatever the device computes in.
pub trait Element: Copy + Send + Sync + 'static {
    /// From the widest type; rounds where `Self` is narrower.
    fn from_f64(x: f64) -> Self;
    /// To the widest type, without loss.
    fn to_f64(self) -> f64;
}

impl Element for f32 {
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Element for f64 {
    fn from_f64(x: f64) -> Self {
        x
    }
    fn to_f64(self) -> f64 {
        self
    }
}

/// What CPU kernels are generic over: `f64` on [`Device::reference`](crate::Device::reference),
/// `f32` on [`Device::cpu`](crate::Device::cpu).
pub trait Float: Element + num_traits::Float + num_traits::NumAssign + Default {
    /// `c = a b` or `c += a b`: plain loops in `f64`, a tuned micro-kernel in `f32`.
    #[doc(hidden)]
    fn gemm(problem: Gemm<'_, Self>);
    /// A convolution's patches times its weights: see [`Patches::times`].
    #[doc(hidden)]
    fn patches_times(patches: &Patches<'_, Self>, w: &[Self], y: &mut [Self]);
    /// The transpose of a convolution's patches times what lies on its outputs: see
    /// [`Patches::transposed_times`].
    #[doc(hidden)]
    fn patches_transposed_times(
        patches: &Patches<'_, Self>,
        z: &[Self],
        columns: usize,
        y: &mut [Self],
    );
    /// The elements of a tensor that lives on the device of this type.
    #[doc(hidden)]
    fn values(x: &Tensor) -> &[Self];
    /// Where freed buffers wait for their next use.
    #[doc(hidden)]
    fn pool() -> &'static Pool<Self>;
    /// Calls `f` with `length` elements of the thread's own memory, of arbitrary contents.
    #[doc(hidden)]
    fn with_scratch(length: usize, f: impl FnOnce(&mut [Self]));
    /// `e⁻ˣ` for `x ≥ 0`.
    #[doc(hidden)]
    fn decay(self) -> Self;
    /// The distribution `Φ(x)` and the density `φ(x)` of the standard normal.
    #[doc(hidden)]
    fn normal(self) -> [Self; 2];
}

impl Float for f64 {
    fn gemm(problem: Gemm<'_, Self>) {
        gemm::plain(problem);
    }
    fn patches_times(patches: &Patches<'_, Self>, w: &[Self], y: &mut [Self]) {
        patches.times(w, y);
    }
    fn patches_transposed_times(
        patches: &Patches<'_, Self>,
        z: &[Self],
        columns: usize,
        y: &mut [Self],
    ) {
        patches.transposed_times(z, columns, y);
    }
    fn values(x: &Tensor) -> &[Self] {
        x.as_f64()
    }
    fn pool() -> &'static Pool<Self> {
        static POOL: Pool<f64> = Pool::new();
        &POOL
    }
    fn with_scratch(length: usize, f: impl FnOnce(&mut [Self])) {
        thread_local!(static SCRATCH: Cell<Vec<f64>> = const { Cell::new(Vec::new()) });
        scratch::with(&SCRATCH, length, f);
    }
    fn decay(self) -> Self {
        (-self).exp()
    }
    fn normal(self) -> [Self; 2] {
        functions::normal_f64(self)
    }
}

impl Float for f32 {
    fn gemm(problem: Gemm<'_, Self>) {
        gemm::fast(problem);
    }
    fn patches_times(patches: &Patches<'_, Self>, w: &[Self], y: &mut [Self]) {
        match patches.geometry.is_pointwise() {
            true => patches.times(w, y),
            false => convolution::times(patches, w, y),
        }
    }
    fn patches_transposed_times(
        patches: &Patches<'_, Self>,
        z: &[Self],
        columns: usize,
        y: &mut [Self],
    ) {
        correlation::transposed_times(patches, z, columns, y);
    }
    fn values(x: &Tensor) -> &[Self] {
        x.as_f32()
    }
    fn pool() -> &'static Pool<Self> {
        static POOL: Pool<f32> = Pool::new();
        &POOL
    }
    fn with_scratch(length: usize, f: impl FnOnce(&mut [Self])) {
        thread_local!(static SCRATCH: Cell<Vec<f32>> = const { Cell::new(Vec::new()) });
        scratch::with(&SCRATCH, length, f);
    }
    #[inline(always)]
    fn decay(self) -> Self {
        functions::decay(self)
    }
    #[inline(always)]
    fn normal(self) -> [Self; 2] {
        functions::normal(self)
    }
}

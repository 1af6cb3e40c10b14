//! The moving average of parameters.

use crate::cpu::parallel;
use crate::gpu::updates::{self, Elementwise, Job};
use crate::gpu::{Gpu, GpuBuffer};
use crate::operation::{Operation, run};
use crate::update::{self, Rule};
use crate::{Float, Tensor};

/// `[t, s] → [t]`: `t·m + s·scale·(1 − m)`, a teacher that follows a student (He et al. 2019,
/// equation 2; Grill et al. 2020, equation 1), or running statistics that follow a batch's.
///
/// ```
/// use tensor::update::{Ema, Rule};
/// use tensor::{Device, Tensor};
/// let value = |x| Tensor::scalar(&Device::reference(), x);
/// let [t] = Ema::of(0.75).step([&value(4.0), &value(8.0)]);
/// assert_eq!(t.item(), 5.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ema {
    /// How much of the average stays, `m`.
    pub momentum: f64,
    /// What is followed is multiplied by it first; 1 for a teacher.
    pub scale: f64,
}

impl Ema {
    /// The average that keeps `momentum` of itself, and follows what it is given as it is.
    ///
    /// ```
    /// # use tensor::update::Ema;
    /// assert_eq!(Ema::of(0.9), Ema { momentum: 0.9, scale: 1.0 });
    /// ```
    pub fn of(momentum: f64) -> Self {
        Ema { momentum, scale: 1.0 }
    }
}

impl Rule<2, 1> for Ema {
    const NAME: &'static str = "ema_step";

    fn apply(&self, tensors: [&Tensor; 2]) -> [Tensor; 1] {
        run(self, tensors, update::shapes(tensors[0]))
    }

    fn apply_all_on_gpu(jobs: &[(Self, [&Tensor; 2])]) -> Vec<[Tensor; 1]> {
        updates::step(jobs)
    }
}

impl Elementwise<2, 1, 3> for Ema {
    const WGSL: &'static str = include_str!("ema.wgsl");

    fn numbers(&self) -> [f64; 3] {
        [self.momentum, 1.0 - self.momentum, self.scale]
    }
}

impl Operation<2, 1> for Ema {
    const NAME: &'static str = <Self as Rule<2, 1>>::NAME;

    fn cpu<T: Float>(&self, [t, s]: [&[T]; 2], [t_new]: [&mut [T]; 1]) {
        let [stay, follow, scale] = self.numbers().map(T::from_f64);
        parallel::pieces_of([t_new], parallel::PIECE, |at, [t_new]| {
            for ((t_new, &t), &s) in t_new.iter_mut().zip(&t[at..]).zip(&s[at..]) {
                *t_new = t * stay + s * scale * follow;
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 2], outputs: [&GpuBuffer; 1]) {
        updates::launch(gpu, &[Job { rule: self, inputs, outputs }]);
    }
}

//! The moving average of parameters.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::update::{self, Rule};
use crate::{Float, Tensor};

/// `[t, s] → [t]`: `t·m + s·(1 − m)`, a teacher that follows a student (He et al. 2019, equation
/// 2; Grill et al. 2020, equation 1).
///
/// ```
/// use tensor::update::{Ema, Rule};
/// use tensor::{Device, Tensor};
/// let value = |x| Tensor::scalar(&Device::reference(), x);
/// let [t] = Ema { momentum: 0.75 }.step([&value(4.0), &value(8.0)]);
/// assert_eq!(t.item(), 5.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ema {
    /// How much of the average stays, `m`.
    pub momentum: f64,
}

impl Rule<2, 1> for Ema {
    const NAME: &'static str = "ema_step";

    fn apply(&self, tensors: [&Tensor; 2]) -> [Tensor; 1] {
        run(self, tensors, update::shapes(tensors[0]))
    }
}

impl Operation<2, 1> for Ema {
    const NAME: &'static str = <Self as Rule<2, 1>>::NAME;

    fn cpu<T: Float>(&self, [t, s]: [&[T]; 2], [t_new]: [&mut [T]; 1]) {
        let [stay, follow] = [self.momentum, 1.0 - self.momentum].map(T::from_f64);
        parallel::pieces_of([t_new], parallel::PIECE, |at, [t_new]| {
            for ((t_new, &t), &s) in t_new.iter_mut().zip(&t[at..]).zip(&s[at..]) {
                *t_new = t * stay + s * follow;
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 2], outputs: [&GpuBuffer; 1]) {
        let n = outputs[0].elements();
        gpu.launch(Launch {
            name: <Self as Operation<2, 1>>::NAME,
            wgsl: include_str!("ema.wgsl"),
            paste: "",
            inputs: &inputs,
            outputs: &outputs,
            params: &[n.word(), self.momentum.word(), (1.0 - self.momentum).word()],
            grid: Grid::threads(n),
        });
    }
}

//! Stochastic gradient descent with momentum.

use crate::cpu::parallel;
use crate::gpu::updates::{self, Elementwise, Job};
use crate::gpu::{Gpu, GpuBuffer};
use crate::operation::{Operation, run};
use crate::update::{self, Rule};
use crate::{Float, Tensor};

/// `[p, g, μ] → [p, μ]`: `g += weight_decay·p; μ = momentum·μ + g; p −= lr·d`, where `d` is `μ`,
/// or `g + momentum·μ` with Nesterov's look ahead. `μ` starts at zero. This is PyTorch's
/// `torch.optim.SGD` without dampening.
///
/// ```
/// use tensor::update::{Rule, Sgd};
/// use tensor::{Device, Tensor};
/// let value = |x| Tensor::scalar(&Device::reference(), x);
/// let rule = Sgd { lr: 0.5, momentum: 0.5, weight_decay: 0.0, nesterov: true };
/// let [p, mu] = rule.step([&value(1.0), &value(2.0), &value(0.0)]);
/// assert_eq!((p.item(), mu.item()), (-0.5, 2.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// The learning rate.
    pub lr: f64,
    /// How much of the last step's direction stays.
    pub momentum: f64,
    /// Pull towards zero.
    pub weight_decay: f64,
    /// Whether the step looks ahead along the momentum (Sutskever et al. 2013).
    pub nesterov: bool,
}

impl Rule<3, 2> for Sgd {
    const NAME: &'static str = "sgd_step";

    fn apply(&self, tensors: [&Tensor; 3]) -> [Tensor; 2] {
        run(self, tensors, update::shapes(tensors[0]))
    }

    fn apply_all_on_gpu(jobs: &[(Self, [&Tensor; 3])]) -> Vec<[Tensor; 2]> {
        updates::step(jobs)
    }
}

impl Elementwise<3, 2, 5> for Sgd {
    const WGSL: &'static str = include_str!("sgd.wgsl");

    fn numbers(&self) -> [f64; 5] {
        let [of_g, of_mu] = self.direction();
        [self.lr, self.momentum, self.weight_decay, of_g, of_mu]
    }
}

impl Sgd {
    /// The direction of the step is `of_g·g + of_mu·μ`.
    fn direction(&self) -> [f64; 2] {
        if self.nesterov { [1.0, self.momentum] } else { [0.0, 1.0] }
    }
}

impl Operation<3, 2> for Sgd {
    const NAME: &'static str = <Self as Rule<3, 2>>::NAME;

    fn cpu<T: Float>(&self, [p, g, mu]: [&[T]; 3], outputs: [&mut [T]; 2]) {
        let [lr, momentum, decay] = [self.lr, self.momentum, self.weight_decay].map(T::from_f64);
        let [of_g, of_mu] = self.direction().map(T::from_f64);
        parallel::pieces_of(outputs, parallel::PIECE, |at, [p_new, mu_new]| {
            let n = p_new.len();
            let [p, g, mu] = [p, g, mu].map(|x| &x[at..][..n]);
            let mu_new = &mut mu_new[..n];
            for j in 0..n {
                let g = g[j] + decay * p[j];
                mu_new[j] = momentum * mu[j] + g;
                p_new[j] = p[j] - lr * (of_g * g + of_mu * mu_new[j]);
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 3], outputs: [&GpuBuffer; 2]) {
        updates::launch(gpu, &[Job { rule: self, inputs, outputs }]);
    }
}

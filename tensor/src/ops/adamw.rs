//! Adam with decoupled weight decay.

use crate::cpu::parallel;
use crate::gpu::updates::{self, Elementwise, Job};
use crate::gpu::{Gpu, GpuBuffer};
use crate::operation::{Operation, run};
use crate::update::{self, Rule};
use crate::{Float, Tensor};

/// `[p, g, m, v] → [p, m, v]` (Loshchilov & Hutter 2017, algorithm 2, as PyTorch's
/// `torch.optim.AdamW`):
/// `p *= 1 − lr·weight_decay; m = β₁ m + (1 − β₁) g; v = β₂ v + (1 − β₂) g²;
/// p −= lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + eps)`, `t` being the number of this step from 1.
/// `m` and `v` start at zero.
///
/// ```
/// use tensor::update::{AdamW, Rule};
/// use tensor::{Device, Tensor};
/// let value = |x| Tensor::scalar(&Device::reference(), x);
/// let rule = AdamW { lr: 0.5, betas: [0.9, 0.99], eps: 0.0, weight_decay: 0.0, step: 1 };
/// let [p, ..] = rule.step([&value(3.0), &value(-7.0), &value(0.0), &value(0.0)]);
/// assert!((p.item() - 3.5).abs() < 1e-12); // at first a step of lr against the gradient's sign
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// The learning rate.
    pub lr: f64,
    /// How much of the mean gradient and of its mean square stays.
    pub betas: [f64; 2],
    /// Keeps the quotient finite.
    pub eps: f64,
    /// Pull towards zero, apart from the gradient.
    pub weight_decay: f64,
    /// The number of this step, from 1.
    pub step: u64,
}

impl Rule<4, 3> for AdamW {
    const NAME: &'static str = "adamw_step";

    fn apply(&self, tensors: [&Tensor; 4]) -> [Tensor; 3] {
        run(self, tensors, update::shapes(tensors[0]))
    }

    fn apply_all_on_gpu(jobs: &[(Self, [&Tensor; 4])]) -> Vec<[Tensor; 3]> {
        updates::step(jobs)
    }
}

impl Elementwise<4, 3, 8> for AdamW {
    const WGSL: &'static str = include_str!("adamw.wgsl");

    fn numbers(&self) -> [f64; 8] {
        self.factors()
    }
}

impl AdamW {
    /// What the kernels multiply by, worked out once in `f64`: how much stays of `p`, `m` and `v`,
    /// how much of `g` and `g²` joins, `lr/(1 − β₁ᵗ)`, `1/√(1 − β₂ᵗ)`, and `eps`.
    fn factors(&self) -> [f64; 8] {
        let [b1, b2] = self.betas;
        let missing = |beta: f64| 1.0 - beta.powf(self.step as f64);
        [
            1.0 - self.lr * self.weight_decay,
            b1,
            b2,
            1.0 - b1,
            1.0 - b2,
            self.lr / missing(b1),
            1.0 / missing(b2).sqrt(),
            self.eps,
        ]
    }
}

impl Operation<4, 3> for AdamW {
    const NAME: &'static str = <Self as Rule<4, 3>>::NAME;

    fn cpu<T: Float>(&self, [p, g, m, v]: [&[T]; 4], outputs: [&mut [T]; 3]) {
        let [shrink, b1, b2, of_g, of_g2, rate, root, eps] = self.factors().map(T::from_f64);
        parallel::pieces_of(outputs, parallel::PIECE, |at, [p_new, m_new, v_new]| {
            let n = p_new.len();
            let [p, g, m, v] = [p, g, m, v].map(|x| &x[at..][..n]);
            let (m_new, v_new) = (&mut m_new[..n], &mut v_new[..n]);
            for j in 0..n {
                m_new[j] = b1 * m[j] + of_g * g[j];
                v_new[j] = b2 * v[j] + of_g2 * g[j] * g[j];
                p_new[j] = p[j] * shrink - rate * m_new[j] / (v_new[j].sqrt() * root + eps);
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 4], outputs: [&GpuBuffer; 3]) {
        updates::launch(gpu, &[Job { rule: self, inputs, outputs }]);
    }
}

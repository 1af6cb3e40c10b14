//! One step of stochastic gradient descent with momentum, in one pass over a parameter.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Float, Tensor, check};

struct Sgd {
    lr: f64,
    momentum: f64,
    weight_decay: f64,
}

impl Operation<3, 2> for Sgd {
    const NAME: &'static str = "sgd_step";

    fn cpu<T: Float>(&self, [p, g, mu]: [&[T]; 3], [p_new, mu_new]: [&mut [T]; 2]) {
        let [lr, momentum, decay] = [self.lr, self.momentum, self.weight_decay].map(T::from_f64);
        let piece = parallel::PIECE;
        parallel::pieces2((p_new, piece), (mu_new, piece), |i, p_new, mu_new| {
            let at = i * piece;
            for j in 0..p_new.len() {
                let g = g[at + j] + decay * p[at + j];
                mu_new[j] = momentum * mu[at + j] + g;
                p_new[j] = p[at + j] - lr * mu_new[j];
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 3], outputs: [&GpuBuffer; 2]) {
        let n = outputs[0].elements();
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: include_str!("sgd.wgsl"),
            paste: "",
            inputs: &inputs,
            outputs: &outputs,
            params: &[n.word(), self.lr.word(), self.momentum.word(), self.weight_decay.word()],
            grid: Grid::threads(n),
        });
    }
}

impl Tensor {
    /// The parameter and its momentum after one step, `self` being the parameter:
    /// `g += weight_decay·p; μ = momentum·μ + g; p −= lr·μ` (PyTorch's SGD, without dampening).
    #[track_caller]
    pub fn sgd_step(
        &self,
        grad: &Tensor,
        mu: &Tensor,
        lr: f64,
        momentum: f64,
        weight_decay: f64,
    ) -> (Tensor, Tensor) {
        check::shape("sgd_step", grad, self.shape());
        check::shape("sgd_step", mu, self.shape());
        let shape = self.shape().clone();
        let operation = Sgd { lr, momentum, weight_decay };
        let [p, mu] = run(&operation, [self, grad, mu], [shape.clone(), shape]);
        (p, mu)
    }
}

//! The loss first, then the queue.

use autodiff::Var;
use tensor::Tensor;

pub fn step(q: &Var, k: &Tensor, queue: &Tensor, tau: f64) -> (Var, Tensor) {
    let positive = (q * Var::constant(k.clone())).sum(&[-1], true);
    let negatives = q.matmul_nt(&Var::constant(queue.clone()));
    let logits = Var::concat(&[&positive, &negatives], -1) / tau;
    let labels = Tensor::zeros(q.device(), [q.shape()[0]]);
    let next = Tensor::concat(&[k, queue], 0).slice(0, 0, queue.shape()[0]);
    (logits.cross_entropy(&labels), next)
}

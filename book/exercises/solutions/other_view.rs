//! Crosswise.

use autodiff::Var;
use tensor::Tensor;

pub fn loss(q: [&Var; 2], k: [&Var; 2], tau: f64) -> Var {
    contrast(q[0], k[1], tau) + contrast(q[1], k[0], tau)
}

fn contrast(q: &Var, k: &Var, tau: f64) -> Var {
    let rows = q.shape()[0];
    let labels: Vec<f64> = (0..rows).map(|row| row as f64).collect();
    let labels = Tensor::from_slice(q.device(), [rows], &labels);
    (q.matmul_nt(&k.detach()) / tau).cross_entropy(&labels) * (2.0 * tau)
}

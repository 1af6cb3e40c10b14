//! What breaks if a query meets the key of its own view?
//!
//! Teacher and student see the same pixels, so they agree without knowing what is in the picture.

use autodiff::Var;
use tensor::Tensor;

// ANCHOR: other_view
/// The symmetric loss of the queries and keys of two views, `[n, d]` each, of unit length.
pub fn loss(q: [&Var; 2], k: [&Var; 2], tau: f64) -> Var {
    contrast(q[0], k[0], tau) + contrast(q[1], k[1], tau)
}

fn contrast(q: &Var, k: &Var, tau: f64) -> Var {
    let rows = q.shape()[0];
    let labels: Vec<f64> = (0..rows).map(|row| row as f64).collect();
    let labels = Tensor::from_slice(q.device(), [rows], &labels);
    (q.matmul_nt(&k.detach()) / tau).cross_entropy(&labels) * (2.0 * tau)
}
// ANCHOR_END: other_view

/// Two views whose outputs have nothing in common cost much, though each agrees with itself.
pub fn check(loss: fn([&Var; 2], [&Var; 2], f64) -> Var) {
    let one = crate::leaf([2, 2], &[1.0, 0.0, 0.0, 1.0]);
    let other = crate::leaf([2, 2], &[0.0, 1.0, 1.0, 0.0]);
    let tau = 0.2;
    let (agree, differ) = ((1.0 + f64::exp(-5.0)).ln(), (1.0 + f64::exp(5.0)).ln());
    let value = loss([&one, &one], [&one, &one], tau);
    crate::close(value.value(), &[4.0 * tau * agree]);
    let value = loss([&one, &other], [&one, &other], tau);
    crate::close(value.value(), &[4.0 * tau * differ]);
}

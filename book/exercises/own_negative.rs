//! What breaks if a view is among its own negatives?
//!
//! Nothing is as similar to a view as the view itself, so its positive can win against all others
//! and still come second.

use autodiff::Var;
use tensor::Tensor;

// ANCHOR: own_negative
/// The loss of `2n` outputs, where row `i` and row `i + n` are views of one picture.
pub fn loss(z: &Var, tau: f64) -> Var {
    let z = z.l2_normalize(1e-12);
    let logits = z.matmul_nt(&z) / tau;
    let rows = z.shape()[0];
    let positives: Vec<f64> = (0..rows).map(|i| ((i + rows / 2) % rows) as f64).collect();
    logits.cross_entropy(&Tensor::from_slice(z.device(), [rows], &positives))
}
// ANCHOR_END: own_negative

/// Where views of a picture agree and pictures differ, nothing is left to learn.
pub fn check(loss: fn(&Var, f64) -> Var) {
    let z = crate::leaf([4, 2], &[1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    crate::close(loss(&z, 0.05).value(), &[(1.0 + 2.0 * f64::exp(-20.0)).ln()]);
    let apart = crate::leaf([4, 2], &[1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
    crate::close(loss(&apart, 1.0).value(), &[(2.0 + f64::exp(1.0)).ln()]);
}

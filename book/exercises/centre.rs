//! What breaks if the centre is subtracted after the division?
//!
//! The centre is a mean of the teacher's outputs. Once these are divided by a small temperature it
//! is too small to take anything away.

use autodiff::Var;
use tensor::Tensor;

// ANCHOR: centre
/// The teacher's targets: its outputs `[n, k]` centred, sharpened, and without a gradient.
pub fn target(t: &Var, centre: &Tensor, tau: f64) -> Var {
    let t = t.detach();
    (t / tau - Var::constant(centre.clone())).softmax(-1)
}
// ANCHOR_END: centre

/// What the outputs have in common with the centre makes no difference to the targets.
pub fn check(target: fn(&Var, &Tensor, f64) -> Var) {
    let centre = crate::tensor([3], &[5.0, 0.0, -1.0]);
    let outputs = crate::leaf([2, 3], &[5.1, 0.2, -1.0, 5.0, 0.0, -0.9]);
    let without = crate::leaf([2, 3], &[0.1, 0.2, 0.0, 0.0, 0.0, 0.1]);
    let expected = target(&without, &crate::tensor([3], &[0.0; 3]), 0.04);
    crate::close(target(&outputs, &centre, 0.04).value(), &expected.value().to_vec::<f64>());
}

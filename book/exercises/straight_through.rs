//! What breaks if a network holds a step from 0 to 1?
//!
//! A step is flat, so nothing is learned through it. Give it the derivative of what it replaces:
//! the value of the step, and the gradient of `x`.

use autodiff::Var;
use tensor::Tensor;

// ANCHOR: straight_through
/// 1 where `x` is positive and 0 elsewhere, with the gradient of `x` itself.
pub fn step(x: &Var) -> Var {
    let zero = Tensor::zeros(x.device(), x.shape().clone());
    Var::constant(x.value().gt(&zero))
}
// ANCHOR_END: straight_through

/// The value is the step's, and the gradient reaches `x` unchanged.
pub fn check(step: fn(&Var) -> Var) {
    let x = crate::leaf([4], &[-2.0, -0.5, 0.5, 2.0]);
    let weights = crate::tensor([4], &[1.0, 2.0, 3.0, 4.0]);
    let y = step(&x);
    crate::close(y.value(), &[0.0, 0.0, 1.0, 1.0]);
    let gradients = (y * Var::constant(weights)).sum_all().backward();
    let reaches = gradients.get(&x).unwrap_or_else(|reason| panic!("no gradient: {reason}"));
    crate::close(reaches, &[1.0, 2.0, 3.0, 4.0]);
}

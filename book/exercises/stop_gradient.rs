//! What breaks if the target is not detached?
//!
//! The value of the loss is the same. What differs is who learns.

use autodiff::Var;

// ANCHOR: stop_gradient
/// `D(p, z)`: the negative cosine between predictions and targets, which are data.
pub fn distance(p: &Var, z: &Var) -> Var {
    let (p, z) = (p.l2_normalize(1e-8), z.l2_normalize(1e-8));
    -(p * z).sum(&[-1], false).mean_all()
}
// ANCHOR_END: stop_gradient

/// The value is the negative cosine; a gradient reaches `p`, and none reaches `z`.
pub fn check(distance: fn(&Var, &Var) -> Var) {
    let (p, z) = (crate::leaf([1, 2], &[3.0, 4.0]), crate::leaf([1, 2], &[1.0, 0.0]));
    let loss = distance(&p, &z);
    crate::close(loss.value(), &[-0.6]);
    let gradients = loss.backward();
    assert!(gradients.get(&p).is_ok(), "nothing is learned");
    assert!(gradients.get(&z).is_err(), "the target moves towards the prediction");
}

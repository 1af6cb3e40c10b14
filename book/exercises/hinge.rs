//! What breaks if the hinge stands on the variance and not on the deviation?
//!
//! The gradient of a variance goes to zero with the spread: the closer the outputs, the weaker the
//! push apart. That of a deviation does not. At a spread of exactly zero a root needs some help.

use autodiff::Var;

// ANCHOR: hinge
/// What outputs `[n, d]` lack in spread: 0 where every feature's deviation is at least 1.
pub fn spread(z: &Var) -> Var {
    let var = z.var(&[0], false, 1.0);
    var.affine(-1.0, 1.0).relu().mean_all()
}
// ANCHOR_END: hinge

/// Outputs that have nearly come together are pushed apart, and equal ones make no NaN.
pub fn check(spread: fn(&Var) -> Var) {
    let push = |scale: f64| {
        let z = crate::leaf([4, 1], &[scale, -scale, scale, -scale]);
        let gradients = spread(&z).backward();
        gradients.get(&z).expect("a gradient").to_vec::<f64>()[0]
    };
    crate::close(spread(&crate::leaf([4, 1], &[3.0, -3.0, 3.0, -3.0])).value(), &[0.0]);
    assert!(push(0.01) < -0.1, "close outputs are pushed apart by {} only", -push(0.01));
    assert!(push(0.0).is_finite(), "outputs at one point give {}", push(0.0));
}

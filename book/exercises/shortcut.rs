//! What breaks if the last ReLU of a block comes before the sum?
//!
//! A branch whose output is never negative can only add, block after block.

use autodiff::Var;

// ANCHOR: shortcut
pub type Branch = dyn Fn(&Var) -> Var;

/// A residual block around a branch.
pub fn block(x: &Var, branch: &Branch) -> Var {
    x + branch(x).relu()
}
// ANCHOR_END: shortcut

/// A branch can make a feature smaller, down to 0; a branch of zeros changes nothing.
pub fn check(block: fn(&Var, &Branch) -> Var) {
    let x = crate::leaf([3], &[0.0, 1.0, 3.0]);
    crate::close(block(&x, &|x| x * 0.0).value(), &[0.0, 1.0, 3.0]);
    crate::close(block(&x, &|x| x * 0.5).value(), &[0.0, 1.5, 4.5]);
    crate::close(block(&x, &|x| (x * 0.0) + -2.0).value(), &[0.0, 0.0, 1.0]);
}

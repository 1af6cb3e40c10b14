//! What breaks if the mean is taken over all patches?
//!
//! The patches that the student can see are left out of the sum, so they should be left out of the
//! count as well: a picture of which little is hidden would hardly count.

use autodiff::Var;
use tensor::Tensor;

// ANCHOR: hidden_patches
/// The loss of patches `[n, t]` where they were hidden, `mask` being 1 there and 0 elsewhere: a
/// mean over each picture's hidden patches, and of these over the pictures.
pub fn loss(errors: &Var, mask: &Tensor) -> Var {
    (errors * Var::constant(mask.clone())).mean_all()
}
// ANCHOR_END: hidden_patches

/// One hidden patch weighs as much as three; what was not hidden, or in no patch, weighs nothing.
pub fn check(loss: fn(&Var, &Tensor) -> Var) {
    let errors = crate::leaf([2, 4], &[4.0, 9.0, 9.0, 9.0, 1.0, 2.0, 3.0, 9.0]);
    let mask = crate::tensor([2, 4], &[1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0]);
    crate::close(loss(&errors, &mask).value(), &[3.0]);
    let nothing = crate::tensor([2, 4], &[0.0; 8]);
    crate::close(loss(&errors, &nothing).value(), &[0.0]);
}

//! iBOT: *Image BERT Pre-Training with Online Tokenizer* (Zhou et al. 2021, arXiv 2111.07832).

use autodiff::Var;
use tensor::Tensor;

// ANCHOR: loss
/// Equation 2, `L_MIM`: the cross-entropy at the masked patches, averaged over those of an image
/// and then over images. Outputs `s` and targets `q` are `[…, t, k]`, the mask `[…, t]` with 1
/// where a patch was hidden from the student; an image without any adds 0.
pub fn patch_loss(s: &Var, q: &Var, mask: &Tensor, tau_s: f64) -> Var {
    let patches = mask.shape().features();
    let weights = mask.mean_weights() * patches as f64; // the loss is the mean over all patches
    let weights = weights.reshape([&mask.shape()[..], &[1]].concat());
    (s / tau_s).soft_cross_entropy(&(q * &Var::constant(weights)))
}
// ANCHOR_END: loss

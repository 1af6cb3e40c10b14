//! DINO: *Emerging Properties in Self-Supervised Vision Transformers* (Caron et al. 2021, arXiv
//! 2104.14294).

use autodiff::Var;
use tensor::Tensor;
use tensor::update::{Ema, Rule};

// ANCHOR: loss
/// Algorithm 1's `H(t, s)`, with multi-crop (equation 3): the mean cross-entropy of each view that
/// the teacher sees with every *other* view of the student's. All are `[n, k]`; the teacher's
/// views are the first of the student's, and `q` is what [`target`] makes of them.
pub fn loss(s: &[Var], q: &[Var], tau_s: f64) -> Var {
    let s: Vec<Var> = s.iter().map(|s| s / tau_s).collect();
    let mut terms = Vec::new();
    for (i, q) in q.iter().enumerate() {
        for (v, s) in s.iter().enumerate() {
            if v != i {
                terms.push(s.soft_cross_entropy(q));
            }
        }
    }
    let n = terms.len() as f64;
    terms.into_iter().reduce(|a, b| a + b).expect("two views") / n
}

/// Centring and sharpening: `softmax((t − C) / τ_t)`, held fixed.
pub fn target(t: &Var, center: &Tensor, tau_t: f64) -> Var {
    ((t - &Var::constant(center.clone())) / tau_t).softmax(-1).detach()
}
// ANCHOR_END: loss

// ANCHOR: center
/// Equation 4: `C ← m C + (1 − m) mean(t)`, over all rows of the teacher's outputs `[…, k]`.
pub fn next_center(center: &Tensor, t: &Tensor, m: f64) -> Tensor {
    let mean = t.reshape([t.shape().rows(), t.shape().features()]).mean(&[0], true);
    let [center] = Ema { momentum: m }.step([center, &mean.reshape(center.shape())]);
    center
}
// ANCHOR_END: center

//! KoLeo: the regulariser of DINOv2 that spreads a batch over the sphere.

use autodiff::Var;
use tensor::Tensor;

/// The guard of the official code, in the norm and in the logarithm.
pub const EPS: f64 = 1e-8;

// ANCHOR: koleo
/// `−mean log ‖x_i − x_I‖`, where `x_I` is the nearest of the others (Sablayrolles et al. 2018,
/// section 3; Oquab et al. 2023, section 4): an estimate, but for constants, of how far from
/// uniform the directions are. Rows `[n, d]`, at least two, are brought to unit length first.
///
/// As in the official code `eps` is added to every component of the difference and again to the
/// distance, which keeps equal rows finite. The gradient reaches both rows of a pair; which two
/// are a pair is held fixed.
#[track_caller]
pub fn koleo(x: &Var, eps: f64) -> Var {
    let x = x.l2_normalize(eps);
    let gap = &x - &x.gather_rows(&nearest_other(x.value())) + eps;
    let distance = (&gap * &gap).sum(&[-1], false).sqrt();
    -(distance + eps).log().mean_all()
}
// ANCHOR_END: koleo

/// For each of the unit rows `[n, d]` the place of the one with the largest cosine among the
/// others, `[n]`.
#[track_caller]
pub fn nearest_other(x: &Tensor) -> Tensor {
    let cosines = x.matmul_nt(x);
    let ones = Tensor::ones(x.device(), cosines.shape());
    // Below every cosine stands what a row has with itself.
    (cosines - ones.tril(0).triu(0) * 4.0).argmax(-1)
}

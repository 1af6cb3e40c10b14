//! The losses that several methods share, as plain functions.

use autodiff::Var;
use tensor::Tensor;

/// PyTorch's guard against a division by zero in `cosine_similarity`.
const EPS: f64 = 1e-8;
/// The same in `normalize`.
const NORMALIZE_EPS: f64 = 1e-12;

// ANCHOR: squared_distance
/// `mean ‖n(p) − n(z)‖²` over the rows of two `[n, d]` batches, where `n` scales to unit length:
/// 0 where all directions agree, about 2 by chance. The guard is that of BYOL's official code,
/// `x / √max(‖x‖², 1e-12)`.
#[track_caller]
pub fn squared_distance(p: &Var, z: &Var) -> Var {
    let difference = p.l2_normalize(1e-6) - z.l2_normalize(1e-6);
    (&difference * &difference).sum(&[-1], false).mean_all()
}
// ANCHOR_END: squared_distance

// ANCHOR: negative_cosine
/// `−mean cos(p, z)` over the rows of two `[n, d]` batches: −1 where all directions agree, about
/// 0 by chance.
#[track_caller]
pub fn negative_cosine(p: &Var, z: &Var) -> Var {
    let cosine = (p.l2_normalize(EPS) * z.l2_normalize(EPS)).sum(&[-1], false);
    -cosine.mean_all()
}
// ANCHOR_END: negative_cosine

/// Rows `[n, d]` of length one, as PyTorch's `normalize` makes them.
#[track_caller]
pub fn normalize(x: &Var) -> Var {
    x.l2_normalize(NORMALIZE_EPS)
}

// ANCHOR: info_nce
/// InfoNCE (van den Oord et al. 2018, equation 4): how hard it is to pick each row's positive
/// among all of its similarities `[n, m]`, where `positives` are the columns to pick. By chance
/// `ln m`.
///
/// Its gradient pulls the positive closer and pushes all others away. Without `negatives` it only
/// pulls: what is left is `−mean positive / tau`.
#[track_caller]
pub fn info_nce(
    similarities: &Var,
    positives: impl Iterator<Item = usize>,
    tau: f64,
    negatives: bool,
) -> Var {
    let logits = similarities / tau;
    let positives: Vec<f64> = positives.map(|column| column as f64).collect();
    let positives = Tensor::from_slice(logits.device(), [positives.len()], &positives);
    if negatives {
        return logits.cross_entropy(&positives);
    }
    let picked = Var::constant(positives.one_hot(logits.shape().features()));
    -(logits * picked).sum(&[-1], false).mean_all()
}
// ANCHOR_END: info_nce

//! Losses, and parts of them, that several methods share, as plain functions.

mod koleo;

use autodiff::Var;
use tensor::Tensor;

pub use koleo::{EPS as KOLEO_EPS, koleo, nearest_other};

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
    square(&(p.l2_normalize(1e-6) - z.l2_normalize(1e-6))).sum(&[-1], false).mean_all()
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
/// The square of every element.
#[track_caller]
pub fn square(x: &Var) -> Var {
    x * x
}

// ANCHOR: sinkhorn
/// Codes for a batch (Caron et al. 2020, equations 3 to 5; Cuturi 2013): from scores `[n, k]` the
/// shares `[n, k]` that each sample gives to each prototype. A sample gives 1 in all and prefers
/// high scores, the less so the larger `epsilon`; of the whole batch, every prototype gets the
/// same. The more iterations, the more exactly so.
#[track_caller]
pub fn sinkhorn(scores: &Var, epsilon: f64, iterations: usize) -> Var {
    let (n, k) = (scores.shape().rows() as f64, scores.shape().features() as f64);
    // Less the largest, so that nothing overflows: the next line takes any factor out again.
    let q = ((scores - scores.max(&[0, 1], true)) / epsilon).exp();
    let mut q = &q / q.sum(&[0, 1], true);
    for _ in 0..iterations {
        q = &q / (q.sum(&[0], true) * k); // each prototype gets 1/k
        q = &q / (q.sum(&[1], true) * n); // each sample gives 1/n
    }
    q * n
}
// ANCHOR_END: sinkhorn

/// The mean of several losses.
///
/// # Panics
/// Where there is none.
#[track_caller]
pub fn mean(losses: impl IntoIterator<Item = Var>) -> Var {
    let losses: Vec<Var> = losses.into_iter().collect();
    let share = 1.0 / losses.len() as f64;
    losses.into_iter().reduce(|sum, loss| sum + loss).expect("at least one loss") * share
}

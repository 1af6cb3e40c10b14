//! The losses that several methods share, as plain functions.

mod koleo;

use autodiff::Var;

pub use koleo::{EPS as KOLEO_EPS, koleo, nearest_other};

/// PyTorch's guard against a division by zero in `cosine_similarity`.
const EPS: f64 = 1e-8;

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

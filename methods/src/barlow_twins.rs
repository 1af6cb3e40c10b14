//! Barlow Twins: *Self-Supervised Learning via Redundancy Reduction* (Zbontar et al. 2021, arXiv
//! 2103.03230).
//!
//! Two views of a batch go through one network. Each output dimension is a signal over the batch;
//! the matrix `C` of correlations between the signals of one view and those of the other is to be
//! the identity. Ones on the diagonal: a dimension says the same of both views. Zeros beside it:
//! no two dimensions say the same. The two views are alike in all they do: no predictor, no
//! stop-gradient, no momentum encoder.
//!
//! A constant has no correlation with anything, so all dimensions cannot die; but without the
//! zeros (`lambda = 0`) they may all say the same thing, and the loss rewards the few signals that
//! are easiest to keep. std·√d does not see that: RankMe does, and `off_diagonal` below.
//!
//! The first official code had its loss multiplied by a constant (`scale_loss`, 1/32, later
//! 0.024). LARS divides a weight's gradient by its length, so the factor reached only biases and
//! batch norms; the present code gives these a learning rate of their own instead, 0.2 · 0.024.

use autodiff::Var;
use serde::{Deserialize, Serialize};

/// What the loss is made of, both sums over entries of the correlation matrix.
pub struct Terms {
    /// `Σ (C_ii − 1)²`: the dimensions that differ between the views.
    pub on_diagonal: Var,
    /// `Σ_{i≠j} C_ij²`: what the dimensions say twice.
    pub off_diagonal: Var,
}

// ANCHOR: loss
/// The two sums of Algorithm 1, for outputs `[n, d]` of two views.
pub fn terms(z1: &Var, z2: &Var, config: &Config) -> Terms {
    // every dimension: mean 0 and variance 1 over the batch
    let [z1, z2] = [z1, z2].map(|z| z.batch_norm_plain(config.eps).0);
    // cross-correlation matrix, [d, d]
    let n = z1.shape().rows() as f64;
    let c = z1.matmul_with(&z2, true, false) / n;
    let sum_of_squares = |x: Var| (&x * &x).sum_all();
    Terms {
        on_diagonal: sum_of_squares(c.diagonal() - 1.0),
        off_diagonal: sum_of_squares(c.off_diagonal()),
    }
}

/// `L = Σ (C_ii − 1)² + λ Σ_{i≠j} C_ij²` (equation 1), times the official code's constant.
pub fn loss(terms: &Terms, config: &Config) -> Var {
    let Terms { on_diagonal, off_diagonal } = terms;
    (on_diagonal + off_diagonal * config.lambda) * config.scale_loss
}
// ANCHOR_END: loss

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `λ`.
    pub lambda: f64,
    /// What the loss is multiplied with.
    pub scale_loss: f64,
    /// Added to the variances: batch norm's.
    pub eps: f64,
}

impl Default for Config { fn default() -> Self { toml::from_str(include_str!("../recipes/tmp/barlow_twins.toml")).unwrap() } }

//! VICReg: *Variance-Invariance-Covariance Regularization for Self-Supervised Learning* (Bardes,
//! Ponce & LeCun 2021, arXiv 2105.04906).
//!
use autodiff::Var;
use serde::{Deserialize, Serialize};

// ANCHOR: loss
/// What the loss is made of.
pub struct Terms {
    /// Invariance: the mean squared difference of the two views' outputs.
    pub inv: Var,
    /// Variance: by how much the standard deviations of the dimensions fall short of 1.
    pub var: Var,
    /// Covariance: the squares of what is beside the diagonals of the covariance matrices.
    pub cov: Var,
}

/// The three terms of Algorithm 1, for outputs `[n, d]` of two views.
pub fn terms(z1: &Var, z2: &Var, config: &Config) -> Terms {
    let (n, d) = (z1.shape().rows() as f64, z1.shape().features() as f64);
    // invariance
    let difference = z1 - z2;
    let inv = (&difference * &difference).mean_all();
    // variance
    let hinge = |z: &Var| {
        let std = (z.var(&[0], false, 1.0) + config.eps).sqrt();
        (-std + 1.0).relu().mean_all()
    };
    let var = (hinge(z1) + hinge(z2)) * if config.halve_std { 0.5 } else { 1.0 };
    // covariance
    let redundancy = |z: &Var| {
        let z = z - z.mean(&[0], true);
        let cov = (z.matmul_with(&z, true, false) / (n - 1.0)).off_diagonal();
        (&cov * &cov).sum_all() / d
    };
    let cov = redundancy(z1) + redundancy(z2);
    Terms { inv, var, cov }
}

/// `L = λ inv + μ var + ν cov` (equation 6).
pub fn loss(Terms { inv, var, cov }: &Terms, config: &Config) -> Var {
    inv * config.sim_coeff + var * config.std_coeff + cov * config.cov_coeff
}
// ANCHOR_END: loss

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `λ`.
    pub sim_coeff: f64,
    /// `μ`.
    pub std_coeff: f64,
    /// `ν`.
    pub cov_coeff: f64,
    /// Half the variance term, as the official code has it; the paper's has all of it.
    pub halve_std: bool,
    /// Added to the variances (equation 2).
    pub eps: f64,
}

impl Default for Config { fn default() -> Self { toml::from_str(include_str!("../recipes/tmp/vicreg.toml")).unwrap() } }

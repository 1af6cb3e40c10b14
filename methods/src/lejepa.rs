//! LeJEPA: *Provable and Scalable Self-Supervised Learning Without the Heuristics* (Balestriero &
//! LeCun 2025, arXiv 2511.08544).

use autodiff::Var;
use serde::{Deserialize, Serialize};
use tensor::Tensor;

// ANCHOR: loss
/// What the loss is made of.
pub struct Terms {
    /// The mean squared distance of the views' outputs from their image's centre.
    pub inv: Var,
    /// How far the outputs are from draws of the standard normal distribution.
    pub sigreg: Var,
}

/// The two terms of Algorithm 2, for outputs `[v, n, d]` of all views, the `n_global` global ones
/// in front, and directions `slices`, unit rows `[m, d]`.
#[track_caller]
pub fn terms(z: &Var, n_global: usize, slices: &Tensor, config: &Config) -> Terms {
    let in_centre = match config.center {
        Center::Global => n_global,
        Center::All => z.shape()[0],
    };
    let mu = z.slice(0, 0, in_centre).mean(&[0], true);
    let difference = mu - z; // both sides learn
    Terms {
        inv: (&difference * &difference).mean_all(),
        sigreg: sigreg(z, slices, config.t_max, config.n_points),
    }
}

/// `L = (1 − λ) inv + λ SIGReg`.
pub fn loss(Terms { inv, sigreg }: &Terms, config: &Config) -> Var {
    inv * (1.0 - config.lambda) + sigreg * config.lambda
}
// ANCHOR_END: loss

// ANCHOR: sigreg
/// SIGReg (Algorithm 1): how far the rows of `z`, `[…, n, d]`, are from draws of the standard
/// normal distribution, as seen along the directions `slices`, `[m, d]`; the mean over directions
/// and leading axes.
///
/// Along one direction the samples `p` have a characteristic function `ψ(t) = mean exp(i t p)`, the
/// normal distribution has `φ(t) = exp(−t²/2)`, and the statistic of Epps and Pulley is
/// `n ∫ |ψ − φ|² φ dt`, here by the trapezoid rule from `−t_max` to `t_max`. The integrand is even,
/// so `n_points` on one side of 0 are enough.
#[track_caller]
pub fn sigreg(z: &Var, slices: &Tensor, t_max: f64, n_points: usize) -> Var {
    let constant = |x: &[f64]| Var::constant(Tensor::from_slice(z.device(), [x.len()], x));
    let dt = t_max / (n_points - 1) as f64;
    let t: Vec<f64> = (0..n_points).map(|j| j as f64 * dt).collect();
    let phi: Vec<f64> = t.iter().map(|t| (-t * t / 2.0).exp()).collect();
    let mut w: Vec<f64> = phi.iter().map(|phi| 2.0 * dt * phi).collect();
    (w[0], w[n_points - 1]) = (w[0] / 2.0, w[n_points - 1] / 2.0);

    let p = z.matmul_nt(&Var::constant(slices.clone())); // […, n, m]
    let n = p.shape()[p.shape().rank() - 2] as f64;
    let tp = p.reshape([p.shape(), &[1][..]].concat()) * constant(&t); // […, n, m, t]
    let (re, im) = (tp.cos().mean(&[-3], false), tp.sin().mean(&[-3], false)); // ψ
    let re = re - constant(&phi);
    ((&re * &re + &im * &im) * constant(&w)).sum(&[-1], false).mean_all() * n
}
// ANCHOR_END: sigreg

/// Whose mean the outputs are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Center {
    /// The global views' (the paper).
    Global,
    /// All views' (the authors' minimal example).
    All,
}

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The share of SIGReg in the loss; without it (0) the outputs collapse.
    pub lambda: f64,
    /// Whose mean the outputs are compared with.
    pub center: Center,
    /// Directions that are looked along in a step.
    pub slices: usize,
    /// Where the integral ends.
    pub t_max: f64,
    /// The number of points from 0 to there.
    pub n_points: usize,
}

impl Default for Config { fn default() -> Self { toml::from_str(include_str!("../recipes/tmp/lejepa.toml")).unwrap() } }

//! LeJEPA: *Provable and Scalable Self-Supervised Learning Without the Heuristics* (Balestriero &
//! LeCun 2025, arXiv 2511.08544).
//!
//! The outputs for the views of an image are to agree with their mean, and the outputs for a batch
//! are to look like draws of the standard normal distribution, which the paper shows to be the best
//! one for tasks that are not known yet. SIGReg tests the second along random directions, each of
//! which sees numbers on a line. There is no teacher, no predictor and no stop-gradient, and one
//! weight between the two terms, `lambda`.
//!
//! A constant is the distribution that fails the test worst. Without it (`lambda = 0`) agreement is
//! all that counts: the outputs shrink to a point, `inv` below to 0, while `sigreg`, which is still
//! measured, rises with the number of samples times 0.4.
//!
//! The paper compares with the mean of the global views, the authors' minimal example with that of
//! all (`center`).

mod config;

use autodiff::{Var, graph};
use models::heads::{Mlp, lejepa_projector};
use models::{Encoder, Init, Module, Parts};
use tensor::{Random, Tensor};

use crate::crops::by_size;
use crate::losses::square;
use crate::method::{Method, Output, View};
use crate::train::{Named, Optimizer, Schedule};

pub use config::{Center, Config};

/// Keeps a direction's length away from 0.
const EPS: f64 = 1e-12;

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
    let in_center = match config.center {
        Center::Global => n_global,
        Center::All => z.shape()[0],
    };
    let invariance = || {
        let mu = z.slice(0, 0, in_center).mean(&[0], true);
        square(&(mu - z)).mean_all() // both sides learn
    };
    Terms {
        inv: graph::scope("invariance", invariance),
        sigreg: graph::scope("SIGReg", || sigreg(z, slices, config.t_max, config.n_points)),
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
    let of = |values: Vec<f64>| Var::constant(Tensor::from_slice(z.device(), [n_points], &values));
    let [t, phi, w] = quadrature(t_max, n_points).map(of);
    let p = z.matmul_nt(&Var::constant(slices.clone())); // […, n, m]
    let n = p.shape()[p.shape().rank() - 2] as f64;
    let tp = p.reshape([p.shape(), &[1][..]].concat()) * t; // […, n, m, t]
    let (re, im) = (tp.cos().mean(&[-3], false) - phi, tp.sin().mean(&[-3], false)); // ψ − φ
    ((square(&re) + square(&im)) * w).sum(&[-1], false).mean_all() * n
}

/// The points `t`, `φ(t)`, and the trapezoid's weights times `φ`, twice for the half below 0.
fn quadrature(t_max: f64, n_points: usize) -> [Vec<f64>; 3] {
    let dt = t_max / (n_points - 1) as f64;
    let t: Vec<f64> = (0..n_points).map(|j| j as f64 * dt).collect();
    let phi: Vec<f64> = t.iter().map(|t| (-t * t / 2.0).exp()).collect();
    let ends = |j: usize| if j == 0 || j == n_points - 1 { 1.0 } else { 2.0 };
    let w = phi.iter().enumerate().map(|(j, phi)| ends(j) * dt * phi).collect();
    [t, phi, w]
}
// ANCHOR_END: sigreg

// ANCHOR: networks
/// The network: an encoder and a projector.
pub struct LeJepa {
    encoder: Encoder,
    projector: Mlp,
    config: Config,
}
// ANCHOR_END: networks

impl LeJepa {
    /// Networks with first values from `init`.
    pub fn new(init: &mut Init, encoder: impl Into<Encoder>, config: &Config) -> Self {
        let (encoder, c) = (encoder.into(), config);
        let widths = [encoder.features(), c.projector_hidden, c.projector_dim];
        LeJepa { projector: lejepa_projector(init, widths), encoder, config: c.clone() }
    }

    /// The directions of a step: `[slices, d]`, drawn from (seed, step).
    fn slices(&self, like: &Var, at: &Schedule) -> Tensor {
        let shape = [self.config.slices, self.config.projector_dim];
        let random = Random { seed: at.seed, stream: at.step as u64 };
        Tensor::normal(like.device(), shape, random).l2_normalize(EPS)
    }
}

impl Method for LeJepa {
    // ANCHOR: step
    fn forward(&self, views: &[Var], at: &Schedule) -> Output {
        let features = graph::scope("encoder", || by_size(views, |x| self.encoder.forward(x)));
        let z = graph::scope("projector", || self.projector.forward(&features)); // one batch to BN
        let (v, n, d) = (views.len(), views[0].shape()[0], z.shape().features());
        let z = z.reshape([v, n, d]);
        let global = self.config.global_crops_number;
        let terms = terms(&z, global, &self.slices(&z, at), &self.config);
        let first = z.slice(0, 0, 1).reshape([n, d]);
        Output::new(loss(&terms, &self.config), &first)
            .watching("inv", &terms.inv)
            .watching("sigreg", &terms.sigreg)
    }
    // ANCHOR_END: step

    fn views(&self) -> Vec<View> {
        let c = &self.config;
        let local = View { recipe: c.local_view.clone(), size: Some(c.local_crops_size) };
        let mut views = vec![View::from(c.views.clone()); c.global_crops_number];
        views.resize(views.len() + c.local_crops_number, local);
        views
    }

    fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    fn project(&self, features: &Var) -> Var {
        self.projector.forward(features)
    }

    /// Draws of the normal distribution that know nothing of the image: the difference from a mean
    /// of `g` of them has variance `1 − 1/g` for those in the mean and `1 + 1/g` for the others,
    /// and the statistic is `∫ (1 − φ²) φ dt` whatever the number of samples.
    fn chance_loss(&self, _at: &Schedule) -> f64 {
        let c = &self.config;
        let v = (c.global_crops_number + c.local_crops_number) as f64;
        let g = if c.center == Center::All { v } else { c.global_crops_number as f64 };
        let inv = 1.0 + 1.0 / g - 2.0 / v;
        let [_, phi, w] = quadrature(c.t_max, c.n_points);
        let sigreg: f64 = phi.iter().zip(w).map(|(phi, w)| w * (1.0 - phi * phi)).sum();
        (1.0 - c.lambda) * inv + c.lambda * sigreg
    }

    fn optimizer(&self) -> Optimizer {
        self.config.optimizer
    }

    fn learning_rate(&self, _parameter: Named, at: &Schedule) -> f64 {
        let c = &self.config;
        let (start, end) = (c.start_lr * c.base_lr, c.final_lr * c.base_lr);
        at.warmup_cosine_from(start, c.warmup_epochs, c.base_lr, end)
    }

    fn weight_decay(&self, _parameter: Named, _at: &Schedule) -> f64 {
        self.config.weight_decay
    }
}

impl Module for LeJepa {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("projector", &self.projector);
    }
}

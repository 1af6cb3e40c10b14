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

use autodiff::{Var, graph};
use models::heads::{Mlp, barlow_twins_projector};
use models::{Encoder, Init, Module, Parts};
use serde::{Deserialize, Serialize};

use crate::augment::Recipe;
use crate::check;
use crate::losses::square;
use crate::method::{Method, Output, View};
use crate::train::{Named, Optimizer, Schedule};

// ANCHOR: loss
/// What the loss is made of, both sums over entries of the correlation matrix.
pub struct Terms {
    /// `Σ (C_ii − 1)²`: the dimensions that differ between the views.
    pub on_diagonal: Var,
    /// `Σ_{i≠j} C_ij²`: what the dimensions say twice.
    pub off_diagonal: Var,
}

/// The two sums of Algorithm 1, for outputs `[n, d]` of two views.
#[track_caller]
pub fn terms(z1: &Var, z2: &Var, config: &Config) -> Terms {
    // every dimension: mean 0 and variance 1 over the batch
    let standardise = |z: &Var| z.batch_norm_plain(config.eps).0;
    let [z1, z2] = [z1, z2].map(|z| graph::scope("standardise", || standardise(z)));
    // cross-correlation matrix, [d, d]
    let n = z1.shape().rows() as f64;
    let c = z1.matmul_with(&z2, true, false) / n;
    Terms {
        on_diagonal: square(&(c.diagonal() - 1.0)).sum_all(),
        off_diagonal: square(&c.off_diagonal()).sum_all(),
    }
}

/// `L = Σ (C_ii − 1)² + λ Σ_{i≠j} C_ij²` (equation 1), times the official code's constant.
pub fn loss(terms: &Terms, config: &Config) -> Var {
    let Terms { on_diagonal, off_diagonal } = terms;
    (on_diagonal + off_diagonal * config.lambda) * config.scale_loss
}
// ANCHOR_END: loss

// ANCHOR: networks
/// The network `f = projector ∘ encoder`.
pub struct BarlowTwins {
    encoder: Encoder,
    projector: Mlp,
    config: Config,
}
// ANCHOR_END: networks

impl BarlowTwins {
    /// Networks with first values from `init`.
    pub fn new(init: &mut Init, encoder: impl Into<Encoder>, config: &Config) -> Self {
        let encoder = encoder.into();
        let projector = barlow_twins_projector(init, encoder.features(), config.projector_dim);
        BarlowTwins { encoder, projector, config: config.clone() }
    }

    /// `f`: images `[n, h, w, 3]` to `[n, d]`.
    fn f(&self, x: &Var) -> Var {
        let features = graph::scope("encoder", || self.encoder.forward(x));
        graph::scope("projector", || self.projector.forward(&features))
    }
}

impl Method for BarlowTwins {
    // ANCHOR: step
    fn forward(&self, views: &[Var], _at: &Schedule) -> Output {
        let (z1, z2) = (self.f(&views[0]), self.f(&views[1]));
        let terms = terms(&z1, &z2, &self.config);
        Output::new(loss(&terms, &self.config), &z1)
            .watching("on_diagonal", &terms.on_diagonal)
            .watching("off_diagonal", &terms.off_diagonal)
    }
    // ANCHOR_END: step

    fn views(&self) -> Vec<View> {
        let Config { view1, view2, .. } = &self.config;
        [view1, view2].map(|view| View::from(view.clone())).into()
    }

    fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    fn project(&self, features: &Var) -> Var {
        self.projector.forward(features)
    }

    /// Where no signal has to do with any other, an entry of `C` has mean 0 and variance `1/n`.
    fn chance_loss(&self, at: &Schedule) -> f64 {
        let Config { lambda, scale_loss, projector_dim, .. } = self.config;
        let (d, n) = (projector_dim as f64, at.batch as f64);
        scale_loss * (d * (1.0 + 1.0 / n) + lambda * d * (d - 1.0) / n)
    }

    fn optimizer(&self) -> Optimizer {
        self.config.optimizer
    }

    fn learning_rate(&self, parameter: Named, at: &Schedule) -> f64 {
        let c = &self.config;
        let base = if parameter.axes > 1 { c.base_lr } else { c.base_lr_biases };
        let base = base * at.batch as f64 / 256.0;
        at.warmup_cosine(c.warmup_epochs, base, base * c.final_lr)
    }

    fn weight_decay(&self, parameter: Named, _at: &Schedule) -> f64 {
        if parameter.axes > 1 { self.config.weight_decay } else { 0.0 }
    }
}

impl Module for BarlowTwins {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("projector", &self.projector);
    }
}

// ANCHOR: config
/// The settings. Their values, with sources, stand in `recipes/barlow-twins/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What an entry beside the diagonal counts, `λ` (equation 1); at 0 dimensions may repeat one
    /// another.
    pub lambda: f64,
    /// What the loss is multiplied with.
    pub scale_loss: f64,
    /// Added to the variances: batch norm's.
    pub eps: f64,
    /// The width `d` of all three layers of the projector (section 2.2, Figure 4).
    pub projector_dim: usize,
    /// The learning rate of weights for a batch of 256; scaled linearly to the batch in use.
    pub base_lr: f64,
    /// That of biases and batch norms.
    pub base_lr_biases: f64,
    /// Epochs in which both rise from 0.
    pub warmup_epochs: usize,
    /// What both fall to, as a share.
    pub final_lr: f64,
    /// On weights; biases and batch norms have none.
    pub weight_decay: f64,
    /// The rule.
    pub optimizer: Optimizer,
    /// How the first view is drawn: as BYOL's.
    pub view1: Recipe,
    /// How the second is.
    pub view2: Recipe,
}
// ANCHOR_END: config

impl Config {
    /// What is wrong with the settings, in one line.
    pub(crate) fn check(&self) -> Result<(), String> {
        check::counts(&[("projector_dim", self.projector_dim)])?;
        check::positive(&[("eps", self.eps)])?;
        check::rates(&[
            ("lambda", self.lambda),
            ("scale_loss", self.scale_loss),
            ("base_lr", self.base_lr),
            ("base_lr_biases", self.base_lr_biases),
            ("final_lr", self.final_lr),
            ("weight_decay", self.weight_decay),
        ])?;
        check::optimizer(&self.optimizer)?;
        check::views(&[("view1", &self.view1), ("view2", &self.view2)])
    }
}

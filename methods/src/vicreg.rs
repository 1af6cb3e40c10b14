//! VICReg: *Variance-Invariance-Covariance Regularization for Self-Supervised Learning* (Bardes,
//! Ponce & LeCun 2021, arXiv 2105.04906).
//!
//! Two views go through one network, and their outputs are to be equal. What a constant would
//! break is asked for outright: every output dimension has to vary over the batch, its standard
//! deviation at least 1, and no two dimensions may vary together. Each view answers for itself:
//! nothing is normalised, nothing is held fixed, the branches need not even be alike.
//!
//! Without the variance term (`std_coeff = 0`) the network shrinks its outputs: invariance and
//! covariance, both 0 for a constant, fall with the square of the scale. The term that is no longer
//! in the loss tells it: `var` below rises to its largest value. std·√d looks at directions only,
//! and a short vector has one too. By SGD the steps die away with the loss, and directions stay; by
//! LARS, whose steps do not, std·√d goes to 0 as well.
//!
//! The official code is followed: the invariance term is a mean over dimensions, as in Algorithm 1
//! but not in equation 5, which sums them; the variance term is halved, which neither does
//! (`halve_std`).

use autodiff::{Var, graph};
use models::heads::{Mlp, vicreg_expander};
use models::{Encoder, Init, Module, Parts};
use serde::{Deserialize, Serialize};

use crate::augment::Recipe;
use crate::check;
use crate::losses::square;
use crate::method::{Method, Output, View};
use crate::train::{Named, Optimizer, Schedule};

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
#[track_caller]
pub fn terms(z1: &Var, z2: &Var, config: &Config) -> Terms {
    let (n, d) = (z1.shape().rows() as f64, z1.shape().features() as f64);
    let variance = |z: &Var| {
        let std = (z.var(&[0], false, 1.0) + config.eps).sqrt();
        (-std + 1.0).relu().mean_all()
    };
    let covariance = |z: &Var| {
        let z = z - z.mean(&[0], true);
        let cov = z.matmul_with(&z, true, false) / (n - 1.0); // [d, d]
        square(&cov.off_diagonal()).sum_all() / d
    };
    let [var1, var2] = [z1, z2].map(|z| graph::scope("variance", || variance(z)));
    let [cov1, cov2] = [z1, z2].map(|z| graph::scope("covariance", || covariance(z)));
    Terms {
        inv: graph::scope("invariance", || square(&(z1 - z2)).mean_all()),
        var: (var1 + var2) * if config.halve_std { 0.5 } else { 1.0 },
        cov: cov1 + cov2,
    }
}

/// `L = λ inv + μ var + ν cov` (equation 6).
pub fn loss(Terms { inv, var, cov }: &Terms, config: &Config) -> Var {
    inv * config.sim_coeff + var * config.std_coeff + cov * config.cov_coeff
}
// ANCHOR_END: loss

// ANCHOR: networks
/// The network: an encoder and, behind it, the expander.
pub struct VicReg {
    encoder: Encoder,
    projector: Mlp,
    config: Config,
}
// ANCHOR_END: networks

impl VicReg {
    /// Networks with first values from `init`.
    pub fn new(init: &mut Init, encoder: impl Into<Encoder>, config: &Config) -> Self {
        let encoder = encoder.into();
        let projector = vicreg_expander(init, encoder.features(), config.projector_dim);
        VicReg { encoder, projector, config: config.clone() }
    }

    /// Images `[n, h, w, 3]` to `[n, d]`.
    fn f(&self, x: &Var) -> Var {
        let features = graph::scope("encoder", || self.encoder.forward(x));
        graph::scope("expander", || self.projector.forward(&features))
    }
}

impl Method for VicReg {
    // ANCHOR: step
    fn forward(&self, views: &[Var], _at: &Schedule) -> Output {
        let (z1, z2) = (self.f(&views[0]), self.f(&views[1]));
        let terms = terms(&z1, &z2, &self.config);
        Output::new(loss(&terms, &self.config), &z1)
            .watching("inv", &terms.inv)
            .watching("var", &terms.var)
            .watching("cov", &terms.cov)
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

    /// A constant pays the variance term alone.
    fn chance_loss(&self, _at: &Schedule) -> f64 {
        let c = &self.config;
        let branches = if c.halve_std { 1.0 } else { 2.0 };
        c.std_coeff * branches * (1.0 - c.eps.sqrt()).max(0.0)
    }

    fn optimizer(&self) -> Optimizer {
        self.config.optimizer
    }

    fn learning_rate(&self, _parameter: Named, at: &Schedule) -> f64 {
        let c = &self.config;
        let base = c.base_lr * at.batch as f64 / 256.0;
        at.warmup_cosine(c.warmup_epochs, base, base * c.final_lr)
    }

    fn weight_decay(&self, parameter: Named, _at: &Schedule) -> f64 {
        if parameter.axes > 1 { self.config.weight_decay } else { 0.0 }
    }
}

impl Module for VicReg {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("projector", &self.projector);
    }
}

// ANCHOR: config
/// The settings. Their values, with sources, stand in `recipes/vicreg/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What the invariance term counts, `λ`.
    pub sim_coeff: f64,
    /// What the variance term counts, `μ`; at 0 the outputs shrink to a constant.
    pub std_coeff: f64,
    /// What the covariance term counts, `ν`.
    pub cov_coeff: f64,
    /// Halve the variance term, as the official code does and the paper does not.
    pub halve_std: bool,
    /// Added to the variances (equation 2).
    pub eps: f64,
    /// The width `d` of all three layers of the expander.
    pub projector_dim: usize,
    /// The learning rate for a batch of 256; scaled linearly to the batch in use.
    pub base_lr: f64,
    /// Epochs in which it rises from 0.
    pub warmup_epochs: usize,
    /// What it falls to, as a share.
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
            ("sim_coeff", self.sim_coeff),
            ("std_coeff", self.std_coeff),
            ("cov_coeff", self.cov_coeff),
            ("base_lr", self.base_lr),
            ("final_lr", self.final_lr),
            ("weight_decay", self.weight_decay),
        ])?;
        check::optimizer(&self.optimizer)?;
        check::views(&[("view1", &self.view1), ("view2", &self.view2)])
    }
}

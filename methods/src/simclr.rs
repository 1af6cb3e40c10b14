//! SimCLR: *A Simple Framework for Contrastive Learning of Visual Representations* (Chen et al.
//! 2020, arXiv 2002.05709).
//!
//! Two views of an image shall lie close together, and far from the views of all other images in
//! the batch. Encoder and projector are one network for both views, nothing is held fixed and
//! nothing is averaged: what keeps the output from becoming a constant are the others, from which
//! every output has to be told apart. Switch them off (`negatives = false`) and attraction is all
//! that is left: the loss runs to −1/τ and the outputs share one line.
//!
//! Notation follows Algorithm 1: `h = f(x)` with `f` the encoder, `z = g(h)` with `g` the
//! projector.
//!
//! Where the official code differs from the paper: it adds the losses of the two directions
//! instead of taking their mean (`sum_directions`), has a batch norm behind the projector's last
//! layer too, and three of these layers instead of two (`projector_layers`). Both views are one
//! batch to the batch norms, as there. Its LARS multiplies the learning rate into the momentum;
//! ours, as those of the later methods, into the step.

use autodiff::{Var, graph};
use models::heads::{Mlp, Norm, simclr_projector};
use models::{Encoder, Init, Module, Parts};
use serde::{Deserialize, Serialize};

use crate::augment::Recipe;
use crate::check;
use crate::losses::{info_nce, normalize};
use crate::method::{Method, Output, View};
use crate::train::{Named, Optimizer, Schedule};

// ANCHOR: loss
/// NT-Xent, the loss of Algorithm 1, of two views `[n, d]`: each of the 2n outputs has to pick
/// its other view among the 2n − 1 outputs that are not itself.
pub fn loss(z1: &Var, z2: &Var, config: &Config) -> Var {
    let n = z1.shape()[0];
    let z = Var::concat(&[z1, z2], 0);
    let z = if config.l2_norm { normalize(&z) } else { z };
    let s = z.matmul_nt(&z).off_diagonal(); // s[i, k] for all k ≠ i
    let other_view = (n - 1..2 * n - 1).chain(0..n);
    let mean = info_nce(&s, other_view, config.temperature, config.negatives);
    if config.sum_directions { mean * 2.0 } else { mean }
}
// ANCHOR_END: loss

// ANCHOR: networks
/// The networks: `f` and `g`.
pub struct SimClr {
    encoder: Encoder,
    projector: Mlp,
    config: Config,
}
// ANCHOR_END: networks

impl SimClr {
    /// Networks with first values from `init`.
    pub fn new(init: &mut Init, encoder: impl Into<Encoder>, config: &Config) -> Self {
        let encoder = encoder.into();
        let widths = [encoder.features(), config.projector_dim];
        let projector = match config.projector_layers {
            0 => Mlp::default(),
            layers => simclr_projector(init, widths, layers, config.projector_norm),
        };
        SimClr { encoder, projector, config: config.clone() }
    }
}

impl Method for SimClr {
    // ANCHOR: step
    fn forward(&self, views: &[Var], _at: &Schedule) -> Output {
        let n = views[0].shape()[0];
        let x = Var::concat(&[&views[0], &views[1]], 0);
        let h = graph::scope("encoder", || self.encoder.forward(&x));
        let z = graph::scope("projector", || self.projector.forward(&h));
        let (z1, z2) = (z.slice(0, 0, n), z.slice(0, n, 2 * n));
        Output::new(loss(&z1, &z2, &self.config), &z1)
    }
    // ANCHOR_END: step

    fn views(&self) -> Vec<View> {
        vec![self.config.views.clone().into(); 2]
    }

    fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    fn project(&self, features: &Var) -> Var {
        self.projector.forward(features)
    }

    fn optimizer(&self) -> Optimizer {
        self.config.optimizer
    }

    fn learning_rate(&self, _parameter: Named, at: &Schedule) -> f64 {
        let base = self.config.base_lr * at.batch as f64 / 256.0;
        at.warmup_cosine(self.config.warmup_epochs, base, 0.0)
    }

    /// None on biases and the scales of norms.
    fn weight_decay(&self, parameter: Named, _at: &Schedule) -> f64 {
        if parameter.axes > 1 { self.config.weight_decay } else { 0.0 }
    }

    /// All 2n − 1 candidates are equally likely.
    fn chance_loss(&self, at: &Schedule) -> f64 {
        let directions = if self.config.sum_directions { 2.0 } else { 1.0 };
        directions * ((2 * at.batch - 1) as f64).ln()
    }
}

impl Module for SimClr {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("projector", &self.projector);
    }
}

// ANCHOR: config
/// The switches that the paper turns, and its settings; their values, with sources, stand in
/// `recipes/simclr/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Push all other outputs away; without them the outputs are only drawn together.
    pub negatives: bool,
    /// `τ` (section 5.1, Table 5).
    pub temperature: f64,
    /// Compare directions; without it, vectors of any length (Table 5).
    pub l2_norm: bool,
    /// Add the losses of the two directions, as the official code does; else their mean.
    pub sum_directions: bool,
    /// Layers of `g`: none, linear or not (section 4.2, Figure 8).
    pub projector_layers: usize,
    /// What normalises its layers: batch norm, layer norm or nothing.
    pub projector_norm: Norm,
    /// The width of `z` (Figure 8).
    pub projector_dim: usize,
    /// The rule.
    pub optimizer: Optimizer,
    /// The learning rate for a batch of 256; scaled linearly to the batch in use.
    pub base_lr: f64,
    /// Epochs in which the learning rate rises.
    pub warmup_epochs: usize,
    /// On weights only.
    pub weight_decay: f64,
    /// How both views are drawn (section 3, appendix A).
    pub views: Recipe,
}
// ANCHOR_END: config

impl Config {
    /// What is wrong with the settings, in one line.
    pub(crate) fn check(&self) -> Result<(), String> {
        check::counts(&[("projector_dim", self.projector_dim)])?;
        check::positive(&[("temperature", self.temperature)])?;
        check::rates(&[("base_lr", self.base_lr), ("weight_decay", self.weight_decay)])?;
        check::optimizer(&self.optimizer)?;
        check::views(&[("views", &self.views)])
    }
}

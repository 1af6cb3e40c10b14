//! MoCo v2: *Improved Baselines with Momentum Contrastive Learning* (Chen et al. 2020, arXiv
//! 2003.04297); its algorithm is that of *Momentum Contrast for Unsupervised Visual Representation
//! Learning* (He et al. 2019, arXiv 1911.05722), called v1 here.
//!
//! A query, one view of an image, has to find its key, the other view, among the keys of many
//! earlier batches, which wait in a queue. They are comparable only if what made them changes
//! slowly: the key encoder `f_k` is not trained but follows the query encoder `f_q` as a moving
//! average. Switch the queue's push off (`negatives = false`) and query and key are only drawn
//! together: the loss runs to −1/τ and all outputs become the same, moving average or not.
//!
//! The paper moves `f_k` after the optimiser's step, the official code before the next forward
//! pass, as here. Nothing happens between the two.
//!
//! *Shuffled batch norm.* The statistics of a batch that query and key share would give the answer
//! away. The official code has 8 devices, each with the statistics of its part of the batch, and
//! deals the keys out in another order than the queries. Here one device takes `bn_groups` parts
//! one after the other. A single part has the same statistics in any order.

use std::iter::repeat_n;

use autodiff::{Var, graph};
use models::heads::{Mlp, moco_v2_projector};
use models::layers::Linear;
use models::{Buffer, Encoder, Init, Module, Parts};
use serde::{Deserialize, Serialize};
use tensor::Tensor;

use crate::augment::Recipe;
use crate::batch::{in_groups, shuffled};
use crate::check;
use crate::losses::{info_nce, normalize};
use crate::method::{Method, Output, View};
use crate::queue::enqueue;
use crate::teacher::{Teacher, ema_update};
use crate::train::{Named, Optimizer, Schedule};

// ANCHOR: loss
/// Algorithm 1's loss: each query `[n, d]` has to pick its key `[n, d]` among that key and all
/// entries of the queue `[K, d]`, which have length one.
pub fn loss(q: &Var, k: &Var, queue: &Tensor, config: &Config) -> Var {
    let n = q.shape()[0];
    let (q, k) = (normalize(q), normalize(k).detach());
    let l_pos = (&q * &k).sum(&[-1], true); // [n, 1]
    let l_neg = q.matmul_nt(&Var::constant(queue.clone())); // [n, K]
    let logits = Var::concat(&[&l_pos, &l_neg], -1);
    info_nce(&logits, repeat_n(0, n), config.temperature, config.negatives)
}
// ANCHOR_END: loss

// ANCHOR: networks
/// The networks: `f_q = projector ∘ encoder`, which is trained, and `f_k`, which follows it; and
/// the queue of keys.
pub struct MocoV2 {
    encoder: Encoder,
    projector: Mlp,
    f_k: Teacher<Mlp>,
    queue: Buffer,
    config: Config,
}
// ANCHOR_END: networks

impl MocoV2 {
    /// Networks with first values from `init`; the queue begins with random directions.
    pub fn new(init: &mut Init, encoder: impl Into<Encoder>, config: &Config) -> Self {
        let encoder = encoder.into();
        let (features, dim) = (encoder.features(), config.projector_dim);
        let projector = match (config.mlp, config.bn_projector_hidden) {
            (false, _) => Mlp::default().linear(Linear::new(init, features, dim, true)),
            (true, false) => moco_v2_projector(init, features, dim),
            (true, true) => Mlp::default()
                .hidden(init, features, features, false)
                .linear(Linear::new(init, features, dim, true)),
        };
        let f_k = Teacher::of(&encoder, "projector", &projector);
        let queue = Var::constant(init.normal([config.queue, dim], 1.0));
        let queue = Buffer::new(normalize(&queue).value().clone());
        MocoV2 { encoder, projector, f_k, queue, config: config.clone() }
    }
}

impl Method for MocoV2 {
    // ANCHOR: step
    /// Momentum update of the key encoder.
    fn before_step(&self, _at: &Schedule) {
        ema_update(&self.f_k, self, self.config.m);
    }

    fn forward(&self, views: &[Var], at: &Schedule) -> Output {
        let (x_q, x_k) = (&views[0], &views[1]);
        let Config { bn_groups, shuffle_bn, .. } = self.config;
        let f_q = |x: &Var| self.projector.forward(&self.encoder.forward(x));
        let q = graph::scope("f_q", || in_groups(x_q, bn_groups, f_q));
        let f_k = |x: &Var| in_groups(x, bn_groups, |x| self.f_k.forward(x));
        let k = || if shuffle_bn { shuffled(x_k, at.draws(0), f_k) } else { f_k(x_k) };
        let k = graph::scope("f_k", k);
        let loss = loss(&q, &k, &self.queue.value(), &self.config);
        Output { kept: vec![normalize(&k).value().clone()], ..Output::new(loss, &q) }
    }
    // ANCHOR_END: step

    // ANCHOR: after
    /// The batch's keys take the place of the oldest.
    fn after_step(&self, output: &Output, at: &Schedule) {
        let keys = &output.kept[0];
        let ptr = at.step * keys.shape()[0] % self.config.queue;
        self.queue.set(enqueue(&self.queue.value(), ptr, keys).0);
    }
    // ANCHOR_END: after

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
        Optimizer::Sgd { momentum: self.config.momentum, nesterov: false }
    }

    /// By half a cosine (v2), or a tenth at 60 % and at 80 % of the run (v1); by epoch.
    fn learning_rate(&self, _parameter: Named, at: &Schedule) -> f64 {
        let passed = |tenths| i32::from(10 * at.epoch() >= tenths * at.epochs);
        let steps = 0.1f64.powi(passed(6) + passed(8));
        let factor = if self.config.cosine { at.cosine_by_epoch() } else { steps };
        self.config.base_lr * at.batch as f64 / 256.0 * factor
    }

    fn weight_decay(&self, _parameter: Named, _at: &Schedule) -> f64 {
        self.config.weight_decay
    }

    /// The key and all of the queue are equally likely.
    fn chance_loss(&self, _at: &Schedule) -> f64 {
        ((self.config.queue + 1) as f64).ln()
    }
}

impl Module for MocoV2 {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("projector", &self.projector);
        parts.module("momentum", &self.f_k);
        parts.buffer("queue", &self.queue);
    }
}

// ANCHOR: config
/// The switches that the papers turn, and their settings. Their values, with sources, stand in
/// `recipes/moco-v2/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Push the queue away; without it query and key are only drawn together.
    pub negatives: bool,
    /// `τ`: 0.07 in v1, 0.2 in v2 (v2, Table 2).
    pub temperature: f64,
    /// `K`, the keys in the queue (v1, Figure 3).
    pub queue: usize,
    /// How much of `f_k` stays in a step (v1, section 4.1). With 0, `f_k` is `f_q` itself.
    pub m: f64,
    /// Deal the keys out to the parts of the batch in another order (v1, section 3.3).
    pub shuffle_bn: bool,
    /// The parts of the batch that batch norms see one at a time: the devices of the paper.
    pub bn_groups: usize,
    /// Two layers as projector (v2, section 3), or v1's single one.
    pub mlp: bool,
    /// Batch norm behind the hidden one of the two; the paper has none.
    pub bn_projector_hidden: bool,
    /// The width of query and key.
    pub projector_dim: usize,
    /// The learning rate for a batch of 256; scaled linearly to the batch in use.
    pub base_lr: f64,
    /// Let the learning rate fall by a cosine (v2), or in steps (v1).
    pub cosine: bool,
    /// Of SGD.
    pub momentum: f64,
    /// On all parameters.
    pub weight_decay: f64,
    /// How both views are drawn (v2, section 3).
    pub views: Recipe,
}
// ANCHOR_END: config

impl Config {
    /// What is wrong with the settings, in one line.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Config { queue, bn_groups, projector_dim, .. } = *self;
        let counts = [("bn_groups", bn_groups), ("projector_dim", projector_dim), ("queue", queue)];
        check::counts(&counts)?;
        check::positive(&[("temperature", self.temperature)])?;
        check::rates(&[("base_lr", self.base_lr), ("weight_decay", self.weight_decay)])?;
        check::shares(&[("m", self.m), ("momentum", self.momentum)])?;
        check::views(&[("views", &self.views)])
    }
}

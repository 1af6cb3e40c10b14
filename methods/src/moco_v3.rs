//! MoCo-v3: *An Empirical Study of Training Self-Supervised Vision Transformers* (Chen, Xie & He
//! 2021, arXiv 2104.02057).
//!
//! MoCo without its queue, or BYOL with negatives: a query has to find the key of its own image
//! among those of the whole batch. Queries come from encoder, projector and predictor; keys from
//! `f_k`, a moving average of encoder and projector. Negatives alone prevent a collapse; without
//! them (`negatives = false`) this is BYOL, which rests on the predictor and on fixed keys. Take one
//! of these too: with `stop_gradient = false` the loss runs towards −4 and the outputs onto one
//! line, with `predictor = false` more slowly, at the pace of `f_k`.
//!
//! The paper's subject is that vision transformers train unstably: the gradient spikes, in the
//! first layer first, and accuracy dips unnoticed. A patch projection that keeps its random first
//! values makes it rarer (`stop_grad_conv1`); `watch_gradient_norms` logs each layer's gradient.
//!
//! The paper moves `f_k` after the optimiser's step, the official code before the next forward pass,
//! as here; nothing lies between. Both scale the loss by 2τ, so that a learning rate fits any τ.

use autodiff::{Var, graph};
use models::heads::{BatchNorms, Mlp, moco_v3_head};
use models::{Encoder, Init, Module, Parts};
use serde::{Deserialize, Serialize};

use crate::augment::Recipe;
use crate::check;
use crate::losses::{info_nce, normalize};
use crate::method::{Method, Output, View};
use crate::teacher::{Teacher, ema_update};
use crate::train::{Named, Optimizer, Schedule};

// ANCHOR: loss
/// Algorithm 1: `ctr(q1, k2) + ctr(q2, k1)`, all `[n, d]`.
pub fn loss([q1, q2]: [&Var; 2], [k1, k2]: [&Var; 2], config: &Config) -> Var {
    let ctr = |q: &Var, k: &Var| contrast(q, k, config);
    if config.symmetric { ctr(q1, k2) + ctr(q2, k1) } else { ctr(q1, k2) }
}

/// `ctr`: each query has to pick its own image's key among those of the batch.
fn contrast(q: &Var, k: &Var, config: &Config) -> Var {
    let (q, k, tau) = (normalize(q), normalize(k), config.temperature);
    let k = if config.stop_gradient { k.detach() } else { k };
    let logits = q.matmul_nt(&k); // [n, n]
    let own = 0..q.shape()[0];
    info_nce(&logits, own, tau, config.negatives) * (2.0 * tau)
}
// ANCHOR_END: loss

// ANCHOR: networks
/// The networks: `f_q = predictor ∘ projector ∘ encoder`, which is trained, and `f_k`, which
/// follows it without a predictor.
pub struct MocoV3 {
    encoder: Encoder,
    projector: Mlp,
    predictor: Mlp,
    f_k: Teacher<Mlp>,
    config: Config,
}
// ANCHOR_END: networks

impl MocoV3 {
    /// Networks with first values from `init`; the heads are those of the encoder's kind.
    pub fn new(init: &mut Init, encoder: impl Into<Encoder>, config: &Config) -> Self {
        let (encoder, c) = (encoder.into(), config);
        encoder.train_patch_embed(!c.stop_grad_conv1);
        let is_vit = matches!(encoder, Encoder::Vit(_));
        let bn = |output| BatchNorms { hidden: c.bn_heads, output: c.bn_heads && output };
        let (d, hidden, layers) = (c.projector_dim, c.hidden_dim, if is_vit { 3 } else { 2 });
        let projector = moco_v3_head(init, [encoder.features(), hidden, d], layers, bn(true));
        let predictor = match c.predictor {
            true => moco_v3_head(init, [d, hidden, d], 2, bn(is_vit)),
            false => Mlp::default(),
        };
        let f_k = Teacher::of(&encoder, "projector", &projector);
        MocoV3 { encoder, projector, predictor, f_k, config: config.clone() }
    }

    /// Images `[n, h, w, 3]` to projections `[n, d]`.
    fn z(&self, x: &Var) -> Var {
        let features = graph::scope("encoder", || self.encoder.forward(x));
        graph::scope("projector", || self.projector.forward(&features))
    }

    /// Keys `[n, d]` of a view, or the projections `z` of it, which a gradient can reach.
    fn k(&self, x: &Var, z: &Var) -> Var {
        let f_k = || graph::scope("f_k", || self.f_k.forward(x));
        if self.config.stop_gradient { f_k() } else { z.clone() }
    }
}

impl Method for MocoV3 {
    // ANCHOR: step
    /// Momentum update of the key encoder.
    fn before_step(&self, at: &Schedule) {
        let Config { m, m_cos, .. } = self.config;
        ema_update(&self.f_k, self, if m_cos { at.momentum(m) } else { m });
    }

    fn forward(&self, views: &[Var], _at: &Schedule) -> Output {
        let (x1, x2) = (&views[0], &views[1]);
        let (z1, z2) = (self.z(x1), self.z(x2));
        let h = |z: &Var| graph::scope("predictor", || self.predictor.forward(z));
        let (q1, q2) = (h(&z1), h(&z2));
        let (k1, k2) = (self.k(x1, &z1), self.k(x2, &z2));
        Output::new(loss([&q1, &q2], [&k1, &k2], &self.config), &z1)
    }
    // ANCHOR_END: step

    fn views(&self) -> Vec<View> {
        vec![self.config.view1.clone().into(), self.config.view2.clone().into()]
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

    fn weight_decay(&self, _parameter: Named, _at: &Schedule) -> f64 {
        self.config.weight_decay
    }

    /// `2τ ln n` for each direction: all keys of the batch are equally likely.
    fn chance_loss(&self, at: &Schedule) -> f64 {
        let directions = if self.config.symmetric { 2.0 } else { 1.0 };
        directions * 2.0 * self.config.temperature * (at.batch as f64).ln()
    }
}

impl Module for MocoV3 {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("projector", &self.projector);
        parts.module("predictor", &self.predictor);
        parts.module("momentum", &self.f_k);
    }
}

// ANCHOR: config
/// The switches that the paper turns, and its settings; their values, with sources, stand in
/// `recipes/moco-v3/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Push the keys of other images away; without it this is BYOL's loss.
    pub negatives: bool,
    /// Hold the keys fixed; without it they are the query encoder's, as in SimCLR.
    pub stop_gradient: bool,
    /// A predictor behind the projector of the queries (section 6.2).
    pub predictor: bool,
    /// Batch norm in both heads (section 6.2).
    pub bn_heads: bool,
    /// Queries of both views, or of the first only.
    pub symmetric: bool,
    /// Let a vision transformer's patch projection keep its first values (section 4.2).
    pub stop_grad_conv1: bool,
    /// `τ`: 0.2 for vision transformers, in the official code 1 for ResNets.
    pub temperature: f64,
    /// How much of `f_k` stays in a step (section 6.2); with 0, it is `f_q`.
    pub m: f64,
    /// Let `m` rise to 1 by a cosine, as the official code does.
    pub m_cos: bool,
    /// The width of the heads' hidden layers.
    pub hidden_dim: usize,
    /// That of `q` and `k`.
    pub projector_dim: usize,
    /// The rule: AdamW for vision transformers, LARS for ResNets (section 5, appendix B).
    pub optimizer: Optimizer,
    /// The learning rate for a batch of 256; scaled linearly to the batch in use.
    pub base_lr: f64,
    /// Epochs in which the learning rate rises.
    pub warmup_epochs: usize,
    /// AdamW's on all parameters, LARS's on weights.
    pub weight_decay: f64,
    /// How the first view is drawn.
    pub view1: Recipe,
    /// How the second view is drawn.
    pub view2: Recipe,
}
// ANCHOR_END: config

impl Config {
    /// What is wrong with the settings, in one line.
    pub(crate) fn check(&self) -> Result<(), String> {
        check::counts(&[("hidden_dim", self.hidden_dim), ("projector_dim", self.projector_dim)])?;
        check::positive(&[("temperature", self.temperature)])?;
        check::rates(&[("base_lr", self.base_lr), ("weight_decay", self.weight_decay)])?;
        check::shares(&[("m", self.m)])?;
        check::optimizer(&self.optimizer)?;
        check::views(&[("view1", &self.view1), ("view2", &self.view2)])
    }
}

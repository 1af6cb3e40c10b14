//! MoCo-v3: *An Empirical Study of Training Self-Supervised Vision Transformers* (Chen, Xie & He
//! 2021, arXiv 2104.02057).
//!
//! MoCo without the queue, BYOL with negatives: a query `q`, which has gone through encoder,
//! projector and predictor, has to find among the keys `k` of the whole other view, made by a
//! moving average of encoder and projector, the key of its own image. Three things here prevent a
//! collapse, and each is enough for the time being: the negatives, and, without them, the predictor
//! together with keys that are held fixed, which is BYOL. Switch off `negatives` *and*
//! `stop_gradient`, or `negatives` and `predictor`, and the outputs become the same.
//!
//! The paper's subject is that vision transformers train unstably, with dips that pass for slow
//! progress. The gradients of the first layer spike first. A patch projection that keeps its random
//! first values (`stop_grad_conv1`) avoids that; `watch_gradient_norms` shows it.
//!
//! The paper moves the momentum encoder after the optimiser's step, the official code before the
//! next forward pass, as here. Nothing happens between the two but the step of the schedule of `m`.
//! The loss is scaled by 2τ, in both, for the sake of LARS, in whose step the biases feel the
//! scale.

use autodiff::{Var, graph};
use models::heads::{Mlp, moco_v3_head};
use models::{Encoder, Init, Module, Parts};
use serde::{Deserialize, Serialize};

use crate::augment::Recipe;
use crate::branch::Branch;
use crate::check;
use crate::losses::{info_nce, normalize};
use crate::method::{Method, Output, View};
use crate::teacher::ema_update;
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
/// The networks: `f_q`, which is trained and has a predictor, and `f_k`, which follows it.
pub struct MocoV3 {
    f_q: Branch,
    predictor: Mlp,
    f_k: Branch,
    config: Config,
}
// ANCHOR_END: networks

impl MocoV3 {
    /// Networks with first values from `init`; the heads are those of the encoder's kind.
    pub fn new(init: &mut Init, encoder: impl Into<Encoder>, config: &Config) -> Self {
        let (encoder, c) = (encoder.into(), config);
        let (layers, bn_predictor) = match encoder {
            Encoder::ResNet(_) => (2, false),
            Encoder::Vit(_) => (3, true),
        };
        for (name, parameter) in encoder.parameters() {
            if name.starts_with("patch_embed.") {
                let value = parameter.var().value().clone();
                let kind = if c.stop_grad_conv1 { Var::constant } else { Var::leaf };
                parameter.replace(kind(value));
            }
        }
        let (d, hidden) = (c.projector_dim, c.hidden_dim);
        let projector = moco_v3_head(init, [encoder.features(), hidden, d], layers, true);
        let predictor = match c.predictor {
            true => moco_v3_head(init, [d, hidden, d], 2, bn_predictor),
            false => Mlp::default(),
        };
        let f_q = Branch { encoder, projector };
        let f_k = f_q.clone();
        f_k.freeze();
        MocoV3 { f_q, predictor, f_k, config: config.clone() }
    }
}

impl Method for MocoV3 {
    /// Momentum update of the key encoder.
    fn before_step(&self, at: &Schedule) {
        let m = self.config.m;
        ema_update(&self.f_k, &self.f_q, if self.config.m_cos { at.cosine(m, 1.0) } else { m });
    }

    // ANCHOR: step
    fn forward(&self, views: &[Var], _at: &Schedule) -> Output {
        let (x1, x2) = (&views[0], &views[1]);
        let (z1, z2) = (self.f_q.forward("encoder", x1), self.f_q.forward("encoder", x2));
        let h = |z: &Var| graph::scope("predictor", || self.predictor.forward(z));
        let (q1, q2) = (h(&z1), h(&z2));
        let f_k = |x: &Var| self.f_k.forward("momentum encoder", x);
        // With the gradient, keys are made by the encoder that it can reach.
        let (k1, k2) =
            if self.config.stop_gradient { (f_k(x1), f_k(x2)) } else { (z1.clone(), z2) };
        Output::new(loss([&q1, &q2], [&k1, &k2], &self.config), &z1)
    }
    // ANCHOR_END: step

    fn views(&self) -> Vec<View> {
        self.config.views.iter().cloned().map(View::from).collect()
    }

    fn encoder(&self) -> &Encoder {
        &self.f_q.encoder
    }

    fn project(&self, features: &Var) -> Var {
        self.f_q.projector.forward(features)
    }

    fn optimizer(&self) -> Optimizer {
        match self.config.optimizer {
            Rule::AdamW => Optimizer::AdamW { betas: [0.9, 0.999], eps: 1e-8, exclude_1d: false },
            Rule::Lars => Optimizer::Lars { momentum: 0.9, trust: 0.001 },
        }
    }

    fn learning_rate(&self, _parameter: Named, at: &Schedule) -> f64 {
        let base = self.config.base_lr * at.batch as f64 / 256.0;
        at.warmup_cosine(self.config.warmup_epochs, base, 0.0)
    }

    fn weight_decay(&self, _parameter: Named, _at: &Schedule) -> f64 {
        self.config.weight_decay
    }

    /// Twice `2τ ln n`: all keys of the batch are equally likely.
    fn chance_loss(&self, batch: usize) -> f64 {
        let directions = if self.config.symmetric { 2.0 } else { 1.0 };
        directions * 2.0 * self.config.temperature * (batch as f64).ln()
    }
}

impl Module for MocoV3 {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        self.f_q.visit(parts);
        parts.module("predictor", &self.predictor);
        parts.module("momentum", &self.f_k);
    }
}

/// Which optimiser (appendix A).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// For vision transformers.
    AdamW,
    /// For ResNets.
    Lars,
}

// ANCHOR: config
/// The switches that the paper turns, and its settings. Their values, with sources, stand in
/// `recipes/moco-v3/`: those of the paper, and those for minutes on a processor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Push the keys of other images away; without it this is BYOL's loss.
    pub negatives: bool,
    /// Hold the keys fixed; without it they are the query encoder's, as in SimCLR.
    pub stop_gradient: bool,
    /// A predictor behind the projector of the queries (section 6.2).
    pub predictor: bool,
    /// Queries of both views, or of the first only.
    pub symmetric: bool,
    /// Let the patch projection of a vision transformer keep its first values (section 4.2).
    pub stop_grad_conv1: bool,
    /// `τ`: 0.2 for vision transformers, 1 for ResNets (appendix A).
    pub temperature: f64,
    /// How much of `f_k` stays in a step (section 6.2); with 0, it is `f_q`.
    pub m: f64,
    /// Let `m` rise to 1 by a cosine (appendix A).
    pub m_cos: bool,
    /// The width of the heads' hidden layers.
    pub hidden_dim: usize,
    /// The width of `q` and `k`.
    pub projector_dim: usize,
    /// Which optimiser.
    pub optimizer: Rule,
    /// The learning rate for a batch of 256; scaled linearly to the batch in use.
    pub base_lr: f64,
    /// Epochs in which the learning rate rises.
    pub warmup_epochs: usize,
    /// AdamW's on all parameters, LARS's on weights.
    pub weight_decay: f64,
    /// How each view is drawn (appendix A: BYOL's).
    pub views: [Recipe; 2],
}
// ANCHOR_END: config

impl Config {
    /// What is wrong with the settings, in one line.
    pub(crate) fn check(&self) -> Result<(), String> {
        check::counts(&[("hidden_dim", self.hidden_dim), ("projector_dim", self.projector_dim)])?;
        check::positive(&[("temperature", self.temperature)])?;
        check::rates(&[("base_lr", self.base_lr), ("weight_decay", self.weight_decay)])?;
        check::shares(&[("m", self.m)])?;
        check::views(&[("views", &self.views[0]), ("views", &self.views[1])])
    }
}

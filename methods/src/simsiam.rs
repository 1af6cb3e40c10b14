//! SimSiam: *Exploring Simple Siamese Representation Learning* (Chen & He 2020, arXiv
//! 2011.10566).
//!
//! Two views of an image go through one encoder `f`; a predictor `h` turns the output for one
//! view into a guess of the output for the other. No negatives, no momentum encoder, no large
//! batches: what keeps the output from becoming a constant is that the guessed side is held
//! fixed, `z.detach()`. Switch it off (`stop_gradient = false`) and the loss runs towards −1
//! while all images come to look alike.
//!
//! Notation follows Algorithm 1: `z = f(x)` with `f` the encoder and its projector, `p = h(z)`.

use autodiff::{Var, graph};
use models::heads::{BatchNorms, Mlp, simsiam_predictor, simsiam_projector};
use models::{Encoder, Init, Module, Parts};
use serde::{Deserialize, Serialize};

use crate::augment::Recipe;
use crate::check;
use crate::losses::negative_cosine;
use crate::method::{Method, Output, View};
use crate::train::{Named, Optimizer, Schedule};

// ANCHOR: loss
/// Algorithm 1: `L = D(p1, z2)/2 + D(p2, z1)/2`, with `D(p, z) = −cos(p, stopgrad(z))`.
/// All four are `[n, d]`.
pub fn loss([p1, p2]: [&Var; 2], [z1, z2]: [&Var; 2], config: &Config) -> Var {
    let stopgrad = |z: &Var| if config.stop_gradient { z.detach() } else { z.clone() };
    let d = |p: &Var, z: &Var| negative_cosine(p, &stopgrad(z));
    if config.symmetric { d(p1, z2) * 0.5 + d(p2, z1) * 0.5 } else { d(p1, z2) }
}
// ANCHOR_END: loss

// ANCHOR: networks
/// The networks: `f = projector ∘ encoder`, and `h`.
pub struct SimSiam {
    encoder: Encoder,
    projector: Mlp,
    predictor: Mlp,
    config: Config,
}
// ANCHOR_END: networks

impl SimSiam {
    /// Networks with first values from `init`.
    pub fn new(init: &mut Init, encoder: impl Into<Encoder>, config: &Config) -> Self {
        let encoder = encoder.into();
        let c = config;
        let in_projector =
            BatchNorms { hidden: c.bn_projector_hidden, output: c.bn_projector_output };
        let in_predictor =
            BatchNorms { hidden: c.bn_predictor_hidden, output: c.bn_predictor_output };
        let features = encoder.features();
        let projector =
            simsiam_projector(init, features, c.projector_dim, c.projector_layers, in_projector);
        let predictor = simsiam_predictor(init, c.projector_dim, c.predictor_hidden, in_predictor);
        if c.predictor == Predictor::FixedRandom {
            predictor.freeze();
        }
        SimSiam { encoder, projector, predictor, config: config.clone() }
    }

    /// `f`: images `[n, h, w, 3]` to `[n, d]`.
    fn f(&self, x: &Var) -> Var {
        let features = graph::scope("encoder", || self.encoder.forward(x));
        graph::scope("projector", || self.projector.forward(&features))
    }

    /// `h`: `[n, d]` to `[n, d]`.
    fn h(&self, z: &Var) -> Var {
        match self.config.predictor {
            Predictor::None => z.clone(),
            _ => graph::scope("predictor", || self.predictor.forward(z)),
        }
    }
}

impl Method for SimSiam {
    // ANCHOR: step
    fn forward(&self, views: &[Var], _at: &Schedule) -> Output {
        let (x1, x2) = (&views[0], &views[1]);
        let (z1, z2) = (self.f(x1), self.f(x2)); // each view is a batch of its own to BN
        let (p1, p2) = (self.h(&z1), self.h(&z2));
        let loss = loss([&p1, &p2], [&z1, &z2], &self.config);
        Output::new(loss, &z1)
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
        Optimizer::Sgd { momentum: self.config.momentum, nesterov: false }
    }

    /// Cosine by epoch, as the official code has it; the predictor's may stay constant (Table 1).
    fn learning_rate(&self, parameter: Named, at: &Schedule) -> f64 {
        let base = self.config.base_lr * at.batch as f64 / 256.0;
        if self.config.fix_predictor_lr && parameter.name.starts_with("predictor.") {
            base
        } else {
            base * at.cosine_by_epoch()
        }
    }

    fn weight_decay(&self, _parameter: Named, _at: &Schedule) -> f64 {
        self.config.weight_decay
    }

    /// Two directions drawn at random are orthogonal on average.
    fn chance_loss(&self, _at: &Schedule) -> f64 {
        0.0
    }
}

impl Module for SimSiam {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("projector", &self.projector);
        if self.config.predictor != Predictor::None {
            parts.module("predictor", &self.predictor);
        }
    }
}

/// What stands between the two sides (Table 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predictor {
    /// An MLP that learns.
    Learned,
    /// Nothing: `h(z) = z`. Collapses in the paper.
    None,
    /// An MLP that keeps its first values. The loss stays high in the paper.
    FixedRandom,
}

// ANCHOR: config
/// The switches that the paper turns, and its settings. Their values, with sources, stand in
/// `recipes/simsiam/`: those of the paper, and those for minutes on a processor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Hold the guessed side fixed (section 4.1, Figure 2).
    pub stop_gradient: bool,
    /// What `h` is (section 4.2, Table 1).
    pub predictor: Predictor,
    /// Guess both ways, or only view 2 from view 1 (section 4.6).
    pub symmetric: bool,
    /// Batch norm behind the projector's hidden layers (section 4.4, Table 3).
    pub bn_projector_hidden: bool,
    /// Batch norm on the projector's output.
    pub bn_projector_output: bool,
    /// Batch norm behind the predictor's hidden layer.
    pub bn_predictor_hidden: bool,
    /// Batch norm on the predictor's output; unstable in the paper.
    pub bn_predictor_output: bool,
    /// Linear layers of the projector: 3 for ImageNet, 2 for CIFAR-10 (appendix D).
    pub projector_layers: usize,
    /// The width `d` of `z` and `p`.
    pub projector_dim: usize,
    /// The predictor's bottleneck, a quarter of `d`.
    pub predictor_hidden: usize,
    /// The learning rate for a batch of 256; scaled linearly to the batch in use.
    pub base_lr: f64,
    /// Keep the predictor's learning rate constant (Table 1, last row).
    pub fix_predictor_lr: bool,
    /// Of SGD.
    pub momentum: f64,
    /// On all parameters, batch norms and biases too (appendix A).
    pub weight_decay: f64,
    /// How both views are drawn (appendix A; see [`Recipe::shapes`]).
    pub views: Recipe,
}
// ANCHOR_END: config

impl Config {
    /// What is wrong with the settings, in one line.
    pub(crate) fn check(&self) -> Result<(), String> {
        check::counts(&[
            ("projector_layers", self.projector_layers),
            ("projector_dim", self.projector_dim),
            ("predictor_hidden", self.predictor_hidden),
        ])?;
        check::rates(&[
            ("base_lr", self.base_lr),
            ("momentum", self.momentum),
            ("weight_decay", self.weight_decay),
        ])?;
        check::views(&[("views", &self.views)])
    }
}

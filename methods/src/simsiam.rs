//! SimSiam: *Exploring Simple Siamese Representation Learning* (Chen & He 2020, arXiv
//! 2011.10566).
//!
//! Two views of an image go through one encoder `f`; a predictor `h` turns the output for one
//! view into a guess of the output for the other. No negatives, no momentum encoder, no large
//! batches: what keeps the output from becoming a constant is that the guessed side is held
//! fixed, `z.detach()`. Switch it off (`stop_gradient = false`) and the loss runs towards −1
//! while all images come to look alike. What is guessed may come from a momentum encoder instead,
//! as BYOL's does (`target = "ema"`).
//!
//! Notation follows Algorithm 1: `z = f(x)` with `f` the encoder and its projector, `p = h(z)`.

mod config;

use autodiff::{Var, graph};
use models::heads::{BatchNorms, Mlp, simsiam_predictor, simsiam_projector};
use models::{Encoder, Init, Module, Parts};

pub use self::config::{Config, Predictor, Target};
use crate::losses::negative_cosine;
use crate::method::{Method, Output, View};
use crate::teacher::{Teacher, ema_update};
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
/// The networks: `f = projector ∘ encoder`, and `h`; a momentum encoder, if that is the target.
pub struct SimSiam {
    encoder: Encoder,
    projector: Mlp,
    predictor: Mlp,
    target: Option<Teacher<Mlp>>,
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
        let target =
            (c.target == Target::Ema).then(|| Teacher::of(&encoder, "projector", &projector));
        SimSiam { encoder, projector, predictor, target, config: config.clone() }
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

    /// What is to be guessed for a view whose output is `z`.
    fn target(&self, x: &Var, z: &Var) -> Var {
        let Some(target) = &self.target else { return z.clone() };
        graph::scope("target", || target.forward(x))
    }
}

impl Method for SimSiam {
    // ANCHOR: step
    fn forward(&self, views: &[Var], _at: &Schedule) -> Output {
        let (x1, x2) = (&views[0], &views[1]);
        let (z1, z2) = (self.f(x1), self.f(x2)); // each view is a batch of its own to BN
        let (p1, p2) = (self.h(&z1), self.h(&z2));
        let (t1, t2) = (self.target(x1, &z1), self.target(x2, &z2));
        let loss = loss([&p1, &p2], [&t1, &t2], &self.config);
        Output::new(loss, &z1)
    }
    // ANCHOR_END: step

    /// A momentum encoder follows.
    fn after_step(&self, _output: &Output, _at: &Schedule) {
        self.target.iter().for_each(|target| ema_update(target, self, self.config.m));
    }

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
        self.target.iter().for_each(|target| parts.module("target", target));
    }
}

//! BYOL: *Bootstrap Your Own Latent* (Grill et al. 2020, arXiv 2006.07733).
//!
//! The online network, an encoder and projector `g` and a predictor `q`, guesses what the target
//! network puts out for another view of an image. The target has a `g` of the same shape and is not
//! trained: after every step its parameters `ξ` move a little towards the online ones, `θ`. Nothing
//! in the loss speaks against a constant, and yet none is reached: no gradient flows in `ξ`, and
//! the predictor, which the target lacks, pays for what a projection forgets (section 3.2). Without
//! it (`predictor = false`) the loss falls to 0 and the outputs are one; heads without batch norm
//! (`projector_norm`, `predictor_norm`) did the same in the first attempt at a reproduction.
//!
//! Paper and official code, which is its authors', agree: the loss sums both directions, where ports
//! often take a half or a quarter (`loss_weight`); the target's batch norms see batches of their own;
//! it moves after the optimiser. Its first values are drawn anew in the code; here they are copied.

mod config;

use autodiff::{Var, graph};
use models::heads::{Mlp, byol_mlp};
use models::layers::BatchNorm;
use models::{Encoder, Init, Module, Parts};

pub use self::config::{Config, Target};
use crate::losses::squared_distance;
use crate::method::{Method, Output, View};
use crate::teacher::{Teacher, ema_update};
use crate::train::{Named, Optimizer, Schedule};

// ANCHOR: loss
/// Equation 2, both ways: `L = ‖n(p1) − n(sg(t2))‖² + ‖n(p2) − n(sg(t1))‖²`, meaned over the batch,
/// where `n` scales to unit length. Predictions `p` and targets `t` are `[n, d]`.
pub fn loss([p1, p2]: [&Var; 2], [t1, t2]: [&Var; 2], config: &Config) -> Var {
    let sg = |t: &Var| if config.stop_gradient { t.detach() } else { t.clone() };
    (squared_distance(p1, &sg(t2)) + squared_distance(p2, &sg(t1))) * config.loss_weight
}
// ANCHOR_END: loss

// ANCHOR: networks
/// The online network, `q ∘ g ∘ f`, and its target.
pub struct Byol {
    encoder: Encoder,
    projector: Mlp,
    predictor: Option<Mlp>,
    target: Option<Teacher<Mlp>>,
    config: Config,
}
// ANCHOR_END: networks

impl Byol {
    /// Networks with first values from `init`.
    pub fn new(init: &mut Init, encoder: impl Into<Encoder>, config: &Config) -> Self {
        let (encoder, c) = (encoder.into(), config);
        let mut mlp = |inputs, norm| byol_mlp(init, inputs, c.hidden, c.projector_dim, norm);
        let mut projector = mlp(encoder.features(), c.projector_norm);
        let predictor = c.predictor.then(|| mlp(c.projector_dim, c.predictor_norm));
        if c.bn_output {
            let norm = BatchNorm::without_affine(init.device(), c.projector_dim);
            projector = projector.batch_norm(norm);
        }
        let target =
            (c.target != Target::Online).then(|| Teacher::of(&encoder, "projector", &projector));
        Byol { encoder, projector, predictor, target, config: config.clone() }
    }

    /// `g ∘ f`: images `[n, h, w, 3]` to projections `[n, d]`.
    fn g(&self, x: &Var) -> Var {
        let features = graph::scope("encoder", || self.encoder.forward(x));
        graph::scope("projector", || self.projector.forward(&features))
    }

    /// `q`: projections to predictions, `[n, d]` to `[n, d]`.
    fn q(&self, z: &Var) -> Var {
        let Some(predictor) = &self.predictor else { return z.clone() };
        graph::scope("predictor", || predictor.forward(z))
    }

    /// What is to be predicted for a view whose online projection is `z`.
    fn target(&self, x: &Var, z: &Var) -> Var {
        let Some(target) = &self.target else { return z.clone() };
        graph::scope("target", || target.forward(x))
    }
}

impl Method for Byol {
    // ANCHOR: step
    fn forward(&self, views: &[Var], _at: &Schedule) -> Output {
        let (x1, x2) = (&views[0], &views[1]);
        let (z1, z2) = (self.g(x1), self.g(x2)); // each view is a batch of its own to BN
        let (p1, p2) = (self.q(&z1), self.q(&z2));
        let (t1, t2) = (self.target(x1, &z1), self.target(x2, &z2));
        let loss = loss([&p1, &p2], [&t1, &t2], &self.config);
        Output::new(loss, &z1)
    }
    // ANCHOR_END: step

    // ANCHOR: after
    /// `ξ ← τ ξ + (1 − τ) θ`, with `τ = 1 − (1 − τ_base) · ½ (1 + cos(π k / K))` (section 3.2), but
    /// 0 where `τ_base` is.
    fn after_step(&self, _output: &Output, at: &Schedule) {
        if let (Some(target), Target::Ema) = (&self.target, self.config.target) {
            ema_update(target, self, at.momentum(self.config.tau_base));
        }
    }
    // ANCHOR_END: after

    fn views(&self) -> Vec<View> {
        vec![self.config.view1.clone().into(), self.config.view2.clone().into()]
    }

    fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    fn project(&self, features: &Var) -> Var {
        self.projector.forward(features)
    }

    /// Unit vectors of random directions have a squared distance of 2, in each of two directions.
    fn chance_loss(&self, _at: &Schedule) -> f64 {
        4.0 * self.config.loss_weight
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
}

impl Module for Byol {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("projector", &self.projector);
        self.predictor.iter().for_each(|predictor| parts.module("predictor", predictor));
        self.target.iter().for_each(|target| parts.module("target", target));
    }
}

//! SwAV: *Unsupervised Learning of Visual Features by Contrasting Cluster Assignments* (Caron et
//! al. 2020, arXiv 2006.09882).
//!
//! A batch is sorted into clusters, whose centres, the prototypes, are learned along with the
//! network. The *code* of a view says how much of it goes to each prototype, and the other views of
//! the image have to tell it: the prediction is swapped. Two large views give codes; small ones,
//! which cost little, only predict.
//!
//! One cluster for all images would be told perfectly. What forbids it is the way codes are made:
//! Sinkhorn's algorithm gives every prototype an equal share of the batch. Without it
//! (`equipartition = false`, codes are the plain softmax) the largest prototype takes all: the loss
//! runs from ln k to 0, and `prototypes_used` below, e to the entropy of the mean code, to 1.
//!
//! Codes are constants to the gradient. A small batch has too few samples to share out among many
//! prototypes; a queue of earlier outputs, once it is full, is shared out together with it.

mod config;

use autodiff::{Var, graph};
use models::heads::{Mlp, Prototypes, swav_projector};
use models::{Buffer, Encoder, Init, Module, Parts};
use tensor::Tensor;

use crate::crops::{by_size, split};
use crate::losses::{mean, sinkhorn};
use crate::method::{Method, Output, View};
use crate::train::{Named, Optimizer, Schedule};

pub use config::Config;

/// PyTorch's guard against a division by zero in `normalize`.
const EPS: f64 = 1e-12;

// ANCHOR: loss
/// The codes `q` of one view, `[n, k]`, held fixed, from its scores `[n, k]` and those of the queue,
/// if there is one.
#[track_caller]
pub fn codes(scores: &Var, queue: Option<&Var>, config: &Config) -> Var {
    let n = scores.shape().rows();
    let all = match queue {
        Some(queue) => Var::concat(&[queue, scores], 0),
        None => scores.clone(),
    };
    let all = if config.stop_gradient { all.detach() } else { all };
    let q = match config.equipartition {
        true => {
            graph::scope("Sinkhorn", || sinkhorn(&all, config.epsilon, config.sinkhorn_iterations))
        }
        false => (all / config.epsilon).softmax(-1),
    };
    let rows = q.shape().rows();
    q.slice(0, rows - n, rows)
}

/// The swapped prediction (equations 1 and 2): every view's scores, `[n, k]` each, are to tell the
/// codes of the other views. `codes` are those of the views `crops_for_assign`.
#[track_caller]
pub fn loss(scores: &[Var], codes: &[Var], config: &Config) -> Var {
    let mut terms = Vec::new();
    for (&i, q) in config.crops_for_assign.iter().zip(codes) {
        for (_, scores) in scores.iter().enumerate().filter(|&(v, _)| v != i) {
            terms.push((scores / config.temperature).soft_cross_entropy(q));
        }
    }
    mean(terms)
}
// ANCHOR_END: loss

// ANCHOR: networks
/// The networks: `z` is of unit length, a score is its product with a prototype.
pub struct Swav {
    encoder: Encoder,
    projector: Mlp,
    prototypes: Prototypes,
    /// The newest outputs `[length, d]` of each view that gives codes; none without a queue.
    queues: Vec<Buffer>,
    config: Config,
}
// ANCHOR_END: networks

impl Swav {
    /// Networks with first values from `init`, prototypes of unit length.
    pub fn new(init: &mut Init, encoder: impl Into<Encoder>, config: &Config) -> Self {
        let (encoder, c) = (encoder.into(), config);
        let (features, d) = (encoder.features(), c.projector_dim);
        let projector = swav_projector(init, features, c.projector_hidden, d);
        let prototypes = Prototypes::new(init, d, c.prototypes);
        prototypes.normalize();
        let assigned = c.crops_for_assign.iter().filter(|_| c.queue_length > 0);
        let queue = |_| Buffer::new(Tensor::zeros(init.device(), [c.queue_length, d]));
        let queues = assigned.map(queue).collect();
        Swav { encoder, projector, prototypes, queues, config: c.clone() }
    }

    /// Features `[n, c]` to `z`, `[n, d]`.
    fn z(&self, features: &Var) -> Var {
        self.projector.forward(features).l2_normalize(EPS)
    }

    /// The scores of a queue, as soon as it is full.
    fn queued(&self, i: usize, at: &Schedule) -> Option<Var> {
        let first = self.config.epoch_queue_starts * at.steps_per_epoch;
        let taken_in = at.step.saturating_sub(first) * at.batch;
        let queue = self.queues.get(i).filter(|_| taken_in >= self.config.queue_length)?;
        Some(self.prototypes.forward(&Var::constant(queue.value())))
    }
}

impl Method for Swav {
    // ANCHOR: step
    fn forward(&self, views: &[Var], at: &Schedule) -> Output {
        let n = views[0].shape()[0];
        let features = graph::scope("encoder", || by_size(views, |x| self.encoder.forward(x)));
        let z = graph::scope("projector", || self.z(&features)); // one batch of all views to BN
        let scores = graph::scope("prototypes", || self.prototypes.forward(&z));
        let (z, scores) = (split(&z, n), split(&scores, n));

        let (mut q, mut kept) = (Vec::new(), Vec::new());
        for (i, &view) in self.config.crops_for_assign.iter().enumerate() {
            let queue = graph::scope("queue", || self.queued(i, at));
            q.push(codes(&scores[view], queue.as_ref(), &self.config));
            kept.push(z[view].value().clone());
        }
        let output = Output::new(loss(&scores, &q, &self.config), &z[0]);
        Output { kept, ..output }.watching("prototypes_used", &prototypes_used(&q))
    }
    // ANCHOR_END: step

    // ANCHOR: after
    /// Prototypes come back to unit length, and the queue takes in the newest outputs.
    fn after_step(&self, output: &Output, at: &Schedule) {
        self.prototypes.normalize();
        if at.epoch() >= self.config.epoch_queue_starts {
            for (queue, z) in self.queues.iter().zip(&output.kept) {
                let all = Tensor::concat(&[z, &queue.value()], 0);
                queue.set(all.slice(0, 0, self.config.queue_length));
            }
        }
    }
    // ANCHOR_END: after

    fn views(&self) -> Vec<View> {
        let c = &self.config;
        let local = View { recipe: c.local_view.clone(), size: Some(c.local_crops_size) };
        let mut views = vec![View::from(c.views.clone()); 2];
        views.resize(2 + c.local_crops_number, local);
        views
    }

    fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    fn project(&self, features: &Var) -> Var {
        self.z(features)
    }

    /// Every prototype is as likely as any other.
    fn chance_loss(&self, _at: &Schedule) -> f64 {
        (self.config.prototypes as f64).ln()
    }

    fn optimizer(&self) -> Optimizer {
        self.config.optimizer
    }

    fn learning_rate(&self, _parameter: Named, at: &Schedule) -> f64 {
        let c = &self.config;
        at.warmup_cosine_from(c.start_warmup, c.warmup_epochs, c.base_lr, c.final_lr)
    }

    fn weight_decay(&self, _parameter: Named, _at: &Schedule) -> f64 {
        self.config.weight_decay
    }

    fn rests(&self, parameter: Named, at: &Schedule) -> bool {
        at.step < self.config.freeze_prototypes_niters && parameter.name.starts_with("prototypes.")
    }
}

/// How many prototypes get a share, if all shares were equal: e to the entropy of the mean code.
fn prototypes_used(codes: &[Var]) -> Var {
    let q = mean(codes.iter().map(|q| q.mean(&[0], false)));
    let log_q = q.clamp(f64::from(f32::MIN_POSITIVE), 1.0).log(); // 0 log 0 = 0
    (-(q * log_q).sum_all()).exp()
}

impl Module for Swav {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("projector", &self.projector);
        parts.module("prototypes", &self.prototypes);
        for (i, queue) in self.queues.iter().enumerate() {
            parts.buffer(&format!("queue.{i}"), queue);
        }
    }
}

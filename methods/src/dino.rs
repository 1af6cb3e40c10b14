//! DINO: *Emerging Properties in Self-Supervised Vision Transformers* (Caron et al. 2021, arXiv
//! 2104.14294).
//!
//! A student says of every crop of an image what its teacher says of a large one: a distribution
//! over `k` outputs that nobody has named. The teacher is the mean of the student's past. Two
//! operations on its output keep it from a constant. *Centring* takes away the running mean, so
//! that no output wins for every image; *sharpening*, a low temperature, keeps the outputs from
//! being all alike. Each pushes where the other collapses. Without centring the teacher's entropy
//! falls to 0, and the loss with it; without sharpening the entropy rises to ln k and the loss
//! stays there. In both the KL divergence goes to 0: the student has nothing to learn any more.
//!
//! The official code is followed in what the paper leaves open: the centre is used before it is
//! updated, the teacher's temperature changes by epoch, gradients are clipped for each parameter,
//! and the last layer rests in the first epoch.

mod config;

use autodiff::{Var, graph};
use models::heads::DinoHead;
use models::{Buffer, Encoder, Init, Module, Parts};
use tensor::Tensor;
use tensor::update::{Ema, Rule};

pub use self::config::Config;
use crate::crops::{by_size, split};
use crate::losses::mean;
use crate::method::{Method, Output, View};
use crate::teacher::{Teacher, ema_update};
use crate::train::{Clip, Named, Optimizer, Schedule};

// ANCHOR: loss
/// Algorithm 1's `H(t, s)`, with multi-crop (equation 3): the mean cross-entropy of each view that
/// the teacher sees with every *other* view of the student's. All are `[n, k]`; the teacher's
/// views are the first of the student's, and `q` is what [`target`] makes of them.
#[track_caller]
pub fn loss(s: &[Var], q: &[Var], tau_s: f64) -> Var {
    let s: Vec<Var> = s.iter().map(|s| s / tau_s).collect();
    let mut terms = Vec::new();
    for (i, q) in q.iter().enumerate() {
        for (v, s) in s.iter().enumerate() {
            if v != i {
                terms.push(s.soft_cross_entropy(q));
            }
        }
    }
    mean(terms)
}

/// Centring and sharpening: `softmax((sg(t) − C) / τ_t)`; `t` is `[…, k]`. At `τ_t = 0` the largest
/// output takes all (appendix D).
#[track_caller]
pub fn target(t: &Var, center: &Tensor, tau_t: f64) -> Var {
    let t = t.detach();
    let centred = || &t - &Var::constant(center.clone());
    let sharpened = || match tau_t {
        0.0 => Var::constant(hard(centred().value())),
        _ => (centred() / tau_t).softmax(-1),
    };
    graph::scope("centred, sharpened", sharpened)
}

/// All for the largest of the last axis.
fn hard(t: &Tensor) -> Tensor {
    let rows = t.reshape([t.shape().rows(), t.shape().features()]);
    rows.argmax(-1).one_hot(t.shape().features()).reshape(t.shape().clone())
}
// ANCHOR_END: loss

// ANCHOR: center
/// Equation 4: `C ← m C + (1 − m) mean(t)`, over all rows of the teacher's outputs `[…, k]`.
pub fn next_center(center: &Tensor, t: &Tensor, m: f64) -> Tensor {
    let mean = t.reshape([t.shape().rows(), t.shape().features()]).mean(&[0], true);
    let [center] = Ema::of(m).step([center, &mean.reshape(center.shape())]);
    center
}
// ANCHOR_END: center

/// The mean entropy of the rows of `q`, `[…, k]`: from 0 to ln k.
pub fn entropy(q: &Tensor) -> Tensor {
    let log_q = q.clamp(f64::from(f32::MIN_POSITIVE), 1.0).log(); // 0 log 0 = 0
    -(q * log_q).sum(&[-1], false).mean_all()
}

// ANCHOR: networks
/// The student, an encoder and a head; its teacher; the centre `C`.
pub struct Dino {
    encoder: Encoder,
    head: DinoHead,
    teacher: Teacher<DinoHead>,
    center: Buffer,
    config: Config,
}

/// `g`: views `[n, h, w, 3]` of any sizes to `[v·n, k]`, view after view.
fn g(encoder: &Encoder, head: &DinoHead, views: &[Var]) -> Var {
    let features = graph::scope("encoder", || by_size(views, |x| encoder.forward(x)));
    graph::scope("head", || head.forward(&features))
}
// ANCHOR_END: networks

impl Dino {
    /// A student with first values from `init`, and a teacher with the same.
    pub fn new(init: &mut Init, encoder: impl Into<Encoder>, config: &Config) -> Self {
        let encoder = encoder.into().with_position_resize(config.position_resize());
        let head = DinoHead::new(init, encoder.features(), config.out_dim, &config.head());
        let teacher = Teacher::of(&encoder, "head", &head);
        let encoder = encoder.with_drop_path(config.drop_path);
        let center = Buffer::new(Tensor::zeros(init.device(), [1, config.out_dim]));
        Dino { encoder, head, teacher, center, config: config.clone() }
    }
}

impl Method for Dino {
    // ANCHOR: step
    fn forward(&self, views: &[Var], at: &Schedule) -> Output {
        let (n, teacher) = (views[0].shape()[0], &self.teacher);
        let s = graph::scope("student", || g(&self.encoder, &self.head, views)); // all crops
        let t = graph::scope("teacher", || g(&teacher.encoder, &teacher.head, &views[..2]));
        let q = self.config.target(&t, &self.center.value(), self.config.teacher_temp(at));
        let entropy = entropy(q.value());
        let (s, q) = (split(&s, n), split(&q, n));
        let loss = loss(&s, &q, self.config.student_temp);
        let kl = loss.value() - &entropy; // H(q, p) = h(q) + KL(q ‖ p)
        let watched = vec![("entropy", entropy), ("kl", kl)];
        Output { loss, z: s[0].value().clone(), kept: vec![t.value().clone()], watched }
    }
    // ANCHOR_END: step

    // ANCHOR: after
    /// The teacher follows the student, and the centre the teacher's outputs.
    fn after_step(&self, output: &Output, at: &Schedule) {
        let c = &self.config;
        ema_update(&self.teacher, self, at.momentum(c.momentum_teacher));
        if c.centering {
            let [t] = &output.kept[..] else { unreachable!("the teacher's outputs") };
            self.center.set(next_center(&self.center.value(), t, c.center_momentum));
        }
    }
    // ANCHOR_END: after

    fn views(&self) -> Vec<View> {
        self.config.views()
    }

    /// The teacher's, which is the better of the two throughout (section 5.2).
    fn encoder(&self) -> &Encoder {
        &self.teacher.encoder
    }

    fn project(&self, features: &Var) -> Var {
        self.teacher.head.forward(features)
    }

    fn chance_loss(&self, _at: &Schedule) -> f64 {
        self.config.chance_loss()
    }

    fn optimizer(&self) -> Optimizer {
        self.config.optimizer
    }

    fn learning_rate(&self, _parameter: Named, at: &Schedule) -> f64 {
        self.config.learning_rate(at)
    }

    fn weight_decay(&self, parameter: Named, at: &Schedule) -> f64 {
        self.config.weight_decay(parameter, at)
    }

    fn rests(&self, parameter: Named, at: &Schedule) -> bool {
        self.config.rests(parameter, at)
    }

    fn clip(&self) -> Clip {
        self.config.clip()
    }
}

impl Module for Dino {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("head", &self.head);
        parts.module("teacher", &self.teacher);
        parts.buffer("center", &self.center);
    }
}

//! iBOT: *Image BERT Pre-Training with Online Tokenizer* (Zhou et al. 2021, arXiv 2111.07832).
//!
//! DINO asks what a crop shows as a whole; iBOT asks it of every patch too. Blocks of patches are
//! hidden from the student, which has to say what the teacher, who sees them, makes of each. The
//! teacher is the tokenizer of the title: it learns along. One head serves class token and
//! patches, so that a patch is told in the words that serve for whole images.
//!
//! Centring and sharpening protect both losses as they protect DINO's: without either of them the
//! patches' distributions collapse as those of the class tokens do. As in the official code, the
//! patches' centre is the mean over all patches, hidden or not.
//!
//! DINOv2's KoLeo (Oquab et al. 2023, section 4) is a switch: it keeps the class tokens of a
//! batch apart.

mod config;
mod mask;
mod network;

use autodiff::{Var, graph};
use models::heads::DinoHead;
use models::{Buffer, Encoder, Init, Module, Parts};
use tensor::Tensor;

pub use self::config::Config;
pub use self::mask::{block_mask, random_mask};
pub use self::network::{Network, Outputs};
use crate::crops::split;
use crate::dino::{self, entropy, next_center};
use crate::losses::{KOLEO_EPS, koleo};
use crate::method::{Method, Output, View};
use crate::teacher::ema_update;
use crate::train::{Clip, Named, Optimizer, Schedule};

// ANCHOR: loss
/// Equation 2, `L_MIM`: the cross-entropy at the hidden patches, averaged over those of an image
/// and then over images. Outputs `s` and targets `q` are `[…, t, k]`, the mask `[…, t]` with 1
/// where a patch was hidden from the student; an image without any adds 0.
pub fn patch_loss(s: &Var, q: &Var, mask: &Tensor, tau_s: f64) -> Var {
    let patches = mask.shape().features();
    let weights = mask.mean_weights() * patches as f64; // the loss is the mean over all patches
    let weights = weights.reshape([&mask.shape()[..], &[1]].concat());
    (s / tau_s).soft_cross_entropy(&(q * &Var::constant(weights)))
}
// ANCHOR_END: loss

// ANCHOR: networks
/// The networks `g_s` and `g_t`, and a centre each for class tokens and patches.
pub struct Ibot {
    student: Network,
    teacher: Network,
    center: Buffer,
    center_patch: Buffer,
    config: Config,
}
// ANCHOR_END: networks

impl Ibot {
    /// A student with first values from `init`, and a teacher with the same.
    ///
    /// # Panics
    /// Where the encoder is no vision transformer.
    pub fn new(init: &mut Init, encoder: impl Into<Encoder>, config: &Config) -> Self {
        let c = &config.dino;
        let encoder = encoder.into().with_position_resize(c.position_resize());
        let head = DinoHead::new(init, encoder.features(), c.out_dim, &c.head());
        let teacher = Network::new(init.device(), encoder, head);
        let mut student = teacher.clone();
        student.encoder = student.encoder.with_drop_path(c.drop_path);
        if !config.shared_head {
            student.separate_heads(init, c);
        }
        teacher.freeze();
        let zeros = |shape: &[usize]| Buffer::new(Tensor::zeros(init.device(), shape));
        let [center, center_patch] = [zeros(&[1, c.out_dim]), zeros(&[1, 1, c.out_dim])];
        Ibot { student, teacher, center, center_patch, config: config.clone() }
    }
}

impl Method for Ibot {
    // ANCHOR: step
    fn forward(&self, views: &[Var], at: &Schedule) -> Output {
        let (c, n) = (&self.config, views[0].shape()[0]);
        let (global, local) = (Var::concat(&[&views[0], &views[1]], 0), &views[2..]);
        let mask = c.mask(2 * n, self.teacher.vit().grid(&global), at, global.device());
        // The student sees the global crops in part, and the local ones; the teacher the global.
        let s = graph::scope("student", || self.student.forward(&global, Some(&mask), local));
        let t = graph::scope("teacher", || self.teacher.forward(&global, None, &[]));
        let (center, center_patch) = (self.center.value(), self.center_patch.value());
        let q = c.dino.target(&t.class, &center, c.dino.teacher_temp(at));
        let q_patch = c.dino.target(&t.patches, &center_patch, c.teacher_patch_temp(at));
        let (entropy, patch_entropy) = (entropy(q.value()), entropy(q_patch.value()));

        let (z, tau_s) = (s.class.value().slice(0, 0, n), c.dino.student_temp);
        let class = dino::loss(&split(&s.class, n), &split(&q, n), tau_s);
        let patch = patch_loss(&s.patches, &q_patch, &mask, tau_s);
        let mut loss = &class * c.lambda1 + &patch * c.lambda2;
        if c.koleo > 0.0 {
            for x in split(&s.features, n) {
                loss = loss + koleo(&x, KOLEO_EPS) * c.koleo;
            }
        }
        let watched = vec![
            ("kl", class.value() - &entropy),
            ("entropy", entropy),
            ("patch_loss", patch.value().clone()),
            ("patch_entropy", patch_entropy),
        ];
        Output { loss, z, kept: vec![t.class.value().clone(), t.patches.value().clone()], watched }
    }
    // ANCHOR_END: step

    // ANCHOR: after
    /// The teacher follows the student, and the centres the teacher's outputs.
    fn after_step(&self, output: &Output, at: &Schedule) {
        let c = &self.config.dino;
        ema_update(&self.teacher, &self.student, at.momentum(c.momentum_teacher));
        if c.centering {
            for (center, t) in [&self.center, &self.center_patch].into_iter().zip(&output.kept) {
                center.set(next_center(&center.value(), t, c.center_momentum));
            }
        }
    }
    // ANCHOR_END: after

    fn views(&self) -> Vec<View> {
        self.config.dino.views()
    }

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
        self.config.dino.optimizer
    }

    fn learning_rate(&self, _parameter: Named, at: &Schedule) -> f64 {
        self.config.dino.learning_rate(at)
    }

    fn weight_decay(&self, parameter: Named, at: &Schedule) -> f64 {
        self.config.dino.weight_decay(parameter, at)
    }

    fn rests(&self, parameter: Named, at: &Schedule) -> bool {
        self.config.dino.rests(parameter, at)
    }

    fn clip(&self) -> Clip {
        self.config.dino.clip()
    }
}

impl Module for Ibot {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        self.student.visit(parts);
        parts.module("teacher", &self.teacher);
        parts.buffer("center", &self.center);
        parts.buffer("center_patch", &self.center_patch);
    }
}

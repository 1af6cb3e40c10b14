//! SwAV's settings.

use serde::{Deserialize, Serialize};

use crate::augment::Recipe;
use crate::check;
use crate::train::Optimizer;

// ANCHOR: config
/// The settings, named as in the official code. Their values, with sources, stand in
/// `recipes/swav/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Make the codes of a batch use all prototypes equally (equations 3 and 4); without it they are the
    /// plain softmax of the scores.
    pub equipartition: bool,
    /// Hold the codes fixed; without it SwAV diverges on ImageNet (SimSiam, section 6.2).
    pub stop_gradient: bool,
    /// Of the prediction's softmax, `τ` (equation 2).
    pub temperature: f64,
    /// How soft the codes are, `ε` (equation 3).
    pub epsilon: f64,
    /// Of Sinkhorn's algorithm.
    pub sinkhorn_iterations: usize,
    /// The views whose codes are predicted.
    pub crops_for_assign: Vec<usize>,
    /// Clusters, `k`.
    pub prototypes: usize,
    /// Steps in which the prototypes rest, at the start.
    pub freeze_prototypes_niters: usize,
    /// Earlier outputs that are shared out along with a batch; 0 for none.
    pub queue_length: usize,
    /// The first epoch whose outputs the queue takes in.
    pub epoch_queue_starts: usize,
    /// Width of the projector's hidden layer.
    pub projector_hidden: usize,
    /// The width `d` of `z`.
    pub projector_dim: usize,
    /// The learning rate behind its warm-up, for the batch in use.
    pub base_lr: f64,
    /// What it falls to.
    pub final_lr: f64,
    /// What it begins with.
    pub start_warmup: f64,
    /// Epochs of warm-up.
    pub warmup_epochs: usize,
    /// Pull of parameters towards zero.
    pub weight_decay: f64,
    /// The rule; LARS stands for the official code's LARC.
    pub optimizer: Optimizer,
    /// Small views; 0 for none (section 3.3).
    pub local_crops_number: usize,
    /// Their height and width.
    pub local_crops_size: usize,
    /// How the two large views are drawn.
    pub views: Recipe,
    /// How the small ones are drawn.
    pub local_view: Recipe,
}
// ANCHOR_END: config

impl Config {
    /// What is wrong with the settings, in one line.
    pub(crate) fn check(&self) -> Result<(), String> {
        check::counts(&[
            ("prototypes", self.prototypes),
            ("projector_hidden", self.projector_hidden),
            ("projector_dim", self.projector_dim),
            ("local_crops_size", self.local_crops_size),
        ])?;
        check::positive(&[("temperature", self.temperature), ("epsilon", self.epsilon)])?;
        check::rates(&[
            ("base_lr", self.base_lr),
            ("final_lr", self.final_lr),
            ("start_warmup", self.start_warmup),
            ("weight_decay", self.weight_decay),
        ])?;
        let assigned = &self.crops_for_assign;
        if assigned.is_empty() || assigned.iter().any(|&view| view > 1) {
            return Err(format!("crops_for_assign = {assigned:?}; expected [0], [1] or [0, 1]"));
        }
        check::optimizer(&self.optimizer)?;
        check::views(&[("views", &self.views), ("local_view", &self.local_view)])
    }
}

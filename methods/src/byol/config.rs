//! BYOL's settings.

use models::heads::Norm;
use serde::{Deserialize, Serialize};

use crate::augment::Recipe;
use crate::check;
use crate::train::Optimizer;

/// What is predicted (Tables 5a and 19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The output of a network that follows the online one.
    Ema,
    /// The online network's own projection.
    Online,
    /// The output of a network that keeps its first values.
    FixedRandom,
}

// ANCHOR: config
/// The switches that the paper turns, and its settings; for values, see `recipes/byol/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether there is a `q`; without it predictions are projections (Table 5b).
    pub predictor: bool,
    /// What is predicted (Tables 5a and 19).
    pub target: Target,
    /// Hold what is predicted fixed; decides only where it is the online network's (Table 19).
    pub stop_gradient: bool,
    /// `τ_base`, where the target's momentum begins. With 0 the target is the online network itself
    /// throughout, held fixed; with 1 it keeps its first values (Table 5a).
    pub tau_base: f64,
    /// What normalises the projector's hidden layer: batch norm, layer norm or nothing.
    pub projector_norm: Norm,
    /// What normalises the predictor's.
    pub predictor_norm: Norm,
    /// Batch norm without scale and shift behind the projector: MoCo-v3's head, not the paper's.
    pub bn_output: bool,
    /// The hidden width of projector and predictor.
    pub hidden: usize,
    /// The width `d` of projections and predictions (Table 14b).
    pub projector_dim: usize,
    /// The factor of the sum: ½ for the mean. LARS feels it in biases and norms (appendix F.5).
    pub loss_weight: f64,
    /// The rule.
    pub optimizer: Optimizer,
    /// The learning rate for a batch of 256 (Table 15a); scaled linearly to the batch in use.
    pub base_lr: f64,
    /// Epochs in which the learning rate grows from 0.
    pub warmup_epochs: usize,
    /// On weights only (Table 15b).
    pub weight_decay: f64,
    /// How the first view is drawn (Table 6).
    pub view1: Recipe,
    /// How the second view is drawn (Table 6).
    pub view2: Recipe,
}
// ANCHOR_END: config

impl Config {
    /// What is wrong with the settings, in one line.
    pub(crate) fn check(&self) -> Result<(), String> {
        check::counts(&[("hidden", self.hidden), ("projector_dim", self.projector_dim)])?;
        check::shares(&[("tau_base", self.tau_base)])?;
        check::positive(&[("loss_weight", self.loss_weight)])?;
        check::rates(&[("base_lr", self.base_lr), ("weight_decay", self.weight_decay)])?;
        check::optimizer(&self.optimizer)?;
        check::views(&[("view1", &self.view1), ("view2", &self.view2)])
    }
}

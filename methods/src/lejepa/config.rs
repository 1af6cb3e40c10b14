//! LeJEPA's settings.

use serde::{Deserialize, Serialize};

use crate::augment::Recipe;
use crate::check;
use crate::train::Optimizer;

/// Whose mean the outputs are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Center {
    /// The global views' (the paper).
    Global,
    /// All views' (the authors' minimal example).
    All,
}

// ANCHOR: config
/// The settings. Their values, with sources, stand in `recipes/lejepa/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The share of SIGReg in the loss; at 0 the outputs shrink to a point.
    pub lambda: f64,
    /// Whose mean the outputs are compared with.
    pub center: Center,
    /// Directions that a step looks along.
    pub slices: usize,
    /// Where the integral over the characteristic functions ends.
    pub t_max: f64,
    /// Points of the integral from 0 to there.
    pub n_points: usize,
    /// Width of the projector's two hidden layers.
    pub projector_hidden: usize,
    /// The width `d` of its output.
    pub projector_dim: usize,
    /// The learning rate behind its warm-up, for the batch in use.
    pub base_lr: f64,
    /// What it begins with, as a share.
    pub start_lr: f64,
    /// What it falls to, as a share.
    pub final_lr: f64,
    /// Epochs of warm-up.
    pub warmup_epochs: usize,
    /// Pull towards zero.
    pub weight_decay: f64,
    /// The rule.
    pub optimizer: Optimizer,
    /// Views of the run's size, in front of the others.
    pub global_crops_number: usize,
    /// Small views.
    pub local_crops_number: usize,
    /// Their height and width.
    pub local_crops_size: usize,
    /// How global views are drawn.
    pub views: Recipe,
    /// How small ones are drawn.
    pub local_view: Recipe,
}
// ANCHOR_END: config

impl Config {
    /// What is wrong with the settings, in one line.
    pub(crate) fn check(&self) -> Result<(), String> {
        check::counts(&[
            ("slices", self.slices),
            ("n_points - 1", self.n_points.saturating_sub(1)),
            ("projector_hidden", self.projector_hidden),
            ("projector_dim", self.projector_dim),
            ("global_crops_number", self.global_crops_number),
            ("local_crops_size", self.local_crops_size),
        ])?;
        check::shares(&[("lambda", self.lambda)])?;
        check::positive(&[("t_max", self.t_max)])?;
        check::rates(&[
            ("base_lr", self.base_lr),
            ("start_lr", self.start_lr),
            ("final_lr", self.final_lr),
            ("weight_decay", self.weight_decay),
        ])?;
        check::optimizer(&self.optimizer)?;
        check::views(&[("views", &self.views), ("local_view", &self.local_view)])
    }
}

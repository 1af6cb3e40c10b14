//! SimSiam's settings.

use serde::{Deserialize, Serialize};

use crate::augment::Recipe;
use crate::check;

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

/// What is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The output of the network itself.
    Online,
    /// The output of a momentum encoder, as BYOL's.
    Ema,
}

// ANCHOR: config
/// The switches that the paper turns, and its settings. Their values, with sources, stand in
/// `recipes/simsiam/`: those of the paper, and those for minutes on a processor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Hold the guessed side fixed (section 4.1, Figure 2); a momentum encoder always is.
    pub stop_gradient: bool,
    /// What is guessed: the paper has no momentum encoder (section 6.2).
    pub target: Target,
    /// How much of a momentum encoder stays in a step.
    pub m: f64,
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
        check::shares(&[("m", self.m)])?;
        check::rates(&[
            ("base_lr", self.base_lr),
            ("momentum", self.momentum),
            ("weight_decay", self.weight_decay),
        ])?;
        check::views(&[("views", &self.views)])
    }
}

//! SwAV: *Unsupervised Learning of Visual Features by Contrasting Cluster Assignments* (Caron et
//! al. 2020, arXiv 2006.09882).

use autodiff::{Var, graph};
use serde::{Deserialize, Serialize};

use crate::losses::{mean, sinkhorn};

// ANCHOR: loss
/// The codes `q` of one view, constants `[n, k]`, from its scores `[n, k]` and those of the queue,
/// if there is one.
#[track_caller]
pub fn codes(scores: &Var, queue: Option<&Var>, config: &Config) -> Var {
    let n = scores.shape().rows();
    let all = match queue {
        Some(queue) => Var::concat(&[queue, scores], 0),
        None => scores.clone(),
    };
    let all = all.detach();
    let q = match config.equipartition {
        true => sinkhorn(&all, config.epsilon, config.sinkhorn_iterations),
        false => (all / config.epsilon).softmax(-1),
    };
    let rows = q.shape().rows();
    q.slice(0, rows - n, rows)
}

/// The swapped prediction (equations 1 and 2): every view's scores, `[n, k]` each, are to tell the
/// codes of the other views. `codes` are those of the views `crops_for_assign`.
#[track_caller]
pub fn loss(scores: &[Var], codes: &[Var], config: &Config) -> Var {
    let assigned = || config.crops_for_assign.iter().zip(codes);
    mean(scores.iter().enumerate().flat_map(|(v, scores)| {
        let log_p = scores / config.temperature;
        assigned().filter(move |&(&i, _)| i != v).map(move |(_, q)| log_p.soft_cross_entropy(q))
    }))
}
// ANCHOR_END: loss

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Make the codes of a batch use all prototypes equally (section 3.1, equation 4); without it
    /// they are the plain softmax of the scores.
    pub equipartition: bool,
    /// Of the prediction's softmax, `τ`.
    pub temperature: f64,
    /// How soft the codes are, `ε` (equation 3).
    pub epsilon: f64,
    /// Of Sinkhorn's algorithm.
    pub sinkhorn_iterations: usize,
    /// The views whose codes are predicted.
    pub crops_for_assign: Vec<usize>,
}

impl Default for Config { fn default() -> Self { toml::from_str(include_str!("../recipes/tmp/swav.toml")).unwrap() } }

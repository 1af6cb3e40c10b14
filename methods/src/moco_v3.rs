//! MoCo-v3.

use autodiff::Var;
use serde::{Deserialize, Serialize};

use crate::losses::{info_nce, normalize};

// ANCHOR: loss
/// Algorithm 1: `ctr(q1, k2) + ctr(q2, k1)`, all `[n, d]`.
pub fn loss([q1, q2]: [&Var; 2], [k1, k2]: [&Var; 2], config: &Config) -> Var {
    let ctr = |q: &Var, k: &Var| contrast(q, k, config);
    if config.symmetric { ctr(q1, k2) + ctr(q2, k1) } else { ctr(q1, k2) }
}

/// `ctr`: each query has to pick its own image's key among those of the batch.
fn contrast(q: &Var, k: &Var, config: &Config) -> Var {
    let (q, k, tau) = (normalize(q), normalize(k), config.temperature);
    let k = if config.stop_gradient { k.detach() } else { k };
    let logits = q.matmul_nt(&k); // [n, n]
    let own = 0..q.shape()[0];
    info_nce(&logits, own, tau, config.negatives) * (2.0 * tau)
}
// ANCHOR_END: loss

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub negatives: bool,
    pub stop_gradient: bool,
    pub symmetric: bool,
    pub temperature: f64,
}

impl Default for Config {
    fn default() -> Self {
        Config { negatives: true, stop_gradient: true, symmetric: true, temperature: 0.2 }
    }
}

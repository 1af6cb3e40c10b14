//! SimCLR: *A Simple Framework for Contrastive Learning of Visual Representations* (Chen et al.
//! 2020, arXiv 2002.05709).

use autodiff::Var;
use serde::{Deserialize, Serialize};

use crate::losses::{info_nce, normalize};

// ANCHOR: loss
/// NT-Xent, the loss of Algorithm 1, of two views `[n, d]`: each of the 2n outputs has to pick its
/// other view among the 2n − 1 outputs that are not itself.
pub fn loss(z1: &Var, z2: &Var, config: &Config) -> Var {
    let n = z1.shape()[0];
    let z = Var::concat(&[z1, z2], 0);
    let z = if config.l2_norm { normalize(&z) } else { z };
    let s = z.matmul_nt(&z).off_diagonal(); // s[i, k] for all k ≠ i
    let other_view = (n - 1..2 * n - 1).chain(0..n);
    info_nce(&s, other_view, config.temperature, config.negatives)
}
// ANCHOR_END: loss

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub negatives: bool,
    pub temperature: f64,
    pub l2_norm: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config { negatives: true, temperature: 0.5, l2_norm: true }
    }
}

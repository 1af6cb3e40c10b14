//! MoCo v2.

use std::iter::repeat_n;

use autodiff::Var;
use serde::{Deserialize, Serialize};
use tensor::Tensor;

use crate::losses::{info_nce, normalize};

// ANCHOR: loss
/// Algorithm 1's loss: each query `[n, d]` has to pick its key `[n, d]` among that key and all
/// entries of the queue `[K, d]`, which have length one.
pub fn loss(q: &Var, k: &Var, queue: &Tensor, config: &Config) -> Var {
    let n = q.shape()[0];
    let (q, k) = (normalize(q), normalize(k).detach());
    let l_pos = (&q * &k).sum(&[-1], true); // [n, 1]
    let l_neg = q.matmul_nt(&Var::constant(queue.clone())); // [n, K]
    let logits = Var::concat(&[&l_pos, &l_neg], -1);
    info_nce(&logits, repeat_n(0, n), config.temperature, config.negatives)
}
// ANCHOR_END: loss

// ANCHOR: enqueue
/// The queue with its oldest entries, from row `ptr` on, replaced by the keys `[n, d]`, and the row
/// behind them. What does not fit before the end goes on at the beginning.
///
/// # Panics
/// Where the queue has fewer rows than there are keys.
#[track_caller]
pub fn enqueue(queue: &Tensor, ptr: usize, keys: &Tensor) -> (Tensor, usize) {
    let (size, n) = (queue.shape()[0], keys.shape()[0]);
    let fits = n.min(size - ptr);
    let parts = [
        &keys.slice(0, fits, n),
        &queue.slice(0, n - fits, ptr),
        &keys.slice(0, 0, fits),
        &queue.slice(0, ptr + fits, size),
    ];
    (Tensor::concat(&parts, 0), (ptr + n) % size)
}
// ANCHOR_END: enqueue

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub negatives: bool,
    pub temperature: f64,
}

impl Default for Config {
    fn default() -> Self {
        Config { negatives: true, temperature: 0.2 }
    }
}

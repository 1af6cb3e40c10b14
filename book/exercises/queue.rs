//! What breaks if the new keys enter the queue before the loss is taken?
//!
//! The positive is then among its own negatives.

use autodiff::Var;
use tensor::Tensor;

// ANCHOR: queue
/// The loss of queries against their keys `[n, d]` and a queue `[m, d]` of older keys, and the
/// queue for the next step: newest first, and no longer than before.
pub fn step(q: &Var, k: &Tensor, queue: &Tensor, tau: f64) -> (Var, Tensor) {
    let queue = Tensor::concat(&[k, queue], 0).slice(0, 0, queue.shape()[0]);
    let positive = (q * Var::constant(k.clone())).sum(&[-1], true);
    let negatives = q.matmul_nt(&Var::constant(queue.clone()));
    let logits = Var::concat(&[&positive, &negatives], -1) / tau;
    let labels = Tensor::zeros(q.device(), [q.shape()[0]]);
    (logits.cross_entropy(&labels), queue)
}
// ANCHOR_END: queue

/// The loss knows the old keys only, and the next step finds the new one in front.
pub fn check(step: fn(&Var, &Tensor, &Tensor, f64) -> (Var, Tensor)) {
    let q = crate::leaf([1, 3], &[1.0, 0.0, 0.0]);
    let k = crate::tensor([1, 3], &[1.0, 0.0, 0.0]);
    let queue = crate::tensor([2, 3], &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    let (loss, next) = step(&q, &k, &queue, 0.1);
    crate::close(&next, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    crate::close(loss.value(), &[(1.0 + 2.0 * f64::exp(-10.0)).ln()]);
}

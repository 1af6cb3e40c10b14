//! What breaks if only the samples are made equal?
//!
//! Each sample then gives 1 in all, as it should, and all may give it to the same prototype.

use tensor::Tensor;

// ANCHOR: sinkhorn
/// The shares `[n, k]` that samples give to prototypes, from their scores.
pub fn shares(scores: &Tensor, epsilon: f64, iterations: usize) -> Tensor {
    let mut q = (scores / epsilon).exp();
    for _ in 0..iterations {
        q = &q / q.sum(&[1], true);
    }
    q
}
// ANCHOR_END: sinkhorn

/// Every sample gives 1, and every prototype gets n/k, though all prefer the first.
pub fn check(shares: fn(&Tensor, f64, usize) -> Tensor) {
    let scores = [2.0, 0.1, 1.9, 0.4, 2.2, 0.3, 1.5, 0.9];
    let q = shares(&crate::tensor([4, 2], &scores), 0.5, 200);
    crate::close(&q.sum(&[1], false), &[1.0; 4]);
    crate::close(&q.sum(&[0], false), &[2.0; 2]);
    let q = q.to_vec::<f64>();
    assert!(q[4] > q[6], "who likes the first prototype more gives it more: {q:?}");
}

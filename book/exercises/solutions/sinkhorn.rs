//! Prototypes and samples in turns, until both hold.

use tensor::Tensor;

pub fn shares(scores: &Tensor, epsilon: f64, iterations: usize) -> Tensor {
    let per_prototype = scores.shape()[0] as f64 / scores.shape()[1] as f64;
    let mut q = (scores / epsilon).exp();
    for _ in 0..iterations {
        q = &q / q.sum(&[0], true) * per_prototype;
        q = &q / q.sum(&[1], true);
    }
    q
}

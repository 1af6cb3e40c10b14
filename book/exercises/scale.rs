//! What breaks if attention does not divide by √d?
//!
//! A sum of d products of numbers around 1 is around √d. In 256 dimensions softmax makes of that a
//! choice of one token, and passes hardly any gradient.

use autodiff::Var;

// ANCHOR: scale
/// Attention of queries `[t, d]` over keys `[t, d]` with values `[t, c]`.
pub fn attention(q: &Var, k: &Var, v: &Var) -> Var {
    q.matmul_nt(k).softmax(-1).matmul(v)
}
// ANCHOR_END: scale

/// Vectors of random signs in 256 dimensions share their attention, by softmax of `qᵀk / √d`.
pub fn check(attention: fn(&Var, &Var, &Var) -> Var) {
    let (t, d) = (8, 256);
    let signs = |seed: u64| -> Vec<f64> {
        let mut state = seed;
        let draw = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
            if state >> 63 == 0 { 1.0 } else { -1.0 }
        };
        (0..t * d).map(draw).collect()
    };
    let (q, k) = (signs(1), signs(2));
    let eye: Vec<f64> = (0..t * t).map(|i| f64::from(u8::from(i % (t + 1) == 0))).collect();
    let row = |i: usize| -> Vec<f64> {
        let dot = |j: usize| (0..d).map(|p| q[i * d + p] * k[j * d + p]).sum::<f64>();
        let e: Vec<f64> = (0..t).map(|j| (dot(j) / (d as f64).sqrt()).exp()).collect();
        e.iter().map(|x| x / e.iter().sum::<f64>()).collect()
    };
    let [q, k] = [&q, &k].map(|values| crate::leaf([t, d], values));
    let weights = attention(&q, &k, &crate::leaf([t, t], &eye));
    crate::close(weights.value(), &(0..t).flat_map(row).collect::<Vec<_>>());
}

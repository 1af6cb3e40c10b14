//! Attention: the backward pass computes the weights again, in tiles.

use crate::Var;

impl Var {
    /// `softmax(scale · q kᵀ) v` of queries `self` `[b, n, h, d]` and keys and values
    /// `[b, m, h, d]`, in each of `h` heads. Neither this nor its derivative keeps a matrix of
    /// `n` × `m`.
    ///
    /// # Panics
    /// Where the shapes do not match, or there is no key or no feature.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let ones = |m| Tensor::ones(&Device::reference(), [1, m, 1, 1]);
    /// let (q, k, v) = (Var::leaf(ones(1)), Var::leaf(ones(2)), Var::leaf(ones(2)));
    /// let grads = q.attention(&k, &v, 1.0).sum_all().backward();
    /// assert_eq!(grads.get(&v).unwrap().to_vec::<f64>(), [0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn attention(&self, k: &Var, v: &Var, scale: f64) -> Var {
        let [q, key, value] = [self, k, v].map(|x| x.value().clone());
        let (y, stats) = q.attention(&key, &value, scale);
        let kept = stats.clone();
        Var::record("attention", [self, k, v], y.clone(), move |dy, needed| {
            let kv = [&key, &value];
            let (dq, delta) = q.attention_query_grad(kv, [&y, &stats], dy, scale);
            let keys_or_values = needed[1] || needed[2];
            let (dk, dv) = keys_or_values
                .then(|| q.attention_key_value_grads(kv, &stats, [dy, &delta], scale))
                .unzip();
            [Some(dq), dk, dv]
        })
        .keeping(&[&kept])
    }

    /// `softmax(scale · q kᵀ)`, `[b, h, n, m]`: how [`attention`](Var::attention) weighs the keys
    /// `k` `[b, m, h, d]` for each query of `self` `[b, n, h, d]`.
    ///
    /// # Panics
    /// Where the shapes do not match.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let ones = |m| Var::constant(Tensor::ones(&Device::reference(), [1, m, 1, 3]));
    /// assert_eq!(ones(1).attention_map(&ones(2), 1.0).value().to_vec::<f64>(), [0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn attention_map(&self, k: &Var, scale: f64) -> Var {
        let [q, k] = [self, k].map(|x| x.permute(&[0, 2, 1, 3]));
        (q.matmul_nt(&k) * scale).softmax(-1)
    }
}

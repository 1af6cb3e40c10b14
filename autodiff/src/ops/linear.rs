//! A linear map: `dx = dy wᵀ`, `dw = xᵀ dy` and `db = Σ dy`, over all rows.

use super::matmul::product_over_rows;
use crate::Var;

impl Var {
    /// `x w + b`: `[…, k] × [k, n] + [n] → […, n]`.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let ones = |shape: &[usize]| Var::leaf(Tensor::ones(&Device::reference(), shape));
    /// let (x, w, b) = (ones(&[4, 2]), ones(&[2, 3]), ones(&[3]));
    /// let grads = x.linear(&w, &b).sum_all().backward();
    /// assert_eq!(grads.get(&b).unwrap().to_vec::<f64>(), [4.0; 3]);
    /// ```
    #[track_caller]
    pub fn linear(&self, w: &Var, b: &Var) -> Var {
        let (x, weight) = (self.value().clone(), w.value().clone());
        let y = x.linear(&weight, b.value());
        Var::record("linear", [self, w, b], y, move |dy, needed| {
            let dx = || {
                let rows = dy.reshape([dy.shape().rows(), dy.shape().features()]);
                rows.matmul_nt(&weight).reshape(x.shape())
            };
            [
                needed[0].then(dx),
                needed[1].then(|| product_over_rows(&x, dy, false, &weight)),
                needed[2].then(|| dy.sum_to(&weight.shape()[1..].into())),
            ]
        })
    }
}

//! Feature vectors scaled to length one.

use crate::Var;

impl Var {
    /// `x / max(‖x‖, eps)` along the last axis; a zero row stays zero.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[0.0, 2.0]));
    /// let grads = x.l2_normalize(1e-12).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [0.5, 0.0]);
    /// ```
    // ANCHOR: l2_normalize
    #[track_caller]
    pub fn l2_normalize(&self, eps: f64) -> Var {
        let x = self.value().clone();
        Var::record("l2_normalize", [self], x.l2_normalize(eps), move |dy, _| {
            [Some(x.l2_normalize_grad(dy, eps))]
        })
    }
    // ANCHOR_END: l2_normalize
}

//! `log Σ eˣ`, whose derivative is the softmax.

use super::sum::kept;
use crate::Var;

impl Var {
    /// `log Σ eˣ` over the given axes, which keep length 1 if `keepdim` and vanish otherwise;
    /// `dx = softmax(x) dy`. Where there is nothing but −∞ it is −∞, and `dx` is 0.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::from_slice(&Device::cpu(), [2], &[1000.0, 1000.0]));
    /// let grads = x.logsumexp(&[0], false).backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>(), [0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn logsumexp(&self, axes: &[isize], keepdim: bool) -> Var {
        let x = self.value().clone();
        let y = x.logsumexp(axes, keepdim);
        let (kept, axes) = (kept(x.shape(), axes), axes.to_vec());
        Var::record("logsumexp", [self], y, move |dy, _| {
            [Some(x.logsumexp_grad(&axes, &dy.reshape(&kept)))]
        })
    }
}

//! Variances and standard deviations.

use tensor::Tensor;

use super::sum::kept;
use crate::Var;

impl Var {
    /// `Σ (x − mean)² / (n − correction)` over the given axes, `n` elements each, which keep
    /// length 1 if `keepdim` and vanish otherwise; `dx = 2 (x − mean) dy / (n − correction)`.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::from_slice(&Device::cpu(), [2], &[1.0, 5.0]));
    /// let grads = x.var(&[0], false, 0.0).backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>(), [-2.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn var(&self, axes: &[isize], keepdim: bool, correction: f64) -> Var {
        let x = self.value().clone();
        let y = x.var(axes, keepdim, correction);
        let (kept, axes) = (kept(x.shape(), axes), axes.to_vec());
        let freedom = (x.shape().elements() / kept.elements().max(1)) as f64 - correction;
        Var::record("var", [self], y, move |dy, _| {
            [Some(x.centred(&axes) * (dy.reshape(&kept) * (2.0 / freedom)))]
        })
    }

    /// The root `y` of the [variance](Var::var); `dx = (x − mean) dy / ((n − correction) y)`, and
    /// 0 where all elements are equal, where there is no derivative.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 5.0, 3.0, 3.0]));
    /// let grads = x.std(&[1], false, 0.0).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>(), [-0.5, 0.5, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn std(&self, axes: &[isize], keepdim: bool, correction: f64) -> Var {
        let x = self.value().clone();
        let y = x.std(axes, keepdim, correction);
        let (kept, axes) = (kept(x.shape(), axes), axes.to_vec());
        let freedom = (x.shape().elements() / kept.elements().max(1)) as f64 - correction;
        let root = y.reshape(&kept);
        Var::record("std", [self], y, move |dy, _| {
            let zero = Tensor::scalar(dy.device(), 0.0);
            let slope = dy.reshape(&kept) / (&root * freedom);
            [Some(x.centred(&axes) * root.eq(&zero).where_cond(&zero, &slope))]
        })
    }
}

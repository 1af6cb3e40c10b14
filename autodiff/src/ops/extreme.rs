//! Maxima and minima: what holds the extreme shares the cotangent.

use tensor::Tensor;

use super::sum::kept;
use crate::Var;

impl Var {
    /// The largest element over the given axes, which keep length 1 if `keepdim` and vanish
    /// otherwise. Elements that are equally large take equal shares of the cotangent.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::from_slice(&Device::cpu(), [3], &[5.0, 1.0, 5.0]));
    /// let grads = x.max(&[0], false).backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>(), [0.5, 0.0, 0.5]);
    /// ```
    #[track_caller]
    pub fn max(&self, axes: &[isize], keepdim: bool) -> Var {
        self.extreme("max", axes, self.value().max(axes, keepdim))
    }

    /// The smallest element over the given axes; see [`max`](Var::max).
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::from_slice(&Device::cpu(), [3], &[5.0, 1.0, 5.0]));
    /// let grads = x.min(&[0], false).backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>(), [0.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn min(&self, axes: &[isize], keepdim: bool) -> Var {
        self.extreme("min", axes, self.value().min(axes, keepdim))
    }

    #[track_caller]
    fn extreme(&self, op: &'static str, axes: &[isize], y: Tensor) -> Var {
        let x = self.value().clone();
        let kept = kept(x.shape(), axes);
        let (axes, extreme) = (axes.to_vec(), y.reshape(&kept));
        Var::record(op, [self], y, move |dy, _| {
            let holds = x.eq(&extreme);
            let share = dy.reshape(&kept) / holds.sum(&axes, true);
            [Some(holds * share)]
        })
    }
}

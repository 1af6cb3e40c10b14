//! One of two values: the cotangent goes to the one that was taken.

use tensor::Tensor;

use crate::Var;

impl Var {
    /// `a` where the mask is not 0, else `b`; all three broadcast. The side that is not taken
    /// gets a zero cotangent, whatever its value.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::from_slice(&Device::cpu(), [2], &[0.0, 4.0]));
    /// let zero = Var::constant(Tensor::zeros(x.device(), []));
    /// let mask = x.value().gt(zero.value());
    /// let y = Var::where_cond(&mask, &x.sqrt(), &zero).sum_all();
    /// assert_eq!(y.item(), 2.0);
    /// ```
    #[track_caller]
    pub fn where_cond(mask: &Tensor, a: &Var, b: &Var) -> Var {
        let y = mask.where_cond(a.value(), b.value());
        let mask = mask.clone();
        Var::record("where_cond", [a, b], y, move |dy, needed| {
            let zero = Tensor::scalar(dy.device(), 0.0);
            [
                needed[0].then(|| mask.where_cond(dy, &zero)),
                needed[1].then(|| mask.where_cond(&zero, dy)),
            ]
        })
    }
}

//! `log Σ eˣ` over any axes.

use crate::{Tensor, check};

impl Tensor {
    /// `log Σ eˣ` over the given axes, which keep length 1 if `keepdim` and vanish otherwise: for
    /// numbers of any size, and −∞ where there is nothing but −∞.
    ///
    /// # Panics
    /// Where an axis is not there, is named twice or is empty.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::reference(), [2], &[1000.0, 1000.0]);
    /// assert_eq!(x.logsumexp(&[0], false).item(), 1000.0 + 2f64.ln());
    /// ```
    #[track_caller]
    pub fn logsumexp(&self, axes: &[isize], keepdim: bool) -> Tensor {
        check::filled_axes("logsumexp", self, axes);
        let (largest, powers) = self.powers(axes);
        let sum = powers.sum(axes, keepdim);
        sum.log() + largest.reshape(sum.shape())
    }

    /// `softmax(x) dy`, the cotangent of [`logsumexp`](Tensor::logsumexp)'s input `self`, given
    /// that of its output with `keepdim`; 0 where there is nothing but −∞.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[1000.0, 1000.0]);
    /// let dx = x.logsumexp_grad(&[0], &Tensor::ones(x.device(), [1]));
    /// assert_eq!(dx.to_vec::<f32>(), [0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn logsumexp_grad(&self, axes: &[isize], dy: &Tensor) -> Tensor {
        check::filled_axes("logsumexp_grad", self, axes);
        let (_, powers) = self.powers(axes);
        // The largest element has the power 1; only where all are −∞ is the sum smaller: 0.
        let sum = powers.sum(axes, true).maximum(&Tensor::scalar(self.device(), 1.0));
        powers * (dy / &sum)
    }

    /// The largest elements, and the powers `e^(x − largest)`, which do not overflow.
    fn powers(&self, axes: &[isize]) -> (Tensor, Tensor) {
        let largest = self.max(axes, true);
        // Infinity less infinity would be a NaN.
        let [zero, infinity] = [0.0, f64::INFINITY].map(|x| Tensor::scalar(self.device(), x));
        let largest = largest.abs().eq(&infinity).where_cond(&zero, &largest);
        let powers = (self - &largest).exp();
        (largest, powers)
    }
}

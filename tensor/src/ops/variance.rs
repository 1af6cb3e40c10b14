//! Variances and standard deviations over any axes.

use crate::{Tensor, check};

impl Tensor {
    /// `Σ (x − mean)² / (n − correction)` over the given axes, `n` elements each, which keep
    /// length 1 if `keepdim` and vanish otherwise. A correction of 1 makes it unbiased (Bessel).
    ///
    /// # Panics
    /// Where an axis is not there or is named twice, or `n` is not above the correction.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[1001.0, 1002.0, 1003.0]);
    /// assert_eq!(x.var(&[0], false, 1.0).item(), 1.0);
    /// ```
    #[track_caller]
    pub fn var(&self, axes: &[isize], keepdim: bool, correction: f64) -> Tensor {
        self.variance("var", axes, keepdim, correction)
    }

    /// The root of the [variance](Tensor::var).
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 5.0, 7.0, 7.0]);
    /// assert_eq!(x.std(&[-1], false, 0.0).to_vec::<f32>(), [2.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn std(&self, axes: &[isize], keepdim: bool, correction: f64) -> Tensor {
        self.variance("std", axes, keepdim, correction).sqrt()
    }

    #[track_caller]
    fn variance(&self, op: &str, axes: &[isize], keepdim: bool, correction: f64) -> Tensor {
        let indices = check::axes(op, self, axes);
        let count: usize = indices.iter().map(|&axis| self.shape()[axis]).product();
        let freedom = count as f64 - correction;
        if freedom <= 0.0 {
            let what = format_args!("{count} elements do not exceed a correction of {correction}");
            check::fail(op, &[self], what);
        }
        let centred = self.centred(axes);
        (&centred * &centred).sum(axes, keepdim) * (1.0 / freedom)
    }

    /// `x − mean` over the given axes, exactly 0 where all elements are equal.
    ///
    /// # Panics
    /// Where an axis is not there, is named twice or is empty.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 5.0, 0.1, 0.1]);
    /// assert_eq!(x.centred(&[-1]).to_vec::<f32>(), [-2.0, 2.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn centred(&self, axes: &[isize]) -> Tensor {
        let mut first = self.clone();
        for axis in check::filled_axes("centred", self, axes) {
            first = first.slice(axis as isize, 0, 1);
        }
        // In f32 the mean of numbers near 1000 is itself only good to 3e-5; that of their
        // differences from one of them, which are exact, is good to their own last digit.
        let shifted = self - &first;
        &shifted - &shifted.mean(axes, true)
    }
}

//! Sums and means: the cotangent is repeated along what was summed.

use tensor::{Shape, Tensor};

use crate::Var;

impl Var {
    /// The sum over the given axes, which keep length 1 if `keepdim` and vanish otherwise.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2, 2], &[1.0, 2.0, 3.0, 4.0]));
    /// let grads = x.sum(&[0], false).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [1.0; 4]);
    /// ```
    #[track_caller]
    pub fn sum(&self, axes: &[isize], keepdim: bool) -> Var {
        let y = self.value().sum(axes, keepdim);
        let shape = self.shape().clone();
        let kept = kept(&shape, axes);
        Var::record("sum", [self], y, move |dy, _| [Some(dy.reshape(&kept).broadcast_to(&shape))])
    }

    /// The mean over the given axes.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2, 2], &[1.0, 2.0, 3.0, 4.0]));
    /// let grads = x.mean(&[0], false).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [0.5; 4]);
    /// ```
    #[track_caller]
    pub fn mean(&self, axes: &[isize], keepdim: bool) -> Var {
        let y = self.value().mean(axes, keepdim);
        let shape = self.shape().clone();
        let kept = kept(&shape, axes);
        let share = kept.elements() as f64 / shape.elements() as f64;
        Var::record("mean", [self], y, move |dy, _| {
            [Some((dy * share).reshape(&kept).broadcast_to(&shape))]
        })
    }

    /// The sum of all elements, of shape `[]`.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2, 2], &[1.0, 2.0, 3.0, 4.0]));
    /// let grads = x.sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [1.0; 4]);
    /// ```
    #[track_caller]
    pub fn sum_all(&self) -> Var {
        let shape = self.shape().clone();
        Var::record("sum", [self], self.value().sum_all(), move |dy, _| {
            [Some(dy.broadcast_to(&shape))]
        })
    }

    /// The mean of all elements, of shape `[]`.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2, 2], &[1.0, 2.0, 3.0, 4.0]));
    /// let grads = x.mean_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [0.25; 4]);
    /// ```
    #[track_caller]
    pub fn mean_all(&self) -> Var {
        let shape = self.shape().clone();
        let share = 1.0 / shape.elements() as f64;
        Var::record("mean", [self], self.value().mean_all(), move |dy, _| {
            [Some((dy * share).broadcast_to(&shape))]
        })
    }
}

impl Var {
    /// The mean over the last axis of the entries that a mask of 0 and 1 marks:
    /// `Σ mask·x / max(Σ mask, 1)`, `[…, n] → […]`; 0 where it marks none.
    ///
    /// # Panics
    /// Where the mask has another shape, or there is no axis.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let of = |values: [f32; 3]| Tensor::from_slice(&Device::cpu(), [3], &values);
    /// let x = Var::leaf(of([1.0, 2.0, 3.0]));
    /// let grads = x.masked_mean(&of([1.0, 0.0, 1.0])).backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>(), [0.5, 0.0, 0.5]);
    /// ```
    #[track_caller]
    pub fn masked_mean(&self, mask: &Tensor) -> Var {
        let y = self.value().masked_mean(mask);
        let kept = kept(self.shape(), &[-1]);
        let mask = mask.clone();
        Var::record("masked_mean", [self], y, move |dy, _| {
            [Some(dy.reshape(&kept) * mask.mean_weights())]
        })
    }
}

/// The shape with the given axes at length 1.
pub(super) fn kept(shape: &Shape, axes: &[isize]) -> Shape {
    let mut kept = shape.to_vec();
    for axis in axes.iter().filter_map(|&axis| shape.axis(axis)) {
        kept[axis] = 1;
    }
    kept.into()
}

//! Reshape, permute, slice, flip and broadcast: the cotangent goes the same way back.

use tensor::Shape;

use crate::Var;

impl Var {
    /// The same values in another shape.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2, 2], &[1.0, 2.0, 3.0, 4.0]));
    /// assert_eq!(x.reshape([4]).shape().as_slice(), [4]);
    /// ```
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Var {
        let from = self.shape().clone();
        Var::record("reshape", [self], self.value().reshape(shape), move |dy, _| {
            [Some(dy.reshape(&from))]
        })
    }

    /// The axes in another order: axis `i` of the result is axis `order[i]` of this value.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2, 2], &[1.0, 2.0, 3.0, 4.0]));
    /// assert_eq!(x.permute(&[1, 0]).value().to_vec::<f64>(), [1.0, 3.0, 2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn permute(&self, order: &[usize]) -> Var {
        let y = self.value().permute(order);
        let mut back = vec![0; order.len()];
        for (to, &from) in order.iter().enumerate() {
            back[from] = to;
        }
        Var::record("permute", [self], y, move |dy, _| [Some(dy.permute(&back))])
    }

    /// Elements `start .. stop` of an axis; the rest gets a zero cotangent.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2, 2], &[1.0, 2.0, 3.0, 4.0]));
    /// let grads = x.slice(1, 0, 1).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [1.0, 0.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn slice(&self, axis: isize, start: usize, stop: usize) -> Var {
        let y = self.value().slice(axis, start, stop);
        let shape = self.shape().clone();
        Var::record("slice", [self], y, move |dy, _| {
            let index = shape.axis(axis).expect("checked by the forward pass");
            let mut margins = vec![(0, 0); shape.rank()];
            margins[index] = (start, shape[index] - stop);
            [Some(dy.pad(&margins, 0.0))]
        })
    }

    /// The elements of the given axes in the opposite order.
    ///
    /// # Panics
    /// Where an axis is not there or is named twice.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::constant(Tensor::from_slice(&Device::reference(), [3], &[1.0, 2.0, 3.0]));
    /// assert_eq!(x.flip(&[0]).value().to_vec::<f64>(), [3.0, 2.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn flip(&self, axes: &[isize]) -> Var {
        let y = self.value().flip(axes);
        let axes = axes.to_vec();
        Var::record("flip", [self], y, move |dy, _| [Some(dy.flip(&axes))])
    }

    /// The diagonal of a square matrix: `[n, n] → [n]`; the entries beside it get a zero
    /// cotangent.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::ones(&Device::cpu(), [2, 2]));
    /// let grads = x.diagonal().sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>(), [1.0, 0.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn diagonal(&self) -> Var {
        let n = self.shape().rows();
        Var::record("diagonal", [self], self.value().diagonal(), move |dy, _| {
            // Behind each diagonal entry but the last lie n others.
            let behind = dy.reshape([n, 1]).pad(&[(0, 0), (0, n)], 0.0);
            [Some(behind.reshape([n * (n + 1)]).slice(0, 0, n * n).reshape([n, n]))]
        })
    }

    /// The entries beside the diagonal of a square matrix: `[n, n] → [n, n − 1]`; the diagonal
    /// gets a zero cotangent.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::ones(&Device::cpu(), [2, 2]));
    /// let grads = x.off_diagonal().sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>(), [0.0, 1.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn off_diagonal(&self) -> Var {
        let n = self.shape().rows();
        Var::record("off_diagonal", [self], self.value().off_diagonal(), move |dy, _| {
            // One diagonal entry in front, and one behind every n others.
            let behind = dy.reshape([n - 1, n]).pad(&[(0, 0), (0, 1)], 0.0);
            [Some(behind.reshape([n * n - 1]).pad(&[(1, 0)], 0.0).reshape([n, n]))]
        })
    }

    /// The value repeated to a larger shape by NumPy's rule; the engine sums the cotangent back.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// let grads = x.broadcast_to(&[3, 2].into()).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [3.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn broadcast_to(&self, shape: &Shape) -> Var {
        let y = self.value().broadcast_to(shape);
        Var::record("broadcast_to", [self], y, |dy, _| [Some(dy.clone())])
    }
}

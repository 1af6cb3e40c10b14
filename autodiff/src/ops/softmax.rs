//! Probabilities of logits, and their logarithms: both rules need the output alone.

use crate::Var;

impl Var {
    /// `eˣ / Σ eˣ` along an axis; `dx = y (dy − Σ y dy)`.
    ///
    /// # Panics
    /// Where the axis is not there.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[0.0, 0.0]));
    /// let grads = x.softmax(-1).slice(0, 0, 1).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [0.25, -0.25]);
    /// ```
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Var {
        let y = self.value().softmax(axis);
        Var::record("softmax", [self], y.clone(), move |dy, _| [Some(y.softmax_grad(dy, axis))])
    }

    /// `x − log Σ eˣ` along an axis; `dx = dy − eʸ Σ dy`.
    ///
    /// # Panics
    /// Where the axis is not there.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[0.0, 0.0]));
    /// let grads = x.log_softmax(-1).slice(0, 0, 1).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [0.5, -0.5]);
    /// ```
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Var {
        let y = self.value().log_softmax(axis);
        Var::record("log_softmax", [self], y.clone(), move |dy, _| {
            [Some(y.log_softmax_grad(dy, axis))]
        })
    }
}

//! Cross-entropies: `dx = (softmax(x) − target) · dy / rows`.

use tensor::Tensor;

use crate::Var;

impl Var {
    /// `−log softmax(x)[label]`, averaged over all rows of the logits `[…, k]`. The labels, one a
    /// row, are whole numbers from 0.
    ///
    /// # Panics
    /// Where the shapes do not match, there are no classes, or, on the CPU, a label names none
    /// of them; on the GPU that makes the loss NaN.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::zeros(&Device::reference(), [1, 2]));
    /// let grads = x.cross_entropy(&Tensor::zeros(x.device(), [1])).backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [-0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn cross_entropy(&self, labels: &Tensor) -> Var {
        let (x, labels) = (self.value().clone(), labels.clone());
        let loss = x.cross_entropy(&labels);
        Var::record("cross_entropy", [self], loss, move |dy, _| {
            [Some(x.cross_entropy_grad(&labels, dy))]
        })
    }

    /// `−Σ target · log softmax(x)`, averaged over all rows of the logits `[…, k]`. A target that
    /// is to be held fixed is a constant or [`detach`](Var::detach)ed.
    ///
    /// # Panics
    /// Where target and logits differ in shape, or there are no classes.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::zeros(&Device::reference(), [1, 2]));
    /// let target = Tensor::from_slice(x.device(), [1, 2], &[0.75, 0.25]);
    /// let grads = x.soft_cross_entropy(&Var::constant(target)).backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [-0.25, 0.25]);
    /// ```
    #[track_caller]
    pub fn soft_cross_entropy(&self, target: &Var) -> Var {
        let (x, wanted) = (self.value().clone(), target.value().clone());
        let loss = x.soft_cross_entropy(&wanted);
        Var::record("soft_cross_entropy", [self, target], loss, move |dy, needed| {
            let share = -1.0 / x.shape().rows() as f64;
            [
                needed[0].then(|| x.soft_cross_entropy_grad(&wanted, dy)),
                needed[1].then(|| x.log_softmax(-1) * &(dy * share)),
            ]
        })
    }
}

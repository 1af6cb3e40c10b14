//! Layer normalisation: every feature vector by its own mean and biased variance (Ba et al. 2016).
//! It is group normalisation with one group, each vector being a sample of one position.

use crate::{Tensor, check};

impl Tensor {
    /// Normalises along the last axis, then scales and shifts by `weight` and `bias` `[c]`. The
    /// second result is what the gradients need.
    ///
    /// # Panics
    /// Where the tensor has no axis, or weight or bias is not `[c]`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 3.0, 1001.0, 1003.0]);
    /// let (w, b) = (Tensor::ones(x.device(), [2]), Tensor::zeros(x.device(), [2]));
    /// assert_eq!(x.layer_norm([&w, &b], 0.0).0.to_vec::<f32>(), [-1.0, 1.0, -1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn layer_norm(&self, affine: [&Tensor; 2], eps: f64) -> (Tensor, Tensor) {
        if self.shape().rank() == 0 {
            check::fail("layer_norm", &[self], "expected at least one axis");
        }
        for x in affine {
            check::shape("layer_norm", x, [self.shape().features()]);
        }
        let (y, stats) = self.as_samples().group_norm(1, affine, eps);
        (y.reshape(self.shape()), stats)
    }

    /// The cotangent of [`layer_norm`](Tensor::layer_norm)'s input `self`, given what it returned
    /// beside its output, and the output's cotangent.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[1.0, 3.0]);
    /// let (w, b) = (Tensor::ones(x.device(), [2]), Tensor::zeros(x.device(), [2]));
    /// let (y, stats) = x.layer_norm([&w, &b], 0.0);
    /// assert_eq!(x.layer_norm_input_grad(&stats, &w, &y).to_vec::<f32>(), [0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn layer_norm_input_grad(&self, stats: &Tensor, weight: &Tensor, dy: &Tensor) -> Tensor {
        check::shape("layer_norm_input_grad", dy, self.shape());
        let dx = self.as_samples().group_norm_input_grad(1, stats, weight, &dy.as_samples());
        dx.reshape(self.shape())
    }

    /// The cotangents of weight and bias.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[1.0, 3.0]);
    /// let (w, b) = (Tensor::ones(x.device(), [2]), Tensor::zeros(x.device(), [2]));
    /// let (_, stats) = x.layer_norm([&w, &b], 0.0);
    /// assert_eq!(x.layer_norm_parameter_grads(&stats, &w).0.to_vec::<f32>(), [-1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn layer_norm_parameter_grads(&self, stats: &Tensor, dy: &Tensor) -> (Tensor, Tensor) {
        check::shape("layer_norm_parameter_grads", dy, self.shape());
        self.as_samples().group_norm_parameter_grads(1, stats, &dy.as_samples())
    }

    fn as_samples(&self) -> Tensor {
        self.reshape([self.shape().rows(), self.shape().features()])
    }
}

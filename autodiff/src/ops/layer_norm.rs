//! Layer normalisation.

use tensor::Tensor;

use crate::Var;

impl Var {
    /// Normalises every feature vector by its own mean and biased variance, then scales and
    /// shifts it by `weight` and `bias` `[c]` (Ba et al. 2016).
    ///
    /// # Panics
    /// Where the value has no axis, or weight or bias is not `[c]`.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let device = Device::reference();
    /// let x = Var::constant(Tensor::from_slice(&device, [1, 2], &[1.0, 3.0]));
    /// let [w, b] = [Tensor::ones(&device, [2]), Tensor::zeros(&device, [2])].map(Var::leaf);
    /// let y = x.layer_norm(&w, &b, 0.0);
    /// assert_eq!(y.sum_all().backward().get(&w).unwrap().to_vec::<f64>(), [-1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn layer_norm(&self, weight: &Var, bias: &Var, eps: f64) -> Var {
        let (x, w) = (self.value().clone(), weight.value().clone());
        let (y, stats) = x.layer_norm([&w, bias.value()], eps);
        let kept = stats.clone();
        Var::record("layer_norm", [self, weight, bias], y, move |dy, needed| {
            let dx = needed[0].then(|| x.layer_norm_input_grad(&stats, &w, dy));
            let affine = needed[1] || needed[2];
            let (dw, db) = affine.then(|| x.layer_norm_parameter_grads(&stats, dy)).unzip();
            [dx, dw, db]
        })
        .keeping(&[&kept])
    }

    /// The same without scale and shift.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::constant(Tensor::from_slice(&Device::reference(), [2], &[1.0, 3.0]));
    /// assert_eq!(x.layer_norm_plain(0.0).value().to_vec::<f64>(), [-1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn layer_norm_plain(&self, eps: f64) -> Var {
        let c = [self.shape().features()];
        let [one, zero] = [Tensor::ones(self.device(), c), Tensor::zeros(self.device(), c)];
        self.layer_norm(&Var::constant(one), &Var::constant(zero), eps)
    }
}

//! Batch normalisation.

use tensor::Tensor;

use crate::Var;

impl Var {
    /// Normalises each column of `[…, c]` by its mean and biased variance over all rows, then
    /// scales and shifts it by `weight` and `bias` `[c]`. Also returns the mean and the variance,
    /// for running statistics.
    ///
    /// # Panics
    /// Where there are fewer than two rows.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2, 1], &[1.0, 3.0]));
    /// let [w, b] = [1.0, 0.0].map(|v| Var::leaf(Tensor::full(x.device(), [1], v)));
    /// let (y, mean, var) = x.batch_norm(&w, &b, 0.0);
    /// assert_eq!(y.value().to_vec::<f64>(), [-1.0, 1.0]);
    /// assert_eq!((mean.item(), var.item()), (2.0, 1.0));
    /// ```
    #[track_caller]
    pub fn batch_norm(&self, weight: &Var, bias: &Var, eps: f64) -> (Var, Tensor, Tensor) {
        let (x, w) = (self.value().clone(), weight.value().clone());
        let (mean, var) = x.batch_stats();
        let y = x.batch_norm([&mean, &var], [&w, bias.value()], eps);
        let stats = (mean.clone(), var.clone());
        let y = Var::record("batch_norm", [self, weight, bias], y, move |dy, needed| {
            let stats = [&mean, &var];
            let (dw, db) = x.batch_norm_parameter_grads(stats, dy, eps);
            let dx = needed[0].then(|| x.batch_norm_input_grad(stats, &w, dy, [&dw, &db], eps));
            [dx, Some(dw), Some(db)]
        });
        let y = y.keeping(&[&stats.0, &stats.1]);
        (y, stats.0, stats.1)
    }

    /// The same without scale and shift.
    ///
    /// # Panics
    /// Where there are fewer than two rows.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::constant(Tensor::from_slice(&Device::reference(), [2, 1], &[1.0, 3.0]));
    /// assert_eq!(x.batch_norm_plain(0.0).0.value().to_vec::<f64>(), [-1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn batch_norm_plain(&self, eps: f64) -> (Var, Tensor, Tensor) {
        let c = [self.shape().features()];
        let [one, zero] = [Tensor::ones(self.device(), c), Tensor::zeros(self.device(), c)];
        self.batch_norm(&Var::constant(one), &Var::constant(zero), eps)
    }

    /// A convolution's weights `[kh, kw, c_in, c_out]`, each output channel's by their own mean
    /// and biased variance (Qiao et al. 2019): in this layout the columns of a batch norm.
    ///
    /// # Panics
    /// Where an output channel has fewer than two weights.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let w = Tensor::from_slice(&Device::reference(), [1, 1, 2, 1], &[1.0, 3.0]);
    /// let y = Var::constant(w).weight_standardisation(0.0);
    /// assert_eq!(y.value().to_vec::<f64>(), [-1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn weight_standardisation(&self, eps: f64) -> Var {
        self.batch_norm_plain(eps).0
    }

    /// [`batch_norm`](Var::batch_norm) with statistics that are given and constant: evaluation
    /// mode.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2, 1], &[1.0, 3.0]));
    /// let [w, b] = [1.0, 0.0].map(|v| Var::leaf(Tensor::full(x.device(), [1], v)));
    /// let stats = [1.0, 4.0].map(|v| Tensor::full(x.device(), [1], v));
    /// let y = x.batch_norm_with([&stats[0], &stats[1]], &w, &b, 0.0);
    /// assert_eq!(y.value().to_vec::<f64>(), [0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn batch_norm_with(&self, stats: [&Tensor; 2], weight: &Var, bias: &Var, eps: f64) -> Var {
        let (x, w) = (self.value().clone(), weight.value().clone());
        let [mean, var] = stats.map(Tensor::clone);
        let y = x.batch_norm([&mean, &var], [&w, bias.value()], eps);
        Var::record("batch_norm_with", [self, weight, bias], y, move |dy, needed| {
            let (dw, db) = x.batch_norm_parameter_grads([&mean, &var], dy, eps);
            let dx = needed[0].then(|| dy * &(&w / &(&var + eps).sqrt()));
            [dx, Some(dw), Some(db)]
        })
    }
}

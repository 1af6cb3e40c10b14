//! Group normalisation.

use crate::Var;

impl Var {
    /// Normalises each group of `c / groups` neighbouring channels of each sample of `[n, …, c]`
    /// by its mean and biased variance over all positions, then scales and shifts each channel
    /// by `weight` and `bias` `[c]` (Wu & He 2018).
    ///
    /// # Panics
    /// Where there are fewer than two axes, or the groups do not divide the channels.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let device = Device::reference();
    /// let x = Var::constant(Tensor::from_slice(&device, [1, 4], &[1.0, 3.0, 5.0, 5.0]));
    /// let [w, b] = [Tensor::ones(&device, [4]), Tensor::zeros(&device, [4])].map(Var::leaf);
    /// let y = x.group_norm(2, &w, &b, 1e-9);
    /// assert_eq!(y.sum_all().backward().get(&b).unwrap().to_vec::<f64>(), [1.0; 4]);
    /// ```
    #[track_caller]
    pub fn group_norm(&self, groups: usize, weight: &Var, bias: &Var, eps: f64) -> Var {
        let (x, w) = (self.value().clone(), weight.value().clone());
        let (y, stats) = x.group_norm(groups, [&w, bias.value()], eps);
        let kept = stats.clone();
        Var::record("group_norm", [self, weight, bias], y, move |dy, needed| {
            let dx = needed[0].then(|| x.group_norm_input_grad(groups, &stats, &w, dy));
            let affine = needed[1] || needed[2];
            let (dw, db) = affine.then(|| x.group_norm_parameter_grads(groups, &stats, dy)).unzip();
            [dx, dw, db]
        })
        .keeping(&[&kept])
    }
}

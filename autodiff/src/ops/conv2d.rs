//! Convolution.

use tensor::Conv2d;

use crate::Var;

impl Var {
    /// Cross-correlation of `[n, h, w, c_in]` with weights `[kh, kw, c_in, c_out]`.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Conv2d, Device, Tensor};
    /// let x = Var::leaf(Tensor::ones(&Device::reference(), [1, 2, 2, 1]));
    /// let w = Var::leaf(Tensor::full(&Device::reference(), [2, 2, 1, 1], 3.0));
    /// let grads = x.conv2d(&w, Conv2d::new(1, 0)).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [3.0; 4]);
    /// ```
    #[track_caller]
    pub fn conv2d(&self, weight: &Var, conv: Conv2d) -> Var {
        let (x, w) = (self.value().clone(), weight.value().clone());
        let y = x.conv2d(&w, conv);
        Var::record("conv2d", [self, weight], y, move |dy, needed| {
            [
                needed[0].then(|| x.conv2d_input_grad(&w, dy, conv)),
                needed[1].then(|| x.conv2d_weight_grad(&w, dy, conv)),
            ]
        })
    }
}

//! Convolution.

use tensor::Conv2d;

use crate::Var;

impl Var {
    /// Cross-correlation of `[n, h, w, c_in]` with weights `[kh, kw, c_in, c_out]`.
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

//! Resizing is linear: the cotangent goes back through the transposed matrices.

use tensor::Resize;

use crate::Var;

impl Var {
    /// Images `[n, h, w, c]` resized to `[n, size[0], size[1], c]`.
    ///
    /// # Panics
    /// As [`tensor::Tensor::resize`].
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Filter, Resize, Tensor};
    /// let x = Var::constant(Tensor::ones(&Device::reference(), [1, 4, 4, 3]));
    /// let y = x.resize([2, 3], Resize::new(Filter::Bicubic, true));
    /// assert_eq!(y.shape().as_slice(), [1, 2, 3, 3]);
    /// ```
    #[track_caller]
    pub fn resize(&self, size: [usize; 2], resize: Resize) -> Var {
        let y = self.value().resize(size, resize);
        let image = [self.shape()[1], self.shape()[2]];
        Var::record("resize", [self], y, move |dy, _| [Some(dy.resize_grad(image, resize))])
    }
}

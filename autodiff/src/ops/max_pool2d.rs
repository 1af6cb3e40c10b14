//! Max pooling: the cotangent goes to the element that won.

use tensor::Pool2d;

use crate::Var;

impl Var {
    /// The maxima of each window of `[n, h, w, c]`; where several are equal, the first wins and
    /// takes the whole cotangent.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Pool2d, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2, 2], &[1.0, 2.0, 3.0, 4.0]));
    /// let grads = x.reshape([1, 2, 2, 1]).max_pool2d(Pool2d::new(2, 2, 0)).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [0.0, 0.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn max_pool2d(&self, pool: Pool2d) -> Var {
        let x = self.value().clone();
        let (y, tap) = x.max_pool2d(pool);
        let kept = tap.clone();
        Var::record("max_pool2d", [self], y, move |dy, _| [Some(x.max_pool2d_grad(&tap, dy, pool))])
            .keeping(&[&kept])
    }
}

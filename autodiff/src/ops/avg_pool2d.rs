//! Average pooling: every element takes its share of the windows over it.

use tensor::Pool2d;

use crate::Var;

impl Var {
    /// The means of each window of `[n, h, w, c]`; the padding counts as zeros.
    ///
    /// # Panics
    /// As [`tensor::Tensor::avg_pool2d`].
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Pool2d, Tensor};
    /// let x = Var::leaf(Tensor::ones(&Device::reference(), [1, 2, 2, 1]));
    /// let grads = x.avg_pool2d(Pool2d::new(2, 2, 0)).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [0.25; 4]);
    /// ```
    #[track_caller]
    pub fn avg_pool2d(&self, pool: Pool2d) -> Var {
        let x = self.value().clone();
        let y = x.avg_pool2d(pool);
        Var::record("avg_pool2d", [self], y, move |dy, _| [Some(x.avg_pool2d_grad(dy, pool))])
    }

    /// The mean of each image's pixels, `[n, h, w, c] → [n, c]`.
    ///
    /// # Panics
    /// Where the value is not `[n, h, w, c]`.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::constant(Tensor::ones(&Device::reference(), [2, 4, 4, 3]));
    /// assert_eq!(x.global_avg_pool().shape().as_slice(), [2, 3]);
    /// ```
    #[track_caller]
    pub fn global_avg_pool(&self) -> Var {
        let y = self.value().global_avg_pool();
        let shape = self.shape().clone();
        let (kept, share) = ([shape[0], 1, 1, shape[3]], 1.0 / (shape[1] * shape[2]) as f64);
        Var::record("global_avg_pool", [self], y, move |dy, _| {
            [Some((dy * share).reshape(kept).broadcast_to(&shape))]
        })
    }
}

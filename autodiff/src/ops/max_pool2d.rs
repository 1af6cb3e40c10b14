//! Max pooling: the cotangent goes to the element that won.

use tensor::Pool2d;

use crate::Var;

impl Var {
    /// The maxima of each window of `[n, h, w, c]`; where several are equal, the first wins and
    /// takes the whole cotangent.
    #[track_caller]
    pub fn max_pool2d(&self, pool: Pool2d) -> Var {
        let x = self.value().clone();
        let (y, tap) = x.max_pool2d(pool);
        let kept = tap.clone();
        Var::record("max_pool2d", [self], y, move |dy, _| [Some(x.max_pool2d_grad(&tap, dy, pool))])
            .keeping(&[&kept])
    }
}

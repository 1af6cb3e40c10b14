//! Matrix products: `da = dy bᵀ`, `db = aᵀ dy`, and their transposes.

use crate::Var;

impl Var {
    /// `a b`: `[…, m, k] × […, k, n] → […, m, n]`; leading axes broadcast.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2, 2], &[1.0, 2.0, 3.0, 4.0]));
    /// let grads = x.matmul(&x.detach()).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [3.0, 7.0, 3.0, 7.0]);
    /// ```
    #[track_caller]
    pub fn matmul(&self, b: &Var) -> Var {
        self.matmul_with(b, false, false)
    }

    /// `a bᵀ`: `[…, m, k] × […, n, k] → […, m, n]`.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2, 2], &[1.0, 2.0, 3.0, 4.0]));
    /// let grads = x.matmul_nt(&x.detach()).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [4.0, 6.0, 4.0, 6.0]);
    /// ```
    #[track_caller]
    pub fn matmul_nt(&self, b: &Var) -> Var {
        self.matmul_with(b, false, true)
    }

    /// The product with either operand's last two axes exchanged.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2, 2], &[1.0, 2.0, 3.0, 4.0]));
    /// let grads = x.matmul_with(&x.detach(), true, false).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [3.0, 3.0, 7.0, 7.0]);
    /// ```
    // ANCHOR: matmul
    #[track_caller]
    pub fn matmul_with(&self, b: &Var, transpose_a: bool, transpose_b: bool) -> Var {
        let (x, z) = (self.value().clone(), b.value().clone());
        let y = x.matmul_with(&z, transpose_a, transpose_b);
        Var::record("matmul", [self, b], y, move |dy, needed| {
            let dx = needed[0].then(|| match transpose_a {
                false => dy.matmul_with(&z, false, !transpose_b),
                true => z.matmul_with(dy, transpose_b, true),
            });
            let dz = needed[1].then(|| match transpose_b {
                false => product_over_rows(&x, dy, transpose_a, &z),
                true => dy.matmul_with(&x, true, transpose_a),
            });
            [dx, dz]
        })
    }
    // ANCHOR_END: matmul
}

// ANCHOR: product_over_rows
/// `aᵀ dy`. Where many vectors met one matrix, all of them are rows of one product, and the
/// leading axes need not be summed afterwards.
pub(super) fn product_over_rows(
    x: &tensor::Tensor,
    dy: &tensor::Tensor,
    transpose_a: bool,
    z: &tensor::Tensor,
) -> tensor::Tensor {
    if !transpose_a && z.shape().rank() == 2 {
        let flat = |t: &tensor::Tensor| t.reshape([t.shape().rows(), t.shape().features()]);
        return flat(x).matmul_tn(&flat(dy));
    }
    x.matmul_with(dy, !transpose_a, false)
}
// ANCHOR_END: product_over_rows

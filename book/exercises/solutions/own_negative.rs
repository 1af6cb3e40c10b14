//! Without the diagonal.

use autodiff::Var;
use tensor::Tensor;

pub fn loss(z: &Var, tau: f64) -> Var {
    let z = z.l2_normalize(1e-12);
    let logits = z.matmul_nt(&z).off_diagonal() / tau;
    let (rows, n) = (z.shape()[0], z.shape()[0] / 2);
    // A row lacks its own entry, so what stood behind it has moved to the left.
    let positives: Vec<f64> =
        (0..rows).map(|i| if i < n { i + n - 1 } else { i - n } as f64).collect();
    logits.cross_entropy(&Tensor::from_slice(z.device(), [rows], &positives))
}

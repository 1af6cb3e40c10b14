//! Triangles of matrices: what was set to zero gets a zero cotangent.

use crate::Var;

impl Var {
    /// The upper triangles of `[…, m, n]`: entries on and above a diagonal, 0 being the main one
    /// and 1 the one above it; zero below.
    ///
    /// # Panics
    /// Where there are fewer than two axes.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::ones(&Device::cpu(), [2, 2]));
    /// let grads = x.triu(1).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>(), [0.0, 1.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn triu(&self, diagonal: isize) -> Var {
        let y = self.value().triu(diagonal);
        Var::record("triu", [self], y, move |dy, _| [Some(dy.triu(diagonal))])
    }

    /// The lower triangles of `[…, m, n]`: entries on and below a diagonal; zero above.
    ///
    /// # Panics
    /// Where there are fewer than two axes.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::ones(&Device::cpu(), [2, 2]));
    /// let grads = x.tril(0).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>(), [1.0, 0.0, 1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn tril(&self, diagonal: isize) -> Var {
        let y = self.value().tril(diagonal);
        Var::record("tril", [self], y, move |dy, _| [Some(dy.tril(diagonal))])
    }
}

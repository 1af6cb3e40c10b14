//! Rows by number: what was taken is added back, and what was added is taken back.

use tensor::Tensor;

use crate::Var;

impl Var {
    /// The rows that `index` `[m]` names, `[n, …] → [m, …]`; the cotangents of a row that was
    /// taken several times add up.
    ///
    /// # Panics
    /// As [`Tensor::gather_rows`].
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// # let device = Device::reference();
    /// let x = Var::leaf(Tensor::from_slice(&device, [3, 1], &[1.0, 2.0, 3.0]));
    /// let index = Tensor::from_slice(&device, [2], &[2.0, 2.0]);
    /// let grads = x.gather_rows(&index).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [0.0, 0.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn gather_rows(&self, index: &Tensor) -> Var {
        let y = self.value().gather_rows(index);
        let (rows, index) = (self.shape()[0], index.clone());
        Var::record("gather_rows", [self], y, move |dy, _| {
            [Some(dy.scatter_add_rows(&index, rows))]
        })
    }

    /// The rows of `self` `[m, …]` added into the `rows` rows that `index` `[m]` names.
    ///
    /// # Panics
    /// As [`Tensor::scatter_add_rows`].
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// # let device = Device::reference();
    /// let x = Var::leaf(Tensor::from_slice(&device, [2, 1], &[1.0, 2.0]));
    /// let index = Tensor::from_slice(&device, [2], &[1.0, 1.0]);
    /// assert_eq!(x.scatter_add_rows(&index, 2).value().to_vec::<f64>(), [0.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn scatter_add_rows(&self, index: &Tensor, rows: usize) -> Var {
        let y = self.value().scatter_add_rows(index, rows);
        let index = index.clone();
        Var::record("scatter_add_rows", [self], y, move |dy, _| [Some(dy.gather_rows(&index))])
    }
}

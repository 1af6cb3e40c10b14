//! Padding: the cotangent of the margin is dropped.

use crate::Var;

impl Var {
    /// The value with a margin of `value`: `margins` has a pair for each axis, how many elements
    /// come before and after.
    ///
    /// # Panics
    /// Where `margins` does not have a pair for each axis.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::constant(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// assert_eq!(x.pad(&[(1, 0)], 0.0).value().to_vec::<f64>(), [0.0, 1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn pad(&self, margins: &[(usize, usize)], value: f64) -> Var {
        let y = self.value().pad(margins, value);
        let (shape, margins) = (self.shape().clone(), margins.to_vec());
        Var::record("pad", [self], y, move |dy, _| {
            let inside = |dx: tensor::Tensor, axis: usize| {
                let (length, before) = (shape[axis], margins[axis].0);
                match dx.shape()[axis] == length {
                    true => dx,
                    false => dx.slice(axis as isize, before, before + length),
                }
            };
            [Some((0..shape.rank()).fold(dy.clone(), inside))]
        })
    }
}

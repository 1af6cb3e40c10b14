//! Joined values: each takes its part of the cotangent.

use tensor::Tensor;

use crate::Var;

impl Var {
    /// The parts joined along an axis, in order.
    ///
    /// # Panics
    /// Where there are no parts, or they differ in another axis.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let [a, b] = [1.0, 2.0].map(|x| Var::constant(Tensor::full(&Device::cpu(), [1], x)));
    /// assert_eq!(Var::concat(&[&a, &b, &a], 0).value().to_vec::<f64>(), [1.0, 2.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn concat(parts: &[&Var], axis: isize) -> Var {
        let values: Vec<&Tensor> = parts.iter().map(|part| part.value()).collect();
        let y = Tensor::concat(&values, axis);
        let lengths: Vec<usize> = values
            .iter()
            .map(|x| x.shape()[x.shape().axis(axis).expect("checked by the forward pass")])
            .collect();
        Var::record_many("concat", parts, y, move |dy, needed| {
            let mut start = 0;
            let mut part = |(&length, &needed): (&usize, &bool)| {
                let stop = start + length;
                let dx = needed.then(|| dy.slice(axis, start, stop));
                start = stop;
                dx
            };
            lengths.iter().zip(needed).map(&mut part).collect()
        })
    }
}

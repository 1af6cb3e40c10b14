//! Joined values: each takes its part of the cotangent.

use tensor::Tensor;

use crate::Var;

impl Var {
    /// The parts joined along an axis, in order.
    #[track_caller]
    pub fn concat(parts: &[&Var], axis: isize) -> Var {
        let Some((first, rest)) = parts.split_first() else {
            panic!("concat: no values were given")
        };
        let mut joined = (*first).clone();
        for part in rest {
            joined = joined.concat_one(part, axis);
        }
        joined
    }

    #[track_caller]
    fn concat_one(&self, other: &Var, axis: isize) -> Var {
        let y = Tensor::concat(&[self.value(), other.value()], axis);
        let length =
            |x: &Var| x.shape()[x.shape().axis(axis).expect("checked by the forward pass")];
        let (a, b) = (length(self), length(other));
        Var::record("concat", [self, other], y, move |dy, needed| {
            [needed[0].then(|| dy.slice(axis, 0, a)), needed[1].then(|| dy.slice(axis, a, a + b))]
        })
    }
}

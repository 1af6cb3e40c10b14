//! Reshape, permute, slice and broadcast: the cotangent goes the same way back.

use tensor::{Shape, Tensor};

use crate::Var;

impl Var {
    /// The same values in another shape.
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Var {
        let from = self.shape().clone();
        Var::record("reshape", [self], self.value().reshape(shape), move |dy, _| {
            [Some(dy.reshape(&from))]
        })
    }

    /// The axes in another order: axis `i` of the result is axis `order[i]` of this value.
    #[track_caller]
    pub fn permute(&self, order: &[usize]) -> Var {
        let y = self.value().permute(order);
        let mut back = vec![0; order.len()];
        for (to, &from) in order.iter().enumerate() {
            back[from] = to;
        }
        Var::record("permute", [self], y, move |dy, _| [Some(dy.permute(&back))])
    }

    /// Elements `start .. stop` of an axis; the rest gets a zero cotangent.
    #[track_caller]
    pub fn slice(&self, axis: isize, start: usize, stop: usize) -> Var {
        let y = self.value().slice(axis, start, stop);
        let shape = self.shape().clone();
        Var::record("slice", [self], y, move |dy, _| {
            let index = shape.axis(axis).expect("checked by the forward pass");
            let zeros = |length: usize| {
                let mut around = shape.to_vec();
                around[index] = length;
                Tensor::zeros(dy.device(), around)
            };
            let (before, after) = (zeros(start), zeros(shape[index] - stop));
            [Some(Tensor::concat(&[&before, dy, &after], axis))]
        })
    }

    /// The value repeated to a larger shape by NumPy's rule; the engine sums the cotangent back.
    #[track_caller]
    pub fn broadcast_to(&self, shape: &Shape) -> Var {
        let y = self.value().broadcast_to(shape);
        Var::record("broadcast_to", [self], y, |dy, _| [Some(dy.clone())])
    }
}

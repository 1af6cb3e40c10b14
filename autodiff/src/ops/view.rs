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

    /// The entries beside the diagonal of a square matrix: `[n, n] → [n, n − 1]`; the diagonal
    /// gets a zero cotangent.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::ones(&Device::cpu(), [2, 2]));
    /// let grads = x.off_diagonal().sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>(), [0.0, 1.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn off_diagonal(&self) -> Var {
        let n = self.shape().rows();
        Var::record("off_diagonal", [self], self.value().off_diagonal(), move |dy, _| {
            // One diagonal entry in front, and one behind every n others.
            let zeros = |shape: [usize; 2]| Tensor::zeros(dy.device(), shape);
            let behind = Tensor::concat(&[&dy.reshape([n - 1, n]), &zeros([n - 1, 1])], 1);
            let behind = behind.reshape([1, n * n - 1]);
            [Some(Tensor::concat(&[&zeros([1, 1]), &behind], 1).reshape([n, n]))]
        })
    }

    /// The value repeated to a larger shape by NumPy's rule; the engine sums the cotangent back.
    #[track_caller]
    pub fn broadcast_to(&self, shape: &Shape) -> Var {
        let y = self.value().broadcast_to(shape);
        Var::record("broadcast_to", [self], y, |dy, _| [Some(dy.clone())])
    }
}

//! Sums and means: the cotangent is repeated along what was summed.

use tensor::Shape;

use crate::Var;

impl Var {
    /// The sum over the given axes, which keep length 1 if `keepdim` and vanish otherwise.
    #[track_caller]
    pub fn sum(&self, axes: &[isize], keepdim: bool) -> Var {
        let y = self.value().sum(axes, keepdim);
        let shape = self.shape().clone();
        let kept = kept(&shape, axes);
        Var::record("sum", [self], y, move |dy, _| [Some(dy.reshape(&kept).broadcast_to(&shape))])
    }

    /// The mean over the given axes.
    #[track_caller]
    pub fn mean(&self, axes: &[isize], keepdim: bool) -> Var {
        let y = self.value().mean(axes, keepdim);
        let shape = self.shape().clone();
        let kept = kept(&shape, axes);
        let share = kept.elements() as f64 / shape.elements() as f64;
        Var::record("mean", [self], y, move |dy, _| {
            [Some((dy * share).reshape(&kept).broadcast_to(&shape))]
        })
    }

    /// The sum of all elements, of shape `[]`.
    #[track_caller]
    pub fn sum_all(&self) -> Var {
        let shape = self.shape().clone();
        Var::record("sum", [self], self.value().sum_all(), move |dy, _| {
            [Some(dy.broadcast_to(&shape))]
        })
    }

    /// The mean of all elements, of shape `[]`.
    #[track_caller]
    pub fn mean_all(&self) -> Var {
        let shape = self.shape().clone();
        let share = 1.0 / shape.elements() as f64;
        Var::record("mean", [self], self.value().mean_all(), move |dy, _| {
            [Some((dy * share).broadcast_to(&shape))]
        })
    }
}

/// The shape with the given axes at length 1.
pub(super) fn kept(shape: &Shape, axes: &[isize]) -> Shape {
    let mut kept = shape.to_vec();
    for axis in axes.iter().filter_map(|&axis| shape.axis(axis)) {
        kept[axis] = 1;
    }
    kept.into()
}

//! Where a value stops being finite.

use std::panic::Location;

use tensor::{Shape, Tensor};
use thiserror::Error;

use super::with_detached;
use crate::{Gradients, Var};

/// A NaN or an infinity, and where it began.
#[derive(Debug, Clone, PartialEq, Error)]
#[error(
    "the {what} of the `{op}` {shape} made at {made_at} is not finite: entry {index} is {value}"
)]
pub struct NotFinite {
    /// `value`, `gradient`, or `input gradient`: what the operation's rule returned.
    pub what: &'static str,
    /// The operation; `leaf` for a gradient.
    pub op: &'static str,
    /// The shape of its value.
    pub shape: Shape,
    /// Where it was made.
    pub made_at: &'static Location<'static>,
    /// The first such entry, row-major.
    pub index: usize,
    /// NaN or an infinity.
    pub value: f64,
}

/// Whether everything that a value was computed from is finite. Reads every value of the graph
/// back: for finding a mistake, not for every step. Ask before `backward`, which frees the graph.
///
/// # Errors
/// Names the first operation, in the order of the program, whose value has a NaN or an infinity.
///
/// ```
/// # use autodiff::{Var, graph};
/// # use tensor::{Device, Tensor};
/// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, -1.0]));
/// let loss = x.log().exp().sum_all();
/// let wrong = graph::check_finite(&loss).unwrap_err();
/// assert_eq!((wrong.op, wrong.index), ("log", 1)); // not the `exp` or the `sum` behind it
/// ```
pub fn check_finite(root: &Var) -> Result<(), NotFinite> {
    let nodes = with_detached(root, |_, _| true);
    nodes.iter().try_for_each(|node| check("value", node.op(), node.value(), node.0.made_at))
}

impl Var {
    /// As [`backward`](Var::backward), but ends at the first rule that returns a NaN or an
    /// infinity. Reads every cotangent back: for finding a mistake, not for every step.
    ///
    /// # Errors
    /// Names the operation of that rule.
    ///
    /// # Panics
    /// As [`backward`](Var::backward).
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::zeros(&Device::reference(), [2]));
    /// // The root is 0, and its slope infinite.
    /// let wrong = (x.sqrt() * 2.0).sum_all().backward_checked().unwrap_err();
    /// assert_eq!((wrong.op, wrong.what), ("sqrt", "input gradient"));
    /// ```
    #[track_caller]
    pub fn backward_checked(self) -> Result<Gradients, NotFinite> {
        let seed = self.scalar_seed();
        self.walk_back(seed, |node, dx| check("input gradient", node.op(), dx, node.0.made_at))
    }
}

impl Gradients {
    /// Whether every gradient is finite. Reads all of them back.
    ///
    /// # Errors
    /// Names the oldest leaf whose gradient has a NaN or an infinity.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::zeros(&Device::reference(), [2]));
    /// let gradients = x.sqrt().sum_all().backward(); // the root is 0, and its slope infinite
    /// assert_eq!(gradients.check_finite().unwrap_err().value, f64::INFINITY);
    /// ```
    pub fn check_finite(&self) -> Result<(), NotFinite> {
        let mut ids: Vec<&u64> = self.by_leaf.keys().collect();
        ids.sort_unstable();
        ids.into_iter().try_for_each(|id| {
            let (gradient, made_at) = &self.by_leaf[id];
            check("gradient", "leaf", gradient, made_at)
        })
    }
}

fn check(
    what: &'static str,
    op: &'static str,
    tensor: &Tensor,
    made_at: &'static Location<'static>,
) -> Result<(), NotFinite> {
    let values: Vec<f64> = tensor.to_vec();
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(index) => {
            let shape = tensor.shape().clone();
            Err(NotFinite { what, op, shape, made_at, index, value: values[index] })
        }
    }
}

//! Reverse-mode automatic differentiation with an explicit `detach`.
//!
//! ```
//! use autodiff::Var;
//! use tensor::{Device, Tensor};
//!
//! let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[3.0, 4.0]));
//! let y = (&x * &x.detach()).sum_all(); // x² in value, but one factor is held fixed
//! let grads = y.backward();
//! assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [3.0, 4.0]); // not 2x
//! ```
//!
//! - A [`Var`] is a value and how it was made. Every operation on `Var`s is one on tensors plus
//!   a rule that turns the output's cotangent `dy` into the inputs' `dx`.
//! - [`Var::backward`] walks the graph once, newest node first, and returns the gradients as a
//!   map. Rules only return cotangents; the engine adds them up and sums broadcast axes back.
//! - [`Var::detach`] is the only way to cut a graph. Asking for a gradient that is not there
//!   tells which `detach` cut it off.
//! - [`gradcheck()`] compares with central differences; [`graph::mermaid`] draws a graph,
//!   [`graph::table`] lists it with its bytes, [`graph::check_finite`] finds where a NaN began.

mod backward;
mod detach;
pub mod gradcheck;
pub mod graph;
mod ops;
mod var;

pub use backward::{Gradients, NoGradient};
pub use gradcheck::gradcheck;
pub use var::Var;

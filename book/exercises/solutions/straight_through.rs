//! `x` plus a difference that is data: the value is the step's, and only `x` carries a gradient.

use autodiff::Var;
use tensor::Tensor;

pub fn step(x: &Var) -> Var {
    let zero = Tensor::zeros(x.device(), x.shape().clone());
    let step = Var::constant(x.value().gt(&zero));
    x + (step - x).detach()
}

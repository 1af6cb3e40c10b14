//! First the centre, then the temperature.

use autodiff::Var;
use tensor::Tensor;

pub fn target(t: &Var, centre: &Tensor, tau: f64) -> Var {
    let t = t.detach();
    ((t - Var::constant(centre.clone())) / tau).softmax(-1)
}

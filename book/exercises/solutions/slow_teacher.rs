//! The teacher keeps `momentum` of itself.

use tensor::Tensor;

pub fn follow(teacher: &Tensor, student: &Tensor, momentum: f64) -> Tensor {
    teacher * momentum + student * (1.0 - momentum)
}

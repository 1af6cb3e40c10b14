//! What breaks if the teacher takes the momentum from the wrong side?
//!
//! A teacher that takes 99 % of the student is the student, and a target that moves with the
//! prediction holds nothing still.

use tensor::Tensor;

// ANCHOR: slow_teacher
/// The teacher's parameter after a step: with `momentum` 0.99 it keeps 99 % of itself.
pub fn follow(teacher: &Tensor, student: &Tensor, momentum: f64) -> Tensor {
    teacher * (1.0 - momentum) + student * momentum
}
// ANCHOR_END: slow_teacher

/// One step goes a hundredth of the way, and with a momentum of 1 the teacher stays.
pub fn check(follow: fn(&Tensor, &Tensor, f64) -> Tensor) {
    let (teacher, student) = (crate::tensor([2], &[0.0, 5.0]), crate::tensor([2], &[1.0, 5.0]));
    crate::close(&follow(&teacher, &student, 0.99), &[0.01, 5.0]);
    crate::close(&follow(&teacher, &student, 1.0), &[0.0, 5.0]);
}

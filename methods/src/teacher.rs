//! Teachers: networks that are not trained and follow one that is.

use std::collections::HashMap;

use autodiff::Var;
use models::heads::Mlp;
use models::{Encoder, Module, Parameter, Parts};
use tensor::update::{self, Ema};

/// A frozen copy of an encoder and of the head behind it: no graph is recorded for it. It begins in
/// training mode, so that its batch norms take the statistics of its own batches.
pub struct Teacher<Head> {
    /// Images `[n, h, w, 3]` to features.
    pub encoder: Encoder,
    /// Features to what the loss compares.
    pub head: Head,
    head_name: &'static str,
}

impl<Head: Module + Clone> Teacher<Head> {
    /// A copy of a student's parts; the head has the name that the student gives it, by which
    /// [`ema_update`] finds its parameters.
    pub fn of(encoder: &Encoder, head_name: &'static str, head: &Head) -> Self {
        let teacher = Teacher { encoder: encoder.clone(), head: head.clone(), head_name };
        teacher.freeze();
        teacher
    }
}

impl Teacher<Mlp> {
    /// Images `[n, h, w, 3]` to what the loss compares.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        self.head.forward(&self.encoder.forward(x))
    }
}

impl<Head: Module> Module for Teacher<Head> {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module(self.head_name, &self.head);
    }
}

// ANCHOR: ema_update
/// `teacher = m · teacher + (1 − m) · student` for every parameter of the teacher, in one pass
/// (He et al. 2019, equation 2; Grill et al. 2020, equation 1). The student's are found by their
/// names, and it may have more; frozen ones are among them.
///
/// Buffers are left alone. A teacher in training mode normalises by the statistics of its own
/// batches, as in the official codes of MoCo, BYOL and DINO, and its running statistics follow
/// these.
///
/// # Panics
/// Where the student lacks a parameter of the teacher, or has it in another shape.
#[track_caller]
pub fn ema_update(teacher: &dyn Module, student: &dyn Module, momentum: f64) {
    let student: HashMap<String, &Parameter> = student.parameters().into_iter().collect();
    let pairs: Vec<_> = teacher
        .parameters()
        .into_iter()
        .map(|(name, t)| match student.get(&name) {
            Some(s) => (t, [t.var(), s.var()]),
            None => panic!("ema_update: the student has no `{name}`"),
        })
        .collect();
    let jobs: Vec<_> =
        pairs.iter().map(|(_, [t, s])| (Ema::of(momentum), [t.value(), s.value()])).collect();
    for ((parameter, _), [next]) in pairs.iter().zip(update::step(&jobs)) {
        parameter.set(next);
    }
}
// ANCHOR_END: ema_update

#[cfg(test)]
mod tests {
    use super::*;
    use models::Init;
    use models::layers::Linear;
    use tensor::{Device, Tensor};

    #[test]
    fn a_teacher_follows_by_name_and_keeps_its_statistics() {
        let init = &mut Init::new(&Device::reference(), 0);
        let teacher = Mlp::default().hidden(init, 2, 2, false);
        let student = teacher.clone().linear(Linear::new(init, 2, 1, true));
        teacher.freeze();
        let value = |module: &Mlp, i: usize| module.parameters()[i].1.var().value().to_vec::<f64>();
        let before = value(&teacher, 0);
        for (_, parameter) in student.parameters() {
            let shape = parameter.var().shape().clone();
            parameter.set(Tensor::full(init.device(), shape, 3.0));
        }
        ema_update(&teacher, &student, 0.75);
        let expected: Vec<f64> = before.iter().map(|t| 0.75 * t + 0.75).collect();
        assert_eq!(value(&teacher, 0), expected);
        assert_eq!(value(&teacher, 1), [1.5, 1.5]);
        assert!(teacher.parameters().iter().all(|(_, p)| !p.is_trainable()));
        let missing = std::panic::catch_unwind(|| ema_update(&student, &teacher, 0.5));
        assert!(missing.is_err());
    }
}

//! `step/…`: four training steps of a method on a tiny encoder.

use anyhow::Result;
use autodiff::Var;
use methods::{byol, simsiam};

use super::Compute;
use super::case::{Results, Session};
use super::training::Training;

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "byol" => byol,
        "simsiam" => simsiam,
        _ => return None,
    })
}

fn byol(s: &Session) -> Result<Results> {
    let training = Training::read(s)?;
    let (student, teacher) = (&training.student, training.teacher()?);
    let config = byol::Config::default();
    training.run(|_, views| {
        let [p1, p2] = each(views, |x| student.h(&student.f(x)));
        let [z1, z2] = each(views, |x| teacher.f(x));
        Ok(byol::loss([&p1, &p2], [&z1, &z2], &config))
    })
}

fn simsiam(s: &Session) -> Result<Results> {
    let training = Training::read(s)?;
    let student = &training.student;
    let config = simsiam::Config::default();
    training.run(|_, views| {
        let [z1, z2] = each(views, |x| student.f(x));
        let [p1, p2] = [student.h(&z1), student.h(&z2)];
        Ok(simsiam::loss([&p1, &p2], [&z1, &z2], &config))
    })
}

/// A network's output for the first two views, in their order.
pub(super) fn each(views: &[Var], f: impl Fn(&Var) -> Var) -> [Var; 2] {
    let first = f(&views[0]);
    [first, f(&views[1])]
}

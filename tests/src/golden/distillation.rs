//! `loss/dino`, `loss/ibot_patch`, `loss/koleo`, `step/dino`, `step/ibot`: students that tell what
//! a teacher would say.

use anyhow::{Result, ensure};
use autodiff::Var;
use methods::losses::{koleo, nearest_other};
use methods::{crops, dino, ibot};
use models::Module;
use tensor::Tensor;

use super::Compute;
use super::case::{Results, Session};
use super::layers::{at_step, build_dino_head};
use super::training::{self, Training};
use crate::array::Array;

pub(super) fn find_loss(name: &str) -> Option<Compute> {
    Some(match name {
        "dino" => dino,
        "ibot_patch" => ibot_patch,
        "koleo" => spread,
        _ => return None,
    })
}

pub(super) fn find_step(name: &str) -> Option<Compute> {
    Some(match name {
        "dino" => dino_step,
        "ibot" => ibot_step,
        _ => return None,
    })
}

fn dino(s: &Session) -> Result<Results> {
    let (student, teacher) = (s.var("in/student")?, s.var("in/teacher")?);
    let (views, seen): (usize, usize) = (teacher.shape()[0], s.case.config("global_crops")?);
    ensure!(views == seen, "the teacher sees {views} views, expected {seen}");
    let center = s.tensor("buffer/center")?;
    let q = dino::target(&teacher, &center, s.case.config("teacher_temp")?);
    let loss = dino::loss(&split(&student), &split(&q), s.case.config("student_temp")?);
    let center = dino::next_center(&center, teacher.value(), s.case.config("center_momentum")?);
    Ok(Results::loss(loss).after("center", Array::of(&center)))
}

fn ibot_patch(s: &Session) -> Result<Results> {
    let (student, teacher) = (s.var("in/student")?, s.var("in/teacher")?);
    let (center, mask) = (s.tensor("buffer/center")?, s.tensor("in/mask")?);
    let q = dino::target(&teacher, &center, s.case.config("teacher_temp")?);
    let loss = ibot::patch_loss(&student, &q, &mask, s.case.config("student_temp")?);
    let center = dino::next_center(&center, teacher.value(), s.case.config("center_momentum")?);
    Ok(Results::loss(loss).after("center", Array::of(&center)))
}

fn spread(s: &Session) -> Result<Results> {
    let (x, eps) = (s.var("in/x")?, s.case.config("eps")?);
    let neighbour = nearest_other(&x.value().l2_normalize(eps));
    Ok(Results::loss(koleo(&x, eps)).out("neighbour", Var::constant(neighbour)))
}

fn dino_step(s: &Session) -> Result<Results> {
    let training = Training::read(s)?;
    let (student, teacher) = (&training.student, training.teacher()?);
    let (student_head, teacher_head) = (student.head()?, teacher.head()?);
    let [tau_s, m]: [f64; 2] = [s.case.config("student_temp")?, s.case.config("center_momentum")?];
    let tau_t: Vec<f64> = s.case.config("teacher_temp")?;
    let mut center = s.tensor("buffer/center")?;
    let results = training.run(|step, views| {
        let outputs = |x: &Var| student_head.forward(&student.encoder.forward(x));
        let s: Vec<Var> = views.iter().map(outputs).collect();
        let outputs = |x: &Var| teacher_head.forward(&teacher.encoder.forward(x));
        let t = Var::concat(&[&outputs(&views[0]), &outputs(&views[1])], 0);
        let q = dino::target(&t, &center, tau_t[step]);
        center = dino::next_center(&center, t.value(), m);
        Ok(dino::loss(&s, &crops::split(&q, views[0].shape()[0]), tau_s))
    })?;
    Ok(results.after("center", Array::of(&center)))
}

fn ibot_step(s: &Session) -> Result<Results> {
    let head = build_dino_head(s, "head.")?;
    let student = ibot::Network::new(s.device, training::encoder(s)?, head);
    training::load(s, &student)?;
    let teacher = student.clone();
    teacher.freeze();
    let training = Training::of(s, student, Some(teacher))?;
    let (student, teacher) = (&training.student, training.teacher()?);
    let [tau_s, m]: [f64; 2] = [s.case.config("student_temp")?, s.case.config("center_momentum")?];
    let temperatures = |key| -> Result<Vec<f64>> { s.case.config(key) };
    let (tau_t, tau_patch) = (temperatures("teacher_temp")?, temperatures("teacher_patch_temp")?);
    let masks = [s.tensor("in/mask_0")?, s.tensor("in/mask_1")?];
    let mut center = s.tensor("buffer/center")?;
    let mut center_patch = s.tensor("buffer/center_patch")?;
    let results = training.run(|step, views| {
        let mask = Tensor::concat(&[&at_step(&masks[0], step), &at_step(&masks[1], step)], 0);
        let global = Var::concat(&[&views[0], &views[1]], 0);
        let s = student.forward(&global, Some(&mask), &views[2..]);
        let t = teacher.forward(&global, None, &[]);
        let q = dino::target(&t.class, &center, tau_t[step]);
        let q_patch = dino::target(&t.patches, &center_patch, tau_patch[step]);
        center = dino::next_center(&center, t.class.value(), m);
        center_patch = dino::next_center(&center_patch, t.patches.value(), m);
        let of_views = |x: &Var| crops::split(x, views[0].shape()[0]);
        let class = dino::loss(&of_views(&s.class), &of_views(&q), tau_s);
        Ok(class + ibot::patch_loss(&s.patches, &q_patch, &mask, tau_s))
    })?;
    let results = results.after("center", Array::of(&center));
    Ok(results.after("center_patch", Array::of(&center_patch)))
}

/// `[v, n, k]` as `v` of `[n, k]`.
fn split(x: &Var) -> Vec<Var> {
    let view = |v| x.slice(0, v, v + 1).reshape(x.shape()[1..].to_vec());
    (0..x.shape()[0]).map(view).collect()
}

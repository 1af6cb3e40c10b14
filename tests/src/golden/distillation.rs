//! `loss/dino`, `loss/ibot_patch` and `loss/koleo`: the losses of students that follow a teacher.

use anyhow::{Result, ensure};
use autodiff::Var;
use methods::losses::{koleo, nearest_other};
use methods::{dino, ibot};

use super::Compute;
use super::case::{Results, Session};
use crate::array::Array;

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "dino" => dino,
        "ibot_patch" => ibot_patch,
        "koleo" => spread,
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

/// `[v, n, k]` as `v` of `[n, k]`.
fn split(x: &Var) -> Vec<Var> {
    let view = |v| x.slice(0, v, v + 1).reshape(x.shape()[1..].to_vec());
    (0..x.shape()[0]).map(view).collect()
}

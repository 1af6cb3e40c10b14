//! `loss/…`: the methods' loss functions.

use anyhow::Result;
use autodiff::Var;
use methods::{byol, simsiam};

use super::Compute;
use super::case::{Results, Session};

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "byol" => byol,
        "simsiam" => simsiam,
        _ => return None,
    })
}

fn byol(s: &Session) -> Result<Results> {
    let eps: f64 = s.case.config("eps")?;
    let [p1, p2, z1, z2] = four(s, 1e-6 / eps.sqrt())?;
    Ok(Results::loss(byol::loss([&p1, &p2], [&z1, &z2], &byol::Config::default())))
}

fn simsiam(s: &Session) -> Result<Results> {
    let eps: f64 = s.case.config("eps")?;
    let [p1, p2, z1, z2] = four(s, 1e-8 / eps)?;
    Ok(Results::loss(simsiam::loss([&p1, &p2], [&z1, &z2], &simsiam::Config::default())))
}

/// Predictions and targets. A method fixes the guard of its norms, `x / max(‖x‖, fixed)`; with
/// `scale = fixed / eps` it becomes the file's, `sx / max(‖sx‖, fixed) = x / max(‖x‖, eps)`.
fn four(s: &Session, scale: f64) -> Result<[Var; 4]> {
    let scaled = |name| -> Result<Var> { Ok(s.var(name)? * scale) };
    Ok([scaled("in/p1")?, scaled("in/p2")?, scaled("in/z1")?, scaled("in/z2")?])
}

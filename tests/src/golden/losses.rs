//! `loss/…`: the methods' loss functions.

use anyhow::{Result, ensure};
use methods::simsiam;

use super::Compute;
use super::case::{Case, Results, Session};

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "simsiam" => simsiam,
        _ => return None,
    })
}

fn simsiam(s: &Session) -> Result<Results> {
    expect_eps(s.case, 1e-8)?;
    let [p1, p2, z1, z2] = [s.var("in/p1")?, s.var("in/p2")?, s.var("in/z1")?, s.var("in/z2")?];
    let config = simsiam::Config::default();
    Ok(Results::loss(simsiam::loss([&p1, &p2], [&z1, &z2], &config)))
}

/// A method fixes the guard that its paper's code has.
fn expect_eps(case: &Case, fixed: f64) -> Result<()> {
    let eps: f64 = case.config("eps")?;
    ensure!(eps == fixed, "eps = {eps:e}, but the method fixes {fixed:e}");
    Ok(())
}

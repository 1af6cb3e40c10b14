//! `loss/…` of the methods whose losses look at the batch as a whole, and `eval/sinkhorn`.

use anyhow::Result;
use autodiff::Var;
use methods::{barlow_twins, lejepa, losses, swav, vicreg};

use super::Compute;
use super::case::{Results, Session};

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "barlow_twins" => barlow_twins,
        "lejepa" => lejepa,
        "sigreg" => sigreg,
        "swav" => swav,
        "vicreg" => vicreg,
        _ => return None,
    })
}

pub(super) fn sinkhorn(s: &Session) -> Result<Results> {
    let (epsilon, iterations) = (s.case.config("epsilon")?, s.case.config("iterations")?);
    let q = losses::sinkhorn(&s.var("in/scores")?, epsilon, iterations);
    Ok(Results::default().out("q", q))
}

fn swav(s: &Session) -> Result<Results> {
    let config = swav::Config {
        temperature: s.case.config("temperature")?,
        epsilon: s.case.config("epsilon")?,
        sinkhorn_iterations: s.case.config("sinkhorn_iterations")?,
        crops_for_assign: s.case.config("crops_for_assign")?,
        ..swav::Config::default()
    };
    let scores = split(&s.var("in/scores")?);
    let queue = match s.case.array("in/queue_scores") {
        Ok(_) => split(&s.var("in/queue_scores")?),
        Err(_) => Vec::new(),
    };
    let assigned = config.crops_for_assign.iter().enumerate();
    let codes: Vec<Var> =
        assigned.map(|(n, &view)| swav::codes(&scores[view], queue.get(n), &config)).collect();
    let loss = swav::loss(&scores, &codes, &config);
    let rows: Vec<Var> = codes.iter().map(|q| q.reshape([&[1], &q.shape()[..]].concat())).collect();
    Ok(Results::loss(loss).out("codes", Var::concat(&rows.iter().collect::<Vec<_>>(), 0)))
}

/// The slices along the first axis, which goes away.
fn split(x: &Var) -> Vec<Var> {
    let part = |i| x.slice(0, i, i + 1).reshape(&x.shape()[1..]);
    (0..x.shape()[0]).map(part).collect()
}

fn barlow_twins(s: &Session) -> Result<Results> {
    let config = barlow_twins::Config {
        lambda: s.case.config("lambda")?,
        eps: s.case.config("eps")?,
        scale_loss: 1.0,
        ..barlow_twins::Config::default()
    };
    let terms = barlow_twins::terms(&s.var("in/z1")?, &s.var("in/z2")?, &config);
    Ok(Results::loss(barlow_twins::loss(&terms, &config)))
}

fn vicreg(s: &Session) -> Result<Results> {
    let config = vicreg::Config {
        sim_coeff: s.case.config("sim_coeff")?,
        std_coeff: s.case.config("std_coeff")?,
        cov_coeff: s.case.config("cov_coeff")?,
        eps: s.case.config("eps")?,
        halve_std: true,
        ..vicreg::Config::default()
    };
    let terms = vicreg::terms(&s.var("in/z1")?, &s.var("in/z2")?, &config);
    let loss = vicreg::loss(&terms, &config);
    let vicreg::Terms { inv, var, cov } = terms;
    Ok(Results::loss(loss).out("inv", inv).out("var", var).out("cov", cov))
}

fn sigreg(s: &Session) -> Result<Results> {
    let (t_max, n_points) = (s.case.config("t_max")?, s.case.config("n_points")?);
    let slices = s.tensor("in/slices")?.permute(&[1, 0]);
    Ok(Results::loss(lejepa::sigreg(&s.var("in/z")?, &slices, t_max, n_points)))
}

fn lejepa(s: &Session) -> Result<Results> {
    let config = lejepa::Config {
        lambda: s.case.config("lambda")?,
        center: s.case.config("center")?,
        t_max: s.case.config("t_max")?,
        n_points: s.case.config("n_points")?,
        ..lejepa::Config::default()
    };
    let slices = s.tensor("in/slices")?.permute(&[1, 0]);
    let terms = lejepa::terms(&s.var("in/views")?, s.case.config("n_global")?, &slices, &config);
    let loss = lejepa::loss(&terms, &config);
    Ok(Results::loss(loss).out("inv", terms.inv).out("sigreg", terms.sigreg))
}

//! `loss/…` and `step/…` of the methods whose losses look at the batch as a whole, and
//! `eval/sinkhorn`.

use anyhow::Result;
use autodiff::Var;
use methods::crops::{by_size, split};
use methods::{barlow_twins, lejepa, losses, swav, vicreg};
use tensor::Tensor;

use super::Compute;
use super::case::{Results, Session};
use super::layers::at_step;
use super::training::Training;

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

pub(super) fn find_step(name: &str) -> Option<Compute> {
    Some(match name {
        "barlow_twins" => barlow_twins_step,
        "lejepa" => lejepa_step,
        "swav" => swav_step,
        "vicreg" => vicreg_step,
        _ => return None,
    })
}

pub(super) fn sinkhorn(s: &Session) -> Result<Results> {
    let (epsilon, iterations) = (s.case.config("epsilon")?, s.case.config("iterations")?);
    let q = losses::sinkhorn(&s.var("in/scores")?, epsilon, iterations);
    Ok(Results::default().out("q", q))
}

fn swav(s: &Session) -> Result<Results> {
    let config =
        swav::Config { crops_for_assign: s.case.config("crops_for_assign")?, ..swav_config(s)? };
    let scores = slices(&s.var("in/scores")?);
    let queue = match s.case.array("in/queue_scores") {
        Ok(_) => slices(&s.var("in/queue_scores")?),
        Err(_) => Vec::new(),
    };
    let assigned = config.crops_for_assign.iter().enumerate();
    let codes: Vec<Var> =
        assigned.map(|(n, &view)| swav::codes(&scores[view], queue.get(n), &config)).collect();
    let loss = swav::loss(&scores, &codes, &config);
    let codes: Vec<Var> =
        codes.iter().map(|q| q.reshape([&[1], &q.shape()[..]].concat())).collect();
    Ok(Results::loss(loss).out("codes", Var::concat(&codes.iter().collect::<Vec<_>>(), 0)))
}

fn swav_config(s: &Session) -> Result<swav::Config> {
    Ok(swav::Config {
        temperature: s.case.config("temperature")?,
        epsilon: s.case.config("epsilon")?,
        sinkhorn_iterations: s.case.config("sinkhorn_iterations")?,
        ..swav::Config::default()
    })
}

/// The slices along the first axis, which goes away.
fn slices(x: &Var) -> Vec<Var> {
    let slice = |i| x.slice(0, i, i + 1).reshape(&x.shape()[1..]);
    (0..x.shape()[0]).map(slice).collect()
}

fn swav_step(s: &Session) -> Result<Results> {
    let training = Training::read(s)?;
    let (student, prototypes) = (&training.student, training.student.prototypes()?);
    let config = swav::Config { crops_for_assign: vec![0, 1], ..swav_config(s)? };
    training.run(|_, views| {
        prototypes.normalize();
        let z = student.project(&by_size(views, |x| student.encoder.forward(x)));
        let scores = split(&prototypes.forward(&z.l2_normalize(1e-12)), views[0].shape()[0]);
        let codes = [0, 1].map(|view: usize| swav::codes(&scores[view], None, &config));
        Ok(swav::loss(&scores, &codes, &config))
    })
}

fn barlow_twins(s: &Session) -> Result<Results> {
    let config = barlow_twins_config(s, s.case.config("eps")?)?;
    let terms = barlow_twins::terms(&s.var("in/z1")?, &s.var("in/z2")?, &config);
    Ok(Results::loss(barlow_twins::loss(&terms, &config)))
}

fn barlow_twins_config(s: &Session, eps: f64) -> Result<barlow_twins::Config> {
    let lambda = s.case.config("lambda")?;
    Ok(barlow_twins::Config { lambda, eps, scale_loss: 1.0, ..Default::default() })
}

fn barlow_twins_step(s: &Session) -> Result<Results> {
    let training = Training::read(s)?;
    let config = barlow_twins_config(s, 1e-5)?;
    training.run(|_, views| {
        let [z1, z2] = [0, 1].map(|i: usize| training.student.f(&views[i]));
        Ok(barlow_twins::loss(&barlow_twins::terms(&z1, &z2, &config), &config))
    })
}

fn vicreg(s: &Session) -> Result<Results> {
    let config = vicreg_config(s, s.case.config("eps")?)?;
    let terms = vicreg::terms(&s.var("in/z1")?, &s.var("in/z2")?, &config);
    let loss = vicreg::loss(&terms, &config);
    let vicreg::Terms { inv, var, cov } = terms;
    Ok(Results::loss(loss).out("inv", inv).out("var", var).out("cov", cov))
}

fn vicreg_config(s: &Session, eps: f64) -> Result<vicreg::Config> {
    Ok(vicreg::Config {
        sim_coeff: s.case.config("sim_coeff")?,
        std_coeff: s.case.config("std_coeff")?,
        cov_coeff: s.case.config("cov_coeff")?,
        halve_std: true,
        eps,
        ..vicreg::Config::default()
    })
}

fn vicreg_step(s: &Session) -> Result<Results> {
    let training = Training::read(s)?;
    let config = vicreg_config(s, 1e-4)?;
    training.run(|_, views| {
        let [z1, z2] = [0, 1].map(|i: usize| training.student.f(&views[i]));
        Ok(vicreg::loss(&vicreg::terms(&z1, &z2, &config), &config))
    })
}

/// As rows; in the file they are columns.
fn directions(slices: Tensor) -> Tensor {
    slices.permute(&[1, 0])
}

fn sigreg(s: &Session) -> Result<Results> {
    let (t_max, n_points) = (s.case.config("t_max")?, s.case.config("n_points")?);
    let slices = directions(s.tensor("in/slices")?);
    Ok(Results::loss(lejepa::sigreg(&s.var("in/z")?, &slices, t_max, n_points)))
}

fn lejepa(s: &Session) -> Result<Results> {
    let config = lejepa_config(s, s.case.config("center")?)?;
    let slices = directions(s.tensor("in/slices")?);
    let terms = lejepa::terms(&s.var("in/views")?, s.case.config("n_global")?, &slices, &config);
    let loss = lejepa::loss(&terms, &config);
    Ok(Results::loss(loss).out("inv", terms.inv).out("sigreg", terms.sigreg))
}

fn lejepa_config(s: &Session, center: lejepa::Center) -> Result<lejepa::Config> {
    Ok(lejepa::Config {
        lambda: s.case.config("lambda")?,
        center,
        t_max: s.case.config("t_max")?,
        n_points: s.case.config("n_points")?,
        ..lejepa::Config::default()
    })
}

fn lejepa_step(s: &Session) -> Result<Results> {
    let training = Training::read(s)?;
    let student = &training.student;
    let config = lejepa_config(s, lejepa::Center::Global)?;
    let slices = s.tensor("in/slices")?;
    training.run(|step, views| {
        let z = student.project(&by_size(views, |x| student.encoder.forward(x)));
        let z = z.reshape([views.len(), views[0].shape()[0], z.shape().features()]);
        let terms = lejepa::terms(&z, 2, &directions(at_step(&slices, step)), &config);
        Ok(lejepa::loss(&terms, &config))
    })
}

//! `optim/…`: five updates of every parameter by gradients that the file gives, and schedules.

use anyhow::{Result, bail};
use autodiff::Var;
use methods::train::{Schedule, line};
use tensor::Tensor;
use tensor::update::{self, AdamW, Lars, Rule, Sgd};

use super::Compute;
use super::case::{Results, Session};
use super::layers::at_step;
use crate::array::Array;

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "adamw" => adamw,
        "lars" => lars,
        "schedule" => schedule,
        "sgd" => sgd,
        _ => return None,
    })
}

fn sgd(s: &Session) -> Result<Results> {
    let (momentum, weight_decay) = (s.case.config("momentum")?, s.case.config("weight_decay")?);
    let nesterov = s.case.config("nesterov")?;
    let rule = |lr, _, _: &Tensor| Sgd { lr, momentum, weight_decay, nesterov };
    run(s, rule, |[p, mu], g| [p, g, mu], ["mu"])
}

fn lars(s: &Session) -> Result<Results> {
    let (momentum, weight_decay) = (s.case.config("momentum")?, s.case.config("weight_decay")?);
    let trust = s.case.config("trust")?;
    let rule = |lr, _, _: &Tensor| Lars { lr, momentum, weight_decay, trust };
    run(s, rule, |[p, mu], g| [p, g, mu], ["mu"])
}

fn adamw(s: &Session) -> Result<Results> {
    let (betas, eps) = (s.case.config("betas")?, s.case.config("eps")?);
    let (decay, exclude): (f64, bool) =
        (s.case.config("weight_decay")?, s.case.config("exclude_1d")?);
    let rule = |lr, step, p: &Tensor| {
        let excluded = exclude && p.shape().rank() <= 1;
        let weight_decay = if excluded { 0.0 } else { decay };
        AdamW { lr, betas, eps, weight_decay, step }
    };
    run(s, rule, |[p, m, v], g| [p, g, m, v], ["m", "v"])
}

/// A run of epochs of one step each, so that a warm-up of `W` epochs is one of `W` steps.
fn schedule(s: &Session) -> Result<Results> {
    let number = |key: &str| s.case.config::<f64>(key);
    let count = |key: &str| s.case.config::<usize>(key);
    let (kind, base): (String, f64) = (s.case.config("kind")?, number("base")?);
    let epochs = count("total")?;
    let mut values = Vec::new();
    for &step in &s.case.array("in/step")?.values {
        let at = Schedule { step: step as usize, steps_per_epoch: 1, epochs, batch: 1, seed: 0 };
        values.push(match &*kind {
            "warmup_cosine" => {
                at.warmup_cosine_from(number("start")?, count("warmup")?, base, number("final")?)
            }
            "warmup_cosine_open" => at.warmup_cosine(count("warmup")?, base, 0.0),
            "warmup_cosine_floor" => {
                at.warmup_cosine(count("warmup")?, base, base * number("floor")?)
            }
            "ema_cosine" => at.cosine(base, 1.0),
            "linear_then_constant" => line(at.step, count("warmup")?, number("start")?, base),
            kind => bail!("there is no schedule `{kind}`"),
        });
    }
    let values = Array { shape: vec![values.len()], values };
    Ok(Results::default().out_array("values", &values))
}

/// Steps all parameters at once, by a rule for a learning rate, a step's number from 1 and a
/// parameter; `with` puts a gradient beside a parameter and its states, whose names are given.
fn run<R: Rule<I, O>, const I: usize, const O: usize, const S: usize>(
    s: &Session,
    rule: impl Fn(f64, u64, &Tensor) -> R,
    with: impl for<'t> Fn([&'t Tensor; O], &'t Tensor) -> [&'t Tensor; I],
    states: [&str; S],
) -> Result<Results> {
    let names: Vec<&str> = s.case.names("param/").collect();
    let gradients = names.iter().map(|name| s.tensor(&format!("in/grad/{name}")));
    let gradients = gradients.collect::<Result<Vec<Tensor>>>()?;
    let start = names.iter().map(|name| {
        let p = s.tensor(&format!("param/{name}"))?;
        let zeros = Tensor::zeros(s.device, p.shape());
        Ok(std::array::from_fn(|i| if i == 0 { p.clone() } else { zeros.clone() }))
    });
    let mut parameters = start.collect::<Result<Vec<[Tensor; O]>>>()?;
    let mut trace: Vec<Vec<Tensor>> = vec![Vec::new(); names.len()];
    for (step, &lr) in s.case.config::<Vec<f64>>("lr")?.iter().enumerate() {
        let gradients: Vec<Tensor> = gradients.iter().map(|g| at_step(g, step)).collect();
        let jobs: Vec<_> = parameters
            .iter()
            .zip(&gradients)
            .map(|(parameter, g)| {
                let rule = rule(lr, step as u64 + 1, &parameter[0]);
                (rule, with(parameter.each_ref(), g))
            })
            .collect();
        parameters = update::step(&jobs);
        for (trace, parameter) in trace.iter_mut().zip(&parameters) {
            let p = &parameter[0];
            trace.push(p.reshape([&[1], &p.shape()[..]].concat()));
        }
    }
    let mut results = Results::default();
    for ((name, parameter), trace) in names.iter().zip(&parameters).zip(&trace) {
        let steps = Tensor::concat(&trace.iter().collect::<Vec<_>>(), 0);
        results = results.out(name, Var::constant(steps));
        for (state, value) in states.iter().zip(&parameter[1..]) {
            results = results.after(&format!("{state}/{name}"), Array::of(value));
        }
    }
    Ok(results)
}

//! `optim/…`: five updates of every parameter by gradients that the file gives.

use anyhow::{Result, ensure};
use autodiff::Var;
use tensor::Tensor;

use super::Compute;
use super::case::{Results, Session};
use super::layers::at_step;
use crate::array::Array;

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "sgd" => sgd,
        _ => return None,
    })
}

fn sgd(s: &Session) -> Result<Results> {
    let nesterov: bool = s.case.config("nesterov")?;
    ensure!(!nesterov, "there is no Nesterov momentum");
    let (momentum, decay) = (s.case.config("momentum")?, s.case.config("weight_decay")?);
    let rates: Vec<f64> = s.case.config("lr")?;
    let mut results = Results::default();
    for name in s.case.names("param/") {
        let gradients = s.tensor(&format!("in/grad/{name}"))?;
        let mut p = s.tensor(&format!("param/{name}"))?;
        let mut mu = Tensor::zeros(s.device, p.shape());
        let mut steps = Vec::new();
        for (step, &lr) in rates.iter().enumerate() {
            (p, mu) = p.sgd_step(&at_step(&gradients, step), &mu, lr, momentum, decay);
            let mut one = vec![1];
            one.extend_from_slice(p.shape());
            steps.push(p.reshape(one));
        }
        let steps = Tensor::concat(&steps.iter().collect::<Vec<_>>(), 0);
        results = results.out(name, Var::constant(steps));
        results = results.after(&format!("mu/{name}"), Array::of(&mu));
    }
    Ok(results)
}

//! `step/…`: four training steps of a method on a tiny encoder.

use anyhow::{Result, ensure};
use autodiff::Var;
use methods::simsiam;
use methods::train::{Sgd, SgdConfig};
use models::heads::Mlp;
use models::resnet::ResNet;
use models::weights::Weights;
use models::{Module, Parts};

use super::case::{Results, Session};
use super::layers::{Encoder, Entry, at_step, build_mlp};
use super::{Compute, layout};
use crate::array::Array;

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "simsiam" => simsiam,
        _ => return None,
    })
}

/// The networks of a step, by the names in the file.
struct Student {
    encoder: ResNet,
    projector: Mlp,
    predictor: Mlp,
}

impl Module for Student {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("projector", &self.projector);
        parts.module("predictor", &self.predictor);
    }
}

impl Student {
    fn read(s: &Session) -> Result<Self> {
        let encoder: Encoder = s.case.config("encoder")?;
        Ok(Student {
            encoder: encoder.build(s.device)?,
            projector: head(s, "projector")?,
            predictor: head(s, "predictor")?,
        })
    }
}

fn head(s: &Session, part: &str) -> Result<Mlp> {
    let entries: Vec<Entry> = s.case.config(part)?;
    let widths: Vec<usize> = s.case.config(&format!("{part}_widths"))?;
    let frozen: Vec<String> = s.case.config("frozen").unwrap_or_default();
    let is_frozen = |i: usize| frozen.contains(&format!("{part}.{i}.bias"));
    build_mlp(s.device, &entries, &widths, is_frozen)
}

fn simsiam(s: &Session) -> Result<Results> {
    let student = Student::read(s)?;
    s.load(&student)?;
    let optimizer: String = s.case.config("optimizer")?;
    ensure!(optimizer == "sgd", "there is no `{optimizer}`");
    let rates: Vec<f64> = s.case.config("lr")?;
    let decays: Vec<f64> = s.case.config("weight_decay")?;
    let weight_decay = decays.first().copied().unwrap_or_default();
    ensure!(decays.iter().all(|&d| d == weight_decay), "our SGD has one weight decay: {decays:?}");
    let mut sgd = Sgd::new(SgdConfig { momentum: s.case.config("momentum")?, weight_decay });

    let config = simsiam::Config::default();
    let (view_0, view_1) = (s.tensor("in/view_0")?, s.tensor("in/view_1")?);
    let mut losses = Array { shape: vec![rates.len()], values: Vec::new() };
    for (step, &lr) in rates.iter().enumerate() {
        let [x1, x2] =
            [&view_0, &view_1].map(|views| layout::image(&Var::constant(at_step(views, step))));
        let f = |x: &Var| student.projector.forward(&student.encoder.forward(x));
        let (z1, z2) = (f(&x1), f(&x2));
        let h = |z: &Var| student.predictor.forward(z);
        let (p1, p2) = (h(&z1), h(&z2));
        let loss = simsiam::loss([&p1, &p2], [&z1, &z2], &config);
        losses.values.push(loss.item());
        sgd.step(&student, &loss.backward(), |_| lr)?;
    }

    let mut after = Weights::default();
    after.collect("student/", &student);
    let results = Results::default().out_array("loss", &losses);
    Ok(after.arrays.into_iter().fold(results, |results, (name, a)| {
        results.after(&name, Array { values: a.values(), shape: a.shape })
    }))
}

//! What the cases `step/…` have in common: the networks of a file, its teacher, its optimiser, and
//! four steps.

use anyhow::{Context, Result, bail, ensure};
use autodiff::Var;
use methods::teacher::ema_update;
use methods::train::{Clip, Descent, Named, Optimizer, Rates};
use models::heads::{DinoHead, Mlp, Prototypes};
use models::weights::Weights;
use models::{Encoder, Init, Module, Parts};
use serde_json::Value;

use super::case::{Results, Session};
use super::layers::{self, Entry, at_step, axis, build_mlp};
use super::{layout, vit};
use crate::array::Array;

/// The networks of a step, by the names in the file; those that a method has.
#[derive(Clone)]
pub(super) struct Networks {
    pub(super) encoder: Encoder,
    projector: Option<Mlp>,
    predictor: Option<Mlp>,
    head: Option<DinoHead>,
    prototypes: Option<Prototypes>,
}

impl Module for Networks {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        let optional: [(_, Option<&dyn Module>); 4] = [
            ("projector", self.projector.as_ref().map(|part| part as _)),
            ("predictor", self.predictor.as_ref().map(|part| part as _)),
            ("head", self.head.as_ref().map(|part| part as _)),
            ("prototypes", self.prototypes.as_ref().map(|part| part as _)),
        ];
        for (name, part) in optional {
            if let Some(part) = part {
                parts.module(name, part);
            }
        }
    }
}

/// Puts the file's values into networks; what is `frozen` there stays as it is.
pub(super) fn load(s: &Session, networks: &dyn Module) -> Result<()> {
    s.load(networks)?;
    let frozen: Vec<String> = s.case.config("frozen").unwrap_or_default();
    for (name, parameter) in networks.parameters() {
        if frozen.contains(&name) {
            parameter.replace(Var::constant(parameter.var().value().clone()));
        }
    }
    Ok(())
}

/// The encoder of a step, with values of its own.
pub(super) fn encoder(s: &Session) -> Result<Encoder> {
    let config: Value = s.case.config("encoder")?;
    Ok(match config["type"].as_str() {
        Some("resnet") => {
            let shape: layers::Encoder = serde_json::from_value(config)?;
            shape.build(s.device)?.into()
        }
        Some("vit") => {
            let shape: vit::Shape = serde_json::from_value(config)?;
            shape.build(s.device)?.into()
        }
        other => bail!("there is no encoder of type {other:?}"),
    })
}

impl Networks {
    fn read(s: &Session) -> Result<Self> {
        let has = |part: &str| s.case.names("param/").any(|name| name.starts_with(part));
        let networks = Networks {
            encoder: encoder(s)?,
            projector: has("projector.").then(|| mlp(s, "projector")).transpose()?,
            predictor: has("predictor.").then(|| mlp(s, "predictor")).transpose()?,
            head: has("head.").then(|| layers::build_dino_head(s, "head.")).transpose()?,
            prototypes: has("prototypes.").then(|| prototypes(s)).transpose()?,
        };
        load(s, &networks)?;
        Ok(networks)
    }

    /// A frozen copy of the parts with these names.
    fn teacher(&self, parts: &[String]) -> Self {
        let has = |part: &str| parts.iter().any(|name| name == part);
        let teacher = Networks {
            encoder: self.encoder.clone(),
            projector: self.projector.clone().filter(|_| has("projector")),
            predictor: self.predictor.clone().filter(|_| has("predictor")),
            head: self.head.clone().filter(|_| has("head")),
            prototypes: self.prototypes.clone().filter(|_| has("prototypes")),
        };
        teacher.freeze();
        teacher
    }

    /// Projections: `projector(encoder(x))`, or features where there is no projector.
    pub(super) fn f(&self, x: &Var) -> Var {
        self.project(&self.encoder.forward(x))
    }

    /// Features to projections.
    pub(super) fn project(&self, features: &Var) -> Var {
        self.projector.as_ref().map_or(features.clone(), |projector| projector.forward(features))
    }

    /// Predictions of projections.
    pub(super) fn h(&self, z: &Var) -> Var {
        self.predictor.as_ref().map_or(z.clone(), |predictor| predictor.forward(z))
    }

    /// DINO's head.
    pub(super) fn head(&self) -> Result<&DinoHead> {
        self.head.as_ref().context("no `head.` in the file")
    }

    /// SwAV's prototypes.
    pub(super) fn prototypes(&self) -> Result<&Prototypes> {
        self.prototypes.as_ref().context("no `prototypes.` in the file")
    }
}

fn mlp(s: &Session, part: &str) -> Result<Mlp> {
    let entries: Vec<Entry> = s.case.config(part)?;
    let widths: Vec<usize> = s.case.config(&format!("{part}_widths"))?;
    let frozen: Vec<String> = s.case.config("frozen").unwrap_or_default();
    let is_frozen = |i: usize| frozen.contains(&format!("{part}.{i}.bias"));
    build_mlp(s.device, &entries, &widths, is_frozen)
}

fn prototypes(s: &Session) -> Result<Prototypes> {
    let [k, d] = [axis(s, "param/prototypes.weight", 0)?, axis(s, "param/prototypes.weight", 1)?];
    Ok(Prototypes::new(&mut Init::new(s.device, 0), d, k))
}

/// A file's student, its teacher, and how they change.
pub(super) struct Training<'s, N = Networks> {
    s: &'s Session<'s>,
    pub(super) student: N,
    pub(super) teacher: Option<N>,
    lr: Vec<f64>,
    lr_1d: Option<Vec<f64>>,
    weight_decay: Vec<f64>,
    /// The momentum of each step, and whether the teacher follows before the student's step.
    ema: Vec<f64>,
    ema_before: bool,
    freeze_steps: usize,
    freeze_names: Vec<String>,
}

impl<'s> Training<'s> {
    pub(super) fn read(s: &'s Session) -> Result<Self> {
        let student = Networks::read(s)?;
        let parts: Option<Vec<String>> = s.case.config("teacher_parts").ok();
        let teacher = parts.map(|parts| student.teacher(&parts));
        Training::of(s, student, teacher)
    }
}

impl<'s, N: Module> Training<'s, N> {
    /// Of networks that have the file's values already.
    pub(super) fn of(s: &'s Session, student: N, teacher: Option<N>) -> Result<Self> {
        let config = &s.case;
        let order: Option<String> = config.config("ema_order").ok();
        Ok(Training {
            teacher,
            s,
            student,
            lr: config.config("lr")?,
            lr_1d: config.config("lr_1d").ok(),
            weight_decay: config.config("weight_decay")?,
            ema: config.config("ema").unwrap_or_default(),
            ema_before: match order.as_deref() {
                Some("before") => true,
                Some("after") | None => false,
                Some(order) => bail!("there is no `ema_order` {order}"),
            },
            freeze_steps: config.config("freeze_steps").unwrap_or_default(),
            freeze_names: config.config("freeze_names").unwrap_or_default(),
        })
    }

    pub(super) fn teacher(&self) -> Result<&N> {
        self.teacher.as_ref().context("no `teacher_parts` in the config")
    }

    fn descent(&self) -> Result<Descent> {
        let config = &self.s.case;
        let name: String = config.config("optimizer")?;
        let optimizer = match &*name {
            "sgd" => Optimizer::Sgd { momentum: config.config("momentum")?, nesterov: false },
            "lars" => Optimizer::Lars {
                momentum: config.config("momentum")?,
                trust: config.config("trust")?,
            },
            "adamw" => Optimizer::AdamW {
                betas: config.config("betas")?,
                eps: config.config("eps")?,
                exclude_1d: config.config("exclude_1d")?,
            },
            name => bail!("there is no optimiser `{name}`"),
        };
        let clip = config.config("clip_grad").map_or(Clip::None, Clip::EachParameter);
        Ok(Descent::new(optimizer, clip))
    }

    fn rates(&self, parameter: Named, step: usize) -> Option<Rates> {
        let frozen = |name: &String| parameter.name.contains(&**name);
        if step < self.freeze_steps && self.freeze_names.iter().any(frozen) {
            return None;
        }
        let lr = match &self.lr_1d {
            Some(lr_1d) if parameter.axes == 1 => lr_1d[step],
            _ => self.lr[step],
        };
        Some(Rates { lr, weight_decay: self.weight_decay[step] })
    }

    fn follow(&self, step: usize) {
        if let Some(teacher) = &self.teacher {
            ema_update(teacher, &self.student, self.ema[step]);
        }
    }

    /// The views of each step: the two global ones, then the local ones.
    fn views(&self) -> Result<Vec<Vec<Var>>> {
        let locals: usize = self.s.case.config("local_crops").unwrap_or_default();
        let globals = ["in/view_0".to_owned(), "in/view_1".to_owned()];
        let names = globals.into_iter().chain((0..locals).map(|i| format!("in/local_{i}")));
        let views = names.map(|name| self.s.tensor(&name)).collect::<Result<Vec<_>>>()?;
        let of_step = |step| {
            let view = |view| layout::image(&Var::constant(at_step(view, step)));
            views.iter().map(view).collect()
        };
        Ok((0..self.lr.len()).map(of_step).collect())
    }

    /// Trains, by the loss that `forward` finds for a step's number and views; it may also change
    /// a state of its own, such as a queue. Gives the losses and both networks at the end.
    pub(super) fn run(
        &self,
        mut forward: impl FnMut(usize, &[Var]) -> Result<Var>,
    ) -> Result<Results> {
        ensure!(self.weight_decay.len() == self.lr.len(), "as many weight decays as rates");
        let mut descent = self.descent()?;
        let mut losses = Array { shape: vec![self.lr.len()], values: Vec::new() };
        for (step, views) in self.views()?.iter().enumerate() {
            if self.ema_before {
                self.follow(step);
            }
            let loss = forward(step, views)?;
            losses.values.push(loss.item());
            let rates = |parameter: Named| self.rates(parameter, step);
            descent.step(&self.student, &loss.backward(), rates)?;
            if !self.ema_before {
                self.follow(step);
            }
        }
        let mut after = Weights::default();
        after.collect("student/", &self.student);
        if let Some(teacher) = &self.teacher {
            after.collect("teacher/", teacher);
        }
        let results = Results::default().out_array("loss", &losses);
        Ok(after.arrays.into_iter().fold(results, |results, (name, a)| {
            results.after(&name, Array { values: a.values(), shape: a.shape })
        }))
    }
}

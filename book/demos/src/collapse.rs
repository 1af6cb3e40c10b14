//! The collapse lab: points of the plane go through a small network, and a method's protection can
//! be switched off while it learns.
//!
//! The losses and the teacher are the methods' own; what is made here is the network, which takes
//! points instead of images, and the picture.

use std::f64::consts::TAU;

use autodiff::Var;
use methods::augment::key;
use methods::evaluate::{Features, RANKME_EPS, feature_std, principal_plane, rankme};
use methods::teacher::ema_update;
use methods::train::{Clip, Descent, Optimizer, Rates};
use methods::{byol, simclr, simsiam};
use models::heads::{Mlp, Norm};
use models::layers::Linear;
use models::{Init, Module, Parts};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use tensor::{Device, Tensor};

use crate::DemoError;
use crate::plane::aligned;

/// How many points there are; all are in every batch.
pub const POINTS: usize = 192;
/// The width of the hidden layers.
const HIDDEN: usize = 64;
/// How far a view lies from its point, as a standard deviation along each axis.
const NOISE: f64 = 0.1;
/// The key's number for the points themselves: views have the steps' numbers.
const NO_STEP: usize = u32::MAX as usize;

/// Which method's loss is minimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// [`simsiam`].
    SimSiam,
    /// [`byol`].
    Byol,
    /// [`simclr`].
    SimClr,
}

/// What the reader turns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switches {
    /// Whose loss it is.
    pub method: Method,
    /// Hold the guessed side fixed; SimCLR has none. Off, BYOL's target is the network itself.
    pub stop_gradient: bool,
    /// An MLP stands before the guess; SimCLR has none.
    pub predictor: bool,
    /// How much of BYOL's target stays in a step: with 0 it is the network itself, with 1 it keeps
    /// its first values.
    pub momentum: f64,
    /// Batch norm behind hidden layers. Another network: the lab begins again.
    pub batch_norm: bool,
    /// Push other points away; SimCLR's alone.
    pub negatives: bool,
    /// `τ` of SimCLR.
    pub temperature: f64,
    /// The learning rate.
    pub lr: f64,
    /// The width `d` of the output. Another network: the lab begins again.
    pub dims: usize,
    /// What first values, points and views are drawn from. Another network, too.
    pub seed: u64,
}

impl Switches {
    /// A method as its paper has it, at a learning rate that suits these points.
    pub fn of(method: Method) -> Self {
        let lr = match method {
            Method::SimSiam => 0.4,
            Method::Byol => 0.1,
            Method::SimClr => 0.2,
        };
        Switches {
            method,
            stop_gradient: true,
            predictor: true,
            momentum: 0.95,
            batch_norm: true,
            negatives: true,
            temperature: 0.2,
            lr,
            dims: 16,
            seed: 0,
        }
    }

    /// Whether what is changed needs another network.
    fn is_other_network(&self, other: &Switches) -> bool {
        let network = |s: &Switches| (s.method, s.batch_norm, s.dims, s.seed);
        network(self) != network(other)
    }

    fn check(&self) -> Result<(), DemoError> {
        let share = |x: f64| (0.0..=1.0).contains(&x);
        let rate = |x: f64| x > 0.0 && x <= 100.0;
        crate::expect((2..=64).contains(&self.dims), "dims", self.dims, "2 to 64")?;
        crate::expect(share(self.momentum), "momentum", self.momentum, "0 to 1")?;
        crate::expect(rate(self.temperature), "temperature", self.temperature, "above 0")?;
        crate::expect(rate(self.lr), "lr", self.lr, "above 0, at most 100")
    }
}

/// What is to be seen of a lab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Steps taken.
    pub step: usize,
    /// The last step's loss.
    pub loss: f64,
    /// `std·√d` of the outputs: 1 when spread evenly, 0 when one.
    pub std: f64,
    /// Their effective rank.
    pub rankme: f64,
    /// For each point where its output lies, x and y: scaled to unit length, on the circle with
    /// two dimensions; with more around their mean, in the plane that shows them at their widest.
    pub places: Vec<[f64; 2]>,
    /// For each point its angle in the plane, as a share of the full turn: its colour.
    pub hues: Vec<f64>,
}

/// `f`, and `h` where there is a predictor.
struct Student {
    f: Mlp,
    h: Option<Mlp>,
}

/// A copy of `f` that follows it.
struct Target {
    f: Mlp,
}

/// A method learning.
pub struct Lab {
    device: Device,
    switches: Switches,
    /// `[POINTS, 2]`.
    points: Tensor,
    /// Each point's angle, as a share of the full turn.
    hues: Vec<f64>,
    student: Student,
    /// What `h` is while it is switched on.
    predictor: Mlp,
    target: Target,
    descent: Descent,
    step: usize,
    /// The last step's loss, and its outputs for the first view.
    last: Option<(Tensor, Tensor)>,
    /// Where the outputs lay when they were last looked at.
    places: Vec<[f64; 2]>,
}

impl Lab {
    /// A lab at its first step.
    ///
    /// # Errors
    /// Where a switch has a value that it cannot have.
    pub fn new(device: &Device, switches: Switches) -> Result<Self, DemoError> {
        switches.check()?;
        let init = &mut Init::new(device, switches.seed);
        let f = mlp(init, &[2, HIDDEN, HIDDEN, switches.dims], switches.batch_norm);
        let predictor = mlp(init, &[switches.dims, HIDDEN, switches.dims], switches.batch_norm);
        let target = Target { f: f.clone() };
        target.freeze();
        let optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: false };
        let points = points(switches.seed);
        let hue = |[x, y]: &[f64; 2]| (y.atan2(*x) / TAU).rem_euclid(1.0);
        let mut lab = Lab {
            device: device.clone(),
            points: Tensor::from_slice(device, [POINTS, 2], points.as_flattened()),
            hues: points.iter().map(hue).collect(),
            student: Student { f, h: None },
            predictor,
            target,
            descent: Descent::new(optimizer, Clip::None),
            step: 0,
            last: None,
            places: Vec::new(),
            switches,
        };
        lab.connect();
        Ok(lab)
    }

    /// Turns the switches, while learning goes on; another network begins anew.
    ///
    /// # Errors
    /// Where a switch has a value that it cannot have; then nothing is changed.
    pub fn set(&mut self, switches: Switches) -> Result<(), DemoError> {
        switches.check()?;
        if switches.is_other_network(&self.switches) {
            *self = Lab::new(&self.device, switches)?;
        } else {
            self.switches = switches;
            self.connect();
        }
        Ok(())
    }

    /// Puts the predictor in its place, or takes it away.
    fn connect(&mut self) {
        let has_predictor = self.switches.predictor && self.switches.method != Method::SimClr;
        self.student.h = has_predictor.then(|| self.predictor.clone());
    }

    /// One step of the method on a new view, or two, of every point.
    pub fn step(&mut self) {
        let views = [0, 1].map(|view| self.view(view));
        let [z1, z2] = views.each_ref().map(|x| self.student.f.forward(x));
        let [p1, p2] = [&z1, &z2].map(|z| self.student.h(z));
        let loss = match self.switches.method {
            Method::SimSiam => {
                let stop_gradient = self.switches.stop_gradient;
                let config = simsiam::Config { stop_gradient, ..Default::default() };
                simsiam::loss([&p1, &p2], [&z1, &z2], &config)
            }
            Method::Byol if self.switches.stop_gradient => {
                let [t1, t2] = views.each_ref().map(|x| self.target.f.forward(x));
                byol::loss([&p1, &p2], [&t1, &t2], &byol::Config::default())
            }
            Method::Byol => {
                let config = byol::Config { stop_gradient: false, ..Default::default() };
                byol::loss([&p1, &p2], [&z1, &z2], &config)
            }
            Method::SimClr => {
                let Switches { temperature, negatives, .. } = self.switches;
                let config = simclr::Config { temperature, negatives, ..Default::default() };
                simclr::loss(&z1, &z2, &config)
            }
        };
        self.last = Some((loss.value().clone(), z1.value().clone()));
        let rates = Rates { lr: self.switches.lr, weight_decay: 1e-4 };
        let gradients = loss.backward();
        self.descent
            .step(&self.student, &gradients, |_| Some(rates))
            .expect("the loss reaches every parameter of the student");
        ema_update(&self.target, &self.student, self.switches.momentum);
        self.step += 1;
    }

    /// Steps taken.
    pub fn steps(&self) -> usize {
        self.step
    }

    /// Every point, moved a little.
    fn view(&self, view: u64) -> Var {
        let seed = self.switches.seed << 40 | (self.step as u64) << 1 | view;
        let noise = Init::new(&self.device, seed).normal([POINTS, 2], NOISE);
        Var::constant(&self.points + noise)
    }

    /// What is to be seen after the last step; before the first there is nothing.
    pub async fn look(&mut self) -> Option<Look> {
        let (loss, z) = self.last.as_ref()?;
        let loss = loss.read::<f64>().await[0];
        let z = Features::new(POINTS, self.switches.dims, z.read().await);
        let unit = z.normalized(1e-12);
        let places = match self.switches.dims {
            2 => unit.iter().map(|row| [row[0], row[1]]).collect(),
            _ => aligned(principal_plane(&unit), &self.places),
        };
        self.places.clone_from(&places);
        Some(Look {
            step: self.step,
            loss,
            std: feature_std(&z).ratio,
            rankme: rankme(&unit, RANKME_EPS),
            places,
            hues: self.hues.clone(),
        })
    }
}

impl Student {
    fn h(&self, z: &Var) -> Var {
        self.h.as_ref().map_or_else(|| z.clone(), |h| h.forward(z))
    }
}

impl Module for Student {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("f", &self.f);
        self.h.iter().for_each(|h| parts.module("h", h));
    }
}

impl Module for Target {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("f", &self.f);
    }
}

/// Linear layers, with ReLU and perhaps batch norm between them.
fn mlp(init: &mut Init, widths: &[usize], batch_norm: bool) -> Mlp {
    let norm = if batch_norm { Norm::Batch } else { Norm::None };
    let device = init.device().clone();
    let mut mlp = Mlp::default();
    for (i, pair) in widths.windows(2).enumerate() {
        mlp = mlp.linear(Linear::new(init, pair[0], pair[1], true));
        if i + 2 < widths.len() {
            mlp = mlp.norm(norm, &device, pair[1]).relu();
        }
    }
    mlp
}

/// Points spread evenly over a ring.
fn points(seed: u64) -> Vec<[f64; 2]> {
    let mut rng = key(seed, NO_STEP, 0, 0);
    let point = |_| {
        let (angle, radius) = (TAU * rng.random::<f64>(), 0.5 + 0.5 * rng.random::<f64>());
        [radius * angle.cos(), radius * angle.sin()]
    };
    (0..POINTS).map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(lab: &mut Lab) -> Look {
        pollster::block_on(lab.look()).expect("a step was taken")
    }

    fn after(steps: usize, switches: Switches) -> (Lab, Look) {
        let mut lab = Lab::new(&Device::cpu(), switches).expect("these switches fit");
        (0..steps).for_each(|_| lab.step());
        let look = look(&mut lab);
        (lab, look)
    }

    /// What the chapters say happens in front of the reader.
    #[test]
    fn the_protection_holds_and_without_it_the_outputs_become_one() {
        for method in [Method::SimSiam, Method::Byol, Method::SimClr] {
            let (mut lab, held) = after(400, Switches::of(method));
            assert!(held.std > 0.5, "{method:?}: {held:?}");
            let off = Switches { stop_gradient: false, negatives: false, ..Switches::of(method) };
            lab.set(off).expect("these switches fit");
            (0..800).for_each(|_| lab.step());
            let fallen = look(&mut lab);
            assert!(fallen.std < 0.1, "{method:?}: {fallen:?}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_lab() {
        let switches = Switches { seed: 3, ..Switches::of(Method::Byol) };
        let (mut lab, first) = after(20, switches.clone());
        assert_eq!(after(20, switches.clone()).1, first);
        let wider = Switches { dims: 8, ..switches.clone() };
        lab.set(wider).expect("these switches fit");
        assert_eq!(lab.steps(), 0);
        lab.set(switches).expect("these switches fit");
        (0..20).for_each(|_| lab.step());
        assert_eq!(look(&mut lab), first);
    }

    #[test]
    fn a_switch_out_of_range_is_named_and_changes_nothing() {
        let fine = Switches::of(Method::SimSiam);
        let mut lab = Lab::new(&Device::cpu(), fine.clone()).expect("these switches fit");
        let error = lab.set(Switches { dims: 1, ..fine.clone() }).expect_err("too few");
        assert_eq!(error.to_string(), "dims = 1; expected 2 to 64");
        assert_eq!(lab.switches, fine);
    }
}

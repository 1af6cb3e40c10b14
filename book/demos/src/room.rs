//! The training room: SimSiam and DINO, as they stand in this repository, train a small network on
//! pictures of Shapes, and the reader looks on.

mod gallery;
mod switches;

use std::sync::Arc;

use autodiff::Var;
use methods::evaluate::{Features, Knn, RANKME_EPS, feature_std, nearest, rankme};
use methods::method::{self, Output};
use methods::train::{Batch, Descent, Schedule, step};
use models::{Encoder, Module, Part};
use serde::{Deserialize, Serialize};
use tensor::{Device, Tensor};

use self::gallery::Gallery;
pub use self::gallery::Strip;
use self::switches::BATCH;
pub use self::switches::{Method, Switches};
use crate::DemoError;

/// Images that are trained on, and those that are looked at.
const IMAGES: [usize; 2] = [256, 64];
/// Images in a forward pass of a measurement.
const CHUNK: usize = 64;
/// Steps from one measurement to the next, which takes longer than a step.
const EVERY: usize = 16;
/// Rows of the picture: images of a batch with their views, and others with attention and
/// neighbours.
const SHOWN: usize = 8;
/// Neighbours of each.
const NEIGHBOURS: usize = 5;
/// So many that the schedules stay where they begin: the reader ends the run.
const EPOCHS: usize = 1_000_000;

/// What is to be seen of a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Steps taken.
    pub step: usize,
    /// The last step's loss.
    pub loss: f64,
    /// `std·√d` of what the loss compared in it: 1 when spread evenly, 0 when one.
    pub std: f64,
    /// The effective rank of the same.
    pub rankme: f64,
    /// What DINO watches in a step.
    #[serde(flatten)]
    pub watched: Option<Watched>,
    /// Now and then, what the features are good for.
    #[serde(flatten)]
    pub measured: Option<Measured>,
    /// For the eye: of some images of the last batch, each view.
    pub views: Vec<Strip>,
    /// In the first look: the images that are trained on, and those of the others that are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<Images>,
}

/// In nats, means over the batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// Of the teacher's outputs, from 0 to ln 64.
    pub entropy: f64,
    /// From the student's outputs to the teacher's.
    pub kl: f64,
}

/// A measurement of the features, of images that are not trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The share of images whose class their neighbours tell, in percent.
    pub knn: f64,
    /// For each image that is shown, which of those trained on are nearest, and whether they are
    /// of its class.
    pub neighbours: Vec<Vec<(usize, bool)>>,
    /// For each image that is shown and each head of a transformer's last block, how much it looks
    /// at each patch, row after row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention: Option<Vec<Vec<Vec<f32>>>>,
}

/// The room's images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Images {
    /// All that are trained on.
    pub train: Strip,
    /// What is shown of the others.
    pub test: Strip,
}

/// A method in training.
pub struct Room {
    device: Device,
    switches: Switches,
    train: Arc<Gallery>,
    test: Gallery,
    /// Both as a network takes them.
    inputs: [Tensor; 2],
    method: Box<dyn method::Method>,
    descent: Descent,
    at: Schedule,
    /// The last step's output, and its batch.
    last: Option<(Output, Batch)>,
    /// The step of the last measurement.
    measured: Option<usize>,
}

impl Room {
    /// A room at its first step.
    ///
    /// # Errors
    /// Where a switch has a value that it cannot have.
    pub fn new(device: &Device, switches: Switches) -> Result<Self, DemoError> {
        switches.check()?;
        let seed = switches.seed;
        let [train, test] = Gallery::pair(seed, IMAGES);
        let method = switches.build(device);
        let steps_per_epoch = IMAGES[0] / BATCH;
        Ok(Room {
            device: device.clone(),
            inputs: [&train, &test].map(|of| of.inputs(device, switches.side())),
            train: Arc::new(train),
            test,
            descent: Descent::new(method.optimizer(), method.clip()),
            method,
            at: Schedule { step: 0, steps_per_epoch, epochs: EPOCHS, batch: BATCH, seed },
            last: None,
            measured: None,
            switches,
        })
    }

    /// Turns the switches, while training goes on; another network begins anew.
    ///
    /// # Errors
    /// Where a switch has a value that it cannot have; then nothing is changed.
    pub fn set(&mut self, switches: Switches) -> Result<(), DemoError> {
        switches.check()?;
        if switches.is_other_network(&self.switches) {
            *self = Room::new(&self.device, switches)?;
        } else {
            let method = switches.build(&self.device);
            take_over(&*method, &*self.method);
            (self.method, self.switches) = (method, switches);
        }
        Ok(())
    }

    /// One step of the method, as every run takes it.
    pub fn step(&mut self) {
        let (data, views) = (self.train.clone(), self.method.views());
        let side = self.switches.side();
        let batch = Batch::draw(data, views, side, &self.device, self.at);
        let batch = batch.expect("pictures in memory can be read");
        let (output, _) = step(&*self.method, &mut self.descent, &batch.views, &self.at)
            .expect("the loss reaches every parameter");
        self.last = Some((output, batch));
        self.at.step += 1;
    }

    /// Steps taken.
    pub fn steps(&self) -> usize {
        self.at.step
    }

    /// What is to be seen after the last step; before the first there is nothing.
    pub async fn look(&mut self) -> Option<Look> {
        let (output, batch) = self.last.as_ref()?;
        let z = read(&output.z).await;
        let mut watched = Vec::new();
        for (_, value) in &output.watched {
            watched.push(read(value).await.values[0]);
        }
        let (views, shown) = (self.method.views(), &batch.images[..SHOWN]);
        let views = self.train.views(&views, self.switches.side(), shown, &batch.at);
        let images = self
            .measured
            .is_none()
            .then(|| Images { train: self.train.strip(IMAGES[0]), test: self.test.strip(SHOWN) });
        Some(Look {
            step: self.at.step,
            loss: read(output.loss.value()).await.values[0],
            std: feature_std(&z).ratio,
            rankme: rankme(&z, RANKME_EPS),
            watched: match watched[..] {
                [entropy, kl] => Some(Watched { entropy, kl }),
                _ => None,
            },
            measured: self.measure().await,
            views,
            images,
        })
    }

    /// A measurement, where it is time for one.
    async fn measure(&mut self) -> Option<Measured> {
        if self.measured.is_some_and(|last| self.at.step < last + EVERY) {
            return None;
        }
        self.measured = Some(self.at.step);
        self.method.train(false);
        let [train, test] = [self.features(0).await, self.features(1).await];
        let attention = self.attention().await;
        self.method.train(true);
        let labels = &self.train.labels;
        let votes = Knn::dino(8).classify(&train, labels, &test);
        let neighbours = nearest(&train, &test.select(0..SHOWN), NEIGHBOURS);
        let row = |(found, label): (Vec<_>, &usize)| {
            let pair = |n: methods::evaluate::Neighbour| (n.row, labels[n.row] == *label);
            found.into_iter().map(pair).collect()
        };
        Some(Measured {
            knn: 100.0 * votes.accuracy(&self.test.labels),
            neighbours: neighbours.into_iter().zip(&self.test.labels).map(row).collect(),
            attention,
        })
    }

    /// What is used after training, of the images trained on or of the others.
    async fn features(&self, part: usize) -> Features {
        let mut features = Features::new(0, self.method.encoder().features(), Vec::new());
        for start in (0..IMAGES[part]).step_by(CHUNK) {
            let x = Var::constant(self.inputs[part].slice(0, start, start + CHUNK));
            let chunk = read(self.method.encode(&x).value()).await;
            features.rows += chunk.rows;
            features.values.extend(chunk.values);
        }
        features
    }

    async fn attention(&self) -> Option<Vec<Vec<Vec<f32>>>> {
        let Encoder::Vit(vit) = self.method.encoder() else { return None };
        let x = Var::constant(self.inputs[1].slice(0, 0, SHOWN));
        let weights = vit.attention_to_patches(&x, vit.config().depth - 1);
        let (heads, patches) = (weights.shape()[1], weights.shape()[2]);
        let rows = read(&weights.reshape([SHOWN * heads, patches])).await;
        let rows: Vec<Vec<f32>> =
            rows.iter().map(|row| row.iter().map(|&x| x as f32).collect()).collect();
        Some(rows.chunks(heads).map(<[_]>::to_vec).collect())
    }
}

/// The values of a tensor, row after row: the one place where the room waits for its device.
async fn read(x: &Tensor) -> Features {
    Features::new(x.shape().rows(), x.shape().features(), x.read().await)
}

/// Gives a network the parameters and buffers of another of the same kind.
fn take_over(to: &dyn Module, from: &dyn Module) {
    for ((_, to), (_, from)) in to.parts().into_iter().zip(from.parts()) {
        match (to, from) {
            (Part::Parameter(to), Part::Parameter(from)) => to.set(from.var().value().clone()),
            (Part::Buffer(to), Part::Buffer(from)) => to.set(from.value()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;

    fn room(switches: Switches) -> Room {
        Room::new(&Device::cpu(), switches).expect("these switches fit")
    }

    fn after(steps: usize, room: &mut Room) -> Look {
        (0..steps).for_each(|_| room.step());
        block_on(room.look()).expect("a step was taken")
    }

    #[test]
    fn a_seed_gives_the_same_room() {
        for method in [Method::SimSiam, Method::Dino] {
            let switches = Switches { seed: 3, ..Switches::of(method) };
            let first = after(2, &mut room(switches.clone()));
            assert_eq!(after(2, &mut room(switches)), first);
            assert_ne!(after(2, &mut room(Switches::of(method))), first);
        }
    }

    #[test]
    fn a_switch_leaves_what_was_learned() {
        for method in [Method::SimSiam, Method::Dino] {
            let switches = Switches::of(method);
            let mut switched = room(switches.clone());
            after(2, &mut switched);
            switched.set(switches.clone()).expect("these switches fit");
            let mut straight = room(switches.clone());
            after(2, &mut straight);
            assert_eq!(after(2, &mut switched), after(2, &mut straight));
            switched.set(Switches { seed: 1, ..switches }).expect("these switches fit");
            assert_eq!(switched.steps(), 0, "another network");
        }
    }

    #[test]
    fn a_switch_out_of_range_is_named_and_changes_nothing() {
        let fine = Switches::of(Method::Dino);
        let mut room = room(fine.clone());
        let error = room.set(Switches { momentum: 2.0, ..fine.clone() }).expect_err("too much");
        assert_eq!(error.to_string(), "momentum = 2; expected 0 to 1");
        assert_eq!(room.switches, fine);
    }

    /// What the chapter says, in front of the reader.
    #[test]
    fn each_half_of_dino_alone_collapses_in_its_own_way() {
        let both = Switches::of(Method::Dino);
        let watched = |switches: Switches| {
            let look = after(40, &mut room(switches));
            let Watched { entropy, kl } = look.watched.expect("DINO watches");
            (entropy, kl)
        };
        let uniform = 64_f64.ln();
        let (entropy, kl) = watched(both.clone());
        assert!(entropy > 0.5 && entropy < uniform - 1.0 && kl > 0.5, "both: {entropy}, {kl}");
        let (entropy, kl) = watched(Switches { centering: false, ..both.clone() });
        assert!(entropy < 0.1 && kl < 0.2, "no centring: {entropy}, {kl}");
        let (entropy, kl) = watched(Switches { sharpening: false, ..both });
        assert!(entropy > uniform - 0.3 && kl < 0.3, "no sharpening: {entropy}, {kl}");
    }

    #[test]
    fn without_the_stop_gradient_simsiam_loses_its_rank() {
        let held = Switches { lr: 0.1, ..Switches::of(Method::SimSiam) };
        let off = Switches { stop_gradient: false, ..held.clone() };
        let [held, off] = [held, off].map(|switches| after(40, &mut room(switches)).rankme);
        assert!(held > 8.0 && off < 4.0, "{held}, {off}");
    }
}

//! Methods at a size for tests: narrow networks that train for some steps on a few pictures.

use std::path::Path;

use autodiff::Var;
use methods::augment::key;
use methods::data;
use methods::evaluate::{Features, RANKME_EPS, feature_std, rankme};
use methods::method::{Method, View};
use methods::train::{Descent, Schedule, Settings, build, step};
use models::weights::Weights;
use tensor::{Device, Tensor};

/// The settings that make each method small. Every method has a row.
const SMALL: &[(&str, &[&str])] = &[
    ("barlow-twins", &["encoder=resnet-small-w8", "batch=32", "projector_dim=32"]),
    ("byol", &["encoder=resnet-small-w8", "batch=32", "hidden=32", "projector_dim=16"]),
    ("dino", &DINO),
    ("ibot", &DINO),
    ("lejepa", &["encoder=resnet-small-w8", "batch=32", "projector_hidden=32", "projector_dim=8"]),
    ("moco-v2", &["encoder=resnet-small-w8", "batch=32", "projector_dim=16", "queue=128"]),
    (
        "moco-v3",
        &["encoder=vit-tiny-p8-w16-d1-h2-moco", "batch=32", "hidden_dim=32", "projector_dim=16"],
    ),
    ("simclr", &["encoder=resnet-small-w8", "batch=32", "projector_dim=16"]),
    ("simsiam", &["encoder=resnet-small-w8", "batch=32", "projector_dim=32", "predictor_hidden=8"]),
    (
        "swav",
        &[
            "encoder=resnet-small-w8",
            "batch=32",
            "projector_hidden=32",
            "projector_dim=16",
            "prototypes=16",
            "freeze_prototypes_niters=0",
        ],
    ),
    ("vicreg", &["encoder=resnet-small-w8", "batch=32", "projector_dim=32"]),
];

/// A narrow transformer for small pictures. Batch norm in the head takes the place of the long
/// warm-up that its first values need: all outputs begin nearly alike.
const DINO: [&str; 9] = [
    "encoder=vit-tiny-p4-w32-d2-h2",
    "batch=32",
    "image_size=16",
    "local_crops_size=8",
    "local_crops_number=2",
    "head_hidden=64",
    "bottleneck=32",
    "out_dim=64",
    "use_bn_in_head=true",
];

/// A method's settings, small, with some changed.
///
/// # Panics
/// Where there is no such method or setting.
pub fn settings(method: &str, assignments: &[&str]) -> Settings {
    let (_, small) = SMALL
        .iter()
        .find(|(name, _)| *name == method)
        .unwrap_or_else(|| panic!("{method} has no row in tests/src/small.rs"));
    let start = Settings::named(method).unwrap_or_else(|error| panic!("{error}"));
    small.iter().chain(assignments).fold(start, |settings, assignment| {
        settings.set(assignment).unwrap_or_else(|error| panic!("{error}"))
    })
}

/// The views of a step, the same on every device.
pub fn views(method: &dyn Method, settings: &Settings, device: &Device, step: usize) -> Vec<Var> {
    let shapes = data::open("shapes", 0).expect("shapes need no file").train;
    let draw = |(i, view): (usize, View)| {
        let side = view.side(settings.run.image_size);
        let pixels: Vec<f32> = (0..settings.run.batch)
            .flat_map(|row| {
                let taken = step * settings.run.batch + row;
                let (epoch, sample) = (taken / shapes.len(), taken % shapes.len());
                let image = shapes.image(sample).expect("shapes are drawn");
                view.recipe.apply(&image, side, &mut key(0, epoch, sample, i)).pixels
            })
            .collect();
        Var::constant(Tensor::from_slice(device, [settings.run.batch, side, side, 3], &pixels))
    };
    method.views().into_iter().enumerate().map(draw).collect()
}

/// A small run.
pub struct Trained {
    /// The method at its end.
    pub method: Box<dyn Method>,
    /// The loss of every step.
    pub losses: Vec<f64>,
    /// What the method watched in the last step.
    pub watched: Vec<(&'static str, f64)>,
    /// `std·√d` of what the loss compared in the last step: 1 when healthy, 0 for a constant.
    pub std: f64,
    /// RankMe of the same.
    pub rankme: f64,
}

impl Trained {
    /// The mean of the last ten losses.
    pub fn loss(&self) -> f64 {
        let last = &self.losses[self.losses.len().saturating_sub(10)..];
        last.iter().sum::<f64>() / last.len() as f64
    }

    /// What the method watched under a name in the last step.
    ///
    /// # Panics
    /// Where there is nothing of this name.
    #[track_caller]
    pub fn watched(&self, name: &str) -> f64 {
        let found = self.watched.iter().find(|(watched, _)| *watched == name);
        found.unwrap_or_else(|| panic!("`{name}` is not among {:?}", self.watched)).1
    }

    /// All that a file would hold of the network.
    pub fn weights(&self) -> Weights {
        let mut weights = Weights::default();
        weights.collect("", &*self.method);
        weights
    }
}

/// Trains for some steps, from the first values or from given weights, as a run of four epochs.
///
/// # Panics
/// Where the method cannot be built or a gradient is missing.
pub fn train(
    device: &Device,
    settings: &Settings,
    from: Option<&Weights>,
    steps: usize,
) -> Trained {
    let method = build(settings, device).expect("a network");
    if let Some(weights) = from {
        weights.load_into("", &*method, Path::new("")).expect("weights of the same network");
    }
    let mut descent = Descent::new(method.optimizer(), method.clip());
    let mut losses = Vec::new();
    let mut last = None;
    for number in 0..steps {
        let (batch, seed) = (settings.run.batch, settings.run.seed);
        let steps_per_epoch = steps.div_ceil(4);
        let at = Schedule { step: number, steps_per_epoch, epochs: 4, batch, seed };
        let views = views(&*method, settings, device, number);
        let (output, _) = step(&*method, &mut descent, &views, &at)
            .expect("every trainable parameter has a gradient");
        losses.push(output.loss.item());
        last = Some(output);
    }
    let output = last.expect("at least one step");
    let (rows, dim) = (output.z.shape().rows(), output.z.shape().features());
    let z = Features::new(rows, dim, output.z.to_vec());
    let watched = output.watched.iter().map(|(name, value)| (*name, value.item())).collect();
    let (std, rankme) = (feature_std(&z).ratio, rankme(&z, RANKME_EPS));
    Trained { method, losses, watched, std, rankme }
}

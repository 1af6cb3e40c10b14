//! A linear classifier that is trained beside a run and changes nothing of it.

use std::path::Path;

use autodiff::Var;
use models::Init;
use models::layers::Linear;
use models::weights::{Weights, WeightsError};
use rand::RngExt;
use tensor::{Device, Tensor};

use super::measure::Images;
use super::{Clip, Descent, MissingGradient, Optimizer, Rates, Schedule, Settings, SettingsError};
use crate::evaluate::NORM_EPS;
use crate::method::Method;

/// What its accuracy is called in `metrics.jsonl`.
const NAME: &str = "online probe, %";
/// The number of the draw that chooses its images: one that no method uses.
const DRAW: usize = usize::MAX;
/// Of AdamW, whose step does not depend on how large features are.
const LR: f64 = 1e-3;
const PROBE: &str = "probe.";
const OPTIMIZER: &str = "probe-optimizer.";

/// A linear classifier of the encoder's features, trained a step after each of the run's, on
/// images as an evaluation sees them. The encoder runs in evaluation mode and its features are
/// detached, so the method's weights are the same bits with and without the probe. It costs a
/// forward pass a step.
pub(super) struct OnlineProbe {
    linear: Linear,
    descent: Descent,
}

impl OnlineProbe {
    /// A probe for a run, where its settings ask for one.
    ///
    /// # Errors
    /// Where the images have no labels.
    pub(super) fn of(
        settings: &Settings,
        features: usize,
        images: &Images,
        device: &Device,
    ) -> Result<Option<Self>, SettingsError> {
        if !settings.run.online_probe {
            return Ok(None);
        }
        let classes = images.classes.len();
        if classes == 0 {
            let reason =
                format!("{} has no labels; expected images with classes", settings.run.data);
            return Err(SettingsError::Value { place: "online_probe = true".to_owned(), reason });
        }
        let linear =
            Linear::new(&mut Init::new(device, settings.run.seed), features, classes, true);
        let adam = Optimizer::AdamW { betas: [0.9, 0.999], eps: 1e-8, exclude_1d: true };
        Ok(Some(OnlineProbe { linear, descent: Descent::new(adam, Clip::None) }))
    }

    // ANCHOR: step
    /// One step on a batch of training images, drawn from the run's seed and the step.
    pub(super) fn step(
        &mut self,
        method: &dyn Method,
        images: &Images,
        device: &Device,
        at: &Schedule,
    ) -> Result<(), MissingGradient> {
        let mut rng = at.draws(DRAW);
        let rows: Vec<usize> = (0..at.batch).map(|_| rng.random_range(0..images.len())).collect();
        let labels: Vec<f32> = rows.iter().map(|&row| images.labels()[row] as f32).collect();
        let labels = Tensor::from_slice(device, [rows.len()], &labels);
        method.train(false);
        let features = method.encode(&images.batch(device, &rows)).detach();
        method.train(true);
        let gradients = self.logits(&features).cross_entropy(&labels).backward();
        let rates = Rates { lr: LR, weight_decay: 0.0 };
        self.descent.step(&self.linear, &gradients, |_| Some(rates))
    }
    // ANCHOR_END: step

    /// Of the features' directions, made `√d` long: features of any size are learnt as quickly.
    fn logits(&self, features: &Var) -> Var {
        let length = (features.shape().features() as f64).sqrt();
        self.linear.forward(&features.l2_normalize(NORM_EPS).affine(length, 0.0))
    }

    /// The name of its accuracy, and the share of images, in percent, that it classifies rightly.
    pub(super) fn accuracy(
        &self,
        method: &dyn Method,
        images: &Images,
        device: &Device,
    ) -> (String, f64) {
        method.train(false);
        let logits = images.through(device, |x| self.logits(&method.encode(x)));
        method.train(true);
        (NAME.to_owned(), 100.0 * logits.hits(images.labels()))
    }

    /// Adds itself to a checkpoint.
    pub(super) fn collect(&self, weights: &mut Weights) {
        weights.collect(PROBE, &self.linear);
        self.descent.collect(OPTIMIZER, &self.linear, weights);
    }

    /// Takes itself back from a checkpoint.
    ///
    /// # Errors
    /// Where the checkpoint has none, or another's.
    pub(super) fn restore(&mut self, weights: &Weights, path: &Path) -> Result<(), WeightsError> {
        let missing = |name| WeightsError::Format {
            path: path.to_owned(),
            reason: format!("`{name}` is missing or has not its parameter's shape"),
        };
        self.descent.restore(OPTIMIZER, &self.linear, weights).map_err(missing)?;
        let mut own = Weights::default();
        let of_probe = weights.arrays.iter().filter(|(name, _)| name.starts_with(PROBE));
        own.arrays.extend(of_probe.map(|(name, array)| (name.clone(), array.clone())));
        own.load_into(PROBE, &self.linear, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;
    use crate::train::{build, step};

    fn settings(method: &str, encoder: &str) -> Settings {
        let settings = Settings::named(method).unwrap();
        let settings = settings.set(&format!("encoder={encoder}")).unwrap();
        settings.set("online_probe=true").unwrap().set("batch=16").unwrap()
    }

    /// The weights and the statistics of a method after three steps, with or without a probe.
    fn trained(settings: &Settings, probed: bool) -> Weights {
        let device = Device::cpu();
        let data = data::open("shapes", 0).unwrap();
        let images = Images::of(&*data.train, settings.run.image_size, 64);
        let method = build(settings, &device).unwrap();
        let features = settings.encoder().unwrap().features();
        let mut probe = OnlineProbe::of(settings, features, &images, &device).unwrap().unwrap();
        let mut descent = Descent::new(method.optimizer(), method.clip());
        let start = Schedule::start(&settings.run, 2048);
        let views = |step: usize| -> Vec<Var> {
            let view = |(i, view): (usize, &crate::method::View)| {
                let side = view.side(settings.run.image_size);
                let mut init = Init::new(&device, (100 * step + i) as u64);
                Var::constant(init.normal([16, side, side, 3], 1.0))
            };
            method.views().iter().enumerate().map(view).collect()
        };
        for taken in 0..3 {
            let at = Schedule { step: taken, ..start };
            step(&*method, &mut descent, &views(taken), &at).unwrap();
            if probed {
                probe.step(&*method, &images, &device, &at).unwrap();
            }
        }
        let mut weights = Weights::default();
        weights.collect("", &*method);
        weights
    }

    #[test]
    fn a_method_is_the_same_bits_with_and_without_a_probe() {
        for (method, encoder) in [
            ("simsiam", "resnet-small-w4"),
            ("moco-v2", "resnet-small-w4"),
            ("dino", "vit-tiny-p8-w24-d1-h2"),
        ] {
            let settings = settings(method, encoder);
            let [with, without] = [true, false].map(|probed| trained(&settings, probed));
            assert!(with.arrays == without.arrays, "{method}");
        }
    }

    #[test]
    fn it_learns_and_passes_through_a_checkpoint() {
        let (device, settings) = (Device::cpu(), settings("simsiam", "resnet-small-w4"));
        let data = data::open("shapes", 0).unwrap();
        let images = Images::of(&*data.train, 32, 256);
        let method = build(&settings, &device).unwrap();
        crate::train::calibrate(&*method, &device, &images);
        let features = settings.encoder().unwrap().features();
        let new = || OnlineProbe::of(&settings, features, &images, &device).unwrap().unwrap();
        let start = Schedule::start(&settings.run, 2048);
        let mut probe = new();
        let steps = |probe: &mut OnlineProbe, steps: std::ops::Range<usize>| {
            for step in steps {
                probe.step(&*method, &images, &device, &Schedule { step, ..start }).unwrap();
            }
        };
        steps(&mut probe, 0..150);
        let mut kept = Weights::default();
        probe.collect(&mut kept);
        let mut again = new();
        again.restore(&kept, "".as_ref()).unwrap();
        steps(&mut probe, 150..200);
        steps(&mut again, 150..200);
        let (name, accuracy) = probe.accuracy(&*method, &images, &device);
        assert_eq!(again.accuracy(&*method, &images, &device), (name, accuracy));
        assert!(accuracy > 25.0, "of eight classes, {accuracy} %");
        let error = new().restore(&Weights::default(), "c".as_ref()).unwrap_err().to_string();
        assert!(error.starts_with("c: "), "{error}");
    }

    #[test]
    fn images_without_labels_are_refused() {
        let settings = settings("simsiam", "resnet-small-w4");
        let images = Images::from_pixels(32, vec![0.0; 32 * 32 * 3]);
        let error = OnlineProbe::of(&settings, 16, &images, &Device::cpu()).err().unwrap();
        let expected = "online_probe = true: shapes has no labels; expected images with classes";
        assert_eq!(error.to_string(), expected);
    }
}

//! Fine-tuning: the whole network is trained on with labels.
//!
//! A linear layer is put behind the encoder, and both are trained by SGD with a cosine schedule on
//! a share of the labels. Features that are worth something need fewer labels than the same
//! network from its first values, which is the baseline (Chen et al. 2020, section 6.1 and table 7;
//! Grill et al. 2020, table 2).

use autodiff::Var;
use models::layers::Linear;
use models::{Encoder, Init, Module, Parts};
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::Serialize;
use tensor::{Device, Tensor};

use crate::augment::{Recipe, key};
use crate::data::{CHANNELS, Dataset, Splits};
use crate::method::{Method, View};
use crate::train::{
    Clip, Descent, Images, Optimizer, Rates, RunError, Settings, SettingsError, cosine,
};

/// The number of the view that draws the labelled images, and of the one that shuffles an epoch:
/// none that an image draws.
const CHOICE: usize = usize::MAX - 1;
const SHUFFLE: usize = usize::MAX;
/// Of SGD.
const MOMENTUM: f64 = 0.9;
const WEIGHT_DECAY: f64 = 1e-4;

/// How a network is fine-tuned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// The share of each class's training images whose labels are used, in `(0, 1]`.
    pub label_fraction: f64,
    /// Passes over these images.
    pub epochs: usize,
    /// Images in a batch, at most.
    pub batch: usize,
    /// The first learning rate for a batch of 256; scaled linearly to the batch in use.
    pub base_lr: f64,
}

impl Default for Plan {
    /// All labels, 30 epochs, batches of 64, a rate of 0.1.
    fn default() -> Self {
        Plan { label_fraction: 1.0, epochs: 30, batch: 64, base_lr: 0.1 }
    }
}

/// What came of fine-tuning: a result file holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tuned {
    /// The data source.
    pub data: String,
    /// Whether the network began with its first values: the baseline.
    pub from_scratch: bool,
    /// How it was trained.
    #[serde(flatten)]
    pub plan: Plan,
    /// Training images whose labels were used.
    pub labelled_images: usize,
    /// Test images.
    pub test_images: usize,
    /// The share of test images, in percent, that are classified correctly after the last epoch.
    pub accuracy: f64,
    /// How it came about.
    pub epochs_seen: Vec<Epoch>,
}

/// An epoch of fine-tuning.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Epoch {
    /// Epochs completed.
    pub epoch: usize,
    /// The mean training loss of the epoch.
    pub loss: f64,
    /// On the test images, in percent.
    pub accuracy: f64,
}

/// An encoder and a linear layer behind it.
struct Classifier {
    encoder: Encoder,
    head: Linear,
}

impl Classifier {
    /// Of a copy of an encoder, all of it trained, whatever the method left frozen.
    fn of(encoder: &Encoder, classes: usize, device: &Device, seed: u64) -> Self {
        let encoder = encoder.clone();
        for (_, parameter) in encoder.parameters() {
            parameter.replace(Var::leaf(parameter.var().value().clone()));
        }
        let head = Linear::new(&mut Init::new(device, seed), encoder.features(), classes, true);
        Classifier { encoder, head }
    }

    fn forward(&self, x: &Var) -> Var {
        self.head.forward(&self.encoder.forward(x))
    }
}

impl Module for Classifier {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("head", &self.head);
    }
}

/// Fine-tunes a copy of a method's encoder, which is left as it is. `from_scratch` is noted in the
/// result. `told` hears of every step, counted from 1, and of how many there are; and of an epoch
/// at its end.
///
/// # Errors
/// Where the images have no labels, none can be read, or the loss is not a number any more.
pub fn finetune(
    settings: &Settings,
    device: &Device,
    (method, from_scratch): (&dyn Method, bool),
    data: &Splits,
    plan: &Plan,
    mut told: impl FnMut([usize; 2], Option<&Epoch>),
) -> Result<Tuned, RunError> {
    let source = &settings.run.data;
    let wrong = |place: String, reason: &str| {
        RunError::Settings(SettingsError::Value { place, reason: reason.to_owned() })
    };
    let classes = data.train.classes().len();
    if classes == 0 {
        return Err(wrong(format!("--data {source}"), "no labels; expected images with classes"));
    }
    let [_, test] = Images::pair(data, settings.run.image_size);
    let seed = settings.run.seed;
    let mut labelled = labelled(&*data.train, plan.label_fraction, seed);
    if test.is_empty() || labelled.is_empty() {
        return Err(RunError::NothingToMeasure { data: source.clone() });
    }
    let net = Classifier::of(method.encoder(), classes, device, seed);
    let mut descent =
        Descent::new(Optimizer::Sgd { momentum: MOMENTUM, nesterov: true }, Clip::None);
    let view = view(method);
    let batch = plan.batch.min(labelled.len());
    let per_epoch = labelled.len() / batch;
    let total = per_epoch * plan.epochs;
    let mut seen = Vec::with_capacity(plan.epochs);
    for epoch in 0..plan.epochs {
        labelled.shuffle(&mut key(seed, epoch, 0, SHUFFLE));
        net.train(true);
        let mut losses = Vec::with_capacity(per_epoch);
        for (i, rows) in labelled.chunks_exact(batch).enumerate() {
            let step = epoch * per_epoch + i;
            let side = view.side(settings.run.image_size);
            let drawn = draw(&*data.train, rows, &view, side, [seed, epoch as u64]);
            // Batch norms need two.
            if let Some((x, labels)) = drawn.tensors(device, side, 2) {
                let loss = net.forward(&x).cross_entropy(&labels);
                losses.push(loss.value().clone());
                let lr = cosine(step, total, plan.base_lr * batch as f64 / 256.0, 0.0);
                let rates = Rates { lr, weight_decay: WEIGHT_DECAY };
                descent.step(&net, &loss.backward(), |_| Some(rates))?;
            }
            told([step + 1, total], None);
        }
        net.train(false);
        let accuracy = 100.0 * test.through(device, |x| net.forward(x)).hits(test.labels());
        let loss = losses.iter().map(Tensor::item).sum::<f64>() / losses.len() as f64;
        if !loss.is_finite() {
            let lr = format!("--lr {}", plan.base_lr);
            return Err(wrong(lr, "the loss is not a number any more; try a lower rate"));
        }
        let epoch = Epoch { epoch: epoch + 1, loss, accuracy };
        told([epoch.epoch * per_epoch, total], Some(&epoch));
        seen.push(epoch);
    }
    Ok(Tuned {
        data: source.clone(),
        from_scratch,
        plan: *plan,
        labelled_images: labelled.len(),
        test_images: test.len(),
        accuracy: seen.last().map_or(f64::NAN, |epoch| epoch.accuracy),
        epochs_seen: seen,
    })
}

/// The images whose labels are used: of each class the same share, at least one, drawn by the seed.
fn labelled(data: &dyn Dataset, fraction: f64, seed: u64) -> Vec<usize> {
    let mut of_class = vec![Vec::new(); data.classes().len()];
    for index in 0..data.len() {
        if let Some(class) = data.label(index).and_then(|label| of_class.get_mut(label)) {
            class.push(index);
        }
    }
    let mut chosen = Vec::new();
    for (class, mut indices) in of_class.into_iter().enumerate() {
        indices.shuffle(&mut key(seed, 0, class, CHOICE));
        let count = (indices.len() as f64 * fraction).round().max(1.0) as usize;
        chosen.extend(indices.into_iter().take(count));
    }
    chosen
}

/// The method's first view, without what changes colours: crops and mirrors alone.
fn view(method: &dyn Method) -> View {
    let View { recipe, size } = method.views().remove(0);
    let recipe = Recipe { jitter_p: 0.0, gray_p: 0.0, blur_p: 0.0, solarize_p: 0.0, ..recipe };
    View { recipe, size }
}

/// The pixels of images and their labels; broken images are left out.
struct Drawn(Vec<(Vec<f32>, usize)>);

fn draw(
    data: &dyn Dataset,
    rows: &[usize],
    view: &View,
    side: usize,
    [seed, epoch]: [u64; 2],
) -> Drawn {
    let one = |&index: &usize| {
        let image = data.image(index).ok()?;
        let mut key = key(seed, epoch as usize, index, 0);
        Some((view.recipe.apply(&image, side, &mut key).pixels, data.label(index)?))
    };
    Drawn(rows.par_iter().filter_map(one).collect())
}

impl Drawn {
    /// Images `[n, side, side, 3]` and labels `[n]`; `None` where there are fewer than `least`.
    fn tensors(&self, device: &Device, side: usize, least: usize) -> Option<(Var, Tensor)> {
        let n = self.0.len();
        let pixels: Vec<f32> = self.0.iter().flat_map(|(pixels, _)| pixels).copied().collect();
        let labels: Vec<f32> = self.0.iter().map(|(_, label)| *label as f32).collect();
        let x = || Tensor::from_slice(device, [n, side, side, CHANNELS], &pixels);
        (n >= least).then(|| (Var::constant(x()), Tensor::from_slice(device, [n], &labels)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;
    use crate::train::build;

    fn tuned(method: &str, encoder: &str, plan: &Plan) -> (Tuned, Vec<[usize; 2]>) {
        let settings = Settings::named(method).unwrap().set(&format!("encoder={encoder}")).unwrap();
        let device = Device::cpu();
        let method = build(&settings, &device).unwrap();
        let before: Vec<Vec<f32>> = values(&*method);
        let splits = data::open("shapes", 0).unwrap();
        let mut steps = Vec::new();
        let hear = |step, epoch: Option<&Epoch>| {
            if epoch.is_none() {
                steps.push(step);
            }
        };
        let tuned = finetune(&settings, &device, (&*method, true), &splits, plan, hear).unwrap();
        assert!(values(&*method) == before, "the method's own encoder was trained");
        (tuned, steps)
    }

    fn values(method: &dyn Method) -> Vec<Vec<f32>> {
        method.parameters().iter().map(|(_, p)| p.var().value().to_vec()).collect()
    }

    #[test]
    fn labels_teach_a_network_what_chance_does_not_know() {
        let plan = Plan { label_fraction: 0.25, epochs: 6, batch: 32, base_lr: 0.4 };
        let (found, steps) = tuned("simsiam", "resnet-small-w8", &plan);
        assert_eq!((found.labelled_images, found.test_images), (512, 512));
        assert_eq!(steps.last(), Some(&[96, 96]));
        assert_eq!(found.epochs_seen.len(), 6);
        assert!(found.accuracy > 30.0, "of eight classes: {found:?}");
        assert!(found.epochs_seen[5].loss < found.epochs_seen[0].loss, "{found:?}");
    }

    #[test]
    fn a_frozen_teacher_is_trained_too_and_few_labels_make_a_small_batch() {
        let plan = Plan { label_fraction: 0.005, epochs: 2, ..Plan::default() };
        let (found, steps) = tuned("dino", "vit-tiny-p8-w24-d1-h2", &plan);
        assert_eq!((found.labelled_images, steps.len()), (8, 2));
        assert!(found.epochs_seen.iter().all(|epoch| epoch.loss.is_finite()));
    }

    #[test]
    fn each_class_gives_the_same_share_and_another_seed_gives_others() {
        let splits = data::open("shapes", 0).unwrap();
        let chosen = labelled(&*splits.train, 0.1, 3);
        let of = |class: usize| chosen.iter().filter(|&&i| i % 8 == class).count();
        assert_eq!((0..8).map(of).collect::<Vec<_>>(), [26; 8]);
        assert_eq!(chosen, labelled(&*splits.train, 0.1, 3));
        assert_ne!(chosen, labelled(&*splits.train, 0.1, 4));
    }
}

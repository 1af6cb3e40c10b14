//! Training a run's encoder on with labels.

mod classifier;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use models::Module;
use serde::{Deserialize, Serialize};
use tensor::Device;

use super::clock::Clock;
use super::error::RunError;
use super::measure::right;
use super::network::{build, restore};
use super::progress::Progress;
use super::{Batch, Batches, Clip, Descent, Optimizer, Rates, Schedule, Settings};
use crate::augment::Recipe;
use crate::data::{self, Dataset, Splits, Subset};
use crate::method::Method;

pub(super) use classifier::zeros;
pub use classifier::{Classifier, ENCODER};

/// The learning rate for a batch of [`LR_BATCH`]; it grows with the batch. Chosen here: SimCLR's 0.05
/// (Chen et al. 2020, appendix B.5) is for many more steps than a folder of pictures gives.
const LR: f64 = 0.4;
const LR_BATCH: f64 = 256.0;

/// How an encoder is trained on with labels: as SimCLR's is (appendix B.5), by stochastic gradient
/// descent with Nesterov's momentum, without weight decay or warm-up, on views that are cropped
/// and mirrored alone. The learning rate and that it falls
/// along a cosine are chosen here.
#[derive(Clone, Debug, PartialEq)]
pub struct Finetune {
    /// The share of each class's labels that is used; above 0, at most 1.
    pub label_fraction: f64,
    /// Passes over the images that have a label.
    pub epochs: usize,
    /// Images in a batch; fewer where fewer have a label.
    pub batch: usize,
    /// The learning rate; `None` for 0.4 · batch / 256.
    pub lr: Option<f64>,
    /// Whether the encoder begins with first values instead of the run's: what is to be beaten.
    pub from_scratch: bool,
}

/// What came of it: an entry of `finetune.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finetuned {
    /// The data source, as the command takes it.
    pub data: String,
    /// The encoder's name.
    pub encoder: String,
    /// The device, in words.
    pub device: String,
    /// The share of each class's labels that was used.
    pub label_fraction: f64,
    /// How many images that are.
    pub images: usize,
    /// Whether the encoder began with first values instead of the run's.
    pub from_scratch: bool,
    /// Passes over the images.
    pub epochs: usize,
    /// Images in a batch.
    pub batch: usize,
    /// The learning rate at the start.
    pub lr: f64,
    /// How long the training took.
    pub seconds: f64,
    /// The test images that are told rightly, in percent.
    pub accuracy: f64,
    /// How many test images there are.
    pub test_images: usize,
}

/// How it ended.
pub enum Tuned {
    /// After its last step.
    Finished(Finetuned, Box<Classifier>),
    /// By request.
    Stopped {
        /// Steps taken.
        step: usize,
    },
}

impl Finetune {
    /// Trains the encoder of the run in `folder`, whose settings these are, to the end or until
    /// `stop` is set. `quiet` shows nothing on the way. The run itself stays as it is.
    ///
    /// # Errors
    /// Where the run has no whole checkpoint, the data no labels or hardly any images, or the
    /// loss does not stay finite.
    pub fn run(
        &self,
        settings: &Settings,
        folder: &Path,
        stop: &AtomicBool,
        quiet: bool,
    ) -> Result<Tuned, RunError> {
        let Splits { train, test } = data::open(&settings.run.data, settings.run.seed)?;
        let classes = train.classes().len();
        if classes == 0 {
            let data = settings.run.data.clone();
            return Err(RunError::NoLabels { data, asked: "finetune" });
        }
        let subset: Arc<dyn Dataset> =
            Arc::new(Subset::stratified(train, self.label_fraction, settings.run.seed));
        // One image has no batch statistics.
        let batch = self.batch.min(subset.len());
        if batch < 2 {
            let data = settings.run.data.clone();
            return Err(RunError::TooFew { data, found: subset.len(), batch: 2 });
        }
        if test.is_empty() {
            return Err(RunError::NothingToMeasure { data: settings.run.data.clone() });
        }
        let device = settings.device()?;
        let maker = settings.view_device(&device)?;
        let (classifier, view) = self.begin(settings, &device, folder, classes)?;
        let lr = self.lr.unwrap_or(LR * batch as f64 / LR_BATCH);
        let steps_per_epoch = subset.len() / batch;
        let Finetune { epochs, .. } = *self;
        let at = Schedule { step: 0, steps_per_epoch, epochs, batch, seed: settings.run.seed };
        let size = settings.run.image_size;
        let start = Instant::now();
        let views = vec![view.into()];
        let batches = Batches::made_by(maker, subset.clone(), views, size, &device, at);
        let progress = Progress::new(at.total(), 0, (classes as f64).ln(), quiet);
        let ended = descend(&classifier, batches, &*subset, at, lr, &progress, stop);
        progress.finish();
        if let Some(step) = ended? {
            return Ok(Tuned::Stopped { step });
        }
        let seconds = start.elapsed().as_secs_f64();
        classifier.train(false);
        let [right, test_images] = right(&device, &*test, size, |x| classifier.forward(x));
        if test_images == 0 {
            return Err(RunError::NothingToMeasure { data: settings.run.data.clone() });
        }
        let finetuned = Finetuned {
            data: settings.run.data.clone(),
            encoder: settings.run.encoder.clone(),
            device: device.to_string(),
            label_fraction: self.label_fraction,
            images: subset.len(),
            from_scratch: self.from_scratch,
            epochs,
            batch,
            lr,
            seconds,
            accuracy: 100.0 * right as f64 / test_images as f64,
            test_images,
        };
        Ok(Tuned::Finished(finetuned, Box::new(classifier)))
    }

    /// The network before its first step, and how its views are drawn: as the first of the run's
    /// method, whose crops suit the images, in the images' own colours.
    fn begin(
        &self,
        settings: &Settings,
        device: &Device,
        folder: &Path,
        classes: usize,
    ) -> Result<(Classifier, Recipe), RunError> {
        let method: Box<dyn Method> = match self.from_scratch {
            true => build(settings, device)?,
            false => restore(settings, device, folder)?,
        };
        let classifier = Classifier::new(settings, device, classes)?;
        if !self.from_scratch {
            classifier.begin_with(method.encoder(), folder)?;
        }
        let first = method.views().swap_remove(0).recipe;
        let still = Recipe { jitter_p: 0.0, gray_p: 0.0, blur_p: 0.0, solarize_p: 0.0, ..first };
        Ok((classifier, still))
    }
}

/// Trains a classifier to the end; the steps taken, where `stop` was set on the way.
fn descend(
    classifier: &Classifier,
    mut batches: Batches,
    data: &dyn Dataset,
    start: Schedule,
    lr: f64,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Option<usize>, RunError> {
    let optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: true };
    let mut descent = Descent::new(optimizer, Clip::None);
    let mut clock = Clock::new(0, Duration::MAX);
    while let Some(batch) = batches.next_batch() {
        let batch = batch?;
        let Batch { at, views, .. } = &batch;
        if stop.load(Ordering::Relaxed) {
            return Ok(Some(at.step));
        }
        classifier.at_step(at.step);
        let loss = classifier.forward(&views[0]).cross_entropy(&batch.labels(data));
        let gradients = loss.clone().backward();
        let rates = Rates { lr: at.cosine(lr, 0.0), weight_decay: 0.0 };
        descent.step(classifier, &gradients, |_| Some(rates))?;
        let step = at.step + 1;
        let ends_epoch = step.is_multiple_of(start.steps_per_epoch);
        if clock.wants_a_look() || ends_epoch {
            let loss = loss.item();
            if !loss.is_finite() {
                return Err(RunError::Unlearnt { loss, step });
            }
            let (epoch, speed) = (at.epoch() + 1, clock.speed(step, start.batch));
            let words = format!("epoch {epoch}  loss {loss:.3}  {speed:.0} images/s");
            if ends_epoch {
                progress.line(&words);
            }
            progress.show(step, words);
        }
    }
    Ok(None)
}

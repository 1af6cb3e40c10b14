//! The training loop.

mod diverged;
mod end;
mod folder;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use autodiff::Var;
use models::weights::Loaded;
use tensor::{Device, Tensor};

use super::checkpoint::Place;
use super::clock::Clock;
use super::course::Course;
use super::error::RunError;
use super::measure::{Images, measure};
use super::network::{begin, build};
use super::online::OnlineProbe;
use super::optimizer::{Descent, Named};
use super::progress::{Now, Progress};
use super::sums::{Fold, Pending};
use super::{Batch, Batches, Run, Schedule, Settings, ViewDevice, gradient_norms};
use crate::data::{self, Splits};
use crate::evaluate::{Features, feature_std};
use crate::memory;
use crate::method::{Method, Output};
use crate::report::{Events, GRADIENT_NORM, Measures, Metrics, RunResult};

/// The loss among what is watched.
const LOSS: &str = "loss";

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// After its last step.
    Finished(Box<RunResult>),
    /// By a collapse that lasted, as the settings ask.
    Collapsed {
        /// What was measured of the network as it was left.
        result: Box<RunResult>,
        /// Steps taken.
        step: usize,
        /// Steps that the run would have had.
        of: usize,
    },
    /// By request; `--resume` goes on from this step.
    Stopped {
        /// Steps taken.
        step: usize,
    },
}

/// Where a run starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start<'p> {
    /// Anew, in a folder that holds no run.
    Anew,
    /// From the newest checkpoint of its folder that is whole.
    Newest,
    /// From this checkpoint of its folder; what has come after it is forgotten.
    From(&'p Path),
}

/// A run in its folder.
pub struct Trainer {
    settings: Settings,
    folder: PathBuf,
    device: Device,
    view_device: ViewDevice,
    data: Splits,
    images: [Images; 2],
    method: Box<dyn Method>,
    loaded: Option<Loaded>,
    descent: Descent,
    probe: Option<OnlineProbe>,
    at: Schedule,
    place: Place,
    pending: Pending,
    knn: Option<f64>,
    course: Course,
    events: Option<Events>,
    broken: usize,
    quiet: bool,
}

impl Trainer {
    /// A run in `folder`. Whatever is wrong with the settings or the data is found before anything
    /// is written. `quiet` shows nothing on the way.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn new(
        settings: Settings,
        folder: &Path,
        start: Start,
        quiet: bool,
    ) -> Result<Self, RunError> {
        settings.encoder()?;
        let Run { data: source, seed, .. } = &settings.run;
        let data = data::open_cached(source, *seed, settings.run.cache_bytes())?;
        let (found, batch) = (data.train.len(), settings.run.batch);
        if found < batch {
            return Err(RunError::TooFew { data: settings.run.data, found, batch });
        }
        let images = Images::pair(&data, settings.run.image_size);
        if images[1].len() < 2 {
            return Err(RunError::NothingToMeasure { data: settings.run.data });
        }
        let classes = images[1].classes.len();
        if settings.run.online_probe && classes == 0 {
            let (data, asked) = (settings.run.data, "online_probe");
            return Err(RunError::NoLabels { data, asked });
        }
        // Last, since opening a GPU takes a moment.
        let device = settings.device()?;
        let view_device = settings.view_device(&device)?;
        let (method, loaded) = match start {
            Start::Anew => begin(&settings, &device)?,
            _ => (build(&settings, &device)?, None),
        };
        let full_rank = dimensions(&settings, &*method, &device).min(images[1].len());
        let features = method.encoder().features();
        let probe = settings.run.online_probe.then(|| OnlineProbe::new(&device, features, classes));
        let by_knn = settings.run.knn_every > 0 && !images[1].classes.is_empty();
        let mut trainer = Trainer {
            descent: Descent::new(method.optimizer(), method.clip()),
            probe,
            at: Schedule::start(&settings.run, found),
            place: Place::default(),
            pending: Pending::default(),
            course: Course::of(&[], full_rank, by_knn),
            events: None,
            settings,
            folder: folder.to_owned(),
            device,
            view_device,
            data,
            images,
            method,
            loaded,
            knn: None,
            broken: 0,
            quiet,
        };
        match start {
            Start::Anew => trainer.begin()?,
            Start::Newest => trainer.resume(None)?,
            Start::From(path) => trainer.resume(Some(path))?,
        }
        Ok(trainer)
    }

    /// What the encoder took from the file that the settings name, where they name one and the
    /// run is new.
    pub fn loaded(&self) -> Option<&Loaded> {
        self.loaded.as_ref()
    }

    /// Trains to the end, or until `stop` is set: then what has been reached is saved.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn run(mut self, stop: &AtomicBool) -> Result<Ended, RunError> {
        memory::forget_peak();
        let total = self.at.total();
        let chance = self.method.chance_loss(&self.at);
        let progress = Progress::new(total, self.at.step, chance, self.quiet);
        let mut batches = self.batches(self.at);
        let between = Duration::from_secs(self.settings.run.checkpoint_every as u64);
        let mut clock = Clock::new(self.at.step, between);
        while self.at.step < total && !self.is_lost() {
            if stop.load(Ordering::Relaxed) {
                self.take_in(&mut clock);
                self.save()?;
                progress.finish();
                return Ok(Ended::Stopped { step: self.at.step });
            }
            let Some(batch) = batches.next_batch() else { break };
            let output = self.step(&batch?)?;
            if clock.wants_a_look() {
                self.look(&output, &progress, &mut clock)?;
            }
            if self.at.step.is_multiple_of(self.at.steps_per_epoch) {
                self.take_in(&mut clock);
                self.end_epoch(&mut clock, &progress)?;
            }
        }
        progress.finish();
        self.broken = batches.broken() + self.images[1].broken;
        drop(batches);
        self.finish()
    }

    /// Whether there is no use in going on.
    fn is_lost(&self) -> bool {
        self.settings.run.stop_on_collapse && self.course.is_lost()
    }

    /// The run's batches from a point of it on.
    fn batches(&self, at: Schedule) -> Batches {
        let (data, size) = (self.data.train.clone(), self.settings.run.image_size);
        Batches::made_by(self.view_device, data, self.method.views(), size, &self.device, at)
    }

    /// A step, and what is watched of it.
    fn step(&mut self, batch: &Batch) -> Result<Output, RunError> {
        if let Some(probe) = &mut self.probe {
            probe.step(&*self.method, &batch.views[0], &batch.labels(&*self.data.train))?;
        }
        // Gradients belong to the leaves that the step replaces.
        let leaves = match self.settings.run.watch_gradient_norms {
            true => self.method.parameters().into_iter().map(|(name, p)| (name, p.var())).collect(),
            false => Vec::new(),
        };
        let (output, gradients) =
            super::step(&*self.method, &mut self.descent, &batch.views, &self.at)?;
        self.at.step += 1;
        let norms = gradient_norms(&leaves, &gradients).into_iter();
        let largest = |(layer, norm)| (format!("{GRADIENT_NORM}{layer}"), Fold::Largest, norm);
        let mean = |(name, value): (&str, Tensor)| (name.to_owned(), Fold::Mean, value);
        let mut watched = vec![mean((LOSS, output.loss.value().clone()))];
        watched.extend(output.watched.iter().cloned().map(mean));
        watched.extend(norms.map(largest));
        self.pending.step(watched);
        Ok(output)
    }

    /// Shows where the run stands; the only readback between two measurements.
    fn look(
        &self,
        output: &Output,
        progress: &Progress,
        clock: &mut Clock,
    ) -> Result<(), RunError> {
        let loss = self.finite(output.loss.item())?;
        let (rows, dim) = (output.z.shape().rows(), output.z.shape().features());
        let std = feature_std(&Features::new(rows, dim, output.z.to_vec())).ratio;
        let images_per_second = clock.speed(self.at.step, self.at.batch);
        let now = Now { epoch: self.at.epoch() + 1, loss, std, knn: self.knn, images_per_second };
        progress.step(self.at.step, now);
        Ok(())
    }

    fn finite(&self, loss: f64) -> Result<f64, RunError> {
        if loss.is_finite() { Ok(loss) } else { Err(self.diverged(format!("the loss is {loss}"))) }
    }

    /// Moves what the loop has counted into what a checkpoint holds.
    fn take_in(&mut self, clock: &mut Clock) {
        self.place.sums.take_in(&mut self.pending);
        self.place.seconds += clock.lap();
        self.place.step = self.at.step;
    }

    /// Measures, tells, and saves where that is due. The best checkpoint comes before the newest:
    /// a run that is killed between them finds it again.
    fn end_epoch(&mut self, clock: &mut Clock, progress: &Progress) -> Result<(), RunError> {
        let epoch = self.at.epoch();
        let mut watched = self.place.sums.told();
        let loss = self.finite(watched.remove(LOSS).unwrap_or(f64::NAN))?;
        let every = self.settings.run.knn_every;
        let with_knn = every > 0 && epoch.is_multiple_of(every) && epoch < self.at.epochs;
        let images_per_second = clock.speed(self.at.step, self.at.batch);
        let measures = measure(&*self.method, &self.device, &self.images, with_knn, loss);
        self.knn = measures.knn.or(self.knn);
        let online_probe = self.probe.as_ref().map(|probe| self.probed(probe));
        let mut metrics = Metrics {
            epoch: epoch as u64,
            step: self.at.step as u64,
            loss,
            chance_loss: self.method.chance_loss(&self.at),
            std: measures.std,
            rankme: Some(measures.rankme),
            knn: measures.knn,
            online_probe,
            lr: self.learning_rate(),
            images_per_second,
            collapsed: None,
            watched,
        };
        let news = self.course.take_in(&metrics);
        metrics.collapsed = news.collapsed;
        metrics.append(&self.metrics_path())?;
        if let Some(events) = &mut self.events {
            events.append(&metrics)?;
        }
        progress.epoch(&metrics);
        if let Some(line) = &news.line {
            progress.tell(line);
        }
        if news.is_best {
            self.save_best()?;
        }
        let is_last = self.at.step == self.at.total() || self.is_lost();
        if clock.wants_a_checkpoint() || is_last {
            self.save()?;
        }
        clock.start_lap(self.at.step);
        Ok(())
    }

    /// The accuracy of the online probe on the images that are measured, in percent.
    fn probed(&self, probe: &OnlineProbe) -> f64 {
        let [_, test] = &self.images;
        self.method.train(false);
        let logits = test.through(&self.device, |x| probe.logits(&self.method.encode(x)));
        self.method.train(true);
        100.0 * test.right(&logits) as f64 / test.len() as f64
    }

    /// That of the first parameter which is no bias.
    fn learning_rate(&self) -> f64 {
        let parameters = self.method.parameters();
        let mut trained = parameters.iter().filter(|(_, parameter)| parameter.is_trainable());
        let weight = trained.find(|(name, parameter)| Named::of(name, parameter).axes > 1);
        weight.map_or(0.0, |(name, p)| self.method.learning_rate(Named::of(name, p), &self.at))
    }
}

/// The length of what a method's loss compares.
fn dimensions(settings: &Settings, method: &dyn Method, device: &Device) -> usize {
    let features = settings.encoder().map_or(1, |encoder| encoder.features());
    // In evaluation mode: batch norms are not to remember this.
    method.train(false);
    let z = method.project(&Var::constant(Tensor::zeros(device, [2, features])));
    method.train(true);
    z.shape().features()
}

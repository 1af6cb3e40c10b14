//! The training loop.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use autodiff::Var;
use models::weights::Loaded;
use tensor::{Device, Tensor};

use super::checkpoint::{self, CHECKPOINT, Place};
use super::clock::Clock;
use super::error::RunError;
use super::measure::{Images, calibrate, held_out_loss, measure, pixels_knn};
use super::network::{begin, build};
use super::online::OnlineProbe;
use super::optimizer::{Descent, Named};
use super::progress::{Now, Progress};
use super::sums::{Fold, Pending};
use super::{Batches, Schedule, Settings, gradient_norms};
use crate::data::{self, Splits};
use crate::evaluate::{Features, Point, Verdict, feature_std};
use crate::method::{Method, Output};
use crate::report::{self, GRADIENT_NORM, Measures, Metrics, RunResult};

/// The loss among what is watched.
const LOSS: &str = "loss";

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// After its last step.
    Finished(Box<RunResult>),
    /// By request; `--resume` goes on from this step.
    Stopped {
        /// Steps taken.
        step: usize,
    },
}

/// A run in its folder.
pub struct Trainer {
    settings: Settings,
    folder: PathBuf,
    device: Device,
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
    quiet: bool,
}

impl Trainer {
    /// A run in `folder`, from its start or, with `resume`, from its newest checkpoint. Whatever
    /// is wrong with the settings or the data is found before anything is written. `quiet` shows
    /// nothing on the way.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn new(
        settings: Settings,
        folder: &Path,
        resume: bool,
        quiet: bool,
    ) -> Result<Self, RunError> {
        settings.encoder()?;
        let data = data::open(&settings.run.data, settings.run.seed)?;
        let (found, batch) = (data.train.len(), settings.run.batch);
        if found < batch {
            return Err(RunError::TooFew { data: settings.run.data, found, batch });
        }
        let images = Images::pair(&data, settings.run.image_size);
        if images[1].len() < 2 {
            return Err(RunError::NothingToMeasure { data: settings.run.data });
        }
        // Last, since opening a GPU takes a moment.
        let device = settings.device()?;
        let (method, loaded) = match resume {
            true => (build(&settings, &device)?, None),
            false => begin(&settings, &device)?,
        };
        let features = settings.encoder()?.features();
        let probe = OnlineProbe::of(&settings, features, &images[0], &device)?;
        let mut trainer = Trainer {
            probe,
            descent: Descent::new(method.optimizer(), method.clip()),
            at: Schedule::start(&settings.run, found),
            place: Place::default(),
            pending: Pending::default(),
            settings,
            folder: folder.to_owned(),
            device,
            data,
            images,
            method,
            loaded,
            knn: None,
            quiet,
        };
        if resume {
            trainer.resume()?
        } else {
            trainer.begin()?
        }
        Ok(trainer)
    }

    /// What the encoder took from the file that the settings name, where they name one and the
    /// run is new.
    pub fn loaded(&self) -> Option<&Loaded> {
        self.loaded.as_ref()
    }

    fn begin(&mut self) -> Result<(), RunError> {
        let config = self.folder.join("config.toml");
        if config.exists() {
            return Err(RunError::Occupied(self.folder.clone()));
        }
        let file = |path: &Path| {
            let path = path.to_owned();
            move |source| RunError::File { path, source }
        };
        std::fs::create_dir_all(&self.folder).map_err(file(&self.folder))?;
        let text = toml::to_string(&self.settings.to_table()).expect("TOML holds the settings");
        report::write_whole(&config, text.as_bytes()).map_err(file(&config))?;
        self.save()
    }

    fn resume(&mut self) -> Result<(), RunError> {
        let path = self.folder.join(CHECKPOINT);
        if !path.exists() {
            return Err(RunError::NothingToResume(self.folder.clone()));
        }
        self.place =
            checkpoint::load(&path, &*self.method, &mut self.descent, self.probe.as_mut())?;
        self.at.step = self.place.step;
        // What was measured after the checkpoint will be measured again.
        let path = self.metrics_path();
        if path.exists() {
            let mut metrics = report::read_metrics(&path)?;
            metrics.retain(|m| m.step <= self.at.step as u64);
            self.knn = metrics.iter().rev().find_map(|m| m.knn);
            report::write_metrics(&path, &metrics)?;
        }
        Ok(())
    }

    /// Trains to the end, or until `stop` is set: then what has been reached is saved.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn run(mut self, stop: &AtomicBool) -> Result<Ended, RunError> {
        let total = self.at.total();
        let chance = self.method.chance_loss(&self.at);
        let progress = Progress::new(total, self.at.step, chance, self.quiet);
        let mut batches = self.batches();
        let mut clock = Clock::new(self.at.step);
        while self.at.step < total {
            if stop.load(Ordering::Relaxed) {
                self.take_in(&mut clock);
                self.save()?;
                progress.finish();
                return Ok(Ended::Stopped { step: self.at.step });
            }
            let Some(batch) = batches.next() else { break };
            let (_, views) = batch?;
            let output = self.step(&views)?;
            if clock.wants_a_look() {
                self.look(&output, &progress, &mut clock)?;
            }
            if self.at.step.is_multiple_of(self.at.steps_per_epoch) {
                self.take_in(&mut clock);
                let metrics = self.end_epoch(&mut clock)?;
                progress.epoch(&metrics);
            }
        }
        progress.finish();
        self.finish()
    }

    fn batches(&self) -> Batches {
        let (data, size) = (self.data.train.clone(), self.settings.run.image_size);
        Batches::new(data, self.method.views(), size, &self.device, self.at)
    }

    /// A step, and what is watched of it.
    fn step(&mut self, views: &[Var]) -> Result<Output, RunError> {
        // Gradients belong to the leaves that the step replaces.
        let leaves = match self.settings.run.watch_gradient_norms {
            true => self.method.parameters().into_iter().map(|(name, p)| (name, p.var())).collect(),
            false => Vec::new(),
        };
        let (output, gradients) = super::step(&*self.method, &mut self.descent, views, &self.at)?;
        if let Some(probe) = &mut self.probe {
            probe.step(&*self.method, &self.images[0], &self.device, &self.at)?;
        }
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
        if loss.is_finite() {
            return Ok(loss);
        }
        let checkpoint = self.folder.join(CHECKPOINT);
        Err(RunError::Diverged { loss, step: self.at.step, checkpoint })
    }

    /// Moves what the loop has counted into what a checkpoint holds.
    fn take_in(&mut self, clock: &mut Clock) {
        self.place.sums.take_in(&mut self.pending);
        self.place.seconds += clock.lap();
        self.place.step = self.at.step;
    }

    fn end_epoch(&mut self, clock: &mut Clock) -> Result<Metrics, RunError> {
        let epoch = self.at.epoch();
        let mut watched = self.place.sums.told();
        let loss = self.finite(watched.remove(LOSS).unwrap_or(f64::NAN))?;
        let every = self.settings.run.knn_every;
        let with_knn = every > 0 && epoch.is_multiple_of(every) && epoch < self.at.epochs;
        let images_per_second = clock.speed(self.at.step, self.at.batch);
        let measures = measure(&*self.method, &self.device, &self.images, with_knn, loss);
        self.knn = measures.knn.or(self.knn);
        let probe = self.probe.as_ref();
        watched.extend(probe.map(|p| p.accuracy(&*self.method, &self.images[1], &self.device)));
        let metrics = Metrics {
            epoch: epoch as u64,
            step: self.at.step as u64,
            loss,
            chance_loss: self.method.chance_loss(&self.at),
            std: measures.std,
            rankme: Some(measures.rankme),
            knn: measures.knn,
            lr: self.learning_rate(),
            images_per_second,
            watched,
        };
        metrics.append(&self.metrics_path())?;
        if clock.wants_a_checkpoint() || self.at.step == self.at.total() {
            self.save()?;
        }
        clock.start_lap(self.at.step);
        Ok(metrics)
    }

    /// That of the first parameter which is no bias.
    fn learning_rate(&self) -> f64 {
        let parameters = self.method.parameters();
        let mut trained = parameters.iter().filter(|(_, parameter)| parameter.is_trainable());
        let weight = trained.find(|(name, parameter)| Named::of(name, parameter).axes > 1);
        weight.map_or(0.0, |(name, p)| self.method.learning_rate(Named::of(name, p), &self.at))
    }

    fn save(&self) -> Result<(), RunError> {
        let path = self.folder.join(CHECKPOINT);
        let (probe, wide) = (self.probe.as_ref(), self.device.is_f64());
        checkpoint::save(&path, &*self.method, &self.descent, &self.place, probe, wide)
            .map_err(|source| RunError::File { path, source })
    }

    fn metrics_path(&self) -> PathBuf {
        self.folder.join("metrics.jsonl")
    }

    /// Measures the trained network and an untrained one, and writes what the run has shown.
    fn finish(self) -> Result<Ended, RunError> {
        let untrained = build(&self.settings, &self.device)?;
        calibrate(&*untrained, &self.device, &self.images[0]);
        let start = Schedule { step: 0, ..self.at };
        let untrained = self.measures(&*untrained, &start);
        let trained = self.measures(&*self.method, &self.at);
        let metrics = report::read_metrics(&self.metrics_path())?;
        let points: Vec<Point> = metrics.iter().map(Point::from).collect();
        let verdict = Verdict::of(&points, self.full_rank());
        let seconds = self.place.seconds;
        let result = RunResult {
            method: self.settings.run.method.clone(),
            data: self.settings.run.data.clone(),
            device: self.device.to_string(),
            seconds,
            collapsed: verdict.collapsed,
            collapsed_since_step: verdict.since_step,
            verdict: verdict.words,
            chance_loss: self.method.chance_loss(&self.at),
            pixels_knn: pixels_knn(&self.images),
            images_per_second: (self.at.step * self.at.batch) as f64 / seconds.max(1e-9),
            trained,
            untrained,
        };
        result.write(&self.folder.join("result.json"))?;
        super::pictures::write(
            &self.folder,
            &*self.method,
            &self.device,
            &self.data,
            &self.images,
        )?;
        report::write(&self.folder)?;
        Ok(Ended::Finished(Box::new(result)))
    }

    fn measures(&self, method: &dyn Method, at: &Schedule) -> Measures {
        let size = self.settings.run.image_size;
        let loss = held_out_loss(method, &self.device, &*self.data.test, size, at);
        measure(method, &self.device, &self.images, true, loss)
    }

    /// The rank that RankMe could reach.
    fn full_rank(&self) -> usize {
        let features = self.settings.encoder().map_or(1, |encoder| encoder.features());
        let x = Var::constant(Tensor::zeros(&self.device, [2, features]));
        self.method.project(&x).shape().features().min(self.images[1].len())
    }
}

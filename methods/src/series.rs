//! Many runs for one table: several at once, each in its folder, and each only once.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::probe::{self, Asked, EVALUATION, Evaluation};
use crate::report::{ReportError, RunResult, write_whole};
use crate::train::{Ended, RunError, Settings, SettingsError, Start, Trainer};

/// In the folder of a run that has diverged: why.
const DIVERGED: &str = "diverged.txt";

/// One run of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its folder.
    pub folder: PathBuf,
    /// Its settings.
    pub settings: Settings,
}

/// What has become of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It came to its end.
    Ended(Box<RunResult>),
    /// Its loss was not finite any more.
    Diverged,
}

impl Job {
    /// What has become of the run; `None` while it has not ended.
    ///
    /// # Errors
    /// Where its result cannot be read.
    pub fn outcome(&self) -> Result<Option<Outcome>, ReportError> {
        let result = self.folder.join("result.json");
        if result.exists() {
            return Ok(Some(Outcome::Ended(Box::new(RunResult::read(&result)?))));
        }
        Ok(self.folder.join(DIVERGED).exists().then_some(Outcome::Diverged))
    }

    /// What is measured of its network beside k-NN; once, and then kept in its folder.
    ///
    /// # Errors
    /// As [`probe::evaluate_run`].
    pub fn evaluation(&self, asked: Asked) -> Result<Evaluation, RunError> {
        match probe::kept(&self.folder.join(EVALUATION)) {
            Some(evaluation) => Ok(evaluation),
            None => Ok(probe::evaluate_run(&self.settings, &self.folder, None, asked)?.0),
        }
    }

    /// Refuses a folder that holds a run with other settings than these.
    fn check(&self) -> Result<(), RunError> {
        let config = self.folder.join("config.toml");
        if config.exists() && Settings::of_run(&config)? != self.settings {
            let reason = "holds a run with other settings; expected those of this table; \
                          name another folder (--out)";
            let place = self.folder.display().to_string();
            return Err(SettingsError::Value { place, reason: reason.to_owned() }.into());
        }
        Ok(())
    }

    /// Begins or goes on. `None` where it was stopped before its end.
    fn run(&self, stop: &AtomicBool) -> Result<Option<Outcome>, RunError> {
        let start = match self.folder.join("config.toml").exists() {
            true => Start::Newest,
            false => Start::Anew,
        };
        let trainer = Trainer::new(self.settings.clone(), &self.folder, start, true)?;
        match trainer.run(stop) {
            Ok(Ended::Stopped { .. }) => Ok(None),
            Ok(Ended::Finished(result) | Ended::Collapsed { result, .. }) => {
                Ok(Some(Outcome::Ended(result)))
            }
            Err(RunError::Diverged { cause, step, .. }) => {
                let path = self.folder.join(DIVERGED);
                let text = format!("after step {step}: {cause}\n");
                write_whole(&path, text.as_bytes())
                    .map_err(|source| RunError::File { path, source })?;
                Ok(Some(Outcome::Diverged))
            }
            Err(other) => Err(other),
        }
    }
}

/// Runs whatever has not ended, `at_once` runs side by side; the processor's threads are shared
/// out among them, which changes no bit of any. `false` where `stop` was set on the way: then the
/// same call goes on.
///
/// # Errors
/// The first that a run meets; the others are stopped as by `stop`.
pub fn run(jobs: &[Job], at_once: usize, stop: &AtomicBool) -> Result<bool, RunError> {
    for job in jobs {
        job.check()?;
    }
    let mut waiting = Vec::new();
    for job in jobs {
        if job.outcome()?.is_none() {
            waiting.push(job);
        }
    }
    let at_once = at_once.clamp(1, waiting.len().max(1));
    let threads = (rayon::current_num_threads() / at_once).max(1);
    let face = Face::new(jobs.len(), jobs.len() - waiting.len());
    let waiting = Mutex::new(waiting.into_iter());
    let failed = Mutex::new(None);
    let next = || waiting.lock().expect("no thread panics while it holds the list").next();
    let worker = || {
        while let Some(job) = next().filter(|_| !stop.load(Ordering::Relaxed)) {
            let outcome = job.run(stop);
            tensor::release_memory(); // the next run's sizes are others
            match outcome {
                Ok(Some(outcome)) => face.ended(job, &outcome),
                Ok(None) => return,
                Err(error) => {
                    stop.store(true, Ordering::Relaxed);
                    failed.lock().expect("no thread panics with it").get_or_insert(error);
                    return;
                }
            }
        }
    };
    if at_once == 1 {
        worker(); // in the caller's threads, as any run
    } else {
        std::thread::scope(|scope| {
            for _ in 0..at_once {
                scope.spawn(|| {
                    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
                        Ok(pool) => pool.install(worker),
                        Err(_) => worker(), // without threads of its own it shares the others'
                    }
                });
            }
        });
    }
    face.bar.finish_and_clear();
    if let Some(error) = failed.into_inner().expect("no thread panics with it") {
        return Err(error);
    }
    Ok(!stop.load(Ordering::Relaxed))
}

/// How a series shows itself: a bar on a terminal, and a line a run.
struct Face {
    bar: ProgressBar,
    begun: Instant,
    before: u64,
}

impl Face {
    fn new(runs: usize, done: usize) -> Self {
        let bar = ProgressBar::new(runs as u64).with_position(done as u64);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:24.cyan/dim} {pos} of {len} runs{msg}")
        {
            bar.set_style(style);
        }
        bar.tick();
        Face { bar, begun: Instant::now(), before: done as u64 }
    }

    fn ended(&self, job: &Job, outcome: &Outcome) {
        self.bar.inc(1);
        let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
        let ran = (done - self.before).max(1) as f64;
        let left = self.begun.elapsed().as_secs_f64() / ran * (all - done) as f64;
        self.bar.set_message(format!(", about {} left", minutes(left)));
        let name = name(&job.folder);
        let line = format!("{done} of {all}: {name}: {}, {} left", told(outcome), minutes(left));
        if self.bar.is_hidden() {
            eprintln!("{line}");
        } else {
            self.bar.println(line);
        }
    }
}

fn name(folder: &Path) -> String {
    folder.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned())
}

/// A run in a few words.
fn told(outcome: &Outcome) -> String {
    let Outcome::Ended(result) = outcome else { return "diverged".to_owned() };
    let knn = result.trained.knn.map_or(String::new(), |knn| format!("k-NN {knn:.1} %, "));
    let collapsed = if result.collapsed { ", collapsed" } else { "" };
    format!(
        "{knn}loss {:.2}, std·√d {:.2}{collapsed} ({:.0} s)",
        result.trained.loss, result.trained.std, result.seconds
    )
}

fn minutes(seconds: f64) -> String {
    let minutes = (seconds / 60.0).ceil() as u64;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

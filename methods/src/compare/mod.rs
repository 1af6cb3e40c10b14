//! All methods side by side: each with its recipe over several seeds, and once without what keeps
//! it from collapsing.

mod table;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

pub use self::table::{Comparison, Line};

use crate::ablate::scale;
use crate::probe::{Asked, Evaluation};
use crate::registry::METHODS;
use crate::report::RunResult;
use crate::series::{self, Job, Outcome};
use crate::train::{RunError, Settings, SettingsError};

/// What takes a method's protection away, as `--set` takes it. Every method has a row.
pub const PROTECTIONS: &[(&str, &[&str])] = &[
    ("simclr", &["negatives=false"]),
    ("moco-v2", &["negatives=false"]),
    ("swav", &["equipartition=false"]),
    ("byol", &["predictor=false"]),
    ("simsiam", &["stop_gradient=false"]),
    ("barlow-twins", &["lambda=0"]),
    ("vicreg", &["std_coeff=0"]),
    ("moco-v3", &["negatives=false", "stop_gradient=false"]),
    ("dino", &["centering=false"]),
    ("ibot", &["centering=false"]),
    ("lejepa", &["lambda=0"]),
];

/// What is compared.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The methods by name.
    pub methods: Vec<String>,
    /// Each method trains once for each.
    pub seeds: Vec<u64>,
    /// Whether the recipes are made as small as the rows of [`ablate`](crate::ablate) are.
    pub small: bool,
    /// Changes to every run, as `--set` takes them.
    pub changes: Vec<String>,
    /// The folder of all runs: one that has ended is not run again, one that was stopped goes on.
    pub folder: PathBuf,
    /// How many runs are trained side by side. Memory is told only of runs that had the process to
    /// themselves.
    pub at_once: usize,
}

impl Plan {
    /// All methods with three seeds.
    pub fn all(folder: PathBuf) -> Self {
        let methods = METHODS.iter().map(|&name| name.to_owned()).collect();
        Plan {
            methods,
            seeds: vec![0, 1, 2],
            small: false,
            changes: Vec::new(),
            folder,
            at_once: 1,
        }
    }

    fn folder(&self, method: &str, suffix: &str) -> PathBuf {
        self.folder.join(format!("{method}-{suffix}"))
    }

    /// Seed by seed, so that a plan that is stopped has something of every method; then the runs
    /// without protection, with the first seed.
    fn jobs(&self) -> Result<Vec<Job>, SettingsError> {
        let mut jobs = Vec::new();
        for seed in &self.seeds {
            for method in &self.methods {
                let folder = self.folder(method, &format!("s{seed}"));
                jobs.push(self.job(method, *seed, &[], folder)?);
            }
        }
        for method in &self.methods {
            let folder = self.folder(method, "off");
            jobs.push(self.job(method, self.seeds[0], protection(method), folder)?);
        }
        Ok(jobs)
    }

    fn job(
        &self,
        method: &str,
        seed: u64,
        off: &[&str],
        folder: PathBuf,
    ) -> Result<Job, SettingsError> {
        let mut settings = Settings::named(method)?.set(&format!("seed={seed}"))?;
        let scale = if self.small { scale(method) } else { Vec::new() };
        let changes = scale.iter().chain(&self.changes).map(String::as_str);
        for change in changes.chain(off.iter().copied()) {
            settings = settings.set(change)?;
        }
        Ok(Job { folder, settings })
    }

    /// Runs what has not been run, measures it, and puts all results together; `None` where `stop`
    /// was set on the way.
    ///
    /// # Errors
    /// Where a setting makes no sense, or a run fails.
    pub fn run(&self, stop: &AtomicBool) -> Result<Option<Comparison>, RunError> {
        let jobs = self.jobs()?;
        if !series::run(&jobs, self.at_once, stop)? {
            return Ok(None);
        }
        let (protected, bare) = jobs.split_at(self.seeds.len() * self.methods.len());
        let mut lines = Vec::new();
        for without in bare {
            let method = &without.settings.run.method;
            let own = protected.iter().filter(|job| job.settings.run.method == *method);
            let runs = own.map(ended).collect::<Result<Vec<_>, _>>()?;
            let mut line = Line::of(&runs, without.outcome()?, method, protection(method));
            if self.at_once > 1 {
                line.megabytes.clear(); // of all that ran side by side
            }
            lines.push(line);
        }
        let (seeds, changes) = (self.seeds.clone(), self.changes.clone());
        Ok(Some(Comparison { lines, seeds, changes }))
    }
}

/// A run that came to its end.
struct Ran {
    result: Box<RunResult>,
    evaluation: Evaluation,
    epochs: usize,
}

/// A run's result and evaluation; `None` where it diverged.
fn ended(job: &Job) -> Result<Option<Ran>, RunError> {
    let Some(Outcome::Ended(result)) = job.outcome()? else { return Ok(None) };
    let asked = Asked { linear: true, localise: true, attention: true };
    let (evaluation, epochs) = (job.evaluation(asked)?, job.settings.run.epochs);
    Ok(Some(Ran { result, evaluation, epochs }))
}

/// The changes that take a method's protection away.
fn protection(method: &str) -> &'static [&'static str] {
    PROTECTIONS.iter().find(|(name, _)| *name == method).map_or(&[], |(_, changes)| changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_a_protection_that_can_be_taken_away() {
        let plan = Plan::all("compare".into());
        let jobs = plan.jobs().unwrap();
        assert_eq!(jobs.len(), 4 * METHODS.len());
        for (job, method) in jobs[3 * METHODS.len()..].iter().zip(METHODS) {
            let usual = Settings::named(method).unwrap();
            assert_ne!(job.settings.method, usual.method, "{method}");
        }
        let small = Plan { small: true, ..plan }.jobs().unwrap();
        assert!(small.iter().zip(&jobs).all(|(small, job)| small.settings != job.settings));
    }
}

//! All methods side by side: each with its recipe over several seeds, and once without what keeps
//! it from collapsing.

mod table;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

pub use self::table::{Comparison, Line};

use crate::registry::METHODS;
use crate::report::RunResult;
use crate::train::{Ended, RunError, Settings, SettingsError, Start, Trainer};

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
    /// Changes to every run, as `--set` takes them.
    pub changes: Vec<String>,
    /// The folder of all runs: one that has ended is not run again, one that was stopped goes on.
    pub folder: PathBuf,
}

/// One run of a plan.
struct Job {
    method: String,
    folder: PathBuf,
    settings: Settings,
}

impl Plan {
    /// All methods with three seeds.
    pub fn all(folder: PathBuf) -> Self {
        let methods = METHODS.iter().map(|&name| name.to_owned()).collect();
        Plan { methods, seeds: vec![0, 1, 2], changes: Vec::new(), folder }
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
        for change in self.changes.iter().map(String::as_str).chain(off.iter().copied()) {
            settings = settings.set(change)?;
        }
        Ok(Job { method: method.to_owned(), folder, settings })
    }

    /// Runs what has not been run, and puts all results together; `None` where `stop` was set on
    /// the way. `tell` is called with a line before each run.
    ///
    /// # Errors
    /// Where a setting makes no sense, or a run fails.
    pub fn run(
        &self,
        stop: &AtomicBool,
        mut tell: impl FnMut(&str),
    ) -> Result<Option<Comparison>, RunError> {
        let jobs = self.jobs()?;
        let (begun, mut ran) = (Instant::now(), 0);
        for (i, job) in jobs.iter().enumerate() {
            if job.result_path().exists() {
                continue;
            }
            let left = match ran {
                0 => String::new(),
                ran => format!(
                    ", about {} left",
                    words(begun.elapsed() / ran * (jobs.len() - i) as u32)
                ),
            };
            tell(&format!("run {} of {}: {}{left}", i + 1, jobs.len(), job.folder.display()));
            if !job.run(stop)? {
                return Ok(None);
            }
            ran += 1;
        }
        let result = |job: &Job| RunResult::read(&job.result_path()).map_err(RunError::from);
        let (protected, bare) = jobs.split_at(self.seeds.len() * self.methods.len());
        let mut lines = Vec::new();
        for without in bare {
            let own = protected.iter().filter(|job| job.method == without.method);
            let runs = own.map(result).collect::<Result<Vec<_>, _>>()?;
            lines.push(Line::of(&runs, &result(without)?, protection(&without.method)));
        }
        Ok(Some(Comparison { lines, seeds: self.seeds.clone(), changes: self.changes.clone() }))
    }
}

impl Job {
    fn result_path(&self) -> PathBuf {
        self.folder.join("result.json")
    }

    /// Whether the run came to its end.
    fn run(&self, stop: &AtomicBool) -> Result<bool, RunError> {
        let (settings, start) = match has_begun(&self.folder) {
            true => (Settings::of_run(&self.folder.join("config.toml"))?, Start::Newest),
            false => (self.settings.clone(), Start::Anew),
        };
        let trainer = Trainer::new(settings, &self.folder, start, false)?;
        Ok(!matches!(trainer.run(stop)?, Ended::Stopped { .. }))
    }
}

fn has_begun(folder: &Path) -> bool {
    folder.join("config.toml").exists()
}

/// The changes that take a method's protection away.
fn protection(method: &str) -> &'static [&'static str] {
    PROTECTIONS.iter().find(|(name, _)| *name == method).map_or(&[], |(_, changes)| changes)
}

fn words(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60);
    if minutes < 60 {
        format!("{minutes} min")
    } else {
        format!("{} h {} min", minutes / 60, minutes % 60)
    }
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
    }
}

//! The papers' tables asked again: each row a few switches, trained with several seeds.
//!
//! A [`Topic`] is data: rows, the published numbers, and the papers' claims. A [`Plan`] trains the
//! rows, and an [`Ablation`] holds what came of them, with a word for each claim.

mod dots;
mod lines;
mod measure;
mod outcome;
mod picture;
mod supervised;
mod table;
mod topic;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

pub use self::outcome::{Ablation, GroupOutcome, Judged, RowOutcome, Spread, Word};
pub use self::topic::{Claim, Group, Row, Topic, scale, topics};

use self::measure::Ran;
use crate::series::{self, Job};
use crate::train::{RunError, Settings, SettingsError};

/// What is to be trained for one topic.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The topic's name.
    pub name: String,
    /// What it asks.
    pub topic: Topic,
    /// Each row trains once with each.
    pub seeds: Vec<u64>,
    /// Changes to every run, as `--set` takes them.
    pub changes: Vec<String>,
    /// The folder of all runs and of the outcome.
    pub folder: PathBuf,
    /// How many runs are trained side by side.
    pub at_once: usize,
}

impl Plan {
    /// The settings of a row with a seed.
    fn settings(&self, group: &Group, row: &Row, seed: u64) -> Result<Settings, SettingsError> {
        let mut settings = Settings::named(&group.method)?;
        let changes = scale(&group.method).into_iter().chain(self.changes.clone());
        for change in changes.chain(group.set.clone()).chain(row.set.clone()) {
            settings = settings.set(&change)?;
        }
        settings.set(&format!("seed={seed}"))
    }

    /// The run of a row with a seed. Rows of several groups that are the same run share a folder.
    fn job(&self, group: &Group, row: &Row, seed: u64) -> Result<Job, SettingsError> {
        let changes = group.set.iter().chain(&row.set);
        let words: Vec<String> =
            changes.map(|change| change.replace(['"', ' ', '/'], "")).collect();
        let name = [vec![group.method.clone()], words, vec![format!("s{seed}")]].concat().join("_");
        Ok(Job { folder: self.folder.join(name), settings: self.settings(group, row, seed)? })
    }

    /// All runs, seed by seed: a table that is stopped has something of every row.
    fn jobs(&self) -> Result<Vec<Job>, SettingsError> {
        let mut jobs: Vec<Job> = Vec::new();
        for &seed in &self.seeds {
            for group in &self.topic.groups {
                for row in &group.rows {
                    let job = self.job(group, row, seed)?;
                    if !jobs.contains(&job) {
                        jobs.push(job);
                    }
                }
            }
        }
        Ok(jobs)
    }

    /// Trains what has not been trained, and puts the table together; `None` where `stop` was set
    /// on the way.
    ///
    /// # Errors
    /// Where a setting makes no sense, or a run fails otherwise than by diverging.
    pub fn run(&self, stop: &AtomicBool) -> Result<Option<Ablation>, RunError> {
        if !series::run(&self.jobs()?, self.at_once, stop)? {
            return Ok(None);
        }
        let mut groups = Vec::new();
        for group in &self.topic.groups {
            let mut rows = Vec::new();
            for row in &group.rows {
                let mut runs = Vec::new();
                for &seed in &self.seeds {
                    let job = self.job(group, row, seed)?;
                    runs.push(Ran::read(&job, &group.measures(&self.topic.claims))?);
                }
                rows.push((row, runs));
            }
            groups.push((group, rows));
        }
        Ok(Some(Ablation::of(self, groups)))
    }
}

impl Group {
    /// Whatever has to be known of its runs: its columns, and what the claims say of its rows.
    fn measures<'a>(&'a self, claims: &'a [Claim]) -> Vec<&'a str> {
        let mut measures: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        for claim in claims {
            for row in [&claim.more, &claim.less] {
                let (row, measure) = row.split_once('@').unwrap_or((row, &claim.measure));
                if row.split('.').next() == Some(&self.key) {
                    measures.push(measure);
                }
            }
        }
        measures
    }
}

/// Rows by their keys, as files have them.
type ByKey<T> = BTreeMap<String, T>;

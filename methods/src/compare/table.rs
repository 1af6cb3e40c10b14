//! What a comparison comes to, as a table.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::report::{ReportError, RunResult, write_json, write_whole};

/// Results of several methods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The seeds of the runs with protection.
    pub seeds: Vec<u64>,
    /// What differed from the methods' recipes in all runs.
    pub changes: Vec<String>,
    /// A line a method.
    pub lines: Vec<Line>,
}

/// The results of one method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its name.
    pub method: String,
    /// k-NN accuracy in percent before training, a value a seed.
    pub untrained: Vec<f64>,
    /// k-NN accuracy in percent after it.
    pub knn: Vec<f64>,
    /// `std·√d` of what the loss compares, after training.
    pub std: Vec<f64>,
    /// Its RankMe.
    pub rankme: Vec<f64>,
    /// Seconds of training.
    pub seconds: Vec<f64>,
    /// What was changed to take the protection away.
    pub off: String,
    /// k-NN without it, with the first seed.
    pub off_knn: Option<f64>,
    /// `std·√d` without it.
    pub off_std: f64,
    /// RankMe without it.
    pub off_rankme: f64,
    /// The first step of the collapse, where the run saw one.
    pub off_since: Option<u64>,
}

impl Line {
    /// The line of a method's runs, and of the one without protection.
    pub(super) fn of(runs: &[RunResult], off: &RunResult, changes: &[&str]) -> Self {
        let each = |f: fn(&RunResult) -> f64| runs.iter().map(f).collect();
        Line {
            method: off.method.clone(),
            untrained: each(|run| run.untrained.knn.unwrap_or(f64::NAN)),
            knn: each(|run| run.trained.knn.unwrap_or(f64::NAN)),
            std: each(|run| run.trained.std),
            rankme: each(|run| run.trained.rankme),
            seconds: each(|run| run.seconds),
            off: changes.join(" "),
            off_knn: off.trained.knn,
            off_std: off.trained.std,
            off_rankme: off.trained.rankme,
            off_since: off.collapsed_since_step,
        }
    }

    /// Points of k-NN that training has brought, on average.
    pub fn gain(&self) -> f64 {
        mean(&self.knn) - mean(&self.untrained)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

impl Comparison {
    /// As a Markdown table, which reads well as it stands, too.
    pub fn markdown(&self) -> String {
        const HEAD: &str = "| method | k-NN untrained, % | trained (each seed) | points | std·√d | RankMe | seconds | protection off | k-NN | std·√d | RankMe | collapsed since step |\n|---|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|---:|\n";
        self.lines.iter().fold(HEAD.to_owned(), |text, line| text + &line.markdown())
    }

    /// Writes `table.md` and `table.json`.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        write_json(&folder.join("table.json"), self)?;
        let path = folder.join("table.md");
        write_whole(&path, self.markdown().as_bytes())
            .map_err(|source| ReportError::Write { path, source })
    }
}

impl Line {
    fn markdown(&self) -> String {
        let seeds: Vec<String> = self.knn.iter().map(|knn| format!("{knn:.1}")).collect();
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        format!(
            "| {} | {:.1} | {:.1} ({}) | {:+.1} | {:.2} | {:.1} | {:.0} | `{}` | {} | {:.2} | {:.1} | {} |\n",
            self.method,
            mean(&self.untrained),
            mean(&self.knn),
            seeds.join(", "),
            self.gain(),
            mean(&self.std),
            mean(&self.rankme),
            mean(&self.seconds),
            self.off,
            or_dash(self.off_knn.map(|knn| format!("{knn:.1}"))),
            self.off_std,
            self.off_rankme,
            or_dash(self.off_since.map(|step| step.to_string())),
        )
    }
}

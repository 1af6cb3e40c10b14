//! What a comparison comes to, as a table.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Ran;
use crate::probe::NetworkMeasures;
use crate::report::{ReportError, RunResult, number, write_json, write_whole};
use crate::series::Outcome;

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

/// The results of one method. Lists have a value a seed, without the runs that diverged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its name.
    pub method: String,
    /// k-NN accuracy in percent before training.
    pub untrained: Vec<f64>,
    /// k-NN accuracy in percent after it.
    pub knn: Vec<f64>,
    /// The accuracy of a linear probe in percent.
    pub linear: Vec<f64>,
    /// The intersection over union of boxes that a linear map finds, in percent.
    pub boxes: Vec<f64>,
    /// The Jaccard index of pixels that a linear classifier finds, in percent.
    pub masks: Vec<f64>,
    /// The Jaccard index of the best attention head's, in percent.
    pub attention: Vec<f64>,
    /// `std·√d` of what the loss compares, after training.
    pub std: Vec<f64>,
    /// Its RankMe.
    pub rankme: Vec<f64>,
    /// Seconds of training.
    pub seconds: Vec<f64>,
    /// Seconds of an epoch.
    pub epoch_seconds: Vec<f64>,
    /// The most memory that the process has held, in megabytes.
    pub megabytes: Vec<f64>,
    /// What was changed to take the protection away.
    pub off: String,
    /// k-NN without it, with the first seed.
    pub off_knn: Option<f64>,
    /// `std·√d` without it; none where that run diverged.
    pub off_std: Option<f64>,
    /// RankMe without it.
    pub off_rankme: Option<f64>,
    /// The first step of the collapse, where the run saw one.
    pub off_since: Option<u64>,
}

impl Line {
    /// The line of a method's runs, and of the one without protection.
    pub(super) fn of(
        runs: &[Option<Ran>],
        off: Option<Outcome>,
        method: &str,
        changes: &[&str],
    ) -> Self {
        let each = |f: &dyn Fn(&Ran) -> Option<f64>| runs.iter().flatten().filter_map(f).collect();
        let result = |f: fn(&RunResult) -> f64| each(&|run| Some(f(&run.result)));
        let percent = |f: fn(&NetworkMeasures) -> Option<f64>| {
            each(&|run| f(&run.evaluation.trained).map(|share| 100.0 * share))
        };
        let off = match off {
            Some(Outcome::Ended(result)) => Some(result),
            _ => None,
        };
        Line {
            method: method.to_owned(),
            untrained: each(&|run| run.result.untrained.knn),
            knn: each(&|run| run.result.trained.knn),
            linear: each(&|run| Some(run.evaluation.trained.linear.as_ref()?.accuracy)),
            boxes: percent(|network| Some(network.boxes?.iou)),
            masks: percent(|network| network.masks),
            attention: percent(|network| Some(network.attention.as_ref()?.best_head)),
            std: result(|run| run.trained.std),
            rankme: result(|run| run.trained.rankme),
            seconds: result(|run| run.seconds),
            epoch_seconds: each(&|run| Some(run.result.seconds / run.epochs as f64)),
            megabytes: each(&|run| Some(run.result.peak_bytes? as f64 / 1e6)),
            off: changes.join(" "),
            off_knn: off.as_ref().and_then(|off| off.trained.knn),
            off_std: off.as_ref().map(|off| off.trained.std),
            off_rankme: off.as_ref().map(|off| off.trained.rankme),
            off_since: off.and_then(|off| off.collapsed_since_step),
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
    /// As two Markdown tables, which read well as they stand, too.
    pub fn markdown(&self) -> String {
        format!("{}\n{}", self.learned(), self.off())
    }

    /// What each method has learned.
    fn learned(&self) -> String {
        let heads = [
            "k-NN untrained, %",
            "trained (each seed)",
            "points",
            "linear probe, %",
            "boxes, IoU %",
            "masks, Jaccard %",
            "attention, Jaccard %",
            "std·√d",
            "RankMe",
            "s an epoch",
            "MB",
        ];
        let head =
            format!("| method | {} |\n|---|{}\n", heads.join(" | "), "---:|".repeat(heads.len()));
        self.lines.iter().fold(head, |text, line| text + &line.learned())
    }

    /// What happens without the protection.
    fn off(&self) -> String {
        let head = "| method | protection off | k-NN, % | std·√d | RankMe | collapsed since step |\n\
                    |---|---|---:|---:|---:|---:|\n";
        self.lines.iter().fold(head.to_owned(), |text, line| text + &line.off())
    }

    /// Writes `table.md`, its halves `learned.md` and `off.md`, and `table.json`.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        write_json(&folder.join("table.json"), self)?;
        let texts =
            [("table.md", self.markdown()), ("learned.md", self.learned()), ("off.md", self.off())];
        for (name, text) in texts {
            let path = folder.join(name);
            write_whole(&path, text.as_bytes()).map_err(ReportError::write(&path))?;
        }
        Ok(())
    }
}

impl Line {
    fn learned(&self) -> String {
        let seeds: Vec<String> = self.knn.iter().map(|knn| format!("{knn:.1}")).collect();
        let usual = format!(
            "| {} | {} | {} ({}) | {} |",
            self.method,
            number(mean(&self.untrained), 1),
            number(mean(&self.knn), 1),
            seeds.join(", "),
            number(self.gain(), 1)
        );
        let measures = [
            (&self.linear, 1),
            (&self.boxes, 1),
            (&self.masks, 1),
            (&self.attention, 1),
            (&self.std, 2),
            (&self.rankme, 1),
            (&self.epoch_seconds, 1),
            (&self.megabytes, 0),
        ];
        let cells = measures.map(|(values, decimals)| number(mean(values), decimals));
        format!("{usual} {} |\n", cells.join(" | "))
    }

    fn off(&self) -> String {
        let cells = [(self.off_knn, 1), (self.off_std, 2), (self.off_rankme, 1)]
            .map(|(value, decimals)| number(value.unwrap_or(f64::NAN), decimals));
        let since = self.off_since.map_or_else(|| "–".to_owned(), |step| step.to_string());
        format!("| {} | `{}` | {} | {since} |\n", self.method, self.off, cells.join(" | "))
    }
}

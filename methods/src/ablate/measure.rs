//! What can be asked of a run that has ended, by name.

use super::supervised::{self, ATTENTION};
use crate::probe::NetworkMeasures;
use crate::report::{GRADIENT_NORM, Metrics, RunResult, read_metrics};
use crate::series::{Job, Outcome};
use crate::train::RunError;

/// A run and its records.
pub(super) struct Ran {
    /// `None` where it diverged.
    pub(super) result: Option<RunResult>,
    pub(super) metrics: Vec<Metrics>,
    /// Those of [`JACCARD`].
    jaccard: [f64; 3],
}

/// The Jaccard index of the best attention head and the objects' masks, in percent, computed only for
/// tables that ask for it: of the trained network, of the same before training, and of one that was
/// trained with labels instead.
const JACCARD: [&str; 3] = ["jaccard", "untrained jaccard", "supervised jaccard"];

impl Ran {
    /// Reads what a run has left, and measures its attention if that is among `measures`.
    pub(super) fn read(job: &Job, measures: &[&str]) -> Result<Self, RunError> {
        let result = match job.outcome()? {
            Some(Outcome::Ended(result)) => Some(*result),
            _ => None,
        };
        let metrics = job.folder.join("metrics.jsonl");
        let metrics = if metrics.exists() { read_metrics(&metrics)? } else { Vec::new() };
        let jaccard = match result.is_some() && measures.iter().any(|name| JACCARD.contains(name)) {
            true => jaccard(job)?,
            false => [f64::NAN; 3],
        };
        Ok(Ran { result, metrics, jaccard })
    }

    /// A measure by its name; NaN where the run has none, as one that diverged.
    pub(super) fn measure(&self, name: &str) -> f64 {
        let Some(result) = &self.result else { return f64::NAN };
        let value = match name {
            "knn" => result.trained.knn,
            "untrained" => result.untrained.knn,
            "loss" => Some(result.trained.loss),
            "std" => Some(result.trained.std),
            "rankme" => Some(result.trained.rankme),
            "collapsed" => Some(f64::from(u8::from(result.collapsed))),
            "seconds" => Some(result.seconds),
            "dip" => Some(self.dip()),
            "jaccard" => Some(self.jaccard[0]),
            "untrained jaccard" => Some(self.jaccard[1]),
            "supervised jaccard" => Some(self.jaccard[2]),
            _ => self.watched(name),
        };
        value.unwrap_or(f64::NAN)
    }

    /// A measure over the epochs: points of epoch and value.
    pub(super) fn course(&self, name: &str) -> Vec<(f64, f64)> {
        if name == "knn" {
            return self.knn();
        }
        let value = |m: &Metrics| match name {
            "loss" => Some(m.loss),
            "std" => Some(m.std),
            "rankme" => m.rankme,
            _ => m.watched.get(name).copied(),
        };
        self.metrics.iter().filter_map(|m| Some((m.epoch as f64, value(m)?))).collect()
    }

    /// k-NN over the epochs: the untrained network's, those on the way, the trained one's.
    fn knn(&self) -> Vec<(f64, f64)> {
        let ends = |f: fn(&RunResult) -> Option<f64>| self.result.as_ref().and_then(f);
        let last = self.metrics.last().map_or(0, |m| m.epoch);
        let on_the_way = self.metrics.iter().map(|m| (m.epoch, m.knn));
        let before = [(0, ends(|result| result.untrained.knn))];
        let after = [(last, ends(|result| result.trained.knn))];
        let all = before.into_iter().chain(on_the_way).chain(after);
        all.filter_map(|(epoch, knn)| Some((epoch as f64, knn?))).collect()
    }

    /// What the method told of its steps: the largest of gradient norms, the last of the rest.
    fn watched(&self, name: &str) -> Option<f64> {
        let mut values = self.metrics.iter().filter_map(|m| m.watched.get(name).copied());
        match name.starts_with(GRADIENT_NORM) {
            true => values.reduce(f64::max),
            false => values.next_back(),
        }
    }

    /// How far k-NN has fallen at most below what it had reached before, in points.
    fn dip(&self) -> f64 {
        let fall = |(highest, deepest): (f64, f64), (_, knn): (f64, f64)| {
            (highest.max(knn), deepest.max(highest - knn))
        };
        self.knn().into_iter().fold((0.0, 0.0), fall).1
    }
}

/// What stands at the head of a measure's column.
pub(super) fn heading(name: &str) -> String {
    match name {
        "knn" => "k-NN, %".to_owned(),
        "std" => "std·√d".to_owned(),
        "rankme" => "RankMe".to_owned(),
        "dip" => "deepest dip of k-NN, points".to_owned(),
        "jaccard" => "Jaccard of attention, %".to_owned(),
        "untrained jaccard" => "… untrained".to_owned(),
        "supervised jaccard" => "… trained with labels".to_owned(),
        "kl" => "KL, nats".to_owned(),
        "entropy" => "entropy of the target, nats".to_owned(),
        other => match other.strip_prefix(GRADIENT_NORM) {
            Some(layer) => format!("largest gradient norm of `{layer}`"),
            None => other.to_owned(),
        },
    }
}

/// How well attention covers the objects, as [`JACCARD`] lists it.
fn jaccard(job: &Job) -> Result<[f64; 3], RunError> {
    let evaluation = job.evaluation(ATTENTION)?;
    let supervised = supervised::evaluation(job)?;
    let best = |network: &NetworkMeasures| {
        network.attention.as_ref().map_or(f64::NAN, |attention| 100.0 * attention.best_head)
    };
    Ok([&evaluation.trained, &evaluation.untrained, &supervised.trained].map(best))
}

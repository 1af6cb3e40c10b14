//! What the measurements of a run have said so far: its best state, and whether it collapses.

use crate::evaluate::{Point, Verdict};
use crate::report::{Best, Metrics};

/// So many measurements in a row have to find a collapse before it ends a run: networks fall low
/// early and climb back.
const PATIENCE: usize = 3;

/// The measurements of a run, in the order of its steps.
pub(super) struct Course {
    points: Vec<Point>,
    full_rank: usize,
    by_knn: bool,
    best: Option<Best>,
    collapsed: usize,
}

/// What a measurement has changed.
#[derive(Debug, PartialEq)]
pub(super) struct News {
    /// What says that the features have collapsed, and since when.
    pub(super) collapsed: Option<String>,
    /// A line for people, where a collapse begins or ends.
    pub(super) line: Option<String>,
    /// Whether no measurement before was as good.
    pub(super) is_best: bool,
}

impl Course {
    /// The course of a run that has come so far. `full_rank` is the rank that RankMe could reach;
    /// with `by_knn` the best state is the one of the highest k-NN accuracy, else that of the
    /// highest RankMe, which needs no labels (Garrido et al. 2023).
    pub(super) fn of(metrics: &[Metrics], full_rank: usize, by_knn: bool) -> Self {
        let mut course = Course { points: Vec::new(), full_rank, by_knn, best: None, collapsed: 0 };
        for measured in metrics {
            course.take_in(measured);
        }
        course
    }

    /// The course of the same run, as it was after these measurements.
    pub(super) fn again(&self, metrics: &[Metrics]) -> Self {
        Course::of(metrics, self.full_rank, self.by_knn)
    }

    // ANCHOR: take_in
    /// Takes in a measurement.
    pub(super) fn take_in(&mut self, metrics: &Metrics) -> News {
        self.points.push(metrics.into());
        let verdict = self.verdict();
        let step = metrics.step;
        let says = verdict.measure.zip(verdict.since_step);
        let collapsed = says.map(|(measure, since)| format!("{measure} since step {since}"));
        let line = match (&collapsed, self.collapsed) {
            (Some(says), 0) => Some(format!("step {step}: collapsed: {says}")),
            (None, 1..) => Some(format!("step {step}: {}", verdict.words)),
            _ => None,
        };
        self.collapsed = if collapsed.is_some() { self.collapsed + 1 } else { 0 };
        let value = if self.by_knn { metrics.knn } else { metrics.rankme };
        News { collapsed, line, is_best: self.is_best(step, value) }
    }
    // ANCHOR_END: take_in

    /// Whether a value of the measure that the best state is chosen by is the highest so far.
    pub(super) fn is_best(&mut self, step: u64, value: Option<f64>) -> bool {
        let so_far = self.best.as_ref().map_or(f64::NEG_INFINITY, |best| best.value);
        let Some(value) = value.filter(|&value| value > so_far) else { return false };
        let by = if self.by_knn { "k-NN" } else { "RankMe" };
        self.best = Some(Best { step, by: by.to_owned(), value });
        true
    }

    /// The best state so far.
    pub(super) fn best(&self) -> Option<&Best> {
        self.best.as_ref()
    }

    /// Whether the best state is chosen by k-NN.
    pub(super) fn is_by_knn(&self) -> bool {
        self.by_knn
    }

    /// What all measurements together say.
    pub(super) fn verdict(&self) -> Verdict {
        Verdict::of(&self.points, self.full_rank)
    }

    /// Whether the features have collapsed and stayed so.
    pub(super) fn is_lost(&self) -> bool {
        self.collapsed >= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A measurement, 100 steps after the one before.
    fn measured(i: u64, std: f64, knn: Option<f64>) -> Metrics {
        Metrics {
            epoch: i,
            step: 100 * i,
            loss: -0.5,
            chance_loss: 0.0,
            std,
            rankme: Some(20.0 + std),
            knn,
            lr: 0.1,
            images_per_second: 1.0,
            collapsed: None,
            watched: Default::default(),
        }
    }

    #[test]
    fn a_collapse_is_told_when_it_begins_and_when_it_ends() {
        let mut course = Course::of(&[measured(1, 0.9, None)], 128, true);
        let mut step = |i, std| {
            let News { collapsed, line, .. } = course.take_in(&measured(i, std, None));
            (collapsed.unwrap_or_default(), line.unwrap_or_default(), course.is_lost())
        };
        let says = "std·√d 0.30 < 0.5 since step 200";
        assert_eq!(step(2, 0.3), (says.into(), format!("step 200: collapsed: {says}"), false));
        assert_eq!(step(3, 0.3), (says.into(), String::new(), false));
        assert_eq!(step(4, 0.3), (says.into(), String::new(), true));
        let ended = "step 500: no collapse: std·√d 0.80, RankMe 20.8 of 128";
        assert_eq!(step(5, 0.8), (String::new(), ended.into(), false));
        assert_eq!(step(6, 0.8), Default::default());
    }

    #[test]
    fn the_best_is_the_first_of_the_highest() {
        let with = |by_knn, values: &[(f64, Option<f64>)]| {
            let metrics: Vec<Metrics> = (values.iter().enumerate())
                .map(|(i, &(std, knn))| measured(i as u64 + 1, std, knn))
                .collect();
            let best = Course::of(&metrics, 128, by_knn).best().cloned();
            best.map(|best| (best.step, best.by, best.value))
        };
        let knn = [(0.9, Some(50.0)), (0.8, Some(60.0)), (0.7, None), (0.6, Some(60.0))];
        assert_eq!(with(true, &knn), Some((200, "k-NN".into(), 60.0)));
        assert_eq!(with(false, &knn), Some((100, "RankMe".into(), 20.9)));
        assert_eq!(with(true, &[(0.9, None)]), None);
        assert_eq!(with(false, &[(f64::NAN, None)]), None);
    }
}

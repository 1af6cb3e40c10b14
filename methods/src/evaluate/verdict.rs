//! Has the network collapsed, since when, and which measure says so?

use std::fmt::{Display, Formatter, Result as FmtResult};

/// Below this `std·√d` the features have collapsed.
///
/// Healthy runs stay at 0.8 to 1 (SimSiam, figure 2: about 1). Without the stop-gradient the value
/// falls to 0 in the paper, but only to about 0.3 in small runs, where the BatchNorm at the
/// projector's output keeps a rest of spread: 0.5 stands between.
pub const COLLAPSED_STD: f64 = 0.5;

/// From this `std·√d` on the features are spread well, whatever the loss.
pub const HEALTHY_STD: f64 = 0.8;

/// Below this loss, with less spread than [`HEALTHY_STD`], the features have collapsed.
///
/// Only the negative cosine gets here (its floor is −1). A loss this low is no fault in itself, as
/// long training reaches it; together with a shrinking spread it is the shortcut to a constant.
pub const COLLAPSED_LOSS: f64 = -0.9;

/// Below this RankMe the features lie on a line, in whatever number of dimensions.
///
/// `std·√d` does not see such a collapse: vectors ±v have the full spread in every channel.
pub const COLLAPSED_RANK: f64 = 1.5;

/// Below this share of the possible rank the features have collapsed onto a few dimensions.
///
/// Features that do no more than tell classes apart need one dimension a class, so the share is
/// kept low enough that a handful of classes passes in a wide network.
pub const COLLAPSED_RANK_SHARE: f64 = 0.01;

/// Measurements before this step are not judged: batch norms are measured by their running
/// statistics, which keep a tenth of each batch and so need some fifty steps to forget their
/// first values.
pub const FIRST_JUDGED_STEP: u64 = 50;

/// What was measured at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Optimiser steps taken.
    pub step: u64,
    /// The training loss.
    pub loss: f64,
    /// `std·√d` of the features ([`FeatureStd::ratio`](super::FeatureStd::ratio)).
    pub std: f64,
    /// [`rankme`](super::rankme) of the features, where it was taken.
    pub rankme: Option<f64>,
}

/// A measure and the limit that it has fallen under.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// `std·√d` is below [`COLLAPSED_STD`].
    Std {
        /// What was measured.
        value: f64,
    },
    /// RankMe is below [`COLLAPSED_RANK`] or [`COLLAPSED_RANK_SHARE`].
    RankMe {
        /// What was measured.
        value: f64,
        /// The limit for this number of dimensions.
        limit: f64,
    },
    /// The loss is below [`COLLAPSED_LOSS`] and `std·√d` below [`HEALTHY_STD`].
    Loss {
        /// What was measured.
        value: f64,
        /// `std·√d` with it.
        std: f64,
    },
}

impl Measure {
    // ANCHOR: measure
    /// The first measure that calls `point` collapsed, in features that can reach rank `full_rank`.
    fn of(point: &Point, full_rank: usize) -> Option<Self> {
        let limit = COLLAPSED_RANK.max(COLLAPSED_RANK_SHARE * full_rank as f64);
        let Point { loss, std, rankme, .. } = *point;
        match rankme {
            _ if std < COLLAPSED_STD => Some(Self::Std { value: std }),
            Some(value) if value < limit => Some(Self::RankMe { value, limit }),
            _ if loss < COLLAPSED_LOSS && std < HEALTHY_STD => {
                Some(Self::Loss { value: loss, std })
            }
            _ => None,
        }
    }
    // ANCHOR_END: measure
}

impl Display for Measure {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        match self {
            Self::Std { value } => write!(f, "std·√d {value:.2} < {COLLAPSED_STD}"),
            Self::RankMe { value, limit } => write!(f, "RankMe {value:.1} < {limit:.1}"),
            Self::Loss { value, std } => {
                write!(f, "loss {value:.2} < {COLLAPSED_LOSS} with std·√d {std:.2} < {HEALTHY_STD}")
            }
        }
    }
}

/// What a run's measurements say of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether the run ended collapsed. A network that collapsed and climbed back has not.
    pub collapsed: bool,
    /// The first step of the last unbroken stretch of collapsed measurements, when the run ended
    /// in one.
    pub since_step: Option<u64>,
    /// The measure that says so, at the last step.
    pub measure: Option<Measure>,
    /// The verdict in words: `collapsed: std·√d 0.12 < 0.5 since step 640`.
    pub words: String,
}

impl Verdict {
    /// Judges measurements in the order of their steps. `full_rank` is the rank that RankMe could
    /// reach: the smaller of the number of features measured and their length.
    ///
    /// A run whose last loss is not a number has diverged: that is said in words and is no
    /// collapse.
    pub fn of(points: &[Point], full_rank: usize) -> Self {
        let Some(last) = points.last() else {
            return Self::not_collapsed("not judged: nothing was measured".into());
        };
        if diverged(last) {
            let since = start_of_last_stretch(points, diverged);
            return Self::not_collapsed(format!(
                "diverged: the loss or the features are not finite since step {since}"
            ));
        }
        if last.step < FIRST_JUDGED_STEP {
            return Self::not_collapsed(format!(
                "not judged: {} steps are too few to tell, expected {FIRST_JUDGED_STEP}",
                last.step
            ));
        }
        if let Some(measure) = Measure::of(last, full_rank) {
            let since = start_of_last_stretch(points, |point| {
                point.step >= FIRST_JUDGED_STEP && Measure::of(point, full_rank).is_some()
            });
            return Self {
                collapsed: true,
                since_step: Some(since),
                measure: Some(measure),
                words: format!("collapsed: {measure} since step {since}"),
            };
        }
        let rank = last.rankme.map(|rank| format!(", RankMe {rank:.1} of {full_rank}"));
        let rank = rank.unwrap_or_default();
        Self::not_collapsed(format!("no collapse: std·√d {:.2}{rank}", last.std))
    }

    fn not_collapsed(words: String) -> Self {
        Self { collapsed: false, since_step: None, measure: None, words }
    }
}

fn diverged(point: &Point) -> bool {
    !point.loss.is_finite() || !point.std.is_finite()
}

/// The first step of the stretch of points with a property that reaches to the end.
fn start_of_last_stretch(points: &[Point], has: impl Fn(&Point) -> bool) -> u64 {
    points.iter().rev().take_while(|point| has(point)).last().map_or(0, |point| point.step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One point a value of `std·√d`, ten steps apart, with a harmless loss.
    fn series(values: &[f64]) -> Vec<Point> {
        let point = |(i, &std): (usize, &f64)| Point {
            step: 100 + 10 * i as u64,
            loss: -0.5,
            std,
            rankme: Some(20.0),
        };
        values.iter().enumerate().map(point).collect()
    }

    #[test]
    fn a_spread_that_stays_low_is_a_collapse_since_it_fell() {
        let verdict = Verdict::of(&series(&[0.9, 0.7, 0.4, 0.12]), 128);
        assert!(verdict.collapsed);
        assert_eq!(verdict.since_step, Some(120));
        assert_eq!(verdict.measure, Some(Measure::Std { value: 0.12 }));
        assert_eq!(verdict.words, "collapsed: std·√d 0.12 < 0.5 since step 120");
    }

    #[test]
    fn only_the_last_unbroken_stretch_counts() {
        let verdict = Verdict::of(&series(&[0.2, 0.2, 0.9, 0.3, 0.3]), 128);
        assert_eq!(verdict.since_step, Some(130));
        let recovered = Verdict::of(&series(&[0.9, 0.3, 0.2, 0.93]), 128);
        assert!(!recovered.collapsed);
        assert_eq!(recovered.since_step, None);
        assert_eq!(recovered.words, "no collapse: std·√d 0.93, RankMe 20.0 of 128");
    }

    #[test]
    fn a_line_has_full_spread_and_is_found_by_its_rank() {
        let mut points = series(&[0.9, 1.0, 1.0]);
        points[1].rankme = Some(1.2);
        points[2].rankme = Some(1.1);
        let words = Verdict::of(&points, 64).words;
        assert_eq!(words, "collapsed: RankMe 1.1 < 1.5 since step 110");
        // A few dimensions of many are a collapse too, but not a dimension a class.
        points[2].rankme = Some(8.0);
        assert!(Verdict::of(&points, 2048).collapsed);
        assert!(!Verdict::of(&points, 512).collapsed);
    }

    #[test]
    fn a_loss_at_its_floor_is_suspect_only_when_the_spread_shrinks() {
        let mut points = series(&[0.95, 0.95]);
        points[1].loss = -0.97;
        assert!(!Verdict::of(&points, 128).collapsed);
        points[1].std = 0.62;
        let words = Verdict::of(&points, 128).words;
        assert_eq!(words, "collapsed: loss -0.97 < -0.9 with std·√d 0.62 < 0.8 since step 110");
    }

    #[test]
    fn a_loss_that_is_no_number_has_diverged() {
        let mut points = series(&[0.9, 0.9, 0.9]);
        points[1].loss = f64::NAN;
        points[2].loss = f64::NAN;
        let verdict = Verdict::of(&points, 128);
        assert!(!verdict.collapsed);
        let words = "diverged: the loss or the features are not finite since step 110";
        assert_eq!(verdict.words, words);
    }

    #[test]
    fn the_first_steps_are_not_judged() {
        let early: Vec<Point> =
            series(&[0.2]).into_iter().map(|point| Point { step: 8, ..point }).collect();
        let verdict = Verdict::of(&early, 128);
        assert!(!verdict.collapsed);
        assert_eq!(verdict.words, "not judged: 8 steps are too few to tell, expected 50");
    }

    #[test]
    fn without_measurements_there_is_no_verdict() {
        assert_eq!(Verdict::of(&[], 128).words, "not judged: nothing was measured");
        let points: Vec<Point> =
            series(&[0.9]).into_iter().map(|point| Point { rankme: None, ..point }).collect();
        assert_eq!(Verdict::of(&points, 128).words, "no collapse: std·√d 0.90");
    }
}

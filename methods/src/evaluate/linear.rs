//! The linear probe: what do frozen features tell a linear classifier?

use std::collections::HashMap;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use super::features::Features;
use super::logistic::{Logistic, one_hot};

/// The strengths of the regulariser that are tried, from the strongest on.
pub const L2_GRID: [f64; 7] = [1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
/// Of so many training rows of a class, the last is held out to choose the strength by.
pub const HELD_OUT: usize = 5;

/// What a linear probe says of features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearProbe {
    /// The share of test rows that are classified correctly, in percent.
    pub accuracy: f64,
    /// The strength of the regulariser: the one with the best accuracy on the held-out training
    /// rows; of equals, the strongest.
    pub l2: f64,
    /// Accuracy in percent on the held-out training rows, for each strength tried.
    pub sweep: Vec<Tried>,
    /// The length of the gradient where the training on all rows ended …
    pub gradient_norm: f64,
    /// … and its steps.
    pub steps: usize,
}

/// A strength of the regulariser, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// `l2` in `mean cross-entropy + l2 / 2 · ‖W‖²`.
    pub l2: f64,
    /// In percent.
    pub accuracy: f64,
}

/// Features and the class of each row.
pub type Labelled<'f> = (&'f Features, &'f [usize]);

// ANCHOR: probe
/// Trains a [`Logistic`] regression on the training rows, to convergence, and counts how many test
/// rows it classifies correctly. The strength of its regulariser is chosen on every fifth training
/// row of each class, which is held out; then all rows are trained on.
///
/// # Panics
/// Where there is not a label a row, or a label is no class.
#[track_caller]
pub fn linear_probe(train: Labelled, test: Labelled, classes: usize) -> LinearProbe {
    let [seen, unseen] = [false, true].map(|held_out| part(train, held_out));
    let targets = one_hot(&seen.1, classes);
    let tried = |l2: f64| {
        let fit = Logistic::fit(&seen.0, &targets, l2);
        Tried { l2, accuracy: 100.0 * fit.accuracy(&unseen.0, &unseen.1) }
    };
    let sweep: Vec<Tried> = L2_GRID.into_par_iter().map(tried).collect();
    let better = |best: Tried, next: Tried| if next.accuracy > best.accuracy { next } else { best };
    let l2 = sweep.iter().copied().reduce(better).map_or(L2_GRID[0], |best| best.l2);
    let fit = Logistic::fit(train.0, &one_hot(train.1, classes), l2);
    let accuracy = 100.0 * fit.accuracy(test.0, test.1);
    let Logistic { gradient_norm, steps, .. } = fit;
    LinearProbe { accuracy, l2, sweep, gradient_norm, steps }
}
// ANCHOR_END: probe

/// Which rows are held out: of each class every fifth, in whatever order the classes come.
pub(super) fn held_out(labels: &[usize]) -> Vec<bool> {
    let mut seen: HashMap<usize, usize> = HashMap::new();
    let is_fifth = |label: &usize| {
        let count = seen.entry(*label).or_default();
        *count += 1;
        count.is_multiple_of(HELD_OUT)
    };
    labels.iter().map(is_fifth).collect()
}

/// The rows that are held out, or the others.
fn part((features, labels): Labelled, wanted: bool) -> (Features, Vec<usize>) {
    assert_eq!(features.rows, labels.len(), "linear_probe: labels, one a row");
    let held_out = held_out(labels);
    let rows = || (0..features.rows).filter(|&row| held_out[row] == wanted);
    (features.select(rows()), rows().map(|row| labels[row]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between −1 and 1, without a pattern.
    fn noise(i: usize) -> f64 {
        2.0 * ((i as f64 * 12.9898).sin() * 43758.5453).rem_euclid(1.0) - 1.0
    }

    fn cloud(rows: usize, dim: usize, from: usize) -> Features {
        Features::new(rows, dim, (from..from + rows * dim).map(noise).collect())
    }

    #[test]
    fn every_class_is_held_out_and_trained_on() {
        // Ten classes in turn: every fifth row would be of two of them.
        let labels: Vec<usize> = (0..100).map(|row| row % 10).collect();
        let held_out = held_out(&labels);
        for class in 0..10 {
            let of_class = labels.iter().zip(&held_out).filter(|(label, _)| **label == class);
            assert_eq!(of_class.filter(|(_, out)| **out).count(), 2);
        }
    }

    #[test]
    fn what_a_plane_divides_is_told_apart() {
        let labels = |x: &Features| -> Vec<usize> {
            x.iter().map(|x| usize::from(x[0] > x[1]) + usize::from(x[0] > x[1] + 0.7)).collect()
        };
        let (train, test) = (cloud(400, 6, 0), cloud(200, 6, 10_000));
        let (of_train, of_test) = (labels(&train), labels(&test));
        let probe = linear_probe((&train, &of_train), (&test, &of_test), 3);
        assert!(probe.accuracy > 95.0, "{probe:?}");
        assert!(probe.gradient_norm < 1e-6 && probe.l2 < 0.1, "{probe:?}");
        assert_eq!(probe.sweep.len(), L2_GRID.len());
        let chosen = probe.sweep.iter().find(|tried| tried.l2 == probe.l2).expect("it was tried");
        assert!(probe.sweep.iter().all(|tried| tried.accuracy <= chosen.accuracy));
    }

    #[test]
    fn features_without_a_bearing_ask_for_a_strong_regulariser() {
        // More features than rows, and one that tells: without a regulariser the noise is learnt.
        let labels: Vec<usize> = (0..120).map(|row| (noise(70_000 + row) > 0.0).into()).collect();
        let of = |from: usize| {
            let mut x = cloud(120, 200, from);
            for (row, label) in labels.iter().enumerate() {
                x.values[row * 200] += 2.0 * *label as f64;
            }
            x
        };
        let probe = linear_probe((&of(0), &labels), (&of(33_333), &labels), 2);
        assert!(probe.l2 >= 1e-2, "{probe:?}");
        assert!(probe.accuracy > 60.0, "{probe:?}");
    }

    #[test]
    fn constant_features_know_the_largest_class_alone() {
        let x = Features::new(50, 3, vec![2.5; 150]);
        let labels: Vec<usize> = (0..50).map(|row| usize::from(row % 5 == 0)).collect();
        let probe = linear_probe((&x, &labels), (&x, &labels), 2);
        assert!((probe.accuracy - 80.0).abs() < 1e-9, "{probe:?}");
    }
}

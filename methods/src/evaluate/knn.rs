//! The weighted k-nearest-neighbour classifier: what do frozen features know without training?

use std::cmp::Ordering;

use nalgebra::{DMatrix, DMatrixView};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use super::features::{Features, NORM_EPS};

/// Test rows compared with all train rows in one matrix product.
///
/// Fixed, so that the order of summation, and with it every bit of the result, does not depend on
/// the number of threads.
const BLOCK: usize = 64;

/// A row of the train features, as seen from a test row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Its index.
    pub row: usize,
    /// The cosine of the angle between the two.
    pub similarity: f64,
}

/// The `k` most similar train rows of every test row by cosine, the nearest first; of equals, the
/// earlier row. All train rows where there are fewer than `k`.
///
/// Panics when the two have vectors of different lengths.
#[track_caller]
pub fn nearest(train: &Features, test: &Features, k: usize) -> Vec<Vec<Neighbour>> {
    assert_eq!(train.dim, test.dim, "k-NN: train and test features have different lengths");
    let (train, test) = (train.normalized(NORM_EPS), test.normalized(NORM_EPS));
    let train: DMatrix<f64> = train.columns().transpose();
    let blocks = test.values.par_chunks(BLOCK * test.dim);
    let closest_of_block = |block| {
        let block = DMatrixView::from_slice(block, test.dim, block.len() / test.dim);
        let similarity = &train * block;
        let columns = similarity.column_iter().map(|column| closest(column.as_slice(), k));
        columns.collect::<Vec<_>>()
    };
    blocks.map(closest_of_block).collect::<Vec<_>>().into_iter().flatten().collect()
}

/// The `k` largest entries, in falling order.
fn closest(similarities: &[f64], k: usize) -> Vec<Neighbour> {
    let by_rank = |a: &Neighbour, b: &Neighbour| -> Ordering {
        b.similarity.total_cmp(&a.similarity).then(a.row.cmp(&b.row))
    };
    let all = similarities.iter().enumerate();
    let mut found: Vec<_> = all.map(|(row, &similarity)| Neighbour { row, similarity }).collect();
    if k < found.len() {
        found.select_nth_unstable_by(k, by_rank);
        found.truncate(k);
    }
    found.sort_unstable_by(by_rank);
    found
}

/// The weighted k-NN classifier of DINO (section 4.2; `eval_knn.py`, after Wu et al. 2018).
///
/// The `k` nearest train rows each give their class a vote of `exp(similarity / temperature)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knn {
    /// How many neighbours vote.
    pub k: usize,
    /// How quickly a vote fades with the distance.
    pub temperature: f64,
    /// The number of classes.
    pub classes: usize,
}

impl Knn {
    /// DINO's setting: `k` 20 and temperature 0.07.
    pub fn dino(classes: usize) -> Self {
        Self { k: 20, temperature: 0.07, classes }
    }

    /// Lets the train rows vote on every test row.
    ///
    /// Panics when the features' lengths differ, when `labels` is not one a train row, or when a
    /// label is no class.
    #[track_caller]
    pub fn classify(&self, train: &Features, labels: &[usize], test: &Features) -> Votes {
        assert_eq!(labels.len(), train.rows, "k-NN: one label a train row expected");
        let largest = labels.iter().max().copied().unwrap_or(0);
        assert!(largest < self.classes, "k-NN: label {largest} of {} classes", self.classes);
        let neighbours = nearest(train, test, self.k);
        let scores: Vec<Vec<f64>> =
            neighbours.into_par_iter().map(|found| self.vote(&found, labels)).collect();
        let predictions = scores.iter().map(|row| argmax(row)).collect();
        Votes { scores: Features::new(test.rows, self.classes, scores.concat()), predictions }
    }

    // ANCHOR: vote
    /// Every class's share of the votes.
    fn vote(&self, neighbours: &[Neighbour], labels: &[usize]) -> Vec<f64> {
        let mut votes = vec![0.0; self.classes];
        for found in neighbours {
            votes[labels[found.row]] += (found.similarity / self.temperature).exp();
        }
        let total: f64 = votes.iter().sum();
        votes.into_iter().map(|vote| vote / total).collect()
    }
    // ANCHOR_END: vote
}

/// What a [`Knn`] says of every test row.
#[derive(Clone, Debug, PartialEq)]
pub struct Votes {
    /// The share of the votes for each class, `[test rows, classes]`; rows sum to 1.
    pub scores: Features,
    /// The class with the most votes.
    pub predictions: Vec<usize>,
}

impl Votes {
    /// The share of correct predictions, in `[0, 1]`; NaN when there are none.
    ///
    /// Panics unless `labels` has one a prediction.
    #[track_caller]
    pub fn accuracy(&self, labels: &[usize]) -> f64 {
        assert_eq!(labels.len(), self.predictions.len(), "k-NN: one label a test row expected");
        let correct = self.predictions.iter().zip(labels).filter(|(found, label)| found == label);
        correct.count() as f64 / labels.len() as f64
    }
}

/// The index of the first largest entry.
fn argmax(row: &[f64]) -> usize {
    (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
}

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::*;
    use crate::evaluate::golden::Golden;

    /// Eight classes around eight axes, with noise.
    fn clusters(rows: usize, dim: usize, seed: f64) -> (Features, Vec<usize>) {
        let noise = |i: usize| ((i as f64 + seed) * 12.9898).sin();
        let value = |i: usize| f64::from((i / dim) % 8 == i % dim) + 0.3 * noise(i);
        let labels = (0..rows).map(|row| row % 8).collect();
        (Features::new(rows, dim, (0..rows * dim).map(value).collect()), labels)
    }

    #[test]
    fn votes_agree_with_the_goldens() {
        for name in ["knn-k20", "knn-k5"] {
            let case = Golden::open(name);
            let knn = Knn {
                k: case.config("k") as usize,
                temperature: case.config("temperature"),
                classes: case.config("num_classes") as usize,
            };
            let train = case.features("in/train_features");
            let test = case.features("in/test_features");
            let votes = knn.classify(&train, &case.labels("in/train_labels"), &test);
            case.expect("out/scores", &votes.scores.values);
            assert_eq!(votes.predictions, case.labels("out/predictions"));
            case.expect("out/accuracy", &[votes.accuracy(&case.labels("in/test_labels"))]);
        }
    }

    #[test]
    fn clusters_are_told_apart_with_the_same_bits_on_any_number_of_threads() {
        let ((train, labels), (test, truth)) = (clusters(2048, 128, 0.0), clusters(512, 128, 0.5));
        let votes = Knn::dino(8).classify(&train, &labels, &test);
        assert!(votes.accuracy(&truth) > 0.9, "{}", votes.accuracy(&truth));
        let alone = ThreadPoolBuilder::new().num_threads(1).build().expect("a thread pool");
        assert_eq!(votes, alone.install(|| Knn::dino(8).classify(&train, &labels, &test)));
    }

    #[test]
    fn neighbours_come_nearest_first_and_equals_in_order() {
        let train = Features::new(4, 2, vec![0.0, 2.0, 1.0, 1.0, 5.0, 5.0, -1.0, 0.0]);
        let test = Features::new(1, 2, vec![1.0, 1.0]);
        let rows = |k| nearest(&train, &test, k)[0].iter().map(|n| n.row).collect::<Vec<_>>();
        assert_eq!(rows(2), [1, 2]);
        assert_eq!(rows(9), [1, 2, 0, 3]);
    }

    #[test]
    fn features_that_are_not_numbers_are_classified_all_the_same() {
        let (train, labels) = clusters(64, 8, 0.0);
        let broken = Features::new(2, 8, vec![f64::NAN; 16]);
        assert_eq!(Knn::dino(8).classify(&train, &labels, &broken).predictions, [0, 0]);
        assert!(Knn::dino(8).classify(&train, &labels, &train).accuracy(&labels) > 0.9);
    }

    #[test]
    #[should_panic(expected = "k-NN: label 7 of 4 classes")]
    fn a_label_outside_the_classes_is_refused() {
        let (train, labels) = clusters(64, 8, 0.0);
        Knn::dino(4).classify(&train, &labels, &train);
    }
}

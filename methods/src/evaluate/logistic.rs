//! Multinomial logistic regression, trained until its gradient vanishes.

use nalgebra::{DMatrix, DMatrixView};

use super::features::Features;
use super::lbfgs::minimise;
use super::standard::Standard;

/// Training ends where the gradient of the mean loss is no longer than this …
pub const PROBE_TOLERANCE: f64 = 1e-6;
/// … or after so many steps.
const MOST_STEPS: usize = 2000;

/// A linear classifier of feature vectors: `softmax(W x + b)`, of features that are standardised
/// first with the training rows' mean and standard deviation.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    standard: Standard,
    /// `[classes, dim + 1]`, a class after the other, its bias last.
    parameters: Vec<f64>,
    classes: usize,
    /// The length of the gradient where training ended.
    pub gradient_norm: f64,
    /// Steps of the training.
    pub steps: usize,
}

impl Logistic {
    /// The classifier that minimises the mean cross-entropy plus `l2 / 2 · ‖W‖²`; biases are free.
    /// `targets` has a row for each of `train`'s, the share of every class.
    ///
    /// # Panics
    /// Where the numbers of rows differ.
    #[track_caller]
    pub fn fit(train: &Features, targets: &Features, l2: f64) -> Self {
        Logistic::fit_from(train, targets, l2, None)
    }

    /// As [`fit`](Logistic::fit), from where another ended on the same rows.
    #[track_caller]
    pub(super) fn fit_from(
        train: &Features,
        targets: &Features,
        l2: f64,
        start: Option<&Logistic>,
    ) -> Self {
        assert_eq!(train.rows, targets.rows, "Logistic: targets, one a row");
        let standard = Standard::of(train);
        let x = standard.apply(train);
        let classes = targets.dim;
        let start = match start {
            Some(start) => start.parameters.clone(),
            None => vec![0.0; classes * (train.dim + 1)],
        };
        let loss = |parameters: &[f64]| loss(&x, targets, parameters, l2);
        let found = minimise(loss, start, PROBE_TOLERANCE, MOST_STEPS);
        let (gradient_norm, steps) = (found.gradient_norm, found.steps);
        Logistic { standard, parameters: found.x, classes, gradient_norm, steps }
    }

    /// What each class scores for each row, `[rows, classes]`: logarithms of probabilities, up to a
    /// number that all classes of a row share.
    #[track_caller]
    pub fn scores(&self, features: &Features) -> Features {
        let scores = scores(&self.standard.apply(features), &self.parameters);
        Features::new(features.rows, self.classes, scores.as_slice().to_vec())
    }

    /// The share of rows, in `[0, 1]`, whose label has the highest score; NaN without rows.
    #[track_caller]
    pub fn accuracy(&self, features: &Features, labels: &[usize]) -> f64 {
        self.scores(features).hits(labels)
    }
}

/// Targets that are certain: 1 for a row's label, 0 for the others.
///
/// # Panics
/// Where a label is no class.
#[track_caller]
pub fn one_hot(labels: &[usize], classes: usize) -> Features {
    let mut values = vec![0.0; labels.len() * classes];
    for (row, &label) in labels.iter().enumerate() {
        assert!(label < classes, "one_hot: label {label} of {classes} classes");
        values[row * classes + label] = 1.0;
    }
    Features::new(labels.len(), classes, values)
}

/// `[classes, rows]`: a row's scores are a column.
fn scores(x: &Features, parameters: &[f64]) -> DMatrix<f64> {
    let w = DMatrixView::from_slice(parameters, x.dim + 1, parameters.len() / (x.dim + 1));
    let mut scores = w.rows(0, x.dim).transpose() * x.columns();
    let bias = w.row(x.dim).transpose();
    scores.column_iter_mut().for_each(|mut column| column += &bias);
    scores
}

/// The mean cross-entropy plus `l2 / 2 · ‖W‖²`, and its gradient.
fn loss(x: &Features, targets: &Features, parameters: &[f64], l2: f64) -> (f64, Vec<f64>) {
    let rows = x.rows as f64;
    let mut excess = scores(x, parameters);
    let mut value = 0.0;
    for (mut column, target) in excess.column_iter_mut().zip(targets.iter()) {
        let most = column.max();
        let total: f64 = column.iter().map(|score| (score - most).exp()).sum();
        let log_total = most + total.ln();
        for (score, &target) in column.iter_mut().zip(target) {
            value += target * (log_total - *score);
            *score = (*score - log_total).exp() - target;
        }
    }
    let of_weights = x.columns() * excess.transpose() / rows;
    let of_biases = excess.column_sum() / rows;
    let (mut value, mut gradient) = (value / rows, Vec::with_capacity(parameters.len()));
    for (class, weights) in parameters.chunks(x.dim + 1).enumerate() {
        let weights = &weights[..x.dim];
        value += 0.5 * l2 * weights.iter().map(|w| w * w).sum::<f64>();
        let column = of_weights.column(class);
        gradient.extend(column.iter().zip(weights).map(|(g, w)| g + l2 * w));
        gradient.push(of_biases[class]);
    }
    (value, gradient)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(i: usize) -> f64 {
        2.0 * ((i as f64 * 12.9898).sin() * 43758.5453).rem_euclid(1.0) - 1.0
    }

    fn cloud(rows: usize, dim: usize) -> Features {
        Features::new(rows, dim, (0..rows * dim).map(noise).collect())
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let x = cloud(7, 3);
        let labels: Vec<usize> = (0..7).map(|row| row * row % 4).collect();
        let targets = one_hot(&labels, 4);
        let at: Vec<f64> = (0..16).map(|i| noise(100 + i)).collect();
        let (_, gradient) = loss(&x, &targets, &at, 0.3);
        for i in 0..16 {
            let moved = |by: f64| {
                let mut there = at.clone();
                there[i] += by;
                loss(&x, &targets, &there, 0.3).0
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((slope - gradient[i]).abs() < 1e-9, "{i}: {slope}, {}", gradient[i]);
        }
    }

    #[test]
    fn shares_alone_are_answered_with_their_logarithms() {
        // One feature that says nothing: the biases tell how frequent the classes are.
        let x = Features::new(8, 1, vec![1.0; 8]);
        let fit = Logistic::fit(&x, &one_hot(&[0, 0, 0, 0, 0, 1, 1, 2], 3), 1e-3);
        let scores = fit.scores(&x).values;
        assert!((scores[0] - scores[1] - (5.0f64 / 2.0).ln()).abs() < 1e-5, "{scores:?}");
        assert!((scores[1] - scores[2] - 2.0f64.ln()).abs() < 1e-5, "{scores:?}");
        assert!(fit.gradient_norm <= PROBE_TOLERANCE);
    }

    #[test]
    fn one_axis_has_the_answer_that_a_bisection_finds() {
        // x = ±1, and three of four rows are of the class that the sign tells. The two classes'
        // weights are ∓m/2, so the loss is −¾ log σ(m) − ¼ log σ(−m) + l2 · m²/4.
        let x = Features::new(8, 1, vec![1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0]);
        let l2 = 0.05;
        let fit = Logistic::fit(&x, &one_hot(&[1, 1, 1, 0, 0, 0, 0, 1], 2), l2);
        let scores = fit.scores(&x).values;
        let (mut low, mut high) = (0.0, 10.0);
        for _ in 0..100 {
            let middle: f64 = (low + high) / 2.0;
            let slope = 1.0 / (1.0 + (-middle).exp()) - 0.75 + l2 * middle / 2.0;
            if slope < 0.0 { low = middle } else { high = middle }
        }
        let margin = scores[1] - scores[0];
        assert!((margin - low).abs() < 1e-5, "{margin}, {low}");
        assert!((scores[15] - scores[14] + margin).abs() < 1e-5, "{scores:?}");
    }

    #[test]
    fn scale_and_place_of_the_features_change_nothing() {
        let x = cloud(60, 5);
        let labels: Vec<usize> =
            x.iter().map(|row| usize::from(row[0] + 0.3 * row[1] > 0.0)).collect();
        let targets = one_hot(&labels, 2);
        let moved = |value: &f64| 1000.0 * value - 70.0;
        let far = Features::new(60, 5, x.values.iter().map(moved).collect());
        let (a, b) = (Logistic::fit(&x, &targets, 1e-2), Logistic::fit(&far, &targets, 1e-2));
        assert!(a.accuracy(&x, &labels) > 0.9);
        for (a, b) in a.scores(&x).values.iter().zip(b.scores(&far).values) {
            assert!((a - b).abs() < 1e-4, "{a}, {b}");
        }
    }

    #[test]
    fn separable_rows_are_fitted_to_the_gradient_asked_for() {
        let x = cloud(90, 12);
        let labels: Vec<usize> = (0..90).map(|row| row % 3).collect();
        let fit = Logistic::fit(&x, &one_hot(&labels, 3), 1e-5);
        assert!(fit.gradient_norm <= PROBE_TOLERANCE, "{} after {}", fit.gradient_norm, fit.steps);
        assert!(fit.steps > 10);
    }
}

//! The box probe: do frozen features say where an object is?

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use super::features::Features;
use super::linear::HELD_OUT;
use super::standard::Standard;

/// A box as shares of the picture's height and width: top, left, bottom, right.
pub type RelativeBox = [f64; 4];

/// The strengths of the regulariser that are tried, as shares of the mean square of the
/// standardised features, from the strongest on.
const L2_GRID: [f64; 8] = [10.0, 1.0, 0.3, 0.1, 0.03, 1e-2, 1e-3, 1e-4];

/// How well the boxes of test images are found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoxScore {
    /// The mean intersection over union of the boxes found and the true ones.
    pub iou: f64,
    /// The share of images, in percent, where it exceeds one half.
    pub over_half: f64,
}

// ANCHOR: iou
/// The intersection over union of two boxes, in `[0, 1]`; 0 where they do not overlap.
pub fn box_iou(a: RelativeBox, b: RelativeBox) -> f64 {
    let side = |low: f64, high: f64| (high - low).max(0.0);
    let area = |[top, left, bottom, right]: RelativeBox| side(top, bottom) * side(left, right);
    let both = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    if both > 0.0 { both / (area(a) + area(b) - both) } else { 0.0 }
}
// ANCHOR_END: iou

impl BoxScore {
    /// Of boxes found and the true ones; NaN where there are none.
    pub fn of(found: &[RelativeBox], truth: &[RelativeBox]) -> Self {
        let overlaps = || found.iter().zip(truth).map(|(a, b)| box_iou(*a, *b));
        let n = truth.len() as f64;
        let over_half = overlaps().filter(|iou| *iou > 0.5).count();
        BoxScore { iou: overlaps().sum::<f64>() / n, over_half: 100.0 * over_half as f64 / n }
    }
}

/// Linear regression from features to boxes, fitted on training images and scored on test images:
/// least squares plus `l2 · ‖W‖²`, with the strength chosen by the mean overlap on every fifth
/// training row. Features are standardised with the training rows' statistics; no box is cut at
/// the picture's edge.
///
/// # Panics
/// Where there is not a box a row.
#[track_caller]
pub fn box_probe(
    (train, boxes): (&Features, &[RelativeBox]),
    (test, truth): (&Features, &[RelativeBox]),
) -> BoxScore {
    assert_eq!(train.rows, boxes.len(), "box_probe: boxes, one a training row");
    assert_eq!(test.rows, truth.len(), "box_probe: boxes, one a test row");
    let [seen, unseen] = [false, true].map(|wanted| {
        let rows = || (0..train.rows).filter(|row| (row % HELD_OUT == HELD_OUT - 1) == wanted);
        (train.select(rows()), rows().map(|row| boxes[row]).collect::<Vec<_>>())
    });
    let part = Ridge::of(&seen.0, &seen.1);
    let score = |l2: f64| BoxScore::of(&part.answer(&unseen.0, l2), &unseen.1).iou;
    let better = |best: (f64, f64), l2: f64| match score(l2) {
        iou if iou > best.1 => (l2, iou),
        _ => best,
    };
    let (l2, _) = L2_GRID.into_iter().fold((L2_GRID[0], f64::NEG_INFINITY), better);
    BoxScore::of(&Ridge::of(train, boxes).answer(test, l2), truth)
}

/// Ridge regression through the rows' products with each other, `[n, n]`: feature maps have more
/// features than there are rows.
struct Ridge {
    standard: Standard,
    /// The standardised rows.
    x: Features,
    gram: DMatrix<f64>,
    /// The mean box, and how far each row's is from it, `[n, 4]`.
    mean: RelativeBox,
    rest: DMatrix<f64>,
}

impl Ridge {
    fn of(x: &Features, boxes: &[RelativeBox]) -> Self {
        let standard = Standard::of(x);
        let x = standard.apply(x);
        let rows = x.columns().transpose();
        // Products of rows as means over the features: `l2` then means the same for any number.
        let gram = &rows * x.columns() / x.dim as f64;
        let n = boxes.len().max(1) as f64;
        let mean = std::array::from_fn(|side| boxes.iter().map(|b| b[side]).sum::<f64>() / n);
        let rest = DMatrix::from_fn(boxes.len(), 4, |row, side| boxes[row][side] - mean[side]);
        Ridge { standard, x, gram, mean, rest }
    }

    /// A box for each row of other features.
    fn answer(&self, features: &Features, l2: f64) -> Vec<RelativeBox> {
        let other = self.standard.apply(features);
        let mut system = self.gram.clone();
        let weight = l2 * system.nrows().max(1) as f64;
        (0..system.nrows()).for_each(|i| system[(i, i)] += weight);
        let Some(factor) = system.cholesky() else { return vec![self.mean; other.rows] };
        let weights = self.x.columns() * factor.solve(&self.rest) / self.x.dim as f64;
        let moved = weights.transpose() * other.columns();
        let of_row = |row: usize| std::array::from_fn(|side| self.mean[side] + moved[(side, row)]);
        (0..other.rows).map(of_row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(i: usize) -> f64 {
        ((i as f64 * 12.9898).sin() * 43758.5453).rem_euclid(1.0)
    }

    #[test]
    fn overlap_is_a_share_of_both() {
        let a = [0.0, 0.0, 0.5, 0.5];
        assert_eq!((box_iou(a, a), box_iou(a, [0.5, 0.0, 1.0, 0.5])), (1.0, 0.0));
        assert!((box_iou(a, [0.25, 0.0, 0.75, 0.5]) - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!(box_iou(a, [0.4, 0.4, 0.2, 0.2]), 0.0, "turned inside out");
        let score = BoxScore::of(&[a, a], &[a, [0.25, 0.0, 0.75, 0.5]]);
        assert!((score.iou - 2.0 / 3.0).abs() < 1e-15 && score.over_half == 50.0);
        assert!(BoxScore::of(&[], &[]).iou.is_nan());
    }

    /// Rows that tell their boxes' corners among features that tell nothing.
    fn told(rows: usize, dim: usize, from: usize) -> (Features, Vec<RelativeBox>) {
        let mut x = Features::new(rows, dim, (from..from + rows * dim).map(noise).collect());
        let boxes: Vec<RelativeBox> = (0..rows)
            .map(|row| {
                let [top, left] = [0, 1].map(|i| 0.5 * noise(2 * (from + row) + i + 91));
                [top, left, top + 0.4, left + 0.3]
            })
            .collect();
        for (row, corner) in boxes.iter().enumerate() {
            x.values[row * dim] = 100.0 - 30.0 * (corner[0] + corner[1]);
            x.values[row * dim + 1] = corner[0] - corner[1];
        }
        (x, boxes)
    }

    #[test]
    fn what_features_tell_is_found_and_what_they_do_not_is_guessed() {
        let (train, boxes) = told(200, 8, 0);
        let (test, truth) = told(80, 8, 50_000);
        let score = box_probe((&train, &boxes), (&test, &truth));
        assert!(score.iou > 0.99 && score.over_half == 100.0, "{score:?}");
        // Features without a bearing: no better than the mean box.
        let blind = |x: &Features| Features::new(x.rows, 1, vec![1.0; x.rows]);
        let guess = box_probe((&blind(&train), &boxes), (&blind(&test), &truth));
        let mean = std::array::from_fn(|side| boxes.iter().map(|b| b[side]).sum::<f64>() / 200.0);
        let expected = BoxScore::of(&vec![mean; 80], &truth);
        assert!((guess.iou - expected.iou).abs() < 1e-12 && guess.iou < 0.6, "{guess:?}");
    }

    #[test]
    fn the_answer_is_that_of_the_normal_equations() {
        let (x, boxes) = told(40, 5, 7);
        let ridge = Ridge::of(&x, &boxes);
        let l2 = 0.03;
        // (XᵀX/n + l2 · d · I) W = XᵀY/n, for standardised X.
        let rows = ridge.standard.apply(&x);
        let mut system = rows.columns() * rows.columns().transpose() / 40.0;
        (0..5).for_each(|i| system[(i, i)] += l2 * 5.0);
        let right = rows.columns() * &ridge.rest / 40.0;
        let weights = system.lu().solve(&right).expect("a solution");
        let expected = weights.transpose() * rows.columns();
        for (row, found) in ridge.answer(&x, l2).iter().enumerate() {
            for side in 0..4 {
                let expected = ridge.mean[side] + expected[(side, row)];
                assert!((found[side] - expected).abs() < 1e-10, "{row}, {side}");
            }
        }
    }

    #[test]
    fn more_features_than_rows_are_no_obstacle() {
        // Every feature tells a little of both corners.
        let mixed = |rows: usize, from: usize| {
            let (_, boxes) = told(rows, 2, from);
            let value = |row: usize, i: usize| {
                let [top, left, ..] = boxes[row];
                noise(2 * i) * top + noise(2 * i + 1) * left + 0.02 * noise(from + 300 * row + i)
            };
            let values = (0..rows * 300).map(|i| value(i / 300, i % 300)).collect();
            (Features::new(rows, 300, values), boxes)
        };
        let ((train, boxes), (test, truth)) = (mixed(60, 0), mixed(30, 90_000));
        let score = box_probe((&train, &boxes), (&test, &truth));
        assert!(score.iou > 0.9 && score.over_half == 100.0, "{score:?}");
    }
}

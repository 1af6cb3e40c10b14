//! Measures of collapse: how much of the space do the features still use?

use nalgebra::DMatrix;

use super::features::{Features, NORM_EPS};

/// What RankMe adds to every share of the spectrum (Garrido et al. 2023, eq. 1, for `f32`
/// features).
pub const RANKME_EPS: f64 = 1e-7;

/// Steps of the singular-value iteration allowed for each value; two or three are usual.
const SVD_STEPS_PER_VALUE: usize = 100;

/// The spread of normalised features over the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureStd {
    /// The mean over channels of the standard deviation over rows: `1/√d` when healthy.
    pub std: f64,
    /// `std·√d`: about 1 when the directions are spread evenly, 0 when all of them agree.
    pub ratio: f64,
}

/// The standard deviation of every channel of the l2-normalised features, averaged (SimSiam,
/// section 4.1 and figure 2).
///
/// The deviation is the unbiased one; fewer than two rows have none, and the answer is NaN.
pub fn feature_std(z: &Features) -> FeatureStd {
    let z = z.normalized(NORM_EPS);
    let over_rows = |f: &dyn Fn(usize, f64) -> f64| {
        let mut sums = vec![0.0; z.dim];
        for row in z.iter() {
            sums.iter_mut().zip(row).enumerate().for_each(|(c, (sum, &x))| *sum += f(c, x));
        }
        sums
    };
    let n = z.rows as f64;
    let means: Vec<f64> = over_rows(&|_, x| x).into_iter().map(|sum| sum / n).collect();
    // A second pass over centred values: E[x²] − E[x]² would cancel exactly where it matters, in
    // a collapsed batch.
    let squares = over_rows(&|c, x| (x - means[c]).powi(2));
    let d = z.dim as f64;
    let std = squares.into_iter().map(|sum| (sum / (n - 1.0)).sqrt()).sum::<f64>() / d;
    FeatureStd { std, ratio: std * d.sqrt() }
}

/// RankMe (Garrido et al. 2023): the effective rank `exp(−Σ p log p)` of the features, where
/// `p = σ/Σσ + eps` over the `min(n, d)` singular values of the uncentred matrix.
///
/// It runs from 1, when all features lie on a line, to `min(n, d)`. NaN when a feature is not
/// finite, when all are zero or when there are none.
// ANCHOR: rankme
pub fn rankme(z: &Features, eps: f64) -> f64 {
    let Some(sigma) = singular_values(z) else { return f64::NAN };
    let total: f64 = sigma.iter().sum();
    let shares = sigma.iter().map(|s| s / total + eps).filter(|&p| p > 0.0);
    let entropy: f64 = shares.map(|p| -p * p.ln()).sum();
    if total > 0.0 { entropy.exp() } else { f64::NAN }
}
// ANCHOR_END: rankme

/// The `min(n, d)` singular values, or `None` where there are none to be had.
///
/// From the matrix itself: the eigenvalues of the smaller Gram matrix would come in half the time,
/// but squaring loses every σ below 10⁻⁸ of the largest, which is where a collapsed batch has them
/// and where `eps` decides.
pub(super) fn singular_values(z: &Features) -> Option<Vec<f64>> {
    if z.rows == 0 || z.values.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let tall: DMatrix<f64> =
        if z.rows < z.dim { z.columns().into_owned() } else { z.columns().transpose() };
    // A matrix much taller than wide shrinks to its triangular factor first (Chan 1982).
    let matrix = if tall.nrows() >= 2 * tall.ncols() { tall.qr().r() } else { tall };
    let steps = SVD_STEPS_PER_VALUE * matrix.ncols();
    let svd = matrix.try_svd_unordered(false, false, f64::EPSILON, steps)?;
    Some(svd.singular_values.as_slice().to_vec())
}

/// Alignment (Wang & Isola 2020): the mean of `‖x − y‖^alpha` over positive pairs, of normalised
/// features. 0 when the two views of every picture agree.
///
/// Panics when the two shapes differ.
#[track_caller]
pub fn alignment(x: &Features, y: &Features, alpha: f64) -> f64 {
    assert_eq!((x.rows, x.dim), (y.rows, y.dim), "alignment: the shapes of x and y differ");
    let (x, y) = (x.normalized(NORM_EPS), y.normalized(NORM_EPS));
    let total: f64 = x.iter().zip(y.iter()).map(|(x, y)| distance2(x, y).powf(alpha / 2.0)).sum();
    total / x.rows as f64
}

/// Uniformity (Wang & Isola 2020): the logarithm of the mean over pairs of
/// `exp(−t ‖x_i − x_j‖²)`, of normalised features. 0 when all of them agree; with `t` 2 it falls
/// towards −4 as they spread over the sphere.
///
/// Its cost grows with the square of the number of rows.
pub fn uniformity(x: &Features, t: f64) -> f64 {
    let x = x.normalized(NORM_EPS);
    let total: f64 = (x.iter().enumerate())
        .flat_map(|(i, row)| x.iter().take(i).map(move |other| distance2(row, other)))
        .map(|d2| (-t * d2).exp())
        .sum();
    let pairs = (x.rows * x.rows.saturating_sub(1) / 2) as f64;
    (total / pairs).ln()
}

fn distance2(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum()
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::evaluate::golden::Golden;

    /// `[rows, dim]` numbers without a pattern, between −1 and 1.
    fn scattered(rows: usize, dim: usize) -> Features {
        let value = |i: usize| ((i as f64 * 12.9898).sin() * 43758.5453).rem_euclid(1.0);
        Features::new(rows, dim, (0..rows * dim).map(|i| 2.0 * value(i) - 1.0).collect())
    }

    #[test]
    fn feature_std_agrees_with_the_goldens() {
        for name in ["feature_std", "feature_std-collapsed"] {
            let case = Golden::open(name);
            let found = feature_std(&case.features("in/z"));
            case.expect("out/std", &[found.std]);
            case.expect("out/ratio", &[found.ratio]);
        }
    }

    #[test]
    fn rankme_agrees_with_the_golden() {
        let case = Golden::open("rankme");
        let z = case.features("in/z");
        case.expect("out/rank", &[rankme(&z, case.config("eps"))]);
    }

    #[test]
    fn alignment_and_uniformity_agree_with_the_golden() {
        let case = Golden::open("align_uniform");
        let (x, y) = (case.features("in/x"), case.features("in/y"));
        case.expect("out/align", &[alignment(&x, &y, case.config("alpha"))]);
        case.expect("out/uniform_x", &[uniformity(&x, case.config("t"))]);
        case.expect("out/uniform_y", &[uniformity(&y, case.config("t"))]);
    }

    #[test]
    fn rankme_knows_the_rank_of_orthogonal_rows() {
        // k rows of equal length along k axes, repeated: k equal singular values.
        for k in [1, 3, 8] {
            let values = (0..48).flat_map(|i| (0..8).map(move |c| f64::from(c == i % k)));
            let tall = Features::new(48, 8, values.collect());
            let rank = rankme(&tall, 0.0);
            assert!((rank - k as f64).abs() < 1e-9, "rank {rank}, expected {k}");
        }
    }

    #[test]
    fn rankme_is_the_same_for_the_matrix_and_its_transpose() {
        for (rows, dim) in [(7, 5), (40, 6), (12, 12)] {
            let z = scattered(rows, dim);
            let transposed = Features::new(dim, rows, z.columns().transpose().as_slice().to_vec());
            let (a, b) = (rankme(&z, RANKME_EPS), rankme(&transposed, RANKME_EPS));
            assert!((a - b).abs() < 1e-10 * a, "{rows} × {dim}: {a} and {b}");
        }
    }

    #[test]
    fn features_without_a_spectrum_have_no_rank() {
        for values in [vec![0.0; 6], vec![0.0, 1.0, f64::NAN, 2.0, 3.0, f64::INFINITY], vec![]] {
            assert!(rankme(&Features::new(values.len() / 2, 2, values), RANKME_EPS).is_nan());
        }
    }

    #[test]
    fn a_constant_network_has_no_spread_and_rank_one() {
        let row = scattered(1, 16).values;
        let z = Features::new(32, 16, row.repeat(32));
        assert!(feature_std(&z).ratio < 1e-14);
        assert!((rankme(&z, RANKME_EPS) - 1.0).abs() < 1e-3);
        assert!(uniformity(&z, 2.0).abs() < 1e-14);
        assert!(feature_std(&scattered(512, 64)).ratio > 0.95);
    }

    #[test]
    fn the_rank_of_a_matrix_does_not_depend_on_its_side() {
        // Four times as tall as wide: through its triangular factor.
        let tall = scattered(256, 64);
        let turned = Features::new(64, 256, tall.columns().transpose().as_slice().to_vec());
        let (tall, wide) = (rankme(&tall, RANKME_EPS), rankme(&turned, RANKME_EPS));
        assert!(tall > 55.0 && (1.0 - wide / tall).abs() < 1e-9, "{tall}, {wide}");
    }
}

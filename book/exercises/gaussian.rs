//! What breaks if only mean and variance are asked to be those of a Gaussian?
//!
//! A half of the outputs at 1 and a half at −1 have mean 0 and variance 1, and one bit of
//! information. The characteristic function, the mean of `exp(itx)`, tells it from a Gaussian,
//! whose own is `exp(−t²/2)`.

// ANCHOR: gaussian
/// How far values are from a standard Gaussian.
pub fn distance(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let var = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    mean.powi(2) + (var - 1.0).powi(2)
}
// ANCHOR_END: gaussian

/// Two points are farther from a Gaussian than its own quantiles are, and so is a single point.
pub fn check(distance: fn(&[f64]) -> f64) {
    let half = [0.126, 0.385, 0.674, 1.036, 1.645];
    let gaussian: Vec<f64> = half.iter().flat_map(|&x| [x, -x]).collect();
    let gaussian = distance(&gaussian);
    for (name, x) in [("two points", [1.0, -1.0]), ("one point", [0.0, 0.0])] {
        let other = distance(&x);
        assert!(other > 10.0 * gaussian, "{name} {other:.4}, a Gaussian's quantiles {gaussian:.4}");
    }
}

//! How many directions do features use, and how far apart do they point?

use super::collapse::singular_values;
use super::features::{Features, NORM_EPS};

/// The explained-variance curve: entry `i` is the share of the variance that lies along the first
/// `i + 1` principal components. `min(n, d)` entries that rise to 1; none where the features do not
/// vary or are not finite.
pub fn explained_variance(z: &Features) -> Vec<f64> {
    let n = z.rows.max(1) as f64;
    let mut mean = vec![0.0; z.dim];
    for row in z.iter() {
        mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / n);
    }
    let mut centred = z.clone();
    for row in centred.values.chunks_exact_mut(z.dim) {
        row.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean);
    }
    let Some(mut sigma) = singular_values(&centred) else { return Vec::new() };
    sigma.sort_by(|a, b| b.total_cmp(a));
    let total: f64 = sigma.iter().map(|s| s * s).sum();
    // What rounding leaves of a mean that was subtracted is no variance.
    let largest = z.values.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    if total.sqrt() <= 1e-14 * largest * (z.values.len() as f64).sqrt() {
        return Vec::new();
    }
    let mut below = 0.0;
    let up_to = |s: f64| {
        below += s * s / total;
        below
    };
    sigma.into_iter().map(up_to).collect()
}

/// How many principal components hold a share of the variance, from an [`explained_variance`]
/// curve; 0 where there is none.
pub fn components_for(share: f64, curve: &[f64]) -> usize {
    let short = curve.iter().take_while(|explained| **explained < share).count();
    curve.len().min(short + 1)
}

/// The mean cosine of two different rows: of negatives, where every row is an image of its own. 1
/// where all point the same way, about 0 where they are spread evenly, and at least `−1/(n − 1)`.
/// NaN with fewer than two rows.
// ANCHOR: negatives
pub fn mean_cosine(z: &Features) -> f64 {
    let z = z.normalized(NORM_EPS);
    let mut sum = vec![0.0; z.dim];
    let mut own = 0.0;
    for row in z.iter() {
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        own += row.iter().map(|x| x * x).sum::<f64>();
    }
    // All pairs at once: ‖Σ z‖² counts each twice, and each row with itself.
    let n = z.rows as f64;
    (sum.iter().map(|x| x * x).sum::<f64>() - own) / (n * (n - 1.0))
}
// ANCHOR_END: negatives

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_spreads_along_its_sides() {
        // Corners of a 6 × 2 rectangle away from the origin: variances 9 and 1.
        let z =
            Features::new(4, 3, vec![8.0, 4.0, 5.0, 8.0, 2.0, 5.0, 2.0, 2.0, 5.0, 2.0, 4.0, 5.0]);
        let curve = explained_variance(&z);
        for (found, expected) in curve.iter().zip([0.9, 1.0, 1.0]) {
            assert!((found - expected).abs() < 1e-12, "{curve:?}");
        }
        assert_eq!((components_for(0.9, &[0.9, 1.0]), components_for(0.95, &curve)), (1, 2));
        assert_eq!((components_for(2.0, &curve), components_for(0.5, &[])), (3, 0));
    }

    #[test]
    fn what_does_not_vary_has_no_curve() {
        assert!(explained_variance(&Features::new(3, 2, vec![0.1; 6])).is_empty());
        assert!(explained_variance(&Features::new(2, 1, vec![1.0, f64::NAN])).is_empty());
    }

    #[test]
    fn negatives_are_counted_in_pairs() {
        let z = Features::new(3, 2, vec![2.0, 0.0, 0.0, 3.0, -1.0, 0.0]);
        // The pairs' cosines are 0, −1 and 0.
        assert!((mean_cosine(&z) + 1.0 / 3.0).abs() < 1e-15);
        assert!((mean_cosine(&Features::new(5, 2, [3.0, 4.0].repeat(5))) - 1.0).abs() < 1e-12);
        assert!(mean_cosine(&Features::new(1, 2, vec![1.0, 2.0])).is_nan());
    }
}
